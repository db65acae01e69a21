import Packets
import TestSupport
import TestWire
import Testing
import Tracking
@testable import Filters

@Suite struct `Filter contradictions` {
    /// Filters that can never match, and the terms that are to blame.
    @Test(arguments: [
        ("ip.ttl < 5 and ip.ttl > 10", ["ip.ttl <= 4", "ip.ttl >= 11"]),
        ("ip.ttl in {1, 3} and not ip.ttl in 1..4", ["ip.ttl in {1, 3}", "not ip.ttl in 1..4"]),
        ("ip.ttl exists and not ip.ttl in 0..100 and not ip.ttl > 100", ["ip.ttl exists", "not ip.ttl <= 100", "not ip.ttl >= 101"]),
        ("tcp.flags.syn == 1 and udp.length > 8 and tcp.flags.syn == 0", ["tcp.flags.syn", "udp.length >= 9"]),
        ("tcp.flags.syn != true and tcp.flags.syn != false", ["tcp.flags.syn != true", "tcp.flags.syn != false"]),
        ("tcp.len == 3 and payload.len == 4", ["tcp.len == 3", "payload.len == 4"]),
        ("tls.sni == \"a\" and tls.sni == \"b\"", ["tls.sni == \"a\"", "tls.sni == \"b\""]),
        ("tls.sni == \"a.b\" and tls.sni ends_with \".c\"", ["tls.sni == \"a.b\"", "tls.sni ends_with \".c\""]),
        ("tls.alpn == \"abc\" and tls.alpn starts_with \"x\"", ["tls.alpn == \"abc\"", "tls.alpn starts_with \"x\""]),
        ("tls.alpn == \"h2\" and tls.alpn == \"H2\"", ["tls.alpn == \"h2\"", "tls.alpn == \"H2\""]),
        ("tls.alpn in {\"h2\", \"h3\"} and tls.alpn ~ \"^http\"", ["tls.alpn in {\"h2\", \"h3\"}", "tls.alpn matches r\"^http\""]),
        ("tls.sni starts_with \"www.\" and not tls.sni contains \"WW\"", ["tls.sni starts_with \"www.\"", "not tls.sni contains \"ww\""]),
        ("tls.alpn.offered == \"h2\" and not tls.alpn.offered starts_with \"h\"", ["tls.alpn.offered == \"h2\"", "not tls.alpn.offered starts_with \"h\""]),
        ("tls.sni exists and not tls", ["tls.sni exists", "not tls"]),
        ("tls and tls.sni == \"a\" and not tls.sni exists", ["tls.sni == \"a\"", "not tls.sni exists"]),
        ("tcp and udp", ["tcp", "udp"]),
        ("tls and udp", ["tls", "udp"]),
        ("tls and not tcp", ["tls", "not tcp"]),
        ("tls and service == none", ["tls", "service == none"]),
        ("arp and ip.ttl > 3", ["arp", "ip.ttl >= 4"]),
        ("ip and ipv6.src == ::1", ["ip", "ipv6.src == ::1"]),
        ("icmpv4 and port == 80", ["icmpv4", "port == 80"]),
        ("proto == gre and not proto == 47", ["proto == 47", "not proto == 47"]),
        ("tcp.port == 1 and not tcp.port == 1", ["tcp.port == 1", "not tcp.port == 1"]),
        ("tcp.port == 1 and tcp.port == 2 and tcp.port == 3", ["tcp.port == 1", "tcp.port == 2", "tcp.port == 3"]),
        ("udp.srcport == 53 and udp.port != 53", ["udp.srcport == 53", "udp.port != 53"]),
        ("ip.src == 10.0.0.1 and ip.dst == 10.0.0.2 and ip.addr == 10.0.0.3", ["ip.src == 10.0.0.1", "ip.dst == 10.0.0.2", "ip.addr == 10.0.0.3"]),
        ("src == 10.0.0.0/8 and dst == 2001:db8::/32", ["ip.src == 10.0.0.0/8", "ipv6.dst == 2001:db8::/32"]),
        ("ip.src in {10.0.0.0/9, 10.128.0.0/9} and not ip.src == 10.0.0.0/8", ["ip.src == 10.0.0.0/9 or ip.src == 10.128.0.0/9", "not ip.src == 10.0.0.0/8"]),
        ("vlan.id == 0", ["vlan.id == 0"]),
        ("vlan.id == 7 and not vlan", ["vlan.id == 7", "not vlan"]),
        ("conn.duration > 5s and conn.duration < 1s", ["conn.duration >= 5000000001ns", "conn.duration <= 999999999ns"]),
        ("conn.state == \"SF\" and conn.state == \"S0\"", ["conn.state == \"SF\"", "conn.state == \"S0\""]),
        ("eth.addr == 02:00:00:00:00:01 and eth.src == 02:00:00:00:00:02 and eth.dst == 02:00:00:00:00:03", []),
        ("tcp and (udp or arp)", ["tcp", "udp or arp"]),
        ("(tcp or udp) and not (tcp or udp)", ["tcp or udp", "not (tcp or udp)"]),
        ("not (tcp or not tcp)", ["not (tcp or not tcp)"]),
        ("not eth", ["not eth"]),
    ] as [(String, [String])])
    func `names the terms that cannot all hold`(text: String, terms: [String]) throws {
        let found = try Filter(parsing: text).contradictions
        let whole = try #require(found.first)
        #expect(found.count == 1 && whole.isWhole && !whole.reason.isEmpty)
        let shown = terms.map { $0.contains(" or ") && !$0.hasPrefix("not") && terms.count > 1 ? "(\($0))" : $0 }
        if !terms.isEmpty { #expect(whole.terms == shown) }
    }

    @Test(arguments: [
        "", "tcp or udp", "ip.addr == 10.0.0.1 and ip.addr == 10.0.0.2", "tcp.port == 1 and tcp.port == 2", "port == 1 and not srcport == 1",
        "eth.addr == 02:00:00:00:00:01 and eth.addr == 02:00:00:00:00:02", "vlan.id == 7 and vlan.id == 12", "vlan and not vlan.id == 7",
        "tls.alpn.offered == \"h2\" and tls.alpn.offered == \"http/1.1\"", "tls.cipher.offered == 1 and tls.cipher.offered == 2",
        "tls.random starts_with 00:00 and tls.random starts_with 01:00", "tls.sni == \"a\" and tls.sni == \"A\"", "tls.sni == \"a\" and tls.sni ~ \"(?-i)A\"",
        "tls.sni starts_with \"ab\" and tls.sni ends_with \"bc\"", "not tls and not tls.sni exists", "tls and not tls.sni exists",
        "not tls and not service == none", "not tcp and not udp and not arp", "tcp and port != 80", "ip and addr != 10.0.0.1", "not ip.ttl >= 0",
        "not (ip.src == 0.0.0.0/0) and not (ipv6.src == ::/0)", "tcp and not port in 0..65535", "udp.length exists and not udp.length in 0..65535",
        "ip.ttl < 5 and ipv6.hlim > 10 or ip.ttl < 5", "conn.bytes > 3 and conn.bytes < 5", "fragment and tcp.port == 80", "vlan and not ip",
        "tcp.flags.syn and not (tcp.flags.ack and tcp.flags.fin)", "tls.sni ~ \"a\" and not tls.sni ~ \"b\"",
    ])
    func `holds its tongue about what can match`(text: String) throws {
        let whole = try Filter(parsing: text).contradictions.filter(\.isWhole)
        #expect(whole.isEmpty, "\(text)")
    }

    /// What is dead in filters that can match.
    @Test(arguments: [
        ("tcp and (udp.port == 53 or tls) or arp", ["udp.port == 53"]),
        ("tls or ip.ttl < 5 and ip.ttl > 10", ["ip.ttl <= 4 and ip.ttl >= 11"]),
        ("tls or udp and (arp or (tcp and conn.bytes > 3 or ip.ttl == 3))", ["arp", "tcp and conn.bytes >= 4"]),
        ("not (tcp and udp) and ip", ["tcp and udp"]),
        ("(tls.sni == \"a\" or tls.sni == \"b\" and tls.alpn == \"h2\") and not tls.alpn exists", ["tls.sni == \"b\" and tls.alpn == \"h2\""]),
        // A comparison is one question, whatever it stands for.
        ("tcp and port exists", []), ("tcp and port in {80, 443} and tcp.port == 80", []), ("ip and icmp", []), ("tcp and not (tcp and port == 80)", []),
        ("tcp.port == 1 and tcp.srcport != 1", []),
    ] as [(String, [String])])
    func `names the alternatives that cannot hold`(text: String, parts: [String]) throws {
        let found = try Filter(parsing: text).contradictions
        #expect(found.map(\.part) == parts)
        #expect(found.allSatisfy { !$0.isWhole })
    }

    @Test func `says in a line what it is about`() throws {
        func lines(_ text: String) throws -> [String] { try Filter(parsing: text).contradictions.map(\.description) }
        #expect(try lines("udp and ip.ttl < 5 and ip.ttl > 10") == ["ip.ttl <= 4 and ip.ttl >= 11: a packet has one ip.ttl, and no value fits"])
        #expect(try lines("tcp and (tls or udp and conn.bytes > 3)")
            == ["udp and conn.bytes >= 4, because of tcp and udp: a packet has one IP version and carries one protocol"])
    }

