import Packets

/// Something that a filter's text can compare.
struct TextField {
    /// Traffic that has the field: what `!=` stays within.
    var presence: Filter
    /// What the field's name says beside the comparison: `tcp.port` is TCP's.
    var scope = Filter.everything
    var kind: Kind

    enum Kind {
        case number(NumberField)
        case address(Side, isIPv4: Bool)
        case service
    }

    /// What an error message asks for.
    var expectation: String {
        switch kind {
        case .number(let field): "a \(field.noun)"
        case .address(_, let isIPv4): isIPv4 ? "an IPv4 address" : "an IPv6 address"
        case .service: "one of " + Service.allCases.map(\.name).joined(separator: ", ")
        }
    }
}

/// A field whose values have an order.
enum NumberField {
    case port(Side)
    case vlan

    func filter(_ numbers: ClosedRange<UInt16>) -> Filter {
        switch self {
        case .port(let side): Filter(.port(side, numbers))
        case .vlan: Filter(.vlan(numbers))
        }
    }

    var upperLimit: UInt16 {
        switch self {
        case .port: 65535
        case .vlan: 4095
        }
    }

    var noun: String {
        switch self {
        case .port: "port number"
        case .vlan: "VLAN id"
        }
    }
}
