import Protocols
import Tracking

/// `data = "http2"`: a line for each stream of cleartext HTTP/2, as soon as that is over. Fields are those of Zeek's http.log.
struct HTTP2Data: SessionLines {
    typealias Parser = HTTP2Parser

    static let name = "http2"
    static let summary = "HTTP/2 in the clear, a line for each request with its response, as soon as that is over: method, host, path, status, lengths, gRPC"

    static func add(_ exchange: HTTP2Exchange, of connection: ConnectionRecord, to line: inout LogLine) {
        line.addIdentity(of: connection, at: exchange.requested ?? exchange.answered ?? exchange.ended)
        line.addExchange(exchange)
    }
}

extension LogLine {
    /// What a line says of an exchange over HTTP/2. Fields are those of Zeek's http.log, and those that it has no name for at the end.
    public mutating func addExchange(_ exchange: HTTP2Exchange) {
        add("method", exchange.method)
        add("host", exchange.host)
        add("uri", exchange.path)
        add("referrer", exchange.requestHeader("referer"))
        add("version", "2")
        add("user_agent", exchange.userAgent)
        add("origin", exchange.requestHeader("origin"))
        add("request_body_len", exchange.requestBodyLength)
        add("response_body_len", exchange.responseBodyLength)
        if let status = exchange.status { add("status_code", status) }
        if let status = exchange.interimStatus { add("info_code", status) }
        add("stream_id", exchange.stream)
        add("request_content_type", exchange.requestHeader("content-type"))
        add("response_content_type", exchange.responseHeader("content-type"))
        if let latency = exchange.latency { add("response_time", seconds: latency) }
        add("end", exchange.end.name)
        if let code = exchange.end.code { add("error", HTTP2Error.name(code)) }
        if exchange.isPushed { add("pushed", true) }
        if !exchange.hasRequest { add("request_seen", false) }
        if exchange.isGRPC {
            add("grpc_service", exchange.grpcService)
            add("grpc_method", exchange.grpcMethod)
            if let status = exchange.grpcStatus { add("grpc_status", status) }
            add("grpc_message", exchange.grpcMessage)
            add("grpc_request_messages", exchange.requestMessages)
            add("grpc_response_messages", exchange.responseMessages)
        }
        add("request_body_sha256", exchange.requestBody?.sha256)
        add("response_body_sha256", exchange.responseBody?.sha256)
        if !exchange.problems.isEmpty { add("problems", exchange.problems.texts) }
    }
}
