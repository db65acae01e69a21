/// What a client offers beside names and cipher suites, read from its extensions.
extension TLSClientHello {
    /// The extensions' types in the order in which they were sent, GREASE included.
    public var extensionTypes: [UInt16] { extensions.types }

    /// The groups for key exchange, RFC 8446 4.2.7, GREASE included; of earlier versions named curves, RFC 8422 5.1.1.
    public var supportedGroups: [UInt16] { list16(TLSExtension.supportedGroups) }

    /// RFC 8422 5.1.2.
    public var pointFormats: [UInt8] {
        guard let content = extensions.first(TLSExtension.pointFormats) else { return [] }
        var reader = ByteReader(content)
        return reader.vector8()?.copied ?? []
    }

    /// RFC 8446 4.2.3, in the order of preference.
    public var signatureAlgorithms: [UInt16] { list16(TLSExtension.signatureAlgorithms) }

    /// The groups for which the client has sent a key already, RFC 8446 4.2.8, GREASE included.
    public var keyShareGroups: [UInt16] {
        guard let content = extensions.first(TLSExtension.keyShare) else { return [] }
        var reader = ByteReader(content)
        guard let list = reader.vector16() else { return [] }
        var shares = ByteReader(list)
        var groups: [UInt16] = []
        while let group = shares.uint16(), shares.vector16() != nil { groups.append(group) }
        return groups
    }

    /// The newest version offered: the supported_versions extension wins over the legacy field, RFC 8446 4.2.1.
    public var newestVersion: TLSVersion { supportedVersions.max { $0.age < $1.age } ?? legacyVersion }

    /// The first application protocol offered (ALPN), as it was sent.
    var firstProtocol: RawSpan? {
        @_lifetime(borrow self)
        get {
            guard let content = extensions.first(TLSExtension.applicationProtocols) else { return nil }
            var reader = ByteReader(content)
            guard let list = reader.vector16() else { return nil }
            var names = ByteReader(list)
            guard let name = names.vector8() else { return nil }
            return _overrideLifetime(name, borrowing: self)
        }
    }

    /// A list of 16-bit numbers behind its length.
    private func list16(_ type: UInt16) -> [UInt16] {
        guard let content = extensions.first(type) else { return [] }
        var reader = ByteReader(content)
        return reader.vector16()?.numbers ?? []
    }

    // MARK: Resumption

    /// Whether the client offers to resume an earlier session by a pre-shared key, RFC 8446 4.2.11.
    public var pskOffered: Bool { extensions.first(TLSExtension.preSharedKey) != nil }

    /// Whether the client sends data before the server has answered, RFC 8446 4.2.10.
    public var earlyDataOffered: Bool { extensions.first(TLSExtension.earlyData) != nil }

    /// Bytes of the session ticket that the client brings back, RFC 5077; 0 asks for one, nil does neither.
    public var sessionTicketLength: Int? { extensions.first(TLSExtension.sessionTicket)?.byteCount }

    // MARK: Signals among the cipher suites

    /// Whether the client can renegotiate safely: by extension or TLS_EMPTY_RENEGOTIATION_INFO_SCSV, RFC 5746 3.
    public var renegotiatesSafely: Bool { extensions.first(TLSExtension.renegotiationInfo) != nil || cipherSuites.contains(0x00ff) }

    /// Whether the client tries again with less than it can (TLS_FALLBACK_SCSV), RFC 7507.
    public var isFallback: Bool { cipherSuites.contains(0x5600) }

    /// Whether an extension comes twice, which RFC 8446 4.2 forbids; what is read is the first.
    public var hasDuplicateExtensions: Bool { extensions.haveDuplicates }

    // MARK: Encrypted ClientHello

    /// The encrypted hello that may hide inside this one, RFC 9849 5. Browsers also send one that holds nothing (GREASE), which looks the same.
    public var encryptedClientHello: TLSEncryptedClientHello? {
        guard let content = extensions.first(TLSExtension.encryptedClientHello) else { return nil }
        return TLSEncryptedClientHello(content)
    }

    /// Whether there is such an extension, sound or not.
    public var hasEncryptedClientHello: Bool { extensions.first(TLSExtension.encryptedClientHello) != nil }

    /// The name of the server that keeps the keys: what an outer hello has for the server's name.
    public var echOuterName: String? {
        guard let ech = encryptedClientHello, !ech.isInner else { return nil }
        return serverName
    }
}

/// An encrypted_client_hello extension, RFC 9849 5.
///
///     +---------+---------+---------+-------------+------------------+------------------+
///     | outer 0 |   KDF   |  AEAD   |  config id  | enc              | payload          |
///     | 1 byte  | 2 bytes | 2 bytes |   1 byte    | 2 + 0…           | 2 + 1…           |
///     +---------+---------+---------+-------------+------------------+------------------+
///
/// Of an inner hello, which nobody sees in the clear unless something is broken, the type 1 is all.
public struct TLSEncryptedClientHello: Equatable, Sendable {
    /// Whether it marks an inner hello.
    public let isInner: Bool
    /// HPKE's key derivation and cipher, RFC 9180 7.2 and 7.3; 0 of an inner one.
    public let kdf: UInt16
    public let aead: UInt16
    /// Which of the server's keys, by its own number.
    public let configID: UInt8
    /// Bytes of the encapsulated key; 0 after a HelloRetryRequest.
    public let keyLength: Int
    /// Bytes of the encrypted hello.
    public let payloadLength: Int

    /// Nil unless it holds together.
    init?(_ content: RawSpan) {
        var reader = ByteReader(content)
        guard let type = reader.uint8(), type <= 1 else { return nil }
        isInner = type == 1
        if isInner {
            guard reader.isAtEnd else { return nil }
            (kdf, aead, configID, keyLength, payloadLength) = (0, 0, 0, 0, 0)
            return
        }
        guard let kdf = reader.uint16(), let aead = reader.uint16(), let configID = reader.uint8(), let key = reader.vector16(),
            let payload = reader.vector16(), payload.byteCount > 0, reader.isAtEnd
        else { return nil }
        (self.kdf, self.aead, self.configID) = (kdf, aead, configID)
        (keyLength, payloadLength) = (key.byteCount, payload.byteCount)
    }
}
