import Packets

/// What a plan's filters ask beyond key and service, each question once, numbered: first those about the connection, then packets, then sessions.
struct PlanFacts {
    struct Fact {
        var question: FactQuestion
        /// Filters that ask it.
        var members: [Int] = []
        /// Its bit among a connection's latches; nil when no filter needs to remember that it was answered.
        var latch: Int?
    }

    private(set) var facts: [Fact] = []
    let packetFacts: Range<Int>
    let sessionFacts: Range<Int>
    var connectionFacts: Range<Int> { 0..<packetFacts.lowerBound }
    /// Each filter with facts in it.
    let joined: [Filter]
    /// Latches that a connection needs.
    private(set) var latchCount = 0

    /// The latch that says whether a connection has had a session. The two before it are the tracker's.
    static let hadSession = 2

    init(_ filters: [Filter], bySender: Set<Int>) throws(FilterPlanError) {
        var numbers: [FactQuestion: Int] = [:]
        var questions: [FactQuestion] = []
        var parts = FilterParts { question in
            if let number = numbers[question] { return number }
            numbers[question] = questions.count
            questions.append(question)
            return questions.count - 1
        }
        var provisional: [Filter] = []
        for (member, filter) in filters.enumerated() { provisional.append(try parts.join(filter, bySender: bySender.contains(member))) }

        // Sorted by kind, so that those of a kind are a range.
        func kind(_ number: Int) -> Int {
            switch questions[number] {
            case .connection: 0
            case .packet: 1
            case .session: 2
            }
        }
        let order = questions.indices.sorted { (kind($0), $0) < (kind($1), $1) }
        var place = [Int](repeating: 0, count: questions.count)
        for (new, old) in order.enumerated() { place[old] = new }
        facts = order.map { Fact(question: questions[$0]) }
        let counts = (0...2).map { wanted in questions.indices.count { kind($0) == wanted } }
        packetFacts = counts[0]..<counts[0] + counts[1]
        sessionFacts = packetFacts.upperBound..<questions.count
        joined = provisional.map { Filter($0.node.renumbered(place)) }

        if !sessionFacts.isEmpty { latchCount = Self.hadSession + 1 }
        for (member, filter) in joined.enumerated() {
            // What packets said is asked again with each session, wherever in the filter it stands.
            note(filter.node, member, besides: dependence(filter.node).intersection(.session))
        }
    }

    /// Notes who asks, and which answers must be remembered: those that stand in an `and` with what becomes known at another time.
    private mutating func note(_ node: Filter.Node, _ member: Int, besides siblings: Dependence) {
        switch node {
        case .condition(.fact(let number)):
            if facts[number].members.last != member { facts[number].members.append(member) }
            let isLate: Dependence? = packetFacts.contains(number) ? [.service, .connection, .session]
                : sessionFacts.contains(number) ? [.connection, .packet] : nil
            guard let isLate, !siblings.isDisjoint(with: isLate), facts[number].latch == nil else { return }
            latchCount = max(latchCount, Self.hadSession + 1)
            facts[number].latch = latchCount
            latchCount += 1
        case .condition: break
        case .not(let node): note(node, member, besides: siblings)
        case .any(let nodes): for node in nodes { note(node, member, besides: siblings) }
        case .all(let nodes):
            let dependences = nodes.map(dependence)
            for (index, node) in nodes.enumerated() {
                var others = siblings
                for (other, dependence) in dependences.enumerated() where other != index { others.formUnion(dependence) }
                note(node, member, besides: others)
            }
        }
    }

    private func dependence(_ node: Filter.Node) -> Dependence {
        switch node {
        case .condition(.fact(let number)): packetFacts.contains(number) ? .packet : sessionFacts.contains(number) ? .session : .connection
        case .condition(let condition): condition.dependence(bySender: false)
        case .not(let node): dependence(node)
        case .all(let nodes), .any(let nodes): nodes.reduce(into: []) { $0.formUnion(dependence($1)) }
        }
    }
}

extension Filter.Node {
    fileprivate func renumbered(_ place: [Int]) -> Filter.Node {
        switch self {
        case .condition(.fact(let number)): .condition(.fact(place[number]))
        case .condition: self
        case .not(let node): .not(node.renumbered(place))
        case .all(let nodes): .all(nodes.map { $0.renumbered(place) })
        case .any(let nodes): .any(nodes.map { $0.renumbered(place) })
        }
    }
}
