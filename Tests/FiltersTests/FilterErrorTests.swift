import Filters
import Packets
import Testing
import Tracking

@Suite struct `Filter error` {
    private static let services = Service.allCases.map(\.name).sorted().joined(separator: ", ")

    static let refusals: [(text: String, column: Int, message: String, suggestion: String?)] = [
        ("tcp.port == 10.0.0.1", 13, "tcp.port is an integer; 10.0.0.1 is an IPv4 address", nil),
        ("tcp.port == 10.0.0.0/8", 13, "tcp.port is an integer; 10.0.0.0/8 is an IPv4 prefix", nil),
        ("tcp.port == https", 13, "expected an integer, found \"https\"", nil),
        ("tcp.port ==", 12, "expected an integer, found the end", nil),
        ("tcp.port == 65536", 13, "tcp.port is at most 65535", nil),
        ("tcp.port == 99999999999999999999", 13, "tcp.port is at most 65535", nil),
        ("tcp.port in 90..80", 17, "the range ends before it begins", nil),
        ("tcp.port == 80..90", 15, "a range stands after \"in\"", nil),
        ("tcp.port in {80 90}", 17, "expected \",\" or \"}\", found an integer", nil),
        ("tcp.port in {}", 14, "an empty set has no members; expected an integer", nil),
        ("tcp.port < 0", 12, "no tcp.port is below 0", nil),
        ("tcp.port > 65535", 12, "no tcp.port is above 65535", nil),
        ("tcp.port 443", 10, "expected an operator after tcp.port, found an integer", nil),
        ("tcp.port and port is 80", 19, "expected an operator after port, found \"is\"", "in"),
        ("vlan.id == 4096", 12, "vlan.id is at most 4095", nil),
        ("vlan.id == tcp", 12, "expected an integer, found \"tcp\"", nil),
        ("ip.addr == 10.0.0.0/33", 12, "the length of an IPv4 prefix is a number in 0...32", nil),
        ("ip.addr == 10.0.0.0/", 12, "the length of an IPv4 prefix is a number in 0...32", nil),
        ("ipv6.addr in 2001:db8::/129", 14, "the length of an IPv6 prefix is a number in 0...128", nil),
        ("ip.addr == 2001:db8::1", 12, "ip.addr is an IPv4 address; 2001:db8::1 is an IPv6 address", nil),
        ("ipv6.src == 10.0.0.1", 13, "ipv6.src is an IPv6 address; 10.0.0.1 is an IPv4 address", nil),
        ("ip.addr == 443", 12, "ip.addr is an IPv4 address; 443 is an integer", nil),
        ("ip.addr == 10.0.0.256", 12, "expected an IPv4 address, found \"10.0.0.256\"", nil),
        ("ip.addr < 10.0.0.1", 9, "ip.addr has no order; compare it with ==, != or in", nil),
        ("service == 443", 12, "service is one of \(services); 443 is an integer", nil),
        ("tcp == 443", 5, "tcp is a protocol; only fields can be compared", nil),
        ("tpc", 1, "no protocol or field is called \"tpc\"", "tcp"),
        ("TCP", 1, "no protocol or field is called \"TCP\"", "tcp"),
        ("tcp and ip.adr == 10.0.0.1", 9, "no protocol or field is called \"ip.adr\"", "ip.addr"),
        ("tcp.ports == 1", 1, "no protocol or field is called \"tcp.ports\"", "tcp.port"),
        ("kerberos", 1, "no protocol or field is called \"kerberos\"", nil),
        ("tcp udp", 5, "expected \"and\", \"or\" or the end, found \"udp\"", nil),
        ("tcp and", 8, "expected a protocol or field, found the end", nil),
        ("and tcp", 1, "expected a protocol or field, found \"and\"", nil),
        ("not", 4, "expected a protocol or field, found the end", nil),
        ("(tcp", 5, "expected \"and\", \"or\" or \")\", found the end", nil),
        ("tcp)", 4, "expected \"and\", \"or\" or the end, found \")\"", nil),
        ("()", 2, "expected a protocol or field, found \")\"", nil),
        ("tcp & udp", 5, "unexpected character \"&\"", "&&"),
        ("tcp; udp", 4, "unexpected character \";\"", nil),
        ("tls.sni == 443", 12, "tls.sni is a string; 443 is an integer", nil),
        ("tls.sni == 10.0.0.1", 12, "tls.sni is a string; 10.0.0.1 is an IPv4 address", nil),
        ("tls.sni == example.org", 12, "tls.sni is a string, which stands in quotation marks: \"example.org\"", nil),
        ("tls.sni in {\"a\", 5ms}", 18, "tls.sni is a string; 5ms is a duration", nil),
        ("tcp.port == \"80\"", 13, "tcp.port is an integer; \"80\" is a string", nil),
        ("ip.ttl == true", 11, "ip.ttl is an integer; true is a boolean", nil),
        ("ip.ttl == 256", 11, "ip.ttl is at most 255", nil),
        ("ip.ttl == 0x100", 11, "ip.ttl is at most 255", nil),
        ("tcp.flags.syn == 2", 18, "tcp.flags.syn is a boolean; 2 is an integer", nil),
        ("eth.src == 10.0.0.1", 12, "eth.src is a MAC address; 10.0.0.1 is an IPv4 address", nil),
        ("ip.src == aa:bb:cc:dd:ee:ff", 11, "ip.src is an IPv4 address; aa:bb:cc:dd:ee:ff is a MAC address", nil),
        ("payload contains 22", 18, "payload is bytes; 22 is an integer; bytes are written 16:03:01 or \"\\x16\"", nil),
        ("tls.sni < \"a\"", 9, "tls.sni has no order; compare it with ==, !=, in, contains, starts_with, ends_with or matches", nil),
        ("ip.addr in 10.0.0.9..10.0.0.1", 22, "the range ends before it begins", nil),
        ("ip.addr in 10.0.0.0/8..10.0.0.9", 24, "a range lies between two addresses of one IP version", nil),
        ("addr in 10.0.0.1..2001:db8::1", 19, "a range lies between two addresses of one IP version", nil),
        ("tcp.flags.syn in 0..1", 21, "tcp.flags.syn has no order, so it has no ranges; compare it with ==, != or in", nil),
        (
            "tls.alpn in \"a\"..\"b\"", 18,
            "tls.alpn has no order, so it has no ranges; compare it with ==, !=, in, contains, starts_with, ends_with or matches", nil
        ),
        ("tcp.port contains 80", 10, "contains is asked of strings and bytes; tcp.port is an integer", nil),
        ("ip.addr ~ \"10\"", 9, "~ is asked of strings and bytes; ip.addr is an IPv4 address", nil),
        ("tls.sni ~ org", 11, "expected a regular expression in quotation marks, found \"org\"", nil),
        ("tls.sni ~ \"é(b\"", 13, "Missing close parenthesis for group started at index 2.", nil),
        ("tls.sni ~ \"\\\\(?=b)\"", 18, "Unmatched parentheses at index 5.", nil),
        ("conn.duration > 5", 17, "conn.duration is a duration; 5 is an integer, without a unit such as ms or s", nil),
        ("conn.duration > 106752d", 17, "a duration is at most 106751d", nil),
        ("conn.duration > 18446744073709551616s", 17, "a duration is at most 106751d", nil),
        ("tls.version == TLSv1.4", 16, "tls.version has no value \"TLSv1.4\"", "TLSv1.0"),
        ("service == tsl", 12, "service has no value \"tsl\"", "tls"),
        ("ip.dsfield.dscp == eff", 20, "ip.dsfield.dscp has no value \"eff\"", "ef"),
        ("tcp.port not in {80}", 10, "\"not\" stands before the field: not tcp.port in …", nil),
        ("tcp.port == 80 443", 16, "expected \"and\", \"or\" or the end, found an integer", nil),
        ("tcp.port == 80 == 443", 16, "comparisons do not chain; expected \"and\", \"or\" or the end, found \"==\"", nil),
        ("80 == tcp.port", 1, "expected a protocol or field, found an integer", nil),
        ("tcp.port =~ \"80\"", 10, "no operator is written =~", "~"),
        ("tcp.port === 80", 10, "no operator is written ===", "=="),
        ("tcp.port <> 80", 10, "no operator is written <>", "!="),
        ("tcp.port => 80", 10, "no operator is written =>", ">="),
        ("tls.sni !~ \"a\"", 9, "no operator is written !~", "not … ~"),
        ("tcp | udp", 5, "unexpected character \"|\"", "||"),
        ("tls.sni endswith \"org\"", 9, "expected an operator after tls.sni, found \"endswith\"", "ends_with"),
        ("tcp exists", 5, "tcp is a protocol; only fields can be compared", nil),
        ("tls.sin == \"a\"", 1, "no protocol or field is called \"tls.sin\"", "tls.sni"),
        (
            "tls.handshake.extension_server_name exists", 1, "no protocol or field is called \"tls.handshake.extension_server_name\"",
            "tls.handshake.extensions_server_name"
        ),
        ("tls.sni == \"a", 12, "this string has no end; \" ends it", nil),
        ("tls.sni == 'a\"", 12, "this string has no end; ' ends it", nil),
        ("tls.sni == \"a\\q\"", 14, "no such escape; a backslash is written \\\\, or the whole string r\"…\"", nil),
        ("tls.sni == \"é\\x4\"", 14, "two hexadecimal digits follow \\x", nil),
        ("tcp /* udp", 5, "this comment has no end; */ ends it", nil),
        ("tcp.port in {80, }", 18, "expected an integer, found \"}\"", nil),
        ("tcp.port in", 12, "expected an integer, found the end", nil),
        ("ip.addr == 10.0.0.1 or é", 24, "unexpected character \"é\"", nil),
    ]

