import Packets

/// A JSON object in the making (RFC 8259): members stand in the order in which they are added, and cost no more than their bytes.
///
/// Strings come from the network and may be hostile. Control characters, also Unicode's invisible and direction-changing ones, are escaped, so
/// that no terminal obeys them; what is not UTF-8 is repaired; what is too long is cut and ends in "…".
public struct JSONObject {
    /// Bytes of UTF-8 that a string may have.
    public static let longestString = 4096

    private(set) var bytes: [UInt8] = []

    init() {}

    /// Adds nothing when there is no value: a field that is not set is not there.
    public mutating func add(_ key: StaticString, _ value: String?) {
        guard let value else { return }
        begin(key)
        append(string: value)
    }

    /// Text of unknown encoding, read as UTF-8.
    public mutating func add(_ key: StaticString, utf8 value: RawSpan) {
        begin(key)
        let head = value.extracting(first: min(value.byteCount, Self.longestString + 1))
        append(string: head.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
    }

    public mutating func add(_ key: StaticString, _ value: some BinaryInteger) {
        begin(key)
        append(integer: value)
    }

    public mutating func add(_ key: StaticString, _ value: Bool) {
        begin(key)
        bytes += value ? "true".utf8 : "false".utf8
    }

    /// Null for what JSON has no number for.
    public mutating func add(_ key: StaticString, _ value: Double) {
        begin(key)
        bytes += value.isFinite ? "\(value)".utf8 : "null".utf8
    }

    public mutating func add(_ key: StaticString, _ values: [String]) { add(key, values) { $0.append(string: $1) } }
    public mutating func add(_ key: StaticString, _ values: [some BinaryInteger]) { add(key, values) { $0.append(integer: $1) } }

    private mutating func add<Value>(_ key: StaticString, _ values: [Value], _ append: (inout Self, Value) -> Void) {
        begin(key)
        bytes.append(UInt8(ascii: "["))
        for (index, value) in values.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            append(&self, value)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    public mutating func add(_ key: StaticString, _ address: IPAddress) {
        begin(key)
        bytes.append(UInt8(ascii: "\""))
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: IPAddress.longestText) { text in
            bytes += UnsafeBufferPointer(rebasing: text[..<address.write(text)])
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Seconds since 1970 with six decimals, as Zeek's logs have them; exact, what lies below a microsecond is dropped.
    public mutating func add(_ key: StaticString, _ time: Timestamp) { add(key, seconds: time.nanoseconds) }

    /// A length of time, given in nanoseconds, as seconds with six decimals.
    public mutating func add(_ key: StaticString, seconds nanoseconds: Int64) {
        begin(key)
        if nanoseconds < 0 { bytes.append(UInt8(ascii: "-")) }
        let microseconds = nanoseconds.magnitude / 1000
        append(integer: microseconds / 1_000_000)
        bytes.append(UInt8(ascii: "."))
        append(digitsOf: microseconds % 1_000_000, atLeast: 6)
    }

    // MARK: Lines

    mutating func open() {
        bytes.removeAll(keepingCapacity: true)
        bytes.append(UInt8(ascii: "{"))
    }

    mutating func close() { bytes.append(UInt8(ascii: "}")) }

    /// The object as text, made by `fill`.
    static func text(_ fill: (inout JSONObject) -> Void) -> String {
        var object = JSONObject()
        object.open()
        fill(&object)
        object.close()
        return String(decoding: object.bytes, as: UTF8.self)
    }

    private mutating func begin(_ key: StaticString) {
        if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
        bytes.append(UInt8(ascii: "\""))
        bytes += UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount)
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
    }

    private mutating func append(integer: some BinaryInteger) {
        if integer < 0 { bytes.append(UInt8(ascii: "-")) }
        append(digitsOf: UInt64(truncatingIfNeeded: integer.magnitude), atLeast: 1)
    }

    private mutating func append(digitsOf number: UInt64, atLeast count: Int) {
        let room = 20
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: room) { digits in
            var rest = number
            var start = room
            while rest > 0 || start > room - count {
                start -= 1
                digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            }
            bytes += UnsafeBufferPointer(rebasing: digits[start...])
        }
    }

    private mutating func append(string: String) {
        bytes.append(UInt8(ascii: "\""))
        var string = string
        let isPlain = string.withUTF8 { text in
            guard text.count <= Self.longestString, text.allSatisfy({ $0 >= 0x20 && $0 < 0x7f && $0 != 0x22 && $0 != 0x5c }) else { return false }
            bytes += text
            return true
        }
        if !isPlain { appendEscaped(string) }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func appendEscaped(_ string: String) {
        var length = 0
        for scalar in string.unicodeScalars {
            length += UTF8.width(scalar)
            if length > Self.longestString {
                bytes += "…".utf8
                return
            }
            switch scalar {
            case "\"": bytes += #"\""#.utf8
            case "\\": bytes += #"\\"#.utf8
            case "\n": bytes += #"\n"#.utf8
            case "\r": bytes += #"\r"#.utf8
            case "\t": bytes += #"\t"#.utf8
            case "\u{20}"..."\u{7e}": bytes.append(UInt8(scalar.value))
            default: if scalar.isInvisible { appendEscape(scalar) } else { bytes += UTF8.encode(scalar)! }
            }
        }
    }

    private mutating func appendEscape(_ scalar: Unicode.Scalar) {
        for unit in UTF16.encode(scalar)! {
            let digits = String(unit, radix: 16)
            bytes += #"\u"#.utf8
            bytes += repeatElement(UInt8(ascii: "0"), count: 4 - digits.count)
            bytes += digits.utf8
        }
    }
}

extension Unicode.Scalar {
    /// Controls, format characters such as direction overrides, line separators, and what means nothing.
    fileprivate var isInvisible: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: true
        default: false
        }
    }
}
