import Crypto

/// What differs between the versions that have the shape of RFC 9000: their types' numbers, and what their Initials' keys and Retries' tags are made from.
final class QUICFormat: Sendable {
    static let tagLength = 16

    /// Whether types are numbered as in RFC 9369 3.2, one further.
    private let turnsTypes: Bool
    /// An HMAC with the salt as its key, which every Initial secret begins with, RFC 9001 5.2.
    let salted: HMAC<SHA256>
    let clientLabel = QUICFormat.label("client in", 32)
    let serverLabel = QUICFormat.label("server in", 32)
    let keyLabel: [UInt8]
    let ivLabel: [UInt8]
    let headerKeyLabel: [UInt8]
    /// The type of a CRYPTO frame.
    let cryptoFrame: UInt64
    /// Nil where it is not known: then no Retry can be told from another.
    private let retryKey: (key: SymmetricKey, nonce: [UInt8])?

    private init(salt: [UInt8], labels prefix: String = "quic", turnsTypes: Bool = false, cryptoFrame: UInt64 = 0x06, retryKey: ([UInt8], nonce: [UInt8])?) {
        self.turnsTypes = turnsTypes
        self.cryptoFrame = cryptoFrame
        salted = HMAC<SHA256>(key: SymmetricKey(data: salt))
        keyLabel = Self.label("\(prefix) key", 16)
        ivLabel = Self.label("\(prefix) iv", 12)
        headerKeyLabel = Self.label("\(prefix) hp", 16)
        self.retryKey = retryKey.map { (SymmetricKey(data: $0.0), $0.nonce) }
    }

    func type(_ number: UInt8) -> QUICPacketType {
        switch (number &- (turnsTypes ? 1 : 0)) & 3 {
        case 0: .initial
        case 1: .zeroRTT
        case 2: .handshake
        default: .retry
        }
    }

    /// RFC 8446 7.1's HkdfLabel with an empty context, and behind it the number that HKDF-Expand gives its first and only block.
    private static func label(_ text: String, _ length: UInt8) -> [UInt8] {
        let name = Array("tls13 \(text)".utf8)
        return [0, length, UInt8(name.count)] + name + [0, 1]
    }

    /// Whether a Retry is an answer to an Initial with this destination ID, RFC 9001 5.8. Nil where nobody knows.
    func isGenuine(retry packet: RawSpan, to original: QUICConnectionID) -> Bool? {
        guard let retryKey, packet.byteCount > Self.tagLength else { return nil }
        var pseudo = [UInt8(original.count)]
        original.withBytes { pseudo.append(contentsOf: $0) }
        return packet.withUnsafeBytes { packet in
            pseudo.append(contentsOf: packet.dropLast(Self.tagLength))
            guard let nonce = try? AES.GCM.Nonce(data: retryKey.nonce),
                let box = try? AES.GCM.SealedBox(nonce: nonce, ciphertext: [UInt8](), tag: UnsafeRawBufferPointer(rebasing: packet.suffix(Self.tagLength)))
            else { return nil }
            return (try? AES.GCM.open(box, using: retryKey.key, authenticating: pseudo)) != nil
        }
    }

    /// RFC 9001.
    static let v1 = QUICFormat(
        salt: [0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a],
        retryKey: (
            [0xbe, 0x0c, 0x69, 0x0b, 0x9f, 0x66, 0x57, 0x5a, 0x1d, 0x76, 0x6b, 0x54, 0xe3, 0x68, 0xc8, 0x4e],
            nonce: [0x46, 0x15, 0x99, 0xd3, 0x5d, 0x63, 0x2b, 0xf2, 0x23, 0x98, 0x25, 0xbb]
        ))
    /// RFC 9369.
    static let v2 = QUICFormat(
        salt: [0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9],
        labels: "quicv2", turnsTypes: true,
        retryKey: (
            [0x8f, 0xb4, 0xb0, 0x1b, 0x56, 0xac, 0x48, 0xe2, 0x60, 0xfb, 0xcb, 0xce, 0xad, 0x7c, 0xcc, 0x92],
            nonce: [0xd8, 0x69, 0x69, 0xbc, 0x2d, 0x7c, 0x6d, 0x99, 0x90, 0xef, 0xb0, 0x4a]
        ))
    /// Drafts 29 to 32 of RFC 9001.
    static let draft29 = QUICFormat(
        salt: [0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97, 0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99],
        retryKey: (
            [0xcc, 0xce, 0x18, 0x7e, 0xd0, 0x9a, 0x09, 0xd0, 0x57, 0x28, 0x15, 0x5a, 0x6c, 0xb9, 0x6b, 0xe1],
            nonce: [0xe5, 0x49, 0x30, 0xf9, 0x7f, 0x21, 0x36, 0xf0, 0x53, 0x0a, 0x8c, 0x1c]
        ))
    /// Drafts 27 and 28, and Facebook's.
    static let draft27 = QUICFormat(
        salt: [0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7, 0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5, 0x02],
        retryKey: (
            [0x4d, 0x32, 0xec, 0xdb, 0x2a, 0x21, 0x33, 0xc8, 0x41, 0xe4, 0x04, 0x3d, 0xf2, 0x7d, 0x44, 0x30],
            nonce: [0x4d, 0x16, 0x11, 0xd0, 0x55, 0x13, 0xa5, 0x52, 0xc5, 0x87, 0xd5, 0x75]
        ))
    /// Google's.
    static let t050 = QUICFormat(
        salt: [0x7f, 0xf5, 0x79, 0xe5, 0xac, 0xd0, 0x72, 0x91, 0x55, 0x80, 0x30, 0x4c, 0x43, 0xa2, 0x36, 0x7c, 0x60, 0x48, 0x83, 0x10],
        cryptoFrame: 0x08, retryKey: nil)
    static let t051 = QUICFormat(
        salt: [0x7a, 0x4e, 0xde, 0xf4, 0xe7, 0xcc, 0xee, 0x5f, 0xa4, 0x50, 0x6c, 0x19, 0x12, 0x4f, 0xc8, 0xcc, 0xda, 0x6e, 0x03, 0x3d],
        cryptoFrame: 0x08, retryKey: nil)
}
