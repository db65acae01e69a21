import Protocols
import Testing

@Suite struct `HTTP heads` {
    let verifier = ParserVerifier<HTTPParser>(order: .questionsFirst)

    private func request(_ head: String) throws -> HTTPExchange { try #require(verifier.verify([client(head)]).sessions.first) }

    @Test func `tolerate bare line feeds and folded lines, and note them`() throws {
        let exchange = try request("GET / HTTP/1.1\nHost: a\nX: one\r\n\t two \n   three\n\n")
        #expect(exchange.request?.host == "a" && exchange.request?.head.header("x") == "one two three")
        #expect(exchange.problems == [.bareLineFeed, .foldedHeader] && !exchange.isMalformed)
    }

    @Test func `have blanks before a colon and lines without one as problems`() throws {
        let exchange = try request("GET / HTTP/1.1\r\nHost : a\r\nnonsense\r\n: empty\r\n\r\n")
        #expect(exchange.request?.host == "a" && exchange.problems == [.spaceBeforeColon, .badHeader] && exchange.isMalformed)
        #expect(exchange.request?.head.headers.map(\.name) == ["Host", "", ""])
    }

    @Test func `are asked by name whatever the case, and have names in their order`() throws {
        let head = try #require(try request("GET / HTTP/1.1\r\nVia: 1\r\nhOST: a.example\r\nVIA:2\r\nEmpty:\r\nBinary: \u{e9}\r\n\r\n").request?.head)
        #expect(head.header("Host") == "a.example" && head.headers("via") == ["1", "2"] && head.header("empty") == "" && head.header("none") == nil)
        #expect(head.headers.map(\.name) == ["Via", "hOST", "VIA", "Empty", "Binary"] && head.header("binary") == "\u{e9}")
    }

    @Test(arguments: [
        ("Content-Length: 3\r\nContent-Length: 3", ["1 POST / 200 in=3"]),
        ("Content-Length: 3, 3", ["1 POST / 200 in=3"]),
        ("Content-Length: 3\r\nContent-Length: 4", ["1 POST / 200 in=3 differingLengths"]),
        ("Content-Length: 3\r\nTransfer-Encoding: identity", ["1 POST / 200 in=3"]),
        ("Content-Length: 3\r\nTransfer-Encoding: gzip", ["1 POST / 200 in=3 lengthAndEncoding unknownEncoding"]),
        ("Content-Length: +3", ["1 POST / 200 badLength"]),
        ("Content-Length: 99999999999999999999", ["1 POST / 200 badLength"]),
        ("Content-Length:", ["1 POST / 200 badLength"]),
    ])
    func `say where a body ends, and what is wrong with that`(_ lines: String, _ expected: [String]) {
        let parsed = verifier.verify([
            client("POST / HTTP/1.1\r\n\(lines)\r\n\r\nabc"), server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        ])
        #expect(parsed.texts == expected)
    }

    @Test func `let Transfer-Encoding win over Content-Length, and say so`() {
        let parsed = verifier.verify([
            client("POST /a HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n")
        ])
        #expect(parsed.texts == ["1 POST /a - in=5 lengthAndEncoding (notSeen)", "2 GET /smuggled - (notSeen)"])
    }

    @Test func `have lines that servers tolerate`() throws {
        let spaces = try request("GET  /a b  HTTP/1.1\r\n\r\n")
        #expect(spaces.request?.method == "GET" && spaces.request?.target == "/a b" && spaces.problems.isEmpty)
        let version = verifier.verify([client("GET / HTTP/1.\r\n\r\n")])
        #expect(version.texts == ["1 GET / - badVersion (notSeen)"] && version.sessions.first?.request?.versionText == "HTTP/1.")
        let reason = verifier.verify([client("GET / HTTP/1.1\r\n\r\n"), server("HTTP/1.1 204\r\n\r\n")])
        #expect(reason.texts == ["1 GET / 204"] && reason.sessions.first?.response?.reason == "")
    }

    @Test(arguments: [
        ("Basic YWxpY2U6c2VjcmV0", "alice"), ("basic  YTo=", "a"), ("Basic Og==", ""), ("Basic YWxpY2U=", nil), ("Bearer YWxpY2U6c2VjcmV0", nil),
        ("Basic !!", nil),
    ])
    func `tell a user's name and no password`(_ value: String, _ name: String?) throws {
        let exchange = try request("GET / HTTP/1.1\r\nAuthorization: \(value)\r\n\r\n")
        #expect(exchange.request?.userName == name && exchange.request?.authorizationScheme?.contains("Y") == false)
        for field in HTTPParser.fields {
            field.read(exchange) { value in #expect(!"\(value)".contains("secret") && !"\(value)".contains("YWxpY2U6")) }
        }
    }

    @Test func `keep 16 KiB of themselves, and are read to 64 KiB`() throws {
        let filler = (0..<1000).map { "X-\($0): \(String(repeating: "v", count: 30))\r\n" }.joined()
        let exchange = try #require(
            verifier.parse([client("POST / HTTP/1.1\r\n\(filler)Content-Length: 3\r\n\r\nabc")]).sessions.first)
        #expect(exchange.problems == .headShortened && exchange.requestBody.byteCount == 3)
        #expect(exchange.request?.head.isShortened == true && exchange.request?.head.bytes.byteCount == 16 << 10)
        #expect(exchange.request.map { $0.head.byteCount > 30_000 } == true && exchange.request?.head.header("x-1") != nil)
    }
}
