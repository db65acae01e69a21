import Filters
import Packets
import Protocols
import Testing
@testable import Tracking

/// TLS that does not begin with its connection: what goes before is another protocol's, and the handshake is found behind it, whatever else listens.
@Suite struct `TLS that begins later` {
    private static func text(_ text: String) -> Octets { Octets(text.utf8) }

    /// What both sides say before the ClientHello, in turn; who begins is the client where `clientFirst`.
    private static let openings: [(name: String, clientFirst: Bool, payloads: [Octets])] = [
        (
            "SMTP", false,
            [
                text("220 mail.example.org ESMTP\r\n"), text("EHLO a\r\n"), text("250-mail.example.org\r\n250 STARTTLS\r\n"), text("STARTTLS\r\n"),
                text("220 2.0.0 Ready\r\n"),
            ]
        ),
        ("IMAP", false, [text("* OK IMAP4rev1\r\n"), text("a1 STARTTLS\r\n"), text("a1 OK Begin TLS\r\n")]),
        ("FTP", false, [text("220 ftp\r\n"), text("AUTH TLS\r\n"), text("234 Proceed\r\n")]),
        (
            "LDAP", true,
            [
                [0x30, 0x1d, 2, 1, 1, 0x77, 0x18, 0x80, 0x16] + text("1.3.6.1.4.1.1466.20037"),
                [0x30, 0x0c, 2, 1, 1, 0x78, 7, 0x0a, 1, 0, 4, 0, 4, 0],
            ]
        ),
        ("PostgreSQL", true, [[0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f], text("S")]),
        (
            "MySQL", false,
            [
                [0x4a, 0, 0, 0, 10] + text("8.0.36\0") + Octets(repeating: 1, count: 62),
                [0x20, 0, 0, 1, 5, 0xae, 0xff, 1, 0, 0, 0, 1, 0xff] + Octets(repeating: 0, count: 23),
            ]
        ),
        ("SOCKS 4", true, [[4, 1, 1, 0xbb, 192, 0, 2, 1, 0x75, 0], [0, 90, 1, 0xbb, 192, 0, 2, 1]]),
        ("SOCKS 5", true, [[5, 1, 0], [5, 0], [5, 1, 0, 3, 3, 0x61, 0x2e, 0x62, 1, 0xbb], [5, 0, 0, 1, 0, 0, 0, 0, 0, 0]]),
        (
            "SOCKS 5 with a password", true,
            [
                [5, 1, 2], [5, 2], [1, 4] + text("user") + [4] + text("pass"), [1, 0], [5, 1, 0, 3, 3, 0x61, 0x2e, 0x62, 1, 0xbb],
                [5, 0, 0, 1, 0, 0, 0, 0, 0, 0],
            ]
        ),
        (
            "RDP", true,
            [[3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 3, 0, 0, 0], [3, 0, 0, 19, 14, 0xd0, 0, 0, 0x12, 0x34, 0, 2, 0, 8, 0, 1, 0, 0, 0]]
        ),
        ("CONNECT", true, [text("CONNECT a:443 HTTP/1.1\r\n\r\n"), text("HTTP/1.1 200 OK\r\n\r\n")]),
        ("a PROXY header of version 1 in a segment of its own", true, [text("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n")]),
        ("a PROXY header of version 2 in a segment of its own", true, [proxy2]),
    ]

    private static let proxy2: Octets = [0x0d, 0x0a, 0x0d, 0x0a, 0, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a, 0x21, 0x11, 0, 12] + Octets(repeating: 7, count: 12)

    private static func talk(_ payloads: [Octets], clientFirst: Bool) -> Talk {
        var talk = Talk()
        talk.payloads = payloads + [Sessions.clientHello("later.example"), Sessions.serverHello]
        talk.say(">S <SA >A")
        for place in payloads.indices { talk.say((place % 2 == 0) == clientFirst ? ">PA1" : "<PA1") }
        talk.say(">PA1 <PA1 >FA <FA")
        return talk
    }

    /// Whose parsers run besides: of one that does not know at first, and of all, some of which know what comes before TLS and hand over.
    private static let others: [[Service]] = [[], [.dns], Service.allCases.filter { $0 != .none && $0 != .tls }]

    @Test(arguments: openings.map(\.name), others) func `is found behind`(name: String, others: [Service]) throws {
        let opening = Self.openings.first { $0.name == name }!
        let run = try Run([.init(TLSNames.self)] + others.map { .init(TLSNames.self, .service($0)) })
        run.send(Self.talk(opening.payloads, clientFirst: opening.clientFirst))
        run.drain()
        #expect(run.logs[0].names == ["later.example"])
        #expect(run.log.ended.map(\.service) == [.tls])
    }

    @Test func `is found in the segment that another protocol ends in`() throws {
        var talk = Talk()
        talk.payloads = [
            Self.text("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: TLS/1.2\r\n\r\n"),
            Self.text("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: TLS/1.2\r\n\r\n") + Sessions.serverHello,
            Sessions.clientHello("upgraded.example"),
        ]
        talk.say(">S <SA >A >PA1 <PA1 >PA1 >FA <FA")
        let run = try Run([.init(TLSNames.self), .init(TLSNames.self, .service(.http))])
        run.send(talk)
        run.drain()
        #expect(run.log.names == ["upgraded.example"])
        #expect(run.log.ended.map(\.service) == [.tls])
        #expect(run.counters.isBalanced && run.counters.isPayloadBalanced)
    }

