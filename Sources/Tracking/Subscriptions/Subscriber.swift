import Containers
import Filters
import Packets
import Protocols

/// What a subscriber is made from: the subscription's filter as the config has it, for whom, and how many connections there may be.
public struct SubscriberOrder {
    public var filter: Filter
    public var context: ReportContext
    /// Connections that the core's tracker keeps at most, `TrackerOptions.maxConnections`.
    public var maxConnections: Int

    public init(filter: Filter, context: ReportContext, maxConnections: Int) {
        self.filter = filter
        self.context = context
        self.maxConnections = maxConnections
    }
}

/// A subscription on one core with its type forgotten: the class is made once at start, so that a packet costs a virtual call and no more,
/// and only at the stages that the type asked for.
open class Subscriber {
    public let filter: Filter
    public let needs: Needs
    /// Its place among those that track connections; given by the tracker.
    var number = 0

    init(_ filter: Filter, _ needs: Needs) {
        self.filter = filter
        self.needs = needs
    }

    /// Bytes reserved for its values.
    var byteCount: Int { 0 }

    /// A single packet, for `PacketSubscription`.
    func packet(_ packet: UnsafePointer<Packet>, _ frame: RawSpan) {}

    // For `Trackable`, of the connection at an index of the table.
    func start(_ index: Int, _ record: UnsafePointer<ConnectionRecord>) {}
    func packet(_ index: Int, _ packet: UnsafePointer<Packet>, _ frame: RawSpan, from sender: Direction) -> Verdict { .more }
    func stream(_ index: Int, _ bytes: RawSpan, from sender: Direction) -> Verdict { .more }
    func gap(_ index: Int, _ byteCount: Int, from sender: Direction) -> Verdict { .more }
    func reoriented(_ index: Int, _ record: UnsafePointer<ConnectionRecord>) {}
    func conflict(_ index: Int, _ conflict: StreamConflict, from sender: Direction) -> Verdict { .more }
    func end(_ index: Int, _ record: UnsafePointer<ConnectionRecord>) {}
    func drop(_ index: Int) {}
    func subscribeToSessions(_ parsers: inout ParserStages) {}

    /// Adds the report of the same subscription on another core to this one's; that one's is used up.
    public func mergeReport(of other: Subscriber) {}
    func emergency(_ event: EmergencyEvent) {}
    public func flushReport() {}
    public func finishReport() throws {}
}

/// Runs a `PacketSubscription` on one core.
final class PacketSubscriber<S: PacketSubscription & ~Copyable>: Subscriber {
    // In raw memory, because a class's stored property is checked for exclusive access at each use.
    private let report: UnsafeMutablePointer<S.Report>
    private var hasReport = true

    init(_ order: SubscriberOrder) throws {
        report = .allocate(capacity: 1)
        report.initialize(to: try S.makeReport(order.context))
        super.init(order.filter, S._needs)
    }

    deinit {
        if hasReport { report.deinitialize(count: 1) }
        report.deallocate()
    }

    override func packet(_ packet: UnsafePointer<Packet>, _ frame: RawSpan) { S.packet(packet.pointee, frame, &report.pointee) }

    override func mergeReport(of other: Subscriber) {
        guard let other = other as? Self, other.hasReport else { return }
        other.hasReport = false
        report.pointee.merge(other.report.move())
    }

    override func flushReport() { report.pointee.flush() }

    override func finishReport() throws { try report.pointee.finish() }
}

/// Runs a `Trackable` on one core: the connections' values lie in an array by the connections' indices, of which only the part that is used
/// costs memory.
public final class TrackableSubscriber<S: Trackable & ~Copyable>: Subscriber {
    private let values: UnsafeMutablePointer<S>
    private let memory: RawMemory
    private let report: UnsafeMutablePointer<S.Report>
    private var hasReport = true

    init(_ order: SubscriberOrder) throws {
        memory = RawMemory(byteCount: ConnTracker.capacity(order.maxConnections) * MemoryLayout<S>.stride)
        values = memory.start.assumingMemoryBound(to: S.self)
        report = .allocate(capacity: 1)
        report.initialize(to: try S.makeReport(order.context))
        super.init(order.filter, S._needs)
    }

    deinit {
        if hasReport { report.deinitialize(count: 1) }
        report.deallocate()
    }

    override var byteCount: Int { memory.byteCount }

    override func start(_ index: Int, _ record: UnsafePointer<ConnectionRecord>) { S._start(values + index, record) }

    override func packet(_ index: Int, _ packet: UnsafePointer<Packet>, _ frame: RawSpan, from sender: Direction) -> Verdict {
        values[index]._packet(packet.pointee, frame, from: sender, &report.pointee)
    }

    override func stream(_ index: Int, _ bytes: RawSpan, from sender: Direction) -> Verdict {
        values[index]._stream(bytes, from: sender, &report.pointee)
    }

    override func gap(_ index: Int, _ byteCount: Int, from sender: Direction) -> Verdict {
        values[index]._gap(byteCount, from: sender, &report.pointee)
    }

    override func reoriented(_ index: Int, _ record: UnsafePointer<ConnectionRecord>) { values[index].reoriented(record.pointee, &report.pointee) }

    override func conflict(_ index: Int, _ conflict: StreamConflict, from sender: Direction) -> Verdict {
        values[index]._conflict(conflict, from: sender, &report.pointee)
    }

    override func end(_ index: Int, _ record: UnsafePointer<ConnectionRecord>) { S._end(values + index, record, &report.pointee) }

    override func drop(_ index: Int) { (values + index).deinitialize(count: 1) }

    override func subscribeToSessions(_ parsers: inout ParserStages) { S._subscribeToSessions(self, &parsers) }

    func session(
        _ index: Int, _ session: UnsafePointer<S.Parser.Session>, _ record: UnsafePointer<ConnectionRecord>
    ) -> Verdict where S: SessionTrackable {
        S._session(values + index, session, record, &report.pointee)
    }

    public override func mergeReport(of other: Subscriber) {
        guard let other = other as? TrackableSubscriber<S>, other.hasReport else { return }
        other.hasReport = false
        report.pointee.merge(other.report.move())
    }

    override func emergency(_ event: EmergencyEvent) { report.pointee.emergency(event) }

    public override func flushReport() { report.pointee.flush() }

    public override func finishReport() throws { try report.pointee.finish() }
}
