import Filters
import Packets
import Protocols

/// What a subscription is called for.
public enum Callback: Int, CaseIterable, Sendable {
    case beginning, established, packet, stream, session, tick, end

    public var name: String {
        switch self {
        case .beginning: "beginnings"
        case .established: "established"
        case .packet: "packets"
        case .stream: "stream chunks"
        case .session: "sessions"
        case .tick: "ticks"
        case .end: "ends"
        }
    }
}

/// A subscriber whose calls are counted and timed, in place of the one that it calls: what is not measured costs nothing for it.
final class MeasuredSubscriber: Subscriber {
    private let inner: Subscriber
    private let meter: StageMeter
    private(set) var calls = [UInt64](repeating: 0, count: Callback.allCases.count)
    private(set) var cycles = [UInt64](repeating: 0, count: Callback.allCases.count)
    /// Of a subscription of single packets those that its filter wanted.
    private(set) var singlePackets = TrafficVolume()
    private let isForEachPacket: Bool

    /// - Parameter isForEachPacket: whether single packets are given one by one, so that each one's cycles are known.
    init(_ inner: Subscriber, _ meter: StageMeter, isForEachPacket: Bool = true) {
        self.inner = inner
        self.meter = meter
        self.isForEachPacket = isForEachPacket
        super.init(inner.filter, inner.needs)
    }

    func measured<Answer>(_ callback: Callback, _ call: () -> Answer) -> Answer {
        let outer = meter.enter(.callbacks), before = meter.cycles(.callbacks)
        let answer = call()
        meter.leave(to: outer)
        calls[callback.rawValue] &+= 1
        cycles[callback.rawValue] &+= meter.cycles(.callbacks) &- before
        return answer
    }

    override var byteCount: Int { inner.byteCount }
    override var tick: TickInterval? { inner.tick }
    override var history: HistoryBudget? { inner.history }

    override func packets(
        _ packets: UnsafePointer<Packet>, _ frames: UnsafePointer<Frame>, _ wanted: UInt64, _ current: inout UnsafePointer<Packet>?
    ) {
        guard isForEachPacket else { return measured(.packet) { inner.packets(packets, frames, wanted, &current) } }
        for place in 0..<64 where wanted >> UInt64(place) & 1 != 0 {
            let before = meter.cycles(.callbacks)
            measured(.packet) { inner.packets(packets, frames, 1 << UInt64(place), &current) }
            singlePackets.add(packets + place, meter.cycles(.callbacks) &- before)
        }
    }

    override func start(_ index: Int, _ record: UnsafePointer<ConnectionRecord>) { measured(.beginning) { inner.start(index, record) } }

    override func packet(_ index: Int, _ packet: UnsafePointer<Packet>, _ frame: RawSpan, from sender: Direction) -> Verdict {
        measured(.packet) { inner.packet(index, packet, frame, from: sender) }
    }

    override func stream(_ index: Int, _ bytes: RawSpan, from sender: Direction) -> Verdict {
        measured(.stream) { inner.stream(index, bytes, from: sender) }
    }

    override func gap(_ index: Int, _ byteCount: Int, from sender: Direction) -> Verdict { measured(.stream) { inner.gap(index, byteCount, from: sender) } }

    override func conflict(_ index: Int, _ conflict: StreamConflict, from sender: Direction) -> Verdict {
        measured(.stream) { inner.conflict(index, conflict, from: sender) }
    }

    override func reoriented(_ index: Int, _ record: UnsafePointer<ConnectionRecord>) { inner.reoriented(index, record) }
    override func end(_ index: Int, _ record: UnsafePointer<ConnectionRecord>) { measured(.end) { inner.end(index, record) } }

    override func established(_ index: Int, _ record: UnsafePointer<ConnectionRecord>) -> Verdict {
        measured(.established) { inner.established(index, record) }
    }

    override func ticked(_ index: Int, _ record: UnsafePointer<ConnectionRecord>) -> Verdict { measured(.tick) { inner.ticked(index, record) } }

