extension DHCPData: LoggedSubscription {
    /// Zeek's dhcp.log, Suricata's dhcp.
    static let log = LogSchema(
        "dhcp",
        LogSchema.identity + [
            .init("client_addr", .addr, event: "client_ip"), .init("server_addr", .addr), .init("mac", .string, event: "client_mac"),
            .init("host_name", .string, event: "hostname"), .init("client_fqdn", .string), .init("domain", .string),
            .init("requested_addr", .addr, event: "requested_ip"), .init("assigned_addr", .addr, event: "assigned_ip"),
            .init("lease_time", .interval, event: .wholeSeconds("lease_time")), .init("client_message", .string), .init("server_message", .string),
            .init("msg_types", .strings), .init("duration", .interval), .init("client_software", .string, event: "vendor_class_identifier"),
            .init("trans_id", .count, event: "id"), .init("relay_addr", .addr, event: "relay_ip"), .init("msg_count", .count), .init("malformed", .bool),
        ], event: "dhcp", transport: "udp")
}
