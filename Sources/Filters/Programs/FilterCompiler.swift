import Packets

/// Makes a program of a filter, from its end to its beginning: where a test leads to is known before the test is written.
struct FilterCompiler {
    private(set) var instructions: [Instruction] = []
    /// What instructions point to.
    private(set) var tables = ProgramTables()

    /// Protocols without which the answer is no. The program begins when they fit.
    private(set) var required = ProtocolMask.any

    /// Where the program begins.
    mutating func compile(_ filter: Filter) -> Target {
        guard let required = filter.node.required else { return .no }
        self.required = required
        return emit(filter.node, known: required, isNegated: false, onYes: .yes, onNo: .no)
    }

    var remainder: Remainder {
        if isOneOfServices { return .services }
        guard instructions.count == 1, let test = instructions.first, test.onYes == .yes, test.protocols == required else { return .walk }
        switch test.kind {
        case .port where test.side == .either: return .port
        case .service: return .service
        default: return .walk
        }
    }

    /// Whether there are several tests, each of a service, and one of them must say yes.
    private var isOneOfServices: Bool {
        guard instructions.count > 1 else { return false }
        // Written from the end to the beginning.
        return instructions.indices.allSatisfy { place in
            let test = instructions[place]
            return test.kind == .service && !test.isNegated && test.onYes == .yes && test.onNo == (place == 0 ? .no : Target(index: place - 1))
        }
    }

    /// Writes what decides a node, and returns where that begins.
    ///
    /// `known`: what earlier tests have made sure of. It costs a test nothing to look again, and it narrows: below
    /// `tcp`, a port is asked of TCP only.
    private mutating func emit(_ node: Filter.Node, known: ProtocolMask, isNegated: Bool, onYes: Target, onNo: Target) -> Target {
        switch node {
        case .condition(let condition):
            var target = onNo
            for test in condition.tests(&tables).reversed() {
                target = emit(test, known: known, isNegated: isNegated, onYes: onYes, onNo: target)
            }
            return target
        case .not(let node):
            return emit(node, known: known, isNegated: !isNegated, onYes: onNo, onNo: onYes)
        case .any(let nodes):
            return nodes.reversed().reduce(onNo) { emit($1, known: known, isNegated: isNegated, onYes: onYes, onNo: $0) }
        case .all(let nodes):
            return emit(Conjunction(nodes), known: known, isNegated: isNegated, onYes: onYes, onNo: onNo)
        }
    }

    /// The protocols that a conjunction names become part of its first test.
    private mutating func emit(_ conjunction: Conjunction, known: ProtocolMask, isNegated: Bool, onYes: Target, onNo: Target) -> Target {
        guard let protocols = conjunction.protocols, let both = known.and(protocols) else { return onNo }
        var target = conjunction.rest.reversed().reduce(onYes) { emit($1, known: both, isNegated: isNegated, onYes: $0, onNo: onNo) }
        if conjunction.needsTestOfProtocols {
            target = emit(Instruction(protocols: protocols, onYes: target, onNo: onNo), known: known, isNegated: isNegated, onYes: target, onNo: onNo)
        }
        return target
    }

    private mutating func emit(_ test: Instruction, known: ProtocolMask, isNegated: Bool, onYes: Target, onNo: Target) -> Target {
        guard onYes != onNo else { return onYes }
        guard let protocols = known.and(test.protocols) else { return onNo }
        if test.kind == .protocols, protocols == known { return onYes }
        var instruction = test
        instruction.protocols = protocols
        instruction.isNegated = isNegated
        instruction.onYes = onYes
        instruction.onNo = onNo
        instructions.append(instruction)
        return Target(index: instructions.count - 1)
    }
}

/// The terms of an `all`, with those that name protocols taken together.
private struct Conjunction {
    /// Nil when they contradict each other.
    var protocols: ProtocolMask? = .any
    var rest: [Filter.Node] = []
    /// False when the first of the rest looks at them anyway, and says no when they do not fit.
    var needsTestOfProtocols = false

    init(_ nodes: [Filter.Node]) {
        for node in nodes {
            if case .condition(let condition) = node, let mask = condition.protocolsOnly {
                protocols = protocols?.and(mask)
            } else {
                rest.append(node)
            }
        }
        if let index = rest.firstIndex(where: { if case .condition = $0 { true } else { false } }) {
            rest.swapAt(0, index)
        } else {
            needsTestOfProtocols = protocols != .any
        }
    }
}

