import Filters

extension QUICParser {
    /// Wireshark's names; the hellos' besides as it has them for TLS, behind `quic.`.
    public static let fields: [SessionField<QUICHandshake>] = [
        .integer("quic.version", max: 0xffff_ffff, valueNames: versions, "the version that the client wishes", example: "quic.version == v2") {
            UInt64($0.version.rawValue)
        },
        .integer(
            "quic.version.last", max: 0xffff_ffff, valueNames: versions, "the version of the last packet seen: what both speak, once the server has answered",
            example: "quic.version.last != v1"
        ) { UInt64($0.lastVersion.rawValue) },
        .integers(
            "quic.supported_version", max: 0xffff_ffff, valueNames: versions, "a version that the server offers instead of the client's",
            example: "quic.supported_version == v1"
        ) { $0.offeredVersions.map { UInt64($0.rawValue) } },
        .string("quic.dcid", "the first ID that the client sends to, in hexadecimal digits", example: "quic.dcid == \"8394c8f03e515708\"") {
            $0.initialDestination?.description
        },
        .string("quic.scid", "the client's own ID, in hexadecimal digits", example: "quic.scid == \"\"") { $0.clientID?.description },
        .string("quic.server.scid", "the server's own ID, in hexadecimal digits", example: "quic.server.scid starts_with \"f067\"") {
            $0.serverID?.description
        },
        .integer("quic.token_length", max: 0xffff, "bytes of the token in the client's Initial", example: "quic.token_length > 0") { UInt64($0.tokenLength) },
        SessionField(
            "quic.tls.sni", aliases: ["quic.sni"], .name, "the server's name that the client asked for", example: "quic.tls.sni ends_with \".example.org\"",
            isSingle: true
        ) { handshake, give in
            if let hello = handshake.clientHello, let name = hello.serverNameBytes { give(.bytes(name.copied)) }
        },
        .strings("quic.tls.alpn", aliases: ["quic.alpn"], "an application protocol that the client offers", example: "quic.tls.alpn == \"h3\"") {
            $0.offeredProtocols
        },
        .integer(
            "quic.tls.cipher", max: 0xffff, valueNames: TLSCipherSuites.numbers, "the cipher suite that the server chose",
            example: "quic.tls.cipher == TLS_AES_128_GCM_SHA256"
        ) { ($0.serverHello?.cipherSuite).map(UInt64.init) },
        .integers(
            "quic.tls.cipher.offered", max: 0xffff, valueNames: TLSCipherSuites.numbers, "a cipher suite that the client offers",
            example: "quic.tls.cipher.offered == TLS_CHACHA20_POLY1305_SHA256"
        ) { ($0.clientHello?.cipherSuites ?? []).map(UInt64.init) },
        .boolean("quic.tls.ech", "whether the real hello may hide inside this one", example: "quic.tls.ech and not quic.tls.sni exists") {
            $0.clientHello?.hasEncryptedClientHello
        },
        .boolean("quic.tls.psk_offered", "whether the client offers to resume by a pre-shared key", example: "quic.tls.psk_offered") {
            $0.clientHello?.pskOffered
        },
        .boolean("quic.tls.hello_retry", "whether the server asked for another ClientHello", example: "quic.tls.hello_retry") { $0.helloRetried },
        .boolean("quic.answered", "whether a ServerHello was seen", example: "not quic.answered") { $0.serverHello != nil },
        .boolean("quic.retry", "whether the server sent the client away with a Retry", example: "quic.retry") { $0.isRetried },
        .boolean("quic.retry.genuine", "whether the Retry's tag shows it to be an answer to the client's Initial", example: "quic.retry.genuine == false") {
            $0.retryIsGenuine
        },
        .boolean("quic.zero_rtt", "whether the client sent data before the server's answer", example: "quic.zero_rtt") { $0.hasEarlyData },
        .strings("quic.packet_type", "a kind of packet that was seen until the session was complete", example: "quic.packet_type == \"retry\"") {
            $0.packetTypes.names
        },
        .integer(
            "quic.close.error", aliases: ["quic.cc.error_code"], max: 1 << 62 - 1, valueNames: QUICClose.names, "why a side gave up in the place of a hello",
            example: "quic.close.error == CONNECTION_REFUSED"
        ) { $0.close?.code },
        .integer(
            "quic.close.alert", max: 255, valueNames: alerts, "the TLS alert with which a side gave up", example: "quic.close.alert == no_application_protocol"
        ) { ($0.close?.alert?.rawValue).map(UInt64.init) },
        .string("quic.close.reason", aliases: ["quic.cc.reason_phrase"], "why, for people to read", example: "quic.close.reason contains \"version\"") {
            $0.close?.reason
        },
        .strings(
            "quic.problem", "what is wrong with the handshake: undecipherable, overlap, too_far, frame, hello, cut, too_many",
            example: "quic.problem == \"overlap\""
        ) { $0.problems.names },
    ]

    private static let versions: [String: UInt64] = {
        var names: [String: UInt64] = ["v1": 1, "v2": UInt64(QUICVersion.v2.rawValue)]
        for number in 27...34 as ClosedRange<UInt8> { names["draft\(number)"] = UInt64(QUICVersion.draft(number).rawValue) }
        return names
    }()

    private static let alerts = Dictionary(uniqueKeysWithValues: TLSAlert.names.map { ($0.value, UInt64($0.key)) })
}
