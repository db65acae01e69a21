import Filters

extension TLSParser {
    /// Wireshark has one name for what both hellos say, of which most are told apart here: `tls.cipher` is the suite agreed on,
    /// `tls.cipher.offered` what the client would have taken, and `tls.handshake.ciphersuite` any of these.
    public static let fields: [SessionField<TLSHandshake>] = [
        SessionField(
            "tls.sni", aliases: ["tls.handshake.extensions_server_name"], .name, "the server's name that the client asked for",
            example: "tls.sni ends_with \".example.org\"", isSingle: true
        ) { handshake, give in
            if let hello = handshake.clientHello, let name = hello.serverNameBytes { give(.bytes(name.copied)) }
        },
        .integer("tls.version", max: 0xffff, valueNames: versions, "the version agreed on", example: "tls.version < TLSv1.2") {
            ($0.version?.rawValue).map(UInt64.init)
        },
        .integers(
            "tls.version.offered", max: 0xffff, valueNames: versions, "the versions that the client speaks, or the newest of them",
            example: "tls.version.offered == SSLv3"
        ) { handshake in
            guard let hello = handshake.clientHello else { return [] }
            let versions = hello.supportedVersions
            return (versions.isEmpty ? [hello.legacyVersion] : versions).map { UInt64($0.rawValue) }
        },
        .integers(
            "tls.handshake.version", max: 0xffff, valueNames: versions, "the version in either hello's first field: at most TLS 1.2",
            example: "tls.handshake.version == 0x0301"
        ) { [$0.clientHello?.legacyVersion, $0.serverHello?.legacyVersion].compactMap { ($0?.rawValue).map(UInt64.init) } },
        .integer(
            "tls.cipher", max: 0xffff, valueNames: TLSCipherSuites.numbers, "the cipher suite agreed on", example: "tls.cipher == TLS_AES_128_GCM_SHA256"
        ) { $0.cipherSuite.map(UInt64.init) },
        .integers(
            "tls.cipher.offered", max: 0xffff, valueNames: TLSCipherSuites.numbers, "a cipher suite that the client offers",
            example: "tls.cipher.offered == TLS_RSA_WITH_RC4_128_MD5"
        ) { ($0.clientHello?.cipherSuites ?? []).map(UInt64.init) },
        .integers(
            "tls.handshake.ciphersuite", max: 0xffff, valueNames: TLSCipherSuites.numbers, "a cipher suite offered or agreed on",
            example: "tls.handshake.ciphersuite == 0xc02f"
        ) { (($0.clientHello?.cipherSuites ?? []) + [$0.cipherSuite].compactMap { $0 }).map(UInt64.init) },
        .string("tls.alpn", "the application protocol agreed on, if it was said in the clear: before TLS 1.3", example: "tls.alpn == \"h2\"") {
            $0.applicationProtocol
        },
        .strings("tls.alpn.offered", "an application protocol that the client offers", example: "tls.alpn.offered starts_with \"http/\"") {
            $0.offeredProtocols
        },
        .strings(
            "tls.handshake.extensions_alpn_str", "an application protocol offered or agreed on", example: "tls.handshake.extensions_alpn_str == \"h2\""
        ) { $0.offeredProtocols + [$0.applicationProtocol].compactMap { $0 } },
        .integers(
            "tls.extension", aliases: ["tls.handshake.extension.type"], max: 0xffff, "an extension's number, of either hello", example: "tls.extension == 35"
        ) { handshake in
            var types: [UInt64] = []
            if let hello = handshake.clientHello { types += hello.extensions.types }
            if let hello = handshake.serverHello { types += hello.extensions.types }
            return types
        },
        SessionField(
            "tls.random", aliases: ["tls.handshake.random"], .bytes, "either hello's random bytes", example: "tls.random starts_with 00:00:00:00"
        ) { handshake, give in
            if let hello = handshake.clientHello { give(.bytes(hello.random.copied)) }
            if let hello = handshake.serverHello { give(.bytes(hello.random.copied)) }
        },
        .boolean("tls.resumed", "whether an earlier session goes on; known when both hellos were seen", example: "tls.resumed") { $0.isResumed },
        .boolean("tls.psk_offered", "whether the client offers to resume by a pre-shared key", example: "tls.psk_offered") { $0.clientHello?.pskOffered },
        .boolean("tls.ech", "whether the real hello may hide inside this one", example: "tls.ech and not tls.sni exists") {
            $0.clientHello?.hasEncryptedClientHello
        },
        .boolean("tls.hello_retry", "whether the server asked for another ClientHello", example: "tls.hello_retry") { $0.helloRetried },
        .integer(
            "tls.alert", aliases: ["tls.alert_message.desc"], max: 255, valueNames: alerts, "the fatal alert that came in place of a hello",
            example: "tls.alert == handshake_failure"
        ) { ($0.alert?.rawValue).map(UInt64.init) },
    ]

    private static let versions: [String: UInt64] = [
        "SSLv2": 0x0002, "SSLv3": 0x0300, "TLSv1.0": 0x0301, "TLSv1.1": 0x0302, "TLSv1.2": 0x0303, "TLSv1.3": 0x0304,
    ]

    private static let alerts = Dictionary(uniqueKeysWithValues: TLSAlert.names.map { ($0.value, UInt64($0.key)) })
}

extension TLSHandshake {
    /// Whether the server took up an earlier session: in TLS 1.3 by choosing a pre-shared key (RFC 8446 4.2.11), before by repeating the client's
    /// session id (RFC 5246 7.4.1.2, RFC 5077 3.4). Nil unless both hellos were seen.
    public var isResumed: Bool? {
        guard let clientHello, let serverHello else { return nil }
        if serverHello.selectedVersion.isAtLeastTLS13 { return serverHello.extensions.first(TLSExtension.preSharedKey) != nil }
        let id = serverHello.sessionID.copied
        return !id.isEmpty && id == clientHello.sessionID.copied
    }
}

extension TLSVersion {
    fileprivate var isAtLeastTLS13: Bool { self == .tls13 || isDraft }
}

extension TLSExtensions {
    fileprivate var types: [UInt64] {
        var rest = self
        var types: [UInt64] = []
        while let next = rest.next() { types.append(UInt64(next.type)) }
        return types
    }
}
