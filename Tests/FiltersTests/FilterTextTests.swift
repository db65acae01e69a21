import Filters
import Packets
import TestSupport
import Testing
import Tracking

@Suite struct `Filter text` {
    static let meanings: [(String, Filter)] = [
        ("", .everything), (" \n\t", .everything), ("eth", .everything), ("not eth", .nothing),
        ("ip", .ipv4), ("ipv4", .ipv4), ("ipv6", .ipv6), ("arp", .arp), ("tcp", .tcp), ("udp", .udp), ("sctp", .sctp), ("vlan", .vlan),
        ("icmp", .icmpv4 || .icmpv6), ("icmpv4", .icmpv4), ("icmpv6", .icmpv6), ("tls", .tls),
        ("service == tls", .tls), ("service eq none", .service(.none)), ("service != tls", (.tcp || .udp) && !.tls),
        ("tcp.port == 443", .tcp && .port(443)), ("tcp.port=443", .tcp && .port(443)), ("tcp.port eq 443", .tcp && .port(443)),
        ("udp.srcport == 53", .udp && .sourcePort(53)), ("udp.src_port == 53", .udp && .sourcePort(53)),
        ("sctp.dstport == 9", .sctp && .destinationPort(9)), ("sctp.dst_port == 9", .sctp && .destinationPort(9)),
        ("port == 53", .port(53)), ("dstport == 53", .destinationPort(53)),
        ("tcp.port != 443", .tcp && !.port(443)), ("tcp.port ne 443", .tcp && !.port(443)),
        ("port != 53", (.tcp || .udp || .sctp) && !.port(53)),
        ("tcp.port < 1024", .tcp && .port(0...1023)), ("tcp.port <= 1024", .tcp && .port(0...1024)),
        ("tcp.port gt 1024", .tcp && .port(1025...65535)), ("tcp.port >= 1024", .tcp && .port(1024...65535)),
        ("tcp.port in 80..90", .tcp && .port(80...90)), ("tcp.port in 80 .. 90", .tcp && .port(80...90)), ("tcp.port in 80", .tcp && .port(80)),
        ("tcp.port in {22, 80..90}", .tcp && (.port(22) || .port(80...90))),
        ("ip.addr == 10.0.0.0/8", .address("10.0.0.0/8")), ("ipv4.addr in 10.0.0.0/8", .address("10.0.0.0/8")),
        ("ip.src == 192.0.2.1", .source("192.0.2.1")), ("ip.src_addr == 192.0.2.1/32", .source("192.0.2.1")),
        ("ipv4.dst_addr == 192.0.2.1", .destination("192.0.2.1")), ("ip.dst != 192.0.2.1", .ipv4 && !.destination("192.0.2.1")),
        ("ipv6.addr == 2001:db8::/32", .address("2001:db8::/32")), ("ipv6.src == ::1", .source("::1")),
        ("ipv6.dst in {::ffff:192.0.2.1, fe80::/10}", .destination("::ffff:192.0.2.1") || .destination("fe80::/10")),
        ("vlan.id == 12", .vlan(12)), ("vlan.id in 1..12", .vlan(1...12)), ("vlan.id < 5", .vlan(0...4)), ("vlan.id != 12", .vlan && !.vlan(12)),
        ("tcp and udp or arp", (.tcp && .udp) || .arp), ("arp or tcp and udp", .arp || (.tcp && .udp)),
        ("(arp or tcp) and udp", (.arp || .tcp) && .udp), ("not tcp and udp", !.tcp && .udp), ("!(tcp&&udp)||!arp", !(.tcp && .udp) || !.arp),
        ("not tcp.port == 443", !(.tcp && .port(443))), ("not not tcp", .tcp), ("((tcp))", .tcp),
        ("tcp and (udp and arp)", .tcp && .udp && .arp),
        ("ip.addr == 10.0.0.0/8 and\r\n    not udp", .address("10.0.0.0/8") && !.udp),
    ]

    @Test(arguments: meanings) func `means what it says`(text: String, filter: Filter) throws {
        let parsed = try Filter(parsing: text)
        #expect(parsed == filter)
        #expect(try Filter(parsing: parsed.description) == parsed)
    }

    @Test func `is printed as one would write it`() {
        let filter: Filter = .tcp && .port(443) && !.source("10.0.0.0/8") && (.tls || .vlan(12)) || .icmpv6
        #expect("\(filter)" == "tcp.port == 443 and not ip.src == 10.0.0.0/8 and (tls or vlan.id == 12) or icmpv6")
        #expect("\(!(.udp && .destinationPort(53...54)) as Filter)" == "not udp.dstport in 53..54")
        #expect("\(Filter.port(1...1023))" == "port in 1..1023")
        #expect("\(Filter.everything)" == "eth")
        #expect("\(Filter.nothing)" == "not eth")
    }

    @Test(arguments: 0..<300 as Range<UInt64>) func `parses back to the filter that printed it`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let filter = FilterModel.random(depth: Int(seed % 9), using: &random).filter
        #expect(try Filter(parsing: filter.description) == filter)
    }

    @Test(arguments: [" and ", " or "]) func `chains ten thousand terms`(connective: String) throws {
        let text = (1...10000).map { "port == \($0)" }.joined(separator: connective)
        let filter = try Filter(parsing: text)
        #expect(filter.description == text)
        #expect(try Filter(parsing: "(\(text))") == filter)
    }

    @Test func `nests sixty-four parentheses and no more`() throws {
        func nested(_ depth: Int) -> String { String(repeating: "(", count: depth) + "tcp" + String(repeating: ")", count: depth) }
        #expect(try Filter(parsing: nested(64)) == .tcp)
        for depth in [65, 100_000] {
            let error = #expect(throws: FilterError.self) { try Filter(parsing: nested(depth)) }
            #expect(error?.column == 65)
            #expect(error?.message == "more than 64 parentheses within each other")
        }
    }

    @Test func `takes any number of negations`() throws {
        #expect(try Filter(parsing: String(repeating: "not ", count: 100_001) + "tcp") == !.tcp)
        #expect(try Filter(parsing: String(repeating: "!", count: 100_000) + "tcp") == .tcp)
        let error = #expect(throws: FilterError.self) { try Filter(parsing: String(repeating: "!(", count: 100_000)) }
        #expect(error?.column == 130)
    }

    @Test(arguments: 0..<20 as Range<UInt64>) func `never traps on soups of tokens`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let tokens = [
            "tcp", "udp", "tls", "eth", "port", "tcp.port", "ip.addr", "ipv6.src", "vlan.id", "service", "none", "==", "=", "!=", "<", "<=", ">", ">=",
            "in", "..", "...", ".", "{", "}", ",", "(", ")", "and", "&&", "or", "||", "not", "!", "&", "|", "0", "443", "65535", "65536",
            "99999999999999999999", "4095", "10.0.0.1", "10.0.0.0/8", "10.0.0.0/99", "10.0.0.0/", "/8", "::", "::/0", "2001:db8::/129", "é", "😀", "\u{0}",
            "\u{301}", "\r\n", "\u{1b}[31m", "tpc", "\"", "_", "٣", "Ａ",
        ]
        for _ in 0..<1000 {
            let separator = ["", " "].randomElement(using: &random)!
            let text = (0..<Int.random(in: 1...12, using: &random)).map { _ in tokens.randomElement(using: &random)! }.joined(separator: separator)
            do {
                let filter = try Filter(parsing: text)
                #expect(try Filter(parsing: filter.description) == filter, "\(text)")
            } catch {
                #expect((1...text.count + 1).contains(error.column), "\(text)")
                #expect(!error.description.isEmpty)
            }
        }
    }
}
