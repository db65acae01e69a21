import Packets

/// A connection as subscriptions see it: who, when, how much and how it went, from the originator's side. Names are Zeek's.
public struct ConnectionRecord: Sendable {
    /// One endpoint and what it sent.
    public struct Party: Sendable {
        public var address: IPAddress
        /// For ICMP the type, or the code of a type without an answer.
        public var port: UInt16
        public var packets: UInt64
        /// Bytes on the wire from the link layer's header on.
        public var frameBytes: UInt64
        /// Bytes from the IP header on, by its own length.
        public var ipBytes: UInt64
        /// Bytes of transport payload, repeated ones included.
        public var payloadBytes: UInt64
        /// Zero when it sent nothing, as is `last`.
        public var first: Timestamp
        public var last: Timestamp

        @inlinable @inline(__always)
        init(
            address: IPAddress, port: UInt16, packets: UInt64, frameBytes: UInt64, ipBytes: UInt64, payloadBytes: UInt64, first: Timestamp, last: Timestamp
        ) {
            (self.address, self.port) = (address, port)
            (self.packets, self.frameBytes, self.ipBytes, self.payloadBytes) = (packets, frameBytes, ipBytes, payloadBytes)
            (self.first, self.last) = (first, last)
        }
    }

    // The tracker's own entry, copied whole; what it says is worked out when somebody asks.
    @usableFromInline var key: FlowKey
    @usableFromInline var connection: Connection
    /// Why it was reported; nil while it goes on.
    public private(set) var endReason: EndReason?
    /// Whether the next three mean something: a tracker fills one record again and again, and what a connection has not costs it nothing.
    private var hasExtras = false
    private var hasAccounts = false
    private var ownExtras = ConnectionExtras()
    private var accountA = StreamAccount()
    private var accountB = StreamAccount()

    private var extras: ConnectionExtras { hasExtras ? ownExtras : ConnectionExtras() }

    // Inlined, and what else most callbacks ask for: who asks for one number does not have the whole record copied for the call.
    @inlinable @inline(__always) public var originator: Party { party(connection.originator) }
    @inlinable @inline(__always) public var responder: Party { party(connection.originator.other) }
    /// What became of the TCP payload of each side; nil while the connection goes on, and when nothing ever wanted its streams. Not of the parties, which
    /// are asked for far more often.
    public var originatorStream: StreamAccount? { hasAccounts ? connection.originator == .a ? accountA : accountB : nil }
    public var responderStream: StreamAccount? { hasAccounts ? connection.originator == .a ? accountB : accountA : nil }
    @inlinable @inline(__always) public var transport: TransportProtocol { key.transport }
    /// Those of the first packet, outermost first; 0 where there is no tag.
    public var vlans: (outer: UInt16, inner: UInt16) {
        (UInt16(truncatingIfNeeded: connection.vlans >> 16), UInt16(truncatingIfNeeded: connection.vlans))
    }
    /// The innermost tunnel around the first packet, and its id as that had it: a VNI, a key, a session, a TEID. Nil outside of tunnels.
    public var tunnel: (kind: TunnelKind, id: UInt32)? { TunnelKind(rawValue: extras.tunnel).map { ($0, extras.tunnelID) } }
    /// The flow around the outermost tunnel, as the first packet had it. Nil outside of tunnels, and in PPPoE, around which there is none.
    public var outer: OuterEnds? {
        extras.outer.isEmpty ? nil : OuterEnds(extras.outer, isReversed: extras.firstSender != connection.originator)
    }
    /// ICMP errors that quoted a packet of the connection: how many, and the last one's type and code (RFC 792, RFC 4443). Nil when there was none.
    /// Anybody can send
    /// one: it proves nothing.
    public var icmpError: (count: UInt32, type: UInt8, code: UInt8)? {
        extras.errors == 0 ? nil : (extras.errors, extras.errorType, extras.errorCode)
    }
    public var originatorEvidence: OriginatorEvidence { connection.originatorEvidence }
    /// The application protocol, once something was subscribed to that needed to know.
    @inlinable @inline(__always) public var service: Service { connection.service }

