import Packets

// Many filters asked at once: what hangs on protocols, service and sessions alone is the same for all connections with the same of these.

extension FilterPlan {
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
            for number in index.walkers { ask(number) }
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

    func bulkAnswers(_ state: BulkState) -> BulkAnswers {
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
    /// Whether its answer is the same for all connections in the same `BulkState`.
    func hangsOnProtocolsAlone(_ facts: PlanFacts, _ isPlainSession: [Bool]) -> Bool {
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
