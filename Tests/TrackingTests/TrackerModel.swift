import Packets
@testable import Tracking

/// A step of a schedule: a packet by its meaning, not by its bytes, or time that passes without one.
enum Step: CustomStringConvertible {
    case packet(Happening)
    case advance(Int64)

    var description: String {
        switch self {
        case .packet(let packet): packet.description
        case .advance(let time): "advance to \(Happening.text(time))"
        }
    }
}

/// A packet between the ends of a numbered tuple. TCP's numbers are plain integers that never wrap; the wire has their lower 32 bits.
struct Happening: CustomStringConvertible {
    struct Segment {
        var flags: TCPFlags
        var sequence: Int
        var acknowledgment: Int
        var window: UInt16
        var length: Int
    }
    enum Content {
        case tcp(Segment)
        case udp(length: Int)
        case echo
        /// What never reaches the tracker.
        case refused, notIP, malformed
    }

    var tuple: Int
    var isFromClient: Bool
    var time: Int64
    var content: Content

    static func text(_ time: Int64) -> String { "\(Double(time &- start) / 1e9)" }

    var description: String {
        let what =
            switch content {
            case .tcp(let segment):
                [(TCPFlags.syn, "S"), (.fin, "F"), (.rst, "R"), (.ack, "A")].reduce("") { segment.flags.contains($1.0) ? $0 + $1.1 : $0 }
                    + "\(segment.length)@\(segment.sequence)#\(segment.acknowledgment)~\(segment.window)"
            case let other: "\(other)"
            }
        return "\(Self.text(time)) \(tuple)\(isFromClient ? ">" : "<") \(what)"
    }

    var client: UInt32 { 0x0a00_0100 + UInt32(tuple) }
    /// On either side of the clients' addresses, so that both places in the key are somebody's.
    var server: UInt32 { (tuple % 2 == 0 ? 0x0a00_0000 : 0x0a00_0200) + UInt32(tuple) }

    var payloadLength: Int {
        switch content {
        case .tcp(let segment): segment.length
        case .udp(let length): length
        default: 0
        }
    }

    var frame: Octets {
        let (from, to) = isFromClient ? (client, server) : (server, client)
        func ports(_ server: UInt16) -> (UInt16, UInt16) { isFromClient ? (40000, server) : (server, 40000) }
        switch content {
        case .tcp(let segment):
            let header = tcpHeader(
                ports(80).0, ports(80).1, sequence: UInt32(truncatingIfNeeded: segment.sequence),
                acknowledgment: UInt32(truncatingIfNeeded: segment.acknowledgment), flags: segment.flags, window: segment.window)
            return ethernet(0x0800, ipv4(6, from: from, to: to, header + Octets(repeating: 7, count: segment.length)))
        case .udp(let length): return ethernet(0x0800, ipv4(17, from: from, to: to, udp(ports(53).0, ports(53).1, Octets(repeating: 7, count: length))))
        case .echo: return ethernet(0x0800, ipv4(1, from: from, to: to, [isFromClient ? 8 : 0, 0, 0, 0, 0, 1, 0, 1]))
        case .refused: return ethernet(0x0800, ipv4(17, from: from, to: to, udp(9, 9)))
        case .notIP: return ethernet(0x0806, Octets(repeating: 0, count: 28))
        case .malformed: return ethernet(0x0800, [0x45, 0, 0])
        }
    }
}

/// What the tracker's documentation promises, done slowly and plainly: a dictionary, and a look at every connection for each packet.
///
/// It knows no wheel, no list, no burst and no wrapping number. Its domain is what the schedules keep to: of SYNs with another number than the first
/// those that reuse a closed tuple, and those that come to a connection whose handshake is complete, which change nothing.
struct TrackerModel {
    struct Side {
        var packets = 0
        var frameBytes = 0
        var payloadBytes = 0
        var first = Int64.max
        var last = Int64.min
        var syn: Int?
        /// Behind the highest number sent; the highest acknowledgment.
        var next: Int?
        var acknowledged: Int?
        var window = 0
        var hasFin = false
        /// Whether it has sent anything that one sends after a handshake.
        var hasUsed = false

        /// Whether a SYN with this number is the beginning of what was sent.
        func begins(at number: Int) -> Bool { next.map { $0 > number && $0 <= number + payloadBytes + 2 } ?? false }
    }
    enum Phase { case open, closedByFin, closedByReset, tombstone }

