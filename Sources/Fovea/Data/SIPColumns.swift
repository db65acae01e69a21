extension LogSchema {
    /// Zeek's sip.log, Suricata's sip.
    public static let sip = LogSchema(
        "sip",
        identity + [
            Column("proto", .enum, event: .transport), Column("method", .string, event: "method"), Column("uri", .string, event: "uri"),
            Column("date", .string), Column("request_from", .string), Column("request_to", .string), Column("response_from", .string),
            Column("response_to", .string), Column("reply_to", .string), Column("call_id", .string), Column("seq", .string), Column("subject", .string),
            Column("request_path", .strings), Column("response_path", .strings), Column("user_agent", .string),
            Column("status_code", .count, event: .statusText), Column("status_msg", .string, event: "reason"), Column("warning", .string),
            Column("request_body_len", .count), Column("response_body_len", .count), Column("content_type", .string), Column("rtt", .interval),
            Column("is_orig", .bool), Column("request_content_type", .string), Column("server", .string), Column("provisional_count", .count),
            Column("provisional_code", .count), Column("retransmissions", .count), Column("request_media", .strings), Column("response_media", .strings),
            Column("problem", .string),
        ], event: "sip")
}

extension EventMember {
    /// Suricata writes it as a text.
    fileprivate static let statusText = EventMember { value, event in if case .integer(let status) = value { event.add("code", .text("\(status)")) } }
}

extension SIPData: LoggedSubscription { static let log = LogSchema.sip }
