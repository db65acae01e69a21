import Packets

extension Filter {
    /// What is left to want at a stage: what a connection must be, of all that is known by then, for the filter still to say yes. Weaker than the filter
    /// before its last stage, and never stronger: whatever the filter wants, this wants.
    ///
    ///     tcp.port == 443 and ip.src == 10.0.0.0/8 and tls.sni == "a"
    ///         packet       tcp and port == 443 and ip.addr == 10.0.0.0/8       (either end, for nobody knows yet who opened the connection)
    ///         connection   tcp and port == 443 and ip.src == 10.0.0.0/8
    ///         discovery    … and tls
    ///         session      … and tls.sni == "a"
    public func required(at stage: FilterStage) -> Filter { Filter(node.negationsPushedDown().required(at: stage)) }

    /// The stages at which the filter comes to know more, the first always among them.
    public var stages: [FilterStage] {
        var last: Filter?
        return FilterStage.allCases.filter { stage in
            let required = required(at: stage)
            defer { last = required }
            return required != last
        }
    }
}

extension Filter.Node {
    private static let everything = Filter.everything.node

    /// Of a node with `not` before single conditions only.
    fileprivate func required(at stage: FilterStage) -> Filter.Node {
        switch self {
        case .condition(let condition):
            if condition.stage <= stage { return self }
            let weaker = condition.weaker
            guard !weaker.isEmpty, weaker.allSatisfy({ $0.stage <= stage }) else { return Self.everything }
            return weaker.count == 1 ? .condition(weaker[0]) : .any(weaker.map { .condition($0) })
        case .not(.condition(let condition)): return condition.stage <= stage ? self : Self.everything
        case .not: return self
        case .all(let nodes): return .allOf(nodes.map { $0.required(at: stage) }.withoutRepetition)
        case .any(let nodes):
            let required = nodes.map { $0.required(at: stage) }
            return required.contains(Self.everything) ? Self.everything : .anyOf(required.withoutRepetition)
        }
    }
}

extension Condition {
    /// When the answer for a connection is known at the earliest.
    var stage: FilterStage {
        switch self {
        case .port(let side, _), .address(let side, _), .ports(let side, _), .addresses(let side, _): side == .either ? .packet : .connection
        case .ipVersion, .transport, .arp, .vlan: .packet
        case .service: .discovery
        case .test(let test): test.field.stage
        case .fact: .end
        }
    }

    /// What can be asked sooner, and of which one must hold: the same of both ends, while it is not known which is which. None where nothing follows.
    fileprivate var weaker: [Condition] {
        switch self {
        case .port(_, let ports): [.port(.either, ports)]
        case .ports(_, let ports): [.ports(.either, ports)]
        case .address(_, let block): [.address(.either, block)]
        case .addresses(_, let blocks): [.addresses(.either, blocks)]
        case .service(let service): service.transports.map { .transport($0) }
        default: []
        }
    }
}

extension [Filter.Node] {
    /// What fields of one protocol come to before they are known is often the same.
    fileprivate var withoutRepetition: [Filter.Node] { reduce(into: []) { if !$0.contains($1) { $0.append($1) } } }
}
