/// A domain name in a message, RFC 1035 3.1 and 4.1.4: labels, and pointers to where the rest of it stands.
///
///     3 w w w 7 e x a m p l e 3 o r g 0          4 m a i l  →              a label's length is 0…63; 0xc000 + where is a pointer
///                                                         └ to "7 e x …"
struct DNSName {
    /// As text, RFC 1035 5.1: without the dot at its end, "." for the root; what is not printable is `\DDD`, a dot in a label `\.`.
    let text: String
    /// Where what comes after it begins in the message.
    let end: Int

    /// RFC 1035 2.3.4: octets that labels and their lengths may have together.
    static let longest = 255
    /// Every pointer leads to a label, and no name has more of them.
    private static let mostPointers = 127

    /// Reads the name that begins at `start`. Nil when it does not end within the message, is too long, or leads in a circle.
    init?(in message: RawSpan, at start: Int) {
        var text: [UInt8] = []
        guard let end = Self.walk(message, from: start, { label in
            if !text.isEmpty { text.append(UInt8(ascii: ".")) }
            Self.write(label, to: &text)
        }) else { return nil }
        self.end = end
        self.text = text.isEmpty ? "." : String(decoding: text, as: UTF8.self)
    }

    /// Where what comes after a name begins. Nil as above, but pointers are not followed; `soundEnd` follows them.
    static func end(in message: RawSpan, at start: Int) -> Int? {
        var place = start
        while place < message.byteCount {
            let length = Int(message.byte(place))
            switch length {
            case 0: return place + 1
            case 1...63: place += 1 + length
            case 0xc0...: return place + 2 <= message.byteCount ? place + 2 : nil
            default: return nil
            }
            guard place - start < longest else { return nil }
        }
        return nil
    }

    /// The same for a name that holds together.
    static func soundEnd(in message: RawSpan, at start: Int) -> Int? { walk(message, from: start) { _ in } }

    /// The same for a name that holds together and has no pointers, as most do: asked first, it is the shorter way.
    @inline(__always)
    static func plainEnd(in message: RawSpan, at start: Int) -> Int? {
        var place = start
        while place < message.byteCount, place - start < longest {
            let length = Int(message.byte(place))
            guard 1...63 ~= length else { return length == 0 ? place + 1 : nil }
            place += 1 + length
        }
        return nil
    }

    /// Whether names in two messages are the same, but for upper and lower case (RFC 4343).
    static func areEqual(_ one: RawSpan, _ start: Int, _ other: RawSpan, _ otherStart: Int) -> Bool {
        var (a, b) = (Labels(from: start), Labels(from: otherStart))
        while let label = a.next(in: one), let otherLabel = b.next(in: other), label.count == otherLabel.count {
            if label.isEmpty { return true }
            for place in 0..<label.count where one.byte(label.lowerBound + place) != other.byte(otherLabel.lowerBound + place) {
                guard lower(one.byte(label.lowerBound + place)) == lower(other.byte(otherLabel.lowerBound + place)) else { return false }
            }
        }
        return false
    }

    private static func lower(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

    /// Visits the labels.
    private static func walk(_ message: RawSpan, from start: Int, _ visit: (RawSpan) -> Void) -> Int? {
        var labels = Labels(from: start)
        while let label = labels.next(in: message) {
            if label.isEmpty { return labels.end ?? label.upperBound }
            visit(message.extracting(label))
        }
        return nil
    }

    /// Goes from label to label of a name.
    private struct Labels {
        private var place: Int
        private var octets = 1
        private var pointers = 0
        /// Behind the first pointer.
        private(set) var end: Int?

        init(from start: Int) { place = start }

        /// Where the next label lies; an empty one, behind its length, is the name's end. Nil when the name does not hold together.
        mutating func next(in message: RawSpan) -> Range<Int>? {
            while place < message.byteCount {
                let length = Int(message.byte(place))
                switch length {
                case 0: return place + 1..<place + 1
                case 1...63:
                    octets += 1 + length
                    guard octets <= longest, place + 1 + length <= message.byteCount else { return nil }
                    let label = place + 1..<place + 1 + length
                    place = label.upperBound
                    return label
                case 0xc0...:
                    guard place + 2 <= message.byteCount, pointers < mostPointers else { return nil }
                    if end == nil { end = place + 2 }
                    place = (length & 0x3f) << 8 | Int(message.byte(place + 1))
                    pointers += 1
                default: return nil
                }
            }
            return nil
        }
    }

    private static func write(_ label: RawSpan, to text: inout [UInt8]) {
        for place in 0..<label.byteCount {
            let byte = label.byte(place)
            switch byte {
            case UInt8(ascii: "."), UInt8(ascii: "\\"): text += [UInt8(ascii: "\\"), byte]
            case 0x21...0x7e: text.append(byte)
            default: text += [UInt8(ascii: "\\"), 0x30 + byte / 100, 0x30 + byte / 10 % 10, 0x30 + byte % 10]
            }
        }
    }
}

extension RawSpan {
    /// Of a place that is known to lie in it.
    @inline(__always)
    func byte(_ place: Int) -> UInt8 { unsafeLoad(fromByteOffset: place, as: UInt8.self) }
}
