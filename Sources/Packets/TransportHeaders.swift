/// A TCP header, RFC 9293.
///
///      0              4        8       16                   31
///     +------------------------------+----------------------+
///     |         source port          |   destination port   |
///     +------------------------------+----------------------+
///     |                   sequence number                   |
///     |                acknowledgment number                |
///     +-------------+--------+-------+----------------------+
///     | data offset | unused | flags |        window        |
///     +-------------+--------+-------+----------------------+
///     |           checksum           |    urgent pointer    |
///     |                    options, 0…40                    |
///     +-----------------------------------------------------+
struct TCPHeader {
    /// Source port in the upper half, destination port in the lower.
    var ports: UInt32
    var sequence: SequenceNumber
    var acknowledgment: SequenceNumber
    /// In bytes, 20...60.
    var headerLength: Int
    var flags: TCPFlags
    var window: UInt16

    /// `end`: where the IP packet ends.
    init?(_ bytes: Bytes, at offset: Int, end: Int, refusal: inout PacketProblem) {
        guard end - offset >= 20, let ports = bytes.uint32(at: offset), let sequence = bytes.uint32(at: offset + 4),
            let acknowledgment = bytes.uint32(at: offset + 8), let rest = bytes.uint32(at: offset + 12), bytes.has(offset + 20)
        else {
            refusal = .tcpHeaderCut
            return nil
        }
        headerLength = Int(rest >> 28) * 4
        guard headerLength >= 20, offset + headerLength <= end else {
            refusal = .tcpBadDataOffset
            return nil
        }
        self.ports = ports
        self.sequence = SequenceNumber(sequence)
        self.acknowledgment = SequenceNumber(acknowledgment)
        flags = TCPFlags(rawValue: UInt8(truncatingIfNeeded: rest >> 16))
        window = UInt16(truncatingIfNeeded: rest)
    }
}

/// A UDP header, RFC 768.
///
///      0             15 16            31
///     +----------------+----------------+
///     |  source port   | destination p. |
///     +----------------+----------------+
///     |     length     |    checksum    |
///     +----------------+----------------+
struct UDPHeader {
    static let byteCount = 8

    /// Source port in the upper half, destination port in the lower.
    var ports: UInt32
    /// In bytes, header included.
    var length: Int

    /// `end`: where the IP packet ends. A first fragment's datagram may be longer than the packet.
    init?(_ bytes: Bytes, at offset: Int, end: Int, isFragment: Bool, refusal: inout PacketProblem) {
        guard end - offset >= Self.byteCount, let ports = bytes.uint32(at: offset), let length = bytes.uint16(at: offset + 4),
            bytes.has(offset + Self.byteCount)
        else {
            refusal = .udpHeaderCut
            return nil
        }
        self.ports = ports
        self.length = Int(length)
        // RFC 2675: a datagram too long for the field says 0.
        if length == 0, end - offset > 65535 { self.length = end - offset }
        guard self.length >= Self.byteCount, isFragment || offset + self.length <= end else {
            refusal = .udpBadLength
            return nil
        }
    }
}
