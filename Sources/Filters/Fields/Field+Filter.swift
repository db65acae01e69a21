import Packets

extension Filter {
    /// Traffic of which a value of the field fits the predicate.
    public init(_ field: Field, _ predicate: FieldPredicate) { self = field.filter(anyOf: [predicate]) }
}

extension Field {
    /// Traffic that has the field.
    var presence: Filter {
        switch source {
        case .key: scope
        case .either(let fields): .any(fields.map(\.presence))
        case .packet, .connection, .session: filter(anyOf: [.exists])
        }
    }

    /// Traffic of which a value fits one of the predicates.
    func filter(anyOf predicates: [FieldPredicate]) -> Filter {
        let predicates = predicates.filter { $0.canFit(type) }
        return switch source {
        case .key where predicates == [.exists]: scope
        case .key(let key): key.scope && condition(anyOf: predicates)
        case .either(let fields): .any(fields.map { $0.filter(anyOf: predicates) })
        case .packet, .connection, .session: .any(predicates.map { scope && Filter(.test(FieldTest(self, $0))) })
        }
    }

    /// Traffic that has the field, and of which no value fits.
    func filter(noneOf predicates: [FieldPredicate]) -> Filter {
        if case .key = source { return presence && !condition(anyOf: predicates) }
        return presence && !filter(anyOf: predicates)
    }

    /// Of a key's field, without its scope.
    private func condition(anyOf predicates: [FieldPredicate]) -> Filter {
        guard case .key(let key) = source else { return .nothing }
        return .any(predicates.map { $0 == .exists ? scope : key.filter($0) })
    }
}

extension FieldPredicate {
    /// False for what is asked of other types, and for sets without members. A list may get some.
    fileprivate func canFit(_ type: FieldType) -> Bool {
        switch (self, type) {
        case (.exists, _): true
        case (.integers(let set), .integer), (.integers(let set), .boolean), (.integers(let set), .duration), (.integers(let set), .mac):
            set.listName != nil || !set.ranges.isEmpty
        case (.addresses(let set), .address): set.listName != nil || !set.prefixes.isEmpty
        case (.texts(let set), _): type.isText && (set.listName != nil || !set.texts.isEmpty)
        case (.contains, _), (.startsWith, _), (.endsWith, _), (.matches, _): type.isText
        default: false
        }
    }
}

extension KeyField {
    /// Members that are asked one after the other; more are looked up together.
    private static let few = 4

    /// What the field's name says beside the comparison, unless the comparison says it too: `tcp.port` is TCP's.
    var scope: Filter {
        switch self {
        case .port(_, let transport?): Filter(.transport(transport))
        case .transport(let version?): Filter(.ipVersion(version))
        case .port, .address, .vlan, .service, .transport: .everything
        }
    }

    /// Nothing where the predicate is of another type.
    func filter(_ predicate: FieldPredicate) -> Filter {
        switch (self, predicate) {
        case (.port(let side, _), .integers(let set)):
            if set.listName != nil || set.ranges.count > Self.few { return Filter(.ports(side, set)) }
            return .any(set.ranges16.map { Filter(.port(side, $0)) })
        case (.address(let side, _), .addresses(let set)):
            if set.listName != nil || set.prefixes.count > Self.few { return Filter(.addresses(side, set)) }
            return .any(set.prefixes.map { Filter(.address(side, $0)) })
        case (.vlan, .integers(let set)):
            return .any(set.ranges16.filter { $0.lowerBound <= 4095 }.map { .vlan($0.clamped(to: 0...4095)) })
        case (.service, .integers(let set)):
            return .any(Service.allCases.filter { set.contains(UInt64($0.rawValue)) }.map { .service($0) })
        case (.transport, .integers(let set)):
            return .any((0...UInt8.max).filter { set.contains(UInt64($0)) }.map { Filter(.transport(TransportProtocol(rawValue: $0))) })
        default:
            return .nothing
        }
    }
}

extension IntegerSet {
    /// Those of numbers below 65,536.
    fileprivate var ranges16: [ClosedRange<UInt16>] {
        ranges.filter { $0.lowerBound <= UInt16.max }.map { UInt16($0.lowerBound)...UInt16(clamping: $0.upperBound) }
    }
}
