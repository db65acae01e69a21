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
    /// Without a report nothing can be delivered: that is for asking what a subscriber would need.
    public var makesReport = true

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
    /// Bytes reserved for what is on its way to another core.
    var ringByteCount: Int { 0 }

    /// For `PacketSubscription`: single packets, those of a burst that have a bit.
    ///
    /// - Parameter current: is set to the one at hand.
    func packets(
        _ packets: UnsafePointer<Packet>, _ frames: UnsafePointer<Frame>, _ wanted: UInt64, _ current: inout UnsafePointer<Packet>?
    ) {}

    // For `Trackable`, of the connection at an index of the table.
    func start(_ index: Int, _ record: UnsafePointer<ConnectionRecord>) {}
    func packet(_ index: Int, _ packet: UnsafePointer<Packet>, _ frame: RawSpan, from sender: Direction) -> Verdict { .more }
    func stream(_ index: Int, _ bytes: RawSpan, from sender: Direction) -> Verdict { .more }
    func gap(_ index: Int, _ byteCount: Int, from sender: Direction) -> Verdict { .more }
    func reoriented(_ index: Int, _ record: UnsafePointer<ConnectionRecord>) {}
    func conflict(_ index: Int, _ conflict: StreamConflict, from sender: Direction) -> Verdict { .more }
    func end(_ index: Int, _ record: UnsafePointer<ConnectionRecord>) {}
    func established(_ index: Int, _ record: UnsafePointer<ConnectionRecord>) -> Verdict { .more }
    func ticked(_ index: Int, _ record: UnsafePointer<ConnectionRecord>) -> Verdict { .more }
    func drop(_ index: Int) {}

    /// How often its connections tick; nil when they do not.
    var tick: TickInterval? { nil }
    /// What of connections is kept for it while its filter cannot tell.
    public var history: HistoryBudget? { nil }
    /// The connection begins to tick, this far on its way.
    func armTick(_ index: Int, at clock: TickClock) {}
    /// Whether a tick is due; the one after it is what is due then.
    func takeTick(_ index: Int, at clock: TickClock) -> Bool { false }
    /// When the connection ticks next.
    func nextTick(_ index: Int) -> (unit: TickUnit, due: UInt64) { (.packets, .max) }
    func subscribeToSessions(_ parsers: inout ParserStages) {}

    // Which packets it gets (`PacketSelection`), apart from giving them: those that go to another core are chosen before.
    /// From now on all packets that it is given have been chosen.
    func chooseElsewhere() {}
    /// Of the single packets of a burst that fit its filter those that it gets.
    func chooseSingles(_ fitting: UInt64) -> UInt64 { fitting }
    /// A connection begins.
    func beginChoosing(_ index: Int) {}
    /// Whether it gets a connection's next packet, and any after that.
    func choosePacket(_ index: Int) -> (isWanted: Bool, wantsMore: Bool) { (true, true) }

    /// Adds the report of the same subscription on another core to this one's; that one's is used up.
    public func mergeReport(of other: Subscriber) {}
    func emergency(_ event: EmergencyEvent) {}
    public func flushReport() {}
    public func finishReport() throws {}
    /// No more packets will come; what follows is the end of all connections.
    public func captureHasEnded() {}
}

/// Runs a `PacketSubscription` on one core.
final class PacketSubscriber<S: PacketSubscription & ~Copyable>: Subscriber {
    // In raw memory, because a class's stored property is checked for exclusive access at each use.
    private let report: UnsafeMutablePointer<S.Report>
    private var hasReport: Bool
    private let selection: PacketSelection
    private var isChosenElsewhere = false
    /// Packets that matched, when not all are wanted.
    private var matched: UInt64 = 0

    init(_ order: SubscriberOrder) throws {
        selection = order.context.delivery.packets ?? S.packetSelection
        report = .allocate(capacity: 1)
        hasReport = order.makesReport
        if order.makesReport { report.initialize(to: try S.makeReport(order.context)) }
        super.init(order.filter, S._needs)
    }

    deinit {
        if hasReport { report.deinitialize(count: 1) }
        report.deallocate()
    }

