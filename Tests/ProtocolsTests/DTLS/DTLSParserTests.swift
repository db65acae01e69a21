import Filters
import Packets
import Protocols
import TestSupport
import Testing

@Suite struct `DTLS parser` {
    private typealias Datagram = (sender: Direction, bytes: [UInt8])

    private func parse(_ datagrams: [Datagram], reversedBefore turn: Int = 0) -> Parsed<TLSHandshake> {
        var parser = DTLSParser()
        var parsed = Parsed<TLSHandshake>()
        for (place, datagram) in datagrams.enumerated() where parsed.progress == .wantsMore {
            if turn > 0, place == turn { parser.reverseRoles() }
            let sender = place < turn ? datagram.sender.opposite : datagram.sender
            parsed.progress = parser.feed(datagram: datagram.bytes.span.bytes, missing: 0, from: sender, at: .zero)
        }
        parser.finish()
        while let session = parser.nextSession() { parsed.sessions.append(session) }
        return parsed
    }

    private static let exchange: [Datagram] = [
        (.originator, DTLSBytes.datagram(1, DTLSBytes.clientHello())), (.responder, DTLSBytes.datagram(3, DTLSBytes.helloVerifyRequest([1, 2, 3]))),
        (.originator, DTLSBytes.datagram(1, DTLSBytes.clientHello(cookie: [1, 2, 3]), sequence: 1)),
        (.responder, DTLSBytes.datagram(2, DTLSBytes.serverHello(), sequence: 1)),
    ]

    @Test func `finds the hellos behind the cookie`() throws {
        let parsed = parse(Self.exchange)
        let session = try #require(parsed.sessions.first)
        #expect(parsed.progress == .done && parsed.sessions.count == 1)
        #expect(session.version == .dtls12 && session.version?.name == "DTLSv12" && session.serverName == "dtls.example.org" && session.cipherSuite == 0xc02b)
        #expect(session.helloRetried && session.client == .originator)
        let hello = try #require(session.clientHello)
        let cookie = hello.cookie.byteCount
        #expect(cookie == 3)
        #expect(session.ja4?.hasPrefix("dd2d0203") == true && session.ja3 != nil)
        for turn in 1..<Self.exchange.count { #expect(parse(Self.exchange, reversedBefore: turn) == parsed) }
        #expect(DatagramVerifier<DTLSParser>(order: .questionsFirst).verify(Self.exchange.map { .init($0.sender, $0.bytes) }, flips: 3) == parsed)
    }

    @Test(arguments: [(0xfeff, nil, "DTLSv10", "d1"), (0xfefd, nil, "DTLSv12", "d2"), (0xfefd, 0xfefc, "DTLSv13", "d3")] as [(UInt16, UInt16?, String, String)])
    func `knows the versions`(legacy: UInt16, selected: UInt16?, name: String, letters: String) throws {
        let versions: [UInt16] = selected.map { [$0, 0xfefd] } ?? []
        let session = try #require(
            parse([
                (.originator, DTLSBytes.datagram(1, DTLSBytes.clientHello(version: legacy, versions: versions))),
                (.responder, DTLSBytes.datagram(2, DTLSBytes.serverHello(version: legacy, selected: selected))),
            ]).sessions.first)
        #expect(session.version?.name == name && session.ja4?.hasPrefix("d" + letters) == true && !session.helloRetried)
    }

