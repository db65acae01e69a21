/// What may be told of an Authorization header: not the password.
enum HTTPAuthorization {
    static func scheme(_ value: String) -> String { String(value.prefix { $0 != " " }) }

    /// Of `Basic YWxpY2U6c2VjcmV0`, RFC 7617, what stands before the colon.
    static func userName(_ value: String) -> String? {
        guard scheme(value).lowercased() == "basic" else { return nil }
        var (name, bits, count): ([UInt8], UInt32, Int) = ([], 0, 0)
        for letter in value.utf8.dropFirst(5).drop(while: { $0 == HTTPByte.blank }) {
            guard let six = sixBits(letter) else { break }
            (bits, count) = (bits << 6 | six, count + 6)
            guard count >= 8 else { continue }
            count -= 8
            let byte = UInt8(truncatingIfNeeded: bits >> UInt32(count))
            if byte == HTTPByte.colon { return String(decoding: name, as: UTF8.self) }
            name.append(byte)
        }
        // Without a colon it may be anything.
        return nil
    }

    /// RFC 4648 4.
    private static func sixBits(_ letter: UInt8) -> UInt32? {
        switch letter {
        case 0x41...0x5a: UInt32(letter - 0x41)
        case 0x61...0x7a: UInt32(letter - 0x61 + 26)
        case 0x30...0x39: UInt32(letter - 0x30 + 52)
        case UInt8(ascii: "+"): 62
        case HTTPByte.slash: 63
        default: nil
        }
    }
}
