import Packets

extension Filter: CustomStringConvertible {
    /// Text that parses to an equal filter, as long as that nests no deeper than the parser goes (`FilterParser.maxDepth`).
    public var description: String { node.text }
}

extension Filter.Node {
    fileprivate var text: String {
        switch self {
        case .condition(let condition): condition.text
        case .not(let node): "not \(node.isCompound ? "(\(node.text))" : node.text)"
        case .all([]): "eth"
        case .any([]): "not eth"
        case .all(let nodes): Self.conjunction(nodes)
        case .any(let nodes): nodes.map(\.text).joined(separator: " or ")
        }
    }

    private var isCompound: Bool {
        switch self {
        case .condition, .not: false
        case .all(let nodes), .any(let nodes): !nodes.isEmpty
        }
    }

    /// A transport followed by a port reads as one: `tcp.port == 443`.
    private static func conjunction(_ nodes: [Self]) -> String {
        var terms: [String] = []
        var rest = nodes[...]
        while let node = rest.popFirst() {
            if case .condition(.transport(let transport)) = node, transport.hasPorts, case .condition(.port(let side, let ports)) = rest.first {
                rest.removeFirst()
                terms.append("\(transport).\(Condition.port(side, ports).text)")
            } else if case .any = node, node.isCompound {
                terms.append("(\(node.text))")
            } else {
                terms.append(node.text)
            }
        }
        return terms.joined(separator: " and ")
    }
}

extension Condition {
    fileprivate var text: String {
        switch self {
        case .ipVersion(4): "ip"
        case .ipVersion: "ipv6"
        case .transport(.icmp): "icmpv4"
        case .transport(.icmpv6): "icmpv6"
        case .transport(let transport): "\(transport)"
        case .arp: "arp"
        case .port(.either, let ports): "port \(ports.text)"
        case .port(.source, let ports): "srcport \(ports.text)"
        case .port(.destination, let ports): "dstport \(ports.text)"
        case .address(let side, let block): "\(block.address.isIPv4 ? "ip" : "ipv6").\(side.text) == \(block)"
        case .vlan(1...4095): "vlan"
        case .vlan(let ids): "vlan.id \(ids.text)"
        case .service(.none): "service == none"
        case .service(let service): service.name
        case .ports(let side, let ports): "\(side.portName) in \(ports.text)"
        case .addresses(let side, let set): "\(side.text) in \(set.text)"
        case .test(let test): test.text
        case .fact(let number): "fact \(number)"
        }
    }
}

extension Side {
    fileprivate var text: String {
        switch self {
        case .either: "addr"
        case .source: "src"
        case .destination: "dst"
        }
    }
}

extension Side {
    fileprivate var portName: String {
        switch self {
        case .either: "port"
        case .source: "srcport"
        case .destination: "dstport"
        }
    }
}

extension FieldTest {
    fileprivate var text: String { "\(field.name) \(predicate)" }
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
