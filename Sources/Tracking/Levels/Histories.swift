import Containers
import Packets

/// What came of connections before it was known whether somebody wants it: packets and stream bytes in the order of their coming, copied.
///
/// A connection's records follow each other in a chain of pages from one pool; a record may lie across pages.
///
///     log ──▶ page ──▶ page ──▶ page ──▶ 0
///             │head│packet, frame│head│bytes│head│…
///
/// A budget that is used up ends the keeping of packets, or of bytes, for good: what is given later has no hole but at its end.
struct Histories: ~Copyable {
    /// A connection's: all zero when nothing is kept.
    private struct Log: BitwiseCopyable {
        /// Pages, plus one; 0: none.
        var first: UInt32 = 0
        var last: UInt32 = 0
        /// Bytes used of the last page.
        var used: UInt32 = 0
        var packets: UInt32 = 0
        var bytes: UInt64 = 0
        /// Stream bytes of endpoints a and b that did not fit.
        var missedA: UInt64 = 0
        var missedB: UInt64 = 0
        var lacksPackets = false
        var lacksBytes = false
    }

    private struct Head: BitwiseCopyable {
        enum Kind: UInt8 { case packet, bytes, gap }
        var kind: Kind
        var sender: Endpoint
        /// Bytes behind the head; of a gap those that are missing.
        var count: UInt64
    }

    /// A record, valid during the call that it is given to.
    enum Record {
        case packet(UnsafePointer<Packet>, UnsafePointer<Frame>)
        case bytes(UnsafeRawBufferPointer)
        case gap(Int)
    }

    private static let pageSize = 2048
    /// What stands before a packet's bytes.
    private static let headersSize = MemoryLayout<Packet>.size + MemoryLayout<Frame>.size
    /// The longest frame of a capture file, and a datagram's bytes.
    private static let longest = 256 << 10

    let budget: HistoryBudget
    private let capacity: UInt32
    private let logs: RawMemory
    private let pages: RawMemory
    private let nexts: RawMemory
    /// A record as one piece.
    private let piece: UnsafeMutableRawPointer
    private let packet: UnsafeMutablePointer<Packet>
    private let frame: UnsafeMutablePointer<Frame>
    private var free: UInt32 = 0
    private var everUsed: UInt32 = 0
    private(set) var heldPages: UInt32 = 0

    /// - Parameter memory: bytes for all connections together.
    init(connections: Int, _ budget: HistoryBudget?, memory: Int) {
        self.budget = budget ?? HistoryBudget(packets: 0, bytes: 0)
        capacity = budget == nil ? 0 : UInt32(clamping: memory / (Self.pageSize + 4))
        logs = RawMemory(byteCount: budget == nil ? 0 : connections * MemoryLayout<Log>.stride)
        pages = RawMemory(byteCount: Int(capacity) * Self.pageSize)
        nexts = RawMemory(byteCount: (Int(capacity) + 1) * 4)
        piece = .allocate(byteCount: Self.longest, alignment: 16)
        packet = .allocate(capacity: 1)
        packet.initialize(to: Packet())
        frame = .allocate(capacity: 1)
        frame.initialize(to: Frame(bytes: piece, timestamp: .zero, length: 0, wireLength: 0))
    }

    deinit {
        piece.deallocate()
        packet.deallocate()
        frame.deallocate()
    }

    /// Bytes reserved: for all connections' states, and for what is kept.
    var byteCount: Int { logs.byteCount }
    var poolByteCount: Int { pages.byteCount + nexts.byteCount }

    private func log(_ index: Int) -> UnsafeMutablePointer<Log> { logs.start.assumingMemoryBound(to: Log.self) + index }
    private func next(_ page: UInt32) -> UnsafeMutablePointer<UInt32> { nexts.start.assumingMemoryBound(to: UInt32.self) + Int(page) }
    private func bytes(_ page: UInt32) -> UnsafeMutableRawPointer { pages.start + Int(page &- 1) &* Self.pageSize }

    // MARK: Keeping

    /// False when it does not fit, or one before it did not.
    mutating func keep(_ index: Int, _ packet: UnsafePointer<Packet>, _ frame: UnsafePointer<Frame>, from sender: Endpoint) -> Bool {
        let log = log(index), length = Int(frame.pointee.length)
        guard !log.pointee.lacksPackets, log.pointee.packets < budget.packets, fits(length, log) else {
            log.pointee.lacksPackets = true
            return false
        }
        let head = Head(kind: .packet, sender: sender, count: UInt64(Self.headersSize + length))
        guard reserve(Int(head.count), log) else {
            log.pointee.lacksPackets = true
            return false
        }
        append(head, log)
        append(packet, MemoryLayout<Packet>.size, log)
        append(frame, MemoryLayout<Frame>.size, log)
        append(frame.pointee.bytes, length, log)
        log.pointee.packets &+= 1
        log.pointee.bytes &+= UInt64(length)
        return true
    }

    /// The same for a direction's next bytes.
    mutating func keep(_ index: Int, _ bytes: UnsafeRawBufferPointer, from sender: Endpoint) -> Bool {
        guard let start = bytes.baseAddress, bytes.count > 0 else { return true }
        let log = log(index)
        guard !log.pointee.lacksBytes, fits(bytes.count, log), reserve(bytes.count, log) else {
            miss(bytes.count, log, sender)
            return false
        }
        append(Head(kind: .bytes, sender: sender, count: UInt64(bytes.count)), log)
        append(start, bytes.count, log)
        log.pointee.bytes &+= UInt64(bytes.count)
        return true
    }