    /// Whatever is called contradictory matches nothing that there is, by the definitions.
    @Test(arguments: 0..<10)
    func `never calls contradictory what matches`(_ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let connections = (0..<100).map { _ in RandomConnection(using: &random) }
        var called = 0
        for _ in 0..<150 {
            let count = [0, 1, 1, 2].randomElement(using: &random)!
            let fields = (0..<count).map { _ in RandomFilter.fields.randomElement(using: &random)! }
            let text = RandomFilter.text(depth: 3, about: fields, using: &random)
            for contradiction in try Filter(parsing: text).contradictions {
                called += 1
                // The terms by themselves, whatever else is in the filter.
                let claim = contradiction.terms.map { "(\($0))" }.joined(separator: " and ")
                for filter in [claim] + (contradiction.isWhole ? [text] : []) {
                    let naive = NaiveFilter(try Filter(parsing: filter))
                    guard let match = connections.first(where: { $0.naiveVerdict(naive, at: .end) == .yes }) else { continue }
                    Issue.record("\(text): \(contradiction); \(match)")
                    return
                }
            }
        }
        #expect(called > 20)
    }

    /// As above for what keys tell, from a world in which much more hits.
    @Test(arguments: 0..<10)
    func `never calls contradictory what a key matches`(_ seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let packets = (0..<300).map { _ in Packet.random(using: &random) }
        var called = 0
        for _ in 0..<500 {
            let model = FilterModel.random(depth: 5, using: &random)
            guard model.filter.contradictions.contains(where: \.isWhole) else { continue }
            called += 1
            let isMatched = packets.contains { packet in
                [Endpoint.a, .b].contains { source in Service.allCases.contains { model.match(packet, source: source, service: $0) == .yes } }
            }
            #expect(!isMatched, "\(model.filter): \(model.filter.contradictions)")
        }
        #expect(called > 20)
    }

    @Test func `gives up on what is too large, in time`() throws {
        let blocks = (0..<5_000).map { "ip.addr == 10.\($0 >> 8).\($0 & 0xff).0/24" }
        let wide = try Filter(parsing: blocks.joined(separator: " or "))
        let deep = try Filter(parsing: blocks.prefix(2_000).map { "(\($0) or tcp.port == 3)" }.joined(separator: " and "))
        #expect(ContinuousClock().measure { _ = (wide.contradictions, deep.contradictions) } < .seconds(60))
        #expect(wide.contradictions.isEmpty)
    }
}
