import Packets
import Protocols
import Testing

@Suite struct `TLS parser` {
    let verifier = ParserVerifier<TLSParser>()
    let client = TLSBytes.record(22, TLSBytes.clientHello(protocols: ["h2", "http/1.1"]))
    let server = TLSBytes.record(22, TLSBytes.serverHello(protocol: "h2") + TLSBytes.message(11, [0, 0, 0]))

    @Test func `finds both hellos however they are cut`() throws {
        let parsed = verifier.verify([.bytes(.originator, client), .bytes(.responder, server)])
        #expect(parsed.progress == .done)
        let session = try #require(parsed.sessions.first)
        #expect(parsed.sessions.count == 1)
        #expect(session.serverName == "www.example.org")
        #expect(session.offeredProtocols == ["h2", "http/1.1"])
        #expect(session.applicationProtocol == "h2")
        #expect(session.version == .tls12)
        #expect(session.cipherSuite == 0xc02f)
        #expect(session.client == .originator)
        #expect(!session.helloRetried && session.alert == nil)
    }

    @Test func `knows the client by its message, not by its side`() throws {
        let session = try #require(verifier.parse([Step.bytes(.originator, client), .bytes(.responder, server)].mirrored).sessions.first)
        #expect(session.client == .responder)
        #expect(session.serverName == "www.example.org" && session.version == .tls12)
    }

    @Test func `keeps directions apart when they are interleaved`() {
        let conversation = zip(pieces(of: client, at: [3, 9, 40]), pieces(of: server, at: [1, 7, 20])).flatMap {
            [Step.bytes(.originator, $0), .bytes(.responder, $1)]
        }
        let parsed = verifier.verify(conversation)
        #expect(parsed.sessions == verifier.parse([.bytes(.originator, client), .bytes(.responder, server)]).sessions)
    }

    @Test func `puts a hello of 5 records in 10 segments together`() {
        let hello = TLSBytes.clientHello(extra: [(21, [UInt8](repeating: 0, count: 900))])
        let split = TLSBytes.records(hello, of: hello.count / 5 + 1)
        let cuts = (1..<10).map { $0 * split.count / 10 }
        let parsed = verifier.parse(pieces(of: split, at: cuts).map { .bytes(.originator, $0) })
        #expect(parsed.sessions.first?.serverName == "www.example.org")
        #expect(parsed.sessions == verifier.parse([.bytes(.originator, TLSBytes.record(22, hello))]).sessions)
    }

    @Test(arguments: [1, 2, 3, 5, 7]) func `puts a hello of tiny records together`(size: Int) {
        let parsed = verifier.parse([.bytes(.originator, TLSBytes.records(TLSBytes.clientHello(), of: size)), .bytes(.responder, server)])
        #expect(parsed.sessions.first?.serverName == "www.example.org" && parsed.progress == .done)
    }

    @Test func `passes over empty records, heartbeats, warnings and hello requests`() {
        let noise =
            TLSBytes.record(22, []) + TLSBytes.record(23, []) + TLSBytes.record(24, [1, 0, 0]) + TLSBytes.record(21, [1, 112])
            + TLSBytes.record(22, TLSBytes.message(0, []))
        let parsed = verifier.verify([.bytes(.originator, client), .bytes(.responder, noise + server)])
        let plain = verifier.parse([.bytes(.originator, client), .bytes(.responder, server)])
        #expect(parsed.sessions.map(\.clientHello) == plain.sessions.map(\.clientHello) && parsed.sessions.map(\.serverHello) == plain.sessions.map(\.serverHello))
        #expect(parsed.progress == plain.progress && parsed.sessions.map(\.warning?.description) == ["unrecognized_name"])
    }

    @Test func `waits past a HelloRetryRequest for the real ServerHello`() throws {
        let second = TLSBytes.record(22, TLSBytes.clientHello(serverName: Array("second.example".utf8)))
        let real = TLSBytes.record(22, TLSBytes.serverHello(suite: 0x1301, selected: 0x0304))
        let parsed = verifier.verify([
            .bytes(.originator, client), .bytes(.responder, TLSBytes.record(22, TLSBytes.helloRetryRequest) + TLSBytes.changeCipherSpec),
            .bytes(.originator, second), .bytes(.responder, real),
        ])
        let session = try #require(parsed.sessions.first)
        #expect(parsed.sessions.count == 1 && session.helloRetried)
        #expect(session.version == .tls13 && session.cipherSuite == 0x1301)
        #expect(session.serverName == "www.example.org")
    }

    @Test func `reports the client alone when the retry is all that the server said`() throws {
        let parsed = verifier.parse([.bytes(.originator, client), .bytes(.responder, TLSBytes.record(22, TLSBytes.helloRetryRequest))])
        let session = try #require(parsed.sessions.first)
        #expect(session.helloRetried && session.serverHello == nil && session.version == nil)
    }

    @Test func `reports the client alone when the server answers with an alert`() throws {
        let parsed = verifier.verify([.bytes(.originator, client), .bytes(.responder, TLSBytes.record(21, [2, 40]))],
            order: .given(because: "a fatal alert is the end of what was said before it"))
        #expect(parsed.progress == .done)
        let session = try #require(parsed.sessions.first)
        #expect(session.alert?.description == "handshake_failure" && session.serverName == "www.example.org")
    }

    @Test func `reports a side alone when the connection ends`() throws {
        let onlyClient = try #require(verifier.verify([.bytes(.originator, client)]).sessions.first)
        #expect(onlyClient.clientHello != nil && onlyClient.serverHello == nil && onlyClient.client == .originator)
        let onlyServer = try #require(verifier.verify([.bytes(.responder, server)]).sessions.first)
        #expect(onlyServer.clientHello == nil && onlyServer.serverHello != nil && onlyServer.client == .originator)
    }

