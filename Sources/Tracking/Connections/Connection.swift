import Packets

/// What the tracker keeps of a connection, beside its key: 208 bytes, so that entry and key fill four cache lines. A packet touches the
/// first, its sender's, and the last only when somebody wants more than counts.
///
///     line 0   key (48) · touched, state          every packet
///     line 1   endpoint a's counters              its own packets
///     line 2   endpoint b's counters              its own packets
///     line 3   subscriptions, parser, history     when something happens
///
/// Sides are kept by their place in the key, not by role: who is the originator is one bit, and correcting it moves nothing.
public struct Connection: BitwiseCopyable, Sendable {
    // Line 0, behind the key.
    /// The engine's time at the last packet.
    var touched: Int64
    var phase: Phase
    /// How the originator was found; 0 while the entry is new.
    var originatorEvidence: OriginatorEvidence
    @usableFromInline var originator: Endpoint
    /// What of the connection somebody wants beyond its counts.
    var wants: Wants
    var stateA: TCPState
    var stateB: TCPState
    /// As in the key, where asking for it would be a longer way.
    var transport: TransportProtocol
    /// The table's order that it stands in.
    var rank: Rank

    // Lines 1 and 2.
    @usableFromInline var sideA: Side
    @usableFromInline var sideB: Side

    // Line 3.
    /// The sets of `ConnectionMembers`, where a word is enough for each.
    var members: (UInt64, UInt64, UInt64)
    var history: History
    /// Sequence numbers behind each side's FIN.
    var finA: SequenceNumber
    var finB: SequenceNumber
    /// Chunks of payload that no parser has recognised; while `parsing` is tentative, 1 once the parser has seen more than one.
    var probedChunks: UInt8
    var parsing: ParsingState
    /// The stage that parses it, when `parsing` is active.
    var parser: UInt8
    @usableFromInline var service: Service
    /// The first packet's tags, as `Packet.vlans`: filters ask for them even where they are no part of the key.
    var vlans: UInt32

    /// Where the sides lie, for access by endpoint without a branch; tested.
    static var sideOffset: Int { 16 }
    static var membersOffset: Int { 144 }
    /// Where the bytes from `phase` to `rank` lie.
    static var standingOffset: Int { 8 }

    /// What these bytes are when the pace is quiet: phase, evidence, originator, wants, state a, state b, transport, rank. A state that has bit 2 is open, or
    /// reset, which an open connection is not.
    @inline(__always)
    static var quietTCP: (mask: UInt64, value: UInt64) { standing(openStates: 4, .tcp) }
    @inline(__always)
    static var quietUDP: (mask: UInt64, value: UInt64) { standing(openStates: 0, .udp) }

    @inline(__always)
    private static func standing(openStates: UInt8, _ transport: TransportProtocol) -> (mask: UInt64, value: UInt64) {
        func word(_ phase: UInt8, wants: UInt8, states: UInt8, transport: UInt8, rank: UInt8) -> UInt64 {
            UInt64(phase) | UInt64(wants) << 24 | UInt64(states) << 32 | UInt64(states) << 40 | UInt64(transport) << 48 | UInt64(rank) << 56
        }
        return (
            word(0xff, wants: 0x7f, states: openStates, transport: 0xff, rank: 0xff),
            word(Phase.open.rawValue, wants: 0, states: openStates, transport: transport.rawValue, rank: Rank.established.rawValue)
        )
    }

    /// One endpoint's part: what it sent.
    public struct Side: BitwiseCopyable, Sendable {
        @usableFromInline var packets: UInt64
        @usableFromInline var frameBytes: UInt64
        @usableFromInline var ipBytes: UInt64
        @usableFromInline var payloadBytes: UInt64
        /// Nanoseconds; valid when `packets` is not 0.
        @usableFromInline var first: Int64
        @usableFromInline var last: Int64
        /// The sequence number behind the highest one sent.
        var next: SequenceNumber
        /// The highest acknowledgment sent.
        var acknowledged: SequenceNumber
        /// The SYN's sequence number.
        var initial: SequenceNumber
        var seen: SideFlags
        var window: UInt16
    }

    enum Phase: UInt8 {
        /// Not yet begun: a fresh entry is zero bytes.
        case new = 0
        case open
        /// Closed; late packets still count.
        case closedByFin
        case closedByReset
        /// Reported; kept so that a late packet does not make it anew.
        case tombstone

        var isClosing: Bool { self == .closedByFin || self == .closedByReset }
    }
}

/// What a connection is to a full table, which gives up the longest silent of whichever rank but `established` has the most entries, the first of
/// these where several have; of the established only when there is no other. Each is one of the table's linked lists, longest silent at its front.
///
/// - A flood is what makes room for itself: a rank that has less than a third of all entries but the established loses none.
/// - Floods of several kinds leave each rank that third, and an entry lasts until a third as many have come behind it. So who first parks what lasts of
///   two kinds and then floods the third gains a factor of three over a flood of one kind, and no more.
/// - Who completes handshakes, or speaks for both sides, is established like anybody, and leaves all others what the established do not take. In a table
///   that is full of these, a newcomer takes the place of the one before it, if that is not established yet.
///
/// Whether an established one still is, is asked in another second, or when it has another originator.
enum Rank: UInt8, CaseIterable {
    /// TCP that has not completed a handshake: what a SYN flood leaves.
    case attempt = 0
    /// Closed, or a tombstone.
    case closed
    /// Only one side was ever heard.
    case unanswered
    case established

    /// That of a connection of which this is the first packet.
    @inline(__always)
    init(ofFirst packet: UnsafePointer<Packet>) { self = packet.pointee.flags.contains(.syn) ? .attempt : .unanswered }
}

