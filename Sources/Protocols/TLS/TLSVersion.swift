/// A protocol version as it stands on the wire.
public struct TLSVersion: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt16

    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    public static let ssl2 = TLSVersion(rawValue: 0x0002)
    public static let ssl3 = TLSVersion(rawValue: 0x0300)
    public static let tls10 = TLSVersion(rawValue: 0x0301)
    public static let tls11 = TLSVersion(rawValue: 0x0302)
    public static let tls12 = TLSVersion(rawValue: 0x0303)
    public static let tls13 = TLSVersion(rawValue: 0x0304)
    // DTLS has the ones' complements of versions, and so the newest is the smallest: RFC 4347 4.1, RFC 6347, RFC 9147.
    public static let dtls10 = TLSVersion(rawValue: 0xfeff)
    public static let dtls12 = TLSVersion(rawValue: 0xfefd)
    public static let dtls13 = TLSVersion(rawValue: 0xfefc)

    /// The name that Zeek's logs use: "TLSv12".
    public var name: String {
        switch self {
        case .ssl2: "SSLv2"
        case .ssl3: "SSLv3"
        case .tls10: "TLSv10"
        case .tls11: "TLSv11"
        case .tls12: "TLSv12"
        case .tls13: "TLSv13"
        case .dtls10: "DTLSv10"
        case .dtls12: "DTLSv12"
        case .dtls13: "DTLSv13"
        default: isDraft ? "TLSv13-draft\(rawValue & 0xff)" : "unknown-\(rawValue)"
        }
    }

    /// One of the 28 drafts of TLS 1.3: 0x7f and the draft's number.
    var isDraft: Bool { (0x7f00...0x7f1c).contains(rawValue) }

    /// SSL 3 to TLS 1.3 or a draft of it.
    var isTLS: Bool { rawValue >= 0x0300 && rawValue <= 0x0304 || isDraft }

    var isDTLS: Bool { self == .dtls10 || self == .dtls12 || self == .dtls13 }

    /// TLS 1.3, a draft of it, or DTLS 1.3: handshakes of which all behind the hellos is encrypted.
    var isAtLeastTLS13: Bool { self == .tls13 || self == .dtls13 || isDraft }

    /// What makes versions of one protocol newer than others.
    var age: UInt16 { rawValue >> 8 == 0xfe ? ~rawValue : rawValue }
}

extension TLSVersion: CustomStringConvertible {
    /// The name that people use: "TLS 1.2".
    public var description: String {
        switch self {
        case .ssl2: "SSL 2.0"
        case .ssl3: "SSL 3.0"
        case .tls10: "TLS 1.0"
        case .tls11: "TLS 1.1"
        case .tls12: "TLS 1.2"
        case .tls13: "TLS 1.3"
        case .dtls10: "DTLS 1.0"
        case .dtls12: "DTLS 1.2"
        case .dtls13: "DTLS 1.3"
        default: isDraft ? "TLS 1.3 draft \(rawValue & 0xff)" : "0x" + String(rawValue, radix: 16)
        }
    }
}

extension UInt16 {
    /// One of the values that clients sprinkle in so that servers stay used to unknown ones: 0x0a0a, 0x1a1a, … RFC 8701.
    public var isGREASE: Bool { self & 0x0f0f == 0x0a0a && self >> 8 == self & 0xff }
}
