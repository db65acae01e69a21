import Packets

/// A value of a field's type as a filter or a list writes it, or a range of values.
enum Literal: Equatable {
    /// Of integers, booleans, durations and MAC addresses.
    case numbers(ClosedRange<UInt64>)
    /// A prefix, or those that a range of addresses is made of.
    case prefixes([IPPrefix])
    /// Of strings and bytes.
    case text([UInt8])

    static func number(_ number: UInt64) -> Literal { .numbers(number...number) }
}

/// Why a text is no value of a field.
struct LiteralError: Error {
    var message: String
    var suggestion: String?
}

/// What a word looks like, whatever it should be.
enum LiteralNoun: String {
    case integer = "an integer"
    case boolean = "a boolean"
    case duration = "a duration"
    case ipv4Address = "an IPv4 address"
    case ipv6Address = "an IPv6 address"
    case ipv4Prefix = "an IPv4 prefix"
    case ipv6Prefix = "an IPv6 prefix"
    case mac = "a MAC address"
    case name

    init(_ word: String) {
        let address = word.prefix { $0 != "/" }
        if Number(word) != nil {
            self = .integer
        } else if Bool(filterWord: word) != nil {
            self = .boolean
        } else if FilterDuration(word) != nil {
            self = .duration
        } else if let address = IPAddress(address) {
            self = word.contains("/") ? (address.isIPv4 ? .ipv4Prefix : .ipv6Prefix) : (address.isIPv4 ? .ipv4Address : .ipv6Address)
        } else {
            self = MACAddress(word) == nil ? .name : .mac
        }
    }
}

extension Field {
    /// Reads a word, such as `443`, `10.0.0.0/8` or `TLSv1.3`.
    func literal(_ word: String) throws(LiteralError) -> Literal {
        if let number = valueNames[word] { return .number(number) }
        switch type {
        case .integer(let max):
            guard !isNamed, let number = Number(word) else { throw mismatch(word) }
            guard let value = number.value, value <= max else { throw LiteralError(message: "\(name) is at most \(max)") }
            return .number(value)
        case .boolean:
            guard let value = Bool(filterWord: word) else { throw mismatch(word) }
            return .number(value ? 1 : 0)
        case .duration:
            guard let duration = FilterDuration(word) else { throw mismatch(word) }
            guard let nanoseconds = duration.nanoseconds else { throw LiteralError(message: "a duration is at most \(FilterDuration.longest)") }
            return .number(nanoseconds)
        case .mac:
            guard let address = MACAddress(word) else { throw mismatch(word) }
            return .number(address.bits)
        case .address(let version):
            guard let prefix = IPPrefix(parsing: word), version == nil || prefix.address.isIPv4 == (version == 4) else { throw noAddress(word, version) }
            return .prefixes([prefix])
        case .string, .name:
            throw mismatch(word)
        case .bytes:
            guard let bytes = [UInt8](hexPairs: word) else { throw mismatch(word) }
            return .text(bytes)
        }
    }

    /// Takes what stood between quotation marks.
    func literal(quoted text: [UInt8]) throws(LiteralError) -> Literal {
        switch type {
        case .name: return .text(text.map(\.lowercasedASCII))
        case .string, .bytes: return .text(text)
        default: throw LiteralError(message: "\(name) is \(noun); \"\(String(decoding: text, as: UTF8.self).prefix(40))\" is a string")
        }
    }

    /// The values from one to another.
    func range(_ lower: Literal, _ upper: Literal) throws(LiteralError) -> Literal {
        switch (lower, upper) {
        case (.numbers(let lower), .numbers(let upper)) where orderedLimit != nil:
            guard lower.lowerBound <= upper.upperBound else { throw LiteralError(message: "the range ends before it begins") }
            return .numbers(lower.lowerBound...upper.upperBound)
        case (.prefixes(let lower), .prefixes(let upper)):
            guard let first = lower.first?.onlyAddress, let last = upper.first?.onlyAddress, first.isIPv4 == last.isIPv4 else {
                throw LiteralError(message: "a range lies between two addresses of one IP version")
            }
            let prefixes = IPPrefix.prefixes(from: first, through: last)
            guard !prefixes.isEmpty else { throw LiteralError(message: "the range ends before it begins") }
            return .prefixes(prefixes)
        default:
            throw LiteralError(message: "\(name) has no order, so it has no ranges; compare it with \(operators)")
        }
    }

    /// The largest of its values, if these have an order.
    var orderedLimit: UInt64? {
        switch type {
        case .integer(let max): isNamed ? nil : max
        case .duration: UInt64(Int64.max)
        case .mac: 1 << 48 - 1
        case .boolean, .address, .string, .name, .bytes: nil
        }
    }

    /// Operators that suit it when it has no order.
    var operators: String {
        type.isText ? "==, !=, in, contains, starts_with, ends_with or matches" : "==, != or in"
    }

    /// Whether its values have names only.
    var isNamed: Bool { if case .key(.service) = source { true } else { false } }

