/// Distinguished names as text: RFC 2253, as OpenSSL's XN_FLAG_RFC2253 and so Zeek write them. The last part comes first, what is not ASCII is escaped byte by
/// byte of its UTF-8.
enum X509Name {
    /// Parts of a name that are written, at most: more are a stranger's doing.
    private static let mostParts = 64

    /// - Parameter name: the content of the name's sequence.
    static func text(_ name: RawSpan) -> String {
        var parts: [(text: String, joinsNext: Bool)] = []
        var sets = DERReader(name)
        while parts.count < mostParts, let set = sets.next(DERTag.set) {
            var values = DERReader(set)
            var isFirst = true
            while parts.count < mostParts, let attribute = values.next(DERTag.sequence) {
                parts.append((text(ofAttribute: attribute), joinsNext: !isFirst))
                isFirst = false
            }
        }
        var text = ""
        for part in parts.reversed() {
            text += part.text
            text += part.joinsNext ? "+" : ","
        }
        return String(text.dropLast())
    }

    /// The value of the last attribute that is a common name.
    static func commonName(_ name: RawSpan) -> String? {
        var found: String?
        var sets = DERReader(name)
        while let set = sets.next(DERTag.set) {
            var values = DERReader(set)
            while let attribute = values.next(DERTag.sequence) {
                var reader = DERReader(attribute)
                guard let type = reader.next(DERTag.objectIdentifier), type.byteCount == 3, type.copied == [0x55, 0x04, 0x03], let value = reader.next()
                else { continue }
                found = string(value.content, tag: value.tag) ?? found
            }
        }
        return found
    }

    private static func text(ofAttribute attribute: RawSpan) -> String {
        var reader = DERReader(attribute)
        guard let type = reader.next(DERTag.objectIdentifier) else { return "?=" }
        let identifier = type.objectIdentifier
        let start = reader.offset
        guard let value = reader.next() else { return "\(identifier)=" }
        if let name = X509Names.attributes[identifier], let string = string(value.content, tag: value.tag) { return name + "=" + escaped(string) }
        // The element whole.
        return (X509Names.attributes[identifier] ?? identifier) + "=#" + attribute.extracting(start..<reader.offset).hexadecimal.uppercased()
    }

    /// Nil for what is no string.
    static func string(_ content: RawSpan, tag: UInt8) -> String? {
        switch tag {
        // UTF-8, numeric, printable, IA5, visible.
        case 12, 18, 19, 22, 26: return content.text
        // Teletex: as if it were Latin-1, which is what everybody puts in.
        case 20:
            var text = String.UnicodeScalarView()
            for byte in content.copied { text.append(Unicode.Scalar(byte)) }
            return String(text)
        // UTF-32.
        case 28:
            var reader = ByteReader(content)
            var text = String.UnicodeScalarView()
            while let number = reader.uint32() { text.append(Unicode.Scalar(number) ?? "\u{fffd}") }
            return String(text)
        // UTF-16 without surrogates.
        case 30: return String(decoding: content.numbers, as: UTF16.self)
        default: return nil
        }
    }

    private static func escaped(_ string: String) -> String {
        let bytes = Array(string.utf8)
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count)
        for (place, byte) in bytes.enumerated() {
            switch byte {
            case UInt8(ascii: ","), UInt8(ascii: "+"), UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: ";"):
                text += [UInt8(ascii: "\\"), byte]
            case UInt8(ascii: "#") where place == 0, UInt8(ascii: " ") where place == 0 || place == bytes.count - 1:
                text += [UInt8(ascii: "\\"), byte]
            case 0x20..<0x7f: text.append(byte)
            default:
                text.append(UInt8(ascii: "\\"))
                text += [byte].span.bytes.hexadecimal.uppercased().utf8
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// Times, RFC 5280 4.1.2.5: `YYMMDDhhmmssZ` of the years 1950 to 2049, `YYYYMMDDhhmmssZ` of all.
enum X509Time {
    /// Seconds since 1970; nil for what is no time.
    static func seconds(_ content: RawSpan, tag: UInt8) -> Int64? {
        guard tag == 23 || tag == 24 else { return nil }
        var reader = ByteReader(content)
        guard var year = reader.twoDigits() else { return nil }
        if tag == 24 {
            guard let low = reader.twoDigits() else { return nil }
            year = year * 100 + low
        } else {
            year += year < 50 ? 2000 : 1900
        }
        guard let month = reader.twoDigits(), let day = reader.twoDigits(), let hour = reader.twoDigits(), let minute = reader.twoDigits(),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60
        else { return nil }
        // Seconds may be missing in what BER allows.
        let second = reader.count > 1 ? reader.twoDigits() ?? 60 : 0
        guard second < 60, reader.uint8() == UInt8(ascii: "Z"), reader.isAtEnd else { return nil }
        return ((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second
    }

    /// Days from 1970 to a date, which may lie before: years are counted from March, so that the leap day is a year's last.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let years = month <= 2 ? year - 1 : year
        let era = (years >= 0 ? years : years - 399) / 400
        let yearOfEra = years - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

extension ByteReader {
    fileprivate mutating func twoDigits() -> Int64? {
        guard let first = uint8(), let second = uint8(), 0x30...0x39 ~= first, 0x30...0x39 ~= second else { return nil }
        return Int64(first - 0x30) * 10 + Int64(second - 0x30)
    }
}
