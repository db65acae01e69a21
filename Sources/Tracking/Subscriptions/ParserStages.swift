import Containers
import Filters
import Packets
import Protocols

/// The parsers that a core's subscriptions asked for, each once however many want its sessions.
public struct ParserStages {
    var stages: [ParserStage] = []
    private var numbers: [ObjectIdentifier: Int] = [:]
    private let capacity: Int
    private let budget: Int
    /// The subscriber at hand, if its sessions go to another core.
    var dispatch: DispatchedSubscriber?

    /// - Parameter budget: bytes that a parser's values may keep together.
    init(capacity: Int, budget: Int) {
        self.capacity = capacity
        self.budget = budget
    }

    private func find<P: SessionParser>(_ parser: P.Type) -> TypedParserStage<P>? {
        numbers[ObjectIdentifier(parser)].flatMap { stages[$0] as? TypedParserStage<P> }
    }

    /// Runs the parser that recognises a service, for a filter that asks for it.
    mutating func addStage(for service: Service) {
        for parser in Parsers.all where parser.service == service { open(parser) }
    }

    private mutating func open<P: SessionParser>(_ parser: P.Type) { _ = stage(for: parser) }

    /// Gives a parser's sessions to a subscriber.
    mutating func add<P: SessionParser>(_ sink: SessionSinkOf<P>, number: Int, depth: SessionDepth) {
        stage(for: P.self).add(dispatch.map { DispatchedSessions(sink, $0) } ?? sink, number: number, depth: depth)
    }

    /// The stage that runs a parser, made at the first request.
    mutating func stage<P: SessionParser>(for parser: P.Type) -> TypedParserStage<P> {
        if let stage = find(parser) { return stage }
        precondition(stages.count < 64, "parsers of which a connection may speak the protocol are a bit each")
        let stage = TypedParserStage<P>(capacity: capacity, budget: budget)
        numbers[ObjectIdentifier(parser)] = stages.count
        stages.append(stage)
        return stage
    }
}

/// What is true of any of a core's parsers.
struct ParserTraits: BitwiseCopyable {
    let takeDatagrams: Bool
    let beginLater: Bool

    init(_ stages: [ParserStage]) {
        takeDatagrams = stages.contains { $0.service.transports.contains(.udp) }
        beginLater = stages.contains { $0.beginsLater }
    }
}

/// A parser on one core with its type forgotten.
class ParserStage {
    let service: Service
    let beginsLater: Bool
    let mayHandOver: Bool
    init(service: Service, beginsLater: Bool, mayHandOver: Bool) {
        (self.service, self.beginsLater, self.mayHandOver) = (service, beginsLater, mayHandOver)
    }

    /// Bytes reserved for its values.
    var byteCount: Int { 0 }
    /// From now on parsers go as far as these filters ask, or a subscriber does; those that have begun stay as they are.
    func adopt(_ plan: FilterPlan) {}
    func probe(_ bytes: RawSpan) -> ProbeAnswer { .notMine }
    func probeLater(_ bytes: RawSpan) -> ProbeAnswer { .notMine }
    func mayBeginLater(after opening: RawSpan) -> LaterBeginning { .ruledOut }
    func probe(datagram: RawSpan) -> Bool { false }
    func start(_ index: Int) {}
    func stop(_ index: Int) {}
    func feed(_ index: Int, _ bytes: RawSpan, from sender: Direction, at time: Timestamp) -> ParserProgress { .done }
    func feed(_ index: Int, datagram: RawSpan, missing: Int, from sender: Direction, at time: Timestamp) -> ParserProgress { .done }
    func skip(_ index: Int, _ byteCount: Int, from sender: Direction) -> ParserProgress { .done }
    func unreadBytes(_ index: Int) -> Int { 0 }
    func reverseRoles(_ index: Int) {}
    func finish(_ index: Int) {}
    /// Takes the next session that is ready, for the three below; false when there is none.
    func takeSession(_ index: Int) -> Bool { false }
    /// Tells a plan the session's values for the fields that it asks for.
    func readSession(for plan: FilterPlan) {}
    /// Gives the session to a subscriber that wants this parser's sessions.
    func giveSession(_ index: Int, to number: Int, _ record: UnsafePointer<ConnectionRecord>) -> Verdict { .more }
    func dropSession() {}
    /// Keeps a copy of the session for subscribers whose filters cannot tell yet, until the connection's end; false when there is no room.
    func holdSession(_ index: Int, for numbers: [Int]) -> Bool { false }
    /// Takes the next that was held, as `takeSession` does, and says for whom.
    func takeHeldSession(_ index: Int) -> [Int]? { nil }
    /// Subscribers that want its sessions, by number.
    var sinkNumbers: [Int] { [] }
    /// The same as a set, once the tracker has said how many subscribers there are.
    private(set) var receivers = MemberSet.allocate(wordCount: 1)

