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

    /// Those that ask packets or the tracker's counts, which change with each packet.
    public let packetAskers: MemberSet
    public let sessionAskers: MemberSet
    /// Those that need the stream read: they ask sessions, or for the service.
    public let streamAskers: MemberSet
    /// 64-bit words that a connection needs to remember answers; zeroed when it begins.
    public let latchWords: Int
    public let wordCount: Int

    /// - Throws: `FilterPlanError` when a filter mixes packets and sessions in too many ways.
    public init(_ filters: [Filter]) throws(FilterPlanError) {
        self.filters = filters
        let facts = try PlanFacts(filters)
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
            case .packet(let filter): (packetPrograms + (number - facts.packetFacts.lowerBound)).initialize(to: FilterProgram(filter))
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

        var indices: [Service: [Int: SessionFieldIndex]] = [:]
        for (test, number) in numbers {
            guard case .session(let service, let field) = test.field.source else { continue }
            indices[service, default: [:]][field, default: SessionFieldIndex(test.field)].add(test, number: number)
        }
        self.indices = indices.mapValues { $0.sorted { $0.key < $1.key }.map { (field: $0.key, index: $0.value) } }

        packetAskers = .allocate(wordCount: wordCount)
        sessionAskers = .allocate(wordCount: wordCount)
        streamAskers = .allocate(wordCount: wordCount)
        for (number, fact) in facts.facts.enumerated() {
            let askers = facts.sessionFacts.contains(number) ? sessionAskers : packetAskers
            for member in fact.members { askers.insert(member) }
        }
        for (number, filter) in filters.enumerated() where !filter.node.dependence.isDisjoint(with: [.service, .session]) {
            streamAskers.insert(number)
        }
    }

    deinit {
        programs.deinitialize(count: filters.count).deallocate()
        packetPrograms.deinitialize(count: facts.packetFacts.count).deallocate()
        sessionPrograms.deinitialize(count: facts.sessionFacts.count).deallocate()
        answers.deallocate()
        atoms.deallocate()
        packetAskers.deallocate()
        sessionAskers.deallocate()
        streamAskers.deallocate()
    }

    /// The application protocols that filters ask for: whoever runs the plan must recognise these.
    public var services: Set<Service> { filters.reduce(into: []) { $0.formUnion($1.services) } }

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
        let isWithout = view.sessionsAreOver && !view.isLatched(PlanFacts.hadSession)
        for index in 0..<atomCount { atoms[index] = view.sessionsAreOver ? .no : .unknown }
        for number in facts.sessionFacts {
            if let latch = facts.facts[number].latch, view.isLatched(latch) {
                answers[number] = .yes
            } else if view.sessionsAreOver, !isWithout {
                answers[number] = .no
            } else {
                answers[number] = sessionProgram(number).pointee.match(view.key, source: view.originator, service: view.service, facts: atoms)
            }
        }
    }

    private func answerOfPackets(_ number: Int, _ view: PlanView) -> Match {
        if let latch = facts.facts[number].latch, view.isLatched(latch) { return .yes }
        if view.isOver { return .no }
        // What the key alone decides: there is a packet, and there will be no other key.
        return packetPrograms[number - facts.packetFacts.lowerBound].match(view.key, source: view.originator, service: nil)
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
        withUnsafePointer(to: packet) {
            packetPrograms[number - facts.packetFacts.lowerBound].match($0, source: isFromOriginator ? .a : .b, service: nil) == .yes
        }
    }

    /// The fields of a service's sessions that filters ask for, by their numbers.
    public func sessionFields(of service: Service) -> [Int] { indices[service]?.map(\.field) ?? [] }

    /// A session of the connection: give each of its values for `sessionFields` to `take`, then call `endSession`.
    public func beginSession() {
        for index in 0..<atomCount { atoms[index] = .no }
    }

    public func take(_ value: FieldValue, of service: Service, at place: Int) {
        indices[service]?[place].index.look(up: value) { atoms[$0] = .yes }
    }

    /// Sets the answers for this session alone, and remembers them.
    public func endSession(_ view: PlanView) {
        view.setLatch(PlanFacts.hadSession)
        for number in facts.sessionFacts {
            answers[number] = sessionProgram(number).pointee.match(view.key, source: view.originator, service: view.service, facts: atoms) == .yes ? .yes : .no
        }
    }

    /// Turns the answers for one session into those for the connection; give back what they were with another `endSession`.
    public func rememberSession(_ view: PlanView) {
        for number in facts.sessionFacts {
            if answers[number] == .yes {
                if let latch = facts.facts[number].latch { view.setLatch(latch) }
            } else if let latch = facts.facts[number].latch, view.isLatched(latch) {
                answers[number] = .yes
            } else {
                answers[number] = view.sessionsAreOver ? .no : .unknown
            }
        }
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
