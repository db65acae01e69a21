import Packets

/// What the answer to a part of a filter hangs on.
struct Dependence: OptionSet {
    var rawValue: UInt8
    /// What every packet of a connection has in common.
    static let key = Dependence(rawValue: 1)
    /// The application protocol.
    static let service = Dependence(rawValue: 2)
    /// What the tracker counts.
    static let connection = Dependence(rawValue: 4)
    /// One packet's headers and payload.
    static let packet = Dependence(rawValue: 8)
    static let session = Dependence(rawValue: 16)

    /// The same for all packets and sessions of a connection.
    static let common: Dependence = [.key, .service, .connection]
}

extension Condition {
    /// - Parameter bySender: the source is a packet's sender, not its connection's originator.
    func dependence(bySender: Bool) -> Dependence {
        switch self {
        case .port(let side, _), .address(let side, _), .ports(let side, _), .addresses(let side, _): side != .either && bySender ? .packet : .key
        case .ipVersion, .transport, .arp, .vlan: .key
        case .service: .service
        case .fact: .connection
        case .test(let test):
            switch test.field.source {
            case .key, .either: .key
            case .packet: .packet
            case .connection: .connection
            case .session: .session
            }
        }
    }
}

extension Filter.Node {
    func dependence(bySender: Bool = false) -> Dependence {
        switch self {
        case .condition(let condition): condition.dependence(bySender: bySender)
        case .not(let node): node.dependence(bySender: bySender)
        case .all(let nodes), .any(let nodes): nodes.reduce(into: []) { $0.formUnion($1.dependence(bySender: bySender)) }
        }
    }

    /// The same with `not` before single conditions only.
    func negationsPushedDown(isNegated: Bool = false) -> Filter.Node {
        switch self {
        case .condition: isNegated ? .not(self) : self
        case .not(let node): node.negationsPushedDown(isNegated: !isNegated)
        case .all(let nodes):
            isNegated ? .anyOf(nodes.map { $0.negationsPushedDown(isNegated: true) }) : .allOf(nodes.map { $0.negationsPushedDown() })
        case .any(let nodes):
            isNegated ? .allOf(nodes.map { $0.negationsPushedDown(isNegated: true) }) : .anyOf(nodes.map { $0.negationsPushedDown() })
        }
    }

    // Flat, as `Filter` keeps them.
    static func allOf(_ nodes: [Filter.Node]) -> Filter.Node { Filter.all(nodes.map(Filter.init)).node }
    static func anyOf(_ nodes: [Filter.Node]) -> Filter.Node { Filter.any(nodes.map(Filter.init)).node }
}

extension Filter {
    /// Whether it asks for what a packet by itself does not tell: its connection's service, sessions or counts.
    public var asksForConnections: Bool { !node.dependence().isDisjoint(with: [.service, .connection, .session]) }
}

/// Takes a filter apart: into questions to one packet, questions to one session, and what joins their answers.
///
/// A connection matches when there is a packet and a session of it for which the filter holds. "There is" goes through every `or`, and through an
/// `and` of which one side alone asks packets: `tcp.flags.syn == 1 and tls.sni == "x"` is "there is a packet with SYN, and there is a session for x".
/// Parts of an `and` that ask packets stay together, for it is one packet that they ask. Where an `and` joins several parts that ask packets and
/// sessions both, it is multiplied out first.
struct FilterParts {
    /// How many products a filter may come to.
    private static let maxProducts = 256

    /// Gives the number of the fact that stands for a question to one packet or session, or to the tracker's counts.
    let number: (FactQuestion) -> Int
    private var products = 0
    private var bySender = false

    init(number: @escaping (FactQuestion) -> Int) { self.number = number }

    /// The filter with facts in the place of all that a flow's key and service do not answer.
    ///
    /// - Parameter bySender: the source is a packet's sender, not its connection's originator.
    mutating func join(_ filter: Filter, bySender: Bool) throws(FilterPlanError) -> Filter {
        products = 0
        self.bySender = bySender
        return Filter(try join(filter.node.negationsPushedDown()))
    }

