/// What a record carries, RFC 8446 5.1 and RFC 6520.
enum TLSContentType: UInt8 {
    case changeCipherSpec = 20
    case alert
    case handshake
    case applicationData
    case heartbeat
}

/// A record's header, RFC 8446 5.1.
///
///      0              8               24              40
///     +--------------+---------------+---------------+----------
///     | content type |    version    |    length     | fragment …
///     +--------------+---------------+---------------+----------
struct TLSRecordHeader {
    static let byteCount: UInt8 = 5
    /// RFC 5246 6.2.3: a ciphertext may be 2048 bytes longer than its plaintext.
    static let longestFragment = 1 << 14 + 2048

    var type: TLSContentType
    var length: Int

    /// `bits`: the header's five bytes as an integer. Nil unless they can be a record's.
    init?(_ bits: UInt64) {
        guard let type = TLSContentType(rawValue: UInt8(truncatingIfNeeded: bits >> 32)),
            TLSVersion(rawValue: UInt16(truncatingIfNeeded: bits >> 16)).isTLS
        else { return nil }
        self.type = type
        length = Int(bits & 0xffff)
        guard length <= Self.longestFragment else { return nil }
    }
}

/// The header of SSL 2's ClientHello, in which clients that spoke newer versions too once greeted: RFC 5246 E.2.
///
///      0   1               16             24              40
///     +---+---------------+--------------+---------------+-----------
///     | 1 |    length     | msg type, 1  |    version    | the rest …
///     +---+---------------+--------------+---------------+-----------
struct SSLv2HelloHeader {
    static let byteCount: UInt8 = 5

    /// Of what follows the message's type: the version and the rest.
    var length: Int
    var version: UInt16

    /// `bits`: the header's five bytes as an integer. Nil unless they can begin such a hello.
    init?(_ bits: UInt64) {
        version = UInt16(truncatingIfNeeded: bits)
        length = Int(bits >> 24 & 0x7fff) - 1
        guard bits >> 39 == 1, bits >> 16 & 0xff == 1, length >= SSLv2HelloHeader.shortest,
            version == TLSVersion.ssl2.rawValue || TLSVersion(rawValue: version).isTLS
        else { return nil }
    }

    /// Version, three lengths, one cipher, 16 bytes of challenge.
    private static let shortest = 2 + 6 + 3 + 16
}
