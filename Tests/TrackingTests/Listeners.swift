import Filters
import Packets
import Protocols
@testable import Tracking

/// What a test's subscription is told, in order.
enum Event: Equatable {
    case packet(Direction, UInt32)
    case bytes(Direction, Octets)
    case gap(Direction, Int)
    case conflict(Direction, StreamConflict)
    case session
    case reoriented
    /// With the packets of both sides so far.
    case established(UInt64)
    case tick(UInt64)
}

/// The report of the tests' subscriptions: what they were told. A reference, so that the test can look at it at any time.
final class Log: SubscriptionReport, @unchecked Sendable {
    @TaskLocal static var current = Log()

    var ended: [ConnectionRecord] = []
    /// By the connection's first port and name, in order.
    var events: [(connection: String, event: Event)] = []
    var singles: [PacketProblem?] = []
    var names: [String] = []
    var emergencies: [EmergencyEvent] = []
    /// What the subscription answers.
    var verdict: (Event) -> Verdict = { _ in .more }
    var keepsEvents = true

    func merge(_ other: Log) { ended += other.ended }
    func emergency(_ event: EmergencyEvent) { emergencies.append(event) }

    func note(_ event: Event, _ connection: String) -> Verdict {
        if keepsEvents { events.append((connection, event)) }
        return verdict(event)
    }

    /// The stream of one direction of all connections: nil for each byte of a gap.
    func stream(_ direction: Direction) -> [UInt8?] {
        events.flatMap { entry -> [UInt8?] in
            switch entry.event {
            case .bytes(direction, let bytes): bytes
            case .gap(direction, let count): Array(repeating: nil, count: count)
            default: []
            }
        }
    }

    var conflicts: [StreamConflict] {
        events.compactMap { if case .conflict(_, let conflict) = $0.event { conflict } else { nil } }
    }

    var gaps: [Int] {
        events.compactMap { if case .gap(_, let count) = $0.event { count } else { nil } }
    }
}

/// Counts the lives of subscriptions' and parsers' values.
final class Ledger: @unchecked Sendable {
    @TaskLocal static var current = Ledger()
    var made = 0
    var destroyed = 0
    /// Parsers made, and what they were fed.
    var parsers = 0
    var fed = 0
}

/// A record of each connection.
struct Records: Trackable {
    init(_ connection: ConnectionRecord) {}
    static func makeReport(_ context: ReportContext) -> Log { Log.current }
    consuming func ended(_ connection: ConnectionRecord, _ log: inout Log) { log.ended.append(connection) }
}

/// The streams of each connection, by a type that can neither be copied nor destroyed twice.
struct Streams: StreamTrackable, ~Copyable {
    let connection: String
    private let ledger = Ledger.current

    init(_ connection: ConnectionRecord) {
        self.connection = connection.uid
        ledger.made += 1
    }
    deinit { ledger.destroyed += 1 }

    static func makeReport(_ context: ReportContext) -> Log { Log.current }
    mutating func stream(_ bytes: RawSpan, from sender: Direction, _ log: inout Log) -> Verdict {
        log.note(.bytes(sender, bytes.withUnsafeBytes { Octets($0) }), connection)
    }
    mutating func gap(_ byteCount: Int, from sender: Direction, _ log: inout Log) -> Verdict { log.note(.gap(sender, byteCount), connection) }
    mutating func reoriented(_ connection: ConnectionRecord, _ log: inout Log) { _ = log.note(.reoriented, self.connection) }
    mutating func conflict(_ conflict: StreamConflict, from sender: Direction, _ log: inout Log) -> Verdict {
        log.note(.conflict(sender, conflict), connection)
    }
    consuming func ended(_ connection: ConnectionRecord, _ log: inout Log) { log.ended.append(connection) }
}

/// Each packet and the streams of each connection.
struct PacketsAndStreams: PacketTrackable, StreamTrackable, ~Copyable {
    let connection: String
    private let ledger = Ledger.current

    init(_ connection: ConnectionRecord) {
        self.connection = connection.uid
        ledger.made += 1
    }
    deinit { ledger.destroyed += 1 }

    static func makeReport(_ context: ReportContext) -> Log { Log.current }
    mutating func packet(_ packet: Packet, _ frame: RawSpan, from sender: Direction, _ log: inout Log) -> Verdict {
        log.note(.packet(sender, packet.payloadLength), connection)
    }
    mutating func stream(_ bytes: RawSpan, from sender: Direction, _ log: inout Log) -> Verdict {
        log.note(.bytes(sender, bytes.withUnsafeBytes { Octets($0) }), connection)
    }
    mutating func gap(_ byteCount: Int, from sender: Direction, _ log: inout Log) -> Verdict { log.note(.gap(sender, byteCount), connection) }
    consuming func ended(_ connection: ConnectionRecord, _ log: inout Log) { log.ended.append(connection) }
}

/// All that happens to each connection between its beginning and its end.
struct Moments: PacketTrackable, StreamTrackable, EstablishedTrackable, TickTrackable, ~Copyable {
    static let tick = TickInterval.packets(3)
    let connection: String
    private let ledger = Ledger.current

    init(_ connection: ConnectionRecord) {
        self.connection = connection.uid
        ledger.made += 1
    }
    deinit { ledger.destroyed += 1 }

