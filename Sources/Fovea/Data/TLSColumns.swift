extension LogSchema {
    /// What `addIdentity` and `addHandshake`, or `TLSLine`, write: Zeek's ssl.log, Suricata's tls.
    public static let tls = LogSchema("ssl", handshakes, event: "tls", transport: "tcp")

    fileprivate static let handshakes =
        identity + [
            Column("version", .string, event: .text("version", suricataVersion)), Column("cipher", .string), Column("curve", .string),
            Column("server_name", .string, event: "sni"), Column("resumed", .bool, event: .flag("session_resumed")), Column("last_alert", .string),
            Column("next_protocol", .string, event: .applicationProtocol), Column("established", .bool), Column("cert_chain_fps", .strings),
            Column("subject", .string, event: "subject"), Column("issuer", .string, event: "issuerdn"), Column("client_cert_chain_fps", .strings),
            Column("client_subject", .string), Column("client_issuer", .string), Column("ja3", .string, event: "ja3.hash"),
            Column("ja3s", .string, event: "ja3s.hash"), Column("ja4", .string, event: "ja4"), Column("client_alpn", .strings, event: "client_alpns"),
            Column("ech", .bool), Column("psk_offered", .bool), Column("hello_retried", .bool), Column("certificate_requested", .bool),
            Column("problems", .strings),
        ]

    /// "TLSv12" is "TLS 1.2" there, and "TLSv10" is "TLSv1".
    @Sendable
    private static func suricataVersion(_ name: String) -> String {
        guard name.hasPrefix("TLSv1") else { return name }
        return name == "TLSv10" ? "TLSv1" : "TLS 1." + name.dropFirst(5).replacing("-draft", with: " draft-")
    }
}

extension EventMember {
    /// The one that the server chose.
    fileprivate static let applicationProtocol = EventMember { value, event in
        if case .text(let name) = value { event.add("server_alpns", .texts([name])) }
    }
}

extension TLSData: LoggedSubscription { static let log = LogSchema.tls }
/// Zeek has these in ssl.log, too; Suricata has no event for them, and they are one like tls.
extension DTLSData: LoggedSubscription { static let log = LogSchema("dtls", LogSchema.handshakes, event: "dtls", transport: "udp") }
