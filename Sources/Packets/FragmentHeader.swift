/// What a fragment's headers say of its place in the datagram that it is a piece of: IPv4's own header (RFC 791), or IPv6's fragment header (RFC 8200,
/// section 4.5), wherever it stands in the chain.
///
///      frame   │ link … │ IP header │ options, extension headers │ fragment header │ fragment │
///                        ↑ network                                                  ↑ payload
public struct FragmentHeader: Sendable {
    /// 16 bits of it in IPv4.
    public var identification: UInt32
    /// Where the fragment's bytes stand in the datagram's payload; a multiple of 8, 65,528 at most.
    public var offset: Int
    public var moreFragments: Bool
    /// IPv4's protocol. IPv6: the header that the payload begins with, which counts in the first fragment alone.
    public var transport: TransportProtocol
    /// Where the IP header begins in the frame.
    public var network: Int
    /// Bytes of options or of the extension headers that come before the fragment header: they count into the datagram's length.
    public var optionLength: Int
    /// The fragment's bytes in the frame, by the headers.
    public var payload: Range<Int>

    /// Bytes of an IP header without options.
    public static let ipv4HeaderLength = 20
    public static let ipv6HeaderLength = IPv6Header.byteCount

    /// - Parameter packet: what was read of the frame; nil unless that is a fragment.
    public init?(_ packet: UnsafePointer<Packet>, _ frame: UnsafePointer<Frame>) {
        guard packet.pointee.kind == .fragment || packet.pointee.kind == .firstFragment else { return nil }
        let bytes = Bytes(frame.pointee, opening: [])
        network = Int(packet.pointee.networkOffset)
        let end = network + Int(packet.pointee.ipLength)
        let start: Int
        if packet.pointee.isIPv4 {
            guard let first = bytes.uint8(at: network), let identification = bytes.uint16(at: network + 4),
                let position = bytes.uint16(at: network + 6), let number = bytes.uint8(at: network + 9)
            else { return nil }
            self.identification = UInt32(identification)
            offset = Int(position & 0x1fff) * 8
            moreFragments = position & 0x2000 != 0
            transport = TransportProtocol(rawValue: number)
            start = network + Int(first & 0xf) * 4
            optionLength = start - network - Self.ipv4HeaderLength
        } else {
            guard let header = Self.ipv6FragmentHeader(bytes, behind: network), let position = bytes.uint16(at: header + 2),
                let identification = bytes.uint32(at: header + 4), let next = bytes.uint8(at: header)
            else { return nil }
            self.identification = identification
            offset = Int(position & 0xfff8)
            moreFragments = position & 1 != 0
            transport = TransportProtocol(rawValue: next)
            start = header + 8
            optionLength = header - network - Self.ipv6HeaderLength
        }
        guard start <= end else { return nil }
        payload = start..<end
    }

    /// Where the header stands that makes a packet a fragment: the first that is not atomic (RFC 6946).
    private static func ipv6FragmentHeader(_ bytes: Bytes, behind network: Int) -> Int? {
        guard var next = bytes.uint8(at: network + 6).map(TransportProtocol.init(rawValue:)) else { return nil }
        var offset = network + ipv6HeaderLength
        for _ in 0..<Packet.maxExtensionHeaders {
            guard let following = bytes.uint8(at: offset), let length = bytes.uint8(at: offset + 1) else { return nil }
            switch next {
            case .fragmentHeader:
                guard let position = bytes.uint16(at: offset + 2) else { return nil }
                if position & 0xfff9 != 0 { return offset }
                offset += 8
            case .authenticationHeader: offset += (Int(length) + 2) * 4
            // Whatever else the reader stepped over on its way to the fragment header.
            default: offset += (Int(length) + 1) * 8
            }
            next = TransportProtocol(rawValue: following)
        }
        return nil
    }
}
