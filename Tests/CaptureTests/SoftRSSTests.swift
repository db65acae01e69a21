import CDPDK
import Packets
import TestSupport
import Testing

@Suite struct `Our Toeplitz hash` {
    @Test(arguments: 0..<50 as Range<UInt64>) func `is DPDK's`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let key = (0..<40).map { _ in UInt8.random(in: 0...255, using: &random) }
        // IPv4 and IPv6, without and with ports.
        for count in [2, 3, 8, 9] {
            var words = (0..<count).map { _ in UInt32.random(in: 0...(.max), using: &random) }
            let bytes = words.flatMap { word in withUnsafeBytes(of: word.bigEndian) { [UInt8]($0) } }
            let ours = ToeplitzHash(key: key).hash(bytes)
            #expect(ours == shim_softrss(&words, UInt32(count), key))
        }
    }
}
