import TestSupport
import Tracking
@testable import Filters

/// Texts of filters over all fields, of values that `RandomConnection` has, too.
enum RandomFilter {
    /// - Parameter fields: what it is about; anything when there are none.
    static func text(depth: Int, about fields: [Field] = [], using random: inout SeededGenerator) -> String {
        guard depth > 0, Int.random(in: 0..<5, using: &random) > 0 else {
            return fields.randomElement(using: &random).map { comparison(of: $0, using: &random) } ?? predicate(using: &random)
        }
        func child() -> String { text(depth: depth - 1, about: fields, using: &random) }
        switch Int.random(in: 0..<5, using: &random) {
        case 0: return "not (\(child()))"
        case 1, 2: return "(\(child()) and \(child()))"
        default: return "(\(child()) or \(child()))"
        }
    }

    private static let protocols = ["eth", "ip", "ipv6", "tcp", "udp", "icmp", "tls", "vlan", "arp"]
    static let fields = FieldCatalog.standard.fields
    private static let likely = fields.filter { $0.name.hasPrefix("tls.") || $0.name.hasPrefix("conn.") || $0.name.hasPrefix("tcp.flags.") }

    private static func predicate(using random: inout SeededGenerator) -> String {
        switch Int.random(in: 0..<8, using: &random) {
        case 0: return protocols.randomElement(using: &random)!
        case 1...3: return comparison(of: likely.randomElement(using: &random)!, using: &random)
        default: return comparison(of: fields.randomElement(using: &random)!, using: &random)
        }
    }

    private static func comparison(of field: Field, using random: inout SeededGenerator) -> String {
        if Int.random(in: 0..<8, using: &random) == 0 { return "\(field.name) exists" }
        func sign(_ signs: String...) -> String { signs.randomElement(using: &random)! }
        func text() -> String { "\"\(RandomConnection.texts.randomElement(using: &random)!)\"" }
        switch field.type {
        case .boolean: return "\(field.name) \(sign("==", "!=")) \(Bool.random(using: &random))"
        case .integer(let max):
            guard field.orderedLimit != nil else {
                guard let name = field.valueNames.keys.sorted().randomElement(using: &random) else { return field.name }
                return "\(field.name) \(sign("==", "!=")) \(name)"
            }
            let number = min(max, RandomConnection.numbers.randomElement(using: &random)!)
            if number > 0, number < max { return "\(field.name) \(sign("==", "!=", "<", "<=", ">", ">=")) \(number)" }
            return "\(field.name) \(sign("==", "!=", "in")) \(number)"
        case .duration: return "\(field.name) \(sign("<", ">=", "==")) \(Int.random(in: 1...3, using: &random))s"
        case .address(let version):
            let isIPv6 = version.map { $0 == 6 } ?? Bool.random(using: &random)
            return "\(field.name) \(sign("==", "!=", "in")) \((isIPv6 ? ["::1", "::/0", "::2", "2001:db8::/32"] : ["10.0.0.1", "10.0.0.0/8", "192.0.2.1", "0.0.0.0/0"]).randomElement(using: &random)!)"
        case .mac: return "\(field.name) \(sign("==", "!=")) 02:00:00:00:00:0\(Int.random(in: 0...2, using: &random))"
        case .string, .name, .bytes: return "\(field.name) \(sign("==", "!=", "contains", "starts_with", "ends_with", "~", "in")) \(text())"
        }
    }
}
