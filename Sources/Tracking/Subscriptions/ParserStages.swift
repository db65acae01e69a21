import Containers
import Packets
import Protocols

/// The parsers that a core's subscriptions asked for, each once however many want its sessions.
public struct ParserStages {
    var stages: [ParserStage] = []
    private var numbers: [ObjectIdentifier: Int] = [:]
    private let capacity: Int
    private let budget: Int

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
        switch service {
        case .none: break
        case .tls: _ = stage(for: TLSParser.self)
        }
    }

    /// The stage that runs a parser, made at the first request.
    mutating func stage<P: SessionParser>(for parser: P.Type) -> TypedParserStage<P> {
        if let stage = find(parser) { return stage }
        precondition(stages.count < 256, "a connection keeps its parser's number in a byte")
        let stage = TypedParserStage<P>(capacity: capacity, budget: budget)
        numbers[ObjectIdentifier(parser)] = stages.count
        stages.append(stage)
        return stage
    }
}

/// What the sessions' subscribers said: whose work for the connection is done, and who wants nothing of it any more.
struct SessionVerdicts {
    /// Sessions that the parser gave.
    var sessions = 0
    var done = SubscriberSet()
    var unsubscribed = SubscriberSet()
}

/// A parser on one core with its type forgotten.
class ParserStage {
    let service: Service
    init(service: Service) { self.service = service }

    /// Bytes reserved for its values.
    var byteCount: Int { 0 }
    func probe(_ bytes: RawSpan) -> ProbeAnswer { .notMine }
    func probeLater(_ bytes: RawSpan) -> Bool { false }
    func start(_ index: Int) {}
    func stop(_ index: Int) {}
    func feed(_ index: Int, _ bytes: RawSpan, from sender: Direction) -> ParserProgress { .done }
    func skip(_ index: Int, _ byteCount: Int, from sender: Direction) -> ParserProgress { .done }
    func reverseRoles(_ index: Int) {}
    func finish(_ index: Int) {}
    /// Gives the sessions that are ready to those of `subscribed` that want them.
    func deliver(_ index: Int, of record: UnsafePointer<ConnectionRecord>, to subscribed: SubscriberSet) -> SessionVerdicts { SessionVerdicts() }
}

/// Runs one parser: its values lie in an array by the connections' indices.
final class TypedParserStage<P: SessionParser>: ParserStage {
    private let parsers: UnsafeMutablePointer<P>
    private let parserMemory: RawMemory
    /// Of type `SessionSinkOf<P>`. Not said so, because to go through an array of that the machine would have to look the type up.
    private var sinks: [AnyObject] = []
    private let budget: Int
    /// Bytes that the values keep, together and each.
    private var held = 0
    private let heldByEach: UnsafeMutablePointer<UInt32>
    private let heldMemory: RawMemory

    init(capacity: Int, budget: Int) {
        self.budget = budget
        parserMemory = RawMemory(byteCount: capacity * MemoryLayout<P>.stride)
        parsers = parserMemory.start.assumingMemoryBound(to: P.self)
        heldMemory = RawMemory(byteCount: capacity * MemoryLayout<UInt32>.stride)
        heldByEach = heldMemory.bound(to: UInt32.self)
        super.init(service: P.service)
    }

    override var byteCount: Int { parserMemory.byteCount + heldMemory.byteCount }

    func add(_ sink: SessionSinkOf<P>) { sinks.append(sink) }

    override func probe(_ bytes: RawSpan) -> ProbeAnswer { P.probe(bytes) }
    override func probeLater(_ bytes: RawSpan) -> Bool { P.probeLater(bytes) }
    override func start(_ index: Int) { (parsers + index).initialize(to: P()) }

    override func stop(_ index: Int) {
        (parsers + index).deinitialize(count: 1)
        held &-= Int(heldByEach[index])
        heldByEach[index] = 0
    }

    override func feed(_ index: Int, _ bytes: RawSpan, from sender: Direction) -> ParserProgress {
        keepCount(index, parsers[index].feed(bytes, from: sender))
    }

    override func skip(_ index: Int, _ byteCount: Int, from sender: Direction) -> ParserProgress {
        keepCount(index, parsers[index].skip(byteCount, from: sender))
    }

    override func reverseRoles(_ index: Int) { parsers[index].reverseRoles() }

    override func finish(_ index: Int) { parsers[index].finish() }

    /// Counts what the parser keeps; whoever takes more once the budget is used up is stopped.
    private func keepCount(_ index: Int, _ progress: ParserProgress) -> ParserProgress {
        let now = UInt32(clamping: P._heldBytes(of: parsers + index))
        let before = heldByEach[index]
        guard now != before else { return progress }
        heldByEach[index] = now
        held &+= Int(now) &- Int(before)
        return now > before && held > budget && progress == .wantsMore ? .failed(.overBudget) : progress
    }

    override func deliver(_ index: Int, of record: UnsafePointer<ConnectionRecord>, to subscribed: SubscriberSet) -> SessionVerdicts {
        var verdicts = SessionVerdicts()
        P._takeSessions(from: parsers + index) { session in
            verdicts.sessions += 1
            for number in 0..<sinks.count {
                let sink = unsafeDowncast(sinks[number], to: SessionSinkOf<P>.self)
                guard subscribed.contains(sink.member), !verdicts.done.contains(sink.member), !verdicts.unsubscribed.contains(sink.member) else { continue }
                switch sink.session(index, session, record) {
                case .more: break
                case .done: verdicts.done.insert(sink.member)
                case .unsubscribe: verdicts.unsubscribed.insert(sink.member)
                }
            }
        }
        return verdicts
    }
}

/// One subscriber's end of a parser.
class SessionSinkOf<P: SessionParser> {
    var member = SubscriberSet()
    func session(_ index: Int, _ session: P.Session, _ record: UnsafePointer<ConnectionRecord>) -> Verdict { .more }
}

final class SessionSink<S: SessionTrackable & ~Copyable>: SessionSinkOf<S.Parser> {
    private let subscriber: TrackableSubscriber<S>

    init(_ subscriber: TrackableSubscriber<S>) {
        self.subscriber = subscriber
        super.init()
        member = subscriber.member
    }

    override func session(_ index: Int, _ session: S.Parser.Session, _ record: UnsafePointer<ConnectionRecord>) -> Verdict {
        subscriber.session(index, session, record)
    }
}
