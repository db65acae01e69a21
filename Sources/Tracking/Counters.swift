import Packets

/// What became of a packet. Each packet has exactly one outcome, so that they sum up to the packets received.
public enum PacketOutcome: Int, CaseIterable, Sendable {
    /// Counted in a connection.
    case tracked
    /// No subscription's filter wanted it.
    case filtered
    /// Wanted by packet subscriptions only, and given to them.
    case delivered
    /// Came after its connection had ended and been reported.
    case afterEnd
    /// TCP without a handshake, and the config says not to pick those up.
    case midstream
    /// A fragment that belongs to no whole datagram: the others have not come, or never came. With reassembly off a fragment without ports.
    case fragment
    /// No IP in it.
    case notIP
    /// Its headers do not hold together.
    case malformed

    /// A short text for the summary.
    public var text: String {
        switch self {
        case .tracked: "tracked in connections"
        case .filtered: "refused by the filters"
        case .delivered: "delivered, not tracked"
        case .afterEnd: "after their connection's end"
        case .midstream: "midstream, not picked up"
        case .fragment: "IP fragments without the others"
        case .notIP: "not IP"
        case .malformed: "malformed"
        }
    }
}

/// One core's counts: plain integers, summed up by the main core.
public struct Counters: Sendable {
    /// Packets by `PacketOutcome`.
    public var outcomes = InlineArray<8, UInt64>(repeating: 0)
    /// Malformed packets by `PacketProblem`.
    public var problems = InlineArray<24, UInt64>(repeating: 0)
    /// Connections reported, by `EndReason`.
    public var ends = InlineArray<5, UInt64>(repeating: 0)
    public var packets: UInt64 = 0
    /// Bytes on the wire.
    public var bytes: UInt64 = 0
    /// Packets of which a snap length, or a frame too long for an mbuf, cut something off.
    public var cutPackets: UInt64 = 0
    /// Packets of tunnels whose inside could not be read, and which belong to the outer flow for that.
    public var unopenedTunnels: UInt64 = 0
    public var connections: UInt64 = 0
    /// Tombstones that gave their place to a new connection.
    public var evictedTombstones: UInt64 = 0
    /// Connections whose tuple was used again by a new SYN.
    public var reusedTuples: UInt64 = 0
    /// RSTs that their receiver would not have believed.
    public var refusedResets: UInt64 = 0
    /// Payload bytes given to streams and parsers in order.
    public var streamBytes: UInt64 = 0
    /// Gaps reported in streams, and the bytes in them.
    public var gaps: UInt64 = 0
    public var gapBytes: UInt64 = 0
    /// Payload bytes that were there before, or lay outside any window.
    public var repeatedBytes: UInt64 = 0
    public var implausibleBytes: UInt64 = 0
    /// Times a hole was given up because there was no room for a segment behind it: a direction's share of pages was used up, or the core's
    /// budget.
    public var holesGivenUp: UInt64 = 0
    public var sessions: UInt64 = 0
    /// Datagrams put together from fragments, and those given up, by `DatagramLoss`.
    public var datagrams: UInt64 = 0
    public var datagramLosses = InlineArray<5, UInt64>(repeating: 0)
    /// Fragments that came twice while their datagram was incomplete, and fragments of IPv4 with other bytes than those that were there.
    public var fragmentDuplicates: UInt64 = 0
    public var fragmentConflicts: UInt64 = 0
    /// Fragments that can be no part of a datagram: with no bytes or with half a unit of 8, and beyond the largest datagram's end.
    public var malformedFragments: UInt64 = 0
    public var overlongFragments: UInt64 = 0
    /// Parsers that gave up, by `ParserFailure`.
    public var parserFailures = InlineArray<5, UInt64>(repeating: 0)
    /// The most connections and tombstones at once, and the most memory of held segments in bytes.
    public var connectionsPeak: UInt64 = 0
    public var reassemblyPeak: UInt64 = 0
    /// The most memory of waiting fragments in bytes.
    public var fragmentsPeak: UInt64 = 0

    public init() {}

    public subscript(outcome: PacketOutcome) -> UInt64 { outcomes[outcome.rawValue] }
    public subscript(problem: PacketProblem) -> UInt64 { problems[Int(problem.rawValue)] }
    public subscript(loss: DatagramLoss) -> UInt64 { datagramLosses[Int(loss.rawValue)] }
    public subscript(end: EndReason) -> UInt64 { ends[Int(end.rawValue)] }

    /// Whether each packet has exactly one outcome.
    public var isBalanced: Bool { PacketOutcome.allCases.reduce(0) { $0 + self[$1] } == packets }

    /// Adds another core's counts; peaks add up, too, for each core has its own memory.
    public mutating func add(_ other: Counters) {
        for index in outcomes.indices { outcomes[index] += other.outcomes[index] }
        for index in problems.indices { problems[index] += other.problems[index] }
        for index in ends.indices { ends[index] += other.ends[index] }
        packets += other.packets
        bytes += other.bytes
        cutPackets += other.cutPackets
        unopenedTunnels += other.unopenedTunnels
        connections += other.connections
        evictedTombstones += other.evictedTombstones
        reusedTuples += other.reusedTuples
        refusedResets += other.refusedResets
        streamBytes += other.streamBytes
        gaps += other.gaps
        gapBytes += other.gapBytes
        repeatedBytes += other.repeatedBytes
        implausibleBytes += other.implausibleBytes
        holesGivenUp += other.holesGivenUp
        sessions += other.sessions
        datagrams += other.datagrams
        for index in datagramLosses.indices { datagramLosses[index] += other.datagramLosses[index] }
        fragmentDuplicates += other.fragmentDuplicates
        fragmentConflicts += other.fragmentConflicts
        malformedFragments += other.malformedFragments
        overlongFragments += other.overlongFragments
        for index in parserFailures.indices { parserFailures[index] += other.parserFailures[index] }
        connectionsPeak += other.connectionsPeak
        reassemblyPeak += other.reassemblyPeak
        fragmentsPeak += other.fragmentsPeak
    }
}
