import Containers
import Packets

/// Puts TCP payload in order: one stream a direction of each connection on a core.
///
/// Bytes in order are never copied: `arrive` only says where they begin, and they go from the frame to whoever wants them. Bytes ahead of a
/// hole are copied into pages of a pool of fixed size, so that no mbuf is held and memory stays within the budget. Pages of a stream are a list in
/// sequence order without overlaps: the first copy of a byte counts.
///
///     delivered │ hole │ page │ hole │ page │ page
///               ↑ next
///
/// Pull, not callback, as the timer wheel: after each arrival the tracker pops what has become ready.
struct Reassembly: ~Copyable {
    /// Bytes a page holds.
    static let pageSize = 2048

    struct Stream: BitwiseCopyable {
        /// The next byte in order; valid once `hasBegun`.
        var next: SequenceNumber
        /// The first and last held page plus one; 0: none.
        var head: UInt32
        var tail: UInt32
        var pages: UInt32
        var hasBegun: Bool
    }

    struct Page: BitwiseCopyable {
        var start: SequenceNumber
        var count: UInt32
        /// As in `Stream`; in the free list, too.
        var next: UInt32

        var end: SequenceNumber { start + Int(count) }
    }

    /// What a segment is to its stream.
    enum Arrival: Equatable {
        /// These of its bytes come next. Those before were there, those behind come after what is held.
        case inOrder(Range<Int>)
        /// All of it was there before.
        case old
        /// It lies behind a hole.
        case ahead
        /// It lies farther from the stream than any window allows.
        case implausible
    }

    /// A held piece whose turn has come. Its bytes stay until `release`.
    struct Piece {
        var bytes: UnsafeRawBufferPointer
        fileprivate var page: UInt32
    }

    private let streams: UnsafeMutablePointer<Stream>
    private let pages: UnsafeMutablePointer<Page>
    private let bytes: UnsafeMutableRawPointer
    private let streamMemory: RawMemory
    private let pageMemory: RawMemory
    private let byteMemory: RawMemory
    private let pageCount: UInt32
    private let maxPagesPerStream: UInt32
    private var used: UInt32 = 0
    private var free: UInt32 = 0
    /// Pages in use, and the most there ever were.
    private(set) var heldPages = 0
    private(set) var heldPagesPeak = 0

    /// A window is 2³⁰ bytes at most (RFC 7323).
    static let maxWindow = 1 << 30

    /// - Parameters:
    ///   - connections: indices are 0..<connections, streams twice as many.
    ///   - budget: bytes for held segments.
    init(connections: Int, budget: Int, maxPagesPerStream: Int) {
        streamMemory = RawMemory(byteCount: 2 * connections * MemoryLayout<Stream>.stride)
        streams = streamMemory.bound(to: Stream.self)
        pageCount = UInt32(clamping: budget / (Self.pageSize + MemoryLayout<Page>.stride))
        pageMemory = RawMemory(byteCount: (Int(pageCount) + 1) * MemoryLayout<Page>.stride)
        pages = pageMemory.bound(to: Page.self)
        byteMemory = RawMemory(byteCount: Int(pageCount) * Self.pageSize)
        bytes = byteMemory.start
        self.maxPagesPerStream = UInt32(clamping: maxPagesPerStream)
    }

    /// Bytes reserved for streams' states, and for what they hold.
    var streamByteCount: Int { streamMemory.byteCount }
    var pageByteCount: Int { pageMemory.byteCount + byteMemory.byteCount }

    /// The number of a connection's stream.
    @inline(__always)
    static func stream(_ connection: Int, _ sender: Endpoint) -> Int { 2 &* connection &+ Int(sender.rawValue) }

    /// Says what a segment is; moves on over bytes that come next.
    ///
    /// - Parameters:
    ///   - sequence: of the first payload byte.
    ///   - count: payload bytes at hand.
    @inline(__always)
    mutating func arrive(_ stream: Int, _ sequence: SequenceNumber, count: Int) -> Arrival {
        if !streams[stream].hasBegun { begin(stream, at: sequence) }
        let ahead = sequence - streams[stream].next
        if ahead <= 0 {
            guard ahead >= -Self.maxWindow else { return .implausible }
            guard count + ahead > 0 else { return .old }
            // What is held came first. Its distance is taken from `next`: from `sequence` it may be more than half the circle.
            let end = streams[stream].head == 0 ? count : min(count, pages[Int(streams[stream].head)].start - streams[stream].next - ahead)
            streams[stream].next = sequence + end
            return .inOrder(-ahead..<end)
        }
        return ahead > Self.maxWindow ? .implausible : .ahead
    }

    /// Fixes where a stream begins: behind the SYN, or at the first segment seen.
    mutating func begin(_ stream: Int, at sequence: SequenceNumber) {
        guard !streams[stream].hasBegun else { return }
        streams[stream] = Stream(next: sequence, head: 0, tail: 0, pages: 0, hasBegun: true)
    }

