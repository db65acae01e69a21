/// A frame's captured bytes, read in network order; nil for what lies beyond them.
struct Bytes {
    private let start: UnsafeRawPointer
    private(set) var count: Int
    /// The frame's length on the wire, at least `count`.
    private(set) var wireCount: Int
    let linkType: LinkType

    init(_ frame: Frame) {
        start = frame.bytes
        count = Int(frame.length)
        wireCount = Int(max(frame.wireLength, frame.length))
        linkType = frame.linkType
    }

    /// The same without what lies past `end`, by a link header's own length.
    func upTo(_ end: Int) -> Bytes {
        var bytes = self
        bytes.count = min(count, end)
        bytes.wireCount = min(wireCount, end)
        return bytes
    }

    /// Whether the bytes before `end` were captured.
    @inline(__always)
    func has(_ end: Int) -> Bool { end <= count }

    @inline(__always)
    private func load<Integer: FixedWidthInteger>(_ offset: Int, as type: Integer.Type) -> Integer? {
        guard offset >= 0, offset + MemoryLayout<Integer>.size <= count else { return nil }
        return Integer(bigEndian: start.loadUnaligned(fromByteOffset: offset, as: Integer.self))
    }

    func uint8(at offset: Int) -> UInt8? { load(offset, as: UInt8.self) }
    func uint16(at offset: Int) -> UInt16? { load(offset, as: UInt16.self) }
    func uint32(at offset: Int) -> UInt32? { load(offset, as: UInt32.self) }
    func uint64(at offset: Int) -> UInt64? { load(offset, as: UInt64.self) }
}
