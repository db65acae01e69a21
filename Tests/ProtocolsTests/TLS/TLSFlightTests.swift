import Packets
import Protocols
import TestSupport
import Testing

@Suite struct `TLS behind the hellos` {
    let verifier = ParserVerifier<TLSParser>(depth: .whole)
    let client = TLSBytes.record(22, TLSBytes.clientHello())
    let server = TLSBytes.record(22, TLSBytes.serverHello())

    @Test func `has the certificates of both, however they are cut`() throws {
        let parsed = verifier.verify(TLSBytes.fullHandshake(server: [Certificates.ca, Certificates.negative], client: [Certificates.negative]))
        #expect(parsed.progress == .done && parsed.sessions.count == 1)
        let session = try #require(parsed.sessions.first)
        #expect(session.serverCertificates?.certificates == [X509Certificate(Certificates.ca), X509Certificate(Certificates.negative)])
        #expect(session.clientCertificates?.first?.subject == "L=Here,O=multi+CN=ed" && session.clientCertificates?.count == 1)
        #expect(session.certificateRequested && session.isEstablished == true && session.isResumed == false && session.problems.isEmpty)
        #expect(session.group == 29 && session.groupName == "x25519")
    }

    @Test(arguments: 0..<200 as Range<UInt64>) func `is the same however the directions interleave`(seed: UInt64) {
        let steps = TLSBytes.fullHandshake(server: [Certificates.ca], client: [Certificates.negative])
        let whole = verifier.parse(steps)
        var random = SeededGenerator(seed: seed)
        var rest: [Direction: [UInt8]] = [:]
        for case .bytes(let sender, let bytes) in steps { rest[sender, default: []] += bytes }
        var mixed: [Step] = []
        while !rest.values.allSatisfy(\.isEmpty) {
            let sender = Direction.allCases.randomElement(using: &random)!
            let piece = rest[sender]!.prefix(Int.random(in: 0...400, using: &random))
            rest[sender]!.removeFirst(piece.count)
            mixed.append(.bytes(sender, Array(piece)))
        }
        #expect(verifier.parse(mixed) == whole)
    }

    @Test func `costs nothing where nobody asks for it`() throws {
        var steps = TLSBytes.fullHandshake(server: [Certificates.ca], client: [])
        let parsed = ParserVerifier<TLSParser>().verify(steps)
        let session = try #require(parsed.sessions.first)
        #expect(parsed.progress == .done && session.serverCertificates == nil && session.isEstablished == nil && !session.certificateRequested)
        // Done with the second hello, in the middle of the record.
        steps.removeLast(2)
        var parser = TLSParser()
        var progress = ParserProgress.wantsMore
        for case .bytes(let sender, let bytes) in steps { progress = parser.feed(bytes.span.bytes, from: sender) }
        #expect(progress == .done && parser.heldBytes < 200)
    }

    @Test func `says what was seen when the rest does not come`() throws {
        let steps = TLSBytes.fullHandshake(server: [Certificates.ca], client: [])
        let half = try #require(verifier.parse(Array(steps.prefix(2))).sessions.first)
        #expect(half.serverCertificates?.count == 1 && half.isEstablished == false && half.clientCertificates == nil)
        let none = try #require(verifier.parse(steps).sessions.first)
        #expect(none.clientCertificates?.count == 0 && none.clientCertificates?.first == nil && none.isEstablished == true)
    }

