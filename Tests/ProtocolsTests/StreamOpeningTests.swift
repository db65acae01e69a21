import Testing

@testable import Protocols

/// What a stream opens with rules out what cannot come behind it, so that whoever looks for that may stop.
@Suite struct StreamOpeningTests {
    private static let hello: [UInt8] = [22, 3, 1, 0, 46, 1, 0, 0, 42, 3, 3] + [UInt8](repeating: 7, count: 40)

    private static func prospects(after opening: [UInt8]) -> [String: LaterBeginning] {
        let bytes = opening.span.bytes
        return [
            "tls": TLSParser.mayBeginLater(after: bytes), "http": HTTPParser.mayBeginLater(after: bytes), "http2": HTTP2Parser.mayBeginLater(after: bytes),
            "ssh": SSHParser.mayBeginLater(after: bytes), "sip": SIPParser.mayBeginLater(after: bytes),
        ]
    }

    @Test func `nothing else comes behind TLS`() {
        #expect(Self.prospects(after: Self.hello) == ["tls": .open, "http": .ruledOut, "http2": .ruledOut, "ssh": .ruledOut, "sip": .ruledOut])
        // Data of a connection that began earlier.
        #expect(Self.prospects(after: [23, 3, 3, 0, 32] + [UInt8](repeating: 1, count: 32))["ssh"] == .ruledOut)
        // No record has that version.
        #expect(Self.prospects(after: [22, 4] + Self.hello.dropFirst(2))["ssh"] == .open)
    }

    @Test(arguments: [[0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f], [0x30, 0x1d, 2, 1, 1], [5, 1, 0, 0], [0x47, 0x45, 0x54, 0xc3]] as [[UInt8]])
    func `TLS begins soon where no text is sent, or not at all`(opening: [UInt8]) {
        #expect(Self.prospects(after: opening) == ["tls": .unlikely, "http": .open, "http2": .open, "ssh": .open, "sip": .open])
    }

    @Test func `nothing else comes behind SSH`() {
        #expect(
            Self.prospects(after: Array("SSH-2.0-OpenSSH_9.2\r\n".utf8))
                == ["tls": .ruledOut, "http": .ruledOut, "http2": .ruledOut, "ssh": .open, "sip": .ruledOut])
    }

    @Test(arguments: ["GET / HTTP/1.1\r\n", "PUT /a HTTP/1.1\r\n", "POST / HTTP/1.1\r\n", "HEAD / HTTP/1.0\r\n"])
    func `hardly anything comes behind a request to a web server`(request: String) {
        #expect(
            Self.prospects(after: Array(request.utf8)) == ["tls": .unlikely, "http": .open, "http2": .unlikely, "ssh": .unlikely, "sip": .unlikely])
    }

    @Test(arguments: ["HTTP/1.1 200 OK\r\n", "HTTP/1.0 404 \r\n"])
    func `a web server's answer says as much as the request`(answer: String) {
        #expect(
            Self.prospects(after: Array(answer.utf8)) == ["tls": .seconded, "http": .open, "http2": .seconded, "ssh": .seconded, "sip": .seconded])
    }

    @Test func `whoever was asked to switches protocols`() {
        #expect(
            Self.prospects(after: Array("HTTP/1.1 101 Switching Protocols\r\n".utf8))
                == ["tls": .expected, "http": .open, "http2": .expected, "ssh": .expected, "sip": .expected])
    }

    @Test(arguments: ["CONNECT a:443 HTTP/1.1\r\n", "GET http://a/ HTTP/1.1\r\n", "220 mail\r\n", "HTTP/1.1 100 Continue\r\n", "HTTP/1.1", "HTTP/2", "~}| ", "G", "", "SSH-9"])
    func `of anything else nothing is known`(opening: String) {
        #expect(Set(Self.prospects(after: Array(opening.utf8)).values) == [.open])
    }
}
