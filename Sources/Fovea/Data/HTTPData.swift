import Packets
import Protocols
import Tracking

/// `data = "http"`: a line for each HTTP/1 request with its response, as soon as that is over. Fields are those of Zeek's http.log.
struct HTTPData: SessionLines {
    typealias Parser = HTTPParser

    static let name = "http"
    static let summary = "HTTP/1 requests with their responses, as soon as these are over: method, host, URI, status, lengths, what bodies are"

    static func add(_ exchange: HTTPExchange, of connection: ConnectionRecord, to line: inout LogLine) {
        line.addIdentity(of: connection, at: exchange.requested ?? exchange.responded)
        line.addExchange(exchange)
    }
}

extension LogLine {
    /// What a line says of an HTTP exchange. Fields are those of Zeek's http.log, and a few more at the end. Passwords are in none.
    public mutating func addExchange(_ exchange: HTTPExchange) {
        let (request, response) = (exchange.request, exchange.response)
        add("trans_depth", exchange.number)
        if let request {
            add("method", request.method)
            add("host", request.host)
            add("uri", request.target)
            add("referrer", request.head.header("referer"))
            add("version", request.version?.description ?? response?.version?.description)
            add("user_agent", request.head.header("user-agent"))
            add("origin", request.head.header("origin"))
        } else {
            add("version", response?.version?.description)
        }
        add("request_body_len", exchange.requestBody.byteCount)
        add("response_body_len", exchange.responseBody.byteCount)
        if let response {
            add("status_code", response.status)
            add("status_msg", response.reason)
        }
        if let interim = exchange.interim {
            add("info_code", interim.status)
            add("info_msg", interim.reason)
        }
        if let request {
            add("username", request.userName)
            let proxied = HTTPProxyHeader.all.flatMap { name in request.head.headers(name).map { "\(name) -> \($0)" } }
            if !proxied.isEmpty { add("proxied", proxied) }
        }
        if let type = exchange.requestBody.type { add("orig_mime_types", [type.rawValue]) }
        if let type = exchange.responseBody.type { add("resp_mime_types", [type.rawValue]) }
        addMore(exchange)
    }

    private mutating func addMore(_ exchange: HTTPExchange) {
        let response = exchange.response
        if let latency = exchange.latency { add("rtt", seconds: latency) }
        add("content_type", response?.head.header("content-type"))
        add("location", response?.head.header("location"))
        add("server", response?.head.header("server"))
        add("upgrade", response?.status == 101 ? response?.head.header("upgrade") : nil)
        add("is_orig", exchange.client == .originator)
        add("absence", exchange.absence.map { "\($0)" })
        if exchange.interimCount > 0 { add("interim_count", exchange.interimCount) }
        if exchange.requestBody.missingCount > 0 { add("request_body_missing", exchange.requestBody.missingCount) }
        if exchange.responseBody.missingCount > 0 { add("response_body_missing", exchange.responseBody.missingCount) }
        add("request_body_sha256", exchange.requestBody.sha256)
        add("response_body_sha256", exchange.responseBody.sha256)
        if !exchange.problems.isEmpty { add("problem", exchange.problems.names) }
    }
}

/// Headers by which proxies tell that they are there; Zeek's choice.
private enum HTTPProxyHeader {
    static let all = ["FORWARDED", "X-FORWARDED-FOR", "X-FORWARDED-FROM", "CLIENT-IP", "VIA", "XROXY-CONNECTION", "PROXY-CONNECTION"]
}
