import Glibc
import Packets

/// The first bytes of payload that one side's packets brought, as they came: of TCP not put in order, and what is sent twice is there twice. Of cut frames what
/// was captured.
public struct PayloadSample<let capacity: Int>: BitwiseCopyable, Sendable {
    public private(set) var count = 0
    private var bytes = InlineArray<capacity, UInt8>(repeating: 0)

    public init() {}

    public var isFull: Bool { count == capacity }

    public mutating func add(_ packet: Packet, _ frame: RawSpan) {
        guard count < capacity, packet.payloadLength > 0 else { return }
        let start = Int(packet.payloadOffset)
        let length = min(capacity - count, Int(packet.payloadCaptured), frame.byteCount - start)
        guard length > 0 else { return }
        for offset in 0..<length { bytes[count + offset] = frame.unsafeLoad(fromByteOffset: start + offset, as: UInt8.self) }
        count += length
    }

    /// Shannon's entropy of the bytes in bits a byte, as if each stood for itself: 0 where all are the same, at most 8, and no more than the logarithm of
    /// `count`. Enciphered and packed bytes come close to that, text has about 4 to 5. Nil of nothing.
    public var entropy: Double? {
        guard count > 0 else { return nil }
        var counts = InlineArray<256, UInt16>(repeating: 0)
        for index in 0..<count { counts[Int(bytes[index])] &+= 1 }
        var sum = 0.0
        for value in 0..<256 where counts[value] > 0 {
            let share = Double(counts[value]) / Double(count)
            sum -= share * log2(share)
        }
        // Of a single value it would be -0.
        return max(0, sum)
    }
}
