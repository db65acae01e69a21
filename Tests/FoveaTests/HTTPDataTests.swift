import Foundation
import Packets
import Protocols
import Testing

@testable import Fovea

@Suite struct `HTTP lines` {
    private func line(_ request: String, _ response: String) throws -> [String: Any] {
        var parser = HTTPParser()
        _ = parser.feed(Array(request.utf8).span.bytes, from: .originator, at: Timestamp(nanoseconds: 1_000_000_000))
        _ = parser.feed(Array(response.utf8).span.bytes, from: .responder, at: Timestamp(nanoseconds: 1_500_000_000))
        parser.finish()
        let session = parser.nextSession()
        let text = LogLine.text { line in session.map { line.addExchange($0) } }
        return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test func `have the fields of Zeek's log`() throws {
        let fields = try line(
            "POST /a?b HTTP/1.1\r\nHost: www.example.org\r\nUser-Agent: x\r\nReferer: y\r\nOrigin: z\r\nVia: 1.1 p\r\nX-Forwarded-For: 192.0.2.1\r\n"
                + "Authorization: Basic YWxpY2U6c2VjcmV0\r\nContent-Length: 2\r\n\r\n{}",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Here\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>")
        let expected: [String: Any] = [
            "trans_depth": 1, "method": "POST", "host": "www.example.org", "uri": "/a?b", "referrer": "y", "version": "1.1", "user_agent": "x", "origin": "z",
            "request_body_len": 2, "response_body_len": 6, "status_code": 404, "status_msg": "Not Here", "info_code": 100, "info_msg": "Continue",
            "username": "alice", "proxied": ["X-FORWARDED-FOR -> 192.0.2.1", "VIA -> 1.1 p"], "orig_mime_types": ["application/json"],
            "resp_mime_types": ["text/html"], "rtt": 0.5, "content_type": "text/html", "is_orig": true, "interim_count": 1,
        ]
        #expect(fields as NSDictionary == expected as NSDictionary, "\(fields)")
    }

    @Test func `tell what a body is, and its hash`() throws {
        var parser = HTTPParser(depth: .whole)
        _ = parser.feed(Array("GET /a HTTP/1.1\r\n\r\n".utf8).span.bytes, from: .originator)
        _ = parser.feed(Array("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\n<html>".utf8).span.bytes, from: .responder)
        let session = parser.nextSession()
        let exchange = try #require(session)
        #expect(
            LogLine.text { $0.addBody(exchange.responseBody, declared: exchange.response?.head.header("content-type")) }
                == "{\"mime_type\":\"text/html\",\"seen_bytes\":6,\"missing_bytes\":0,"
                + "\"sha256\":\"b7d082ee12e91b756ea22e8513b8594eebcf5d39fab813da3cb55794dc888ad7\",\"declared_type\":\"text/plain\"}")
    }

    @Test func `say why something is missing, and what is wrong`() throws {
        let fields = try line("GET / HTTP/1.1\nHost : a\n\n", "")
        #expect(fields["absence"] as? String == "notSeen" && fields["problem"] as? [String] == ["bareLineFeed", "spaceBeforeColon"])
        #expect(fields["status_code"] == nil && fields["host"] as? String == "a")
    }
}
