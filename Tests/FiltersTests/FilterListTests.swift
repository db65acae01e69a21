import Filters
import Packets
import Testing
import Tracking

@Suite struct `Filter lists` {
    let lists: FilterLists = {
        var lists = FilterLists()
        lists.add("bad", file: "bad.txt", text: Array("# scanners\n192.0.2.1\r\n\n  198.51.100.0/24\t # a net\n".utf8))
        lists.add("ports", values: ["80", "8000..8999", "443"])
        lists.add("names", values: ["Example.org", "a # b"])
        lists.add("wrong", file: "lists/wrong.txt", text: Array("10.0.0.1\n\n10.0.0.256\n".utf8))
        lists.add("six", file: "six.txt", text: Array("::1\n".utf8))
        lists.add("empty", file: "empty.txt", text: Array("\u{feff}# nothing\n".utf8))
        lists.add("macs", values: ["00:00:00:00:00:01", "00-00-00-00-00-03"])
        return lists
    }()

    private func parse(_ text: String) throws(FilterError) -> Filter { try Filter(parsing: text, lists: lists) }

    private func matches(_ text: String, from address: String, port: UInt16 = 1) throws -> Bool {
        try parse(text).match(Packet(FlowKey((address, port), ("203.0.113.1", 2), .tcp)), source: .a) == .yes
    }

    @Test func `an address is found among addresses and prefixes`() throws {
        for (address, isFound) in [("192.0.2.1", true), ("192.0.2.2", false), ("198.51.100.77", true), ("198.51.101.0", false)] {
            #expect(try matches("ip.addr in $bad", from: address) == isFound)
            #expect(try matches("ip.src in $bad", from: address) == isFound)
            #expect(try !matches("ip.dst in $bad", from: address))
            #expect(try matches("not ip.addr in $bad", from: address) == !isFound)
        }
    }

    @Test func `a list stands beside other members`() throws {
        for (address, isFound) in [("192.0.2.1", true), ("10.1.2.3", true), ("192.0.2.7", true), ("192.0.2.8", false)] {
            #expect(try matches("ip.addr in {10.0.0.0/8, 192.0.2.7, $bad}", from: address) == isFound)
        }
        #expect(try parse("ip.addr in {$bad, 192.0.2.7}").description == "ip.addr == 192.0.2.7 or addr in $bad")
    }

    @Test func `numbers may be ranges`() throws {
        for (port, isFound) in [(80, true), (8500, true), (443, true), (444, false)] as [(UInt16, Bool)] {
            #expect(try matches("tcp.port in $ports", from: "192.0.2.1", port: port) == isFound)
        }
    }

    @Test func `texts stand as they are, without the case of names`() throws {
        let expected = Filter(field("tls.sni"), .texts(TextSet(["example.org", "a # b"].map { Array($0.utf8) }, listName: "names")))
        #expect(try parse("tls.sni in $names") == expected)
        let withCase = Filter(field("tls.alpn"), .texts(TextSet(["Example.org", "a # b"].map { Array($0.utf8) }, listName: "names")))
        #expect(try parse("tls.alpn in $names") == withCase)
    }

    @Test func `MAC addresses are written either way`() throws {
        #expect(try parse("eth.src in $macs") == Filter(field("eth.src"), .integers(IntegerSet([1...1, 3...3], listName: "macs"))))
    }

    @Test func `an empty list has no members`() throws {
        #expect(try !matches("ip.addr in $empty", from: "192.0.2.1"))
        #expect(try matches("not ip.addr in $empty", from: "192.0.2.1"))
    }

    @Test(arguments: [
        "tcp.port in $ports", "ip.src in $bad and tls", "tls.sni in {\"x\", $names}", "eth.addr in $macs", "addr in $empty", "not src in {$bad, $six}",
    ])
    func `a filter with lists prints their names, and parses back`(text: String) throws {
        let filter = try parse(text)
        #expect(filter.description.contains("$"))
        #expect(try parse(filter.description) == filter)
    }

    @Test(arguments: [
        ("ip.addr in $wrong", 12, "$wrong, lists/wrong.txt line 3: expected an IPv4 address, found \"10.0.0.256\"", nil),
        ("ip.addr in {10.0.0.1, $six}", 23, "$six, six.txt line 1: ip.addr is an IPv4 address; ::1 is an IPv6 address", nil),
        ("tcp.port in $bad", 13, "$bad, bad.txt line 2: tcp.port is an integer; 192.0.2.1 is an IPv4 address", nil),
        ("vlan.id in $ports", 12, "$ports, value 2: vlan.id is at most 4095", nil),
        ("ip.addr in $bat", 12, "no list is called $bat", "$bad"),
        ("ip.addr == $bad", 12, "a list stands after \"in\"", nil),
        ("ip.addr in $", 12, "the name of a list follows a $", nil),
        ("$bad", 1, "expected a protocol or field, found a list", nil),
    ] as [(String, Int, String, String?)])
    func `errors name the list's file and line`(text: String, column: Int, message: String, suggestion: String?) {
        let error = #expect(throws: FilterError.self) { try parse(text) }
        #expect(error?.column == column)
        #expect(error?.message == message)
        #expect(error?.suggestion == suggestion)
    }

    @Test func `reads a hundred thousand lines once for all filters of a type`() throws {
        var lists = FilterLists()
        let lines = (0..<100_000 as Range<UInt32>).map { "\(IPAddress(ipv4: 0x0a00_0000 + $0 * 7))" }
        lists.add("many", file: "many.txt", text: Array(lines.joined(separator: "\n").utf8))
        let clock = ContinuousClock()
        var filters: [Filter] = []
        let first = try clock.measure { filters.append(try Filter(parsing: "ip.src in $many", lists: lists)) }
        let others = try clock.measure { for _ in 0..<100 { filters.append(try Filter(parsing: "ip.dst in $many", lists: lists)) } }
        #expect(others < first, "\(others), after the first took \(first)")
        #expect(filters[0].match(Packet(FlowKey(("10.0.0.7", 1), ("203.0.113.1", 2), .tcp)), source: .a) == .yes)
        #expect(filters[0].match(Packet(FlowKey(("10.0.0.8", 1), ("203.0.113.1", 2), .tcp)), source: .a) == .no)
    }
}
