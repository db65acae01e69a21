import Packets
import TestSupport
import Testing

@Suite struct `IP address` {
    @Test(arguments: ["0.0.0.0", "192.0.2.1", "255.255.255.255", "10.0.0.10"]) func `prints IPv4 as it reads it`(text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(address.isIPv4)
        #expect("\(address)" == text)
    }

    /// RFC 5952, section 4, and its own examples; RFC 4291, section 2.2.
    @Test(
        arguments: [
            ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("0:0:0:0:0:0:0:0", "::"),
            ("2001:0DB8:0000:0000:0000:0000:0000:0001", "2001:db8::1"), ("2001:db8:0:0:0:0:2:1", "2001:db8::2:1"),
            ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
            ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"), ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
            ("2001:DB8::AbCd", "2001:db8::abcd"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
            ("0:0:1::", "0:0:1::"), ("1:0:0:2::", "1:0:0:2::"), ("fe80::ff:fe00:1", "fe80::ff:fe00:1"),
            ("::ffff:192.0.2.1", "::ffff:192.0.2.1"), ("::ffff:c000:201", "::ffff:192.0.2.1"), ("::192.0.2.1", "::c000:201"),
            ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"), ("1:2:3:4:5:6:7.8.9.10", "1:2:3:4:5:6:708:90a"),
        ]
    )
    func `prints IPv6 as RFC 5952 says`(text: String, canonical: String) throws {
        let address = try #require(IPAddress(text))
        #expect(!address.isIPv4)
        #expect("\(address)" == canonical)
        #expect(IPAddress(canonical) == address)
    }

    @Test(
        arguments: [
            "", " ", ".", "1", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3", "256.1.1.1", "1.2.3.1000", "1.2.3.-4", "+1.2.3.4", "1.2.3.4 ",
            " 1.2.3.4", "0x1.2.3.4", "1.2.3.a", "01.2.3.4", "1.2.3.00", "192.0.2.010", "١.2.3.4", ":", ":::", "::1::", "1::2::3", ":1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4::5:6:7:8", "12345::", "::g", "::+1", "::-1", "::1%eth0", "::1/64", "[::1]",
            "::1.2.3", "::1.2.3.4.5", "::256.1.1.1", "1.2.3.4::", "1.2.3.4::1", "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", "::ffff:1.2.3.04", "１::",
        ]
    )
    func `refuses what is no address`(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test(arguments: 0..<4 as Range<UInt64>) func `reads what it prints`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<1000 {
            let four = IPAddress(ipv4: .random(in: 0...(.max), using: &generator))
            #expect(IPAddress("\(four)") == four)
            // Groups of zeros at random places are what there is to get wrong.
            func word() -> UInt64 {
                (0..<4).reduce(0) { word, _ in word << 16 | (Bool.random(using: &generator) ? 0 : .random(in: 0...0xffff, using: &generator)) }
            }
            let six = IPAddress(word(), word(), isIPv4: false)
            #expect(IPAddress("\(six)") == six)
        }
    }

    @Test func `an IPv4 address is not the IPv6 address of the same number`() {
        #expect(IPAddress(ipv4: 1) != IPAddress(0, 1, isIPv4: false))
        #expect(IPAddress("::ffff:192.0.2.1") != IPAddress("192.0.2.1"))
    }
}