    /// Keeps a segment that lies behind a hole: those of its bytes that are not held yet.
    ///
    /// - Parameter repeated: grows by the bytes that were held already.
    /// - Returns: how many bytes from its beginning on need no more care; not all when the budget left no room.
    mutating func hold(_ stream: Int, _ sequence: SequenceNumber, _ segment: UnsafeRawBufferPointer, repeated: inout UInt64) -> Int {
        let end = sequence + segment.count
        var position = sequence
        var before: UInt32 = 0
        // Segments mostly arrive in order even behind a hole.
        var after = streams[stream].head
        if streams[stream].tail != 0, position - pages[Int(streams[stream].tail)].end >= 0 { (before, after) = (streams[stream].tail, 0) }
        while end - position > 0 {
            while after != 0, pages[Int(after)].end - position <= 0 { (before, after) = (after, pages[Int(after)].next) }
            if after != 0, pages[Int(after)].start - position <= 0 {
                let held = min(pages[Int(after)].end - position, end - position)
                repeated &+= UInt64(held)
                position = position + held
                continue
            }
            let limit = after == 0 ? end - position : min(end - position, pages[Int(after)].start - position)
            if before != 0, pages[Int(before)].end == position, pages[Int(before)].count < Self.pageSize {
                let count = min(limit, Self.pageSize - Int(pages[Int(before)].count))
                copy(segment, from: position - sequence, count, to: before, at: Int(pages[Int(before)].count))
                pages[Int(before)].count += UInt32(count)
                position = position + count
                continue
            }
            guard streams[stream].pages < maxPagesPerStream, let page = takePage() else { return position - sequence }
            let count = min(limit, Self.pageSize)
            pages[Int(page)] = Page(start: position, count: UInt32(count), next: after)
            copy(segment, from: position - sequence, count, to: page, at: 0)
            if before == 0 { streams[stream].head = page } else { pages[Int(before)].next = page }
            if after == 0 { streams[stream].tail = page }
            streams[stream].pages += 1
            before = page
            position = position + count
        }
        return segment.count
    }

    /// The next held piece in order; nil before the next hole. Must be released before the next call.
    mutating func popReady(_ stream: Int) -> Piece? {
        while streams[stream].head != 0 {
            let page = streams[stream].head
            let skip = streams[stream].next - pages[Int(page)].start
            guard skip >= 0 else { return nil }
            let count = Int(pages[Int(page)].count)
            streams[stream].head = pages[Int(page)].next
            if streams[stream].head == 0 { streams[stream].tail = 0 }
            streams[stream].pages -= 1
            if skip < count {
                streams[stream].next = pages[Int(page)].end
                let start = bytes + Int(page - 1) * Self.pageSize + skip
                return Piece(bytes: UnsafeRawBufferPointer(start: start, count: count - skip), page: page)
            }
            givePage(page)
        }
        return nil
    }

    mutating func release(_ piece: Piece) { givePage(piece.page) }

    /// Gives up the hole before the first held piece, 0 when nothing is held.
    ///
    /// - Parameter limit: a sequence number behind the hole's beginning, at which it ends at the latest.
    /// - Returns: the number of bytes in it.
    mutating func skipHole(_ stream: Int, upTo limit: SequenceNumber? = nil) -> Int {
        let next = streams[stream].next
        var distance = limit.map { $0 - next } ?? .max
        if streams[stream].head != 0 { distance = min(distance, pages[Int(streams[stream].head)].start - next) }
        guard distance > 0, distance != .max else { return 0 }
        streams[stream].next = next + distance
        return distance
    }

    @inline(__always)
    func holds(_ stream: Int) -> Bool { streams[stream].head != 0 }

    /// Forgets a stream.
    mutating func free(_ stream: Int) {
        var page = streams[stream].head
        while page != 0 {
            let next = pages[Int(page)].next
            givePage(page)
            page = next
        }
        streams[stream] = Stream(next: SequenceNumber(0), head: 0, tail: 0, pages: 0, hasBegun: false)
    }

    @inline(__always)
    private func copy(_ segment: UnsafeRawBufferPointer, from offset: Int, _ count: Int, to page: UInt32, at position: Int) {
        (bytes + Int(page - 1) * Self.pageSize + position).copyMemory(from: segment.baseAddress! + offset, byteCount: count)
    }

    private mutating func takePage() -> UInt32? {
        var page = free
        if page != 0 {
            free = pages[Int(page)].next
        } else {
            guard used < pageCount else { return nil }
            used += 1
            page = used
        }
        heldPages += 1
        heldPagesPeak = max(heldPagesPeak, heldPages)
        return page
    }

    private mutating func givePage(_ page: UInt32) {
        pages[Int(page)].next = free
        free = page
        heldPages -= 1
    }
}
