import Packets

/// Members of a JSON object (RFC 8259) as they are added, or elements of a list.
///
/// Strings come from the network and may be hostile. Control characters, also Unicode's invisible and direction-changing ones, are escaped, so
/// that no terminal obeys them; what is not UTF-8 is repaired; what is too long is cut and ends in "…".
struct JSONText: ~Copyable {
    var text = TextBuffer()

    var isEmpty: Bool { text.isEmpty }
    var count: Int { text.count }

    mutating func removeAll() { text.removeAll() }

    mutating func append(_ character: Unicode.Scalar) { text.append(character) }

    /// Members, or elements, with the commas between them.
    mutating func append(_ other: borrowing JSONText) { text.append(other.text.bytes) }

    /// The next member's name, and a comma before it unless it is the first.
    mutating func begin(_ key: StaticString) { begin(UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount)) }

    mutating func begin(_ key: UnsafeBufferPointer<UInt8>) { append(key: key, isFirst: text.isEmpty || text.bytes[text.count - 1] == UInt8(ascii: "{")) }

    @inline(__always)
    mutating func append(key: UnsafeBufferPointer<UInt8>, isFirst: Bool) {
        text.append(atMost: key.count + 4) { text in
            var end = 0
            if !isFirst {
                text[0] = UInt8(ascii: ",")
                end = 1
            }
            text[end] = UInt8(ascii: "\"")
            if let start = key.baseAddress { (text + end + 1).update(from: start, count: key.count) }
            end &+= key.count &+ 1
            text[end] = UInt8(ascii: "\"")
            text[end + 1] = UInt8(ascii: ":")
            return end &+ 2
        }
    }

    // MARK: Values

    mutating func append(bool value: Bool) { text.append(value ? "true" : "false" as StaticString) }

    /// Null for what JSON has no number for.
    mutating func append(double value: Double) { text.append(value.isFinite ? "\(value)" : "null") }

    @inline(__always)
    mutating func append(integer: some BinaryInteger) { text.append(integer: integer) }

    mutating func append(seconds nanoseconds: Int64) { text.append(seconds: nanoseconds) }

    mutating func append(address: IPAddress) {
        append("\"")
        text.append(address: address)
        append("\"")
    }

    /// A string that has nothing to be escaped.
    ///
    /// - Parameters:
    ///   - room: bytes, at least those that are written.
    ///   - write: writes some, and gives their number.
    @inline(__always)
    mutating func append(plain room: Int, _ write: (UnsafeMutablePointer<UInt8>) -> Int) {
        text.append(atMost: room + 2) { text in
            text[0] = UInt8(ascii: "\"")
            let end = 1 + write(text + 1)
            text[end] = UInt8(ascii: "\"")
            return end + 1
        }
    }

    /// A list, which ends in `mark` where it would be longer than a field may be.
    mutating func append<Value>(list values: [Value], mark: StaticString, _ append: (inout Self, Value) -> Void) {
        let start = text.count
        text.append("[")
        for (index, value) in values.enumerated() {
            if index > 0 { text.append(",") }
            if text.count - start > LogLine.longestField {
                text.append(mark)
                break
            }
            append(&self, value)
        }
        text.append("]")
    }

    mutating func append(string: String) {
        var string = string
        let isPlain = string.withUTF8 { value in
            guard value.count <= LogLine.longestString, Self.isPlain(value) else { return false }
            append(plain: value.count) { text in
                if let start = value.baseAddress { text.update(from: start, count: value.count) }
                return value.count
            }
            return true
        }
        if isPlain { return }
        append("\"")
        appendEscaped(string)
        append("\"")
    }

    /// Whether all is visible ASCII without `"` and `\`.
    private static func isPlain(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        let count = text.count
        guard let start = text.baseAddress.map({ UnsafeRawPointer($0) }) else { return true }
        if count < 8 {
            // Two halves that may overlap, or the few bytes by themselves; the rest is plain.
            guard count < 4 else {
                let (first, last) = (start.loadUnaligned(as: UInt32.self), (start + count - 4).loadUnaligned(as: UInt32.self))
                return isPlain(UInt64(first) | UInt64(last) << 32)
            }
            var bytes: UInt64 = 0x3030_3030_3030_3030
            for place in 0..<count { bytes = bytes << 8 | UInt64(text[place]) }
            return isPlain(bytes)
        }
        var place = 0
        while place < count {
            // The last eight bytes may have been looked at before.
            guard isPlain((start + min(place, count &- 8)).loadUnaligned(as: UInt64.self)) else { return false }
            place &+= 8
        }
        return true
    }

    /// Of eight bytes at once. The highest bit of a byte says that it is not, in the lowest such byte at least.
    @inline(__always)
    private static func isPlain(_ bytes: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        @inline(__always) func isBelow(_ bound: UInt64, _ bytes: UInt64) -> UInt64 { (bytes &- ones &* bound) & ~bytes }
        let odd = bytes | isBelow(0x20, bytes) | isBelow(1, bytes ^ ones &* 0x7f) | isBelow(1, bytes ^ ones &* 0x22) | isBelow(1, bytes ^ ones &* 0x5c)
        return odd & (ones &* 0x80) == 0
    }

    private mutating func appendEscaped(_ string: String) {
        var length = 0
        for scalar in string.unicodeScalars {
            length += UTF8.width(scalar)
            if length > LogLine.longestString { return text.append("…" as StaticString) }
            switch scalar {
            case "\"": text.append(#"\""# as StaticString)
            case "\\": text.append(#"\\"# as StaticString)
            case "\n": text.append(#"\n"# as StaticString)
            case "\r": text.append(#"\r"# as StaticString)
            case "\t": text.append(#"\t"# as StaticString)
            case "\u{20}"..."\u{7e}": text.append(scalar)
            default: if scalar.isInvisible { appendEscape(scalar) } else { text.append(UTF8.encode(scalar)!) }
            }
        }
    }

    private mutating func appendEscape(_ scalar: Unicode.Scalar) {
        for unit in UTF16.encode(scalar)! {
            text.append(#"\u"# as StaticString)
            withUnsafeBytes(of: unit.bigEndian) { text.append($0.hexadecimal) }
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
