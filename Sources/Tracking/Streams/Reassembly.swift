import Containers
import Packets

/// Puts TCP payload in order: one stream a direction of each connection on a core.
///
/// Bytes in order are never copied: `takeNext` only says that they come next, and they go from the frame to whoever wants them. Bytes ahead of a
/// hole are copied into the pages of a pool (`SegmentPages`), so that no mbuf is held and memory stays within its budgets. Where two segments have a
/// byte, and neither has been given out, the overlap policy says which counts (`Reassembly+Holding`).
///
///     given out │ hole │ held │ hole │ held │ held
///               ↑ next  ↑ firstHeld
///
/// Pull, not callback, as the timer wheel: after each arrival the tracker pops what has become ready.
struct Reassembly: ~Copyable {
    struct Stream: BitwiseCopyable {
        /// The next byte in order; valid once `hasBegun`.
        var next: SequenceNumber
        /// The first byte held; valid when something is.
        var firstHeld: SequenceNumber
        /// The first, the last and the last touched page; 0: none.
        var head: UInt32
        var tail: UInt32
        var cursor: UInt32
        var pages: UInt32
        /// Neighbours among those with an open hole (`Reassembly+Holes`), plus one.
        var olderHole: UInt32
        var newerHole: UInt32
        /// Behind the last byte, as a FIN or RST says; valid when `hasEnd`.
        var end: SequenceNumber
        /// Where counting positions began, as far as that number goes: `next` less all bytes given out and in gaps.
        var origin: SequenceNumber
        var hasBegun: Bool
        var hasEnd: Bool
        /// It is a FIN that says so: all before it was sent.
        var hasFin: Bool
        /// There is something in its `StreamPast`.
        var hasPast: Bool
        /// The SYN was seen; and its window scale plus one, 0 when it had none.
        var hasSyn: Bool
        var scale: UInt8
    }

    /// What a segment is to its stream.
    enum Arrival: Equatable {
        /// These of its bytes come next. Those before were there. Where it ends early, held bytes begin: none, when it is them that come next.
        case inOrder(Range<Int>)
        /// All of it lies before what comes next.
        case old
        /// It lies behind a hole.
        case ahead
        /// It lies farther from the stream than any window allows.
        case implausible
    }

    /// A held piece whose turn has come. Its bytes stay until `release`.
    struct Piece {
        var bytes: UnsafeRawBufferPointer
        var start: SequenceNumber
        /// The page that is empty with that; 0: there is more in it.
        fileprivate var page: UInt32
    }

    let streams: UnsafeMutablePointer<Stream>
    private let accounts: UnsafeMutablePointer<StreamAccount>
    let pasts: UnsafeMutablePointer<StreamPast>
    private let streamMemory: RawMemory
    private let accountMemory: RawMemory
    private let pastMemory: RawMemory
    var pages: SegmentPages
    let policy: OverlapPolicy
    /// For hashes of what was given out.
    let secret: UInt64
    let maxPagesPerDirection: UInt32
    let maxPagesPerConnection: UInt32
    /// The first and the last stream of those with an open hole, plus one.
    var oldestHole: UInt32 = 0
    var newestHole: UInt32 = 0
    /// No hole has been open since before that.
    var earliestHole = Int64.max
    /// Bytes held, all streams together.
    var held = 0

    /// A window is 2³⁰ bytes at most (RFC 7323).
    static let maxWindow = 1 << 30

    /// - Parameter connections: indices are 0..<connections, streams twice as many.
    init(connections: Int, _ options: TrackerOptions, seed: HashSeed) {
        streamMemory = RawMemory(byteCount: 2 * connections * MemoryLayout<Stream>.stride)
        streams = streamMemory.bound(to: Stream.self)
        accountMemory = RawMemory(byteCount: 2 * connections * MemoryLayout<StreamAccount>.stride)
        accounts = accountMemory.bound(to: StreamAccount.self)
        pastMemory = RawMemory(byteCount: 2 * connections * MemoryLayout<StreamPast>.stride)
        pasts = pastMemory.bound(to: StreamPast.self)
        pages = SegmentPages(budget: options.reassemblyMemory)
        policy = options.overlapPolicy
        secret = seed.words.0
        maxPagesPerDirection = UInt32(clamping: options.reassemblyPerDirection / SegmentPages.cost)
        maxPagesPerConnection = UInt32(clamping: options.reassemblyPerConnection / SegmentPages.cost)
    }

