/// Looks for traffic of which several terms of a filter hold together, alternative by alternative (DPLL: what leaves one alternative only is decided first).
///
/// It gives up when it has looked at too many, so that no filter takes long. What it has not refuted may hold.
struct TermSearch {
    /// Alternatives and conditions that one question may look at, and all together.
    private static let mostEach = 5_000
    private static let most = 200_000
    private var left = 0
    private var leftOfAll = most

    /// A term or its opposite.
    private struct Term {
        var node: Filter.Node
        var holds = true
    }

    /// What has been learned, and of which alternatives one has to hold.
    private struct State {
        var traffic = PossibleTraffic()
        var choices: [[Term]] = []
    }

    /// Why the nodes cannot all hold, each reason once; nil when they may.
    mutating func refutation(of nodes: [Filter.Node]) -> [String]? {
        left = min(Self.mostEach, leftOfAll)
        defer { leftOfAll -= max(0, min(Self.mostEach, leftOfAll) - left) }
        var state = State()
        for node in nodes { if let reason = take(Term(node: node), &state) { return [reason] } }
        return settle(&state)
    }

    /// The fewest of some terms that cannot all hold, in order; nil when all of them may. Taken away any of them, the others may.
    mutating func core<Element>(of elements: [Element], _ nodes: (Element) -> [Filter.Node]) -> [Element]? {
        guard refutation(of: elements.flatMap(nodes)) != nil else { return nil }
        var core: [Int] = [], candidates = elements.indices
        // The shortest beginning that is refuted together with the core ends in one more of it.
        while refutation(of: core.flatMap { nodes(elements[$0]) }) == nil {
            var (low, high) = (0, candidates.count)
            while low < high {
                let middle = (low + high) / 2
                if refutation(of: (core + candidates.prefix(middle)).flatMap { nodes(elements[$0]) }) != nil { high = middle } else { low = middle + 1 }
            }
            guard low > 0, low <= candidates.count else { return elements }
            core.append(candidates.lowerBound + low - 1)
            candidates = candidates.prefix(low - 1)
        }
        return core.sorted().map { elements[$0] }
    }

    /// Why a term cannot hold with what is known; nil when it may.
    private mutating func take(_ term: Term, _ state: inout State) -> String? {
        guard left > 0 else { return nil }
        left -= 1
        switch (term.node, term.holds) {
        case (.condition(let condition), let holds):
            left -= condition.size / 64
            guard let ends = condition.atEachEnd else { return state.traffic.learn(condition, holds) }
            return choose(ends.map { Term(node: .condition($0), holds: holds) }, fromOne: holds, &state)
        case (.not(let node), let holds): return take(Term(node: node, holds: !holds), &state)
        case (.any([]), true), (.all([]), false): return "everything is a frame"
        case (.any(let nodes), let holds): return choose(nodes.map { Term(node: $0, holds: holds) }, fromOne: holds, &state)
        case (.all(let nodes), let holds): return choose(nodes.map { Term(node: $0, holds: holds) }, fromOne: !holds, &state)
        }
    }

    /// One of the terms has to hold, or all of them.
    private mutating func choose(_ terms: [Term], fromOne: Bool, _ state: inout State) -> String? {
        guard !fromOne else {
            state.choices.append(terms)
            return nil
        }
        for term in terms { if let reason = take(term, &state) { return reason } }
        return nil
    }

    /// Why there is no way to choose; nil when there may be one.
    private mutating func settle(_ state: inout State) -> [String]? {
        var reasons: [String] = []
        func note(_ reason: String) { if !reasons.contains(reason) { reasons.append(reason) } }
        var isNew = true
        while isNew {
            isNew = false
            let choices = state.choices
            state.choices = []
            for choice in choices {
                var open: [Term] = []
                for term in choice {
                    var trial = state
                    if let reason = take(term, &trial) { note(reason) } else { open.append(term) }
                }
                guard left > 0 else { return nil }
                if open.isEmpty { return reasons }
                if open.count > 1 {
                    state.choices.append(open)
                } else {
                    isNew = true
                    if let reason = take(open[0], &state) {
                        note(reason)
                        return reasons
                    }
                }
            }
        }
        guard let smallest = state.choices.indices.min(by: { state.choices[$0].count < state.choices[$1].count }) else { return nil }
        for term in state.choices.remove(at: smallest) {
            var trial = state
            guard let more = take(term, &trial).map({ [$0] }) ?? settle(&trial) else { return nil }
            more.forEach(note)
        }
        return left > 0 ? reasons : nil
    }
}

extension Condition {
    /// The same asked of the source and of the destination, for what is asked of either.
    fileprivate var atEachEnd: [Condition]? {
        switch self {
        case .port(.either, let ports): [.port(.source, ports), .port(.destination, ports)]
        case .ports(.either, let ports): [.ports(.source, ports), .ports(.destination, ports)]
        case .address(.either, let block): [.address(.source, block), .address(.destination, block)]
        case .addresses(.either, let blocks): [.addresses(.source, blocks), .addresses(.destination, blocks)]
        default: nil
        }
    }

    /// How many values it is about.
    fileprivate var size: Int {
        switch self {
        case .ports(_, let set): set.ranges.count
        case .addresses(_, let set): set.prefixes.count
        case .test(let test):
            switch test.predicate {
            case .integers(let set): set.ranges.count
            case .texts(let set): set.texts.count
            default: 1
            }
        default: 1
        }
    }
}