    @Test func `takes DTLS 1.3's HelloRetryRequest for what it is`() throws {
        let retry = DTLSBytes.serverHello(random: TLSBytes.retryRandom, selected: 0xfefc)
        let session = try #require(
            parse([
                (.originator, DTLSBytes.datagram(1, DTLSBytes.clientHello(versions: [0xfefc]))), (.responder, DTLSBytes.datagram(2, retry)),
                (.originator, DTLSBytes.datagram(1, DTLSBytes.clientHello(versions: [0xfefc]), sequence: 1)),
                (.responder, DTLSBytes.datagram(2, DTLSBytes.serverHello(selected: 0xfefc), sequence: 1)),
            ]).sessions.first)
        #expect(session.helloRetried && session.version == .dtls13)
    }

    // MARK: Fragments

    @Test(arguments: 0..<200 as Range<UInt64>) func `puts hellos together from fragments that are shuffled, doubled and cut anew`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let body = DTLSBytes.clientHello(filler: 1500), answer = DTLSBytes.serverHello()
        var datagrams: [Datagram] = []
        for _ in 0..<2 {
            var place = 0
            while place < body.count {
                let end = min(body.count, place + Int.random(in: 100...600, using: &random))
                let start = max(0, place - Int.random(in: 0...20, using: &random))
                datagrams.append((.originator, DTLSBytes.record(22, DTLSBytes.fragment(1, body, start..<end))))
                place = end
            }
        }
        datagrams.shuffle(using: &random)
        let parsed = parse(datagrams + [(.responder, DTLSBytes.datagram(2, answer))])
        let whole = parse([(.originator, DTLSBytes.datagram(1, body)), (.responder, DTLSBytes.datagram(2, answer))])
        #expect(parsed == whole && parsed.sessions.count == 1 && parsed.progress == .done)
    }

    @Test func `reads several fragments of a record, and several records of a datagram`() {
        let body = DTLSBytes.clientHello()
        let inRecord = DTLSBytes.record(22, DTLSBytes.fragment(1, body, 0..<40) + DTLSBytes.fragment(1, body, 40..<body.count))
        let inDatagram = DTLSBytes.record(22, DTLSBytes.fragment(1, body, 0..<40)) + DTLSBytes.record(22, DTLSBytes.fragment(1, body, 40..<body.count))
        #expect(parse([(.originator, inRecord)]) == parse([(.originator, inDatagram)]))
        #expect(parse([(.originator, inRecord)]).sessions.first?.serverName == "dtls.example.org")
    }

    @Test func `does not mind what comes between, again, late or encrypted`() throws {
        let stun: [UInt8] = [0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42] + [UInt8](repeating: 0, count: 12)
        let rtp = [0x80, 111] + [UInt8](repeating: 5, count: 40)
        let encrypted = DTLSBytes.record(22, [UInt8](repeating: 7, count: 60), epoch: 1)
        var datagrams: [Datagram] = []
        for datagram in Self.exchange { datagrams += [(.originator, stun), datagram, datagram, Self.exchange[0], (.responder, rtp), (.responder, encrypted)] }
        #expect(parse(datagrams).sessions == parse(Self.exchange).sessions)
    }

    @Test func `says one side alone, and a fatal alert`() throws {
        let refused = parse([Self.exchange[0], (.responder, DTLSBytes.record(21, [2, 40]))])
        #expect(refused.progress == .done && refused.sessions.first?.alert?.description == "handshake_failure" && refused.sessions.first?.version == nil)
        #expect(parse([Self.exchange[3]]).sessions.first?.client == .originator)
        #expect(parse([(.responder, DTLSBytes.record(21, [1, 0]))]).sessions.isEmpty)
    }

    // MARK: Limits

    @Test func `gives up what is too long, malformed, or never whole`() {
        let long = DTLSBytes.fragment(1, [UInt8](repeating: 0, count: 17_000), 0..<100)
        #expect(parse([(.originator, DTLSBytes.record(22, long))]).progress == .failed(.tooLong))
        #expect(parse([(.originator, DTLSBytes.datagram(1, [UInt8](repeating: 9, count: 60)))]).progress == .failed(.malformed))
        #expect(parse((0..<200).map { _ in (.originator, [1, 2, 3]) }).progress == .done)
        var parser = DTLSParser()
        let body = [UInt8](repeating: 0, count: 16_000)
        var most = 0
        for number in 0..<200 {
            let datagram = DTLSBytes.record(22, (0..<50).flatMap { DTLSBytes.fragment(1, body, sequence: UInt16(number * 50 + $0), 0..<1) })
            _ = parser.feed(datagram: datagram.span.bytes, missing: 0, from: .originator, at: .zero)
            most = max(most, parser.heldBytes)
        }
        #expect(most <= 2 * 16_384)
    }

    @Test func `keeps no endless list of pieces`() {
        let body = DTLSBytes.clientHello(filler: 4000)
        var datagrams: [Datagram] = stride(from: 0, to: body.count, by: 100).map { (.originator, DTLSBytes.record(22, DTLSBytes.fragment(1, body, $0..<$0 + 1))) }
        #expect(parse(datagrams).sessions.isEmpty)
        datagrams.append((.originator, DTLSBytes.datagram(1, body)))
        #expect(parse(datagrams).sessions.first?.serverName == "dtls.example.org")
    }

    @Test func `survives whatever is cut off or changed`() {
        var random = SeededGenerator(seed: 6347)
        for (place, datagram) in Self.exchange.enumerated() {
            for index in datagram.bytes.indices {
                var other = Self.exchange
                other[place].bytes = Array(datagram.bytes[..<index])
                _ = parse(other)
                other[place].bytes = datagram.bytes
                other[place].bytes[index] = UInt8.random(in: 0...255, using: &random)
                _ = parse(other)
                _ = probe(other[place].bytes)
            }
        }
    }

    // MARK: Recognising

    private func probe(_ bytes: [UInt8]) -> Bool { DTLSParser.probe(datagram: bytes.span.bytes) }

    @Test func `knows hellos and what can only come later`() {
        for datagram in Self.exchange { #expect(probe(datagram.bytes)) }
        #expect(probe(DTLSBytes.record(22, DTLSBytes.fragment(1, DTLSBytes.clientHello(), 50..<70))))
        #expect(probe(DTLSBytes.record(23, [UInt8](repeating: 1, count: 30), epoch: 1)))
        #expect(probe(DTLSBytes.record(20, [1]) + DTLSBytes.record(22, [UInt8](repeating: 1, count: 40), epoch: 1)))
        #expect(probe(DTLSBytes.record(21, [2, 40])))
    }

    @Test func `takes nothing else for DTLS`() {
        #expect(!probe([]))
        #expect(!probe(TLSBytes.record(22, TLSBytes.clientHello())))
        #expect(!probe(DTLSBytes.record(23, [UInt8](repeating: 1, count: 30), epoch: 0)))
        #expect(!probe(DTLSBytes.record(23, [UInt8](repeating: 1, count: 30), epoch: 1) + [0]))
        #expect(!probe(DTLSBytes.record(22, DTLSBytes.fragment(11, DTLSBytes.clientHello()))))
        #expect(!probe(DTLSBytes.record(22, DTLSBytes.fragment(1, [UInt8](repeating: 3, count: 60)))))
        #expect(!probe([0xc0, 0, 0, 0, 1] + [UInt8](repeating: 0, count: 1195)))
        #expect(!probe([0x16, 0xfe, 0xfd]))
    }

    @Test(arguments: 0..<20 as Range<UInt64>) func `takes no random bytes for DTLS`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<10_000 {
            var bytes = (0..<40).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(!probe(bytes))
            bytes.replaceSubrange(0..<3, with: [22, 0xfe, 0xfd])
            #expect(!probe(bytes))
        }
    }

    @Test func `has TLS' fields under its own name`() throws {
        let session = try #require(parse(Self.exchange).sessions.first)
        var values: [String: [FieldValue]] = [:]
        for field in DTLSParser.fields { field.read(session) { values[field.name, default: []].append($0) } }
        #expect(DTLSParser.fields.allSatisfy { $0.name.hasPrefix("dtls.") && $0.example.contains($0.name) })
        #expect(values["dtls.version"] == [.integer(0xfefd)] && values["dtls.hello_retry"] == [.integer(1)] && values["dtls.cipher"] == [.integer(0xc02b)])
    }
}
