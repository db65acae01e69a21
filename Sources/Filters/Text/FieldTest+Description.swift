import Packets

extension FieldTest {
    /// As a filter writes it.
    var text: String {
        switch predicate {
        case .exists: "\(field.name) exists"
        case .integers(let set): text(set)
        case .addresses(let set): text(listName: set.listName, set.prefixes.map(\.description))
        case .texts(let set): text(listName: set.listName, set.texts.map(\.asLiteral).sorted())
        case .contains(let part): "\(field.name) contains \(part.asLiteral)"
        case .startsWith(let part): "\(field.name) starts_with \(part.asLiteral)"
        case .endsWith(let part): "\(field.name) ends_with \(part.asLiteral)"
        case .matches(let pattern): "\(field.name) matches \(pattern.asLiteral)"
        }
    }

    /// The one value that it asks for.
    var singleValue: String? {
        switch predicate {
        case .integers(let set)
        where set.listName == nil && set.ranges.count == 1 && set.ranges[0].lowerBound == set.ranges[0].upperBound:
            value(set.ranges[0].lowerBound)
        case .addresses(let set) where set.listName == nil && set.prefixes.count == 1: "\(set.prefixes[0])"
        case .texts(let set) where set.listName == nil && set.texts.count == 1: set.texts.first?.asLiteral
        default: nil
        }
    }

    private func text(_ set: IntegerSet) -> String {
        if field.type == .boolean, set.listName == nil, set.ranges == [1...1] { return field.name }
        if set.listName == nil, set.ranges.count == 1, let limit = field.orderedLimit, set.ranges[0].lowerBound < set.ranges[0].upperBound {
            if set.ranges[0].upperBound == limit { return "\(field.name) >= \(value(set.ranges[0].lowerBound))" }
            if set.ranges[0].lowerBound == 0 { return "\(field.name) <= \(value(set.ranges[0].upperBound))" }
            return "\(field.name) in \(text(set.ranges[0]))"
        }
        if field.type == .boolean { return text(listName: set.listName, [0, 1].filter(set.contains).map(value)) }
        return text(listName: set.listName, set.ranges.map(text))
    }

    private func text(_ range: ClosedRange<UInt64>) -> String {
        range.lowerBound == range.upperBound ? value(range.lowerBound) : "\(value(range.lowerBound))..\(value(range.upperBound))"
    }

    /// - Parameter values: not made for a list, which has a name and may be long.
    private func text(listName: String?, _ values: @autoclosure () -> [String]) -> String {
        if let listName { return "\(field.name) in $\(listName)" }
        let values = values()
        return values.count == 1 ? "\(field.name) == \(values[0])" : "\(field.name) in {\(values.joined(separator: ", "))}"
    }

    private func value(_ number: UInt64) -> String {
        switch field.type {
        case .boolean: return number == 0 ? "false" : "true"
        case .duration:
            let unit = FilterDuration.units.first { number % $0.nanoseconds == 0 && number > 0 } ?? ("s", 1)
            return "\(number / unit.nanoseconds)\(unit.name)"
        case .mac:
            return (0..<6).map { byte in (number >> (40 - 8 * UInt64(byte)) & 0xff).hex }.joined(separator: ":")
        default:
            return field.valueNames.filter { $0.value == number }.keys.min() ?? "\(number)"
        }
    }
}

extension UInt64 {
    /// Two digits.
    fileprivate var hex: String { (self < 16 ? "0" : "") + String(self, radix: 16) }
}

extension [UInt8] {
    /// In quotation marks. What is neither UTF-8 nor printable is escaped.
    fileprivate var asLiteral: String {
        guard let text = String(validating: self, as: UTF8.self) else {
            return "\"" + map { $0 < 0x80 ? UnicodeScalar($0).asPartOfLiteral : "\\x" + UInt64($0).hex }.joined() + "\""
        }
        return "\"" + text.unicodeScalars.map(\.asPartOfLiteral).joined() + "\""
    }
}

extension UnicodeScalar {
    fileprivate var asPartOfLiteral: String {
        switch self {
        case "\\", "\"": "\\\(self)"
        case "\n": "\\n"
        case ..<" ", "\u{7f}": "\\x" + UInt64(value).hex
        default: String(self)
        }
    }
}

extension Pattern {
    /// As it is, where no quotation mark is in the way.
    fileprivate var asLiteral: String {
        if !text.utf8.contains(UInt8(ascii: "\"")) { return "r\"\(text)\"" }
        return "\"" + text.unicodeScalars.map { $0 == "\\" || $0 == "\"" ? "\\\($0)" : String($0) }.joined() + "\""
    }
}
