extension LogSchema {
    /// What `addIdentity` and `TLSLine` write: Zeek's ssl.log, Suricata's tls.
    public static let tls = LogSchema(
        "ssl",
        identity + [
            Column("version", .string, event: .text("version", suricataVersion)), Column("cipher", .string), Column("server_name", .string, event: "sni"),
            Column("last_alert", .string), Column("next_protocol", .string, event: .applicationProtocol), Column("established", .bool),
        ], event: "tls", transport: "tcp")

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
