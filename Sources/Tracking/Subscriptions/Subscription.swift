import Filters
import Packets
import Protocols

/// A question to the traffic: which packets it is about, and what is gathered for it.
///
/// A subscription is a type. What it conforms to is what gets done for it, and nothing else is:
///
/// | protocol | callback | what it turns on |
/// |---|---|---|
/// | `PacketSubscription` | each matching packet, no connection needed | nothing |
/// | `Trackable` | `ended`: a connection's record | connection tracking, a value of the type for each connection |
/// | `PacketTrackable` | each packet of its connections, in arrival order | |
/// | `StreamTrackable` | TCP payload in order, gaps, overlaps that differ | reassembly |
/// | `SessionTrackable` | parsed sessions | reassembly and the parser |
/// | `EstablishedTrackable` | a connection's record, once it is established | |
/// | `TickTrackable` | its record every so many packets, bytes or seconds | |
///
/// A type may conform to several. Everything happens on the core that polled the packet: callbacks get their own connection's value and their
/// core's report, both `inout`, so they need neither locks nor globals. They must not block: the card does not wait. A type whose callbacks take their time
/// asks for another core (`dispatch`).
public protocol Subscription: ~Copyable {
    /// What one core gathers.
    associatedtype Report: SubscriptionReport = NoReport
    /// The name that the config and the command line choose it by, such as `server_names`. Made of the type's name unless given.
    static var name: String { get }
    /// One line for `fovea list`.
    static var summary: String { get }
    /// Which traffic it is about; the config may give another.
    static var filter: Filter { get }
    /// Where its callbacks run: `.inline` unless given; the config may say otherwise. Of a capture file they run inline in any case.
    static var dispatch: Dispatch { get }

    /// Makes a core's report.
    ///
    /// - Throws: when the output cannot be written; the run does not start then.
    static func makeReport(_ context: ReportContext) throws -> Report

    static func _makeSubscriber(_ order: SubscriberOrder) throws -> Subscriber
    static var _needs: Needs { get }
}

/// What one core gathers for a subscription, and how cores are summed up.
public protocol SubscriptionReport {
    /// Takes in another core's report, at the end of the run.
    mutating func merge(_ other: Self)
    /// Called about once a second while traffic is live, on the report's core: the place to hand on what is gathered. Must not block.
    mutating func flush()
    /// The core's connection table became nearly full, or has room again. Only where connections are tracked.
    mutating func emergency(_ event: EmergencyEvent)
    /// Called once on the merged report, after the last packet: the place to print.
    mutating func finish() throws
}

extension SubscriptionReport {
    public mutating func flush() {}
    public mutating func emergency(_ event: EmergencyEvent) {}
    public mutating func finish() throws {}
}

/// The report of a subscription that gathers nothing.
public struct NoReport: SubscriptionReport {
    public init() {}
    public mutating func merge(_ other: NoReport) {}
}

/// For whom a report is made.
public struct ReportContext: Sendable {
    /// What the subscription is called in this run: its type's name, unless the config gives it one of its own.
    public var subscription: String
    /// The lcore's number.
    public var lcore: Int
    /// The folder for result files; nil when results go to standard output.
    public var outputFolder: String?
    /// The file for this subscription's results, nil for standard output: `<folder>/<subscription>.jsonl`, unless the config says otherwise.
    public var outputFile: String?
    /// The subscription's name where its lines would not tell it from others that write to the same place.
    public var label: String?
    /// How much of what its type conforms to it gets in this run.
    public var delivery = Delivery()
    /// The subscription's place among those of the run.
    package var place = 0
    /// What the core's writers share where their lines are put in order. Theirs to know.
    package var lines: (any AnyObject & Sendable)?

    public init(subscription: String, lcore: Int, outputFolder: String?) {
        self.subscription = subscription
        self.lcore = lcore
        self.outputFolder = outputFolder
        outputFile = outputFolder.map { "\($0)/\(subscription).jsonl" }
    }
}

/// What the callbacks of a connection say about going on.
public enum Verdict: Sendable {
    /// Go on.
    case more
    /// No more packets, bytes or sessions of this connection; `ended` still comes. Work that nobody else wants stops here.
    case done
    /// Nothing of this connection any more, not even `ended`: the value is dropped at once.
    case unsubscribe
}

/// Wants single packets, whatever connection they belong to, and those that belong to none.
public protocol PacketSubscription: Subscription, ~Copyable {
    /// Which of the packets that match, on each core: `.first` and `.every` count all connections' packets together, and those that have none. All unless
    /// given; the config may give another.
    static var packetSelection: PacketSelection { get }
    /// - Parameters:
    ///   - packet: its headers; malformed ones and those that are not IP come, too, if the filter lets them.
    ///   - frame: the captured bytes from the link layer's header on, valid during the call.
    static func packet(_ packet: Packet, _ frame: RawSpan, _ report: inout Report)

