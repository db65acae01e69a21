import Foundation

/// Makes a capture of as many packets as flows, in random order: each packet's connection is a cache miss.
enum ManyFlows {
    static let flows = 400_000
    /// Bytes of each frame: an Ethernet frame of the shortest kind.
    static let frameBytes = 60

    /// Writes the capture (pcap, microseconds) if it is not there: UDP from 10.0.0.0/8 to 192.0.2.1, a port and an address a flow.
    static func make(at path: String) throws {
        let size = 24 + flows * (16 + frameBytes)
        if (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) == size { return }
        var order = Array(0..<UInt32(flows))
        var generator = SplitMix(state: 1)
        order.shuffle(using: &generator)

        var file: [UInt8] = []
        file.reserveCapacity(size)
        func little(_ value: UInt32) { withUnsafeBytes(of: value.littleEndian) { file += $0 } }
        func big(_ value: UInt16) { withUnsafeBytes(of: value.bigEndian) { file += $0 } }
        for word: UInt32 in [0xa1b2_c3d4, 4 << 16 | 2, 0, 0, 65535, 1] { little(word) }
        for flow in order {
            little(1_700_000_000)
            little(flow)
            little(UInt32(frameBytes))
            little(UInt32(frameBytes))
            file += [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2]
            big(0x0800)
            big(0x4500)
            big(UInt16(frameBytes - 14))
            for word: UInt16 in [0, 0, 0x4011, 0] { big(word) }
            big(0x0a00 | UInt16(flow >> 16))
            big(UInt16(truncatingIfNeeded: flow))
            file += [192, 0, 2, 1]
            big(UInt16(1024 + flow % 50_000))
            big(53)
            big(UInt16(frameBytes - 34))
            big(0)
            file += [UInt8](repeating: 0, count: frameBytes - 42)
        }
        try Data(file).write(to: URL(fileURLWithPath: path))
    }
}

/// A seeded generator (SplitMix64), so that the capture is the same everywhere.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
