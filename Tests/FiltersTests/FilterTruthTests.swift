import Filters
import Packets
import TestSupport
import TestWire
import Testing
import Tracking

/// Every pair of predicates under every connective, on traffic of every kind.
@Suite struct `Filter truth` {
    /// Of every operator and of every kind of field.
    static let predicates = [
        "eth", "ip", "ipv6", "arp", "vlan", "tcp", "udp", "icmp", "tls",
        "tcp.port == 443", "tcp.port != 443", "port < 1024", "tcp.dstport in {22, 443}", "udp.port in {1, 3, 5, 7, 9, 53}", "srcport >= 1024",
        "ip.addr == 10.0.0.0/8", "ip.src == 10.0.0.1", "ip.dst != 192.0.2.1", "addr in {10.0.0.1, 10.0.0.2, 10.0.0.3, ::1, 2001:db8::/64}",
        "ipv6.src == 2001:db8::1",
        "vlan.id == 7", "service == none", "service != tls", "proto in {tcp, icmp}",
        "tcp.flags.syn", "tcp.flags.ack == 0", "tcp.flags == 0x12", "tcp.len > 0", "ip.ttl != 63", "eth.addr == 02:00:00:00:00:01", "frame.len in 60..80",
        "payload contains \"\\x02\"", "tcp.payload starts_with \"GET\"", "fragment", "icmp.type == echo",
        "tls.sni == \"www.example.org\"", "tls.sni != \"www.example.org\"", "tls.sni ends_with \".ORG\"", "tls.sni exists", "tls.version < TLSv1.2",
        "tls.alpn.offered in {\"h2\", \"h3\"}", "tls.hello_retry",
    ]

    /// Packets of every kind, and what may be known of their connections.
    private let memory: FrameMemory = {
        let client = End(0x0a00_0001, 40000), server = End(0xc000_0201, 443)
        func tcp(_ from: End, _ to: End, _ flags: TCPFlags, _ payload: String = "", vlans: [UInt16] = []) -> Octets {
            let segment = tcpHeader(from.port, to.port, sequence: 1, acknowledgment: 2, flags: flags) + Array(payload.utf8)
            return ethernet(0x0800, vlans: vlans, ipv4(6, from: from.address, to: to.address, segment))
        }
        let frames = [
            tcp(client, server, .syn), tcp(server, client, [.syn, .ack]), tcp(client, server, [.ack, .psh], "GET / HTTP/1.1", vlans: [7]),
            udpFrame(client, End(0x0a00_0002, 53)), udpFrame(End(1, 9), server, vlans: [7, 12], [9]),
            ethernet(0x86dd, ipv6(6, from: 1, to: 2, tcpHeader(443, 22, sequence: 1, acknowledgment: 2, flags: .ack))),
            ethernet(0x0800, ipv4(1, from: client.address, to: server.address, [8, 0, 0, 0, 0, 0, 0, 0])),
            ethernet(0x0800, ipv4(6, from: client.address, to: server.address, fragment: 3, [1, 2, 3])),
            ethernet(0x0806, Octets(repeating: 2, count: 28)), ethernet(0x0800, [0x45]), [],
        ]
        return FrameMemory(frames.map { Sent($0, at: start) })
    }()

    /// Values of session fields by name, by session.
    static let sessions: [[String: [FieldValue]]] = [
        [:],
        [
            "tls.sni": [.string("www.example.org")], "tls.version": [.integer(0x301)], "tls.alpn.offered": [.string("h2"), .string("http/1.1")],
            "tls.hello_retry": [.integer(0)],
        ],
        ["tls.sni": [.string("mail.example.net")], "tls.version": [.integer(0x303)]],
        ["tls.sni": [.string("WWW.Example.ORG")], "tls.version": [.integer(0x304)], "tls.hello_retry": [.integer(1)]],
    ]

    private let moments: [NaiveFilter.Knowledge]

    init() {
        moments = memory.frames.flatMap { frame in
            ([nil, true, false] as [Bool?]).flatMap { senderIsSource in
                ([nil, Service.none, .tls] as [Service?]).map { service in
                    var knowledge = NaiveFilter.Knowledge(frame)
                    knowledge.senderIsSource = senderIsSource
                    knowledge.service = service
                    return knowledge
                }
            }
        }
    }