/// How the originator of a connection was told from its responder.
public enum OriginatorEvidence: UInt8, BitwiseCopyable, Sendable {
    case none = 0
    /// Sent the SYN.
    case syn
    /// Was sent the SYN-ACK.
    case synAck
    /// Sent the first packet that was seen; nothing better is known.
    case firstPacket
}

/// How far a TCP endpoint has come, in Zeek's terms.
public enum TCPState: UInt8, BitwiseCopyable, Sendable {
    /// Has sent nothing.
    case inactive = 0
    case synSent
    case synAckSent
    case closed
    case reset
    /// Was seen sending without a handshake.
    case partial
    case established

    /// Whether data is what to expect next.
    @inline(__always)
    var isOpen: Bool { rawValue >= Self.partial.rawValue }
}

/// What of a connection somebody wants, beyond its counts.
struct Wants: OptionSet {
    var rawValue: UInt8
    static let packets = Wants(rawValue: 1)
    static let stream = Wants(rawValue: 2)
    static let sessions = Wants(rawValue: 4)
    /// Filters that have not decided ask each packet, or look at the counts after it.
    static let decision = Wants(rawValue: 8)
    /// What `LevelTable` has of it.
    static let levels = Wants(rawValue: 16)
    /// Not a wish: the originator was corrected, and nobody has been told yet.
    static let reoriented = Wants(rawValue: 32)
    /// Not a wish: nobody has been asked yet.
    static let beginning = Wants(rawValue: 64)
    /// Not a wish: its streams have memory to give back, or accounts to report.
    static let hasStreams = Wants(rawValue: 128)

    @inline(__always)
    var isMoreThanCounts: Bool { rawValue & 0x7f != 0 }
    /// Whether there is nothing to do but reassembly.
    @inline(__always)
    var isForBytesAlone: Bool { rawValue & 0x79 == 0 && rawValue & 6 != 0 }
    /// Anything that needs reassembly.
    static let reassembly: Wants = [.stream, .sessions]
}

enum ParsingState: UInt8 {
    /// No parser has found its protocol yet.
    case probing = 0
    /// A parser runs on first bytes too few to be sure.
    case tentative
    case active
    case over

    /// Whether a parser has state for the connection.
    var isRunning: Bool { self == .tentative || self == .active }
}

/// What a side has done at least once.
struct SideFlags: OptionSet {
    var rawValue: UInt16
    static let sequenceKnown = SideFlags(rawValue: 1)
    static let acknowledgmentKnown = SideFlags(rawValue: 2)
    static let syn = SideFlags(rawValue: 4)
    static let fin = SideFlags(rawValue: 8)
    static let data = SideFlags(rawValue: 16)
    static let pureAck = SideFlags(rawValue: 32)
    static let reset = SideFlags(rawValue: 64)
    static let retransmitted = SideFlags(rawValue: 128)
    static let zeroWindow = SideFlags(rawValue: 256)
    static let gap = SideFlags(rawValue: 512)
    static let inconsistent = SideFlags(rawValue: 1024)
    static let multiFlag = SideFlags(rawValue: 2048)
    /// Its first bytes have been shown to the parsers.
    static let probed = SideFlags(rawValue: 4096)
    /// They may be a part of a proxy's header, which goes on.
    static let proxyHeader = SideFlags(rawValue: 8192)
}

extension UnsafeMutablePointer<Connection> {
    @inline(__always)
    func side(_ endpoint: Endpoint) -> UnsafeMutablePointer<Connection.Side> {
        (UnsafeMutableRawPointer(self) + Connection.sideOffset).assumingMemoryBound(to: Connection.Side.self) + Int(endpoint.rawValue)
    }

    /// Counts a packet of a side that has sent some.
    @inline(__always)
    func countLater(_ packet: UnsafePointer<Packet>, _ side: UnsafeMutablePointer<Connection.Side>) {
        let time = packet.pointee.timestamp.nanoseconds
        if time > side.pointee.last {
            side.pointee.last = time
        } else if time < side.pointee.first {
            side.pointee.first = time
        }
        add(packet, side)
    }

    /// Counts a packet of a side.
    @inline(__always)
    func count(_ packet: UnsafePointer<Packet>, _ side: UnsafeMutablePointer<Connection.Side>) {
        let time = packet.pointee.timestamp.nanoseconds
        let packets = side.pointee.packets
        if time > side.pointee.last {
            side.pointee.last = time
            if packets == 0 { side.pointee.first = time }
        } else if packets == 0 {
            (side.pointee.first, side.pointee.last) = (time, time)
        } else if time < side.pointee.first {
            side.pointee.first = time
        }
        add(packet, side)
    }

    @inline(__always)
    private func add(_ packet: UnsafePointer<Packet>, _ side: UnsafeMutablePointer<Connection.Side>) {
        side.pointee.packets &+= 1
        side.pointee.frameBytes &+= UInt64(packet.pointee.wireLength)
        side.pointee.ipBytes &+= UInt64(packet.pointee.ipLength)
        side.pointee.payloadBytes &+= UInt64(packet.pointee.payloadLength)
    }

    @inline(__always)
    func state(_ endpoint: Endpoint) -> TCPState { endpoint == .a ? pointee.stateA : pointee.stateB }

    @inline(__always)
    func setState(_ endpoint: Endpoint, _ state: TCPState) {
        if endpoint == .a { pointee.stateA = state } else { pointee.stateB = state }
    }

    @inline(__always)
    func direction(of sender: Endpoint) -> Direction { sender == pointee.originator ? .originator : .responder }
}
