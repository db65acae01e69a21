import Packets
import TestSupport
import Testing

@testable import Filters

@Suite struct `Address map` {
    @Test(arguments: 0..<60 as Range<UInt64>) func `gives those whose prefixes have the address`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let prefixes = (0..<Int.random(in: 0...120, using: &random)).map { _ in
            (prefix: IPPrefix.random(using: &random), member: Int.random(in: 0..<20, using: &random))
        }
        let map = AddressMap(prefixes)
        for address in IPAddress.probes(of: prefixes.map(\.prefix), using: &random) {
            let expected = Set(prefixes.filter { $0.prefix.contains(address) }.map { Int32($0.member) }).sorted()
            let found = Array(map.members(ofClass: map.classNumber(of: address)))
            #expect(found == expected, "\(address)")
        }
    }

    @Test func `gives the same class to what the same members have`() {
        let map = AddressMap([("10.0.0.0/8", 3), ("2001:db8::/32", 3), ("192.0.2.0/24", 3), ("192.0.2.0/24", 5)].map { (prefix: IPPrefix($0)!, member: $1) })
        func number(_ text: String) -> UInt32 { map.classNumber(of: IPAddress(text)!) }
        #expect(number("10.1.2.3") == number("2001:db8::1"))
        #expect(number("192.0.2.1") != number("10.1.2.3"))
        #expect(number("192.0.3.1") == 0)
        #expect(map.classCount == 3)
    }

    @Test func `keeps an IPv4 address apart from the IPv6 address of the same number`() {
        let map = AddressMap([(prefix: IPPrefix("192.0.2.1")!, member: 0)])
        #expect(map.classNumber(of: IPAddress("192.0.2.1")!) != 0)
        #expect(map.classNumber(of: IPAddress("::c000:201")!) == 0)
    }

    @Test func `takes 1,000 members of everything beside 10,000 addresses of one each`() {
        let everything = (0..<1000).map { (prefix: IPPrefix("0.0.0.0/0")!, member: $0) }
        let addresses = (0..<10_000).map { (prefix: IPPrefix(IPAddress(ipv4: UInt32($0) << 12), length: 32)!, member: 1000 + $0 % 3) }
        let map = AddressMap(everything + addresses)
        let members = map.members(ofClass: map.classNumber(ipv4: 7 << 12))
        #expect(members.count == 1001 && members.last == 1001)
        #expect(map.members(ofClass: map.classNumber(ipv4: 7 << 12 | 1)).count == 1000)
    }
}

@Suite struct `Address set` {
    @Test(arguments: 0..<60 as Range<UInt64>) func `has what one of its prefixes has`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let prefixes = (0..<Int.random(in: 0...200, using: &random)).map { _ in IPPrefix.random(using: &random) }
        let set = AddressSet(prefixes)
        for address in IPAddress.probes(of: prefixes, using: &random) {
            let expected = prefixes.contains { $0.contains(address) }
            #expect(set.contains(address) == expected, "\(address)")
        }
    }

    /// Addresses far apart from those around them, each twice as far as the last: grids within grids.
    @Test func `finds addresses whatever the distances between them`() {
        let prefixes = (0..<128).map { IPPrefix(UInt128(1) << UInt128($0)) } + (0..<32).map { IPPrefix(IPAddress(ipv4: 1 << $0), length: 32)! }
        let set = AddressSet(prefixes)
        var random = SeededGenerator(seed: 0)
        for address in IPAddress.probes(of: prefixes, using: &random) {
            let (found, expected) = (set.contains(address), prefixes.contains { $0.contains(address) })
            #expect(found == expected, "\(address)")
        }
    }

    @Test(arguments: ["0.0.0.0/0", "::/0", "0.0.0.0", "255.255.255.255", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "128.0.0.0/1", "8000::/1"])
    func `ends where a prefix ends, also at the edges`(text: String) {
        let prefix = IPPrefix(text)!
        let set = AddressSet([prefix])
        var random = SeededGenerator(seed: 0)
        for address in IPAddress.probes(of: [prefix], using: &random) {
            let (found, expected) = (set.contains(address), prefix.contains(address))
            #expect(found == expected, "\(address)")
        }
    }

    @Test func `100,000 addresses of one network and one of another are found`() {
        let prefixes = (0..<100_000).map { IPPrefix(UInt128(0x2001_0db8) << 96 | UInt128($0) * 3) } + [IPPrefix("fe80::1")!]
        let set = AddressSet(prefixes)
        #expect(set.contains(IPAddress("fe80::1")!) && !set.contains(IPAddress("fe80::2")!))
        let found = (0..<300_000).count { set.contains(IPPrefix(UInt128(0x2001_0db8) << 96 | UInt128($0)).address) }
        #expect(found == 100_000)
    }

    @Test func `an empty one has nothing`() {
        let set = AddressSet([])
        #expect(!set.contains(IPAddress("0.0.0.0")!) && !set.contains(IPAddress("::")!))
    }

    @Test func `is equal to one made of the same prefixes, and keeps them for its text`() {
        let prefixes = ["10.0.0.0/8", "2001:db8::/32"].map { IPPrefix($0)! }
        #expect(AddressSet(prefixes) == AddressSet(prefixes))
        #expect(AddressSet(prefixes).hashValue == AddressSet(prefixes).hashValue)
        #expect(AddressSet(prefixes) != AddressSet(prefixes, listName: "bad"))
        #expect(AddressSet(prefixes) != AddressSet(prefixes.reversed()))
        #expect(AddressSet(prefixes).prefixes == prefixes)
    }
}