    @inlinable @inline(__always)
    func party(_ endpoint: Endpoint) -> Party {
        let side = endpoint == .a ? connection.sideA : connection.sideB
        return Party(
            address: endpoint == .a ? key.addressA : key.addressB, port: endpoint == .a ? key.portA : key.portB, packets: side.packets,
            frameBytes: side.frameBytes, ipBytes: side.ipBytes, payloadBytes: side.payloadBytes, first: Timestamp(nanoseconds: side.first),
            last: Timestamp(nanoseconds: side.last))
    }

    /// The first packet's time, of either side.
    @inlinable @inline(__always)
    public var first: Timestamp {
        let (a, b) = (connection.sideA, connection.sideB)
        return Timestamp(nanoseconds: b.packets == 0 ? a.first : a.packets == 0 ? b.first : min(a.first, b.first))
    }

    /// The last packet's time, of either side.
    @inlinable @inline(__always)
    public var last: Timestamp {
        let (a, b) = (connection.sideA, connection.sideB)
        return Timestamp(nanoseconds: b.packets == 0 ? a.last : a.packets == 0 ? b.last : max(a.last, b.last))
    }

    /// Nanoseconds from the first packet to the last.
    @inlinable @inline(__always)
    public var duration: Int64 { last - first }

    /// Zeek's `history`: a letter an event, the originator's in upper case; empty for what is not TCP.
    public var history: String { connection.history.text(originator: connection.originator) }
    /// Letters of that, at most 23.
    public var historyLength: Int { connection.history.count }

    /// Zeek's `conn_state`.
    public var state: ConnectionState {
        let (a, b) = (connection.sideA, connection.sideB)
        let originatorIsA = connection.originator == .a
        guard transport == .tcp else {
            return ConnectionState(originatorSent: (originatorIsA ? a : b).packets > 0, responderSent: (originatorIsA ? b : a).packets > 0)
        }
        return ConnectionState(
            originator: originatorIsA ? connection.stateA : connection.stateB, responder: originatorIsA ? connection.stateB : connection.stateA,
            hadPayload: a.payloadBytes + b.payloadBytes > 0)
    }

    /// A name for this connection that is the same whenever the same packets are seen: "C" and 17 letters and digits, as Zeek's are.
    public var uid: String { String(unsafeUninitializedCapacity: Self.uidLength) { writeUID($0.baseAddress!) } }

    package static var uidLength: Int { 18 }

    /// - Parameter text: has room for `uidLength` bytes.
    /// - Returns: their number.
    package func writeUID(_ text: UnsafeMutablePointer<UInt8>) -> Int {
        let digits: StaticString = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
        text[0] = UInt8(ascii: "C")
        var rest: UInt64 = 0
        for place in 0..<17 {
            if place == 0 || place == 9 { rest = key.hash(seed: HashSeed(UInt64(bitPattern: first.nanoseconds) &+ (place == 0 ? 0 : 1))) }
            text[1 + place] = digits.utf8Start[Int(truncatingIfNeeded: rest % 62)]
            rest /= 62
        }
        return Self.uidLength
    }
}

extension ConnectionRecord {
    /// One to be filled again and again.
    static func allocate() -> UnsafeMutablePointer<ConnectionRecord> {
        let nothing = UnsafeMutablePointer<Connection>.allocate(capacity: 1)
        defer { nothing.deallocate() }
        UnsafeMutableRawPointer(nothing).initializeMemory(as: UInt8.self, repeating: 0, count: MemoryLayout<Connection>.size)
        let record = UnsafeMutablePointer<ConnectionRecord>.allocate(capacity: 1)
        record.initialize(to: ConnectionRecord(key: FlowKey(), connection: nothing.pointee))
        return record
    }

    private init(key: FlowKey, connection: Connection) {
        self.key = key
        self.connection = connection
    }

    /// Where key and connection lie in it: one behind the other, as in the tracker's table; tested.
    static var entryOffsets: [Int?] { [MemoryLayout<Self>.offset(of: \.key), MemoryLayout<Self>.offset(of: \.connection)] }

