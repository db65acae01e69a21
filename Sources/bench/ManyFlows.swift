import Foundation

/// Captures of as many packets as flows, in random order: each packet's connection is a cache miss.
enum ManyFlows {
    /// Bytes of each frame: an Ethernet frame of the shortest kind.
    static let frameBytes = 60
    /// Packets written at a time.
    private static let pieceSize = 100_000

    static func path(_ flows: Int, in folder: String) -> String { folder + "/fovea-\(flows)-flows.pcap" }

    /// Writes the capture (pcap, microseconds) if it is not there: UDP from 10.0.0.0/8 to 192.0.2.1, a port and an address a flow.
    ///
    /// - Parameter flows: 1..<2²⁴.
    static func make(_ flows: Int, at path: String) throws {
        let size = 24 + flows * (16 + frameBytes)
        if (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) == size { return }
        var order = Array(0..<UInt32(flows))
        var generator = SplitMix(state: 1)
        order.shuffle(using: &generator)

        guard FileManager.default.createFile(atPath: path, contents: nil), let handle = FileHandle(forWritingAtPath: path) else {
            throw BenchError(description: "\(path) cannot be written")
        }
        defer { try? handle.close() }
        var bytes: [UInt8] = []
        for word: UInt32 in [0xa1b2_c3d4, 4 << 16 | 2, 0, 0, 65535, 1] { append(word, to: &bytes) }
        for start in stride(from: 0, to: flows, by: pieceSize) {
            for flow in order[start..<min(start + pieceSize, flows)] { appendRecord(flow, to: &bytes) }
            try handle.write(contentsOf: bytes)
            bytes.removeAll(keepingCapacity: true)
        }
    }

    private static func appendRecord(_ flow: UInt32, to bytes: inout [UInt8]) {
        for word in [1_700_000_000, flow % 1_000_000, UInt32(frameBytes), UInt32(frameBytes)] { append(word, to: &bytes) }
        bytes += [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2]
        func big(_ value: UInt16) { bytes += [UInt8(value >> 8), UInt8(truncatingIfNeeded: value)] }
        big(0x0800)
        big(0x4500)
        big(UInt16(frameBytes - 14))
        for word: UInt16 in [0, 0, 0x4011, 0] { big(word) }
        big(0x0a00 | UInt16(flow >> 16))
        big(UInt16(truncatingIfNeeded: flow))
        bytes += [192, 0, 2, 1]
        big(UInt16(1024 + flow % 50_000))
        big(53)
        big(UInt16(frameBytes - 34))
        big(0)
        bytes += repeatElement(0, count: frameBytes - 42)
    }

    /// As this machine writes numbers.
    private static func append(_ value: UInt32, to bytes: inout [UInt8]) { withUnsafeBytes(of: value.littleEndian) { bytes += $0 } }
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
