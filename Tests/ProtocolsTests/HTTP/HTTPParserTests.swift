import Packets
import Protocols
import TestSupport
import Testing

@Suite struct `HTTP parser` {
    let verifier = ParserVerifier<HTTPParser>(order: .questionsFirst)

    @Test func `pairs a request with its response`() throws {
        let parsed = verifier.verify([
            client("GET /index.html HTTP/1.1\r\nHost: www.example.org\r\nUser-Agent: test/1\r\n\r\n"),
            server("HTTP/1.1 200 Very OK\r\nContent-Length: 5\r\nServer: s\r\n\r\nhello"),
        ])
        #expect(parsed.texts == ["1 GET /index.html 200 out=5"] && parsed.progress == .wantsMore)
        let exchange = try #require(parsed.sessions.first)
        #expect(exchange.request?.host == "www.example.org" && exchange.request?.version?.description == "1.1")
        #expect(exchange.response?.reason == "Very OK" && exchange.response?.head.header("SERVER") == "s")
        #expect(exchange.responseBody.type == .text && exchange.client == .originator && !exchange.isMalformed)
        #expect(exchange.request?.head.headers.map { "\($0.name)=\($0.value)" } == ["Host=www.example.org", "User-Agent=test/1"])
    }

    @Test func `follows one request after the other, and several at once`() {
        let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        let parsed = verifier.verify([
            client("GET /1 HTTP/1.1\r\n\r\n"), server(ok), client("GET /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\n\r\nGET /4 HTTP/1.1\r\n\r\n"), server(ok + ok),
            client("\r\nGET /5 HTTP/1.1\r\n\r\n"), server(ok + "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"),
        ])
        #expect(parsed.texts == ["1 GET /1 200 out=2", "2 GET /2 200 out=2", "3 GET /3 200 out=2", "4 GET /4 200 out=2", "5 GET /5 404"])
    }

    @Test func `knows who asks by what is said`() {
        let parsed = verifier.verify([
            .bytes(.responder, Array("GET / HTTP/1.0\r\n\r\n".utf8)), .bytes(.originator, Array("HTTP/1.0 204 None\r\n\r\n".utf8)),
        ], order: .given(because: "the responder asks"))
        #expect(parsed.texts == ["1 GET / 204 reversed"])
    }

    @Test func `reads bodies of a known length, chunked ones and those that end with the stream`() {
        let parsed = verifier.verify([
            client("POST /a HTTP/1.1\r\nContent-Length: 7\r\n\r\na=1&b=2PUT /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
            server(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\nTrailer: X\r\n\r\n"
                    + "5;name=\"v\"\r\nhello\r\n1A \r\nabcdefghijklmnopqrstuvwxyz\r\n00\r\nX: y\r\n\r\n"),
            server("HTTP/1.1 200 OK\r\n\r\nuntil the end"),
        ])
        #expect(parsed.texts == ["1 POST /a 200 in=7 out=31", "2 PUT /b 200 in=3 out=13"])
    }

    @Test(arguments: ["HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 999\r\n\r\n"])
    func `knows responses without a body`(_ head: String) {
        let next = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"
        let parsed = verifier.verify([client("GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n"), server(head + next)])
        #expect(parsed.texts.last == "2 GET /b 200 out=1" && parsed.texts.count == 2)
    }

    @Test func `knows that HEAD is answered without a body`() {
        let parsed = verifier.verify([
            client("HEAD /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n"),
            server("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"),
        ])
        #expect(parsed.texts == ["1 HEAD /a 200", "2 GET /b 200 out=1"])
    }

    @Test func `counts interim responses`() throws {
        let parsed = verifier.verify([
            client("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"),
            server("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"), client("body"),
            server("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"),
        ])
        #expect(parsed.texts == ["1 POST / 201 in=4 interim=2"])
        #expect(parsed.sessions.first?.interim?.status == 103 && parsed.sessions.first?.interim?.reason == "Early Hints")
    }

    @Test func `waits for the rest of a request that is answered early`() {
        let parsed = verifier.verify([
            client("POST / HTTP/1.1\r\nContent-Length: 8\r\n\r\nfour"), server("HTTP/1.1 413 Too Much\r\nContent-Length: 0\r\n\r\n"), client("more"),
        ])
        #expect(parsed.texts == ["1 POST / 413 in=8"])
        let cut = verifier.verify([
            client("POST / HTTP/1.1\r\nContent-Length: 8\r\n\r\nfour"), server("HTTP/1.1 413 Too Much\r\nContent-Length: 0\r\n\r\n"),
        ])
        #expect(cut.texts == ["1 POST / 413 in=4 bodyCut"])
    }

    @Test func `gives requests that are never answered at the end, and responses to nothing at once`() {
        let parsed = verifier.verify([
            server("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes"), client("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n"),
            server("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\ncut"), client("GET /3 HTTP/1.1\r\nHost: a\r\nCoo"),
        ], order: .given(because: "a response to nothing comes before all requests"))
        #expect(
            parsed.texts == [
                "1 - 200 out=3 (notSeen)", "1 GET /1 200 out=3 bodyCut", "2 GET /2 - (notSeen)", "3 GET /3 - headCut (notSeen)",
            ])
    }

