import Filters
import Packets
import Protocols
import TestSupport
import Testing

/// Hostile case 38, of all parsers with all others' openings. Nobody asks for ports: what real programs say, on each other's ports, is in `ParsersTogetherTests`.
@Suite struct `Detection` {
    private struct Opening {
        var service: Service
        var first: Direction
        /// What both sides begin with, `first` first.
        var says: [UInt8], hears: [UInt8]

        init(_ service: Service, _ says: [UInt8], _ hears: [UInt8], first: Direction = .originator) {
            (self.service, self.first, self.says, self.hears) = (service, first, says, hears)
        }
        init(_ service: Service, _ says: String, _ hears: String, first: Direction = .originator) {
            self.init(service, Array(says.utf8), Array(hears.utf8), first: first)
        }

        var steps: [Step] { [.bytes(first, says), .bytes(first.opposite, hears)] }
    }

    private static let openings = [
        Opening(.tls, TLSBytes.record(22, TLSBytes.clientHello()), TLSBytes.record(22, TLSBytes.serverHello())),
        Opening(.http, "GET /index.html HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        Opening(
            .http2, HTTP2Bytes.clientStart + HTTP2Bytes.headers(1, HTTP2Bytes.get("/"), end: true),
            HTTP2Bytes.serverStart + HTTP2Bytes.headers(1, HTTP2Bytes.response(200), end: true)),
        Opening(.ssh, SSHBytes.client + SSHBytes.clientOffer, SSHBytes.server + SSHBytes.serverOffer),
        Opening(.smtp, "220 mx.example.net ESMTP Postfix\r\n", "EHLO client.example.net\r\nMAIL FROM:<a@b>\r\n", first: .responder),
        Opening(.dns, DNSBytes.framed(DNSBytes.query(id: 1, "www.example.org")), DNSBytes.framed(DNSBytes.response(id: 1, "www.example.org"))),
        Opening(.postgresql, PostgreSQLBytes.startup(), PostgreSQLBytes.authentication(0) + PostgreSQLBytes.ready()),
        Opening(.mysql, MySQLBytes.greeting(), MySQLBytes.login(), first: .responder),
        Opening(.sip, "OPTIONS sip:b@example.org SIP/2.0\r\n\(sip)", "SIP/2.0 200 OK\r\n\(sip)"),
        Opening(.redis, "*1\r\n$4\r\nPING\r\n", "+PONG\r\n"),
        Opening(.mongodb, MongoDBBytes.find(1), MongoDBBytes.answer(1, to: 1, [MongoDBBytes.batch(1), MongoDBBytes.ok])),
    ]

    private static let sip = "Via: SIP/2.0/TCP a.example.org;branch=z9hG4bK1\r\nFrom: <sip:a@example.org>;tag=1\r\nTo: <sip:b@example.org>\r\nCall-ID: 1@a\r\n"
        + "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"

    private static let streams = Parsers.all.filter { $0.service.transports.contains(.tcp) }

    @Test(.timeLimit(.minutes(5))) func `31 every parser's opening, cut in three at every two places`() {
        func verify<Parser: SessionParser>(_ parser: Parser.Type) where Parser.Session: Equatable {
            for opening in Self.openings where opening.service == parser.service { ParserVerifier<Parser>().verifyThreePieces(opening.steps) }
        }
        verify(TLSParser.self)
        verify(HTTPParser.self)
        verify(HTTP2Parser.self)
        verify(SSHParser.self)
        verify(SMTPParser.self)
        verify(DNSParser.self)
        verify(PostgreSQLParser.self)
        verify(MySQLParser.self)
        verify(RedisParser.self)
        verify(SIPParser.self)
        verify(MongoDBParser.self)
    }

    /// How many sessions a parser gives of some steps, the most that it held, and whether it wants more.
    private func run<Parser: SessionParser>(_ parser: Parser.Type, _ steps: [Step]) -> (sessions: Int, mostHeld: Int, goesOn: Bool) {
        var (parser, result) = (Parser(), (sessions: 0, mostHeld: 0, goesOn: true))
        func take() {
            while let session = parser.nextSession() {
                result.sessions += 1
                for field in Parser.fields { field.read(session) { _ in } }
            }
        }
        for case .bytes(let sender, let bytes) in steps where result.goesOn {
            let progress = parser.feed(bytes.span.bytes, from: sender)
            result.goesOn = progress == .wantsMore || progress == .ready
            result.mostHeld = max(result.mostHeld, parser.heldBytes)
            take()
        }
        parser.finish()
        take()
        return result
    }

    @Test func `38 no parser takes another's opening for its own, and each its own`() {
        for parser in Self.streams {
            for opening in Self.openings {
                let answers = [parser.probe(opening.says.span.bytes), parser.probe(opening.hears.span.bytes)]
                #expect(answers.contains(.mine) == (parser.service == opening.service), "\(parser) of \(opening.service): \(answers)")
                // Nor in the middle of a stream, but for what may begin there.
                #expect(!parser.probeLater(opening.says.span.bytes) || parser.service == opening.service, "\(parser) of \(opening.service)")
                if parser.service != opening.service { #expect(run(parser, opening.steps).sessions == 0, "\(parser) of \(opening.service)") }
            }
        }
    }

    @Test func `38 ten bytes, then silence: nobody makes more of them than there is`() {
        for parser in Self.streams {
            for opening in Self.openings {
                let start = Array(opening.says.prefix(10))
                let result = run(parser, [.bytes(opening.first, start)])
                // A request's beginning is a request that was cut; a query of ten bytes is none.
                #expect(result.sessions == 0 || parser.service == opening.service && parser.service == .http, "\(parser) of \(opening.service)")
                #expect(result.mostHeld < 4096)
                #expect(parser.service == opening.service || parser.probe(start.span.bytes) != .mine, "\(parser) of \(opening.service)")
            }
            #expect(run(parser, [.bytes(.originator, Array("ten bytes!".utf8))]).sessions == 0)
        }
    }

    @Test(.timeLimit(.minutes(2))) func `38 a stream that goes on as another protocol without a word ends its parser, or costs no memory`() {
        for parser in Self.streams {
            guard let own = Self.openings.first(where: { $0.service == parser.service }) else { continue }
            let alone = run(parser, own.steps).sessions
            for other in Self.openings where other.service != own.service {
                let flood = [[UInt8]](repeating: other.says, count: 1 + 100_000 / other.says.count).flatMap { $0 }
                for sender in [Direction.originator, .responder] {
                    let segments = stride(from: 0, to: flood.count, by: 1460).map { Step.bytes(sender, Array(flood[$0..<min($0 + 1460, flood.count)])) }
                    let result = run(parser, own.steps + segments)
                    #expect(result.sessions >= alone, "\(parser) and then \(other.service)")
                    #expect(result.mostHeld < 400 << 10, "\(parser) and then \(other.service)")
                }
            }
        }
    }
}
