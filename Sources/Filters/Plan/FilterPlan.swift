import Packets

/// The filters of all subscriptions that track connections, made ready to be asked together on one core.
///
/// A filter is asked again and again as more becomes known of a connection, and decides as soon as it can:
///
///     packet ──▶ gate: could any filter want it?            no: free it
///     connection's first packet ──▶ yes, no, or not yet     for each filter
///     packet, service, session, end ──▶ the same for those that said "not yet"
///
/// What a flow's key and the service do not answer are *facts* (`FilterParts`): there is a packet such that …, there is a session such that …, the
/// tracker's counts are …. Equal questions of several filters are one fact, asked once. For an event the plan works out which facts are answered, and
/// the filters' programs go over answers.
///
/// A plan belongs to one core: it has room for the answers at hand.
public final class FilterPlan {
    public let filters: [Filter]
    public var count: Int { filters.count }
    let facts: PlanFacts
    private let programs: UnsafeMutablePointer<FilterProgram>
    /// Programs of the packet facts, and of the session facts over atoms, by fact less the range's start.
    private let packetPrograms: UnsafeMutablePointer<FilterProgram>
    private let sessionPrograms: UnsafeMutablePointer<FilterProgram>
    /// The facts' answers for the connection at hand.
    private let answers: UnsafeMutablePointer<Match>
    /// Single tests of sessions, for the session at hand.
    private let atoms: UnsafeMutablePointer<Match>
    private let atomCount: Int
    /// By service, and then by the number of the field among those that the parser declares.
    private let indices: [Service: [(field: Int, index: SessionFieldIndex)]]
    /// The session facts that may hold once an atom does, by atom; and those that may hold without any.
    private let factsOfAtom: [[Int]]
    private let factsWithoutAtom: [Int]
    /// Session facts that ask sessions alone; the others look at the key, too.
    private let isPlainSession: [Bool]
    /// What a session fact says of a connection that has none, if it is plain.
    private let withoutSession: UnsafeMutablePointer<Match>
    /// Those that are not plain, and those with latches.
    private let specialSessionFacts: [Int]
    /// Session facts that hold for the session at hand.
    private var found: [Int] = []

    /// Those whose answer hangs on protocols, service and sessions alone, and is the same for all connections with the same of these (`BulkAnswers`).
    let bulk: MemberSet
    /// By the number of the state; made when a connection is first in it.
    private let bulkAnswers: UnsafeMutablePointer<BulkAnswers?>
    private let index: MemberIndex?
    /// The same, for looks that count no references.
    private let indexReference: Unmanaged<MemberIndex>?
    private var gateTable: GateTable!
    /// Plans of so few filters ask one after the other.
    private static let few = 8

    /// Those that ask packets or the tracker's counts, which change with each packet.
    public let packetAskers: MemberSet
    /// Those that choose single packets, and ask these for more than their key.
    public let packetChoosers: MemberSet
    public let sessionAskers: MemberSet
    /// Those that need the stream read: they ask sessions, or for the service.
    public let streamAskers: MemberSet
    /// 64-bit words that a connection needs to remember answers; zeroed when it begins.
    public let latchWords: Int
    public let wordCount: Int