    struct Connection {
        var tuple: Int
        var isTCP: Bool
        var timeoutIfNotTCP: Int64
        var phase = Phase.open
        var touched: Int64
        /// Its place in the order in which a full table gives up those of its rank.
        var place = 0
        var rank: Rank?
        var isRankedForClient = true
        var originatorIsClient = true
        var evidence = OriginatorEvidence.firstPacket
        var client = Side()
        var server = Side()
        /// A SYN was answered.
        var isComplete = false

        var originator: Side { originatorIsClient ? client : server }

        var promisedRank: Rank {
            if phase != .open { return .closed }
            let isOneSided = client.packets == 0 || server.packets == 0
            if isTCP, originator.syn != nil || evidence == .synAck, isOneSided || !originator.hasUsed { return .attempt }
            return isOneSided ? .unanswered : .established
        }

        func timeout(_ options: TrackerOptions) -> Int64 {
            switch phase {
            case .tombstone: options.tcpTombstoneTimeout
            case .closedByFin, .closedByReset: options.tcpClosingTimeout
            case .open: !isTCP ? timeoutIfNotTCP : rank == .attempt ? options.tcpEstablishTimeout : options.tcpInactivityTimeout
            }
        }
    }

    let options: TrackerOptions
    var table: [Int: Connection] = [:]
    private(set) var clock = ClockModel()
    private(set) var records: [String] = []
    private(set) var outcomes: [PacketOutcome: UInt64] = [:]
    private(set) var ends: [EndReason: UInt64] = [:]
    private(set) var connections: UInt64 = 0
    private(set) var evictedTombstones: UInt64 = 0
    private(set) var reusedTuples: UInt64 = 0
    private(set) var refusedResets: UInt64 = 0
    private(set) var emergencies: UInt64 = 0
    private var isEmergency = false
    private var places = 0

    init(_ options: TrackerOptions) { self.options = options }

    mutating func run(_ step: Step) {
        switch step {
        case .packet(let packet): outcomes[process(packet), default: 0] += 1
        case .advance(let time): clock.advance(to: time)
        }
        expire()
    }

    mutating func drain() {
        for (tuple, connection) in table where connection.phase != .tombstone {
            let isSilent = clock.believed - connection.touched >= connection.timeout(options)
            end(tuple, isSilent ? .idle : .drained)
        }
        table = [:]
    }

    // MARK: A packet

    private mutating func process(_ packet: Happening) -> PacketOutcome {
        switch packet.content {
        case .refused: return .filtered
        case .notIP: return .notIP
        case .malformed: return .malformed
        case .tcp, .udp, .echo: break
        }
        let tuple = packet.tuple
        let now = clock.see(packet.time)
        if let connection = table[tuple], now - connection.touched >= connection.timeout(options) { timeOut(tuple, at: now) }
        if let connection = table[tuple], connection.phase != .open, opensAnew(packet, connection) {
            if connection.phase != .tombstone { end(tuple, .fin) }
            table[tuple] = nil
            reusedTuples += 1
        }
        if table[tuple]?.phase == .tombstone {
            touch(tuple, now)
            return .afterEnd
        }
        if table[tuple] == nil {
            if !options.midstream, case .tcp(let segment) = packet.content, !segment.flags.contains(.syn) { return .midstream }
            begin(packet, now)
        }
        if case .tcp(let segment) = packet.content { follow(segment, tuple, packet.isFromClient) }
        let side = packet.isFromClient ? \Connection.client : \Connection.server
        table[tuple]![keyPath: side].packets += 1
        table[tuple]![keyPath: side].frameBytes += packet.frame.count
        table[tuple]![keyPath: side].payloadBytes += packet.payloadLength
        table[tuple]![keyPath: side].first = min(table[tuple]![keyPath: side].first, packet.time)
        table[tuple]![keyPath: side].last = max(table[tuple]![keyPath: side].last, packet.time)
        touch(tuple, now)
        return .tracked
    }

    /// Whoever has another rank, or was last heard in another second of 2³⁰ ns, goes to the back. An open established one keeps its rank for its
    /// second, while its
    /// originator is the same.
    private mutating func touch(_ tuple: Int, _ now: Int64) {
        var connection = table[tuple]!
        let isNewSecond = connection.touched >> 30 != now >> 30
        let isKept = !isNewSecond && connection.rank == .established && connection.phase == .open && connection.isRankedForClient == connection.originatorIsClient
        if isNewSecond || !isKept && connection.rank != connection.promisedRank {
            places += 1
            connection.place = places
        }
        if !isKept { connection.rank = connection.promisedRank }
        connection.isRankedForClient = connection.originatorIsClient
        connection.touched = now
        table[tuple] = connection
    }