    @Test func `knows a resumption by ticket, which a changed cipher without a key exchange tells`() throws {
        func hello(_ ticket: [UInt8], id: [UInt8] = []) -> [UInt8] {
            let fields = TLSBytes.big(0x0303) + TLSBytes.random + TLSBytes.vector8(id) + TLSBytes.vector16([0xc0, 0x2f]) + TLSBytes.vector8([0])
            return TLSBytes.record(22, TLSBytes.message(1, fields + TLSBytes.vector([(35, ticket)])))
        }
        let answer = TLSBytes.records(TLSBytes.serverHello(), of: 16384) + TLSBytes.changeCipherSpec + TLSBytes.finished
        let short: [Step] = [.bytes(.responder, answer), .bytes(.originator, TLSBytes.changeCipherSpec + TLSBytes.finished)]
        let resumed = try #require(verifier.verify([.bytes(.originator, hello([1, 2, 3]))] + short).sessions.first)
        #expect(resumed.isResumed == true && resumed.isEstablished == true)
        #expect(try #require(verifier.parse([.bytes(.originator, hello([]))] + short).sessions.first).isResumed == false)
        #expect(try #require(verifier.parse([.bytes(.originator, hello([1], id: [4]))] + short).sessions.first).isResumed == false)
        let whole = TLSBytes.record(22, TLSBytes.clientKeyExchange) + TLSBytes.changeCipherSpec + TLSBytes.finished
        let renewed: [Step] = [.bytes(.originator, hello([1])), .bytes(.responder, answer), .bytes(.originator, whole)]
        #expect(try #require(verifier.parse(renewed).sessions.first).isResumed == false)
    }

    @Test func `of TLS 1.3 has no certificates, but its end`() throws {
        let answer = TLSBytes.record(22, TLSBytes.serverHello(selected: 0x0304)) + TLSBytes.changeCipherSpec + TLSBytes.applicationData
        let hello = TLSBytes.record(22, TLSBytes.clientHello(versions: [0x0304]))
        let parsed = verifier.verify([
            .bytes(.originator, hello), .bytes(.responder, answer), .bytes(.originator, TLSBytes.changeCipherSpec + TLSBytes.applicationData),
        ])
        let session = try #require(parsed.sessions.first)
        #expect(parsed.progress == .done && session.isEstablished == true && session.serverCertificates == nil && session.version == .tls13)
        let refused = try #require(verifier.parse([.bytes(.originator, hello), .bytes(.responder, answer), .bytes(.originator, TLSBytes.record(21, [2, 48]))]).sessions.first)
        #expect(refused.isEstablished == false && refused.alert?.description == "unknown_ca")
    }

    @Test func `goes on behind a HelloRetryRequest`() throws {
        let hello = TLSBytes.clientHello(versions: [0x0304])
        let parsed = verifier.verify([
            .bytes(.originator, TLSBytes.record(22, hello)), .bytes(.responder, TLSBytes.record(22, TLSBytes.helloRetryRequest) + TLSBytes.changeCipherSpec),
            .bytes(.originator, TLSBytes.changeCipherSpec + TLSBytes.records(hello, of: 16384)),
            .bytes(.responder, TLSBytes.record(22, TLSBytes.serverHello(selected: 0x0304)) + TLSBytes.applicationData), .bytes(.originator, TLSBytes.applicationData),
        ])
        let session = try #require(parsed.sessions.first)
        #expect(parsed.progress == .done && session.helloRetried && session.isEstablished == true && session.version == .tls13)
    }

    @Test func `takes data before the server's answer for what it is`() throws {
        let early = TLSBytes.clientHello(versions: [0x0304], extra: [(42, []), (41, [0])])
        let parsed = verifier.verify([
            .bytes(.originator, TLSBytes.record(22, early) + TLSBytes.changeCipherSpec + TLSBytes.applicationData),
            .bytes(.responder, TLSBytes.record(22, TLSBytes.serverHello(selected: 0x0304)) + TLSBytes.applicationData),
        ])
        let session = try #require(parsed.sessions.first)
        #expect(session.clientHello?.earlyDataOffered == true && session.isEstablished == true)
    }