    override func drop(_ index: Int) { inner.drop(index) }
    override func armTick(_ index: Int, at clock: TickClock) { inner.armTick(index, at: clock) }
    override func takeTick(_ index: Int, at clock: TickClock) -> Bool { inner.takeTick(index, at: clock) }
    override func nextTick(_ index: Int) -> (unit: TickUnit, due: UInt64) { inner.nextTick(index) }
    override func emergency(_ event: EmergencyEvent) { inner.emergency(event) }

    override func subscribeToSessions(_ parsers: inout ParserStages) {
        inner.number = number
        inner.subscribeToSessions(&parsers)
    }
}

/// A parser whose work is timed, in place of the one that it calls.
final class MeasuredParserStage: ParserStage {
    private let inner: ParserStage
    private let meter: StageMeter
    private let subscribers: [Subscriber]

    init(_ inner: ParserStage, _ meter: StageMeter, _ subscribers: [Subscriber]) {
        self.inner = inner
        self.meter = meter
        self.subscribers = subscribers
        super.init(service: inner.service, beginsLater: inner.beginsLater, mayHandOver: inner.mayHandOver)
    }

    private func measured<Answer>(_ call: () -> Answer) -> Answer {
        let outer = meter.enter(.parsing)
        defer { meter.leave(to: outer) }
        return call()
    }

    override var byteCount: Int { inner.byteCount }
    override func adopt(_ plan: FilterPlan) { inner.adopt(plan) }
    override var sinkNumbers: [Int] { inner.sinkNumbers }

    override func setReceivers(memberCount: Int) {
        inner.setReceivers(memberCount: memberCount)
        super.setReceivers(memberCount: memberCount)
    }

    override func probe(_ bytes: RawSpan) -> ProbeAnswer { measured { inner.probe(bytes) } }
    override func probeLater(_ bytes: RawSpan) -> ProbeAnswer { measured { inner.probeLater(bytes) } }
    override func mayBeginLater(after opening: RawSpan) -> LaterBeginning { measured { inner.mayBeginLater(after: opening) } }
    override func start(_ index: Int) { measured { inner.start(index) } }
    override func stop(_ index: Int) { measured { inner.stop(index) } }
    override func probe(datagram: RawSpan) -> Bool { measured { inner.probe(datagram: datagram) } }
    override func feed(_ index: Int, _ bytes: RawSpan, from sender: Direction, at time: Timestamp) -> ParserProgress {
        measured { inner.feed(index, bytes, from: sender, at: time) }
    }
    override func feed(_ index: Int, datagram: RawSpan, missing: Int, from sender: Direction, at time: Timestamp) -> ParserProgress {
        measured { inner.feed(index, datagram: datagram, missing: missing, from: sender, at: time) }
    }
    override func skip(_ index: Int, _ byteCount: Int, from sender: Direction) -> ParserProgress { measured { inner.skip(index, byteCount, from: sender) } }
    override func unreadBytes(_ index: Int) -> Int { inner.unreadBytes(index) }
    override func reverseRoles(_ index: Int) { inner.reverseRoles(index) }
    override func finish(_ index: Int) { measured { inner.finish(index) } }
    override func takeSession(_ index: Int) -> Bool { measured { inner.takeSession(index) } }
    override func readSession(for plan: FilterPlan) { inner.readSession(for: plan) }
    override func dropSession() { measured { inner.dropSession() } }
    override func holdSession(_ index: Int, for numbers: [Int]) -> Bool { inner.holdSession(index, for: numbers) }
    override func takeHeldSession(_ index: Int) -> [Int]? { inner.takeHeldSession(index) }

    override func giveSession(_ index: Int, to number: Int, _ record: UnsafePointer<ConnectionRecord>) -> Verdict {
        guard let subscriber = subscribers[number] as? MeasuredSubscriber else { return inner.giveSession(index, to: number, record) }
        return subscriber.measured(.session) { inner.giveSession(index, to: number, record) }
    }
}
