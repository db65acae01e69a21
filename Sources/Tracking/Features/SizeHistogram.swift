import Packets

/// Packets with payload by size, in bins of powers of two: bin n has those of 2ⁿ ..< 2ⁿ⁺¹ bytes, the last what is larger, too.
public struct SizeHistogram: BitwiseCopyable, Sendable {
    public static var binCount: Int { 16 }
    private var bins = InlineArray<16, UInt32>(repeating: 0)

    public init() {}

    /// At most 2³² - 1 of each.
    public var counts: [UInt32] { (0..<Self.binCount).map { bins[$0] } }

    public mutating func add(_ packet: Packet) {
        guard packet.payloadLength > 0 else { return }
        let bin = min(Self.binCount - 1, UInt32.bitWidth - 1 - packet.payloadLength.leadingZeroBitCount)
        if bins[bin] < .max { bins[bin] += 1 }
    }
}