    @Test(arguments: [text("PROXY TCP6 2001:db8::1 2001:db8::2 56324 443\r\n"), text("PROXY UNKNOWN\r\n"), proxy2])
    func `is found behind a PROXY header in the same segment`(header: Octets) throws {
        var talk = Talk()
        talk.payloads = [header + Sessions.clientHello("proxied.example"), Sessions.serverHello]
        talk.say(">S <SA >A >PA1 <PA1 >FA <FA")
        let run = try Run([.init(TLSNames.self)])
        run.send(talk)
        run.drain()
        #expect(run.log.names == ["proxied.example"])
    }

    @Test(arguments: [text("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n"), text("PROXY UNKNOWN\r\n"), proxy2], [[], [Service.http, .http2, .dns]])
    func `is found behind a PROXY header that comes in pieces, wherever they end`(header: Octets, others: [Service]) throws {
        for cut in 1...header.count + 12 {
            let all = header + Sessions.clientHello("proxied.example")
            for pieces in [[cut], [cut, cut + 1], Array(1...cut)] {
                let cuts = [0] + pieces + [all.count]
                var talk = Talk()
                talk.payloads = zip(cuts, cuts.dropFirst()).map { Octets(all[$0..<$1]) } + [Sessions.serverHello]
                talk.say(">S <SA >A")
                for _ in 1..<cuts.count { talk.say(">PA1") }
                talk.say("<PA1 >FA <FA")
                let run = try Run([.init(TLSNames.self)] + others.map { .init(TLSNames.self, .service($0)) })
                run.send(talk)
                run.drain()
                #expect(run.logs[0].names == ["proxied.example"], "\(cuts)")
                #expect(run.log.ended.map(\.service) == [.tls])
            }
        }
    }

    @Test(arguments: ["POST /a HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "PROPFIND / HTTP/1.1\r\nHost: a\r\n\r\n"])
    func `and what begins as a PROXY header does is still found, wherever it is cut`(request: String) throws {
        let all = Self.text(request)
        for cut in 1..<12 {
            var talk = Talk()
            talk.payloads = [Octets(all[..<cut]), Octets(all[cut...]), Self.text("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")]
            talk.say(">S <SA >A >PA1 >PA1 <PA1 >FA <FA")
            let run = try Run([.init(Records.self), .init(Records.self, .service(.http)), .init(TLSNames.self)])
            run.send(talk)
            run.drain()
            #expect(run.log.ended.map(\.service) == [.http], "\(cut)")
        }
    }

    /// The first bytes of a ClientHello say little; behind STARTTLS they may come alone.
    @Test(arguments: ["SMTP", "IMAP", "PostgreSQL", "MySQL", "CONNECT"], others) func `is found behind others where its first 1 to 10 bytes come alone`(name: String, others: [Service]) throws {
        let opening = Self.openings.first { $0.name == name }!
        let hello = Sessions.clientHello("cut.example")
        for cuts in (1...11).map({ [$0] }) + [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [3, 10], [10, 14]] {
            var talk = Talk()
            let places = [0] + cuts + [hello.count]
            talk.payloads = opening.payloads + zip(places, places.dropFirst()).map { Octets(hello[$0..<$1]) } + [Sessions.serverHello]
            talk.say(">S <SA >A")
            for place in opening.payloads.indices { talk.say((place % 2 == 0) == opening.clientFirst ? ">PA1" : "<PA1") }
            for _ in 1..<places.count { talk.say(">PA1") }
            talk.say("<PA1 >FA <FA")
            let run = try Run([.init(TLSNames.self)] + others.map { .init(TLSNames.self, .service($0)) })
            run.send(talk)
            run.drain()
            #expect(run.logs[0].names == ["cut.example"], "\(cuts)")
            #expect(run.log.ended.map(\.service) == [.tls])
        }
    }

    @Test func `is found in the segment of MySQL's request for it`() throws {
        let request = Self.openings.first { $0.name == "MySQL" }!.payloads[1]
        let greeting: Octets = [52, 0, 0, 0, 10] + Self.text("8.0.36\0") + [1, 0, 0, 0] + Octets(repeating: 1, count: 8) + [0, 0xff, 0xff, 33, 2, 0, 0xff, 0xff, 21]
            + Octets(repeating: 0, count: 10) + Octets(repeating: 1, count: 13)
        var talk = Talk()
        talk.payloads = [greeting, request + Sessions.clientHello("one.example"), Sessions.serverHello]
        talk.say(">S <SA >A <PA1 >PA1 <PA1 >FA <FA")
        let run = try Run([.init(TLSNames.self), .init(Records.self, .service(.mysql))])
        run.send(talk)
        run.drain()
        #expect(run.logs[0].names == ["one.example"])
        #expect(run.log.ended.map(\.service) == [.tls])
    }

    @Test(arguments: [text("PROXY"), text("PROXY TCP4 \n"), text("PROXY " + String(repeating: "a", count: 120) + "\r\n"), Octets(proxy2.prefix(15)), Octets(proxy2.prefix(20))])
    func `is not taken for what has half a PROXY header`(header: Octets) {
        #expect(ProxyHeader.byteCount(header.span.bytes) == 0)
    }
}
