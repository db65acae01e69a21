import Filters
import Testing
import Tracking

@Suite struct `Filter error` {
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
        ("service == 443", 12, "service is one of none, tls; 443 is an integer", nil),
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
        ("ip.addr == 10.0.0.1 or é", 24, "unexpected character \"é\"", nil),
    ]

    @Test(arguments: refusals) func `says what is wrong, and where`(text: String, column: Int, message: String, suggestion: String?) {
        let error = #expect(throws: FilterError.self) { try Filter(parsing: text) }
        #expect(error?.column == column)
        #expect(error?.message == message)
        #expect(error?.suggestion == suggestion)
        #expect(error?.text == text)
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