    func setReceivers(memberCount: Int) {
        receivers.deallocate()
        receivers = .allocate(wordCount: MemberSet.wordCount(of: memberCount))
        for number in sinkNumbers { receivers.insert(number) }
    }

    deinit { receivers.deallocate() }
}

/// Runs one parser: its values lie in an array by the connections' indices.
final class TypedParserStage<P: SessionParser>: ParserStage {
    private let parsers: UnsafeMutablePointer<P>
    private let parserMemory: RawMemory
    /// By subscriber's number. Of type `SessionSinkOf<P>`; not said so, because to go through an array of that the machine would have to look the type up.
    private var sinks: [AnyObject?] = []
    /// The same, for calls without a reference counted.
    private var sinkReferences: UnsafeMutablePointer<Unmanaged<AnyObject>?>?
    /// The one that was taken; memory without a value when there is none.
    private let session: UnsafeMutablePointer<P.Session>
    /// Sessions of connections of which a filter wants to know more, by the connections' indices.
    private var heldByIndex: [Int: [(session: P.Session, numbers: [Int])]] = [:]
    private var heldSessions = 0
    /// Of all connections, and of one.
    private static var mostHeld: Int { 4096 }
    private static var mostHeldEach: Int { 64 }
    private let budget: Int
    /// Bytes that the values keep, together and each.
    private var held = 0
    private let heldByEach: UnsafeMutablePointer<UInt32>
    private let heldMemory: RawMemory
    /// How far its subscribers want it to go, and how far parsers that begin now do.
    private var depthOfSinks = SessionDepth.opening
    private var depth = SessionDepth.opening

    init(capacity: Int, budget: Int) {
        self.budget = budget
        parserMemory = RawMemory(byteCount: capacity * MemoryLayout<P>.stride)
        parsers = parserMemory.start.assumingMemoryBound(to: P.self)
        heldMemory = RawMemory(byteCount: capacity * MemoryLayout<UInt32>.stride)
        heldByEach = heldMemory.bound(to: UInt32.self)
        session = .allocate(capacity: 1)
        super.init(service: P.service, beginsLater: P.beginsLater, mayHandOver: P.mayHandOver)
    }

    deinit {
        session.deallocate()
        sinkReferences?.deallocate()
    }

    override func setReceivers(memberCount: Int) {
        super.setReceivers(memberCount: memberCount)
        let references = UnsafeMutablePointer<Unmanaged<AnyObject>?>.allocate(capacity: max(1, sinks.count))
        for (number, sink) in sinks.enumerated() { (references + number).initialize(to: sink.map { .passUnretained($0) }) }
        sinkReferences = references
    }

    override var byteCount: Int { parserMemory.byteCount + heldMemory.byteCount }

    func add(_ sink: SessionSinkOf<P>, number: Int, depth: SessionDepth) {
        while sinks.count <= number { sinks.append(nil) }
        sinks[number] = sink
        depthOfSinks = max(depthOfSinks, depth)
    }

    override func adopt(_ plan: FilterPlan) {
        depth = plan.sessionFields(of: service).reduce(depthOfSinks) { max($0, P.fields[$1].depth) }
    }

    override var sinkNumbers: [Int] { sinks.indices.filter { sinks[$0] != nil } }