    override func packets(
        _ packets: UnsafePointer<Packet>, _ frames: UnsafePointer<Frame>, _ wanted: UInt64, _ current: inout UnsafePointer<Packet>?
    ) {
        S._packets(packets, frames, selection == .all || isChosenElsewhere ? wanted : select(wanted), &current, &report.pointee)
    }

    override func chooseElsewhere() { isChosenElsewhere = true }
    override func chooseSingles(_ fitting: UInt64) -> UInt64 { selection == .all ? fitting : select(fitting) }

    private func select(_ wanted: UInt64) -> UInt64 {
        var (rest, selected) = (wanted, 0 as UInt64)
        while rest != 0 {
            if selection.takes(matched) { selected |= rest & (0 &- rest) }
            matched &+= 1
            rest &= rest &- 1
        }
        return selected
    }

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
public class TrackableSubscriber<S: Trackable & ~Copyable>: Subscriber {
    private let values: UnsafeMutablePointer<S>
    private let memory: RawMemory
    private let report: UnsafeMutablePointer<S.Report>
    private var hasReport: Bool
    private let interval: TickInterval?
    /// When each connection ticks next.
    private let ticks: RawMemory
    private let keptBefore: HistoryBudget?

    init(_ order: SubscriberOrder) throws {
        let capacity = ConnTracker.capacity(order.maxConnections), delivery = order.context.delivery
        memory = RawMemory(byteCount: capacity * MemoryLayout<S>.stride)
        values = memory.start.assumingMemoryBound(to: S.self)
        interval = S._tick.map { delivery.tick ?? $0 }
        ticks = RawMemory(byteCount: interval == nil ? 0 : capacity * MemoryLayout<UInt64>.stride)
        keptBefore = S._seesPackets || S._seesStream ? delivery.history ?? S.history : nil
        report = .allocate(capacity: 1)
        hasReport = order.makesReport
        if order.makesReport { report.initialize(to: try S.makeReport(order.context)) }
        super.init(order.filter, S._needs)
    }

    deinit {
        if hasReport { report.deinitialize(count: 1) }
        report.deallocate()
    }

    override var byteCount: Int { memory.byteCount + ticks.byteCount }

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

    override func established(_ index: Int, _ record: UnsafePointer<ConnectionRecord>) -> Verdict {
        S._established(values + index, record, &report.pointee)
    }

    override func ticked(_ index: Int, _ record: UnsafePointer<ConnectionRecord>) -> Verdict { S._ticked(values + index, record, &report.pointee) }

    override var tick: TickInterval? { interval }
    public override var history: HistoryBudget? { keptBefore }

    override func armTick(_ index: Int, at clock: TickClock) {
        guard let (unit, count) = interval?.step else { return }
        // The next multiple.
        let due = (clock.count(unit) / count).addingReportingOverflow(1).partialValue.multipliedReportingOverflow(by: count)
        ticks.bound(to: UInt64.self)[index] = due.overflow ? .max : due.partialValue
    }

    override func takeTick(_ index: Int, at clock: TickClock) -> Bool {
        guard let interval, clock.count(interval.step.unit) >= ticks.bound(to: UInt64.self)[index] else { return false }
        armTick(index, at: clock)
        return true
    }

    override func nextTick(_ index: Int) -> (unit: TickUnit, due: UInt64) {
        guard let interval else { return (.packets, .max) }
        return (interval.step.unit, ticks.bound(to: UInt64.self)[index])
    }

    override func subscribeToSessions(_ parsers: inout ParserStages) { S._subscribeToSessions(self, &parsers) }