    /// - Parameter singlePackets: filters, by number, that choose single packets of connections: what they say is asked of each packet, and a source is
    ///   the packet's sender.
    /// - Throws: `FilterPlanError` when a filter mixes packets and sessions in too many ways.
    public init(_ filters: [Filter], singlePackets: Set<Int> = []) throws(FilterPlanError) {
        self.filters = filters
        let facts = try PlanFacts(filters, bySender: singlePackets)
        self.facts = facts
        wordCount = MemberSet.wordCount(of: filters.count)
        latchWords = (facts.latchCount + 63) / 64

        programs = .allocate(capacity: max(1, filters.count))
        for (number, filter) in facts.joined.enumerated() { (programs + number).initialize(to: FilterProgram(filter)) }
        packetPrograms = .allocate(capacity: max(1, facts.packetFacts.count))
        sessionPrograms = .allocate(capacity: max(1, facts.sessionFacts.count))
        var numbers: [FieldTest: Int] = [:]
        for (number, fact) in facts.facts.enumerated() {
            switch fact.question {
            case .connection: break
            case .packet(let filter, _): (packetPrograms + (number - facts.packetFacts.lowerBound)).initialize(to: FilterProgram(filter))
            case .session(let filter):
                let atomic = Filter(filter.node.withAtoms(&numbers))
                (sessionPrograms + (number - facts.sessionFacts.lowerBound)).initialize(to: FilterProgram(atomic))
            }
        }
        answers = .allocate(capacity: max(1, facts.facts.count))
        answers.initialize(repeating: .unknown, count: max(1, facts.facts.count))
        atomCount = numbers.count
        atoms = .allocate(capacity: max(1, atomCount))
        atoms.initialize(repeating: .no, count: max(1, atomCount))

        var tests: [Service: [Int: [(test: FieldTest, number: Int)]]] = [:]
        for (test, number) in numbers {
            guard case .session(let service, let field) = test.field.source else { continue }
            tests[service, default: [:]][field, default: []].append((test, number))
        }
        indices = tests.mapValues { fields in
            fields.sorted { $0.key < $1.key }.map { (field: $0.key, index: SessionFieldIndex($0.value[0].test.field, $0.value)) }
        }

        var factsOfAtom = [[Int]](repeating: [], count: numbers.count), factsWithoutAtom: [Int] = []
        var isPlainSession: [Bool] = [], withoutSession: [Match] = []
        for number in facts.sessionFacts {
            guard case .session(let filter) = facts.facts[number].question else { continue }
            for test in filter.node.tests { factsOfAtom[numbers[test]!].append(number) }
            if !filter.node.needsATest { factsWithoutAtom.append(number) }
            isPlainSession.append(filter.node.dependence() == .session)
            var key = FlowKey()
            withoutSession.append(sessionPrograms[number - facts.sessionFacts.lowerBound].match(&key, source: nil, service: nil, facts: atoms))
        }
        (self.factsOfAtom, self.factsWithoutAtom) = (factsOfAtom, factsWithoutAtom)
        self.isPlainSession = isPlainSession
        self.withoutSession = .allocate(capacity: max(1, withoutSession.count))
        self.withoutSession.initialize(from: withoutSession, count: withoutSession.count)
        specialSessionFacts = facts.sessionFacts.filter { facts.facts[$0].latch != nil || !isPlainSession[$0 - facts.sessionFacts.lowerBound] }

        bulk = .allocate(wordCount: wordCount)
        bulkAnswers = .allocate(capacity: BulkState.count)
        bulkAnswers.initialize(repeating: nil, count: BulkState.count)
        if filters.count > Self.few {
            for (number, filter) in facts.joined.enumerated() where filter.node.hangsOnProtocolsAlone(facts, isPlainSession) { bulk.insert(number) }
            let rest = facts.joined.enumerated().filter { [bulk] in !bulk.contains($0.offset) }
            index = MemberIndex(rest.map { (number: $0.offset, filter: $0.element) })
        } else {
            index = nil
        }
        indexReference = index.map { .passUnretained($0) }

        packetAskers = .allocate(wordCount: wordCount)
        packetChoosers = .allocate(wordCount: wordCount)
        sessionAskers = .allocate(wordCount: wordCount)
        streamAskers = .allocate(wordCount: wordCount)
        for (number, fact) in facts.facts.enumerated() {
            let askers = facts.sessionFacts.contains(number) ? sessionAskers : packetAskers
            for member in fact.members {
                askers.insert(member)
                if facts.packetFacts.contains(number), singlePackets.contains(member) { packetChoosers.insert(member) }
            }
        }
        for (number, filter) in filters.enumerated() where !filter.node.dependence().isDisjoint(with: [.service, .session]) {
            streamAskers.insert(number)
        }
        gateTable = GateTable(programs, count: filters.count, index: index) { [unowned self] protocols in
            let answers = self.bulkAnswers(BulkState(protocols: protocols, service: nil, sessions: .open))
            return !answers.yes.isEmpty || !answers.unknown.isEmpty
        }
    }

