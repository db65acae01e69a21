/// What a client offers, RFC 8446 4.1.2. It owns the message as it was sent, whose vectors are known to hold together; fields are
/// read from it when they are asked for, extensions as far as their own lengths hold.
///
///     +----------------+-----------------------+-------------+---------------+-------------+------------+
///     | legacy version | random, 32 bytes      | session id  | cipher suites | compression | extensions |
///     |    2 bytes     |                       | 1 + 0…32    | 2 + 2…        | 1 + 1…      | 2 + …      |
///     +----------------+-----------------------+-------------+---------------+-------------+------------+
public struct TLSClientHello: Equatable, Sendable {
    private let message: [UInt8]
    /// Where its extensions begin, which go to its end.
    private let extensionsStart: Int
    private let format: Format

    /// How it lies on the wire.
    enum Format: UInt8, Sendable {
        case tls
        /// No extensions, cipher suites of three bytes: RFC 5246 E.2.
        case sslv2
        /// With a cookie behind the session id, which QUIC's TLS does not have: RFC 6347 4.2.1.
        case dtls
    }

    /// `message`: what follows the handshake message's type and length. Nil unless its vectors fill it to the byte.
    init?(_ message: [UInt8], _ format: Format = .tls) {
        guard let fields = ClientHelloFields(message.span.bytes, format) else { return nil }
        extensionsStart = message.count - fields.extensions.byteCount
        self.message = message
        self.format = format
    }

    /// Whether it came in SSL 2's format: no extensions, cipher suites of three bytes. RFC 5246 E.2.
    public var isSSLv2: Bool { format == .sslv2 }

    private var fields: ClientHelloFields {
        @_lifetime(borrow self)
        get {
            guard let fields = ClientHelloFields(bytes, format) else { preconditionFailure("read once by init") }
            return _overrideLifetime(fields, borrowing: self)
        }
    }

    /// The message without its type and length.
    public var bytes: RawSpan {
        @_lifetime(borrow self)
        get { message.span.bytes }
    }

    /// At most TLS 1.2; what else is offered stands in `supportedVersions`.
    public var legacyVersion: TLSVersion { TLSVersion(rawValue: fields.legacyVersion) }

    /// 32 bytes; SSL 2's challenge may be shorter.
    public var random: RawSpan {
        @_lifetime(borrow self)
        get { _overrideLifetime(fields.random, borrowing: self) }
    }

    public var sessionID: RawSpan {
        @_lifetime(borrow self)
        get { _overrideLifetime(fields.sessionID, borrowing: self) }
    }

    /// What the server had asked to be told again; of DTLS alone, up to 255 bytes.
    public var cookie: RawSpan {
        @_lifetime(borrow self)
        get { _overrideLifetime(fields.cookie, borrowing: self) }
    }

    /// As offered, GREASE included; without the ciphers that only SSL 2 had.
    public var cipherSuites: [UInt16] {
        var reader = ByteReader(fields.cipherSuites)
        var suites: [UInt16] = []
        suites.reserveCapacity(reader.count / 2)
        if isSSLv2 {
            while let suite = reader.uint24() {
                if let suite = UInt16(exactly: suite) { suites.append(suite) }
            }
        } else {
            while let suite = reader.uint16() { suites.append(suite) }
        }
        return suites
    }

    public var compressionMethods: RawSpan {
        @_lifetime(borrow self)
        get { _overrideLifetime(fields.compressionMethods, borrowing: self) }
    }

    public var extensions: TLSExtensions {
        @_lifetime(borrow self)
        get { _overrideLifetime(TLSExtensions(bytes.extracting(extensionsStart...)), borrowing: self) }
    }

    /// The server's name, RFC 6066 3, as it was sent: it may hold anything.
    ///
    ///     +-----------+-------------+----------------+---------
    ///     | list, len | name type 0 | length 1…65535 | host name
    ///     +-----------+-------------+----------------+---------
    public var serverNameBytes: RawSpan? {
        @_lifetime(borrow self)
        get {
            guard let content = extensions.first(TLSExtension.serverName) else { return nil }
            var reader = ByteReader(content)
            guard let list = reader.vector16() else { return nil }
            var names = ByteReader(list)
            while let type = names.uint8(), let name = names.vector16() {
                if type == 0, name.byteCount > 0 { return _overrideLifetime(name, borrowing: self) }
            }
            return nil
        }
    }

