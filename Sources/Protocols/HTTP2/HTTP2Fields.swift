import Filters
import Packets

extension HTTP2Parser {
    /// Wireshark's names where it has one; strings are as they were sent.
    public static let fields: [SessionField<HTTP2Exchange>] = [
        .integer("http2.streamid", max: 0x7fff_ffff, "the stream's number", example: "http2.streamid == 1") { UInt64($0.stream) },
        .string("http2.headers.method", "what is asked for: GET, POST", example: "http2.headers.method == \"POST\"") { $0.method },
        .string("http2.headers.scheme", "http or https", example: "http2.headers.scheme != \"http\"") { $0.scheme },
        .name("http2.headers.authority", "the server that is asked", example: "http2.headers.authority ends_with \".example.org\"") { $0.authority },
        .string("http2.headers.path", "the path, with the query", example: "http2.headers.path contains \"/login\"") { $0.path },
        .integer("http2.headers.status", max: 999, "how it was answered", example: "http2.headers.status >= 500") { $0.status.map(UInt64.init) },
        .string("http2.headers.protocol", "what an extended CONNECT asks for", example: "http2.headers.protocol == \"websocket\"") { $0.connectProtocol },
        .string("http2.headers.user_agent", "the client's program", example: "http2.headers.user_agent contains \"curl\"") { $0.userAgent },
        .string("http2.headers.referer", "where the client comes from", example: "http2.headers.referer exists") { $0.requestHeader("referer") },
        .string("http2.headers.origin", "the site that asks", example: "http2.headers.origin exists") { $0.requestHeader("origin") },
        .string("http2.headers.authorization", "what the client proves itself with", example: "http2.headers.authorization contains \"Basic\"") {
            $0.requestHeader("authorization")
        },
        .strings("http2.headers.cookie", "a cookie of the request, each as it was sent", example: "http2.headers.cookie contains \"id=\"") {
            $0.requestHeaders.compactMap { $0.name == "cookie" ? $0.value : nil }
        },
        .string("http2.headers.server", "the server's program", example: "http2.headers.server contains \"nginx\"") { $0.responseHeader("server") },
        .string("http2.headers.location", "where the client is sent", example: "http2.headers.location exists") { $0.responseHeader("location") },
        .strings("http2.headers.content_type", "of the request, of the response", example: "http2.headers.content_type contains \"json\"") {
            [$0.requestHeader("content-type"), $0.responseHeader("content-type")].compactMap { $0 }
        },
        .strings("http2.header.name", "the name of any header or trailer", example: "http2.header.name == \"x-forwarded-for\"") { $0.allHeaders.map(\.name) },
        .strings("http2.header.value", "the value of any header or trailer", example: "http2.header.value contains \"${jndi:\"") { $0.allHeaders.map(\.value) },
        .integer("http2.request.body_length", max: UInt64.max, "octets of the request's body", example: "http2.request.body_length > 1000") {
            $0.requestBodyLength
        },
        .integer("http2.response.body_length", max: UInt64.max, "octets of the response's body", example: "http2.response.body_length > 1000000") {
            $0.responseBodyLength
        },
        .integer("http2.rst_stream.error", max: 0xffff_ffff, valueNames: HTTP2Error.names, "why it was reset", example: "http2.rst_stream.error == CANCEL") {
            if case .reset(let code, _) = $0.end { UInt64(code) } else { nil }
        },
        .integer(
            "http2.goaway.error", max: 0xffff_ffff, valueNames: HTTP2Error.names, "why its connection was given up before it was through",
            example: "http2.goaway.error == ENHANCE_YOUR_CALM"
        ) { if case .goAway(let code) = $0.end { UInt64(code) } else { nil } },
        .boolean("http2.complete", "whether both sides got through", example: "not http2.complete") { $0.end == .complete },
        .boolean("http2.pushed", "whether the server sent the request, too", example: "http2.pushed") { $0.isPushed },
        .boolean("http2.malformed", "whether headers were not as they must be", example: "http2.malformed") {
            !$0.problems.isDisjoint(with: [.malformed, .undecodable])
        },
        .strings(
            "http2.problem", "what is wrong with it or missing: \(HTTP2Problems.names.map(\.1).joined(separator: ", "))",
            example: "http2.problem == \"table_unknown\""
        ) { $0.problems.texts },
        SessionField("http2.time", .duration, "from the request's headers to the response's", example: "http2.time > 500ms", isSingle: true) { exchange, give in
            if let latency = exchange.latency { give(.integer(UInt64(max(0, latency)))) }
        },
        .string("http2.request.body_type", "what the request's body is by its first bytes", example: "http2.request.body_type exists") {
            $0.requestBody?.type?.rawValue
        }.at(.whole),
        .string(
            "http2.response.body_type", "what the response's body is by its first bytes", example: "http2.response.body_type == \"application/x-dosexec\""
        ) {
            $0.responseBody?.type?.rawValue
        }.at(.whole),
        .name("http2.request.body_sha256", "SHA-256 of the request's body, in hexadecimal", example: "http2.request.body_sha256 exists") {
            $0.requestBody?.sha256
        }.at(.whole),
        .name(
            "http2.response.body_sha256", "SHA-256 of the response's body, in hexadecimal",
            example: "http2.response.body_sha256 == \"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\""
        ) { $0.responseBody?.sha256 }.at(.whole),
        .string("grpc.service", "the service that gRPC calls", example: "grpc.service == \"grpc.health.v1.Health\"") { $0.grpcService },
        .string("grpc.method", "its method", example: "grpc.method == \"Check\"") { $0.grpcMethod },
        .integer("grpc.status_code", max: 0xffff_ffff, valueNames: GRPCStatus.names, "how the call went", example: "grpc.status_code == UNAVAILABLE") {
            $0.isGRPC ? $0.grpcStatus : nil
        },
        .string("grpc.status_message", "what the server says of that", example: "grpc.status_message exists") { $0.isGRPC ? $0.grpcMessage : nil },
        .integer("grpc.request_messages", max: 0xffff_ffff, "messages from the client", example: "grpc.request_messages > 1") {
            $0.isGRPC ? UInt64($0.requestMessages) : nil
        },
        .integer("grpc.response_messages", max: 0xffff_ffff, "messages from the server", example: "grpc.response_messages > 100") {
            $0.isGRPC ? UInt64($0.responseMessages) : nil
        },
    ]
}

/// gRPC's status codes.
public enum GRPCStatus {
    static let names: [String: UInt64] = [
        "OK": 0, "CANCELLED": 1, "UNKNOWN": 2, "INVALID_ARGUMENT": 3, "DEADLINE_EXCEEDED": 4, "NOT_FOUND": 5, "ALREADY_EXISTS": 6, "PERMISSION_DENIED": 7,
        "RESOURCE_EXHAUSTED": 8, "FAILED_PRECONDITION": 9, "ABORTED": 10, "OUT_OF_RANGE": 11, "UNIMPLEMENTED": 12, "INTERNAL": 13, "UNAVAILABLE": 14,
        "DATA_LOSS": 15, "UNAUTHENTICATED": 16,
    ]
}