    /// Valid as long as the plan is.
    public var gate: PlanGate { PlanGate(gateTable) }

    deinit {
        programs.deinitialize(count: filters.count).deallocate()
        packetPrograms.deinitialize(count: facts.packetFacts.count).deallocate()
        sessionPrograms.deinitialize(count: facts.sessionFacts.count).deallocate()
        answers.deallocate()
        atoms.deallocate()
        packetAskers.deallocate()
        packetChoosers.deallocate()
        sessionAskers.deallocate()
        streamAskers.deallocate()
        bulk.deallocate()
        withoutSession.deallocate()
        for number in 0..<BulkState.count {
            bulkAnswers[number]?.yes.deallocate()
            bulkAnswers[number]?.unknown.deallocate()
        }
        bulkAnswers.deallocate()
    }

    /// The application protocols that filters ask for: whoever runs the plan must recognise these.
    public var services: Set<Service> { filters.reduce(into: []) { $0.formUnion($1.services) } }

    /// Whether its filters are few, and key and service are all they look at: then each is asked by its program, and nothing else is to be known.
    public var asksProgramsAlone: Bool { index == nil && !hasFacts }
    public var hasFacts: Bool { !facts.facts.isEmpty }
    public var hasConnectionFacts: Bool { !facts.connectionFacts.isEmpty }
    public var hasSessionFacts: Bool { !facts.sessionFacts.isEmpty }

    /// The filter's program, which is asked about packets where facts are not known.
    @inline(__always)
    public func program(_ number: Int) -> UnsafePointer<FilterProgram> { UnsafePointer(programs + number) }
}

extension Filter.Node {
    /// With facts, numbered as `numbers` has them, in the place of tests of sessions.
    fileprivate func withAtoms(_ numbers: inout [FieldTest: Int]) -> Filter.Node {
        switch self {
        case .condition(.test(let test)):
            let number = numbers[test] ?? numbers.count
            numbers[test] = number
            return .condition(.fact(number))
        case .condition: return self
        case .not(let node): return .not(node.withAtoms(&numbers))
        case .all(let nodes): return .all(nodes.map { $0.withAtoms(&numbers) })
        case .any(let nodes): return .any(nodes.map { $0.withAtoms(&numbers) })
        }
    }
}

// MARK: - Single packets

extension FilterPlan {
    /// Whether a filter lets a packet by itself pass. What a packet alone cannot tell is no reason to keep it back.
    public func matches(_ number: Int, _ packet: FramedPacket) -> Bool {
        for fact in facts.connectionFacts { answers[fact] = .unknown }
        for fact in facts.sessionFacts { answers[fact] = .unknown }
        single(packet, isFromOriginator: true)
        return withUnsafePointer(to: packet) { programs[number].match($0, source: .a, service: nil, facts: answers) != .no }
    }
}

// MARK: - Asking

/// A connection as a plan sees it at a moment.
public struct PlanView {
    public var key: UnsafePointer<FlowKey>
    public var originator: Endpoint
    /// Nil while it is not known.
    public var service: Service?
    /// `FilterPlan.latchWords` words; nil where that is 0.
    public var latches: UnsafeMutablePointer<UInt64>?
    /// No more packets; no more sessions.
    public var isOver = false
    public var sessionsAreOver = false

    public init(key: UnsafePointer<FlowKey>, originator: Endpoint, service: Service?, latches: UnsafeMutablePointer<UInt64>?) {
        self.key = key
        self.originator = originator
        self.service = service
        self.latches = latches
    }

    @inline(__always)
    func isLatched(_ latch: Int) -> Bool { latches.map { $0[latch >> 6] >> UInt64(latch & 63) & 1 != 0 } ?? false }
    @inline(__always)
    func setLatch(_ latch: Int) { latches?[latch >> 6] |= 1 << UInt64(latch & 63) }
}

