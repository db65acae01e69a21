extension NTPData: LoggedSubscription {
    /// Zeek's ntp.log, Suricata's ntp.
    static let log = LogSchema(
        "ntp",
        LogSchema.identity + [
            .init("version", .count, event: "version"), .init("mode", .count, event: "mode"), .init("stratum", .count, event: "stratum"),
            .init("poll", .interval), .init("precision", .interval), .init("root_delay", .interval), .init("root_disp", .interval), .init("ref_id", .string),
            .init("ref_time", .time), .init("org_time", .time), .init("rec_time", .time), .init("xmt_time", .time), .init("num_exts", .count),
            .init("leap", .count), .init("opcode", .count), .init("request_code", .count), .init("is_answer", .bool), .init("items", .count),
            .init("problem", .string),
        ], event: "ntp", transport: "udp")
}