    private mutating func begin(_ packet: Happening, _ now: Int64) {
        connections += 1
        relieve(newcomers: 1)
        if table.count == options.maxConnections, let victim { giveUp(victim.tuple, .evicted) }
        let isUDP = if case .udp = packet.content { true } else { false }
        var isTCP = false
        if case .tcp = packet.content { isTCP = true }
        var connection = Connection(
            tuple: packet.tuple, isTCP: isTCP, timeoutIfNotTCP: isUDP ? options.udpInactivityTimeout : options.otherInactivityTimeout, touched: now)
        connection.originatorIsClient = packet.isFromClient
        table[packet.tuple] = connection
    }

    // MARK: TCP

    private func opensAnew(_ packet: Happening, _ connection: Connection) -> Bool {
        guard case .tcp(let segment) = packet.content, segment.flags.contains(.syn), !segment.flags.contains(.ack) else { return false }
        let side = packet.isFromClient ? connection.client : connection.server
        return side.syn.map { $0 != segment.sequence } ?? !side.begins(at: segment.sequence)
    }

    private mutating func follow(_ segment: Happening.Segment, _ tuple: Int, _ isFromClient: Bool) {
        var connection = table[tuple]!
        defer { table[tuple] = connection }
        var (side, peer) = isFromClient ? (connection.client, connection.server) : (connection.server, connection.client)
        let flags = segment.flags
        if flags.contains(.syn), connection.evidence == .firstPacket || !flags.contains(.ack) && connection.evidence == .synAck {
            connection.originatorIsClient = flags.contains(.ack) ? !isFromClient : isFromClient
            connection.evidence = flags.contains(.ack) ? .synAck : .syn
        }
        if flags.contains(.rst) {
            guard believes(segment, from: side, peer) else {
                refusedResets += 1
                return
            }
            if connection.phase == .open { connection.phase = .closedByReset }
            return
        }
        if flags.contains(.syn) {
            if side.syn == nil {
                side.syn = segment.sequence
                if !side.begins(at: segment.sequence) { side.next = segment.sequence + 1 }
                if flags.contains(.ack) { side.acknowledged = max(side.acknowledged ?? .min, segment.acknowledgment) }
            }
            if flags.contains(.ack), peer.syn != nil { connection.isComplete = true }
        } else {
            let hasFin = flags.contains(.fin)
            side.next = max(side.next ?? .min, segment.sequence + segment.length + (hasFin ? 1 : 0))
            if flags.contains(.ack) { side.acknowledged = max(side.acknowledged ?? .min, segment.acknowledgment) }
            if hasFin { side.hasFin = true }
            if hasFin || flags.contains(.ack) || segment.length > 0 { side.hasUsed = true }
        }
        side.window = Int(segment.window)
        (connection.client, connection.server) = isFromClient ? (side, peer) : (peer, side)
        if connection.phase == .open, side.hasFin, peer.hasFin { connection.phase = .closedByFin }
    }

    /// RFC 9293 section 3.5.3, RFC 5961 section 3.
    private func believes(_ segment: Happening.Segment, from side: Side, _ peer: Side) -> Bool {
        guard let next = side.next else {
            guard let syn = peer.syn else { return true }
            return segment.flags.contains(.ack) && segment.acknowledgment > syn && segment.acknowledgment <= peer.next!
        }
        let lowest = min(next, peer.acknowledged ?? next)
        return segment.sequence >= lowest && segment.sequence <= next + peer.window
    }

    // MARK: Ends

    private func deadline(_ connection: Connection) -> Int64 { connection.touched + connection.timeout(options) }

    /// Whether the wheel has come round to a deadline: never before it, one tick after it at most.
    private func isLookedAt(_ deadline: Int64) -> Bool { deadline / options.timeoutResolution < clock.believed / options.timeoutResolution }

    private mutating func expire() {
        for tuple in table.keys where isLookedAt(deadline(table[tuple]!)) {
            if table[tuple]!.phase == .open {
                timeOut(tuple, at: .max)
                continue
            }
            if table[tuple]!.phase != .tombstone { end(tuple, .idle) }
            table[tuple]!.phase = .tombstone
            if isLookedAt(deadline(table[tuple]!)) { table[tuple] = nil }
        }
    }

