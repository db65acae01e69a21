import Crypto
import CryptoExtras

/// Writes QUIC as it goes over the wire: Initials are protected as RFC 9001 says, by code of its own.
public enum QUICBytes {
    public static let v1: UInt32 = 1, v2: UInt32 = 0x6b33_43cf, draft27: UInt32 = 0xff00_001b, draft29: UInt32 = 0xff00_001d, t051: UInt32 = 0x5430_3531
    public static let clientDestination: [UInt8] = [0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08]
    public static let clientID: [UInt8] = [0xc1, 0xc2, 0xc3, 0xc4]
    public static let serverID: [UInt8] = [0x51, 0x52, 0x53, 0x54, 0x55]

    /// A packet of which all is said; what a test is not about has a usual value.
    public struct Initial {
        public var version = v1
        public var isClients = true
        public var destination = clientDestination
        public var source = clientID
        /// What keys are made from.
        public var keyID = clientDestination
        public var token: [UInt8] = []
        public var number: UInt64 = 0
        public var numberLength = 2
        /// The least length of the datagram that it fills.
        public var padding = 0
        /// In the place of the payload's true length.
        public var length: UInt64?
        /// In the place of the token's true length.
        public var tokenLength: UInt64?

        public init() {}

        public static var server: Initial {
            var packet = Initial()
            (packet.isClients, packet.destination, packet.source) = (false, clientID, serverID)
            return packet
        }

        public func bytes(_ frames: [UInt8]) -> [UInt8] { bytes(frames, Keys(version, keyID, isClients: isClients)!) }

        /// The same with keys that are there already.
        public func bytes(_ frames: [UInt8], _ keys: Keys) -> [UInt8] {
            var frames = frames
            func fill(_ count: Int) { if count > 0 { frames.append(contentsOf: repeatElement(0, count: count)) } }
            fill(4 - numberLength - frames.count)
            if padding > 0 { fill(padding - head(0).count - numberLength - frames.count - 16) }
            var packet = head(numberLength + frames.count + 16)
            let place = packet.count
            for byte in (0..<numberLength).reversed() { packet.append(UInt8(truncatingIfNeeded: number >> UInt64(8 * byte))) }
            let box = try! AES.GCM.seal(frames, using: keys.key, nonce: keys.nonce(number), authenticating: packet)
            packet.append(contentsOf: box.ciphertext)
            packet.append(contentsOf: box.tag)
            var sample = Array(packet[place + 4..<place + 20])
            try! AES.permute(&sample, key: keys.headerKey)
            packet[0] ^= sample[0] & 0x0f
            for byte in 0..<numberLength { packet[place + byte] ^= sample[1 + byte] }
            return packet
        }

        /// What comes before the number of a packet whose number and payload are so long.
        private func head(_ length: Int) -> [UInt8] {
            var bytes = [0xc0 | (version == v2 ? 0x10 : 0) | UInt8(numberLength - 1)]
            bytes += big(version)
            bytes += vector8(destination)
            bytes += vector8(source)
            bytes += integer(tokenLength ?? UInt64(token.count))
            bytes += token
            bytes += integer(self.length ?? UInt64(length), bytes: 2)
            return bytes
        }
    }

    /// What a side's Initials are protected with.
    public struct Keys: Sendable {
        fileprivate let key: SymmetricKey, headerKey: SymmetricKey
        private let iv: [UInt8]

        /// Nil for versions whose salt is not known.
        public init?(_ version: UInt32, _ id: [UInt8], isClients: Bool) {
            let salts: [UInt32: String] = [
                v1: "38762cf7f55934b34d179ae6a4c80cadccbb7f0a", v2: "0dede3def700a6db819381be6e269dcbf9bd2ed9",
                draft27: "c3eef712c72ebb5a11a7d2432bb46365bef9f502", draft29: "afbfec289993d24c9e9786f19c6111e04390a899",
                t051: "7a4edef4e7ccee5fa4506c19124fc8ccda6e033d",
            ]
            guard let salt = salts[version] else { return nil }
            let secret = HKDF<SHA256>.extract(inputKeyMaterial: SymmetricKey(data: id), salt: octets(salt))
            func expand(_ from: HashedAuthenticationCode<SHA256>, _ label: String, _ length: Int) -> SymmetricKey {
                HKDF<SHA256>.expand(pseudoRandomKey: from, info: Self.info(label, length), outputByteCount: length)
            }
            let own = expand(secret, isClients ? "client in" : "server in", 32)
            let prefix = version == v2 ? "quicv2" : "quic"
            func key(_ label: String, _ length: Int) -> SymmetricKey {
                HKDF<SHA256>.expand(pseudoRandomKey: own, info: Self.info("\(prefix) \(label)", length), outputByteCount: length)
            }
            (self.key, headerKey) = (key("key", 16), key("hp", 16))
            iv = key("iv", 12).withUnsafeBytes { Array($0) }
        }

        private static func info(_ label: String, _ length: Int) -> [UInt8] { [0, UInt8(length)] + vector8(Array("tls13 \(label)".utf8)) + [0] }

