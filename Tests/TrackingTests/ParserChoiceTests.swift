import Filters
import Packets
import Protocols
import Testing
@testable import Tracking

/// Whose a connection's bytes are: parsers that cannot tell at once, that hand over, and those of datagrams.
@Suite struct `The choice of a parser` {
    // MARK: Streams

    private static func talk(_ payloads: [String], then more: [Octets] = []) -> Talk {
        var talk = Talk()
        talk.payloads = payloads.map { Octets($0.utf8) } + more
        talk.say(">S <SA >A")
        for _ in talk.payloads { talk.say(">PA1") }
        return talk
    }

    @Test func `is left open while bytes are too few, and nothing of them is lost`() throws {
        for (payloads, expected) in [(["x", "a1."], [["xa1."], []]), (["x", "b2."], [[], ["xb2."]]), (["x", "c3."], [[], []]), (["xb4."], [[], ["xb4."]])] {
            let run = try Run([.init(Words<A>.self), .init(Words<B>.self)])
            run.send(Self.talk(payloads))
            run.drain()
            #expect(run.logs.map(\.names) == expected, "\(payloads)")
        }
    }

    @Test func `is among those alone that somebody asks for`() throws {
        #expect(try Run([.init(TLSNames.self)]).pipeline.parsedServices == [.tls])
        #expect(try Run([.init(TLSNames.self, .service(.ssh))]).pipeline.parsedServices == [.tls, .ssh])
    }

    @Test(arguments: [("SSH-2.0-a\r\n", 100), ("EHLO a\r\n", 0)])
    func `is over when the stream opens with what rules the parser out`(opening: String, unwanted: UInt64) throws {
        let run = try Run([.init(TLSNames.self)])
        run.send(Self.talk([opening, String(repeating: "a", count: 100)]))
        run.drain()
        #expect(run.counters[bytes: .unwanted] == unwanted)
        #expect(run.counters.isPayloadBalanced)
    }

    @Test func `falls on the one that is left, and not on one that has failed`() throws {
        let run = try Run([.init(Words<A>.self), .init(Words<B>.self)])
        run.send(Self.talk(["x", "b", "5", ".", "6."]))
        #expect(run.logs.map(\.names) == [[], ["xb5.", "6."]])
        #expect(run.counters.parserFailures.indices.allSatisfy { run.counters.parserFailures[$0] == 0 })
    }

    @Test func `is open no more for those who begin with the stream alone, once both sides have begun with something else`() throws {
        let run = try Run([.init(Words<A>.self)])
        var talk = Talk()
        talk.payloads = ["HELO", "220", "xa7."].map { Octets($0.utf8) }
        talk.say(">S <SA >A >PA1 <PA1 >PA1")
        run.send(talk)
        run.drain()
        #expect(run.log.names.isEmpty)
        #expect(run.logs[0].ended.count == 1)
    }

    @Test func `is made anew when a parser hands over`() throws {
        let run = try Run([.init(Words<A>.self), .init(TLSNames.self)])
        var talk = Talk()
        talk.payloads = ["xa8.", "xa!"].map { Octets($0.utf8) } + [Sessions.clientHello("after.example"), Sessions.serverHello]
        talk.say(">S <SA >A >PA1 >PA1 >PA1 <PA1 >FA <FA")
        run.send(talk)
        run.drain()
        #expect(run.logs.map(\.names) == [["xa8."], ["after.example"]])
        #expect(run.logs[1].ended.map(\.service) == [.tls])
    }