    private mutating func join(_ node: Filter.Node) throws(FilterPlanError) -> Filter.Node {
        switch node {
        case .any(let nodes):
            var joined: [Filter.Node] = []
            for node in nodes { joined.append(try join(node)) }
            return .anyOf(joined)
        case .all(let nodes):
            return try joinAll(nodes)
        case .condition, .not:
            let dependence = node.dependence(bySender: bySender)
            if dependence == .packet { return .condition(.fact(number(.packet(Filter(node), bySender: bySender)))) }
            if dependence == .session { return .condition(.fact(number(.session(Filter(node))))) }
            guard dependence == .connection else { return node }
            if case .not(let inner) = node { return .not(try join(inner)) }
            if case .condition(.test(let test)) = node { return .condition(.fact(number(.connection(test)))) }
            return node
        }
    }

    private mutating func joinAll(_ nodes: [Filter.Node]) throws(FilterPlanError) -> Filter.Node {
        var joined: [Filter.Node] = []
        var packets: [Filter.Node] = [], sessions: [Filter.Node] = [], mixed: [Filter.Node] = []
        for node in nodes {
            let dependence = node.dependence(bySender: bySender)
            if dependence.isSubset(of: .common) {
                joined.append(try join(node))
            } else if dependence.isSubset(of: [.key, .packet]) {
                packets.append(node)
            } else if dependence.isSubset(of: [.key, .service, .session]) {
                sessions.append(node)
            } else {
                mixed.append(node)
            }
        }
        let clash = [Dependence.packet, .session].filter { kind in
            (kind == .packet ? !packets.isEmpty : !sessions.isEmpty) ? mixed.contains { $0.dependence(bySender: bySender).contains(kind) }
                : mixed.filter { $0.dependence(bySender: bySender).contains(kind) }.count > 1
        }
        guard clash.isEmpty else { return try multiply(nodes) }
        if packets.count == 1 { joined.append(try join(packets[0])) }
        if packets.count > 1 { joined.append(.condition(.fact(number(.packet(Filter(.allOf(packets)), bySender: bySender))))) }
        if sessions.count == 1 { joined.append(try join(sessions[0])) }
        if sessions.count > 1 { joined.append(.condition(.fact(number(.session(Filter(.allOf(sessions))))))) }
        for node in mixed { joined.append(try join(node)) }
        return .allOf(joined)
    }

    /// An `and` of `or`s as an `or` of `and`s, by the first of its parts that is a mixed `or`.
    private mutating func multiply(_ nodes: [Filter.Node]) throws(FilterPlanError) -> Filter.Node {
        let index = nodes.firstIndex { node in
            guard case .any = node else { return false }
            let dependence = node.dependence(bySender: bySender)
            return ![Dependence.common, [.key, .packet], [.key, .service, .session]].contains { dependence.isSubset(of: $0) }
        }
        guard let index, case .any(let terms) = nodes[index] else { throw FilterPlanError(message: "cannot be taken apart") }
        products += terms.count
        guard products <= Self.maxProducts else {
            throw FilterPlanError(message: "mixes packets and sessions in more than \(Self.maxProducts) ways; write it as several subscriptions")
        }
        var rest = nodes
        rest.remove(at: index)
        var sum: [Filter.Node] = []
        for term in terms { sum.append(try join(.allOf([term] + rest))) }
        return .anyOf(sum)
    }
}

/// A question whose answer for a connection becomes known as the connection goes on.
enum FactQuestion: Hashable {
    /// Is there a packet for which this holds?
    case packet(Filter, bySender: Bool)
    /// Is there a session for which this holds?
    case session(Filter)
    /// Of what the tracker counts and follows.
    case connection(FieldTest)
}

/// Why filters cannot be run.
public struct FilterPlanError: Error, Equatable, CustomStringConvertible, Sendable {
    public var message: String
    public var description: String { message }
}