    mutating func keepGap(_ index: Int, _ byteCount: Int, from sender: Endpoint) {
        let log = log(index)
        guard !log.pointee.lacksBytes, reserve(0, log) else { return miss(byteCount, log, sender) }
        append(Head(kind: .gap, sender: sender, count: UInt64(byteCount)), log)
    }

    private func fits(_ count: Int, _ log: UnsafeMutablePointer<Log>) -> Bool {
        count <= Self.longest && log.pointee.bytes &+ UInt64(count) <= UInt64(max(0, budget.bytes))
    }

    private func miss(_ count: Int, _ log: UnsafeMutablePointer<Log>, _ sender: Endpoint) {
        log.pointee.lacksBytes = true
        if sender == .a { log.pointee.missedA &+= UInt64(count) } else { log.pointee.missedB &+= UInt64(count) }
    }

    /// Makes the chain long enough for a record with so many bytes behind its head.
    private mutating func reserve(_ count: Int, _ log: UnsafeMutablePointer<Log>) -> Bool {
        let room = log.pointee.last == 0 ? 0 : Self.pageSize - Int(log.pointee.used)
        let more = MemoryLayout<Head>.size + count - room
        guard more > 0 else { return true }
        // The pages are taken as they are written to.
        return (more + Self.pageSize - 1) / Self.pageSize <= Int(capacity - heldPages)
    }

    private mutating func append(_ head: Head, _ log: UnsafeMutablePointer<Log>) {
        withUnsafeBytes(of: head) { append($0.baseAddress!, MemoryLayout<Head>.size, log) }
    }

    private mutating func append(_ source: UnsafeRawPointer, _ count: Int, _ log: UnsafeMutablePointer<Log>) {
        var (source, rest) = (source, count)
        while rest > 0 {
            if log.pointee.last == 0 || Int(log.pointee.used) == Self.pageSize { extend(log) }
            let part = min(rest, Self.pageSize - Int(log.pointee.used))
            (bytes(log.pointee.last) + Int(log.pointee.used)).copyMemory(from: source, byteCount: part)
            log.pointee.used &+= UInt32(part)
            source += part
            rest -= part
        }
    }

    private mutating func extend(_ log: UnsafeMutablePointer<Log>) {
        var page = free
        if page != 0 {
            free = next(page).pointee
        } else {
            everUsed += 1
            page = everUsed
        }
        heldPages += 1
        next(page).pointee = 0
        if log.pointee.last == 0 { log.pointee.first = page } else { next(log.pointee.last).pointee = page }
        log.pointee.last = page
        log.pointee.used = 0
    }

    // MARK: Giving

    /// Gives out what is kept of a connection, until `body` says that it has enough; it stays for others. What did not fit is a gap at the end.
    func replay(_ index: Int, _ body: (Record, _ sender: Endpoint) -> Bool) {
        let log = log(index)
        var place = (page: log.pointee.first, offset: 0)
        while place.page != 0, !(place.page == log.pointee.last && place.offset == Int(log.pointee.used)) {
            var head = Head(kind: .gap, sender: .a, count: 0)
            withUnsafeMutableBytes(of: &head) { read(&place, $0.baseAddress!, MemoryLayout<Head>.size) }
            if head.kind == .gap {
                guard body(.gap(Int(head.count)), head.sender) else { return }
                continue
            }
            var count = Int(head.count)
            if head.kind == .packet {
                read(&place, packet, MemoryLayout<Packet>.size)
                read(&place, frame, MemoryLayout<Frame>.size)
                frame.pointee.bytes = UnsafeRawPointer(piece)
                frame.pointee.buffer = nil
                count -= Self.headersSize
            }
            read(&place, piece, count)
            let record: Record =
                head.kind == .packet ? .packet(UnsafePointer(packet), UnsafePointer(frame)) : .bytes(UnsafeRawBufferPointer(start: piece, count: count))
            guard body(record, head.sender) else { return }
        }
        if log.pointee.missedA > 0, !body(.gap(Int(log.pointee.missedA)), .a) { return }
        if log.pointee.missedB > 0 { _ = body(.gap(Int(log.pointee.missedB)), .b) }
    }

    private func read(_ place: inout (page: UInt32, offset: Int), _ target: UnsafeMutableRawPointer, _ count: Int) {
        var (target, rest) = (target, count)
        while rest > 0 {
            if place.offset == Self.pageSize { place = (next(place.page).pointee, 0) }
            let part = min(rest, Self.pageSize - place.offset)
            target.copyMemory(from: bytes(place.page) + place.offset, byteCount: part)
            place.offset += part
            target += part
            rest -= part
        }
    }

    /// Nobody waits for a connection any more.
    mutating func release(_ index: Int) {
        let log = log(index)
        var page = log.pointee.first
        while page != 0 {
            let following = next(page).pointee
            next(page).pointee = free
            free = page
            heldPages -= 1
            page = following
        }
        log.pointee = Log()
    }
}