    /// Bytes reserved for what is known of each stream.
    var streamByteCount: Int { streamMemory.byteCount + accountMemory.byteCount + pastMemory.byteCount }

    /// The number of a connection's stream.
    @inline(__always)
    static func stream(_ connection: Int, _ sender: Endpoint) -> Int { 2 &* connection &+ Int(sender.rawValue) }

    @inline(__always)
    func account(_ stream: Int) -> UnsafeMutablePointer<StreamAccount> { accounts + stream }

    /// Those of a connection's endpoint a and, behind it, b.
    mutating func accounts(_ connection: Int) -> UnsafePointer<StreamAccount> { UnsafePointer(accounts + Self.stream(connection, .a)) }

    /// Moves on over a segment that comes next while nothing waits: what most segments are. False when this is another.
    @inline(__always)
    mutating func takeNext(_ stream: Int, _ sequence: SequenceNumber, count: Int) -> Bool {
        guard streams[stream].next == sequence, streams[stream].head == 0, streams[stream].hasBegun, !streams[stream].hasEnd else { return false }
        streams[stream].next = sequence + count
        return true
    }

    /// Says what a segment is; moves on over bytes that come next.
    ///
    /// - Parameters:
    ///   - sequence: of the first payload byte.
    ///   - count: payload bytes at hand.
    mutating func arrive(_ stream: Int, _ sequence: SequenceNumber, count: Int) -> Arrival {
        if !streams[stream].hasBegun { begin(stream, at: sequence) }
        let ahead = sequence - streams[stream].next
        if ahead <= 0 {
            guard ahead >= -Self.maxWindow else { return .implausible }
            guard count + ahead > 0 else { return .old }
            // What is held has a say. Its distance is taken from `next`: from `sequence` it may be more than half the circle.
            let end = holds(stream) ? min(count, streams[stream].firstHeld - streams[stream].next - ahead) : count
            streams[stream].next = sequence + end
            return .inOrder(-ahead..<end)
        }
        return ahead > Self.maxWindow ? .implausible : .ahead
    }

    /// Fixes where a stream begins: behind the SYN, or at the first segment seen.
    mutating func begin(_ stream: Int, at sequence: SequenceNumber) {
        guard !streams[stream].hasBegun else { return }
        streams[stream].next = sequence
        streams[stream].origin = sequence + -Int(truncatingIfNeeded: accounts[stream].passed)
        streams[stream].hasBegun = true
    }

    /// The next held piece in order; nil before the next hole. Must be released before the next call.
    ///
    /// - Parameter time: since when a hole behind it is the first; nil leaves that as it is.
    mutating func popReady(_ stream: Int, at time: Int64?) -> Piece? {
        let page = streams[stream].head
        guard page != 0, streams[stream].firstHeld == streams[stream].next else { return nil }
        let start = streams[stream].next
        let place = start.placeInPage
        // Nothing is held before it.
        var end = Int(pages[page].pointee.end)
        if end &- place != Int(pages[page].pointee.count) { end = pages.present(page).first(false, in: place..<SegmentPages.size) }
        pages[page].pointee.count -= UInt16(end - place)
        held -= end - place
        streams[stream].next = start + (end - place)
        let isEmpty = pages[page].pointee.count == 0
        if isEmpty {
            // Whoever takes the page next clears its bits.
            unlinkHead(stream)
        } else {
            pages.present(page).remove(place..<end)
            pages.begins(page).remove(place..<end)
            if let time { pages[page].pointee.time = time }
        }
        findFirstHeld(stream)
        let bytes = UnsafeRawBufferPointer(start: pages.bytes(page) + place, count: end - place)
        return Piece(bytes: bytes, start: start, page: isEmpty ? page : 0)
    }

    mutating func release(_ piece: Piece) { if piece.page != 0 { pages.give(piece.page) } }