    @Test func `is over soon behind a request to a web server, and not behind one to a proxy or to speak something else`() throws {
        let page = Array(repeating: "more", count: 12)
        for (payloads, isFound) in [
            (["GET / HTTP/1.1\r\n\r\n"] + page, false), (["HEAD /x HTTP/1.0\r\n\r\n"] + page, false), (["GET / HTTP/1.1\r\n\r\n"], true),
            (["CONNECT x:443 HTTP/1.1\r\n\r\n"] + page, true), (["GET http://x/ HTTP/1.1\r\n\r\n"] + page, true), (["EHLO x\r\n"] + page, true),
        ] {
            let run = try Run([.init(TLSNames.self)])
            run.send(Self.talk(payloads, then: [Sessions.clientHello("later.example")]))
            run.drain()
            #expect(run.log.names == (isFound ? ["later.example"] : []), "\(payloads[0])")
            #expect(run.counters.isBalanced && run.counters.isPayloadBalanced)
        }
        let run = try Run([.init(TLSNames.self)])
        var talk = Talk()
        talk.payloads = ["GET / HTTP/1.1\r\nUpgrade: TLS/1.2\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n"].map { Octets($0.utf8) }
            + page.map { Octets($0.utf8) } + [Sessions.clientHello("upgraded.example")]
        talk.say(">S <SA >A >PA1 <PA1 " + page.map { _ in ">PA1 " }.joined() + ">PA1")
        run.send(talk)
        run.drain()
        #expect(run.log.names == ["upgraded.example"])
    }

    @Test(arguments: [("GET / HTTP/1.1\r\n\r\n", false), ("CONNECT x:443 HTTP/1.1\r\n\r\n", true), ("GET http://x/ HTTP/1.1\r\n\r\n", true)])
    func `is over when a web server has answered, and not when a proxy has`(request: String, isFound: Bool) throws {
        let run = try Run([.init(TLSNames.self)])
        var talk = Talk()
        talk.payloads = [request, "HTTP/1.1 200 OK\r\n\r\n"].map { Octets($0.utf8) } + [Sessions.clientHello("later.example")]
        talk.say(">S <SA >A >PA1 <PA1 >PA1 >FA <FA")
        run.send(talk)
        run.drain()
        #expect(run.log.names == (isFound ? ["later.example"] : []))
        #expect(run.counters.isBalanced && run.counters.isPayloadBalanced)
    }

    @Test(arguments: [(6, true), (12, false)]) func `is over soon where the stream opens with no text`(chunks: Int, isFound: Bool) throws {
        let run = try Run([.init(TLSNames.self)])
        run.send(Self.talk(Array(repeating: "\u{0}\u{1}\u{0}\u{2}more", count: chunks), then: [Sessions.clientHello("later.example")]))
        run.drain()
        #expect(run.log.names == (isFound ? ["later.example"] : []))
        #expect(run.counters.isBalanced && run.counters.isPayloadBalanced)
    }

    // MARK: Datagrams

    private static let client = End(0xc000_0201, 50000), server = End(0xc000_0202, 4444)

    private static func message(_ id: UInt16, isAnswer: Bool = false, _ name: String = "www") -> Octets {
        big(id) + big((isAnswer ? 0x8180 : 0x0100) as UInt16) + big(0x0001_0000_0000_0000 as UInt64) + [UInt8(name.utf8.count)] + Octets(name.utf8)
            + [0, 0, 1, 0, 1]
    }

    private static func exchange(_ id: UInt16, _ name: String, at time: Int64) -> [Sent] {
        [Sent(udpFrame(client, server, message(id, name)), at: time), Sent(udpFrame(server, client, message(id, isAnswer: true, name)), at: time + 5_000_000)]
    }

    @Test func `is made for datagrams on any port, and filters ask what they say`() throws {
        let texts = ["udp", "dns", "dns.qry.name == \"two\"", "dns.time > 4ms and dns.id == 1", "tls", "not dns"]
        let run = try Run(try texts.map { .init(Questions.self, try Filter(parsing: $0)) })
        run.send(Self.exchange(1, "one", at: start) + Self.exchange(2, "two", at: start + 1_000_000_000))
        run.drain()
        #expect(run.logs.map(\.names) == [["one", "two"], ["one", "two"], ["two"], ["one"], [], []])
        #expect(run.logs.map(\.ended.count) == [1, 1, 1, 1, 0, 0])
        #expect(run.log.ended.map(\.service) == [.dns])
        #expect(run.counters.sessions == 2 && run.counters.isBalanced && run.counters.isPayloadBalanced)
    }

