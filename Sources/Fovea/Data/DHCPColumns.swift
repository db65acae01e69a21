extension DHCPData: LoggedSubscription {
    /// Zeek's dhcp.log.
    static let log = LogSchema(
        "dhcp",
        LogSchema.identity + [
            .init("client_addr", .addr), .init("server_addr", .addr), .init("mac", .string), .init("host_name", .string), .init("client_fqdn", .string),
            .init("domain", .string), .init("requested_addr", .addr), .init("assigned_addr", .addr), .init("lease_time", .interval),
            .init("client_message", .string), .init("server_message", .string), .init("msg_types", .strings), .init("duration", .interval),
            .init("client_software", .string), .init("trans_id", .count), .init("relay_addr", .addr), .init("msg_count", .count),
            .init("malformed", .bool),
        ])
}