extension FilterPlan {
    /// What a filter says of the connection, by the answers at hand.
    @inline(__always)
    public func decide(_ number: Int, _ view: PlanView) -> Match {
        programs[number].match(view.key, source: view.originator, service: view.service, facts: answers)
    }

    /// Works out the answers to all facts that no event is needed for.
    ///
    /// - Parameter value: the values of the tracker's field of a number, as they are now.
    public func prepare(_ view: PlanView, value: (Int) -> FieldValue?) {
        for number in facts.connectionFacts { answers[number] = answerOfConnection(number, view, value) }
        for number in facts.packetFacts { answers[number] = answerOfPackets(number, view) }
        prepareSessions(view)
    }

    private func prepareSessions(_ view: PlanView) {
        guard !facts.sessionFacts.isEmpty else { return }
        let state = SessionState(view)
        setPlainSessions(state)
        for number in specialSessionFacts {
            if let latch = facts.facts[number].latch, view.isLatched(latch) {
                answers[number] = .yes
            } else if !isPlainSession[number - facts.sessionFacts.lowerBound] {
                guard state != .overAfterSome else {
                    answers[number] = .no
                    continue
                }
                for index in 0..<atomCount { atoms[index] = state == .open ? .unknown : .no }
                answers[number] = sessionProgram(number).pointee.match(view.key, source: view.originator, service: view.service, facts: atoms)
            }
        }
    }

    /// Sets the answers to what is said of all connections that are so far with their sessions.
    private func setPlainSessions(_ state: SessionState) {
        let (answers, count) = (answers + facts.sessionFacts.lowerBound, facts.sessionFacts.count)
        switch state {
        case .open: answers.update(repeating: .unknown, count: count)
        case .overAfterSome: answers.update(repeating: .no, count: count)
        case .overWithoutAny: answers.update(from: withoutSession, count: count)
        }
    }

    private func answerOfPackets(_ number: Int, _ view: PlanView) -> Match {
        if let latch = facts.facts[number].latch, view.isLatched(latch) { return .yes }
        // What the key alone decides holds for the packets that there were, and there will be no other key.
        guard case .packet(_, let bySender) = facts.facts[number].question else { return .unknown }
        let answer = packetPrograms[number - facts.packetFacts.lowerBound].match(view.key, source: bySender ? nil : view.originator, service: nil)
        return answer == .unknown && view.isOver ? .no : answer
    }

    private func answerOfConnection(_ number: Int, _ view: PlanView, _ value: (Int) -> FieldValue?) -> Match {
        guard case .connection(let test) = facts.facts[number].question, case .connection(let field, let growth) = test.field.source else { return .unknown }
        guard let now = value(field) else { return view.isOver || growth == .constant ? .no : .unknown }
        if view.isOver || growth == .constant { return test.fits(now) ? .yes : .no }
        guard growth == .grows else { return .unknown }
        return test.answer(above: now)
    }

    private func sessionProgram(_ number: Int) -> UnsafePointer<FilterProgram> {
        UnsafePointer(sessionPrograms + (number - facts.sessionFacts.lowerBound))
    }

    // MARK: All at once

    /// Asks all filters about a new connection, after `prepare`: those that want it come into `yes`, those that cannot tell yet into `unknown`.
    public func begin(_ view: PlanView, yes: MemberSet, unknown: MemberSet) {
        func ask(_ number: Int) {
            switch decide(number, view) {
            case .no: break
            case .yes: yes.insert(number)
            case .unknown: unknown.insert(number)
            }
        }
        guard let indexReference else {
            yes.removeAll()
            unknown.removeAll()
            for number in 0..<count { ask(number) }
            return
        }
        let known = bulkAnswers(BulkState(view))
        yes.assign(known.yes)
        unknown.assign(known.unknown)
        indexReference._withUnsafeGuaranteedRef { index in
            for number in index.walkerNumbers { ask(number) }
            _ = index.anyCandidate(view.key) {
                ask($0)
                return false
            }
        }
    }