    // The packets of a burst that have a bit: the framework does not know the type, and would take a longer way for each.
    static func _packets(
        _ packets: UnsafePointer<Packet>, _ frames: UnsafePointer<Frame>, _ wanted: UInt64, _ current: inout UnsafePointer<Packet>?, _ report: inout Report)
}

/// Keeps a value for each connection, from its first packet to its end.
public protocol Trackable: Subscription, ~Copyable {
    /// What is kept of a connection while the filter cannot tell yet, to be given when it then matches, in order and before anything else: to `packet` the
    /// packets, to `stream` the bytes. Without it they get what comes from then on. Nil unless given; the config may give another.
    static var history: HistoryBudget? { get }

    /// - Parameter connection: the record as it stands at the first packet, that packet included.
    init(_ connection: ConnectionRecord)
    /// The originator was found to be the other endpoint than was said so far (`^` in the history); what has been handed out came from the opposite
    /// direction. Filters that look at directions have been asked again.
    mutating func reoriented(_ connection: ConnectionRecord, _ report: inout Report)
    /// The connection is over, or the run is.
    consuming func ended(_ connection: ConnectionRecord, _ report: inout Report)

    // What the framework asks of a value in memory, knowing its type: its own code does not, and would copy the record for each call.
    static func _start(_ value: UnsafeMutablePointer<Self>, _ record: UnsafePointer<ConnectionRecord>)
    static func _end(_ value: UnsafeMutablePointer<Self>, _ record: UnsafePointer<ConnectionRecord>, _ report: inout Report)

    static var _seesPackets: Bool { get }
    static var _choosesPackets: Bool { get }
    static var _seesStream: Bool { get }
    static var _seesSessions: Bool { get }
    static var _seesEstablishment: Bool { get }
    static var _selection: PacketSelection { get }
    static var _depth: Int? { get }
    static var _tick: TickInterval? { get }
    static func _established(_ value: UnsafeMutablePointer<Self>, _ record: UnsafePointer<ConnectionRecord>, _ report: inout Report) -> Verdict
    static func _ticked(_ value: UnsafeMutablePointer<Self>, _ record: UnsafePointer<ConnectionRecord>, _ report: inout Report) -> Verdict
    mutating func _packet(_ packet: Packet, _ frame: RawSpan, from sender: Direction, _ report: inout Report) -> Verdict
    mutating func _stream(_ bytes: RawSpan, from sender: Direction, _ report: inout Report) -> Verdict
    mutating func _gap(_ byteCount: Int, from sender: Direction, _ report: inout Report) -> Verdict
    mutating func _conflict(_ conflict: StreamConflict, from sender: Direction, _ report: inout Report) -> Verdict
    static func _subscribeToSessions(_ subscriber: TrackableSubscriber<Self>, _ parsers: inout ParserStages)
}

/// Wants each packet of its connections, in the order of arrival.
public protocol PacketTrackable: Trackable, ~Copyable {
    /// Whether the filter chooses single packets of connections: what it says of packets is asked of each, and a source is a packet's sender. False unless
    /// a type says otherwise: a connection of which one packet fits brings all.
    static var choosesPackets: Bool { get }
    /// Which of a connection's packets. All unless given; the config may give another.
    static var packetSelection: PacketSelection { get }
    mutating func packet(_ packet: Packet, _ frame: RawSpan, from sender: Direction, _ report: inout Report) -> Verdict
}

/// Wants the TCP payload in order: this turns reassembly on. Urgent data comes in line, where it stands in the stream (RFC 6093).
public protocol StreamTrackable: Trackable, ~Copyable {
    /// So many bytes of each direction, from where it was picked up; what is behind them is not given. Nil, which is all of them, unless given; the config may
    /// give another.
    static var streamDepth: Int? { get }
    /// - Parameter bytes: the direction's next bytes, valid during the call.
    mutating func stream(_ bytes: RawSpan, from sender: Direction, _ report: inout Report) -> Verdict
    /// So many bytes of the direction will never come; what comes next lies behind them.
    mutating func gap(_ byteCount: Int, from sender: Direction, _ report: inout Report) -> Verdict
    /// Bytes of the direction came twice and were not the same.
    mutating func conflict(_ conflict: StreamConflict, from sender: Direction, _ report: inout Report) -> Verdict
}

extension Trackable where Self: ~Copyable {
    public mutating func reoriented(_ connection: ConnectionRecord, _ report: inout Report) {}
}