    static func makeReport(_ context: ReportContext) -> Log { Log.current }
    mutating func packet(_ packet: Packet, _ frame: RawSpan, from sender: Direction, _ log: inout Log) -> Verdict {
        log.note(.packet(sender, packet.payloadLength), connection)
    }
    mutating func stream(_ bytes: RawSpan, from sender: Direction, _ log: inout Log) -> Verdict {
        log.note(.bytes(sender, bytes.withUnsafeBytes { Octets($0) }), connection)
    }
    mutating func gap(_ byteCount: Int, from sender: Direction, _ log: inout Log) -> Verdict { log.note(.gap(sender, byteCount), connection) }
    mutating func established(_ connection: ConnectionRecord, _ log: inout Log) -> Verdict { log.note(.established(connection.packets), self.connection) }
    mutating func ticked(_ connection: ConnectionRecord, _ log: inout Log) -> Verdict { log.note(.tick(connection.packets), self.connection) }
    consuming func ended(_ connection: ConnectionRecord, _ log: inout Log) { log.ended.append(connection) }
}

extension ConnectionRecord {
    fileprivate var packets: UInt64 { originator.packets + responder.packets }
}

/// Only that a connection is established.
struct Establishments: EstablishedTrackable {
    init(_ connection: ConnectionRecord) {}
    static func makeReport(_ context: ReportContext) -> Log { Log.current }
    mutating func established(_ connection: ConnectionRecord, _ log: inout Log) -> Verdict { log.note(.established(connection.packets), "\(connection.originator.port)") }
    consuming func ended(_ connection: ConnectionRecord, _ log: inout Log) { log.ended.append(connection) }
}

/// Only ticks.
struct Ticks: TickTrackable {
    static let tick = TickInterval.packets(1)
    init(_ connection: ConnectionRecord) {}
    static func makeReport(_ context: ReportContext) -> Log { Log.current }
    mutating func ticked(_ connection: ConnectionRecord, _ log: inout Log) -> Verdict { log.note(.tick(connection.packets), "\(connection.originator.port)") }
    consuming func ended(_ connection: ConnectionRecord, _ log: inout Log) { log.ended.append(connection) }
}

/// Only the packets of each connection.
struct Packets: PacketTrackable {
    init(_ connection: ConnectionRecord) {}
    static func makeReport(_ context: ReportContext) -> Log { Log.current }
    mutating func packet(_ packet: Packet, _ frame: RawSpan, from sender: Direction, _ log: inout Log) -> Verdict {
        log.note(.packet(sender, packet.payloadLength), "")
    }
    consuming func ended(_ connection: ConnectionRecord, _ log: inout Log) { log.ended.append(connection) }
}

/// TLS sessions, by their server name.
struct TLSNames: SessionTrackable, ~Copyable {
    typealias Parser = TLSParser
    let connection: String
    private let ledger = Ledger.current

    init(_ connection: ConnectionRecord) {
        self.connection = connection.uid
        ledger.made += 1
    }
    deinit { ledger.destroyed += 1 }

    static func makeReport(_ context: ReportContext) -> Log { Log.current }
    mutating func session(_ session: TLSHandshake, of connection: ConnectionRecord, _ log: inout Log) -> Verdict {
        log.names.append("\(session.serverName ?? "")")
        return log.note(.session, self.connection)
    }
    consuming func ended(_ connection: ConnectionRecord, _ log: inout Log) { log.ended.append(connection) }
}

/// Bytes between `!` and `.`: a protocol for tests, whose parser keeps memory and counts itself.
struct ExclamationParser: SessionParser {
    static let service = Service.none
    private final class Life {
        let ledger = Ledger.current
        init() { ledger.parsers += 1 }
        deinit { ledger.destroyed += 1 }
    }

    private let life = Life()
    private var text: Octets = []
    private var sessions: [Octets] = []

    init() {}

    static func probe(_ bytes: RawSpan) -> ProbeAnswer { bytes.unsafeLoad(fromByteOffset: 0, as: UInt8.self) == UInt8(ascii: "!") ? .mine : .notMine }

    mutating func feed(_ bytes: RawSpan, from sender: Direction) -> ParserProgress {
        life.ledger.fed += bytes.byteCount
        for index in 0..<bytes.byteCount {
            switch bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self) {
            case UInt8(ascii: "!"): text = []
            case UInt8(ascii: "."): sessions.append(text)
            case UInt8(ascii: "?"): return .failed(.malformed)
            case let byte: text.append(byte)
            }
        }
        return sessions.isEmpty ? .wantsMore : .ready
    }

    mutating func skip(_ byteCount: Int, from sender: Direction) -> ParserProgress { .failed(.unexpected) }
    mutating func reverseRoles() {}
    mutating func finish() {}
    mutating func nextSession() -> Octets? { sessions.isEmpty ? nil : sessions.removeFirst() }
}

struct Exclamations: SessionTrackable, ~Copyable {
    typealias Parser = ExclamationParser
    let connection: String
    private let ledger = Ledger.current

    init(_ connection: ConnectionRecord) {
        self.connection = connection.uid
        ledger.made += 1
    }
    deinit { ledger.destroyed += 1 }

    static func makeReport(_ context: ReportContext) -> Log { Log.current }
    mutating func session(_ text: Octets, of connection: ConnectionRecord, _ log: inout Log) -> Verdict {
        log.names.append(String(decoding: text, as: UTF8.self))
        return log.note(.session, self.connection)
    }
    consuming func ended(_ connection: ConnectionRecord, _ log: inout Log) { log.ended.append(connection) }
}

/// Single packets.
struct Singles: PacketSubscription {
    static func makeReport(_ context: ReportContext) -> Log { Log.current }
    static func packet(_ packet: Packet, _ frame: RawSpan, _ log: inout Log) { log.singles.append(packet.problem) }
}