    @Test func `is given up for datagrams of nobody, and then filters know`() throws {
        let run = try Run([.init(Questions.self, .service(.dns)), .init(Records.self, !.service(.dns)), .init(Packets.self, !.service(.dns))])
        run.send((0..<20).map { Sent(udpFrame(Self.client, Self.server, [1, 2, 3]), at: start + $0 * 1_000_000) })
        // The first eight were looked at.
        #expect(run.logs[2].events.count == 12)
        run.drain()
        #expect(run.logs.map(\.ended.count) == [0, 1, 1])
        #expect(run.log.names.isEmpty)
    }

    @Test func `leaves a datagram alone that was cut by the capture, and says so`() throws {
        let run = try Run(Questions.self, .udp)
        let frame = udpFrame(Self.client, Self.server, Self.message(1))
        run.send([Sent(frame, at: start), Sent(Octets(frame.dropLast(6)), at: start + 1, wireLength: frame.count)])
        run.drain()
        #expect(run.log.names == ["www", "-"])
    }
}

/// Words that begin with `x` and a letter, and end with a point; after `!` comes something else.
private protocol Letter { static var byte: UInt8 { get } }
private enum A: Letter { static let byte = UInt8(ascii: "a") }
private enum B: Letter { static let byte = UInt8(ascii: "b") }

private struct WordParser<L: Letter>: SessionParser {
    static var service: Service { .none }
    private var seen = 0
    private var word: Octets = []
    private var words: [Octets] = []

    static func probe(_ bytes: RawSpan) -> ProbeAnswer {
        guard bytes.unsafeLoad(fromByteOffset: 0, as: UInt8.self) == UInt8(ascii: "x") else { return .notMine }
        guard bytes.byteCount > 1 else { return .unsure }
        return bytes.unsafeLoad(fromByteOffset: 1, as: UInt8.self) == L.byte ? .mine : .notMine
    }

    mutating func feed(_ bytes: RawSpan, from sender: Direction) -> ParserProgress {
        for place in 0..<bytes.byteCount {
            let byte = bytes.unsafeLoad(fromByteOffset: place, as: UInt8.self)
            seen += 1
            if seen == 2, byte != L.byte { return .failed(.otherProtocol) }
            if byte == UInt8(ascii: "!") { return .handsOver }
            word.append(byte)
            guard byte == UInt8(ascii: ".") else { continue }
            words.append(word)
            word = []
        }
        return words.isEmpty ? .wantsMore : .ready
    }

    mutating func reverseRoles() {}
    mutating func finish() {}
    mutating func nextSession() -> Octets? { words.isEmpty ? nil : words.removeFirst() }
}

private struct Words<L: Letter>: SessionTrackable {
    typealias Parser = WordParser<L>
    static func makeReport(_ context: ReportContext) -> Log { Log.current }
    init(_ connection: ConnectionRecord) {}
    mutating func session(_ word: Octets, of connection: ConnectionRecord, _ log: inout Log) -> Verdict {
        log.names.append(String(decoding: word, as: UTF8.self))
        return .more
    }
    consuming func ended(_ connection: ConnectionRecord, _ log: inout Log) { log.ended.append(connection) }
}

private struct Questions: SessionTrackable {
    typealias Parser = DNSParser
    static func makeReport(_ context: ReportContext) -> Log { Log.current }
    init(_ connection: ConnectionRecord) {}
    mutating func session(_ transaction: DNSTransaction, of connection: ConnectionRecord, _ log: inout Log) -> Verdict {
        log.names.append(transaction.question?.name ?? "-")
        return .more
    }
    consuming func ended(_ connection: ConnectionRecord, _ log: inout Log) { log.ended.append(connection) }
}
