import Crypto
import CryptoExtras
import Foundation

/// Writes QUIC as it goes over the wire: Initials are protected as RFC 9001 says, by code of its own.
enum QUICBytes {
    static let v1: UInt32 = 1, v2: UInt32 = 0x6b33_43cf, draft29: UInt32 = 0xff00_001d
    static let clientDestination: [UInt8] = [0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08]
    static let clientID: [UInt8] = [0xc1, 0xc2, 0xc3, 0xc4]
    static let serverID: [UInt8] = [0x51, 0x52, 0x53, 0x54, 0x55]

    /// A packet of which all is said; what a test is not about has a usual value.
    struct Initial {
        var version = v1
        var isClients = true
        var destination = clientDestination
        var source = clientID
        /// What keys are made from.
        var keyID = clientDestination
        var token: [UInt8] = []
        var number: UInt64 = 0
        var numberLength = 2
        /// The least length of the datagram that it fills.
        var padding = 0
        /// In the place of the payload's true length.
        var length: UInt64?
        /// In the place of the token's true length.
        var tokenLength: UInt64?

        static var server: Initial { Initial(isClients: false, destination: clientID, source: serverID) }

        func bytes(_ frames: [UInt8]) -> [UInt8] {
            let keys = Keys(version, keyID, isClients: isClients)
            var frames = frames + [UInt8](repeating: 0, count: max(0, 4 - numberLength - frames.count))
            func head(_ length: Int) -> [UInt8] {
                let type: UInt8 = version == v2 ? 1 : 0
                return [0xc0 | type << 4 | UInt8(numberLength - 1)] + big(version) + vector8(destination) + vector8(source)
                    + integer(tokenLength ?? UInt64(token.count)) + token + integer(self.length ?? UInt64(length), bytes: 2)
            }
            frames += [UInt8](repeating: 0, count: max(0, padding - head(0).count - numberLength - frames.count - 16))
            let start = head(numberLength + frames.count + 16)
            let header = start + (0..<numberLength).map { UInt8(truncatingIfNeeded: number >> UInt64(8 * (numberLength - 1 - $0))) }
            let box = try! AES.GCM.seal(frames, using: keys.key, nonce: keys.nonce(number), authenticating: header)
            var packet = header + box.ciphertext + box.tag
            var sample = Array(packet[start.count + 4..<start.count + 20])
            try! AES.permute(&sample, key: keys.headerKey)
            packet[0] ^= sample[0] & 0x0f
            for place in 0..<numberLength { packet[start.count + place] ^= sample[1 + place] }
            return packet
        }
    }

    private struct Keys {
        let key: SymmetricKey, headerKey: SymmetricKey, iv: [UInt8]

        init(_ version: UInt32, _ id: [UInt8], isClients: Bool) {
            let salts: [UInt32: String] = [
                v1: "38762cf7f55934b34d179ae6a4c80cadccbb7f0a", v2: "0dede3def700a6db819381be6e269dcbf9bd2ed9",
                draft29: "afbfec289993d24c9e9786f19c6111e04390a899",
            ]
            let secret = HKDF<SHA256>.extract(inputKeyMaterial: SymmetricKey(data: id), salt: QUICSamples.octets(salts[version]!))
            func expand(_ from: some ContiguousBytes, _ label: String, _ length: Int) -> SymmetricKey {
                let info = [UInt8(0), UInt8(length)] + vector8(Array("tls13 \(label)".utf8)) + [0]
                return HKDF<SHA256>.expand(pseudoRandomKey: from, info: info, outputByteCount: length)
            }
            let own = expand(secret, isClients ? "client in" : "server in", 32)
            let prefix = version == v2 ? "quicv2" : "quic"
            key = expand(own, "\(prefix) key", 16)
            headerKey = expand(own, "\(prefix) hp", 16)
            iv = expand(own, "\(prefix) iv", 12).withUnsafeBytes { Array($0) }
        }

