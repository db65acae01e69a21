/// A version of QUIC as it stands in a long header, <https://www.iana.org/assignments/quic>.
public struct QUICVersion: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// What stands there in a Version Negotiation packet, RFC 8999 6.
    public static let negotiation = QUICVersion(rawValue: 0)
    public static let v1 = QUICVersion(rawValue: 1)
    /// RFC 9369.
    public static let v2 = QUICVersion(rawValue: 0x6b33_43cf)

    /// A draft of version 1.
    public static func draft(_ number: UInt8) -> QUICVersion { QUICVersion(rawValue: 0xff00_0000 | UInt32(number)) }

    /// "1" and "quicv2" as in Zeek's log, "draft-29", Google's four letters ("T051"), "mvfst-faceb002" for Facebook's; "unknown-1a2a3a4a" for all else.
    public var name: String {
        let hex = String(rawValue, radix: 16)
        return switch self {
        case .v1: "1"
        case .v2: "quicv2"
        case _ where draftNumber != nil: "draft-\(rawValue & 0xff)"
        case _ where isMvfst: "mvfst-\(hex)"
        case _ where isGoogles || isGQUIC: String(decoding: (0..<4).map { UInt8(truncatingIfNeeded: rawValue >> (24 - 8 * $0)) }, as: UTF8.self)
        default: "unknown-\(hex)"
        }
    }

    /// Of the drafts that look like version 1 on the wire: 27 to 34.
    private var draftNumber: UInt8? {
        let number = UInt8(truncatingIfNeeded: rawValue)
        return rawValue >> 8 == 0xff_0000 && (27...34).contains(number) ? number : nil
    }

    /// Facebook's, like draft 27.
    private var isMvfst: Bool { rawValue == 0xface_b002 || rawValue == 0xface_b00e }

    /// Google's T050 and T051: their own number, and TLS in packets like draft 27's.
    private var isGoogles: Bool { rawValue == 0x5430_3530 || rawValue == 0x5430_3531 }

    /// Google's QUIC before the IETF's, Q024 to Q050, whose handshake is none of TLS.
    public var isGQUIC: Bool {
        let (tens, ones) = (rawValue >> 8 & 0xff, rawValue & 0xff)
        return rawValue >> 16 == 0x5130 && (0x32...0x35).contains(tens) && (0x30...0x39).contains(ones)
    }

    /// 0x?a?a?a?a: what clients name so that servers stay used to versions they do not know, RFC 9000 15.
    public var isGREASE: Bool { rawValue & 0x0f0f_0f0f == 0x0a0a_0a0a }

    /// How its packets look and are protected; nil where that is not known here.
    var format: QUICFormat? {
        switch self {
        case .v1: .v1
        case .v2: .v2
        case _ where isMvfst: .draft27
        case _ where isGoogles: rawValue & 0xff == 0x30 ? .t050 : .t051
        default:
            switch draftNumber {
            case 27?, 28?: .draft27
            case 29?, 30?, 31?, 32?: .draft29
            case 33?, 34?: .v1
            default: nil
            }
        }
    }
}

extension QUICVersion: CustomStringConvertible {
    public var description: String { name }
}