extension StreamTrackable where Self: ~Copyable {
    public mutating func gap(_ byteCount: Int, from sender: Direction, _ report: inout Report) -> Verdict { .more }
    public mutating func conflict(_ conflict: StreamConflict, from sender: Direction, _ report: inout Report) -> Verdict { .more }
}

/// Wants parsed sessions: this turns reassembly and the parser on. Connections that do not speak the protocol bring none.
public protocol SessionTrackable: Trackable, ~Copyable {
    associatedtype Parser: SessionParser
    /// How far the parser has to go for it. Unless a type says otherwise no farther than to the session's opening, which costs least and comes soonest; where
    /// another subscription of the core wants more, or a filter does, sessions have more and come later.
    static var sessionDepth: SessionDepth { get }
    /// - Parameter connection: the record as it stands at the session's last byte. What its streams lost is known at the end.
    mutating func session(_ session: Parser.Session, of connection: ConnectionRecord, _ report: inout Report) -> Verdict

    // As `_start`: nothing is copied for the call.
    static func _session(
        _ value: UnsafeMutablePointer<Self>, _ session: UnsafePointer<Parser.Session>, _ record: UnsafePointer<ConnectionRecord>, _ report: inout Report
    ) -> Verdict
}

/// Wants to know of each of its connections when it is established, before the bytes that come with that packet: a TCP handshake is complete, or both sides of
/// a connection that was picked up later have been heard; of anything else, there was an answer. Told once, and at the start when the filter could only tell
/// after that.
public protocol EstablishedTrackable: Trackable, ~Copyable {
    /// - Parameter connection: the record as it stands, the packet at hand included.
    mutating func established(_ connection: ConnectionRecord, _ report: inout Report) -> Verdict
}

/// Wants its connections' records again and again as they go on.
public protocol TickTrackable: Trackable, ~Copyable {
    /// How often; the config may give another.
    static var tick: TickInterval { get }
    /// - Parameter connection: the record as it stands, the packet at hand included.
    mutating func ticked(_ connection: ConnectionRecord, _ report: inout Report) -> Verdict
}

/// What a subscription needs, for `fovea list`.
public struct Needs: OptionSet, Sendable {
    public var rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let packets = Needs(rawValue: 1)
    public static let connections = Needs(rawValue: 2)
    public static let connectionPackets = Needs(rawValue: 4)
    public static let stream = Needs(rawValue: 8)
    public static let sessions = Needs(rawValue: 16)
    public static let establishment = Needs(rawValue: 32)
    public static let ticks = Needs(rawValue: 64)
    /// Packets that the filter chooses one by one, knowing their connection.
    public static let singlePackets = Needs(rawValue: 128)
}

// MARK: How the framework asks

extension Subscription where Self: ~Copyable {
    /// `ServerNames` becomes `server_names`.
    public static var name: String {
        var text = ""
        for character in String(describing: Self.self) {
            if character.isUppercase, !text.isEmpty { text += "_" }
            text += character.lowercased()
        }
        return text
    }
    public static var summary: String { "" }
    public static var filter: Filter { .everything }
    public static var dispatch: Dispatch { .inline }
}

extension Subscription where Self: ~Copyable, Report == NoReport {
    public static func makeReport(_ context: ReportContext) -> NoReport { NoReport() }
}

extension PacketSubscription where Self: ~Copyable {
    public static var packetSelection: PacketSelection { .all }
    public static func _makeSubscriber(_ order: SubscriberOrder) throws -> Subscriber { try PacketSubscriber<Self>(order) }
    @inlinable
    public static func _packets(
        _ packets: UnsafePointer<Packet>, _ frames: UnsafePointer<Frame>, _ wanted: UInt64, _ current: inout UnsafePointer<Packet>?, _ report: inout Report
    ) {
        var rest = wanted
        while rest != 0 {
            let place = rest.trailingZeroBitCount
            rest &= rest &- 1
            current = packets + place
            packet(packets[place], RawSpan(_unsafeStart: frames[place].bytes, byteCount: Int(frames[place].length)), &report)
        }
    }
    public static var _needs: Needs { .packets }
}

