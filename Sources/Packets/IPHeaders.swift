/// An IPv4 header, RFC 791.
///
///      0       4       8              16      19             31
///     +-------+-------+--------------+----------------------+
///     |version|  IHL  |   services   |     total length     |
///     +-------+-------+--------------+------+---------------+
///     |       identification         |flags |fragment offset|
///     +---------------+--------------+------+---------------+
///     | time to live  |   protocol   |       checksum       |
///     +---------------+--------------+----------------------+
///     |                   source address                    |
///     |                 destination address                 |
///     |                    options, 0…40                    |
///     +-----------------------------------------------------+
struct IPv4Header {
    /// In bytes, 20...60.
    var headerLength: Int
    /// In bytes, header included. Beyond the frame when someone cut it: a capture without wire lengths, a router that quotes.
    var totalLength: Int
    var transport: TransportProtocol
    /// In units of 8 bytes.
    var fragmentOffset: UInt16
    var moreFragments: Bool
    var source: UInt32
    var destination: UInt32

    init?(_ bytes: Bytes, at offset: Int, refusal: inout PacketProblem) {
        guard let first = bytes.uint32(at: offset), let fragment = bytes.uint16(at: offset + 6), let number = bytes.uint8(at: offset + 9),
            let source = bytes.uint32(at: offset + 12), let destination = bytes.uint32(at: offset + 16)
        else {
            refusal = .ipHeaderCut
            return nil
        }
        guard first >> 28 == 4 else {
            refusal = .ipBadVersion
            return nil
        }
        headerLength = Int(first >> 24 & 0xf) * 4
        guard headerLength >= 20 else {
            refusal = .ipBadHeaderLength
            return nil
        }
        totalLength = Int(first & 0xffff)
        // A host that leaves segmentation to its card may show a total length of 0 for a frame it is about to send.
        if totalLength == 0 { totalLength = bytes.wireCount - offset }
        guard totalLength >= headerLength else {
            refusal = .ipBadTotalLength
            return nil
        }
        guard bytes.has(offset + headerLength) else {
            refusal = .ipHeaderCut
            return nil
        }
        transport = TransportProtocol(rawValue: number)
        fragmentOffset = fragment & 0x1fff
        moreFragments = fragment & 0x2000 != 0
        self.source = source
        self.destination = destination
    }
}

/// An IPv6 header, RFC 8200.
///
///      0       4              12             16             24             31
///     +-------+--------------+-------------------------------------------+
///     |version|traffic class |                flow label                 |
///     +-------+--------------+-------+--------------+--------------------+
///     |        payload length        |  next header |      hop limit     |
///     +------------------------------+--------------+--------------------+
///     |                      source address, 128 bits                    |
///     |                   destination address, 128 bits                  |
///     +------------------------------------------------------------------+
struct IPv6Header {
    static let byteCount = 40

    /// In bytes, header included; never beyond the frame on the wire.
    var totalLength: Int
    var nextHeader: TransportProtocol
    var source: (UInt64, UInt64)
    var destination: (UInt64, UInt64)

    init?(_ bytes: Bytes, at offset: Int, refusal: inout PacketProblem) {
        guard let first = bytes.uint64(at: offset), let s0 = bytes.uint64(at: offset + 8), let s1 = bytes.uint64(at: offset + 16),
            let d0 = bytes.uint64(at: offset + 24), let d1 = bytes.uint64(at: offset + 32)
        else {
            refusal = .ipHeaderCut
            return nil
        }
        guard first >> 60 == 6 else {
            refusal = .ipBadVersion
            return nil
        }
        nextHeader = TransportProtocol(rawValue: UInt8(truncatingIfNeeded: first >> 8))
        let payloadLength = Int(first >> 16 & 0xffff)
        totalLength = Self.byteCount + payloadLength
        if payloadLength == 0, nextHeader != .noNextHeader {
            guard let jumbo = Self.jumboLength(nextHeader, bytes, at: offset + Self.byteCount) else {
                refusal = .ipv6BadJumbogram
                return nil
            }
            totalLength = Self.byteCount + jumbo
        }
        guard offset + totalLength <= bytes.wireCount else {
            refusal = .ipBadTotalLength
            return nil
        }
        source = (s0, s1)
        destination = (d0, d1)
    }

    /// A jumbogram's payload length (RFC 2675), for a payload length of 0; the option stands first in the hop-by-hop header. A host that leaves
    /// segmentation to its card shows 0 without it when the payload passes 65,535 bytes.
    private static func jumboLength(_ next: TransportProtocol, _ bytes: Bytes, at offset: Int) -> Int? {
        if next == .hopByHopOptions, bytes.uint16(at: offset + 2) == 0xc204 {
            guard let length = bytes.uint32(at: offset + 4), length > 65535 else { return nil }
            return Int(length)
        }
        let rest = bytes.wireCount - offset
        return rest > 65535 ? rest : nil
    }
}

extension TransportProtocol {
    static let noNextHeader = TransportProtocol(rawValue: 59)
}
