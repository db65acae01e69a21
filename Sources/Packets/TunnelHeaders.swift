/// A tunnel's header, read: what the tunnel is, and where in the frame what it carries lies.
///
/// One function a kind; nil where the bytes are not such a header, or it announces something other than IP, Ethernet or MPLS: then the packet is what it
/// was without it.
struct TunnelHeader {
    enum Content {
        case ethernet, ipv4, ipv6, mpls
        /// Told by its first four bits.
        case ip

        /// What an EtherType announces.
        init?(_ type: UInt16) {
            switch type {
            case EtherType.ipv4: self = .ipv4
            case EtherType.ipv6: self = .ipv6
            case EtherType.transparentBridging: self = .ethernet
            case _ where EtherType.mpls.contains(type): self = .mpls
            default: return nil
            }
        }
    }

    var kind: TunnelKind
    /// As the header has it; 0 where it has none.
    var id: UInt32 = 0
    var content: Content
    /// Where the content begins, and where the tunnel's packet ends.
    var start: Int
    var end: Int

    /// GRE, RFC 2784; key and sequence number of RFC 2890.
    ///
    ///      0             8                16                     31
    ///     +-+-+-+-+-----+-------+--------+----------------------+
    ///     |C|0|K|S|  0  |   0   |version |     protocol type    |
    ///     +-+-+-+-+-----+-------+--------+----------------------+
    ///     |     checksum, if C           |          0           |
    ///     |                    key, if K                        |
    ///     |              sequence number, if S                  |
    ///     +-----------------------------------------------------+
    static func gre(_ bytes: Bytes, at offset: Int, end: Int) -> TunnelHeader? {
        // Bits 1, 4 and 5 are RFC 1701's, which nobody else may accept; version 1 is PPTP's.
        guard let flags = bytes.uint16(at: offset), flags & 0x4c07 == 0, let type = bytes.uint16(at: offset + 2) else { return nil }
        var start = offset + (flags & 0x8000 == 0 ? 4 : 8)
        var key: UInt32 = 0
        if flags & 0x2000 != 0 {
            guard let word = bytes.uint32(at: start) else { return nil }
            key = word
            start += 4
        }
        let hasSequence = flags & 0x1000 != 0
        if hasSequence { start += 4 }
        guard start <= end else { return nil }
        if type == EtherType.erspan { return hasSequence ? erspan(bytes, at: start, end: end) : nil }
        return Content(type).map { TunnelHeader(kind: .gre, id: key, content: $0, start: start, end: end) }
    }

    /// ERSPAN Type II, draft-foschiano-erspan.
    ///
    ///      0       4              16    19 21 22               31
    ///     +-------+--------------+-----+--+-+------------------+
    ///     |   1   |     VLAN     | COS |En|T|     session      |
    ///     +-------+--------------+-----+--+-+------------------+
    ///     |       reserved       |          index              |
    ///     +----------------------+-----------------------------+
    private static func erspan(_ bytes: Bytes, at offset: Int, end: Int) -> TunnelHeader? {
        guard let first = bytes.uint32(at: offset), first >> 28 == 1, offset + 8 <= end else { return nil }
        return TunnelHeader(kind: .erspan, id: first & 0x3ff, content: .ethernet, start: offset + 8, end: end)
    }

    /// VXLAN, RFC 7348.
    ///
    ///      0               8                             24       31
    ///     +---------------+------------------------------+--------+
    ///     |R R R R I R R R|           reserved, a group policy    |
    ///     +---------------+------------------------------+--------+
    ///     |          network identifier (VNI)            |    0   |
    ///     +----------------------------------------------+--------+
    static func vxlan(_ bytes: Bytes, _ payload: Range<Int>) -> TunnelHeader? {
        guard let first = bytes.uint8(at: payload.lowerBound), first & 0x08 != 0, let last = bytes.uint32(at: payload.lowerBound + 4), last & 0xff == 0,
            payload.count >= 8
        else { return nil }
        return TunnelHeader(kind: .vxlan, id: last >> 8, content: .ethernet, start: payload.lowerBound + 8, end: payload.upperBound)
    }

