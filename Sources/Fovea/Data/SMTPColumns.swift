extension LogSchema {
    /// Zeek's smtp.log, the envelope in Suricata's smtp.
    public static let smtp = LogSchema(
        "smtp",
        identity + [
            Column("trans_depth", .count), Column("helo", .string, event: "helo"), Column("mailfrom", .string, event: "mail_from"),
            Column("rcptto", .strings, event: "rcpt_to"), Column("date", .string), Column("from", .string), Column("to", .strings),
            Column("cc", .strings), Column("reply_to", .string), Column("msg_id", .string), Column("in_reply_to", .string), Column("subject", .string),
            Column("x_originating_ip", .string), Column("first_received", .string), Column("second_received", .string), Column("last_reply", .string),
            Column("path", .strings), Column("user_agent", .string), Column("tls", .bool), Column("rcpt_count", .count),
            Column("message_bytes", .count), Column("auth_mechanism", .string), Column("problem", .string),
        ], event: "smtp", transport: "tcp")
}

extension SMTPData: LoggedSubscription { static let log = LogSchema.smtp }
