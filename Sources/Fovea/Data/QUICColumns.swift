extension LogSchema {
    /// Zeek's quic.log, Suricata's quic.
    public static let quic = LogSchema(
        "quic",
        identity + [
            Column("version", .string, event: "version"), Column("client_initial_dcid", .string), Column("client_scid", .string),
            Column("server_scid", .string), Column("server_name", .string, event: "sni"), Column("client_protocol", .string), Column("history", .string),
            Column("last_version", .string), Column("offered_versions", .strings), Column("cipher", .string), Column("token_length", .count),
            Column("retry", .bool), Column("retry_genuine", .bool), Column("zero_rtt", .bool), Column("close_error", .string),
            Column("close_reason", .string), Column("problems", .strings),
        ], event: "quic", transport: "udp")
}

extension QUICData: LoggedSubscription { static let log = LogSchema.quic }
