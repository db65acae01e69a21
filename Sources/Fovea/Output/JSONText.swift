import Packets

/// Members of a JSON object (RFC 8259) as they are added, or elements of a list.
///
/// Strings come from the network and may be hostile. Control characters, also Unicode's invisible and direction-changing ones, are escaped, so
/// that no terminal obeys them; what is not UTF-8 is repaired; what is too long is cut and ends in "…".
struct JSONText {
    var bytes: [UInt8] = []

    mutating func append(_ character: Unicode.Scalar) { bytes.append(UInt8(ascii: character)) }

    /// The next member's name, and a comma before it unless it is the first.
    mutating func begin(_ key: StaticString) { begin(UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount)) }

    mutating func begin(_ key: UnsafeBufferPointer<UInt8>) { append(key: key, isFirst: bytes.last.map { $0 == UInt8(ascii: "{") } ?? true) }

    /// In one piece: each time that an array grows it asks whether it is alone and large enough.
    mutating func append(key: UnsafeBufferPointer<UInt8>, isFirst: Bool) {
        let room = 64
        guard key.count <= room - 4 else { return appendLong(key, isFirst) }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: room) { text in
            text[0] = UInt8(ascii: ",")
            text[1] = UInt8(ascii: "\"")
            UnsafeMutableRawPointer(text.baseAddress! + 2).copyMemory(from: key.baseAddress!, byteCount: key.count)
            text[key.count + 2] = UInt8(ascii: "\"")
            text[key.count + 3] = UInt8(ascii: ":")
            bytes += UnsafeBufferPointer(rebasing: text[(isFirst ? 1 : 0)..<key.count + 4])
        }
    }

    private mutating func appendLong(_ key: UnsafeBufferPointer<UInt8>, _ isFirst: Bool) {
        if !isFirst { append(",") }
        append("\"")
        bytes += key
        append("\"")
        append(":")
    }

    // MARK: Values

    mutating func append(bool value: Bool) { bytes += value ? "true".utf8 : "false".utf8 }

    /// Null for what JSON has no number for.
    mutating func append(double value: Double) { bytes += value.isFinite ? "\(value)".utf8 : "null".utf8 }

    mutating func append(integer: some BinaryInteger) { bytes.append(integer: integer) }

    mutating func append(seconds nanoseconds: Int64) { bytes.append(seconds: nanoseconds) }

    mutating func append(address: IPAddress) {
        bytes.append(UInt8(ascii: "\""))
        bytes.append(address: address)
        bytes.append(UInt8(ascii: "\""))
    }

    /// A list, which ends in `mark` where it would be longer than a field may be.
    mutating func append<Value>(list values: [Value], mark: StaticString, _ append: (inout Self, Value) -> Void) {
        let start = bytes.count
        bytes.append(UInt8(ascii: "["))
        for (index, value) in values.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            if bytes.count - start > LogLine.longestField {
                bytes += UnsafeBufferPointer(start: mark.utf8Start, count: mark.utf8CodeUnitCount)
                break
            }
            append(&self, value)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    mutating func append(string: String) {
        bytes.append(UInt8(ascii: "\""))
        var string = string
        let isPlain = string.withUTF8 { text in
            guard text.count <= LogLine.longestString, text.allSatisfy({ $0 >= 0x20 && $0 < 0x7f && $0 != 0x22 && $0 != 0x5c }) else { return false }
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
            if length > LogLine.longestString {
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

extension [UInt8] {
    mutating func append(integer: some BinaryInteger) {
        if integer < 0 { append(UInt8(ascii: "-")) }
        append(digitsOf: UInt64(truncatingIfNeeded: integer.magnitude), atLeast: 1)
    }

    /// With six decimals; what lies below a microsecond is dropped.
    mutating func append(seconds nanoseconds: Int64) {
        if nanoseconds < 0 { append(UInt8(ascii: "-")) }
        let microseconds = nanoseconds.magnitude / 1000
        append(integer: microseconds / 1_000_000)
        append(UInt8(ascii: "."))
        append(digitsOf: microseconds % 1_000_000, atLeast: 6)
    }

    mutating func append(address: IPAddress) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: IPAddress.longestText) { text in
            self += UnsafeBufferPointer(rebasing: text[..<address.write(text)])
        }
    }

    mutating func append(digitsOf number: UInt64, atLeast count: Int) {
        let room = 20
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: room) { digits in
            var rest = number
            var start = room
            while rest > 0 || start > room - count {
                start -= 1
                digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            }
            self += UnsafeBufferPointer(rebasing: digits[start...])
        }
    }
}

extension Unicode.Scalar {
    /// Controls, format characters such as direction overrides, line separators, and what means nothing.
    var isInvisible: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: true
        default: false
        }
    }
}
