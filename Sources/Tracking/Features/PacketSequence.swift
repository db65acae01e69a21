import Packets

/// Sizes, directions and times of a connection's first packets with payload: SPLT, the sequence of packet lengths and times of Cisco's Joy and of NFStream, by
/// which encrypted traffic is told apart (Anderson and McGrew, "Identifying Encrypted Malware Traffic with Contextual Flow Data", AISec 2016).
///
/// Six bytes a packet, in the value itself.
public struct PacketSequence<let capacity: Int>: BitwiseCopyable, Sendable {
    public struct Entry: Equatable, Sendable {
        public var sender: Direction
        /// Bytes of payload; 65,535 of more, which only a card that merges segments has.
        public var size: Int
        /// Microseconds since the packet with payload before it, whoever sent that; 0 of the first, and at most 2³¹ - 1.
        public var gap: Int
    }

    public private(set) var count = 0
    private var last = Timestamp.zero
    private var sizes = InlineArray<capacity, UInt16>(repeating: 0)
    /// The responder's have the highest bit.
    private var gaps = InlineArray<capacity, UInt32>(repeating: 0)

    private static var ofResponder: UInt32 { 1 << 31 }

    public init() {}

    /// Nothing more is taken.
    public var isFull: Bool { count == capacity }

    public subscript(index: Int) -> Entry {
        let gap = gaps[index]
        return Entry(
            sender: gap & Self.ofResponder == 0 ? .originator : .responder, size: Int(sizes[index]), gap: Int(gap & ~Self.ofResponder))
    }

    public var entries: [Entry] { (0..<count).map { self[$0] } }

    public mutating func add(_ packet: Packet, from sender: Direction) {
        guard count < capacity, packet.payloadLength > 0 else { return }
        let gap = count == 0 ? 0 : last.gap(to: packet.timestamp) / 1000
        sizes[count] = UInt16(clamping: packet.payloadLength)
        gaps[count] = UInt32(min(gap, Int64(Self.ofResponder - 1))) | (sender == .responder ? Self.ofResponder : 0)
        last = packet.timestamp
        count += 1
    }

    /// The originator is the other endpoint than was said so far.
    public mutating func reverseRoles() {
        for index in 0..<count { gaps[index] ^= Self.ofResponder }
    }
}
