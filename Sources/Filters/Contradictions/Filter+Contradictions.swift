/// A part of a filter that can never hold.
public struct FilterContradiction: Hashable, Sendable, CustomStringConvertible {
    /// The filter, or one of its alternatives, or what a `not` stands before.
    public let part: String
    /// Those of its terms, and of those that have to hold beside it, that cannot all hold.
    public let terms: [String]
    public let reason: String
    /// Whether it is the whole filter: then nothing matches.
    public let isWhole: Bool

    /// `tcp and udp: a packet has one IP version and carries one protocol`
    public var description: String {
        let together = terms.joined(separator: " and ")
        return part == together ? "\(part): \(reason)" : isWhole ? "\(together): \(reason)" : "\(part), because of \(together): \(reason)"
    }
}

extension Filter {
    /// The parts of the filter that can never hold, the largest of each; none where that is too hard to say.
    ///
    /// What is said is true: of one packet, its connection and one session of that, no such part holds. In an `or` only the alternatives are named that
    /// cannot hold, unless all are such.
    public var contradictions: [FilterContradiction] {
        var finder = ContradictionFinder()
        finder.look(at: node, beside: [], isWhole: true)
        return finder.found
    }
}

private struct ContradictionFinder {
    private(set) var found: [FilterContradiction] = []
    private var search = TermSearch()

    /// - Parameter others: what has to hold with it.
    mutating func look(at node: Filter.Node, beside others: [FilterPhrase], isWhole: Bool) {
        let own = node.phrases
        let core = search.core(of: own, \.nodes) ?? (others.isEmpty ? nil : search.core(of: others + own, \.nodes))
        guard let core else { return look(into: node, beside: others) }
        found.append(
            FilterContradiction(part: Filter(node).description, terms: core.map(\.text), reason: reason(core), isWhole: isWhole))
    }

    /// Looks at the parts of what may hold.
    private mutating func look(into node: Filter.Node, beside others: [FilterPhrase]) {
        switch node {
        case .condition: break
        case .not(let inner):
            // What else has to hold makes a `not` superfluous at most.
            look(at: inner, beside: [], isWhole: false)
        case .any(let nodes):
            guard !nodes.areOneQuestion else { return }
            for node in nodes { look(at: node, beside: others, isWhole: false) }
        case .all:
            let phrases = node.phrases
            for (index, phrase) in phrases.enumerated() where phrase.nodes.count == 1 {
                look(into: phrase.nodes[0], beside: others + phrases[..<index] + phrases[(index + 1)...])
            }
        }
    }

    private mutating func reason(_ core: [FilterPhrase]) -> String {
        if core.count == 2, Filter.all(core[0].nodes.map { Filter($0) }) == !Filter.all(core[1].nodes.map { Filter($0) }) {
            return "one is the opposite of the other"
        }
        let nodes = core.flatMap(\.nodes)
        let reasons = search.core(of: nodes) { [$0] }.flatMap { search.refutation(of: $0) } ?? []
        return reasons.isEmpty ? "no packet, connection and session are all of that" : reasons.prefix(2).joined(separator: "; ")
    }
}

extension [Filter.Node] {
    /// Whether they are what one comparison says: `port exists` is TCP, UDP or SCTP, `eth.addr` is either address, and a set is one member or another.
    fileprivate var areOneQuestion: Bool {
        var kind: Int?
        var predicate: FieldPredicate?
        for node in self {
            guard case .condition(let condition) = node else { return false }
            let this: Int
            switch condition {
            case .ipVersion: this = 0
            case .transport: this = 1
            case .port, .ports: this = 2
            case .address, .addresses: this = 3
            case .vlan: this = 4
            case .service: this = 5
            case .test(let test):
                guard predicate ?? test.predicate == test.predicate else { return false }
                predicate = test.predicate
                this = 6
            case .arp, .fact: return false
            }
            guard kind ?? this == this else { return false }
            kind = this
        }
        return true
    }
}
