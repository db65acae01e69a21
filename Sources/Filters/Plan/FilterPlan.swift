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
    let programs: UnsafeMutablePointer<FilterProgram>
    /// Programs of the packet facts, and of the session facts over atoms, by fact less the range's start.
    let packetPrograms: UnsafeMutablePointer<FilterProgram>
    let sessionPrograms: UnsafeMutablePointer<FilterProgram>
    /// The facts' answers for the connection at hand.
    let answers: UnsafeMutablePointer<Match>
    /// Single tests of sessions, for the session at hand.
    let atoms: UnsafeMutablePointer<Match>
    let atomCount: Int
    /// By service, and then by the number of the field among those that the parser declares.
    let indices: [Service: [(field: Int, index: SessionFieldIndex)]]
    /// The session facts that may hold once an atom does, by atom; and those that may hold without any.
    let factsOfAtom: [[Int]]
    let factsWithoutAtom: [Int]
    /// Session facts that ask sessions alone; the others look at the key, too.
    let isPlainSession: [Bool]
    /// What a session fact says of a connection that has none, if it is plain.
    let withoutSession: UnsafeMutablePointer<Match>
    /// Those that are not plain, and those with latches.
    let specialSessionFacts: [Int]
    /// Session facts that hold for the session at hand.
    var found: [Int] = []

    /// Those whose answer hangs on protocols, service and sessions alone, and is the same for all connections with the same of these (`BulkAnswers`).
    let bulk: MemberSet
    /// By the number of the state; made when a connection is first in it.
    let bulkAnswers: UnsafeMutablePointer<BulkAnswers?>
    /// 0 where there is no bulk.
    private let bulkStates: Int
    private let index: MemberIndex?
    /// The same, for looks that count no references.
    let indexReference: Unmanaged<MemberIndex>?
    private var gateTable: GateTable!
    /// Plans of so few filters ask one after the other.
    static let few = 8

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
        bulkStates = filters.count > Self.few ? BulkState.count : 0
        bulkAnswers = .allocate(capacity: bulkStates)
        bulkAnswers.initialize(repeating: nil, count: bulkStates)
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

    /// Whether a filter can be taken apart, without making a plan of it.
    public static func check(_ filter: Filter) throws(FilterPlanError) { _ = try PlanFacts([filter], bySender: []) }

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
        for number in 0..<bulkStates {
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
}
