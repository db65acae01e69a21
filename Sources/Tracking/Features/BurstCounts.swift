import Packets

/// Turns of a conversation: a burst is payload of one side until the other sends some, or until nothing has come for a second (CICFlowMeter's limit of a
/// subflow). And how often, and how long, each side was silent for more than that between its own packets.
public struct BurstCounts: BitwiseCopyable, Sendable {
    public struct Side: BitwiseCopyable, Sendable {
        /// Payload bytes of each burst, without the one at hand until `end`.
        public fileprivate(set) var bursts = RunningStatistics()
        /// Nanoseconds of each silence.
        public fileprivate(set) var silences = RunningStatistics()
        fileprivate var last: Timestamp?
    }

    public private(set) var originator = Side()
    public private(set) var responder = Side()
    private let pause: Int64
    /// The burst at hand.
    private var sender = Direction.originator
    private var bytes: Int64 = 0
    private var last = Timestamp.zero

    /// - Parameter pause: nanoseconds.
    public init(pause: Int64 = 1_000_000_000) { self.pause = max(1, pause) }

    public mutating func add(_ packet: Packet, from sender: Direction) {
        switch sender {
        case .originator: originator.hear(packet.timestamp, pause)
        case .responder: responder.hear(packet.timestamp, pause)
        }
        guard packet.payloadLength > 0 else { return }
        if sender != self.sender || last.gap(to: packet.timestamp) > pause {
            end()
            self.sender = sender
        }
        bytes &+= Int64(packet.payloadLength)
        last = packet.timestamp
    }

    /// Counts the burst at hand. To be called at the connection's end.
    public mutating func end() {
        guard bytes > 0 else { return }
        switch sender {
        case .originator: originator.bursts.add(bytes)
        case .responder: responder.bursts.add(bytes)
        }
        bytes = 0
    }

    /// The originator is the other endpoint than was said so far.
    public mutating func reverseRoles() {
        swap(&originator, &responder)
        sender = sender.opposite
    }
}

extension BurstCounts.Side {
    fileprivate mutating func hear(_ time: Timestamp, _ pause: Int64) {
        if let last, last.gap(to: time) > pause { silences.add(last.gap(to: time)) }
        last = time
    }
}