    /// What an error message says that its values are.
    var noun: String {
        switch type {
        case _ where isNamed: "one of " + valueNames.keys.sorted().joined(separator: ", ")
        case .integer: "an integer"
        case .boolean: "a boolean"
        case .duration: "a duration"
        case .address(4): "an IPv4 address"
        case .address(6): "an IPv6 address"
        case .address: "an address"
        case .mac: "a MAC address"
        case .string, .name: "a string"
        case .bytes: "bytes"
        }
    }

    private func noAddress(_ word: String, _ version: UInt8?) -> LiteralError {
        guard let address = IPAddress(word.prefix { $0 != "/" }), version == nil || address.isIPv4 == (version == 4) else { return mismatch(word) }
        return LiteralError(message: "the length of an \(address.isIPv4 ? "IPv4" : "IPv6") prefix is a number in 0...\(address.isIPv4 ? 32 : 128)")
    }

    private func mismatch(_ word: String) -> LiteralError {
        let found = LiteralNoun(word)
        let shown = word.count > 40 ? word.prefix(40) + "…" : word
        guard found == .name else { return LiteralError(message: "\(name) is \(noun); \(shown) is \(found.rawValue)\(hint)") }
        if type == .string || type == .name {
            return LiteralError(message: "\(name) is \(noun), which stands in quotation marks: \"\(shown)\"")
        }
        return LiteralError(
            message: valueNames.isEmpty ? "expected \(noun), found \"\(shown)\"" : "\(name) has no value \"\(shown)\"",
            suggestion: nearestName(to: word, among: valueNames.keys))
    }

    /// How values of a type are written that is not met every day.
    private var hint: String {
        switch type {
        case .duration: ", without a unit such as ms or s"
        case .bytes: "; bytes are written 16:03:01 or \"\\x16\""
        default: ""
        }
    }
}

extension FieldType {
    var isText: Bool { self == .string || self == .name || self == .bytes }
}

// MARK: Words

/// A whole number, decimal or hexadecimal (`0x1f`).
struct Number {
    /// Nil when it is larger than any value.
    var value: UInt64?

    /// Nil unless it is written as a number.
    init?(_ word: some StringProtocol) {
        let isHex = word.utf8.count > 2 && (word.hasPrefix("0x") || word.hasPrefix("0X"))
        let digits = isHex ? word.dropFirst(2)[...] : word[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ isHex ? $0.hexValue != nil : (48...57).contains($0) }) else { return nil }
        value = UInt64(digits, radix: isHex ? 16 : 10)
    }
}

/// A time span with its unit: `500us`, `1.5s`, `1d`.
struct FilterDuration {
    /// Nil when it is longer than any value.
    var nanoseconds: UInt64?

    static let units: [(name: String, nanoseconds: UInt64)] = [
        ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1000), ("ns", 1),
    ]
    static let longest = "106751d"

    /// Nil unless it is written as a duration. What is finer than a nanosecond is dropped.
    init?(_ word: some StringProtocol) {
        let number = word.prefix { $0.isASCII && $0.isNumber || $0 == "." }
        guard let unit = Self.units.first(where: { $0.name == word.dropFirst(number.count) })?.nanoseconds else { return nil }
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        guard let whole = UInt64(parts[0]) else { return }
        var (sum, overflow) = whole.multipliedReportingOverflow(by: unit)
        guard !overflow, sum <= UInt64(Int64.max) else { return }
        if parts.count == 2 {
            var scale = unit
            for digit in parts[1].utf8 {
                // The digit stands for so many tenths of what the one before it stood for.
                sum += UInt64(digit - 48) * scale / 10
                scale /= 10
            }
        }
        nanoseconds = sum <= UInt64(Int64.max) ? sum : nil
    }
}

/// `00:1b:21:aa:bb:cc`, or with hyphens.
struct MACAddress {
    var bits: UInt64

    init?(_ word: String) {
        guard let bytes = [UInt8](hexPairs: word), bytes.count == 6 else { return nil }
        bits = bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}

extension Bool {
    init?(filterWord word: String) {
        switch word {
        case "true", "True", "TRUE", "1": self = true
        case "false", "False", "FALSE", "0": self = false
        default: return nil
        }
    }
}

extension Array<UInt8> {
    /// Reads `16:03:01` or `16-03-01`; at least two pairs, so that it cannot be a number.
    init?(hexPairs word: String) {
        let utf8 = Array(word.utf8)
        guard utf8.count >= 5, utf8.count % 3 == 2, utf8[2] == UInt8(ascii: ":") || utf8[2] == UInt8(ascii: "-") else { return nil }
        self = []
        for start in stride(from: 0, to: utf8.count, by: 3) {
            guard let high = utf8[start].hexValue, let low = utf8[start + 1].hexValue, start + 2 == utf8.count || utf8[start + 2] == utf8[2] else { return nil }
            append(high << 4 | low)
        }
    }
}

extension UInt8 {
    /// Of an ASCII digit.
    var hexValue: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