    /// Fills a record in place.
    ///
    /// - Parameters:
    ///   - connection: in the tracker's table, where its key lies before it.
    ///   - accounts: those of endpoint a and, behind it, b.
    @inline(__always)
    static func fill(
        _ record: UnsafeMutablePointer<ConnectionRecord>, _ connection: UnsafeMutablePointer<Connection>,
        _ extras: UnsafePointer<ConnectionExtras>?, _ accounts: UnsafePointer<StreamAccount>? = nil, endReason: EndReason? = nil
    ) {
        // Line by line: assigned, it would be a call of memmove for each.
        let entry = UnsafeRawPointer(connection) - MemoryLayout<FlowKey>.stride
        for line in 0..<4 {
            let bytes = entry.loadUnaligned(fromByteOffset: 64 &* line, as: SIMD64<UInt8>.self)
            UnsafeMutableRawPointer(record).storeBytes(of: bytes, toByteOffset: 64 &* line, as: SIMD64<UInt8>.self)
        }
        record.pointee.endReason = endReason
        record.pointee.hasExtras = extras != nil
        if let extras { record.pointee.ownExtras = extras.pointee }
        record.pointee.hasAccounts = accounts != nil
        if let accounts {
            record.pointee.accountA = accounts[0]
            record.pointee.accountB = accounts[1]
        }
    }
}

/// A tunnel's own ends: the one on the connection's originator's side, and the other.
public struct OuterEnds: Sendable {
    public struct End: Sendable {
        public var address: IPAddress
        /// 0 for what has no ports: GRE, IP in IP.
        public var port: UInt16
    }

    public var originator: End
    public var responder: End
    public var transport: TransportProtocol

    init(_ flow: OuterFlow, isReversed: Bool) {
        let source = End(address: flow.source, port: flow.sourcePort), destination = End(address: flow.destination, port: flow.destinationPort)
        (originator, responder) = isReversed ? (destination, source) : (source, destination)
        transport = flow.transport
    }
}

/// Why a connection was reported.
public enum EndReason: UInt8, CaseIterable, Sendable {
    /// Both sides sent FIN.
    case fin
    /// One side sent a RST that the other would accept.
    case rst
    /// No packet for as long as the config allows.
    case idle
    /// The table was full and this one was the first to give up.
    case evicted
    /// The table was nearly full, and this one had been silent for a tenth of its time.
    case emergency
    /// The run ended.
    case drained
}

/// Zeek's `conn_state`.
public enum ConnectionState: String, Sendable {
    /// Connection attempt seen, no reply.
    case s0 = "S0"
    /// Established, not terminated.
    case s1 = "S1"
    /// Normal establishment and termination.
    case sf = "SF"
    /// Attempt rejected.
    case rej = "REJ"
    /// Established, and a close attempt by the originator (responder) without a reply.
    case s2 = "S2"
    case s3 = "S3"
    /// Established, the originator (responder) aborted.
    case rsto = "RSTO"
    case rstr = "RSTR"
    /// The originator sent SYN and RST; no SYN-ACK was seen.
    case rstos0 = "RSTOS0"
    /// The responder sent SYN-ACK and RST; no SYN was seen.
    case rstrh = "RSTRH"
    /// The originator sent SYN and FIN; no SYN-ACK was seen.
    case sh = "SH"
    /// The responder sent SYN-ACK and FIN; no SYN was seen.
    case shr = "SHR"
    /// No SYN seen: midstream traffic.
    case oth = "OTH"

    init(originator: TCPState, responder: TCPState, hadPayload: Bool) {
        let originatorSilent = originator == .inactive || originator == .partial
        let responderSilent = responder == .inactive || responder == .partial
        switch (originator, responder) {
        case (.synSent, .reset), (.synAckSent, .reset): self = .rej
        case (.reset, .reset): self = hadPayload ? .rstr : .rej
        case (_, .reset): self = originatorSilent ? .rstrh : .rstr
        case (.reset, _): self = responderSilent ? .rstos0 : .rsto
        case (.closed, .closed): self = .sf
        case (.closed, _): self = responderSilent ? .sh : .s2
        case (_, .closed): self = originatorSilent ? .shr : .s3
        case (.synSent, .inactive): self = .s0
        case (.established, .established): self = .s1
        default: self = .oth
        }
    }

    /// For what has no handshake: who has sent at all.
    init(originatorSent: Bool, responderSent: Bool) {
        self = originatorSent ? (responderSent ? .sf : .s0) : (responderSent ? .shr : .oth)
    }
}
