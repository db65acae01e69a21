import Filters
import Packets
import Protocols
import Testing

private typealias H = HTTP2Bytes

@Suite struct `HTTP/2 fields` {
    /// The values of each field that the first session of a conversation has.
    private func values(_ client: [UInt8], _ server: [UInt8]) throws -> [String: [FieldValue]] {
        let parsed = ParserVerifier<HTTP2Parser>().parse([.bytes(.originator, H.clientStart + client), .bytes(.responder, H.serverStart + server)])
        let session = try #require(parsed.sessions.first)
        var values: [String: [FieldValue]] = [:]
        for field in HTTP2Parser.fields { field.read(session) { values[field.name, default: []].append($0) } }
        return values
    }

    @Test func `tell what was asked and answered`() throws {
        let request = H.get("/login?a=1") + H.literal("user-agent", "someone") + H.literal("cookie", "a=1") + H.literal("cookie", "b=2")
        let found = try values(
            H.headers(1, request) + H.data(1, [1, 2, 3], end: true), H.headers(1, H.response(302, H.literal("location", "/")), end: true))
        let names = [":method", ":scheme", ":path", ":authority", "user-agent", "cookie", "cookie", ":status", "location"]
        let texts = ["GET", "http", "/login?a=1", "www.example.org", "someone", "a=1", "b=2", "302", "/"]
        let expected: [String: [FieldValue]] = [
            "http2.streamid": [.integer(1)], "http2.headers.method": [.string("GET")], "http2.headers.scheme": [.string("http")],
            "http2.headers.authority": [.string("www.example.org")], "http2.headers.path": [.string("/login?a=1")],
            "http2.headers.status": [.integer(302)], "http2.headers.user_agent": [.string("someone")],
            "http2.headers.cookie": [.string("a=1"), .string("b=2")], "http2.headers.location": [.string("/")],
            "http2.header.name": names.map(FieldValue.string), "http2.header.value": texts.map(FieldValue.string),
            "http2.request.body_length": [.integer(3)], "http2.response.body_length": [.integer(0)], "http2.complete": [.integer(1)],
            "http2.pushed": [.integer(0)], "http2.malformed": [.integer(0)], "http2.time": [.integer(0)],
        ]
        #expect(found == expected)
    }

    @Test func `tell how it ended, and what gRPC says`() throws {
        let call = H.indexed(3) + H.indexed(6) + H.literal(4, "/a.B/C") + H.literal("content-type", "application/grpc")
        let found = try values(
            H.headers(1, call) + H.data(1, [0, 0, 0, 0, 1, 9]), H.headers(1, H.response(200, H.literal("grpc-status", "8") + H.literal("grpc-message", "no"))) + H.reset(1, 8))
        #expect(found["grpc.service"] == [.string("a.B")] && found["grpc.method"] == [.string("C")] && found["grpc.status_code"] == [.integer(8)])
        #expect(found["grpc.status_message"] == [.string("no")] && found["grpc.request_messages"] == [.integer(1)] && found["grpc.response_messages"] == [.integer(0)])
        #expect(found["http2.rst_stream.error"] == [.integer(8)] && found["http2.complete"] == [.integer(0)])
        let given = try values(H.headers(3, H.get("/") + H.literal("A", "b"), end: true), H.goAway(last: 1, 11))
        #expect(given["http2.goaway.error"] == [.integer(11)] && given["http2.problem"] == [.string("malformed")] && given["http2.malformed"] == [.integer(1)])
    }
}
