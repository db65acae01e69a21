import Protocols
import TestSupport
import Testing

@Suite struct `HTTP probe` {
    private func probe(_ text: String) -> ProbeAnswer { HTTPParser.probe(Array(text.utf8).span.bytes) }
    private func probeLater(_ text: String) -> Bool { HTTPParser.probeLater(Array(text.utf8).span.bytes) }

    @Test(arguments: [
        "GET / HTTP/1.1\r\n", "POST http://a/b?c HTTP/1.0\n", "CONNECT a:443 HTTP/1.1\r\n", "OPTIONS * HTTP/1.1\r\n", "VERSION-CONTROL /a HTTP/1.1\r\n",
        "GET /old\r\n", "M-SEARCH * HTTP/1.1\r\n", "CCM_POST / HTTP/1.1\r\n", "HTTP/1.1 200 ", "HTTP/1.0 404\r",
    ])
    func `is sure of a whole first line, and unsure of its beginnings`(_ line: String) {
        let bytes = Array(line.utf8)
        #expect((1..<bytes.count).allSatisfy { HTTPParser.probe(Array(bytes.prefix($0)).span.bytes) == .unsure })
        #expect(probe(line) == .mine)
        #expect(probe(line + "more") == .mine)
    }

    @Test(arguments: [
        "OPTIONS sip:a@b SIP/2.0\r\n", "INVITE sip:a SIP/2.0\r\n", "DESCRIBE rtsp://a/b RTSP/1.0\r\n", "OPTIONS * RTSP/1.0\r\n", "RTSP/1.0 200 OK\r\n",
        "REQMOD icap://a/b ICAP/1.0\r\n", "ICAP/1.0 200 OK\r\n", "SIP/2.0 200 OK\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/2.0 200 OK\r\n",
        "NICK alice\r\n",
        "USER a 0 * :A\r\n", "JOIN #a\r\n", "EHLO a.example\r\n", "MAIL FROM:<a@b>\r\n", "220 a.example ESMTP\r\n", "SSH-2.0-OpenSSH_9\r\n", "GET key\r\n",
        "get a\r\n",
        "+OK POP3\r\n", "* OK IMAP\r\n", "a1 LOGIN a b\r\n", "HTTP\r\n", "GET\r\n", "GET /a b\r\n", "\r\n", " GET / HTTP/1.1\r\n", "HTTP/1.1 2000 OK",
        "HTTP/1.1 20 OK\r\n",
        "HTTP/1.x 200 OK\r\n", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}", "GNUTELLA CONNECT/0.6\r\n", "*1\r\n$4\r\nPING\r\n",
    ])
    func `leaves others alone`(_ text: String) {
        #expect(probe(text) == .notMine)
        #expect(!probeLater(text))
    }

    @Test func `never takes random bytes for its own`() {
        var random = SeededGenerator(seed: 80)
        for _ in 0..<20_000 {
            let bytes = (0..<64).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(HTTPParser.probe(bytes.span.bytes) != .mine && !HTTPParser.probeLater(bytes.span.bytes))
        }
    }

    @Test func `knows a message that begins later`() {
        for text in ["GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\nServer: a\r\n\r\n", "HTTP/1.1 204 None\r\n\r\n"] { #expect(probeLater(text)) }
        #expect(!probeLater("GET / HTTP/1.1") && !probeLater("HTTP/1.1 200 OK says the page, ") && !probeLater("HTTP/1.1 200 OK\r\n<p>"))
    }
}