    /// Geneve, RFC 8926. Control packets (O) carry no traffic.
    ///
    ///      0   2         8                16                     31
    ///     +---+---------+-+-+------------+----------------------+
    ///     | 0 | options |O|C|     0      |     protocol type    |
    ///     +---+---------+-+-+------------+------------+---------+
    ///     |          network identifier (VNI)         |    0    |
    ///     +-------------------------------------------+---------+
    ///     |            options, in units of 4 bytes             |
    ///     +-----------------------------------------------------+
    static func geneve(_ bytes: Bytes, _ payload: Range<Int>) -> TunnelHeader? {
        guard let first = bytes.uint32(at: payload.lowerBound), first & 0xc0bf_0000 == 0, let last = bytes.uint32(at: payload.lowerBound + 4),
            last & 0xff == 0
        else { return nil }
        let start = payload.lowerBound + 8 + Int(first >> 24) * 4
        guard start <= payload.upperBound, let content = Content(UInt16(truncatingIfNeeded: first)) else { return nil }
        return TunnelHeader(kind: .geneve, id: last >> 8, content: content, start: start, end: payload.upperBound)
    }

    /// GTP-U, 3GPP TS 29.281: a user's packet (T-PDU) of version 1.
    ///
    ///      0     3  4 5 6 7 8              16                    31
    ///     +-----+--+-+-+-+-+---------------+--------------------+
    ///     |  1  |1 |0|E|S|N|   type, 255   |       length       |
    ///     +-----+--+-+-+-+-+---------------+--------------------+
    ///     |           tunnel endpoint identifier (TEID)         |
    ///     +--------------------------------+---------+----------+
    ///     |  sequence number, if any of    | N-PDU   | next     |  E, S, N is set
    ///     +--------------------------------+---------+----------+
    ///     |  extension headers, if E: length in units of 4 bytes,
    ///     |  content, type of the next extension header or 0    |
    ///     +-----------------------------------------------------+
    static func gtpu(_ bytes: Bytes, _ payload: Range<Int>) -> TunnelHeader? {
        guard let first = bytes.uint32(at: payload.lowerBound), first >> 28 == 3, first >> 16 & 0xff == 255,
            let teid = bytes.uint32(at: payload.lowerBound + 4), Int(first & 0xffff) + 8 == payload.count
        else { return nil }
        var start = payload.lowerBound + 8
        if first >> 24 & 7 != 0 {
            guard var next = bytes.uint8(at: start + 3) else { return nil }
            if first >> 24 & 4 == 0 { next = 0 }
            start += 4
            for _ in 0..<Packet.maxExtensionHeaders where next != 0 {
                guard let units = bytes.uint8(at: start), units > 0, let following = bytes.uint8(at: start + Int(units) * 4 - 1) else { return nil }
                start += Int(units) * 4
                next = following
            }
            guard next == 0 else { return nil }
        }
        guard start <= payload.upperBound else { return nil }
        return TunnelHeader(kind: .gtpu, id: teid, content: .ip, start: start, end: payload.upperBound)
    }

    /// Teredo, RFC 4380: an IPv6 packet, behind what servers put in front of it; then nothing but trailers (RFC 6081).
    ///
    ///     +-----------------------------------------------------+
    ///     |     1, authentication        | id bytes | auth bytes|  optional
    ///     |  id, authentication value, nonce (8), confirmation  |
    ///     +-----------------------------------------------------+
    ///     |     0, origin                |    port, inverted    |  optional
    ///     |              IPv4 address, inverted                 |
    ///     +-----------------------------------------------------+
    ///     |  IPv6 packet                                        |
    ///     +--------------+-------------+------------------------+
    ///     |     type     |   length    |         value          |  a trailer, any number of them
    ///     +--------------+-------------+------------------------+
    static func teredo(_ bytes: Bytes, _ payload: Range<Int>) -> TunnelHeader? {
        var start = payload.lowerBound
        if bytes.uint16(at: start) == 1 {
            guard let idLength = bytes.uint8(at: start + 2), let valueLength = bytes.uint8(at: start + 3) else { return nil }
            start += 13 + Int(idLength) + Int(valueLength)
        }
        if bytes.uint16(at: start) == 0 { start += 8 }
        guard let first = bytes.uint8(at: start), first >> 4 == 6, let length = bytes.uint16(at: start + 4) else { return nil }
        let end = start + IPv6Header.byteCount + Int(length)
        var trailer = end
        while trailer < payload.upperBound {
            guard let length = bytes.uint8(at: trailer + 1) else { return nil }
            trailer += 2 + Int(length)
        }
        return trailer == payload.upperBound ? TunnelHeader(kind: .teredo, content: .ipv6, start: start, end: end) : nil
    }
}
