import Packets

/// What a packet, its connection and one session of that can still be together, given conditions that hold or do not.
///
/// Says that nothing is left only where that is so. Of what it does not understand it learns nothing.
struct PossibleTraffic {
    /// What has values of its own. Fields of several names may read the same.
    private enum Variable: Hashable {
        case port(Side)
        case ipv4(Side)
        case ipv6(Side)
        case vlan
        case packet(PacketField)
        case connection(Int)
        case session(Service, Int)
    }

    /// Of a list of more addresses than that it learns no more than that there is one, for the list is gone through again and again.
    private static let most = 2_000

    private var protocols = ProtocolSet.all
    /// Whether it has ports, and can have a service: a later fragment has neither.
    private var isFlow = false
    private var isARP: Bool?
    private var service: Service?
    private var otherServices: Set<Service> = []
    private var values: [Variable: PossibleValues] = [:]

    /// - Parameter condition: asks one end, not either of both.
    /// - Returns: why it cannot be, together with what was learned before; nil when it may.
    mutating func learn(_ condition: Condition, _ holds: Bool) -> String? {
        switch condition {
        case .ipVersion(let version): return narrow(.ipVersion(version), holds)
        case .transport(let transport): return narrow(.transport(transport), holds)
        case .arp:
            guard isARP != !holds else { return "a packet is ARP, or it is not" }
            isARP = holds
            return holds ? narrow(.notIP, true) : nil
        case .service(let service): return learn(service, holds)
        case .vlan(let ids):
            let tags = NumberRanges([1...4095]), wanted = NumberRanges([UInt128(ids.lowerBound)...UInt128(ids.upperBound)])
            return change(.vlan, PossibleValues(isSingle: false, numbers: tags), "VLANs have ids from 1 to 4095, and none fits") { $0.areAmong(wanted, holds) }
        case .port(let side, let range): return learn(side, NumberRanges([UInt128(range.lowerBound)...UInt128(range.upperBound)]), holds)
        case .ports(let side, let set): return learn(side, NumberRanges(set), holds)
        case .address(let side, let block): return learn(side, [block], holds)
        case .addresses(let side, let set):
            guard set.prefixes.count <= Self.most else { return holds ? narrow(.notIP, false) : nil }
            return learn(side, set.prefixes, holds)
        case .test(let test): return learn(test, holds)
        case .fact: return nil
        }
    }

    // MARK: Protocols

    private mutating func narrow(_ set: ProtocolSet, _ holds: Bool) -> String? {
        protocols = protocols.intersection(holds ? set : set.complement)
        return clashOfProtocols ?? clashOfAddresses
    }

    private var clashOfProtocols: String? {
        guard protocols.isEmpty else { return nil }
        if let service { return "\(service.name) is recognised in \(service.transports.map { "\($0)".uppercased() }.joined(separator: " and ")) alone" }
        if isFlow { return "only TCP, UDP and SCTP have ports" }
        return isARP == true ? "ARP is not IP" : "a packet has one IP version and carries one protocol"
    }

    private mutating func learn(_ service: Service, _ holds: Bool) -> String? {
        let reason = "a connection has one application protocol"
        guard holds else {
            otherServices.insert(service)
            return self.service == service ? reason : nil
        }
        guard self.service ?? service == service, !otherServices.contains(service) else { return reason }
        self.service = service
        isFlow = true
        return narrow(service.transports.reduce(.none) { $0.union(.transport($1)) }, true) ?? clashOfPorts
    }

    // MARK: Ends

    private static let ends: [Side] = [.source, .destination]
    private static let anyPort = PossibleValues(isSingle: true, numbers: NumberRanges([0...65535]))
    private static let anyIPv4 = PossibleValues(isSingle: true, numbers: NumberRanges([0...UInt128(UInt32.max)]))
    private static let anyIPv6 = PossibleValues(isSingle: true)

    private mutating func learn(_ side: Side, _ ports: NumberRanges, _ holds: Bool) -> String? {
        values[.port(side), default: Self.anyPort].areAmong(ports, holds)
        guard holds else { return isFlow ? clashOfPorts : nil }
        isFlow = true
        return narrow(.ported, true) ?? clashOfPorts
    }

    /// Of what has ports.
    private var clashOfPorts: String? {
        // What is not asked for may not be there, but of a flow both ports are.
        let isClash = Self.ends.contains { side in
            guard var ports = values[.port(side)] else { return false }
            ports.exists(true)
            return ports.areImpossible
        }
        return isClash ? "a packet has one source and one destination port" : nil
    }

    private mutating func learn(_ side: Side, _ blocks: [IPPrefix], _ holds: Bool) -> String? {
        // Of which version the address is stays open; where a version has none left, it is ruled out.
        values[.ipv4(side), default: Self.anyIPv4].areAmong(NumberRanges(blocks, isIPv4: true), holds)
        values[.ipv6(side), default: Self.anyIPv6].areAmong(NumberRanges(blocks, isIPv4: false), holds)
        if holds, let clash = narrow(.notIP, false) { return clash }
        return clashOfAddresses
    }

    private var clashOfAddresses: String? {
        func isImpossible(_ variable: Variable, _ any: PossibleValues) -> Bool {
            var addresses = values[variable] ?? any
            addresses.exists(true)
            return addresses.areImpossible
        }
        var left = protocols
        for side in Self.ends {
            if isImpossible(.ipv4(side), Self.anyIPv4) { left = left.intersection(ProtocolSet.ipVersion(4).complement) }
            if isImpossible(.ipv6(side), Self.anyIPv6) { left = left.intersection(ProtocolSet.ipVersion(6).complement) }
        }
        return left.isEmpty ? "a packet has one source and one destination address, of one IP version" : nil
    }

    // MARK: Fields

    private mutating func learn(_ test: FieldTest, _ holds: Bool) -> String? {
        let field = test.field
        let (variable, owner): (Variable, String)
        switch field.source {
        case .packet(let number): (variable, owner) = (.packet(number), "a packet")
        case .connection(let number, _): (variable, owner) = (.connection(number), "a connection")
        case .session(let service, let number): (variable, owner) = (.session(service, number), "a session")
        case .key, .either: return nil
        }
        let reason = field.isSingle ? "\(owner) has one \(field.name), and no value fits" : "no value of \(field.name) fits"
        return change(variable, PossibleValues(isSingle: field.isSingle, numbers: field.numbers), reason) { values in
            switch test.predicate {
            case .exists: values.exists(holds)
            case .integers(let set): values.areAmong(NumberRanges(set), holds)
            case .texts, .contains, .startsWith, .endsWith, .matches: values.fit(test, holds)
            case .addresses: if holds { values.exists(true) }
            }
        }
    }

    private mutating func change(
        _ variable: Variable, _ any: @autoclosure () -> PossibleValues, _ reason: String, _ body: (inout PossibleValues) -> Void
    ) -> String? {
        body(&values[variable, default: any()])
        return values[variable]!.areImpossible ? reason : nil
    }
}

extension Field {
    /// The numbers that it can be. Lengths may be more than can be asked for: a jumbogram's (RFC 2675).
    fileprivate var numbers: NumberRanges {
        switch type {
        case .boolean: NumberRanges([0...1])
        case .integer(let max): max > UInt8.max ? .all : NumberRanges([0...UInt128(max)])
        case .mac: NumberRanges([0...(1 << 48 - 1)])
        case .duration, .address, .string, .name, .bytes: .all
        }
    }
}