        fileprivate func nonce(_ number: UInt64) -> AES.GCM.Nonce {
            var bytes = iv
            for place in 0..<8 { bytes[4 + place] ^= UInt8(truncatingIfNeeded: number >> UInt64(56 - 8 * place)) }
            return try! AES.GCM.Nonce(data: bytes)
        }
    }

    // MARK: Other packets

    /// 0-RTT or Handshake: what is in it nobody can read.
    public static func protected(_ type: UInt8, version: UInt32 = v1, destination: [UInt8], source: [UInt8], count: Int = 60) -> [UInt8] {
        protected(type, version: version, destination: destination, source: source, [UInt8](repeating: 0xe7, count: count))
    }

    /// The same of bytes that nobody needs to read.
    public static func protected(_ type: UInt8, version: UInt32, destination: [UInt8], source: [UInt8], _ content: [UInt8]) -> [UInt8] {
        let type = version == v2 ? (type + 1) & 3 : type
        return [0xc0 | type << 4] + big(version) + vector8(destination) + vector8(source) + integer(UInt64(content.count), bytes: 2) + content
    }

    public static func zeroRTT(version: UInt32 = v1, count: Int = 60) -> [UInt8] {
        protected(1, version: version, destination: clientDestination, source: clientID, count: count)
    }
    public static func handshake(version: UInt32 = v1) -> [UInt8] { protected(2, version: version, destination: clientID, source: serverID) }
    public static let oneRTT: [UInt8] = [0x41] + serverID + [UInt8](repeating: 0x3c, count: 40)

    public static func retry(version: UInt32 = v1, source: [UInt8], token: [UInt8], original: [UInt8] = clientDestination) -> [UInt8] {
        let packet = [version == v2 ? 0xc0 : 0xf0] + big(version) + vector8(clientID) + vector8(source) + token
        let (key, nonce) = version == v2 ? retryV2 : retryV1
        let box = try! AES.GCM.seal([UInt8](), using: key, nonce: nonce, authenticating: vector8(original) + packet)
        return packet + box.tag
    }

    private static let retryV1 = retryKey("be0c690b9f66575a1d766b54e368c84e", "461599d35d632bf2239825bb")
    private static let retryV2 = retryKey("8fb4b01b56ac48e260fbcbcead7ccc92", "d86969bc2d7c6d9990efb04a")
    private static func retryKey(_ key: String, _ nonce: String) -> (SymmetricKey, AES.GCM.Nonce) {
        (SymmetricKey(data: octets(key)), try! AES.GCM.Nonce(data: octets(nonce)))
    }

    public static func negotiation(destination: [UInt8] = clientID, source: [UInt8] = clientDestination, _ versions: [UInt32]) -> [UInt8] {
        [0xca] + big(0) + vector8(destination) + vector8(source) + versions.flatMap(big)
    }

    /// What a client sends that wishes a version which nobody has.
    public static func unknown(version: UInt32, count: Int = 1200) -> [UInt8] {
        let head = [0xc3] + big(version) + vector8(clientDestination) + vector8(clientID) + [0]
        return head + integer(UInt64(count - head.count - 2), bytes: 2) + [UInt8](repeating: 0x5a, count: count - head.count - 2)
    }

    // MARK: Frames

    public static func crypto(_ bytes: some Collection<UInt8>, at offset: UInt64 = 0) -> [UInt8] {
        [6] + integer(offset) + integer(UInt64(bytes.count)) + bytes
    }

    /// A message in CRYPTO frames of so many bytes.
    public static func crypto(_ bytes: [UInt8], by size: Int) -> [[UInt8]] {
        stride(from: 0, to: bytes.count, by: size).map { crypto(bytes[$0..<min($0 + size, bytes.count)], at: UInt64($0)) }
    }

    public static func close(_ code: UInt64, _ reason: String = "", frame: UInt64 = 6) -> [UInt8] {
        [0x1c] + integer(code) + integer(frame) + integer(UInt64(reason.utf8.count)) + reason.utf8
    }

    public static let ping: [UInt8] = [1]
    public static func acknowledgment(_ largest: UInt64, ranges: [(gap: UInt64, count: UInt64)] = []) -> [UInt8] {
        [2] + integer(largest) + integer(0) + integer(UInt64(ranges.count)) + integer(0) + ranges.flatMap { integer($0.gap) + integer($0.count) }
    }

    // MARK: Numbers

    public static func big(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * $0)) } }
    public static func vector8(_ bytes: [UInt8]) -> [UInt8] { [UInt8(bytes.count)] + bytes }

    /// In as few bytes as it takes, or in so many (1, 2, 4, 8).
    public static func integer(_ value: UInt64, bytes: Int = 1) -> [UInt8] {
        let size = max(bytes, value < 1 << 6 ? 1 : value < 1 << 14 ? 2 : value < 1 << 30 ? 4 : 8)
        var octets = (0..<size).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * (size - 1 - $0))) }
        octets[0] |= UInt8(size.trailingZeroBitCount) << 6
        return octets
    }

    /// Hexadecimal digits' bytes; white space between them means nothing.
    public static func octets(_ digits: String) -> [UInt8] {
        let digits = Array(digits.utf8.filter { $0 > UInt8(ascii: " ") })
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)! }
    }
}