    override func probe(_ bytes: RawSpan) -> ProbeAnswer { P.probe(bytes) }
    override func probeLater(_ bytes: RawSpan) -> ProbeAnswer {
        P.probeLater(bytes) ? .mine : bytes.byteCount < ProbeAnswer.fewBytes && P.mayBeCutLater(bytes) ? .unsure : .notMine
    }
    override func mayBeginLater(after opening: RawSpan) -> LaterBeginning { P.mayBeginLater(after: opening) }
    override func probe(datagram: RawSpan) -> Bool { P.probe(datagram: datagram) }
    override func start(_ index: Int) { P._start(parsers + index, depth) }

    override func stop(_ index: Int) {
        P._stop(parsers + index)
        held &-= Int(heldByEach[index])
        heldByEach[index] = 0
    }

    override func feed(_ index: Int, _ bytes: RawSpan, from sender: Direction, at time: Timestamp) -> ParserProgress {
        keepCount(index, parsers[index].feed(bytes, from: sender, at: time))
    }

    override func feed(_ index: Int, datagram: RawSpan, missing: Int, from sender: Direction, at time: Timestamp) -> ParserProgress {
        keepCount(index, parsers[index].feed(datagram: datagram, missing: missing, from: sender, at: time))
    }

    override func skip(_ index: Int, _ byteCount: Int, from sender: Direction) -> ParserProgress {
        keepCount(index, parsers[index].skip(byteCount, from: sender))
    }

    override func unreadBytes(_ index: Int) -> Int { parsers[index].unreadBytes }

    override func reverseRoles(_ index: Int) { parsers[index].reverseRoles() }

    override func finish(_ index: Int) { parsers[index].finish() }

    /// Counts what the parser keeps; whoever takes more once the budget is used up is stopped.
    private func keepCount(_ index: Int, _ progress: ParserProgress) -> ParserProgress {
        let now = UInt32(clamping: P._heldBytes(of: parsers + index))
        let before = heldByEach[index]
        guard now != before else { return progress }
        heldByEach[index] = now
        held &+= Int(now) &- Int(before)
        return now > before && held > budget && progress.isToGoOn ? .failed(.overBudget) : progress
    }

    override func takeSession(_ index: Int) -> Bool { P._takeSession(from: parsers + index, into: session) }

    override func readSession(for plan: FilterPlan) {
        for (place, field) in plan.sessionFields(of: service).enumerated() {
            P.fields[field].read(session.pointee) { plan.take($0, of: service, at: place) }
        }
    }

    override func giveSession(_ index: Int, to number: Int, _ record: UnsafePointer<ConnectionRecord>) -> Verdict {
        guard let sink = sinkReferences?[number] else { return .more }
        return sink._withUnsafeGuaranteedRef { unsafeDowncast($0, to: SessionSinkOf<P>.self).session(index, UnsafePointer(session), record) }
    }

    override func dropSession() { P._dropSession(session) }

    override func holdSession(_ index: Int, for numbers: [Int]) -> Bool {
        guard heldSessions < Self.mostHeld, heldByIndex[index, default: []].count < Self.mostHeldEach else { return false }
        heldSessions += 1
        heldByIndex[index, default: []].append((session.pointee, numbers))
        return true
    }

    override func takeHeldSession(_ index: Int) -> [Int]? {
        guard let next = heldByIndex[index]?.first else { return nil }
        heldByIndex[index]!.removeFirst()
        if heldByIndex[index]!.isEmpty { heldByIndex[index] = nil }
        heldSessions -= 1
        session.initialize(to: next.session)
        return next.numbers
    }
}

/// One subscriber's end of a parser.
class SessionSinkOf<P: SessionParser> {
    func session(_ index: Int, _ session: UnsafePointer<P.Session>, _ record: UnsafePointer<ConnectionRecord>) -> Verdict { .more }
}

final class SessionSink<S: SessionTrackable & ~Copyable>: SessionSinkOf<S.Parser> {
    private let subscriber: TrackableSubscriber<S>

    init(_ subscriber: TrackableSubscriber<S>) { self.subscriber = subscriber }

    override func session(_ index: Int, _ session: UnsafePointer<S.Parser.Session>, _ record: UnsafePointer<ConnectionRecord>) -> Verdict {
        subscriber.session(index, session, record)
    }
}
