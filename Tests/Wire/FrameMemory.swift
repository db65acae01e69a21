import Packets

/// Packets in memory that does not move, as a burst has them.
public final class FrameMemory {
    private let memory: UnsafeMutableRawBufferPointer
    public private(set) var frames: [Frame] = []

    public init(_ packets: [Sent]) {
        memory = .allocate(byteCount: max(1, packets.reduce(0) { $0 + $1.bytes.count }), alignment: 8)
        var offset = 0
        frames.reserveCapacity(packets.count)
        for packet in packets {
            let bytes = UnsafeMutableRawBufferPointer(rebasing: memory[offset..<offset + packet.bytes.count])
            bytes.copyBytes(from: packet.bytes)
            frames.append(
                Frame(
                    bytes: UnsafeRawPointer(memory.baseAddress! + offset), timestamp: Timestamp(nanoseconds: packet.time), length: UInt32(packet.bytes.count),
                    wireLength: UInt32(packet.wireLength)))
            offset += packet.bytes.count
        }
    }

    deinit { memory.deallocate() }
}
