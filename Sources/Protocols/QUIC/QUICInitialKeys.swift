import Crypto
import CryptoExtras

/// The keys of both sides' Initials, RFC 9001 5.2: anybody can have them who has seen the client's first Initial, for they follow from its destination ID.
///
///     salt, destination ID ──▶ initial secret ──▶ client's secret ──▶ key, IV, header protection's key
///                                             ╰─▶ server's secret ──▶ …
///
/// A side's are made when its first Initial comes, and kept for all others.
struct QUICInitialKeys {
    let version: QUICVersion
    let id: QUICConnectionID
    private let format: QUICFormat
    private let secret: HMAC<SHA256>
    private var client: QUICPacketKeys?
    private var server: QUICPacketKeys?

    /// Nil for versions whose salt is not known.
    init?(_ version: QUICVersion, _ id: QUICConnectionID) {
        guard let format = version.format else { return nil }
        self.version = version
        self.id = id
        self.format = format
        var extract = format.salted
        id.withBytes { extract.update(data: $0) }
        secret = extract.finalize().withUnsafeBytes { HMAC(key: SymmetricKey(data: $0)) }
    }

    mutating func of(client isClient: Bool) -> QUICPacketKeys {
        if let keys = isClient ? client : server { return keys }
        let keys = QUICPacketKeys(secret.expanded(isClient ? format.clientLabel : format.serverLabel), format)
        if isClient { client = keys } else { server = keys }
        return keys
    }
}

/// What opens one side's packets, RFC 9001 5.3 and 5.4.
struct QUICPacketKeys {
    private let key: SymmetricKey
    private let headerKey: SymmetricKey
    private let iv: (UInt32, UInt64)

    fileprivate init(_ secret: HMAC<SHA256>.MAC, _ format: QUICFormat) {
        let expand = secret.withUnsafeBytes { HMAC<SHA256>(key: SymmetricKey(data: $0)) }
        key = expand.expanded(format.keyLabel).withUnsafeBytes { SymmetricKey(data: UnsafeRawBufferPointer(rebasing: $0[..<16])) }
        headerKey = expand.expanded(format.headerKeyLabel).withUnsafeBytes { SymmetricKey(data: UnsafeRawBufferPointer(rebasing: $0[..<16])) }
        iv = expand.expanded(format.ivLabel).withUnsafeBytes {
            (UInt32(bigEndian: $0.loadUnaligned(as: UInt32.self)), UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 4, as: UInt64.self)))
        }
    }

    /// A packet's number and frames; nil if it was not protected with these keys.
    ///
    /// - Parameters:
    ///   - packet: from its first byte to its last.
    ///   - place: where its number begins.
    ///   - largest: the largest number that has come from its sender, which its own is told near to.
    func open(_ packet: RawSpan, numberAt place: Int, largest: UInt64?) -> (number: UInt64, frames: [UInt8])? {
        guard packet.byteCount >= place + 4 + QUICFormat.tagLength else { return nil }
        // The header, and the nonce behind it.
        return withUnsafeTemporaryAllocation(byteCount: place + 4 + 12, alignment: 8) { head in
            packet.withUnsafeBytes { packet in
                guard let mask = mask(UnsafeRawBufferPointer(rebasing: packet[place + 4..<place + 20])) else { return nil }
                head.copyMemory(from: UnsafeRawBufferPointer(rebasing: packet[..<(place + 4)]))
                head[0] ^= UInt8(truncatingIfNeeded: mask >> 32) & 0x0f
                let length = Int(head[0] & 3) + 1
                var bits: UInt64 = 0
                for byte in 0..<length {
                    head[place + byte] ^= UInt8(truncatingIfNeeded: mask >> UInt64(24 - 8 * byte))
                    bits = bits << 8 | UInt64(head[place + byte])
                }
                let number = Self.number(bits, length, largest)
                let start = place + length
                head.storeBytes(of: iv.0.bigEndian, toByteOffset: start, as: UInt32.self)
                head.storeBytes(of: (iv.1 ^ number).bigEndian, toByteOffset: start + 4, as: UInt64.self)
                let end = packet.count - QUICFormat.tagLength
                guard let nonce = try? AES.GCM.Nonce(data: UnsafeRawBufferPointer(rebasing: head[start..<start + 12])),
                    let box = try? AES.GCM.SealedBox(
                        nonce: nonce, ciphertext: UnsafeRawBufferPointer(rebasing: packet[start..<end]), tag: UnsafeRawBufferPointer(rebasing: packet[end...])),
                    let frames = try? AES.GCM.open(box, using: key, authenticating: UnsafeRawBufferPointer(rebasing: head[..<start]))
                else { return nil }
                return (number, [UInt8](frames))
            }
        }
    }

    /// Five bytes of header protection, RFC 9001 5.4.3.
    private func mask(_ sample: UnsafeRawBufferPointer) -> UInt64? {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16) { block in
            _ = block.initialize(from: sample)
            var block = block
            guard (try? AES.permute(&block, key: headerKey)) != nil else { return nil }
            return block[..<5].reduce(0) { $0 << 8 | UInt64($1) }
        }
    }

    /// The number nearest to the one that is due whose last bytes these are, RFC 9000 A.3.
    static func number(_ bits: UInt64, _ length: Int, _ largest: UInt64?) -> UInt64 {
        let due = largest.map { $0 + 1 } ?? 0
        let window: UInt64 = 1 << UInt64(8 * length)
        let near = due & ~(window - 1) | bits
        if near + window / 2 <= due, near < 1 << 62 - window { return near + window }
        if near > due + window / 2, near >= window { return near - window }
        return near
    }
}

extension HMAC<SHA256> {
    /// One block of HKDF-Expand: the label ends with the block's number.
    fileprivate func expanded(_ label: [UInt8]) -> MAC {
        var hmac = self
        hmac.update(data: label)
        return hmac.finalize()
    }
}