extension IPPrefix {
    fileprivate init?(_ text: String) { self.init(parsing: text) }

    fileprivate init(_ number: UInt128) {
        self.init(IPAddress(UInt64(truncatingIfNeeded: number >> 64), UInt64(truncatingIfNeeded: number), isIPv4: false), length: 128)!
    }

    /// From few networks, so that they overlap, and of any length.
    fileprivate static func random(using random: inout SeededGenerator) -> IPPrefix {
        let isIPv4 = Bool.random(using: &random)
        let address = IPAddress.random(isIPv4: isIPv4, using: &random)
        return IPPrefix(address, length: Bool.random(using: &random) ? (isIPv4 ? 32 : 128) : Int.random(in: 0...(isIPv4 ? 32 : 128), using: &random))!
    }
}

extension IPAddress {
    fileprivate static func random(isIPv4: Bool, using random: inout SeededGenerator) -> IPAddress {
        func word() -> UInt64 { (random.next() >> UInt64.random(in: 0..<64, using: &random)) << UInt64.random(in: 0..<64, using: &random) }
        let base: UInt64 = [0, 0x2001_0db8 << 32, ~0].randomElement(using: &random)!
        return isIPv4 ? IPAddress(0, word() & 0xffff_ffff, isIPv4: true) : IPAddress(base ^ word(), word(), isIPv4: false)
    }

    /// The first and last addresses of prefixes and their neighbours, the first and last of all, and any others.
    fileprivate static func probes(of prefixes: [IPPrefix], using random: inout SeededGenerator) -> [IPAddress] {
        var probes = (0..<100).map { _ in IPAddress.random(isIPv4: .random(using: &random), using: &random) }
        probes += [IPAddress(0, 0, isIPv4: true), IPAddress(0, 0xffff_ffff, isIPv4: true), IPAddress(0, 0, isIPv4: false), IPAddress(~0, ~0, isIPv4: false)]
        for prefix in prefixes {
            let last = IPAddress(prefix.address.high | ~prefix.mask.high, prefix.address.low | ~prefix.mask.low, isIPv4: prefix.address.isIPv4)
            for edge in [prefix.address, prefix.address.isIPv4 ? IPAddress(0, last.low & 0xffff_ffff, isIPv4: true) : last] {
                probes += [edge, edge.next(1), edge.next(-1)]
            }
        }
        return probes
    }

    private func next(_ step: Int) -> IPAddress {
        if isIPv4 { return IPAddress(0, UInt64(UInt32(truncatingIfNeeded: low) &+ UInt32(truncatingIfNeeded: step)), isIPv4: true) }
        let number = (UInt128(high) << 64 | UInt128(low)) &+ UInt128(truncatingIfNeeded: step)
        return IPAddress(UInt64(truncatingIfNeeded: number >> 64), UInt64(truncatingIfNeeded: number), isIPv4: false)
    }
}
