import Filters
import Packets

extension HTTPParser {
    /// Wireshark's names, where it has one.
    public static let fields: [SessionField<HTTPExchange>] = [
        .string("http.request.method", "what is to be done, as it was written", example: "http.request.method in {\"POST\", \"PUT\"}") { $0.request?.method },
        .string(
            "http.request.uri", aliases: ["http.uri"], "what is asked for: a path, a whole URI, or host and port",
            example: "http.request.uri starts_with \"/admin\""
        ) { $0.request?.target },
        .string("http.request.version", "the request's version, as it was written", example: "http.request.version == \"HTTP/1.0\"") {
            $0.request?.versionText
        },
        .name("http.host", "the Host header", example: "http.host ends_with \".example.org\"") { $0.request?.host },
        .request("http.user_agent", "user-agent", "what the client calls itself", example: "http.user_agent starts_with \"curl/\""),
        .request("http.referer", "referer", "where the request comes from", example: "http.referer exists"),
        .request("http.cookie", "cookie", "the request's cookies", example: "http.cookie contains \"session=\""),
        .request("http.x_forwarded_for", "x-forwarded-for", "whom a proxy asks for", example: "http.x_forwarded_for exists"),
        .string("http.authorization", "the scheme with which the client shows who it is; nothing behind it", example: "http.authorization == \"Basic\"") {
            $0.request?.authorizationScheme
        },
        .string("http.username", "the user's name of Basic authentication", example: "http.username == \"admin\"") { $0.request?.userName },
        .strings("http.content_type", "the Content-Type of request or response", example: "http.content_type starts_with \"text/html\"") { exchange in
            [exchange.request?.head, exchange.response?.head].compactMap { $0?.header("content-type") }
        },
        .integers("http.content_length", max: .max, "the Content-Length of request or response", example: "http.content_length > 1000000") { exchange in
            [exchange.request?.head, exchange.response?.head].compactMap { $0?.header("content-length").flatMap { UInt64($0) } }
        },
        .integer("http.response.code", aliases: ["http.status"], max: 999, "the final response's status", example: "http.response.code >= 500") {
            ($0.response?.status).map(UInt64.init)
        },
        .string("http.response.phrase", "what the server says that means", example: "http.response.phrase == \"OK\"") { $0.response?.reason },
        .response("http.server", "server", "what the server calls itself", example: "http.server contains \"nginx\""),
        .response("http.location", "location", "where the client is sent", example: "http.location starts_with \"http://\""),
        .strings("http.set_cookie", "a cookie that the server sets", example: "http.set_cookie contains \"Path=/\"") {
            $0.response?.head.headers("set-cookie") ?? []
        },
        .strings(
            "http.request.line", "a header of the request, name and value; of Authorization the scheme alone",
            example: "http.request.line ~ \"(?i)^x-api-key: \""
        ) { $0.request.map { lines(of: $0.head) } ?? [] },
        .strings("http.response.line", "a header of the response, name and value", example: "http.response.line ~ \"(?i)^x-cache: hit\"") {
            $0.response.map { lines(of: $0.head) } ?? []
        },
        .boolean("http.answered", "whether a response was seen", example: "not http.answered") { $0.response != nil },
        .integer("http.request.body_len", max: .max, "bytes of the request's body that were seen", example: "http.request.body_len > 1000000") {
            $0.request == nil ? nil : UInt64($0.requestBody.byteCount)
        },
        .integer("http.response.body_len", max: .max, "bytes of the response's body that were seen", example: "http.response.body_len == 0") {
            $0.response == nil && $0.responseBody.byteCount == 0 ? nil : UInt64($0.responseBody.byteCount)
        },
        .string("http.request.body_type", "what the request's body is by its first bytes", example: "http.request.body_type exists") {
            $0.requestBody.type?.rawValue
        },
        .string(
            "http.response.body_type", "what the response's body is by its first bytes", example: "http.response.body_type == \"application/x-dosexec\""
        ) { $0.responseBody.type?.rawValue },
        .name("http.request.body_sha256", "SHA-256 of the request's body, in hexadecimal", example: "http.request.body_sha256 exists") {
            $0.requestBody.sha256
        }.at(.whole),
        .name(
            "http.response.body_sha256", "SHA-256 of the response's body, in hexadecimal",
            example: "http.response.body_sha256 == \"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\""
        ) { $0.responseBody.sha256 }.at(.whole),
        SessionField("http.time", .duration, "from the request's first byte to the response's", example: "http.time > 500ms", isSingle: true) {
            exchange, give in
            if let latency = exchange.latency { give(.integer(UInt64(max(0, latency)))) }
        },
        .integer("http.trans_depth", max: .max, "which request of its connection it is, from 1 on", example: "http.trans_depth > 100") { UInt64($0.number) },
        .strings(
            "http.problem", "what is wrong with request or response, or out of use", example: "http.problem in {\"lengthAndEncoding\", \"differingLengths\"}"
        ) { $0.problems.names },
        .boolean("http.malformed", "whether something is wrong that is not merely out of use", example: "http.malformed") { $0.isMalformed },
    ]
}

/// Headers as they are written in one line. Of those that have passwords in them the scheme is all that is told.
private func lines(of head: HTTPHead) -> [String] {
    head.headers.map { header in
        let isSecret = ["authorization", "proxy-authorization"].contains(header.name.lowercased())
        return "\(header.name): \(isSecret ? HTTPAuthorization.scheme(header.value) : header.value)"
    }
}

extension SessionField<HTTPExchange> {
    /// A header of the request.
    fileprivate static func request(_ name: String, _ header: String, _ summary: String, example: String) -> Self {
        .string(name, summary, example: example) { $0.request?.head.header(header) }
    }

    /// A header of the response.
    fileprivate static func response(_ name: String, _ header: String, _ summary: String, example: String) -> Self {
        .string(name, summary, example: example) { $0.response?.head.header(header) }
    }
}