    @Test(arguments: refusals) func `says what is wrong, and where`(text: String, column: Int, message: String, suggestion: String?) {
        let error = #expect(throws: FilterError.self) { try Filter(parsing: text) }
        #expect(error?.column == column)
        #expect(error?.message == message)
        #expect(error?.suggestion == suggestion)
        #expect(error?.text == text)
    }

    @Test func `a text of more than a mebibyte is no filter`() throws {
        #expect(try Filter(parsing: String(repeating: " ", count: 1 << 20)) == .everything)
        let error = #expect(throws: FilterError.self) { try Filter(parsing: String(repeating: " ", count: 1 << 20 + 1)) }
        #expect(error?.message == "a filter's text has at most 1048576 bytes; this has 1048577")
    }

    @Test func `points at the place`() {
        let error = #expect(throws: FilterError.self) { try Filter(parsing: "udp or\ttpc.port == 443") }
        #expect(
            error?.description == """
                column 8: no protocol or field is called "tpc.port"; did you mean tcp.port?
                    udp or tpc.port == 443
                           ^
                """
        )
    }

    @Test func `shows a long text only around the place`() {
        let text = String(repeating: "tcp and ", count: 100) + "oops" + String(repeating: " or tcp", count: 100)
        let error = #expect(throws: FilterError.self) { try Filter(parsing: text) }
        let lines = error?.description.split(separator: "\n").map(String.init) ?? []
        #expect(lines.count == 3)
        #expect(lines[1].count == 106)
        let caret = Array(lines[2]).firstIndex(of: "^")!
        #expect(String(Array(lines[1])[caret..<caret + 4]) == "oops")
    }
}
