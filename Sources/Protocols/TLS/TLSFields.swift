import Filters

extension TLSParser {
    /// Wireshark has one name for what both hellos say, of which most are told apart here: `tls.cipher` is the suite agreed on,
    /// `tls.cipher.offered` what the client would have taken, and `tls.handshake.ciphersuite` any of these.
    public static let fields = helloFields + wholeFields

    /// Those of the hellos, which DTLS has, too.
    static let helloFields: [SessionField<TLSHandshake>] = [
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
            if let hello = handshake.clientHello { types += hello.extensionTypes.map(UInt64.init) }
            if let hello = handshake.serverHello { types += hello.extensionTypes.map(UInt64.init) }
            return types
        },
        SessionField(
            "tls.random", aliases: ["tls.handshake.random"], .bytes, "either hello's random bytes", example: "tls.random starts_with 00:00:00:00"
        ) { handshake, give in
            if let hello = handshake.clientHello { give(.bytes(hello.random.copied)) }
            if let hello = handshake.serverHello { give(.bytes(hello.random.copied)) }
        },
        .string(
            "tls.handshake.ja3", aliases: ["tls.ja3"], "the client's fingerprint JA3", example: "tls.handshake.ja3 == \"ada70206e40642a3e4461f35503241d5\""
        ) {
            $0.ja3
        },
        .string("tls.handshake.ja3_full", aliases: ["tls.ja3_full"], "what JA3 is the MD5 of", example: "tls.handshake.ja3_full starts_with \"771,\"") {
            $0.clientHello?.ja3Text
        },
        .string(
            "tls.handshake.ja3s", aliases: ["tls.ja3s"], "the server's fingerprint JA3S", example: "tls.handshake.ja3s == \"4835b19f14997673071435cb321f5445\""
        ) { $0.ja3s },
        .string("tls.handshake.ja4", aliases: ["tls.ja4"], "the client's fingerprint JA4", example: "tls.handshake.ja4 starts_with \"t13d\"") { $0.ja4 },
        .string(
            "tls.handshake.ja4_r", aliases: ["tls.ja4_r"], "the same with lists in the place of hashes", example: "tls.handshake.ja4_r contains \"_0005,000a,\""
        ) { $0.ja4Raw },
        .integer(
            "tls.group", aliases: ["tls.curve"], max: 0xffff, valueNames: TLSGroups.numbers,
            "the group of the key exchange, as far as the server's hello says it",
            example: "tls.group == X25519MLKEM768"
        ) { $0.group.map(UInt64.init) },
        .integers(
            "tls.group.offered", aliases: ["tls.handshake.extensions_supported_group"], max: 0xffff, valueNames: TLSGroups.numbers,
            "a group that the client offers", example: "tls.group.offered == x25519"
        ) { ($0.clientHello?.supportedGroups ?? []).map(UInt64.init) },
        .integers(
            "tls.key_share", aliases: ["tls.handshake.extensions_key_share_group"], max: 0xffff, valueNames: TLSGroups.numbers,
            "a group for which the client has sent its key", example: "tls.key_share == 0x11ec"
        ) { ($0.clientHello?.keyShareGroups ?? []).map(UInt64.init) },
        .integers(
            "tls.signature_algorithm", aliases: ["tls.handshake.sig_hash_alg"], max: 0xffff, "a signature algorithm that the client takes",
            example: "tls.signature_algorithm == 0x0201"
        ) { ($0.clientHello?.signatureAlgorithms ?? []).map(UInt64.init) },
        .boolean("tls.early_data", "whether the client sends data before the server has answered", example: "tls.early_data") {
            $0.clientHello?.earlyDataOffered
        },
        .boolean("tls.fallback", "whether the client tries again with less than it can", example: "tls.fallback") { $0.clientHello?.isFallback },
        .boolean("tls.duplicate_extensions", "whether an extension comes twice in a hello", example: "tls.duplicate_extensions") {
            $0.problems.contains(.duplicateExtensions)
        },
        .boolean("tls.resumed", "whether an earlier session goes on; known when both hellos were seen", example: "tls.resumed") { $0.isResumed },
        .boolean("tls.psk_offered", "whether the client offers to resume by a pre-shared key", example: "tls.psk_offered") { $0.clientHello?.pskOffered },
        .boolean("tls.ech", "whether the real hello may hide inside this one", example: "tls.ech and not tls.sni exists") {
            $0.clientHello?.hasEncryptedClientHello
        },
        .boolean("tls.hello_retry", "whether the server asked for another ClientHello", example: "tls.hello_retry") { $0.helloRetried },
        .integer(
            "tls.alert", aliases: ["tls.alert_message.desc"], max: 255, valueNames: alerts, "the fatal alert that ended the handshake",
            example: "tls.alert == handshake_failure"
        ) { ($0.alert?.rawValue).map(UInt64.init) },
    ]

    private static let versions: [String: UInt64] = [
        "SSLv2": 0x0002, "SSLv3": 0x0300, "TLSv1.0": 0x0301, "TLSv1.1": 0x0302, "TLSv1.2": 0x0303, "TLSv1.3": 0x0304,
    ]

    private static let alerts = Dictionary(uniqueKeysWithValues: TLSAlert.names.map { ($0.value, UInt64($0.key)) })
}
