import Packets

/// A stream that is not over, RFC 9113 5.1.
struct HTTP2Stream {
    /// What one side has sent.
    struct Half {
        /// Whether a header block of it has begun, and whether headers have come that are no trailers.
        var hasBegun = false
        var hasHeaders = false
        /// It has said END_STREAM, or cannot send.
        var isOver = false
        var status: UInt16 = 0
        var interimCount: UInt16 = 0
        var interimStatus: UInt16 = 0
        var bodyLength: UInt64 = 0
        var messages = GRPCMessages()
        /// Made with its first byte, where somebody wants to know.
        var body: HTTP2Body?
        var list = HTTP2HeaderList()
        var began: Timestamp?
    }

    let id: UInt32
    private var first = Half()
    private var second = Half()
    var problems: HTTP2Problems = []
    var isPushed = false
    var promised: Timestamp?

    init(_ id: UInt32) { self.id = id }

    /// What is known of a side's body for good.
    func bodyOf(_ side: Int) -> HTTPBody { self[side].body?.finish(isWhole: self[side].isOver && !problems.contains(.bytesMissing)) ?? HTTPBody() }

    var headerBytes: Int { first.list.byteCount + second.list.byteCount }

    /// Of a side, 0 or 1.
    subscript(side: Int) -> Half {
        @inline(__always) _read { if side == 0 { yield first } else { yield second } }
        @inline(__always) _modify { if side == 0 { yield &first } else { yield &second } }
    }
}

/// A body that is followed as it goes by: one a half of a stream, of which there are as many as are followed at once.
final class HTTP2Body {
    private var reader = HTTPBodyReader()

    /// Its memory: the state of a hash, and the first bytes until they tell what it is.
    static let byteCount = 512

    init() { reader.begin(hashing: true) }

    func take(_ bytes: RawSpan) { reader.take(bytes) }
    func skip(_ byteCount: Int) { reader.skip(byteCount) }
    func finish(isWhole: Bool) -> HTTPBody { reader.finish(isWhole: isWhole) }
}

/// Counts gRPC's messages in a body: a flag and a length of four bytes before each, wherever frames end.
struct GRPCMessages {
    private(set) var count: UInt32 = 0
    var isOn = false
    private var header = SplitInteger()
    private var left: UInt32 = 0
    /// Whether header's bytes are at hand.
    private var isInHeader = false

    mutating func take(_ body: RawSpan) {
        guard isOn else { return }
        var reader = ByteReader(body)
        while true {
            left -= UInt32(reader.bytes(upTo: Int(left)).byteCount)
            guard left == 0, !reader.isAtEnd else { return }
            isInHeader = true
            guard let bits = header.next(5, from: &reader) else { return }
            isInHeader = false
            count &+= 1
            left = UInt32(truncatingIfNeeded: bits)
        }
    }

    /// So many bytes of it are lost; beyond the message at hand nothing is known of those after it.
    mutating func skip(_ byteCount: Int) {
        guard isOn else { return }
        if isInHeader || byteCount > Int(left) { isOn = false } else { left -= UInt32(byteCount) }
    }
}

/// Streams that are not over: found by number, the oldest first. They stay where they are; what moves is two bytes of each.
struct HTTP2Streams {
    /// How many are followed at once, and how many octets of their headers.
    static let most = 256
    static let mostHeaderBytes = 1 << 20

    private var slots: [HTTP2Stream?] = []
    private var free: [UInt16] = []
    private var order: [(id: UInt32, slot: UInt16)] = []
    /// Octets of all their headers.
    var headerBytes = 0

    var count: Int { order.count }
    var isFull: Bool { order.count >= Self.most }
    var heldBytes: Int { slots.capacity * MemoryLayout<HTTP2Stream?>.stride + headerBytes + (order.capacity + free.capacity) * 8 }

    func contains(_ id: UInt32) -> Bool { place(of: id) != nil }

    private func place(of id: UInt32) -> Int? {
        var place = order.count - 1
        while place >= 0 {
            if order[place].id == id { return place }
            place -= 1
        }
        return nil
    }

    /// Nothing is done if there is none.
    ///
    /// - Returns: what the body says; nil if there is none.
    mutating func with<Result>(_ id: UInt32, _ body: (inout HTTP2Stream) -> Result) -> Result? {
        guard let place = place(of: id) else { return nil }
        return body(&slots[Int(order[place].slot)]!)
    }

    mutating func insert(_ stream: HTTP2Stream) {
        if let slot = free.popLast() {
            slots[Int(slot)] = stream
            order.append((stream.id, slot))
        } else {
            order.append((stream.id, UInt16(slots.count)))
            slots.append(stream)
        }
    }

    mutating func remove(_ id: UInt32) -> HTTP2Stream? { place(of: id).map { remove(at: $0) } }

    mutating func removeOldest() -> HTTP2Stream? { order.isEmpty ? nil : remove(at: 0) }

    private mutating func remove(at place: Int) -> HTTP2Stream {
        let slot = Int(order.remove(at: place).slot)
        free.append(UInt16(slot))
        guard let stream = slots[slot].take() else { preconditionFailure("a slot in the order has a stream") }
        headerBytes -= stream.headerBytes
        return stream
    }

    /// The numbers of those that fit, oldest first.
    func ids(where fits: (HTTP2Stream) -> Bool) -> [UInt32] { order.compactMap { entry in slots[Int(entry.slot)].flatMap { fits($0) ? entry.id : nil } } }

    mutating func noteAll(_ problem: HTTP2Problems) {
        for entry in order { slots[Int(entry.slot)]?.problems.insert(problem) }
    }
}