    /// Asks those of `pending` that are in `asked` again, after `prepare`: those that now say yes come into `yes`, and only those that cannot tell remain.
    public func decide(_ pending: MemberSet, asked: MemberSet?, _ view: PlanView, yes: MemberSet) {
        yes.removeAll()
        if indexReference != nil, asked == nil {
            let known = bulkAnswers(BulkState(view))
            pending.split(by: bulk, keeping: known.unknown, moving: known.yes, to: yes)
        }
        for number in pending.intersection(asked ?? pending) {
            if indexReference != nil, asked == nil, bulk.contains(number) { continue }
            switch decide(number, view) {
            case .unknown: continue
            case .yes: yes.insert(number)
            case .no: break
            }
            pending.remove(number)
        }
    }

    private func bulkAnswers(_ state: BulkState) -> BulkAnswers {
        if let known = bulkAnswers[state.number] { return known }
        let made = BulkAnswers(yes: .allocate(wordCount: wordCount), unknown: .allocate(wordCount: wordCount))
        var key = FlowKey()
        key.words.5 = state.protocols.context
        // The answers at hand are somebody else's.
        let before = Array(UnsafeBufferPointer(start: answers, count: facts.facts.count))
        defer { answers.update(from: before, count: before.count) }
        setPlainSessions(state.sessions)
        for number in bulk {
            switch programs[number].match(&key, source: .a, service: state.service, facts: answers) {
            case .no: break
            case .yes: made.yes.insert(number)
            case .unknown: made.unknown.insert(number)
            }
        }
        bulkAnswers[state.number] = made
        return made
    }

    // MARK: Events

    /// A packet of the connection: asks it what filters ask packets. Answers stay until the next `prepare`.
    ///
    /// - Returns: whether the answer to a question was found.
    public func take(_ packet: FramedPacket, isFromOriginator: Bool, _ view: PlanView) -> Bool {
        var isFound = false
        for number in facts.packetFacts where answers[number] != .yes {
            guard asks(packet, number, isFromOriginator) else { continue }
            answers[number] = .yes
            if let latch = facts.facts[number].latch { view.setLatch(latch) }
            isFound = true
        }
        return isFound
    }

    /// Answers what is asked of packets for this one alone.
    public func single(_ packet: FramedPacket, isFromOriginator: Bool) {
        for number in facts.packetFacts { answers[number] = asks(packet, number, isFromOriginator) ? .yes : .no }
    }

    private func asks(_ packet: FramedPacket, _ number: Int, _ isFromOriginator: Bool) -> Bool {
        guard case .packet(_, let bySender) = facts.facts[number].question else { return false }
        return withUnsafePointer(to: packet) {
            packetPrograms[number - facts.packetFacts.lowerBound].match($0, source: bySender || isFromOriginator ? .a : .b, service: nil) == .yes
        }
    }

    /// The fields of a service's sessions that filters ask for, by their numbers.
    public func sessionFields(of service: Service) -> [Int] { indices[service]?.map(\.field) ?? [] }

    /// A session of the connection: give each of its values for `sessionFields` to `take`, then call `endSession`.
    public func beginSession() {
        for index in 0..<atomCount { atoms[index] = .no }
        found.removeAll(keepingCapacity: true)
    }

    public func take(_ value: FieldValue, of service: Service, at place: Int) {
        indices[service]?[place].index.lookUp(value) { atom in
            guard atoms[atom] == .no else { return }
            atoms[atom] = .yes
            found += factsOfAtom[atom]
        }
    }

    /// Sets the answers to those for this session alone. `triggered` gets the filters that ask something which holds for it.
    public func endSession(_ view: PlanView, triggered: MemberSet) {
        view.setLatch(PlanFacts.hadSession)
        setPlainSessions(.overAfterSome)
        for number in found + factsWithoutAtom where answers[number] == .no {
            guard sessionProgram(number).pointee.match(view.key, source: view.originator, service: view.service, facts: atoms) == .yes else { continue }
            answers[number] = .yes
            for member in facts.facts[number].members { triggered.insert(member) }
        }
    }