extension Trackable where Self: ~Copyable {
    public static var history: HistoryBudget? { nil }
    public static func _makeSubscriber(_ order: SubscriberOrder) throws -> Subscriber {
        let selection = order.context.delivery.packets ?? _selection
        let depth = _seesStream ? order.context.delivery.bytes ?? _depth : nil
        return selection == .all && depth == nil ? try TrackableSubscriber<Self>(order) : try SelectiveSubscriber<Self>(order, selection, depth: depth)
    }
    public static var _needs: Needs {
        var needs: Needs = .connections
        if _seesPackets { needs.insert(.connectionPackets) }
        if _choosesPackets { needs.insert(.singlePackets) }
        if _seesStream { needs.insert(.stream) }
        if _seesSessions { needs.insert(.sessions) }
        if _seesEstablishment { needs.insert(.establishment) }
        if _tick != nil { needs.insert(.ticks) }
        return needs
    }
    public static func _start(_ value: UnsafeMutablePointer<Self>, _ record: UnsafePointer<ConnectionRecord>) { value.initialize(to: Self(record.pointee)) }
    public static func _end(_ value: UnsafeMutablePointer<Self>, _ record: UnsafePointer<ConnectionRecord>, _ report: inout Report) {
        value.move().ended(record.pointee, &report)
    }
    // Constants after specialisation: a refinement of the protocol gives the other answer.
    public static var _seesPackets: Bool { false }
    public static var _choosesPackets: Bool { false }
    public static var _seesStream: Bool { false }
    public static var _seesSessions: Bool { false }
    public static var _seesEstablishment: Bool { false }
    public static var _selection: PacketSelection { .all }
    public static var _depth: Int? { nil }
    public static var _tick: TickInterval? { nil }
    public static func _established(_ value: UnsafeMutablePointer<Self>, _ record: UnsafePointer<ConnectionRecord>, _ report: inout Report) -> Verdict { .more }
    public static func _ticked(_ value: UnsafeMutablePointer<Self>, _ record: UnsafePointer<ConnectionRecord>, _ report: inout Report) -> Verdict { .more }
    public mutating func _packet(_ packet: Packet, _ frame: RawSpan, from sender: Direction, _ report: inout Report) -> Verdict { .more }
    public mutating func _stream(_ bytes: RawSpan, from sender: Direction, _ report: inout Report) -> Verdict { .more }
    public mutating func _gap(_ byteCount: Int, from sender: Direction, _ report: inout Report) -> Verdict { .more }
    public mutating func _conflict(_ conflict: StreamConflict, from sender: Direction, _ report: inout Report) -> Verdict { .more }
    public static func _subscribeToSessions(_ subscriber: TrackableSubscriber<Self>, _ parsers: inout ParserStages) {}
}

extension PacketTrackable where Self: ~Copyable {
    public static var choosesPackets: Bool { false }
    public static var _choosesPackets: Bool { choosesPackets }
    public static var packetSelection: PacketSelection { .all }
    public static var _selection: PacketSelection { packetSelection }
    public static var _seesPackets: Bool { true }
    public mutating func _packet(_ packet: Packet, _ frame: RawSpan, from sender: Direction, _ report: inout Report) -> Verdict {
        self.packet(packet, frame, from: sender, &report)
    }
}

extension StreamTrackable where Self: ~Copyable {
    public static var streamDepth: Int? { nil }
    public static var _depth: Int? { streamDepth }
    public static var _seesStream: Bool { true }
    public mutating func _stream(_ bytes: RawSpan, from sender: Direction, _ report: inout Report) -> Verdict { stream(bytes, from: sender, &report) }
    public mutating func _gap(_ byteCount: Int, from sender: Direction, _ report: inout Report) -> Verdict { gap(byteCount, from: sender, &report) }
    public mutating func _conflict(_ conflict: StreamConflict, from sender: Direction, _ report: inout Report) -> Verdict {
        self.conflict(conflict, from: sender, &report)
    }
}

extension EstablishedTrackable where Self: ~Copyable {
    public static var _seesEstablishment: Bool { true }
    public static func _established(_ value: UnsafeMutablePointer<Self>, _ record: UnsafePointer<ConnectionRecord>, _ report: inout Report) -> Verdict {
        value.pointee.established(record.pointee, &report)
    }
}

extension TickTrackable where Self: ~Copyable {
    public static var _tick: TickInterval? { tick }
    public static func _ticked(_ value: UnsafeMutablePointer<Self>, _ record: UnsafePointer<ConnectionRecord>, _ report: inout Report) -> Verdict {
        value.pointee.ticked(record.pointee, &report)
    }
}

extension SessionTrackable where Self: ~Copyable {
    public static var sessionDepth: SessionDepth { .opening }
    public static var _seesSessions: Bool { true }
    public static func _session(
        _ value: UnsafeMutablePointer<Self>, _ session: UnsafePointer<Parser.Session>, _ record: UnsafePointer<ConnectionRecord>, _ report: inout Report
    ) -> Verdict {
        // Moved out and back: a copy for the call would count references.
        let place = UnsafeMutablePointer(mutating: session)
        let session = place.move()
        defer { place.initialize(to: session) }
        return value.pointee.session(session, of: record.pointee, &report)
    }
    public static func _subscribeToSessions(_ subscriber: TrackableSubscriber<Self>, _ parsers: inout ParserStages) {
        parsers.add(SessionSink<Self>(subscriber), number: subscriber.number, depth: sessionDepth)
    }
}
