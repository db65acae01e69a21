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
    public var ends = InlineArray<6, UInt64>(repeating: 0)
    /// How long after its deadline a connection was ended.
    public var lateness = Lateness()
    /// Leaps of packet time that were believed, and packets whose leap was not (`PacketClock`).
    public var timeLeaps: UInt64 = 0
    public var strayTimes: UInt64 = 0
    /// Times that the table was nearly full, and nanoseconds of that.
    public var emergencies: UInt64 = 0
    public var emergencyTime: UInt64 = 0
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
    /// ICMP errors that quoted a packet of a connection in the table, and that did not.
    public var matchedErrors: UInt64 = 0
    public var unmatchedErrors: UInt64 = 0
    /// Connections that began on a core though another has had their key: a bug. Counted where a `CoreWitness` looks.
    public var wrongCore: UInt64 = 0
    /// Connections whose originator turned out to be the other one.
    public var correctedOriginators: UInt64 = 0
    /// RSTs that their receiver would not have believed.
    public var refusedResets: UInt64 = 0
    /// Bytes of TCP payload handed to reassembly or left alone for want of interest, by `ByteOutcome`; and those that are held behind a hole now.
    public var payload = InlineArray<8, UInt64>(repeating: 0)
    public var payloadBytes: UInt64 = 0
    public var held: UInt64 = 0
    /// Gaps reported in streams, and the bytes in them.
    public var gaps: UInt64 = 0
    public var gapBytes: UInt64 = 0
    /// Overlaps with different bytes.
    public var conflicts: UInt64 = 0
    /// Times a hole was given up because there was no room for a segment: a direction's, its connection's or the core's budget was used up.
    public var holesGivenUp: UInt64 = 0
    /// Holes given up because they had been open for too long.
    public var holesTimedOut: UInt64 = 0
    public var sessions: UInt64 = 0
    /// Sessions that waited for a filter to tell, and for which there was no room.
    public var sessionsMissed: UInt64 = 0
    /// Packets and stream bytes of connections that filters could not tell of yet, for which `HistoryBudget` or `historyMemory` had no room.
    public var historyPacketsMissed: UInt64 = 0
    public var historyBytesMissed: UInt64 = 0
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
    public subscript(bytes outcome: ByteOutcome) -> UInt64 { payload[outcome.rawValue] }

    /// Payload bytes given to streams and parsers in order.
    public var streamBytes: UInt64 { self[bytes: .delivered] }

    /// Whether each packet has exactly one outcome.
    public var isBalanced: Bool { PacketOutcome.allCases.reduce(0) { $0 + self[$1] } == packets }

    /// Whether each byte of payload has exactly one outcome, or is held.
    public var isPayloadBalanced: Bool { ByteOutcome.allCases.reduce(held) { $0 &+ self[bytes: $1] } == payloadBytes }

    /// Adds another core's counts; peaks add up, too, for each core has its own memory.
    public mutating func add(_ other: Counters) {
        for index in outcomes.indices { outcomes[index] += other.outcomes[index] }
        for index in problems.indices { problems[index] += other.problems[index] }
        for index in ends.indices { ends[index] += other.ends[index] }
        lateness.add(other.lateness)
        timeLeaps += other.timeLeaps
        strayTimes += other.strayTimes
        emergencies += other.emergencies
        emergencyTime += other.emergencyTime
        packets += other.packets
        bytes += other.bytes
        cutPackets += other.cutPackets
        unopenedTunnels += other.unopenedTunnels
        connections += other.connections
        evictedTombstones += other.evictedTombstones
        reusedTuples += other.reusedTuples
        matchedErrors += other.matchedErrors
        unmatchedErrors += other.unmatchedErrors
        wrongCore += other.wrongCore
        correctedOriginators += other.correctedOriginators
        refusedResets += other.refusedResets
        for index in payload.indices { payload[index] += other.payload[index] }
        payloadBytes += other.payloadBytes
        held += other.held
        gaps += other.gaps
        gapBytes += other.gapBytes
        conflicts += other.conflicts
        holesGivenUp += other.holesGivenUp
        holesTimedOut += other.holesTimedOut
        sessions += other.sessions
        sessionsMissed += other.sessionsMissed
        historyPacketsMissed += other.historyPacketsMissed
        historyBytesMissed += other.historyBytesMissed
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

/// How late timeouts were acted upon: a count for each power of two of milliseconds, which are of 2²⁰ nanoseconds here.
public struct Lateness: Sendable {
    /// The first counts what was less than a millisecond late, the next up to 2, 4, 8 …, the last all above 16 seconds.
    public private(set) var counts = InlineArray<16, UInt64>(repeating: 0)
    /// Nanoseconds.
    public private(set) var most: Int64 = 0

    mutating func add(_ nanoseconds: Int64) {
        counts[min(64 - (UInt64(max(0, nanoseconds)) >> 20).leadingZeroBitCount, counts.count - 1)] &+= 1
        most = max(most, nanoseconds)
    }

    mutating func add(_ other: Lateness) {
        for index in counts.indices { counts[index] += other.counts[index] }
        most = max(most, other.most)
    }

    /// So many milliseconds late at most was a share of all, 0...1; nil when nothing was, or when it lies beyond the last count.
    public func milliseconds(share: Double) -> UInt64? {
        let all = counts.indices.reduce(0) { $0 + counts[$1] }
        var sum: UInt64 = 0
        for index in counts.indices.dropLast() {
            sum += counts[index]
            if all > 0, Double(sum) >= share * Double(all) { return 1 << UInt64(index) }
        }
        return nil
    }
}
