import Filters
import Packets
import Testing
@testable import Tracking

@Suite struct `Sessions` {
    /// A ClientHello and a ServerHello in records of their own.
    private static func record(_ type: UInt8, _ content: Octets) -> Octets { [type, 3, 1] + big(UInt16(content.count)) + content }
    private static func message(_ type: UInt8, _ content: Octets) -> Octets { record(22, [type, 0] + big(UInt16(content.count)) + content) }
    static func clientHello(_ name: String) -> Octets {
        let host = [0] + big(UInt16(name.utf8.count)) + Octets(name.utf8)
        let list = big(UInt16(host.count)) + host
        let extensions = big(0 as UInt16) + big(UInt16(list.count)) + list
        return message(1, [3, 3] + Octets(0..<32) + [0, 0, 2, 0x13, 1, 1, 0] + big(UInt16(extensions.count)) + extensions)
    }
    static let serverHello = message(2, [3, 3] + Octets(0..<32) + [0, 0x13, 1, 0])

    /// A TLS connection, after some plain chunks.
    static func talk(_ name: String = "www.example.org", plain: [String] = [], port: UInt16 = 40000) -> Talk {
        var talk = Talk()
        talk.client.port = port
        talk.payloads = plain.map { Octets($0.utf8) } + [Self.clientHello(name), Self.serverHello]
        talk.say(">S <SA >A")
        for index in plain.indices { talk.say(index % 2 == 0 ? "<PA1" : ">PA1") }
        talk.say(">PA1 <PA1")
        return talk
    }

    @Test func `wait for what a filter knows at the end only, and come then`() throws {
        let texts = ["tcp", "conn.pkts >= 8", "conn.pkts >= 9", "conn.state == \"SF\"", "conn.state == \"RSTO\"", "tcp.flags.fin"]
        let run = try Run(try texts.map { .init(Exclamations.self, try Filter(parsing: $0)) })
        var talk = Talk()
        talk.payloads = ["!one.!tw", "o.", "!three."].map { Octets($0.utf8) }
        talk.say(">S <SA >A >PA1 >PA1 <PA1 >FA <FA")
        run.send(talk)
        run.drain()
        let all = ["one", "two", "three"]
        #expect(run.logs.map(\.names) == [all, all, [], all, [], all])
        #expect(run.counters.sessions == 3)
        #expect(run.counters.sessionsMissed == 0)
    }

    @Test func `of TLS wait, too`() throws {
        let texts = ["tls.sni ~ \"example\" and conn.pkts >= 5", "tls.sni exists and conn.pkts >= 6", "tls.sni == \"no\" or conn.pkts >= 5", "not tls.sni exists and conn.pkts >= 5"]
        let run = try Run(try texts.map { .init(TLSNames.self, try Filter(parsing: $0)) })
        run.send(Self.talk())
        run.drain()
        #expect(run.logs.map(\.names) == [["www.example.org"], [], ["www.example.org"], []])
    }

    @Test func `that wait are given up in a number that is known`() throws {
        let run = try Run([.init(Exclamations.self, try Filter(parsing: "conn.pkts >= 3"))])
        var talk = Talk()
        talk.payloads = [Octets(String(repeating: "!a.", count: 100).utf8)]
        talk.say(">PA1")
        run.send(talk)
        run.drain()
        #expect(run.logs[0].names.isEmpty)
        #expect(run.counters.sessions == 100)
        #expect(run.counters.sessionsMissed == 36)
    }

    @Test func `come to each subscription once, from a parser that runs once`() throws {
        let run = try Run([.init(Exclamations.self), .init(Exclamations.self, .tcp), .init(Exclamations.self, .udp), .init(Records.self)])
        var talk = Talk()
        talk.payloads = ["!one.!tw", "o.", "!three."].map { Octets($0.utf8) }
        talk.say(">S <SA >A >PA1 >PA1 <PA1 >FA <FA")
        run.send(talk)
        run.drain()
        #expect(run.logs.map(\.names) == [["one", "two", "three"], ["one", "two", "three"], [], []])
        #expect(run.ledger.parsers == 1)
        #expect(run.ledger.fed == 17)
        #expect(run.counters.sessions == 3)
        #expect((run.ledger.made, run.ledger.destroyed) == (2, 3))
    }

    @Test(arguments: [Verdict.done, .unsubscribe]) func `no longer come once a subscription has said so, and the parser stops with the last`(verdict: Verdict) throws {
        let run = try Run([.init(Exclamations.self), .init(Exclamations.self)])
        var count = 0
        run.logs[0].verdict = { _ in verdict }
        run.logs[1].verdict = { _ in
            count += 1
            return count == 2 ? verdict : .more
        }
        var talk = Talk()
        talk.payloads = ["!one.!two.", "!three.", "!four."].map { Octets($0.utf8) }
        talk.say(">S <SA >A >PA1 >PA1 >PA1")
        run.send(talk)
        #expect(run.logs.map(\.names) == [["one"], ["one", "two"]])
        #expect(run.ledger.fed == 10)
        run.drain()
        #expect(run.logs.map(\.ended.count) == (verdict == .done ? [1, 1] : [0, 0]))
        #expect((run.ledger.made, run.ledger.destroyed) == (2, 3))
    }

