extension LogSchema {
    /// Zeek's dhcp.log, Suricata's dhcp as far as that is the same.
    public static let dhcp = LogSchema(
        "dhcp",
        identity + [
            Column("client_addr", .addr, event: "client_ip"), Column("server_addr", .addr), Column("mac", .string, event: "client_mac"),
            Column("host_name", .string, event: "hostname"), Column("client_fqdn", .string), Column("domain", .string),
            Column("requested_addr", .addr, event: "requested_ip"), Column("assigned_addr", .addr, event: "assigned_ip"), Column("lease_time", .interval),
            Column("client_message", .string), Column("server_message", .string), Column("msg_types", .strings), Column("duration", .interval),
            Column("client_software", .string), Column("trans_id", .count, event: "id"), Column("relay_addr", .addr, event: "relay_ip"),
            Column("msg_count", .count), Column("malformed", .bool),
        ], event: "dhcp", transport: "udp")
}

extension DHCPData: LoggedSubscription { static let log = LogSchema.dhcp }