    /// The server's name as text; what is not UTF-8 becomes U+FFFD, all else stays as it is.
    public var serverName: String? { serverNameBytes?.text }

    /// The application protocols that the client speaks (ALPN), RFC 7301.
    public var offeredProtocols: [String] {
        guard let content = extensions.first(TLSExtension.applicationProtocols) else { return [] }
        return applicationProtocols(content)
    }

    /// The versions that the extension of this name offers, RFC 8446 4.2.1, without GREASE; empty before TLS 1.3.
    public var supportedVersions: [TLSVersion] {
        guard let content = extensions.first(TLSExtension.supportedVersions) else { return [] }
        var reader = ByteReader(content)
        guard let list = reader.vector8() else { return [] }
        var rest = ByteReader(list)
        var versions: [TLSVersion] = []
        while let version = rest.uint16() {
            if !version.isGREASE { versions.append(TLSVersion(rawValue: version)) }
        }
        return versions
    }
}

/// Where a ClientHello's fields lie.
private struct ClientHelloFields: ~Escapable {
    var legacyVersion: UInt16
    var random: RawSpan
    var sessionID: RawSpan
    var cookie: RawSpan
    var cipherSuites: RawSpan
    var compressionMethods: RawSpan
    var extensions: RawSpan

    @_lifetime(copy message)
    init?(_ message: RawSpan, _ format: TLSClientHello.Format) {
        if format == .sslv2 { self.init(sslv2: message) } else { self.init(message, hasCookie: format == .dtls) }
    }

    @_lifetime(copy message)
    private init?(_ message: RawSpan, hasCookie: Bool) {
        var reader = ByteReader(message)
        guard let version = reader.uint16(), let random = reader.bytes(32),
            let sessionID = reader.vector8(), sessionID.byteCount <= 32,
            let cookie = hasCookie ? reader.vector8() : reader.bytes(0),
            let cipherSuites = reader.vector16(), cipherSuites.byteCount >= 2, cipherSuites.byteCount % 2 == 0,
            let compressionMethods = reader.vector8(), compressionMethods.byteCount >= 1,
            // Before TLS 1.2 a hello may end here.
            let extensions = reader.isAtEnd ? reader.bytes(0) : reader.vector16(), reader.isAtEnd
        else { return nil }
        legacyVersion = version
        self.random = random
        self.sessionID = sessionID
        self.cookie = cookie
        self.cipherSuites = cipherSuites
        self.compressionMethods = compressionMethods
        self.extensions = extensions
    }

    /// RFC 5246 E.2: the three lengths come first.
    ///
    ///     +---------+----------------+---------------+--------------+---------------+------------+-----------+
    ///     | version | cipher specs'  | session id's  | challenge's  | cipher specs  | session id | challenge |
    ///     | 2 bytes | length, 2      | length, 2     | length, 2    | 3 bytes each  | 0 or 16    | 16…32     |
    ///     +---------+----------------+---------------+--------------+---------------+------------+-----------+
    @_lifetime(copy message)
    private init?(sslv2 message: RawSpan) {
        var reader = ByteReader(message)
        guard let version = reader.uint16(),
            let specs = reader.uint16(), specs >= 3, specs % 3 == 0,
            let idLength = reader.uint16(), idLength == 0 || idLength == 16,
            let challengeLength = reader.uint16(), (16...32).contains(challengeLength),
            let cipherSuites = reader.bytes(Int(specs)), let sessionID = reader.bytes(Int(idLength)),
            let random = reader.bytes(Int(challengeLength)), let nothing = reader.bytes(0), reader.isAtEnd
        else { return nil }
        legacyVersion = version
        self.random = random
        self.sessionID = sessionID
        cookie = nothing
        self.cipherSuites = cipherSuites
        compressionMethods = nothing
        extensions = nothing
    }
}
