import Packets

/// Which traffic someone wants, as a value: built with operators, or read from text (`Filter(parsing:)`).
///
///     .tcp && .port(443) && !.source("10.0.0.0/8")
///     try Filter(parsing: "tcp.port == 443 and not ip.src == 10.0.0.0/8")      // the same value
///
/// Conjunctions in conjunctions, double negations and the like are folded away as a filter is built, so that equal
/// thoughts are mostly equal values, and a filter's `description` parses back to the filter. `FilterProgram` is what
/// looks at packets.
public struct Filter: Hashable, Sendable {
    /// `all` and `any` are n-ary, so that a chain of thousands of terms is flat. They never hold their own kind nor exactly
    /// one term; without terms they are `everything` and `nothing`. `not` holds neither a `not` nor one of those two.
    package indirect enum Node: Hashable, Sendable {
        case condition(Condition)
        case not(Node)
        case all([Node])
        case any([Node])
    }

    package let node: Node

    init(_ node: Node) { self.node = node }
    init(_ condition: Condition) { node = .condition(condition) }

    public static func && (left: Filter, right: Filter) -> Filter { all([left, right]) }
    public static func || (left: Filter, right: Filter) -> Filter { any([left, right]) }

    public static prefix func ! (filter: Filter) -> Filter {
        switch filter.node {
        case .not(let node): Filter(node)
        case .all([]): nothing
        case .any([]): everything
        case let node: Filter(.not(node))
        }
    }

    /// What every one of the filters wants; `everything` when there is none.
    public static func all(_ filters: some Sequence<Filter>) -> Filter {
        let terms = filters.flatMap { filter in if case .all(let terms) = filter.node { terms } else { [filter.node] } }
        return Filter(terms.count == 1 ? terms[0] : .all(terms))
    }

    /// What at least one of the filters wants; `nothing` when there is none.
    public static func any(_ filters: some Sequence<Filter>) -> Filter {
        let terms = filters.flatMap { filter in if case .any(let terms) = filter.node { terms } else { [filter.node] } }
        return Filter(terms.count == 1 ? terms[0] : .any(terms))
    }

    /// The application protocols that the filter asks for: whoever runs it must recognise these.
    public var services: Set<Service> { node.services }
    /// Whether the answer can hang on the application protocol.
    public var needsService: Bool { !services.isEmpty }
}

extension Filter.Node {
    fileprivate var services: Set<Service> {
        switch self {
        case .condition(.service(let service)): [service]
        case .condition: []
        case .not(let node): node.services
        case .all(let nodes), .any(let nodes): nodes.reduce(into: []) { $0.formUnion($1.services) }
        }
    }
}

// MARK: What can be asked for

extension Filter {
    /// Every frame, whatever it holds.
    public static let everything = Filter(.all([]))
    public static let nothing = Filter(.any([]))

    public static let ipv4 = Filter(.ipVersion(4))
    public static let ipv6 = Filter(.ipVersion(6))
    public static let arp = Filter(.arp)
    public static let tcp = Filter(.transport(.tcp))
    public static let udp = Filter(.transport(.udp))
    public static let sctp = Filter(.transport(.sctp))
    public static let icmpv4 = Filter(.transport(.icmp))
    public static let icmpv6 = Filter(.transport(.icmpv6))
    /// ICMP of both versions.
    public static let icmp = icmpv4 || icmpv6
    public static let tls = service(.tls)

    /// Connections of this application protocol.
    public static func service(_ service: Service) -> Filter { Filter(.service(service)) }

    /// TCP, UDP or SCTP where either port is this one.
    public static func port(_ port: UInt16) -> Filter { .port(port...port) }
    public static func sourcePort(_ port: UInt16) -> Filter { .sourcePort(port...port) }
    public static func destinationPort(_ port: UInt16) -> Filter { .destinationPort(port...port) }

    /// TCP, UDP or SCTP where either port is one of these.
    public static func port(_ ports: ClosedRange<UInt16>) -> Filter { Filter(.port(.either, ports)) }
    public static func sourcePort(_ ports: ClosedRange<UInt16>) -> Filter { Filter(.port(.source, ports)) }
    public static func destinationPort(_ ports: ClosedRange<UInt16>) -> Filter { Filter(.port(.destination, ports)) }

    /// Either address lies in the block.
    public static func address(_ block: IPPrefix) -> Filter { Filter(.address(.either, block)) }
    public static func source(_ block: IPPrefix) -> Filter { Filter(.address(.source, block)) }
    public static func destination(_ block: IPPrefix) -> Filter { Filter(.address(.destination, block)) }

    /// Either address is this one or lies in this block: `"192.0.2.1"`, `"2001:db8::/32"`. A literal that is no address is
    /// a mistake in the program and stops it; text from elsewhere goes through `IPPrefix` or `Filter(parsing:)`.
    public static func address(_ literal: StaticString) -> Filter { .address(block(literal)) }
    public static func source(_ literal: StaticString) -> Filter { .source(block(literal)) }
    public static func destination(_ literal: StaticString) -> Filter { .destination(block(literal)) }

    /// IP with any VLAN tag.
    public static let vlan = vlan(1...4095)
    /// IP with a tag of this VLAN, the outer or the inner one. An id has 12 bits; 0 names no VLAN and matches none.
    public static func vlan(_ id: UInt16) -> Filter { vlan(id...id) }
    public static func vlan(_ ids: ClosedRange<UInt16>) -> Filter {
        precondition(ids.upperBound <= 4095, "a VLAN id is at most 4095")
        return Filter(.vlan(ids))
    }

    private static func block(_ literal: StaticString) -> IPPrefix {
        guard let block = IPPrefix(parsing: "\(literal)") else { preconditionFailure("no address or prefix: \(literal)") }
        return block
    }
}