    private mutating func unlinkHead(_ stream: Int) {
        let next = pages[streams[stream].head].pointee.next
        streams[stream].head = next
        streams[stream].cursor = next
        streams[stream].pages -= 1
        if next == 0 { streams[stream].tail = 0 } else { pages[next].pointee.previous = 0 }
    }

    private mutating func findFirstHeld(_ stream: Int) {
        let page = streams[stream].head
        guard page != 0 else { return closeHole(stream) }
        streams[stream].firstHeld = pages[page].pointee.number.start + pages.present(page).first(true, in: 0..<SegmentPages.size)
        if streams[stream].firstHeld != streams[stream].next { reopenHole(stream) }
    }

    /// Gives up the hole before the first held byte, 0 when nothing is held.
    ///
    /// - Parameter limit: a sequence number behind the hole's beginning, at which it ends at the latest.
    /// - Returns: the number of bytes in it.
    mutating func skipHole(_ stream: Int, upTo limit: SequenceNumber? = nil) -> Int {
        let next = streams[stream].next
        var distance = limit.map { $0 - next } ?? .max
        if holds(stream) { distance = min(distance, streams[stream].firstHeld - next) }
        guard distance > 0, distance != .max else { return 0 }
        streams[stream].next = next + distance
        return distance
    }

    @inline(__always)
    func holds(_ stream: Int) -> Bool { streams[stream].head != 0 }

    /// Pages in use, of all streams or of one.
    @inline(__always)
    var heldPages: Int { pages.count }
    mutating func heldPages(_ stream: Int) -> UInt32 { streams[stream].pages }

    /// How far from the stream's beginning a byte lies; negative before it.
    mutating func offset(of place: SequenceNumber, _ stream: Int) -> Int {
        Int(truncatingIfNeeded: accounts[stream].passed) &+ (place - streams[stream].next)
    }

    /// Whether each position that the stream has passed was given out or told as a gap.
    func isConsistent(_ stream: Int) -> Bool {
        !streams[stream].hasBegun || streams[stream].origin + Int(truncatingIfNeeded: accounts[stream].passed) == streams[stream].next
    }

    /// Forgets a stream, but for its account.
    ///
    /// - Returns: the bytes that it held.
    @inline(__always)
    mutating func free(_ stream: Int) -> Int { isFree(stream) ? 0 : freeUsed(stream) }

    /// Whether it is as new.
    @inline(__always)
    func isFree(_ stream: Int) -> Bool {
        !streams[stream].hasBegun && !streams[stream].hasSyn && !streams[stream].hasEnd && streams[stream].head == 0
    }

    /// Forgets both streams of a connection if they hold nothing and remember nothing, which is most.
    ///
    /// - Returns: false when there is more to it.
    @inline(__always)
    mutating func forgetIdle(_ connection: Int) -> Bool {
        let both = streams + Self.stream(connection, .a)
        guard both[0].head | both[1].head == 0, !both[0].hasPast, !both[1].hasPast else { return false }
        UnsafeMutableRawPointer(both).initializeMemory(as: UInt8.self, repeating: 0, count: 2 * MemoryLayout<Stream>.stride)
        return true
    }

    private mutating func freeUsed(_ stream: Int) -> Int {
        var bytes = 0
        var page = streams[stream].head
        while page != 0 {
            let next = pages[page].pointee.next
            bytes += Int(pages[page].pointee.count)
            pages.give(page)
            page = next
        }
        if holds(stream) { closeHole(stream) }
        held -= bytes
        if streams[stream].hasPast { pasts[stream] = StreamPast() }
        streams[stream] = Stream(
            next: SequenceNumber(0), firstHeld: SequenceNumber(0), head: 0, tail: 0, cursor: 0, pages: 0, olderHole: 0, newerHole: 0,
            end: SequenceNumber(0), origin: SequenceNumber(0), hasBegun: false, hasEnd: false, hasFin: false, hasPast: false,
            hasSyn: false, scale: 0)
        return bytes
    }

    /// Closes the books of a connection that has been reported.
    mutating func close(_ connection: Int) {
        UnsafeMutableRawPointer(accounts + Self.stream(connection, .a))
            .initializeMemory(as: UInt8.self, repeating: 0, count: 2 * MemoryLayout<StreamAccount>.stride)
    }
}
