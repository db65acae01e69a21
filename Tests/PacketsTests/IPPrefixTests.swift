import Packets
import TestSupport
import Testing

@Suite struct `IP prefix` {
    @Test(
        arguments: [
            ("10.1.2.3", 8, "10.0.0.0/8"), ("10.1.2.3", 32, "10.1.2.3"), ("10.1.2.3", 31, "10.1.2.2/31"), ("255.255.255.255", 0, "0.0.0.0/0"),
            ("2001:db8:1:2:3::4", 32, "2001:db8::/32"), ("2001:db8::1", 128, "2001:db8::1"), ("ffff::", 0, "::/0"),
            ("2001:db8:1:2:3::4", 64, "2001:db8:1:2::/64"), ("2001:db8::ffff", 127, "2001:db8::fffe/127"), ("2001:db8:0:0:8000::", 65, "2001:db8:0:0:8000::/65"),
        ]
    )
    func `clears the bits past its length`(address: String, length: Int, text: String) throws {
        let address = try #require(IPAddress(address))
        let prefix = try #require(IPPrefix(address, length: length))
        #expect("\(prefix)" == text)
    }

    @Test func `refuses lengths out of range`() throws {
        let four = try #require(IPAddress("10.0.0.0")), six = try #require(IPAddress("::"))
        for length in [-1, 33, 128, .max, .min] { #expect(IPPrefix(four, length: length) == nil) }
        for length in [-1, 129, .max, .min] { #expect(IPPrefix(six, length: length) == nil) }
    }

    /// The nth bit decides up to the length and not after it.
    @Test(arguments: [true, false]) func `contains what agrees in its first bits`(isIPv4: Bool) throws {
        let bits = isIPv4 ? 32 : 128
        var generator = SeededGenerator(seed: 3)
        for length in 0...bits {
            let low = UInt64.random(in: 0...(.max), using: &generator), high = UInt64.random(in: 0...(.max), using: &generator)
            let address = IPAddress(isIPv4 ? 0 : high, isIPv4 ? low >> 32 : low, isIPv4: isIPv4)
            let prefix = try #require(IPPrefix(address, length: length))
            #expect(prefix.contains(address))
            for bit in 0..<bits {
                var other = address
                let place = bits - 1 - bit
                if place >= 64 { other.high ^= 1 << UInt64(place - 64) } else { other.low ^= 1 << UInt64(place) }
                let inside = prefix.contains(other)
                #expect(inside == (bit >= length), "bit \(bit), length \(length)")
            }
        }
    }

    @Test func `contains no address of the other version`() throws {
        let all4 = try #require(IPPrefix(IPAddress(ipv4: 0), length: 0)), all6 = try #require(IPPrefix(IPAddress(0, 0, isIPv4: false), length: 0))
        #expect(!all4.contains(IPAddress(0, 1, isIPv4: false)))
        #expect(!all6.contains(IPAddress(ipv4: 1)))
    }

    @Test(arguments: [("10.0.0.0/8", "10.0.0.0", 8), ("10.1.2.3/8", "10.0.0.0", 8), ("192.0.2.1", "192.0.2.1", 32), ("2001:db8::/32", "2001:db8::", 32), ("::1", "::1", 128)])
    func `reads prefixes and single addresses`(text: String, address: String, length: Int) throws {
        let prefix = try #require(IPPrefix(parsing: text))
        #expect(prefix.address == IPAddress(address))
        #expect(prefix.length == length)
    }

    @Test(arguments: ["", "/", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/0008", "10.0.0/8", "10.0.0.0/8/8", "10.0.0.0/a"])
    func `reads no other text`(text: String) {
        #expect(IPPrefix(parsing: text) == nil)
    }
}