    @Test func `says nothing of a connection without a hello`() {
        let data = TLSBytes.record(23, [UInt8](repeating: 1, count: 64))
        let parsed = verifier.verify([.bytes(.originator, data), .bytes(.responder, data)])
        #expect(parsed == Parsed(sessions: [], progress: .done))
    }

    @Test func `gives a hello with a hole up, and keeps the other`() {
        let half = Array(client.prefix(30))
        let parsed = verifier.verify([.bytes(.originator, half), .gap(.originator, 10), .bytes(.responder, server)])
        #expect(parsed.progress == .done)
        #expect(parsed.sessions.count == 1 && parsed.sessions[0].clientHello == nil && parsed.sessions[0].version == .tls12)
        let other = verifier.parse([.bytes(.originator, client), .bytes(.responder, Array(server.prefix(30))), .gap(.responder, 1)])
        #expect(other.progress == .done && other.sessions.first?.serverName == "www.example.org")
    }

    @Test func `does not mind a hole behind a hello`() {
        let parsed = verifier.verify([.bytes(.originator, client), .gap(.originator, 5000), .bytes(.responder, server)])
        #expect(parsed.sessions.first?.version == .tls12)
    }

    @Test func `does not wait for ever for the other side`() {
        let data = TLSBytes.record(23, [UInt8](repeating: 1, count: 16384))
        let parsed = verifier.parse([.bytes(.originator, client)] + (0..<20).map { _ in .bytes(.originator, data) })
        #expect(parsed.progress == .done && parsed.sessions.count == 1)
        let gap = verifier.parse([.bytes(.originator, client), .gap(.originator, 1 << 40)])
        #expect(gap.progress == .done && gap.sessions.count == 1)
        let empty = verifier.parse((0..<40).map { _ in .bytes(.originator, (0..<1000).flatMap { _ in TLSBytes.record(22, []) }) })
        #expect(empty.progress == .failed(.tooLong))
    }

    @Test func `reads a ClientHello in SSL 2's format`() throws {
        let parsed = verifier.verify([.bytes(.originator, TLSBytes.sslv2ClientHello()), .bytes(.responder, server)])
        let hello = try #require(parsed.sessions.first?.clientHello)
        #expect(hello.isSSLv2 && hello.legacyVersion == .tls10 && hello.cipherSuites == [0x002f, 0x0005])
        #expect(hello.random.byteCount == 16 && hello.sessionID.byteCount == 0 && hello.serverName == nil)
        #expect(parsed.sessions.first?.version == .tls12)
    }

    @Test func `follows the drafts of TLS 1.3`() throws {
        let old = TLSBytes.message(2, [0x7f, 0x12] + TLSBytes.random + [0x13, 0x01] + TLSBytes.vector([(40, [0, 29, 0, 1, 5])]))
        let parsed = verifier.parse([
            .bytes(.originator, client),
            .bytes(.responder, TLSBytes.record(22, TLSBytes.message(6, [0x7f, 0x12])) + TLSBytes.record(22, old, version: 0x7f12)),
        ])
        let session = try #require(parsed.sessions.first)
        #expect(session.version?.name == "TLSv13-draft18" && session.cipherSuite == 0x1301 && session.helloRetried)
    }

    @Test(arguments: [
        (Array("GET / HTTP/1.1\r\n".utf8), ParserFailure.otherProtocol),
        (TLSBytes.record(22, []) + [22, 3, 1, 0x48, 1], .otherProtocol),
        ([22, 3, 5, 0, 50], .otherProtocol),
        (TLSBytes.record(22, []) + TLSBytes.sslv2ClientHello(), .otherProtocol),
        (TLSBytes.record(22, [1, 1, 0, 1]), .tooLong),
        (TLSBytes.record(22, TLSBytes.message(1, [3, 3])), .malformed),
        (TLSBytes.record(22, TLSBytes.message(1, Array(TLSBytes.clientHello().dropFirst(4).dropLast()))), .malformed),
        (TLSBytes.record(22, TLSBytes.message(1, TLSBytes.clientHello().dropFirst(4) + [0])), .malformed),
    ])
    func `says why it gives up`(bytes: [UInt8], failure: ParserFailure) {
        #expect(verifier.verify([.bytes(.originator, bytes)]) == Parsed(sessions: [], progress: .failed(failure)))
    }

    @Test func `takes no second client`() {
        let parsed = verifier.parse([.bytes(.originator, client), .bytes(.responder, client)])
        #expect(parsed.progress == .failed(.unexpected) && parsed.sessions.count == 1)
    }

    @Test func `keeps a hello of 64 KiB and refuses a longer one`() {
        let rest = 65536 - (TLSBytes.clientHello(serverName: nil).count - 4) - 2 - 4 - 4
        let halves = [rest / 2, rest - rest / 2].map { (type: 21 as UInt16, content: [UInt8](repeating: 0, count: $0)) }
        let longest = TLSBytes.clientHello(serverName: nil, extra: halves)
        #expect(longest.count == 4 + 65536)
        #expect(verifier.parse([.bytes(.originator, TLSBytes.records(longest, of: 16384))]).sessions.count == 1)
        var longer = longest
        longer[3] = 1
        #expect(verifier.parse([.bytes(.originator, TLSBytes.records(longer, of: 16384))]).progress == .failed(.tooLong))
    }
}