        func nonce(_ number: UInt64) -> AES.GCM.Nonce {
            let number = [0, 0, 0, 0] + (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64(56 - 8 * $0)) }
            return try! AES.GCM.Nonce(data: zip(iv, number).map { $0 ^ $1 })
        }
    }

    // MARK: Other packets

    /// 0-RTT or Handshake: what is in it nobody can read.
    static func protected(_ type: UInt8, version: UInt32 = v1, destination: [UInt8], source: [UInt8], count: Int = 60) -> [UInt8] {
        let type = version == v2 ? (type + 1) & 3 : type
        return [0xc0 | type << 4] + big(version) + vector8(destination) + vector8(source) + integer(UInt64(count), bytes: 2) + [UInt8](repeating: 0xe7,
            count: count)
    }

    static func zeroRTT(version: UInt32 = v1, count: Int = 60) -> [UInt8] {
        protected(1, version: version, destination: clientDestination, source: clientID, count: count)
    }
    static func handshake(version: UInt32 = v1) -> [UInt8] { protected(2, version: version, destination: clientID, source: serverID) }
    static let oneRTT: [UInt8] = [0x41] + serverID + [UInt8](repeating: 0x3c, count: 40)

    static func retry(version: UInt32 = v1, source: [UInt8], token: [UInt8], original: [UInt8] = clientDestination) -> [UInt8] {
        let packet = [version == v2 ? 0xc0 : 0xf0] + big(version) + vector8(clientID) + vector8(source) + token
        let (key, nonce) = version == v2
            ? ("8fb4b01b56ac48e260fbcbcead7ccc92", "d86969bc2d7c6d9990efb04a") : ("be0c690b9f66575a1d766b54e368c84e", "461599d35d632bf2239825bb")
        let box = try! AES.GCM.seal(
            [UInt8](), using: SymmetricKey(data: QUICSamples.octets(key)), nonce: AES.GCM.Nonce(data: QUICSamples.octets(nonce)),
            authenticating: vector8(original) + packet)
        return packet + box.tag
    }

    static func negotiation(destination: [UInt8] = clientID, source: [UInt8] = clientDestination, _ versions: [UInt32]) -> [UInt8] {
        [0xca] + big(0) + vector8(destination) + vector8(source) + versions.flatMap(big)
    }

    /// What a client sends that wishes a version which nobody has.
    static func unknown(version: UInt32, count: Int = 1200) -> [UInt8] {
        let head = [0xc3] + big(version) + vector8(clientDestination) + vector8(clientID) + [0]
        return head + integer(UInt64(count - head.count - 2), bytes: 2) + [UInt8](repeating: 0x5a, count: count - head.count - 2)
    }

    // MARK: Frames

    static func crypto(_ bytes: some Collection<UInt8>, at offset: UInt64 = 0) -> [UInt8] { [6] + integer(offset) + integer(UInt64(bytes.count)) + bytes }

    /// A message in CRYPTO frames of so many bytes.
    static func crypto(_ bytes: [UInt8], by size: Int) -> [[UInt8]] {
        stride(from: 0, to: bytes.count, by: size).map { crypto(bytes[$0..<min($0 + size, bytes.count)], at: UInt64($0)) }
    }

    static func close(_ code: UInt64, _ reason: String = "", frame: UInt64 = 6) -> [UInt8] {
        [0x1c] + integer(code) + integer(frame) + integer(UInt64(reason.utf8.count)) + reason.utf8
    }

    static let ping: [UInt8] = [1]
    static func acknowledgment(_ largest: UInt64, ranges: [(gap: UInt64, count: UInt64)] = []) -> [UInt8] {
        [2] + integer(largest) + integer(0) + integer(UInt64(ranges.count)) + integer(0) + ranges.flatMap { integer($0.gap) + integer($0.count) }
    }

    // MARK: Numbers

    static func big(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * $0)) } }
    static func vector8(_ bytes: [UInt8]) -> [UInt8] { [UInt8(bytes.count)] + bytes }

    /// In as few bytes as it takes, or in so many (1, 2, 4, 8).
    static func integer(_ value: UInt64, bytes: Int = 1) -> [UInt8] {
        let size = max(bytes, value < 1 << 6 ? 1 : value < 1 << 14 ? 2 : value < 1 << 30 ? 4 : 8)
        var octets = (0..<size).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * (size - 1 - $0))) }
        octets[0] |= UInt8(size.trailingZeroBitCount) << 6
        return octets
    }
}
