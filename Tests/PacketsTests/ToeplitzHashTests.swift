import Packets
import TestSupport
import Testing

@Suite struct `Toeplitz hash` {
    /// Microsoft, "Verifying the RSS Hash Calculation": destination, its port, source, its port, the hash of the addresses, and that with the ports.
    static let vectors: [(String, UInt16, String, UInt16, UInt32, UInt32)] = [
        ("161.142.100.80", 1766, "66.9.149.187", 2794, 0x323e_8fc2, 0x51cc_c178),
        ("65.69.140.83", 4739, "199.92.111.2", 14230, 0xd718_262a, 0xc626_b0ea),
        ("12.22.207.184", 38024, "24.19.198.95", 12898, 0xd2d0_a5de, 0x5c2b_394a),
        ("209.142.163.6", 2217, "38.27.205.30", 48228, 0x8298_9176, 0xafc7_327f),
        ("202.188.127.2", 1303, "153.39.163.191", 44251, 0x5d18_09c5, 0x10e8_28a2),
        ("3ffe:2501:200:3::1", 1766, "3ffe:2501:200:1fff::7", 2794, 0x2cc1_8cd5, 0x4020_7d3d),
        ("ff02::1", 4739, "3ffe:501:8::260:97ff:fe40:efab", 14230, 0x0f0c_461c, 0xdde5_1bbf),
        ("fe80::200:f8ff:fe21:67cf", 38024, "3ffe:1900:4545:3:200:f8ff:fe21:67cf", 44251, 0x4b61_e985, 0x02d1_feef),
    ]

    private static func bytes(_ value: some FixedWidthInteger & UnsignedInteger) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { [UInt8]($0) } }

    private static func bytes(_ text: String) throws -> [UInt8] {
        let address = try #require(IPAddress(text))
        return address.isIPv4 ? bytes(UInt32(address.low)) : bytes(address.high) + bytes(address.low)
    }

    @Test(arguments: 0..<8) func `is that of Microsoft's vectors`(row: Int) throws {
        let (destination, destinationPort, source, sourcePort, addresses, all) = Self.vectors[row]
        let hash = ToeplitzHash()
        let input = try Self.bytes(source) + Self.bytes(destination)
        let (short, long) = (hash.hash(input), hash.hash(input + Self.bytes(sourcePort) + Self.bytes(destinationPort)))
        #expect(short == addresses)
        #expect(long == all)
    }

    @Test func `is the same for both directions by a key that repeats every 16 bits`() throws {
        let hash = ToeplitzHash(key: (0..<40).map { $0 % 2 == 0 ? 0x6d : 0x5a })
        for (destination, destinationPort, source, sourcePort, _, _) in Self.vectors {
            let (one, other) = (try Self.bytes(source), try Self.bytes(destination))
            let (onePort, otherPort) = (Self.bytes(sourcePort), Self.bytes(destinationPort))
            let (there, back) = (hash.hash(one + other + onePort + otherPort), hash.hash(other + one + otherPort + onePort))
            #expect(there == back)
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>) func `of a flow's addresses is that of the smaller one and the other, whoever sends`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let hash = ToeplitzHash()
        let (one, other) = (UInt32.random(in: 0...(.max), using: &random), UInt32.random(in: 0...(.max), using: &random))
        let expected = hash.hash(Self.bytes(min(one, other)) + Self.bytes(max(one, other)))
        for (source, destination) in [(one, other), (other, one)] {
            let (plain, fragment) = (Self.frame(source, destination), Self.frame(source, destination, fragment: 0x2000))
            let found = plain.withUnsafeBytes { bytes in
                let frame = Frame(bytes: bytes.baseAddress!, timestamp: .zero, length: UInt32(bytes.count), wireLength: UInt32(bytes.count))
                return withUnsafePointer(to: frame) { $0.plainAddresses(opening: .all).map { hash.hash(ipv4: $0) } }
            }
            #expect(found == expected)
            let read = fragment.withUnsafeBytes { bytes in
                let frame = Frame(bytes: bytes.baseAddress!, timestamp: .zero, length: UInt32(bytes.count), wireLength: UInt32(bytes.count))
                return (withUnsafePointer(to: frame) { $0.plainAddresses(opening: .all) }, hash.hash(addressesOf: Packet(frame).key))
            }
            #expect(read.0 == nil)
            #expect(read.1 == expected)
        }
    }

    /// Ethernet, IPv4, UDP.
    private static func frame(_ source: UInt32, _ destination: UInt32, fragment: UInt16 = 0) -> [UInt8] {
        let link = [UInt8](repeating: 2, count: 12) + [8, 0]
        let ip = [0x45, 0, 0, 60, 0, 7] + bytes(fragment) + [64, 17, 0, 0] + bytes(source) + bytes(destination)
        return link + ip + bytes(1000 as UInt16) + bytes(1001 as UInt16) + bytes(40 as UInt16) + [0, 0] + [UInt8](repeating: 0, count: 32)
    }
}
