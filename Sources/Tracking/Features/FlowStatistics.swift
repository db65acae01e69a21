import Packets

/// How a connection's packets came: when, how large, in which order. A subscription that wants packets may hold one and give it each:
///
///     mutating func packet(_ packet: Packet, _ frame: RawSpan, from sender: Direction, _ report: inout Report) -> Verdict {
///         statistics.add(packet, from: sender)
///         return .more
///     }
///
/// The connection's own record has what every connection has; this costs memory and time for those alone that ask. Constant memory (`MemoryLayout`: 0.7 KiB),
/// and nothing allocated. CICFlowMeter's and nProbe's names stand where the meaning is the same.
public struct FlowStatistics: BitwiseCopyable, Sendable {
    /// What one endpoint sent.
    public struct Side: BitwiseCopyable, Sendable {
        /// Bytes of payload of each packet, of those without any, too: CICFlowMeter's Fwd and Bwd Packet Length.
        public private(set) var payloadSizes = RunningStatistics()
        public private(set) var segments = SegmentCounts()
        /// All TCP flags that were ever set; IPFIX's `tcpControlBits`, nProbe's `CLIENT_TCP_FLAGS` and `SERVER_TCP_FLAGS`.
        public private(set) var flags: TCPFlags = []
        /// The window of the first TCP packet, as its header has it; CICFlowMeter's Init Win Bytes. Nil before one.
        public private(set) var firstWindow: UInt16?
        /// TCP packets that said that nothing may be sent; a RST, which says nothing, is none.
        public private(set) var zeroWindows: UInt64 = 0

        init() {}

        mutating func add(_ packet: Packet) {
            payloadSizes.add(Int64(packet.payloadLength))
            segments.add(packet)
            guard packet.transport == .tcp else { return }
            let packetFlags = packet.flags
            flags.formUnion(packetFlags)
            if firstWindow == nil { firstWindow = packet.window }
            if packet.window == 0, !packetFlags.contains(.rst) { zeroWindows &+= 1 }
        }
    }

    public private(set) var interArrivals = InterArrivals()
    public private(set) var originator = Side()
    public private(set) var responder = Side()

    public init() {}

    /// Of both sides' packets; CICFlowMeter's Packet Length.
    public var payloadSizes: RunningStatistics {
        var both = originator.payloadSizes
        both.merge(responder.payloadSizes)
        return both
    }

    public mutating func add(_ packet: Packet, from sender: Direction) {
        interArrivals.add(packet.timestamp, from: sender)
        switch sender {
        case .originator: originator.add(packet)
        case .responder: responder.add(packet)
        }
    }

    /// The originator is the other endpoint than was said so far; to be called from `reoriented`.
    public mutating func reverseRoles() {
        interArrivals.reverseRoles()
        swap(&originator, &responder)
    }
}