    @Test func `tells alerts: warnings beside, fatal ones as the end`() throws {
        let warned = try #require(
            verifier.verify([
                .bytes(.originator, client), .bytes(.responder, TLSBytes.record(21, [1, 112]) + server), .bytes(.originator, TLSBytes.record(21, [2, 42])),
            ], order: .given(because: "a fatal alert is the end of what was said before it")).sessions.first)
        #expect(warned.warning?.description == "unrecognized_name" && warned.alert?.description == "bad_certificate" && warned.isEstablished == false)
    }

    // MARK: Limits

    @Test func `keeps no more than 64 KiB of certificates, and goes on`() throws {
        let steps = TLSBytes.fullHandshake(server: [[UInt8](repeating: 1, count: 65_540)], client: [])
        let session = try #require(verifier.parse(steps).sessions.first)
        #expect(session.serverCertificates == nil && session.problems == [.certificatesTooLong] && session.isEstablished == true)
        let longest = TLSBytes.fullHandshake(server: [[UInt8](repeating: 1, count: 65_533)], client: [])
        #expect(verifier.parse(longest).sessions.first?.serverCertificates?.count == 1)
    }

    @Test func `keeps no more than 32 certificates`() throws {
        let many = TLSBytes.fullHandshake(server: (0..<40).map { [UInt8($0)] }, client: [])
        let session = try #require(verifier.parse(many).sessions.first)
        #expect(session.serverCertificates?.count == 32 && session.problems == [.tooManyCertificates])
        #expect(session.serverCertificates?.certificates.last == X509Certificate([31]))
    }

    @Test(arguments: [[], [0, 0], [0, 0, 9], [0, 0, 3, 0, 0, 0], [0, 0, 3, 0, 0, 9], [0, 0, 1, 0]] as [[UInt8]])
    func `reads certificates as far as their lengths hold`(body: [UInt8]) throws {
        let answer = TLSBytes.records(TLSBytes.serverHello() + TLSBytes.message(11, body), of: 16384)
        let session = try #require(verifier.verify([.bytes(.originator, client), .bytes(.responder, answer)]).sessions.first)
        #expect(session.serverCertificates?.count == 0 && session.problems == [.malformedCertificates])
    }

    @Test func `gives a direction with a hole up, and says so`() throws {
        var steps = TLSBytes.fullHandshake(server: [Certificates.ca], client: [])
        guard case .bytes(_, let bytes) = steps[1] else { return }
        steps[1] = .bytes(.responder, Array(bytes.prefix(200)))
        steps.insert(.gap(.responder, 300), at: 2)
        steps.insert(.bytes(.responder, Array(bytes.dropFirst(500))), at: 3)
        let parsed = verifier.verify(steps)
        let session = try #require(parsed.sessions.first)
        #expect(parsed.progress == .done && session.serverCertificates == nil && session.problems == [.gap] && session.isEstablished == false)
    }

    @Test func `holds no more than it says, and does not wait for ever`() {
        var parser = TLSParser(depth: .whole)
        _ = parser.feed((client).span.bytes, from: .originator)
        let endless = TLSBytes.record(22, TLSBytes.serverHello()) + TLSBytes.record(22, [11, 0, 0xff, 0])
        _ = parser.feed(endless.span.bytes, from: .responder)
        var most = 0
        var progress = ParserProgress.wantsMore
        for _ in 0..<300 where progress == .wantsMore {
            progress = parser.feed(TLSBytes.record(22, [UInt8](repeating: 0, count: 1000)).span.bytes, from: .responder)
            most = max(most, parser.heldBytes)
        }
        #expect(progress == .done && most < 140_000)
    }

    @Test func `goes no further where what comes is none of a handshake`() throws {
        let odd = TLSBytes.record(22, TLSBytes.serverHello() + [99, 0, 0, 1, 0])
        let session = try #require(verifier.verify([.bytes(.originator, client), .bytes(.responder, odd)]).sessions.first)
        #expect(session.version == .tls12 && session.isEstablished == false)
        let other = verifier.verify([.bytes(.originator, client + Array("GET / HTTP/1.1".utf8))])
        #expect(other.progress == .failed(.otherProtocol) && other.sessions.count == 1)
    }
}