    /// What a program says, which has no sessions.
    private func answers(_ filter: Filter) -> [Match] {
        let program = FilterProgram(filter)
        return moments.map { moment in
            withUnsafePointer(to: moment.frame) { frame in
                withUnsafePointer(to: moment.packet) { packet in
                    withUnsafePointer(to: FramedPacket(packet, frame)) {
                        program.match($0, source: moment.senderIsSource.map { $0 ? .a : .b }, service: moment.service)
                    }
                }
            }
        }
    }

    @Test(arguments: predicates) func `programs answer every pair of predicates as the definitions do`(first: String) throws {
        for second in Self.predicates {
            for text in ["\(first) and not (\(second))", "not (\(first)) or \(second)"] {
                let filter = try Filter(parsing: text), naive = NaiveFilter(filter)
                #expect(answers(filter) == moments.map(naive.match), "\(text)")
                #expect(try Filter(parsing: filter.description) == filter, "\(text)")
            }
        }
    }

    @Test(arguments: predicates) func `connectives are Kleene's, for sessions too`(first: String) throws {
        let sessions = Self.sessions.map { session in { (field: Field) -> [FieldValue]? in session[field.name] ?? [] } } + [{ _ in nil }]
        let someMoments = moments.filter { $0.senderIsSource == true && $0.service != Service.none }
        func answers(_ text: String) throws -> [Match] {
            let naive = NaiveFilter(try Filter(parsing: text))
            return someMoments.flatMap { moment in
                sessions.map { session in
                    var moment = moment
                    moment.session = session
                    return naive.match(moment)
                }
            }
        }
        let firsts = try answers(first)
        for second in Self.predicates {
            let seconds = try answers(second)
            #expect(try answers("\(first) and \(second)") == zip(firsts, seconds).map { $0.and($1) })
            #expect(try answers("\(first) or \(second)") == zip(firsts, seconds).map { $0.or($1) })
        }
        #expect(try answers("not (\(first))") == firsts.map(\.not))
    }

    @Test(arguments: FieldCatalog.standard.fields.map(\.example)) func `unequal is present and not equal`(example: String) throws {
        guard let sign = example.firstRange(of: " == "), !example.contains(" and ") else { return }
        let name = example[..<sign.lowerBound]
        let different = try Filter(parsing: example.replacing(" == ", with: " != ")), equal = try Filter(parsing: example)
        let present = try Filter(parsing: "\(name) exists")
        for moment in moments where moment.service != nil && moment.senderIsSource != nil {
            let expected = NaiveFilter(present).match(moment).and(NaiveFilter(equal).match(moment).not)
            #expect(NaiveFilter(different).match(moment) == expected, "\(example)")
        }
    }

    @Test func `each predicate is true and false of something`() throws {
        let sessions = Self.sessions.map { session in { (field: Field) -> [FieldValue] in session[field.name] ?? [] } }
        for text in Self.predicates where text != "eth" {
            let naive = NaiveFilter(try Filter(parsing: text))
            var answers: Set<Bool> = []
            for moment in moments where moment.service != nil { answers.insert(naive.matches([moment], sessions: sessions)) }
            #expect(answers.count == 2, "\(text)")
        }
    }

    @Test func `a connection matches by one packet and one session together`() throws {
        let frames = memory.frames[0...1].map(NaiveFilter.Knowledge.init).map { knowledge in
            var knowledge = knowledge
            knowledge.service = .tls
            return knowledge
        }
        let sessions = Self.sessions.map { session in { (field: Field) -> [FieldValue] in session[field.name] ?? [] } }
        func matches(_ text: String, sessions: [(Field) -> [FieldValue]]) throws -> Bool {
            NaiveFilter(try Filter(parsing: text)).matches(frames, sessions: sessions)
        }
        #expect(try matches("tcp.flags.syn and not tcp.flags.ack", sessions: []))
        #expect(try !matches("tcp.flags.fin and tcp.flags.syn", sessions: []))
        #expect(try matches("tls.version == TLSv1.0 and tls.alpn.offered == \"h2\"", sessions: sessions))
        #expect(try !matches("tls.version == TLSv1.3 and tls.alpn.offered == \"h2\"", sessions: sessions))
        #expect(try matches("not tls.sni exists", sessions: []))
        #expect(try !matches("tls.sni != \"a\"", sessions: []))
    }
}