    /// Silent for too long: an open connection is over, a closed one a tombstone for a while, a tombstone gone.
    private mutating func timeOut(_ tuple: Int, at now: Int64) {
        let before = table[tuple]!.phase
        if before != .tombstone { end(tuple, .idle) }
        table[tuple]!.phase = .tombstone
        if before == .open || now - table[tuple]!.touched >= options.tcpTombstoneTimeout { table[tuple] = nil }
    }

    /// The one that a full table gives up first: of the rank with the most but for the established, of these only when there is no other.
    private var victim: Connection? {
        let ranks = [Rank.attempt, .closed, .unanswered].map { rank in table.values.filter { $0.rank == rank } }
        let most = ranks.map(\.count).max()!
        let candidates = most == 0 ? Array(table.values) : ranks.first { $0.count == most }!
        return candidates.min { $0.place < $1.place }
    }

    private mutating func giveUp(_ tuple: Int, _ reason: EndReason) {
        if table[tuple]!.phase == .tombstone { evictedTombstones += 1 } else { end(tuple, reason) }
        table[tuple] = nil
    }

    /// A nearly full table makes room before it is full (`Emergency`).
    private mutating func relieve(newcomers: Int) {
        expire()
        let enter = options.maxConnections * options.emergencyThreshold / 100
        let count = table.count + newcomers
        if isEmergency, count < enter - options.maxConnections / 5 {
            isEmergency = false
        } else if isEmergency || options.emergencyThreshold < 100 && count > enter {
            if !isEmergency { emergencies += 1 }
            isEmergency = true
            for _ in 0..<2 {
                guard let victim, victim.rank != .established, clock.believed - victim.touched >= victim.timeout(options) / 10 else { break }
                giveUp(victim.tuple, .emergency)
            }
        }
    }

    private mutating func end(_ tuple: Int, _ reason: EndReason) {
        let connection = table[tuple]!
        let reason =
            switch connection.phase {
            case .closedByFin: EndReason.fin
            case .closedByReset: EndReason.rst
            default: reason
            }
        ends[reason, default: 0] += 1
        func text(_ side: Side) -> String {
            Self.text(side.packets, side.frameBytes, side.payloadBytes, side.packets == 0 ? 0 : side.first, side.packets == 0 ? 0 : side.last)
        }
        let (originator, responder) = connection.originatorIsClient ? (connection.client, connection.server) : (connection.server, connection.client)
        records.append("\(tuple) \(connection.originatorIsClient ? ">" : "<") \(connection.evidence) \(text(originator)) \(text(responder)) \(reason)")
    }

    static func text(_ packets: Int, _ frameBytes: Int, _ payloadBytes: Int, _ first: Int64, _ last: Int64) -> String {
        "\(packets)/\(frameBytes)/\(payloadBytes) \(Happening.text(first))…\(Happening.text(last))"
    }
}

/// What `PacketClock` promises: small steps are believed, leaps once so many packets in a row agree.
struct ClockModel {
    private(set) var believed = Int64.min
    private var strays: [Int64] = []
    private(set) var leaps: UInt64 = 0

    /// - Returns: the time that counts for this packet.
    mutating func see(_ time: Int64) -> Int64 {
        let time = min(max(time, 0), 1 << 62)
        if believed == .min { believed = time }
        if time - believed >= -PacketClock.back, time - believed <= PacketClock.ahead {
            strays = []
            believed = max(believed, time)
            return believed
        }
        let isAhead = time > believed
        let agrees = strays.first.map { first in
            isAhead == (first > believed) && (isAhead ? time >= first - PacketClock.ahead : abs(time - first) <= PacketClock.back)
        }
        strays = (agrees == true ? strays : []) + [time]
        guard strays.count == (isAhead ? PacketClock.agreementAhead : PacketClock.agreementBack) else { return max(believed, time) }
        // What agreed last may itself be far behind the first: then the first is the better guess.
        believed = isAhead && time - strays[0] > PacketClock.back ? strays[0] : time
        strays = []
        leaps += 1
        return believed
    }

    mutating func advance(to time: Int64) {
        guard time > believed else { return }
        (believed, strays) = (min(max(time, 0), 1 << 62), [])
    }
}