    /// Takes out of a set the filters that a session cannot make say yes: of those that hang on protocols, service and sessions alone the ones that it does
    /// not trigger.
    public func leaveOut(_ members: MemberSet, but triggered: MemberSet) { members.subtract(bulk, but: triggered) }

    /// Turns the answers for one session into those for its connection.
    public func rememberSession(_ view: PlanView) {
        let held = (found + factsWithoutAtom).filter { answers[$0] == .yes }
        for number in held { if let latch = facts.facts[number].latch { view.setLatch(latch) } }
        prepareSessions(view)
        for number in held { answers[number] = .yes }
    }
}

extension FieldTest {
    /// The answer for a value that never becomes less, and may be any that is not less than it is now.
    func answer(above value: FieldValue) -> Match {
        if case .exists = predicate { return .yes }
        guard case .integers(let set) = predicate, case .integer(let number) = value else { return .unknown }
        guard let last = set.ranges.last, last.upperBound >= number else { return .no }
        return last.contains(number) && last.upperBound == field.orderedLimit ? .yes : .unknown
    }
}

/// How far a connection is with its sessions.
enum SessionState: Int, CaseIterable {
    case open, overAfterSome, overWithoutAny

    init(_ view: PlanView) {
        self = !view.sessionsAreOver ? .open : view.isLatched(PlanFacts.hadSession) ? .overAfterSome : .overWithoutAny
    }
}

/// All that a filter which hangs on protocols, service and sessions alone can know before a session.
struct BulkState {
    static var count: Int { ProtocolClass.count * (Service.allCases.count + 1) * SessionState.allCases.count }

    /// 0..<`count`.
    var number: Int {
        let services = Service.allCases.count + 1
        return (protocols.number * services + (service.map { Int($0.rawValue) + 1 } ?? 0)) * 3 + sessions.rawValue
    }

    var protocols: ProtocolClass
    var service: Service?
    var sessions: SessionState

    init(protocols: ProtocolClass, service: Service?, sessions: SessionState) {
        self.protocols = protocols
        self.service = service
        self.sessions = sessions
    }

    init(_ view: PlanView) { self.init(protocols: ProtocolClass(view.key.pointee.words.5), service: view.service, sessions: SessionState(view)) }
}

/// What such filters say then.
struct BulkAnswers {
    let yes: MemberSet
    let unknown: MemberSet
}

extension Filter.Node {
    /// The single questions in it.
    fileprivate var tests: Set<FieldTest> {
        switch self {
        case .condition(.test(let test)): [test]
        case .condition: []
        case .not(let node): node.tests
        case .all(let nodes), .any(let nodes): nodes.reduce(into: []) { $0.formUnion($1.tests) }
        }
    }

    /// Whether it holds only where a test does. Of a node whose negations are pushed down.
    fileprivate var needsATest: Bool {
        switch self {
        case .condition(.test): true
        case .condition, .not: false
        case .all(let nodes): nodes.contains(where: \.needsATest)
        case .any(let nodes): nodes.allSatisfy(\.needsATest)
        }
    }

    fileprivate func hangsOnProtocolsAlone(_ facts: PlanFacts, _ isPlainSession: [Bool]) -> Bool {
        switch self {
        case .condition(.ipVersion), .condition(.transport), .condition(.service): true
        case .condition(.fact(let number)):
            facts.sessionFacts.contains(number) && facts.facts[number].latch == nil && isPlainSession[number - facts.sessionFacts.lowerBound]
        case .condition: false
        case .not(let node): node.hangsOnProtocolsAlone(facts, isPlainSession)
        case .all(let nodes), .any(let nodes): nodes.allSatisfy { $0.hangsOnProtocolsAlone(facts, isPlainSession) }
        }
    }
}
