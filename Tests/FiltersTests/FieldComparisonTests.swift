import Filters
import Packets
import Testing
import Tracking

/// A field of the standard catalog.
func field(_ name: String) -> Field {
    guard let field = FieldCatalog.standard.field(name) else { preconditionFailure("no field \(name)") }
    return field
}

private func asks(_ name: String, _ predicate: FieldPredicate) -> Filter { Filter(field(name), predicate) }
private func isOne(_ name: String, _ ranges: ClosedRange<UInt64>...) -> Filter { asks(name, .integers(IntegerSet(ranges))) }
private func isOne(_ name: String, _ texts: String...) -> Filter { asks(name, .texts(TextSet(texts.map { Array($0.utf8) }))) }

@Suite struct `Field comparison` {
    static let meanings: [(String, Filter)] = [
        // Presence and booleans.
        ("tls.sni", asks("tls.sni", .exists)), ("tls.sni exists", asks("tls.sni", .exists)), ("tls.sni exists and udp", asks("tls.sni", .exists) && .udp),
        ("tcp.flags.syn", isOne("tcp.flags.syn", 1...1)), ("tcp.flags.syn == true", isOne("tcp.flags.syn", 1...1)),
        ("tcp.flags.syn == 1", isOne("tcp.flags.syn", 1...1)), ("tcp.flags.syn == 0", isOne("tcp.flags.syn", 0...0)),
        ("tcp.flags.syn exists", asks("tcp.flags.syn", .exists)), ("not tcp.flags.syn", !isOne("tcp.flags.syn", 1...1)),
        ("tcp.flags.syn == False", isOne("tcp.flags.syn", 0...0)), ("tcp.flags.syn in {true, false}", isOne("tcp.flags.syn", 0...1)),
        ("tcp.port", .tcp), ("tcp.port exists", .tcp), ("ip.addr exists", .ipv4), ("vlan.id exists", .vlan), ("addr", .ipv4 || .ipv6),
        // Numbers.
        ("ip.ttl == 64", isOne("ip.ttl", 64...64)), ("ip.ttl == 0x40", isOne("ip.ttl", 64...64)), ("ip.ttl < 5", isOne("ip.ttl", 0...4)),
        ("ip.ttl <= 5", isOne("ip.ttl", 0...5)), ("ip.ttl > 5", isOne("ip.ttl", 6...255)), ("ip.ttl ge 5", isOne("ip.ttl", 5...255)),
        ("ip.ttl in 5..9", isOne("ip.ttl", 5...9)), ("ip.ttl in {1, 5..9, 3}", isOne("ip.ttl", 1...1, 3...3, 5...9)),
        ("ip.ttl != 64", asks("ip.ttl", .exists) && !isOne("ip.ttl", 64...64)),
        ("tls.version == TLSv1.2", isOne("tls.version", 0x303...0x303)), ("tls.version < TLSv1.2", isOne("tls.version", 0...0x302)),
        ("tls.version in SSLv3..TLSv1.1", isOne("tls.version", 0x300...0x302)), ("tls.cipher == 0xc02f", isOne("tls.cipher", 0xc02f...0xc02f)),
        ("ip.dsfield.dscp == ef", isOne("ip.dsfield.dscp", 46...46)), ("tunnel.kind == vxlan", isOne("tunnel.kind", 4...4)),
        // What IP carries is a condition of the key.
        ("ip.proto == tcp", .ipv4 && .tcp), ("ip.proto == 6", .ipv4 && .tcp), ("ipv6.nxt == icmpv6", .ipv6 && .icmpv6), ("proto == 17", .udp),
        ("proto in {tcp, udp}", .tcp || .udp), ("ip.proto != udp", .ipv4 && !.udp), ("ip.proto exists", .ipv4),
        // Durations.
        ("conn.duration >= 1.5s", isOne("conn.duration", 1_500_000_000...UInt64(Int64.max))),
        ("conn.duration == 500us", isOne("conn.duration", 500_000...500_000)),
        ("conn.duration in {20ms, 2m..1h, 7ns}", isOne("conn.duration", 7...7, 20_000_000...20_000_000, 120_000_000_000...3_600_000_000_000)),
        ("conn.duration < 0.25d", isOne("conn.duration", 0...21_599_999_999_999)), ("conn.duration == 0s", isOne("conn.duration", 0...0)),
        // MAC addresses.
        ("eth.src == aa:bb:cc:dd:ee:ff", isOne("eth.src", 0xaabb_ccdd_eeff...0xaabb_ccdd_eeff)),
        ("eth.src == AA-BB-CC-DD-EE-FF", isOne("eth.src", 0xaabb_ccdd_eeff...0xaabb_ccdd_eeff)),
        ("eth.addr == 00:00:00:00:00:01", isOne("eth.src", 1...1) || isOne("eth.dst", 1...1)),
        ("eth.addr != 00:00:00:00:00:01", (asks("eth.src", .exists) || asks("eth.dst", .exists)) && !(isOne("eth.src", 1...1) || isOne("eth.dst", 1...1))),
        ("eth.src in 00:1b:21:00:00:00..00:1b:21:ff:ff:ff", isOne("eth.src", 0x1b_2100_0000...0x1b_21ff_ffff)),
        // Texts.
        ("tls.sni == \"example.org\"", isOne("tls.sni", "example.org")), ("tls.sni == 'Example.ORG'", isOne("tls.sni", "example.org")),
        ("tls.alpn == \"h2\"", isOne("tls.alpn", "h2")), ("tls.alpn eq 'H2'", isOne("tls.alpn", "H2")),
        ("tls.sni in {\"a\", 'b', r\"c\"}", isOne("tls.sni", "a", "b", "c")), ("tls.sni in \"a\"", isOne("tls.sni", "a")),
        ("tls.sni != \"a\"", asks("tls.sni", .exists) && !isOne("tls.sni", "a")), ("tls.sni == \"\"", isOne("tls.sni", "")),
        ("tls.sni contains \"Cdn\"", asks("tls.sni", .contains(Array("cdn".utf8)))),
        ("tls.sni starts_with \"www.\"", asks("tls.sni", .startsWith(Array("www.".utf8)))),
        ("tls.sni ends_with \".org\"", asks("tls.sni", .endsWith(Array(".org".utf8)))),
        ("tls.alpn == \"a\\\\\\\"\\n\\x41\\t\"", isOne("tls.alpn", "a\\\"\nA\t")), ("tls.alpn == r\"a\\n\"", isOne("tls.alpn", "a\\n")),
        ("tls.alpn == 'it\\'s \"it\"'", isOne("tls.alpn", "it's \"it\"")), ("tls.alpn == \"ü 😀\"", isOne("tls.alpn", "ü 😀")),
        // Bytes.
        ("payload contains 16:03:01", asks("payload", .contains([0x16, 3, 1]))),
        ("payload starts_with \"GET \"", asks("payload", .startsWith(Array("GET ".utf8)))),
        ("tcp.payload == \"\\x16\\xff\"", asks("tcp.payload", .texts(TextSet([[0x16, 0xff]])))),
        ("payload ends_with 0d-0a", asks("payload", .endsWith([13, 10]))),
        // Other names of the same.
        ("tls.handshake.extensions_server_name == \"a\"", isOne("tls.sni", "a")), ("ipv4.time_to_live == 1", isOne("ip.ttl", 1...1)),
        ("tcp.flags.rst", isOne("tcp.flags.reset", 1...1)), ("ipv4.src_addr == 192.0.2.1", .source("192.0.2.1")),
        // Of addresses of both versions.
        ("addr == 10.0.0.0/8", .address("10.0.0.0/8")), ("src in {192.0.2.1, 2001:db8::1}", .source("192.0.2.1") || .source("2001:db8::1")),
        ("dst != ::1", (.ipv4 || .ipv6) && !.destination("::1")),
        ("ip.src in 10.0.0.0..10.255.255.255", .source("10.0.0.0/8")),
        ("ip.src in 192.0.2.1..192.0.2.4", .source("192.0.2.1") || .source("192.0.2.2/31") || .source("192.0.2.4")),
        ("ip.src in 0.0.0.0..255.255.255.255", .source("0.0.0.0/0")), ("src in ::..ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", .source("::/0")),
        (
            "ipv6.dst in {2001:db8::..2001:db8::1:ffff, ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff}",
            .destination("2001:db8::/111") || .destination("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
        ),
        // Comments.
        ("tcp # and udp\n and port == 1 /* or\n arp */", .tcp && .port(1)), ("# nothing", .everything), ("/**/tcp/***/", .tcp),
        ("tls.alpn == \"# no /* comment\"", isOne("tls.alpn", "# no /* comment")),
    ]

    @Test(arguments: meanings) func `means what it says`(text: String, filter: Filter) throws {
        let parsed = try Filter(parsing: text)
        #expect(parsed == filter, "\(parsed)")
        #expect(try Filter(parsing: parsed.description) == parsed, "\(parsed)")
    }

    @Test func `a field of a protocol is asked of that protocol only`() throws {
        #expect(try Filter(parsing: "tls.sni == \"a\"").services == [.tls])
        #expect(try FilterProgram(Filter(parsing: "udp and tls.sni == \"a\"")).isNothing)
        #expect(try FilterProgram(Filter(parsing: "udp and tcp.flags.syn")).isNothing)
        #expect(try FilterProgram(Filter(parsing: "ip and ipv6.hlim == 1")).isNothing)
    }

    @Test func `a regular expression needs no double backslashes`() throws {
        let expected = try Filter(parsing: #"tls.sni matches r"^w{3}\.example\.(org|net)$""#)
        #expect(try Filter(parsing: #"tls.sni ~ "^w{3}\.example\.(org|net)$""#) == expected)
        #expect(try Filter(parsing: #"tls.sni ~ '^w{3}\\.example\\.(org|net)$'"#) == expected)
        #expect(try expected == Filter(field("tls.sni"), .matches(Pattern(#"^w{3}\.example\.(org|net)$"#, ignoresCase: true))))
    }

    @Test(arguments: [
        ("tls.sni==\"b\"", "tls.sni == \"b\""), ("tls.sni != \"b\" and udp", "tls.sni != \"b\" and udp"),
        ("ip.ttl < 5 or tcp.flags.syn", "ip.ttl <= 4 or tcp.flags.syn"),
        ("not (tcp.flags.syn and tls)", "not (tcp.flags.syn and tls)"), ("tls.version in {TLSv1.2, 0x304}", "tls.version in TLSv1.2..TLSv1.3"),
        ("tls.alpn ~ r'\\d\"'", "tls.alpn matches \"\\\\d\\\"\""), ("not tls.sni exists", "not tls.sni exists"), ("tcp.port != 443", "tcp.port != 443"),
        ("ip.src != 10.0.0.1", "ip.src != 10.0.0.1"), ("payload contains 00:ff", "payload contains \"\\x00\\xff\""), ("ip.proto == 47", "ip and proto == 47"),
        ("tcp.port in {1, 3, 5, 7, 9}", "tcp.port in {1, 3, 5, 7, 9}"),
        ("ip.addr in {0.0.0.1, 0.0.0.2, 0.0.0.3, 0.0.0.4, 0.0.0.5}", "addr in {0.0.0.1, 0.0.0.2, 0.0.0.3, 0.0.0.4, 0.0.0.5}"),
    ])
    func `is printed as one would write it`(text: String, printed: String) throws {
        let filter = try Filter(parsing: text)
        #expect(filter.description == printed)
        #expect(try Filter(parsing: printed) == filter)
    }

    @Test func `every field's example is a filter that asks for it, by each of its names`() throws {
        for field in FieldCatalog.standard.fields {
            let filter = try Filter(parsing: field.example)
            #expect(field.example.contains(field.name), "\(field.example)")
            #expect(try Filter(parsing: filter.description) == filter)
            for name in [field.name] + field.aliases {
                #expect(FieldCatalog.standard.field(name) == field)
                #expect(try Filter(parsing: "\(name) exists") == Filter(parsing: "\(field.name) exists"))
            }
            for (name, value) in field.valueNames {
                let set = IntegerSet([value...value])
                #expect(try Filter(parsing: "\(field.name) == \(name)") == Filter(field, .integers(set)))
            }
            #expect(!field.summary.isEmpty)
        }
        let names = FieldCatalog.standard.fields.flatMap { [$0.name] + $0.aliases }
        #expect(Set(names).count == names.count)
    }
}