    @Test func `hands over after CONNECT and after an upgrade`() {
        let connect = verifier.verify([
            client("CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n"), server("HTTP/1.1 200 Connection established\r\n\r\n"),
            client("\u{16}\u{3}\u{1}"),
        ])
        #expect(connect.texts == ["1 CONNECT a.example:443 200"] && connect.progress == .handsOver)
        let refused = verifier.verify([
            client("CONNECT a.example:443 HTTP/1.1\r\n\r\n"), server("HTTP/1.1 407 No\r\nContent-Length: 2\r\n\r\nno"),
            client("CONNECT a.example:443 HTTP/1.1\r\nProxy-Authorization: Basic eDp5\r\n\r\n"), server("HTTP/1.0 200 Yes\r\n\r\n"),
        ])
        #expect(refused.texts == ["1 CONNECT a.example:443 407 out=2", "2 CONNECT a.example:443 200"] && refused.progress == .handsOver)
        let upgrade = verifier.verify([
            client("GET /chat HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nGET /more HTTP/1.1\r\n\r\n"),
            server("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\u{1}\u{2}"),
        ])
        #expect(upgrade.texts == ["1 GET /chat 101", "2 GET /more - (handedOver)"] && upgrade.progress == .handsOver)
        let ignored = verifier.verify([
            client("GET /1 HTTP/1.1\r\nUpgrade: h2c\r\n\r\n"), server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), client("GET /2 HTTP/1.1\r\n\r\n"),
        ])
        #expect(ignored.texts == ["1 GET /1 200", "2 GET /2 - (notSeen)"] && ignored.progress == .wantsMore)
    }

    @Test func `reads HTTP 0.9, with a head in the response or without`() {
        let bare = verifier.verify([client("GET /old\r\n"), server("<html>old</html>")])
        #expect(bare.texts == ["1 GET /old - out=16 badVersion (noHead)"] && bare.sessions.first?.responseBody.type == .html)
        let modern = verifier.verify([client("GET /old\r\n"), server("HTTP/1.0 200 OK\r\n\r\n<html>old</html>")])
        #expect(modern.texts == ["1 GET /old 200 out=16 badVersion"])
    }

    @Test func `fails where the first bytes promised too much`() {
        for text in ["G", "GET", "OPTIONS s", "HTTP/1"] {
            let parsed = verifier.parse([client(text), client("ip:a@example.org SIP/2.0\r\n\r\n")])
            #expect(parsed.progress == .failed(.otherProtocol) && parsed.sessions.isEmpty, "\(text)")
        }
    }

    /// The response to a request cannot come before it; all else may.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func `finds the same however both directions are interleaved`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let requests = (0..<8).map { "POST /\($0) HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" }
        let responses = (0..<8).map { "HTTP/1.1 23\($0) OK\r\nContent-Length: \($0)\r\n\r\n" + String(repeating: "x", count: $0) }
        var (asked, answered, steps): (Int, Int, [Step]) = (0, 0, [])
        while answered < 8 {
            if asked < 8, asked == answered || Bool.random(using: &random) {
                steps.append(client(requests[asked]))
                asked += 1
            } else {
                // Cut anywhere.
                let bytes = Array(responses[answered].utf8), cut = Int.random(in: 0...bytes.count, using: &random)
                steps += [.bytes(.responder, Array(bytes[..<cut])), .bytes(.responder, Array(bytes[cut...]))]
                answered += 1
            }
        }
        let parsed = verifier.parse(steps)
        #expect(parsed.texts == (0..<8).map { "\($0 + 1) POST /\($0) 23\($0) in=3" + ($0 > 0 ? " out=\($0)" : "") })
    }

    @Test func `makes digests of bodies only where it is told to`() throws {
        var parser = HTTPParser(depth: .whole)
        for step in [
            client("PUT / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"),
            server("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"),
        ] {
            guard case .bytes(let sender, let bytes) = step else { continue }
            for byte in bytes { _ = parser.feed([byte].span.bytes, from: sender) }
        }
        let session = parser.nextSession()
        let exchange = try #require(session)
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        for body in [exchange.requestBody, exchange.responseBody] {
            #expect(body.sha256 == abc)
        }
        let without = verifier.parse([client("PUT / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc")])
        #expect(without.sessions.first?.requestBody.digest == nil)
    }

    @Test func `tells when the first bytes came`() throws {
        var parser = HTTPParser()
        for (second, text) in ["GET / ", "HTTP/1.1\r\n\r\n"].enumerated() {
            _ = parser.feed(Array(text.utf8).span.bytes, from: .originator, at: Timestamp(nanoseconds: Int64(second + 1) * 1_000_000_000))
        }
        let response = Array("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".utf8)
        #expect(parser.feed(response.span.bytes, from: .responder, at: Timestamp(nanoseconds: 5_000_000_000)) == .ready)
        let session = parser.nextSession()
        let exchange = try #require(session)
        #expect(exchange.latency == 4_000_000_000 && exchange.requested?.nanoseconds == 1_000_000_000)
    }

    @Test func `is small, and keeps nothing before the first byte`() {
        #expect(MemoryLayout<HTTPParser>.size <= 16)
        #expect(HTTPParser().heldBytes == 0)
    }
}
