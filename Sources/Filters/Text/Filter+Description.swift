import Packets

extension Filter: CustomStringConvertible {
    /// Text that parses to an equal filter, given the same lists, as long as that nests no deeper than the parser goes (`FilterParser.maxDepth`).
    public var description: String { node.text.text }
}

/// A node's text, and what it may stand in without parentheses.
private struct NodeText {
    enum Binding: Comparable {
        case disjunction, conjunction, term
    }

    var text: String
    var binding: Binding

    static func term(_ text: String) -> Self { Self(text: text, binding: .term) }

    func inParentheses(below binding: Binding) -> String { self.binding < binding ? "(\(text))" : text }
}

/// A part of an `and` as it is written, which may be several nodes: a comparison with what its field's name says.
struct FilterPhrase {
    let text: String
    let nodes: [Filter.Node]
}

extension Filter.Node {
    fileprivate var text: NodeText {
        switch self {
        case .condition(let condition): .term(condition.text)
        case .not(let node): .term("not \(node.text.inParentheses(below: .term))")
        case .all([]): .term("eth")
        case .any([]): .term("not eth")
        case .all(let nodes): Self.conjunction(nodes)
        case .any(let nodes): NodeText(text: nodes.map { $0.text.inParentheses(below: .conjunction) }.joined(separator: " or "), binding: .disjunction)
        }
    }

    /// What a field's name says is not said again: TCP and a port are `tcp.port == 443`.
    private static func conjunction(_ nodes: [Self]) -> NodeText {
        let phrases = phrases(nodes)
        return NodeText(text: phrases.map(\.text).joined(separator: " and "), binding: phrases.count == 1 ? .term : .conjunction)
    }

    /// What stands between the `and`s.
    private static func phrases(_ nodes: [Self]) -> [FilterPhrase] {
        var phrases: [FilterPhrase] = []
        var rest = nodes[...]
        while let first = rest.first {
            let (text, count) = comparison(rest) ?? (first.text.inParentheses(below: .conjunction), 1)
            phrases.append(FilterPhrase(text: text, nodes: Array(rest.prefix(count))))
            rest.removeFirst(count)
        }
        return phrases
    }

    /// What a reader sees that all has to hold.
    var phrases: [FilterPhrase] { Self.phrases(terms) }

    /// What several nodes at the front say together: a comparison and its scope, or `!=`. And how many they are.
    private static func comparison(_ nodes: ArraySlice<Self>) -> (String, Int)? {
        if let (port, isNot) = nodes.dropFirst().first?.port, case .condition(.transport(let transport))? = nodes.first, transport.hasPorts {
            guard isNot else { return ("\(transport).\(port.text)", 2) }
            if case .port(let side, let ports) = port, ports.count == 1 { return ("\(transport).\(side.port) != \(ports.lowerBound)", 2) }
        }
        if case .condition(.ipVersion)? = nodes.first, case .not(.condition(.address(let side, let block)))? = nodes.dropFirst().first,
            nodes.first == .condition(.ipVersion(block.address.isIPv4 ? 4 : 6))
        {
            return ("\(block.address.isIPv4 ? "ip" : "ipv6").\(side.address) != \(block)", 2)
        }
        guard let (test, count) = scopedTest(nodes) else { return nil }
        if test.predicate == .exists, case .not(.all(let negated))? = nodes.dropFirst(count).first, let (other, otherCount) = scopedTest(negated[...]),
            otherCount == negated.count, other.field == test.field, let value = other.singleValue
        {
            return ("\(test.field.name) != \(value)", count + 1)
        }
        return (test.text, count)
    }

    /// A test after all that its field's scope asks for.
    private static func scopedTest(_ nodes: ArraySlice<Self>) -> (FieldTest, Int)? {
        for (index, node) in nodes.prefix(4).enumerated() {
            guard case .condition(.test(let test)) = node else { continue }
            return nodes.prefix(index).elementsEqual(test.field.scope.node.terms) ? (test, index + 1) : nil
        }
        return nil
    }

    private var terms: [Self] { if case .all(let terms) = self { terms } else { [self] } }

    /// A question about ports, as it is or negated.
    private var port: (Condition, isNot: Bool)? {
        switch self {
        case .condition(let condition) where condition.isPort: (condition, false)
        case .not(.condition(let condition)) where condition.isPort: (condition, true)
        default: nil
        }
    }
}

extension Condition {
    fileprivate var isPort: Bool {
        switch self {
        case .port, .ports: true
        default: false
        }
    }

    fileprivate var text: String {
        switch self {
        case .ipVersion(4): "ip"
        case .ipVersion: "ipv6"
        case .transport(.icmp): "icmpv4"
        case .transport(.icmpv6): "icmpv6"
        case .transport(let transport): transport.hasPorts ? "\(transport)" : "proto == \(transport.rawValue)"
        case .arp: "arp"
        case .port(let side, let ports): "\(side.port) \(ports.text)"
        case .address(let side, let block): "\(block.address.isIPv4 ? "ip" : "ipv6").\(side.address) == \(block)"
        case .vlan(1...4095): "vlan"
        case .vlan(let ids): "vlan.id \(ids.text)"
        case .service(.none): "service == none"
        case .service(let service): service.name
        case .ports(let side, let ports): "\(side.port) in \(ports.text)"
        case .addresses(let side, let set): "\(side.address) in \(set.text)"
        case .test(let test): test.text
        case .fact(let number): "fact \(number)"
        }
    }
}

extension Side {
    fileprivate var address: String {
        switch self {
        case .either: "addr"
        case .source: "src"
        case .destination: "dst"
        }
    }

    fileprivate var port: String {
        switch self {
        case .either: "port"
        case .source: "srcport"
        case .destination: "dstport"
        }
    }
}

extension IntegerSet {
    fileprivate var text: String {
        if let listName { return "$\(listName)" }
        return "{" + ranges.map { $0.lowerBound == $0.upperBound ? "\($0.lowerBound)" : "\($0.lowerBound)..\($0.upperBound)" }.joined(separator: ", ") + "}"
    }
}

extension AddressSet {
    fileprivate var text: String { listName.map { "$\($0)" } ?? "{" + prefixes.map(\.description).joined(separator: ", ") + "}" }
}

extension ClosedRange<UInt16> {
    fileprivate var text: String { lowerBound == upperBound ? "== \(lowerBound)" : "in \(lowerBound)..\(upperBound)" }
}

extension TransportProtocol {
    var hasPorts: Bool { self == .tcp || self == .udp || self == .sctp }
}