extension Filter.Node {
    /// Protocols without which the node says no; nil when it always does.
    fileprivate var required: ProtocolMask? {
        switch self {
        case .condition(let condition): Self.required(ofAny: condition.requirements)
        case .not: .any
        case .all(let nodes): nodes.reduce(.any) { mask, node in node.required.flatMap { mask?.and($0) } }
        case .any(let nodes): Self.required(ofAny: nodes.compactMap(\.required))
        }
    }

    private static func required(ofAny masks: [ProtocolMask]) -> ProtocolMask? {
        masks.first.map { masks.dropFirst().reduce($0) { $0.or($1) } }
    }
}

extension Condition {
    /// The condition as tests, of which one must say yes. Their targets are yet to be set.
    fileprivate func tests(_ tables: inout ProgramTables) -> [Instruction] {
        switch self {
        case .ipVersion, .transport:
            return [Instruction(protocols: protocolsOnly ?? .any, onYes: .yes, onNo: .no)]
        case .port(let side, let ports):
            return [TransportProtocol.tcp, .udp, .sctp].map {
                Instruction(
                    protocols: .transport($0), kind: .port, side: side, lowerBound: ports.lowerBound, span: ports.upperBound - ports.lowerBound,
                    onYes: .yes, onNo: .no
                )
            }
        case .address(let side, let block):
            return [
                Instruction(
                    protocols: .ipVersion(block.address.isIPv4 ? 4 : 6), kind: block.address.isIPv4 ? .ipv4Address : .ipv6Address, side: side,
                    onYes: .yes, onNo: .no, highMask: block.mask.high, lowMask: block.mask.low, high: block.address.high, low: block.address.low
                )
            ]
        case .vlan(let ids):
            // 0 stands for "no tag" in a flow key.
            let lowerBound = max(1, ids.lowerBound)
            guard ids.upperBound >= lowerBound else { return [] }
            return [Instruction(protocols: .any, kind: .vlan, lowerBound: lowerBound, span: ids.upperBound - lowerBound, onYes: .yes, onNo: .no)]
        case .service(let service):
            return service.transports.map { Instruction(protocols: .transport($0), kind: .service, service: service, onYes: .yes, onNo: .no) }
        case .arp:
            return [Instruction(protocols: .any, kind: .arp, onYes: .yes, onNo: .no)]
        case .ports(let side, let ports):
            let table = tables.ports(ports)
            return [TransportProtocol.tcp, .udp, .sctp].map {
                Instruction(protocols: .transport($0), kind: .portSet, side: side, onYes: .yes, onNo: .no, table: table)
            }
        case .addresses(let side, let addresses):
            let table = tables.addresses(addresses)
            return [4, 6].map { Instruction(protocols: .ipVersion($0), kind: .addressSet, side: side, onYes: .yes, onNo: .no, table: table) }
        case .test(let test):
            guard case .packet(let field) = test.field.source else { return [Instruction(protocols: .any, kind: .open, onYes: .yes, onNo: .no)] }
            return [Instruction(protocols: .any, kind: .packet, onYes: .yes, onNo: .no, table: tables.packetTest(test, field))]
        case .fact(let number):
            return [Instruction(protocols: .any, kind: .fact, onYes: .yes, onNo: .no, low: UInt64(number))]
        }
    }

    /// Protocols of which one must fit.
    fileprivate var requirements: [ProtocolMask] {
        switch self {
        case .ipVersion, .transport: [protocolsOnly ?? .any]
        case .port, .ports: [.transport(.tcp), .transport(.udp), .transport(.sctp)]
        case .address(_, let block): [.ipVersion(block.address.isIPv4 ? 4 : 6)]
        case .addresses: [.ipVersion(4), .ipVersion(6)]
        case .service(let service): service.transports.map { .transport($0) }
        case .vlan(let ids): ids.upperBound == 0 ? [] : [.any]
        case .arp, .test, .fact: [.any]
        }
    }

    /// The protocols that fit, when the condition is about nothing else.
    fileprivate var protocolsOnly: ProtocolMask? {
        switch self {
        case .ipVersion(let version): .ipVersion(version)
        case .transport(let transport): .transport(transport)
        default: nil
        }
    }
}
