extension LogSchema {
    /// Zeek's ntp.log.
    public static let ntp = LogSchema(
        "ntp",
        identity + [
            Column("version", .count), Column("mode", .count), Column("stratum", .count), Column("poll", .interval), Column("precision", .interval),
            Column("root_delay", .interval), Column("root_disp", .interval), Column("ref_id", .string), Column("ref_time", .time), Column("org_time", .time),
            Column("rec_time", .time), Column("xmt_time", .time), Column("num_exts", .count), Column("leap", .count), Column("opcode", .count),
            Column("request_code", .count), Column("is_answer", .bool), Column("items", .count), Column("problem", .string),
        ])
}

extension NTPData: LoggedSubscription { static let log = LogSchema.ntp }
