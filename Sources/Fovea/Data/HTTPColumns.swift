extension LogSchema {
    /// Zeek's http.log, Suricata's http.
    public static let http = LogSchema(
        "http",
        identity + [
            Column("trans_depth", .count), Column("method", .string, event: "http_method"), Column("host", .string, event: "hostname"),
            Column("uri", .string, event: "url"), Column("referrer", .string, event: "http_refer"), Column("version", .string, event: .httpVersion),
            Column("user_agent", .string, event: "http_user_agent"), Column("origin", .string), Column("request_body_len", .count),
            Column("response_body_len", .count, event: "length"), Column("status_code", .count, event: "status"), Column("status_msg", .string),
            Column("info_code", .count), Column("info_msg", .string), Column("username", .string), Column("proxied", .strings),
            Column("orig_mime_types", .strings), Column("resp_mime_types", .strings), Column("rtt", .interval),
            Column("content_type", .string, event: "http_content_type"), Column("location", .string, event: "redirect"), Column("server", .string),
            Column("upgrade", .string), Column("is_orig", .bool), Column("absence", .string), Column("interim_count", .count),
            Column("request_body_missing", .count), Column("response_body_missing", .count), Column("request_body_sha256", .string),
            Column("response_body_sha256", .string), Column("problem", .strings),
        ], event: "http", transport: "tcp")

    /// The same of HTTP/2, and what Zeek has no name for.
    public static let http2 = LogSchema(
        "http2",
        identity + [
            Column("method", .string, event: "http_method"), Column("host", .string, event: "hostname"), Column("uri", .string, event: "url"),
            Column("referrer", .string, event: "http_refer"), Column("version", .string, event: .httpVersion),
            Column("user_agent", .string, event: "http_user_agent"), Column("origin", .string), Column("request_body_len", .count),
            Column("response_body_len", .count, event: "length"), Column("status_code", .count, event: "status"), Column("info_code", .count),
            Column("stream_id", .count, event: "http2.stream_id"), Column("request_content_type", .string),
            Column("response_content_type", .string, event: "http_content_type"), Column("response_time", .interval), Column("end", .string),
            Column("error", .string), Column("pushed", .bool), Column("request_seen", .bool), Column("grpc_service", .string),
            Column("grpc_method", .string), Column("grpc_status", .count), Column("grpc_message", .string), Column("grpc_request_messages", .count),
            Column("grpc_response_messages", .count), Column("request_body_sha256", .string), Column("response_body_sha256", .string),
            Column("problems", .strings),
        ], event: "http", transport: "tcp")
}

extension EventMember {
    fileprivate static let gaps = EventMember { value, event in
        if case .integer(let missing) = value {
            event.add("gaps", .bool(missing > 0))
            event.add("stored", .bool(false))
        }
    }
    fileprivate static let httpVersion = EventMember.text("protocol") { "HTTP/\($0)" }
}

extension HTTPData: LoggedSubscription { static let log = LogSchema.http }
extension HTTP2Data: LoggedSubscription { static let log = LogSchema.http2 }
extension HTTPBodiesData: LoggedSubscription {
    /// As Zeek's files.log has it, a file a line.
    static let log = LogSchema(
        "http_bodies", LogSchema.identity + [.init("source", .string), .init("trans_depth", .count), .init("is_orig", .bool)] + LogSchema.bodies,
        event: "fileinfo", transport: "tcp")
}
extension HTTP2BodiesData: LoggedSubscription {
    static let log = LogSchema(
        "http2_bodies", LogSchema.identity + [.init("source", .string), .init("stream_id", .count), .init("is_orig", .bool)] + LogSchema.bodies,
        event: "fileinfo", transport: "tcp")
}

extension LogSchema {
    /// What `addBody` writes, and whose it is: Zeek's files.log, Suricata's fileinfo.
    fileprivate static let bodies: [Column] = [
        .init("mime_type", .string), .init("seen_bytes", .count, event: "size"), .init("missing_bytes", .count, event: .gaps),
        .init("sha256", .string, event: "sha256"), .init("declared_type", .string),
        .init("host", .string), .init("uri", .string, event: "filename"),
    ]
}
