import Packets
import Testing

@Suite struct `Flow key` {
    private func key(_ from: Int, _ to: Int, _ source: Int, _ destination: Int, vlan: Int = 0) -> FlowKey {
        read(ethernet(0x8100, tag(vlan, 0x0800, ipv4(6, tcp(from: source, to: destination), from: from, to: to)))).key
    }

    @Test func `hashes both directions to the same value`() {
        let seed = HashSeed(1)
        for n in 0..<1000 { #expect(key(n, 7, 1000 + n, 443).hash(seed: seed) == key(7, n, 443, 1000 + n).hash(seed: seed)) }
    }

    @Test func `hashes with the seed`() {
        let one = key(1, 2, 3, 4)
        let hashes = Set((0..<1000).map { one.hash(seed: HashSeed(UInt64($0))) })
        #expect(hashes.count == 1000)
        #expect(one.hash(seed: HashSeed()) != one.hash(seed: HashSeed()))
        #expect(one.hash(seed: HashSeed(5)) == one.hash(seed: HashSeed(5)))
    }

    @Test func `hashes every word`() {
        let seed = HashSeed(9)
        var hashes: Set<UInt64> = []
        for word in 0..<6 {
            for bit in 0..<64 {
                var changed = key(1, 2, 3, 4)
                withUnsafeMutableBytes(of: &changed.words) { $0.bindMemory(to: UInt64.self)[word] ^= 1 << UInt64(bit) }
                hashes.insert(changed.hash(seed: seed))
            }
        }
        #expect(hashes.count == 6 * 64)
    }

    @Test func `an IPv4 flow is not the IPv6 flow with the same numbers`() {
        let four = key(1, 2, 40000, 443)
        var six = four
        six.words.5 = 6 << 56 | four.words.5 & 0x00ff_ffff_ffff_ffff
        #expect(four != six)
        #expect(four.hash(seed: HashSeed(1)) != six.hash(seed: HashSeed(1)))
    }

    /// Neighbours, as scans and address pools make them: the low and the high bits of the hash must both spread them. With 2¹⁶ keys in
    /// 2¹⁰ buckets, chi-square has a mean of 1023 and a standard deviation of 45.
    @Test(arguments: 0..<4 as Range<UInt64>, ["addresses", "ports", "both", "VLANs"]) func `spreads neighbours evenly`(seed: UInt64, what: String) {
        let seed = HashSeed(seed &* 0x1234_5678_9abc_def1)
        var low = [Int](repeating: 0, count: 1024)
        var high = low
        // The key is written in place: reading 2¹⁶ frames is another test's job.
        var key = key(0x0a00_0000, 0x0b00_0001, 0, 443)
        for n in 0..<UInt64(1 << 16) {
            switch what {
            case "addresses": key.words.1 = 0x0a00_0000 + n
            case "ports": key.words.4 = n << 48 | 443 << 32
            case "both": (key.words.1, key.words.4) = (0x0a00_0000 + n >> 8, (n & 0xff) << 48 | 443 << 32)
            default: key.words.4 = 443 << 32 | (n & 0xff) << 16 | n >> 8
            }
            let hash = key.hash(seed: seed)
            low[Int(hash & 1023)] += 1
            high[Int(hash >> 54)] += 1
        }
        for buckets in [low, high] {
            let chiSquare = buckets.reduce(0.0) { $0 + Double(($1 - 64) * ($1 - 64)) / 64 }
            #expect(chiSquare < 1023 + 6 * 45)
            #expect(buckets.max()! < 64 + 7 * 8)
        }
    }

    @Test func `names its parts`() {
        let key = key(0x0a00_0002, 0x0a00_0001, 40000, 443, vlan: 12)
        #expect("\(key.addressA)" == "10.0.0.1")
        #expect("\(key.addressB)" == "10.0.0.2")
        #expect((key.portA, key.portB) == (443, 40000))
        #expect((key.outerVLAN, key.innerVLAN) == (12, 0))
        #expect(key.isIPv4)
        #expect("\(key.transport)" == "tcp")
    }
}
