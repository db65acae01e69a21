/// A frame's captured bytes, read in network order; nil for what lies beyond them.
struct Bytes {
    private let start: UnsafeRawPointer
    private(set) var count: Int
    /// The frame's length on the wire, at least `count`.
    private(set) var wireCount: Int
    let linkType: LinkType
    /// The tunnels to open in them.
    let tunnels: TunnelKinds
    private(set) var extent = Extent.frame

    /// What a packet in the bytes may claim beyond them.
    enum Extent {
        /// The rest of an IPv4 packet, for a capture without wire lengths has lost it.
        case frame
        /// Nothing: the tunnel around it says how long it is.
        case tunnel
        /// Anything behind its ports: whoever quotes a packet cuts it.
        case quote
    }

    init(_ frame: Frame, opening tunnels: TunnelKinds) {
        start = frame.bytes
        count = Int(frame.length)
        wireCount = Int(max(frame.wireLength, frame.length))
        linkType = frame.linkType
        self.tunnels = tunnels
    }

    /// The same without what lies past `end`, by a link header's own length.
    func upTo(_ end: Int) -> Bytes {
        var bytes = self
        bytes.count = min(count, end)
        bytes.wireCount = min(wireCount, end)
        return bytes
    }

    /// What a tunnel's packet that ends at `end` carries.
    func tunnel(upTo end: Int) -> Bytes {
        var bytes = upTo(end)
        bytes.extent = .tunnel
        return bytes
    }

    /// What an ICMP error that ends at `end` quotes.
    func quote(upTo end: Int) -> Bytes {
        var bytes = upTo(end)
        bytes.extent = .quote
        bytes.wireCount = Int(UInt32.max)
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
