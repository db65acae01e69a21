/// What a server chose, RFC 8446 4.1.3. It owns the message as it was sent, whose vectors are known to hold together; fields are read
/// from it when they are asked for, extensions as far as their own lengths hold.
///
///     +----------------+------------------+------------+--------------+-------------+------------+
///     | legacy version | random, 32 bytes | session id | cipher suite | compression | extensions |
///     |    2 bytes     |                  | 1 + 0…32   |   2 bytes    |   1 byte    | 2 + …      |
///     +----------------+------------------+------------+--------------+-------------+------------+
///
/// The drafts of TLS 1.3 up to the 21st had neither session id nor compression, and said so in the version.
public struct TLSServerHello: Equatable, Sendable {
    private let message: [UInt8]

    /// `message`: what follows the handshake message's type and length. Nil unless its vectors fill it to the byte.
    init?(_ message: [UInt8]) {
        guard ServerHelloFields(message.span.bytes) != nil else { return nil }
        self.message = message
    }

    private var fields: ServerHelloFields {
        @_lifetime(borrow self)
        get {
            guard let fields = ServerHelloFields(bytes) else { preconditionFailure("read once by init") }
            return _overrideLifetime(fields, borrowing: self)
        }
    }

    /// The message without its type and length.
    public var bytes: RawSpan {
        @_lifetime(borrow self)
        get { message.span.bytes }
    }

    /// At most TLS 1.2.
    public var legacyVersion: TLSVersion { TLSVersion(rawValue: fields.legacyVersion) }

    /// The version that both will speak: the supported_versions extension wins over the legacy field, RFC 8446 4.2.1.
    public var selectedVersion: TLSVersion {
        if let content = extensions.first(TLSExtension.supportedVersions) {
            var reader = ByteReader(content)
            if let version = reader.uint16() { return TLSVersion(rawValue: version) }
        }
        return legacyVersion
    }

    public var random: RawSpan {
        @_lifetime(borrow self)
        get { _overrideLifetime(fields.random, borrowing: self) }
    }

    public var sessionID: RawSpan {
        @_lifetime(borrow self)
        get { _overrideLifetime(fields.sessionID, borrowing: self) }
    }

    public var cipherSuite: UInt16 { fields.cipherSuite }

    public var extensions: TLSExtensions {
        @_lifetime(borrow self)
        get { _overrideLifetime(TLSExtensions(fields.extensions), borrowing: self) }
    }

    /// The application protocol that the server chose (ALPN); TLS 1.3 says it encrypted, elsewhere.
    public var applicationProtocol: String? {
        guard let content = extensions.first(TLSExtension.applicationProtocols) else { return nil }
        return applicationProtocols(content).first
    }

    /// The group that the server took: of TLS 1.3 alone, and of a HelloRetryRequest the one that it wants. RFC 8446 4.2.8.
    public var keyShareGroup: UInt16? {
        guard let content = extensions.first(TLSExtension.keyShare) else { return nil }
        var reader = ByteReader(content)
        return reader.uint16()
    }

    /// Which of the client's pre-shared keys the server took, RFC 8446 4.2.11; nil when it took none.
    public var selectedPSK: UInt16? {
        guard let content = extensions.first(TLSExtension.preSharedKey) else { return nil }
        var reader = ByteReader(content)
        return reader.uint16() ?? 0
    }

    /// The extensions' types in the order in which they were sent.
    public var extensionTypes: [UInt16] { extensions.types }

    /// Whether the server asks for another ClientHello: it says so by a random that is none: SHA-256 of
    /// "HelloRetryRequest", RFC 8446 4.1.3.
    public var isHelloRetryRequest: Bool {
        // Behind the version.
        var random = ByteReader(bytes.extracting(2..<34))
        return random.uint64() == 0xcf21_ad74_e59a_6111 && random.uint64() == 0xbe1d_8c02_1e65_b891
            && random.uint64() == 0xc2a2_1116_7abb_8c5e && random.uint64() == 0x079e_09e2_c8a8_339c
    }
}

/// Where a ServerHello's fields lie.
private struct ServerHelloFields: ~Escapable {
    var legacyVersion: UInt16
    var random: RawSpan
    var sessionID: RawSpan
    var cipherSuite: UInt16
    var extensions: RawSpan

    @_lifetime(copy message)
    init?(_ message: RawSpan) {
        var reader = ByteReader(message)
        guard let version = reader.uint16(), let random = reader.bytes(32) else { return nil }
        let isDraft = TLSVersion(rawValue: version).isDraft
        guard let sessionID = isDraft ? reader.bytes(0) : reader.vector8(), sessionID.byteCount <= 32,
            let cipherSuite = reader.uint16(), isDraft || reader.uint8() != nil,
            // Before TLS 1.2 a hello may end here.
            let extensions = reader.isAtEnd ? reader.bytes(0) : reader.vector16(), reader.isAtEnd
        else { return nil }
        legacyVersion = version
        self.random = random
        self.sessionID = sessionID
        self.cipherSuite = cipherSuite
        self.extensions = extensions
    }
}
