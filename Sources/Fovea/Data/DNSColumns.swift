extension LogSchema {
    /// What `addIdentity`, `proto` and `addTransaction` write: Zeek's dns.log, Suricata's dns in its second version.
    public static let dns = LogSchema(
        "dns",
        identity + [
            Column("proto", .enum, event: .transport), Column("trans_id", .count, event: "id"), Column("rtt", .interval),
            Column("query", .string, event: "rrname"), Column("qclass", .count), Column("qclass_name", .string), Column("qtype", .count),
            Column("qtype_name", .string, event: "rrtype"), Column("rcode", .count), Column("rcode_name", .string, event: "rcode"),
            Column("AA", .bool, event: .flag("aa")), Column("TC", .bool, event: .flag("tc")), Column("RD", .bool, event: .flag("rd")),
            Column("RA", .bool, event: .flag("ra")), Column("Z", .count), Column("answers", .strings), Column("TTLs", .intervals), Column("rejected", .bool),
            Column("answer_count", .count), Column("opcode", .count, event: "opcode"), Column("edns_udp_size", .count), Column("edns_do", .bool),
            Column("edns_client_subnet", .string), Column("problem", .string),
        ], event: "dns")
}

extension DNSData: LoggedSubscription { static let log = LogSchema.dns }
