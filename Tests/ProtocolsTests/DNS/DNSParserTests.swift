import Packets
import Protocols
import TestSupport
import Testing

@Suite struct `DNS parser` {
    let verifier = ParserVerifier<DNSParser>(order: .questionsFirst)
    private static let address = [DNSBytes.record(DNSBytes.pointer(to: 12), type: 1, [192, 0, 2, 1])]
    private func query(_ id: Int, _ name: String = "www.example.org") -> [UInt8] { DNSBytes.query(id: id, name) }
    private func response(_ id: Int, _ name: String = "www.example.org") -> [UInt8] { DNSBytes.response(id: id, name, Self.address) }

    private func text(_ transaction: DNSTransaction) -> String {
        "\(transaction.id) \(transaction.question?.name ?? "-") \(transaction.query == nil ? "-" : "q")\(transaction.response == nil ? "-" : "r") \(transaction.client)"
    }

    // MARK: Over TCP

    @Test func `pairs questions with answers, whatever their order and however they are cut`() {
        let parsed = verifier.verify([
            .bytes(.originator, DNSBytes.framed(query(1)) + DNSBytes.framed(query(2, "b.example.org"))),
            .bytes(.responder, DNSBytes.framed(response(2, "b.example.org"))),
            .bytes(.originator, DNSBytes.framed(query(3))),
            .bytes(.responder, DNSBytes.framed(response(1)) + DNSBytes.framed(response(3))),
        ])
        #expect(
            parsed.sessions.map(text) == ["2 b.example.org qr originator", "1 www.example.org qr originator", "3 www.example.org qr originator"])
        #expect(parsed.progress == .wantsMore)
    }

    @Test func `gives questions without answers at the end, and answers without questions`() {
        let parsed = verifier.verify([
            .bytes(.originator, DNSBytes.framed(query(1))), .bytes(.responder, DNSBytes.framed(response(7)) + DNSBytes.framed(response(1, "other.example"))),
        ])
        #expect(
            parsed.sessions.map(text) == ["7 www.example.org -r originator", "1 other.example -r originator", "1 www.example.org q- originator"])
    }

    @Test func `goes on behind a hole where the next message begins`() {
        let framed = DNSBytes.framed(query(1))
        // Within a message: its length says where the next one is.
        let within = verifier.verify([
            .bytes(.originator, framed + Array(framed.prefix(10))), .gap(.originator, framed.count - 10), .bytes(.originator, DNSBytes.framed(query(2))),
        ])
        #expect(within.sessions.map(text) == ["1 www.example.org q- originator", "2 www.example.org q- originator"])
        // Beyond it: where what comes first looks like a message, and not elsewhere.
        let beyond = verifier.verify([
            .bytes(.originator, framed + Array(framed.prefix(10))), .gap(.originator, 4000), .bytes(.originator, DNSBytes.framed(query(2))),
        ])
        #expect(beyond.sessions.map(text) == ["1 www.example.org q- originator", "2 www.example.org q- originator"])
        let elsewhere = verifier.verify([
            .bytes(.originator, framed + Array(framed.prefix(10))), .gap(.originator, 4000), .bytes(.originator, [9, 9, 9] + DNSBytes.framed(query(2))),
            .gap(.originator, 1), .bytes(.originator, DNSBytes.framed(query(3))),
        ])
        #expect(elsewhere.sessions.map(text) == ["1 www.example.org q- originator", "3 www.example.org q- originator"])
    }

    @Test func `gives up a stream that is none of messages`() {
        #expect(verifier.parse([.bytes(.originator, DNSBytes.framed(query(1)) + [0, 3, 1, 2, 3])]).progress == .failed(.malformed))
        let other = verifier.parse([.bytes(.originator, Array("G".utf8)), .bytes(.originator, Array("ET / HTTP/1.1\r\n".utf8))])
        #expect(other.progress == .failed(.otherProtocol) && other.sessions.isEmpty)
    }

    // MARK: Over UDP

    private func feed(_ parser: inout DNSParser, _ message: [UInt8], from sender: Direction, at seconds: Int64 = 0, missing: Int = 0) -> ParserProgress {
        parser.feed(datagram: message.span.bytes, missing: missing, from: sender, at: Timestamp(nanoseconds: seconds * 1_000_000_000))
    }

    private func sessions(_ parser: inout DNSParser) -> [DNSTransaction] {
        var all: [DNSTransaction] = []
        while let session = parser.nextSession() { all.append(session) }
        return all
    }

    @Test func `tells how long an answer took`() throws {
        var parser = DNSParser()
        #expect(feed(&parser, query(1), from: .originator, at: 10) == .wantsMore)
        #expect(feed(&parser, response(1), from: .responder, at: 12) == .ready)
        let transaction = try #require(sessions(&parser).first)
        #expect(transaction.latency == 2_000_000_000 && transaction.queried?.nanoseconds == 10_000_000_000)
        #expect(transaction.response?.answers.count == 1)
    }

    @Test func `stands what any parser of datagrams must stand`() {
        let parsed = DatagramVerifier<DNSParser>(order: .questionsFirst).verify([
            .init(.originator, query(1)), .init(.originator, query(2, "b.example.org")), .init(.responder, response(2, "b.example.org")), .init(.originator, query(3)),
            .init(.responder, response(1)), .init(.responder, response(3)),
        ])
        #expect(parsed.sessions.map(text) == ["2 b.example.org qr originator", "1 www.example.org qr originator", "3 www.example.org qr originator"])
    }

    @Test func `pairs a repeated question once`() {
        var parser = DNSParser()
        for _ in 0..<2 { _ = feed(&parser, query(1), from: .originator) }
        for _ in 0..<3 { _ = feed(&parser, response(1), from: .responder) }
        #expect(sessions(&parser).map { ($0.query != nil) } == [true, true, false])
    }

    @Test func `waits a minute for an answer`() {
        var parser = DNSParser()
        _ = feed(&parser, query(1), from: .originator, at: 0)
        #expect(feed(&parser, query(2), from: .originator, at: 60) == .wantsMore)
        #expect(feed(&parser, query(3), from: .originator, at: 61) == .ready)
        #expect(sessions(&parser).map(\.id) == [1])
        #expect(feed(&parser, response(1), from: .responder, at: 61) == .ready)
        #expect(sessions(&parser).map { $0.query == nil } == [true])
    }

    @Test func `keeps no more questions than it may`() {
        var parser = DNSParser()
        for id in 0..<10_000 { _ = feed(&parser, query(id), from: .originator) }
        #expect(parser.heldBytes <= 64 << 10)
        let given = sessions(&parser)
        #expect(given.map { Int($0.id) } == Array(0..<given.count) && given.count >= 10_000 - 256)
        parser.finish()
        #expect(given.count + sessions(&parser).count == 10_000)
        #expect(parser.heldBytes == 0)
    }

    @Test func `asks no answer to what goes to all`() {
        var parser = DNSParser()
        #expect(feed(&parser, DNSBytes.query(id: 0, "_ipp._tcp.local", type: 12, flags: 0), from: .originator) == .ready)
        #expect(sessions(&parser).map(text) == ["0 _ipp._tcp.local q- originator"])
    }

    @Test func `goes on after a datagram that is no message, and not after many`() {
        var parser = DNSParser()
        _ = feed(&parser, query(1), from: .originator)
        for _ in 0..<7 { #expect(feed(&parser, [1, 2, 3], from: .originator) == .wantsMore) }
        #expect(feed(&parser, response(1), from: .responder) == .ready)
        #expect(sessions(&parser).count == 1)
        for _ in 0..<7 { #expect(feed(&parser, [1, 2, 3], from: .originator) == .wantsMore) }
        #expect(feed(&parser, [1, 2, 3], from: .originator) == .failed(.otherProtocol))
    }

    @Test func `lives through any datagram`() {
        let messages = [query(1), response(1), DNSBytes.response(id: 2, "a.b", [DNSBytes.record(DNSBytes.pointer(to: 12), type: 6, DNSBytes.name("x.y") + DNSBytes.pointer(to: 12) + [UInt8](repeating: 0, count: 20))])]
        var random = SeededGenerator(seed: 1)
        for message in messages {
            for place in message.indices {
                for bytes in [Array(message[..<place]), message.enumerated().map { $0.offset == place ? UInt8.random(in: 0...255, using: &random) : $0.element }] {
                    var parser = DNSParser()
                    _ = DNSParser.probe(datagram: bytes.span.bytes)
                    _ = feed(&parser, bytes, from: .originator)
                    _ = feed(&parser, bytes, from: .responder, missing: 1)
                    parser.finish()
                    for session in sessions(&parser) {
                        for field in DNSParser.fields { field.read(session) { _ in } }
                        _ = (session.response?.authorities, session.response?.additionals, session.question)
                    }
                }
            }
        }
    }
}

@Suite struct `DNS probe` {
    private func probe(_ bytes: [UInt8]) -> ProbeAnswer { DNSParser.probe(bytes.span.bytes) }
    private func probe(datagram bytes: [UInt8]) -> Bool { DNSParser.probe(datagram: bytes.span.bytes) }

    @Test func `is unsure of a stream's beginning until it is sure`() {
        let stream = DNSBytes.framed(DNSBytes.query(id: 0x4142, "www.example.org"))
        let answers = (0...stream.count).map { probe(Array(stream.prefix($0))) }
        let sure = answers.firstIndex(of: .mine) ?? .max
        #expect(sure == stream.count && answers.prefix(sure).allSatisfy { $0 == .unsure })
    }

    /// Whole and byte by byte a stream must get the same answer, and the bytes behind a name may not be there yet.
    @Test func `follows no pointer in a first name to what comes later`() {
        let bytes = DNSBytes.header(id: 1, flags: 0x0100, 1) + [1, 0x61] + DNSBytes.pointer(to: 20) + [0, 1, 0, 1] + DNSBytes.name("b.c")
        #expect(!probe(datagram: bytes))
        let answers = (1...bytes.count + 2).map { probe(Array(DNSBytes.framed(bytes).prefix($0))) }
        #expect(answers.drop { $0 == .unsure }.allSatisfy { $0 == .notMine })
    }

    @Test func `recognises a first record with the longest name, byte by byte`() {
        let name: [UInt8] = [63, 63, 63, 61].flatMap { [UInt8($0)] + [UInt8](repeating: 0x61, count: $0) } + [0]
        let stream = DNSBytes.framed(DNSBytes.header(id: 1, flags: 0x8180, 0, 1) + DNSBytes.record(name, type: 16, [UInt8](repeating: 0, count: 90)))
        let parsed = ParserVerifier<DNSParser>().verify([.bytes(.responder, stream)])
        #expect(parsed.sessions.count == 1)
    }

    @Test(arguments: [
        Array("GET / HTTP/1.1\r\nHost: www.example.org\r\n\r\n".utf8), Array("SSH-2.0-OpenSSH_9.2\r\n".utf8), [22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3] + [UInt8](repeating: 7, count: 60),
        [UInt8](repeating: 0, count: 40), [UInt8](repeating: 0xff, count: 40), DNSBytes.query(id: 1, "a.b", flags: 0x7800),
        // NetBIOS name service: the same format, names of letters from A to P.
        DNSBytes.header(id: 1, flags: 0x0110, 1) + [32] + [UInt8](repeating: 0x41, count: 32) + [0, 0, 0x20, 0, 1],
        // A name that leads into itself.
        DNSBytes.header(id: 1, flags: 0x0100, 1) + DNSBytes.pointer(to: 12) + [0, 1, 0, 1],
    ])
    func `refuses what is not DNS`(bytes: [UInt8]) {
        #expect(!probe(datagram: bytes))
        #expect(probe(bytes) != .mine)
    }

    @Test func `takes no random bytes for DNS`() {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<100_000 {
            let bytes = (0..<40).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(!probe(datagram: bytes))
        }
    }

    @Test func `knows an error without its question, and what multicast DNS announces`() {
        #expect(probe(datagram: DNSBytes.header(id: 9, flags: 0x8001)))
        let announcement = DNSBytes.header(id: 0, flags: 0x8400, 0, 1) + DNSBytes.record(DNSBytes.name("host.local"), type: 1, rclass: 0x8001, [10, 0, 0, 1])
        #expect(probe(datagram: announcement))
    }
}