    final func session(
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

/// A `Trackable` that gets only some of each connection's packets, or only the beginnings of its streams.
final class SelectiveSubscriber<S: Trackable & ~Copyable>: TrackableSubscriber<S> {
    private let selection: PacketSelection
    /// Packets of each connection so far.
    private let counts: RawMemory
    /// Bytes of each direction that are wanted; nil: all.
    private let depth: UInt64?
    /// How many have come, with those in gaps, of the originator and of the responder of each connection.
    private let places: RawMemory
    /// Whether a connection is of no more use once it has brought the packets, or the bytes, that are wanted.
    private let wantsPacketsOnly: Bool
    private let wantsStreamOnly: Bool
    private var isChosenElsewhere = false

    init(_ order: SubscriberOrder, _ selection: PacketSelection, depth: Int?) throws {
        self.selection = selection
        self.depth = depth.map { UInt64(clamping: $0) }
        let capacity = ConnTracker.capacity(order.maxConnections)
        counts = RawMemory(byteCount: selection == .all ? 0 : capacity * MemoryLayout<UInt64>.stride)
        places = RawMemory(byteCount: depth == nil ? 0 : 2 * capacity * MemoryLayout<UInt64>.stride)
        wantsPacketsOnly = S._needs.subtracting(.singlePackets) == [.connections, .connectionPackets]
        wantsStreamOnly = S._needs == [.connections, .stream]
        try super.init(order)
    }

    override var byteCount: Int { super.byteCount + counts.byteCount + places.byteCount }

    override func start(_ index: Int, _ record: UnsafePointer<ConnectionRecord>) {
        if !isChosenElsewhere { beginChoosing(index) }
        if depth != nil { (place(index, .originator).pointee, place(index, .responder).pointee) = (0, 0) }
        super.start(index, record)
    }

    // MARK: Streams

    private func place(_ index: Int, _ sender: Direction) -> UnsafeMutablePointer<UInt64> {
        places.bound(to: UInt64.self) + 2 * index + Int(sender.rawValue)
    }

    /// How many of a direction's next bytes are wanted.
    private func advance(_ byteCount: Int, _ index: Int, _ sender: Direction) -> Int {
        guard let depth else { return byteCount }
        let place = place(index, sender)
        let rest = depth &- min(depth, place.pointee)
        place.pointee &+= UInt64(byteCount)
        return Int(min(UInt64(byteCount), rest))
    }

    /// The same verdict, but nothing more is wanted of whom both directions are as long as they may be.
    private func settle(_ verdict: Verdict, _ index: Int) -> Verdict {
        guard verdict == .more, wantsStreamOnly, let depth else { return verdict }
        return min(place(index, .originator).pointee, place(index, .responder).pointee) >= depth ? .done : .more
    }

    override func stream(_ index: Int, _ bytes: RawSpan, from sender: Direction) -> Verdict {
        let count = advance(bytes.byteCount, index, sender)
        return settle(count > 0 ? super.stream(index, bytes.extracting(first: count), from: sender) : .more, index)
    }

    override func gap(_ index: Int, _ byteCount: Int, from sender: Direction) -> Verdict {
        let count = advance(byteCount, index, sender)
        return settle(count > 0 ? super.gap(index, count, from: sender) : .more, index)
    }

    override func reoriented(_ index: Int, _ record: UnsafePointer<ConnectionRecord>) {
        if depth != nil { swap(&place(index, .originator).pointee, &place(index, .responder).pointee) }
        super.reoriented(index, record)
    }

    // MARK: Packets

    override func packet(_ index: Int, _ packet: UnsafePointer<Packet>, _ frame: RawSpan, from sender: Direction) -> Verdict {
        if isChosenElsewhere { return super.packet(index, packet, frame, from: sender) }
        let (isWanted, wantsMore) = choosePacket(index)
        let verdict = isWanted ? super.packet(index, packet, frame, from: sender) : .more
        return verdict == .more && !wantsMore ? .done : verdict
    }

    override func chooseElsewhere() { isChosenElsewhere = true }
    override func beginChoosing(_ index: Int) { if selection != .all { counts.bound(to: UInt64.self)[index] = 0 } }

    override func choosePacket(_ index: Int) -> (isWanted: Bool, wantsMore: Bool) {
        guard selection != .all else { return (true, true) }
        let count = counts.bound(to: UInt64.self)[index]
        counts.bound(to: UInt64.self)[index] = count &+ 1
        return (selection.takes(count), !wantsPacketsOnly || selection.takesMore(after: count))
    }
}

extension PacketSelection {
    /// Whether it has the packet before which there were so many.
    fileprivate func takes(_ count: UInt64) -> Bool {
        switch self {
        case .all: true
        case .first(let limit): count < UInt64(max(0, limit))
        case .every(let interval): count % UInt64(max(1, interval)) == 0
        }
    }

    fileprivate func takesMore(after count: UInt64) -> Bool {
        guard case .first(let limit) = self else { return true }
        return count &+ 1 < UInt64(max(0, limit))
    }
}