    @Test func `end with a parser that gives up, and the connection goes on`() throws {
        let run = try Run([.init(Exclamations.self), .init(Streams.self)])
        var talk = Talk()
        talk.payloads = ["!one.", "!two?", "!three."].map { Octets($0.utf8) }
        talk.say(">S <SA >A >PA1 >PA1 >PA1")
        run.send(talk)
        #expect(run.logs[0].names == ["one"])
        #expect(run.counters.parserFailures[1] == 1)
        #expect(run.logs[1].stream(.originator).count == 17)
        run.drain()
        #expect(run.logs[0].ended.count == 1)
    }

    @Test func `a gap reaches the parser`() throws {
        let run = try Run(Exclamations.self)
        var talk = Talk()
        talk.payloads = ["!one.", "!two."].map { Octets($0.utf8) }
        talk.say(">S <SA >A >PA1@1 >PA1@100")
        run.send(talk)
        run.drain()
        #expect(run.log.names == ["one"])
        #expect(run.counters.parserFailures[2] == 1)
    }

    @Test func `of TLS have the server's name`() throws {
        let run = try Run([.init(TLSNames.self), .init(TLSNames.self, .tls), .init(Records.self, .tls)])
        run.send(Self.talk())
        run.drain()
        #expect(run.logs[0].names == ["www.example.org"])
        #expect(run.logs[1].names == ["www.example.org"])
        #expect(run.counters.sessions == 1)
        #expect(run.logs.map { $0.ended.map(\.service) } == [[.tls], [.tls], [.tls]])
    }

    @Test(arguments: 1..<47) func `of TLS are found wherever the hellos are cut`(cut: Int) throws {
        let run = try Run([.init(TLSNames.self), .init(Records.self, .tls)])
        var talk = Talk()
        let hello = Self.clientHello("a.example")
        talk.payloads = [Octets(hello[..<cut]), Octets(hello[cut...]), Octets(Self.serverHello[..<cut]), Octets(Self.serverHello[cut...])]
        // The second half first.
        talk.say(">S <SA >A >PA1 >PA1 <PA1 <PA1")
        if cut % 2 == 0 { talk.packets.swapAt(3, 4) }
        run.send(talk)
        run.drain()
        #expect(run.logs[0].names == ["a.example"])
        #expect(run.logs[1].ended.count == 1)
    }

    @Test func `of TLS may begin late`() throws {
        for plain in [0, 1, 5, 60] {
            let run = try Run([.init(TLSNames.self), .init(Records.self, .tls), .init(Records.self, !.tls)])
            run.send(Self.talk(plain: (0..<plain).map { "plain text \($0)\r\n" }))
            run.drain()
            #expect(run.logs[0].names == ["www.example.org"], "after \(plain) chunks")
            #expect(run.logs[1].ended.count == 1)
            #expect(run.logs[2].ended.count == 0)
        }
    }

    @Test func `of TLS that begins after too many chunks are none`() throws {
        let run = try Run([.init(TLSNames.self), .init(Records.self, .tls), .init(Records.self, !.tls)])
        run.send(Self.talk(plain: (0..<64).map { "plain text \($0)\r\n" }))
        #expect(run.logs[2].ended.count == 0)
        run.drain()
        #expect(run.logs[0].names == [])
        #expect(run.logs[1].ended.count == 0)
        #expect(run.logs[2].ended.map(\.service) == [Service.none])
    }

    @Test(arguments: [">S", ">S <RA", ">S <SA >A >FA <FA", ">S <SA >A >PA5 <PA5 >FA <FA", ">PA5"])
    func `a filter for what is not TLS is decided at the end`(text: String) throws {
        let run = try Run([.init(Records.self, .tls), .init(Records.self, !.tls), .init(Streams.self, .tls)])
        run.send(text)
        #expect(run.logs.allSatisfy { $0.ended.isEmpty })
        run.drain()
        #expect(run.logs.map(\.ended.count) == [0, 1, 0])
        #expect(run.logs[1].ended[0].originator.packets > 0)
        #expect(run.ledger.made == 0)
    }

    @Test func `a first byte that TLS could begin with does not make a connection TLS`() throws {
        for (server, client) in [("220 hello\r\n", "\u{16}"), ("", "\u{16}"), ("220 hello\r\n", "\u{16}\u{3}")] {
            let run = try Run([.init(Records.self, .tls), .init(Records.self, !.tls)])
            var talk = Talk()
            talk.payloads = (server.isEmpty ? [] : [Octets(server.utf8)]) + [Octets(client.utf8), Octets("and something else".utf8)]
            talk.say(">S <SA >A" + (server.isEmpty ? "" : " <PA1") + " >PA1 >PA1")
            run.send(talk)
            run.drain()
            #expect(run.logs.map(\.ended.count) == [0, 1])
        }
    }

    @Test func `a stream that is wanted for TLS only is given from the hello on`() throws {
        let run = try Run([.init(Streams.self, .tls)])
        run.send(Self.talk())
        run.drain()
        #expect(run.log.stream(.originator).map { $0! } == Self.clientHello("www.example.org"))
        #expect(run.log.stream(.responder).map { $0! } == Self.serverHello)
    }

    @Test func `UDP has no TLS`() throws {
        let run = try Run([.init(Records.self, .tls), .init(Records.self, !.tls)])
        run.send([Sent(udpFrame(End(1, 443), End(2, 9), Self.clientHello("x")), at: start)])
        run.drain()
        #expect(run.logs.map(\.ended.count) == [0, 1])
    }
}
