/// What a packet with a long header is for, RFC 9000 17.2.
enum QUICPacketType: UInt8 {
    case initial, zeroRTT, handshake, retry
}

/// The head of a packet with a long header: RFC 8999 5.1 for any version, and RFC 9000 17.2 where that is how the version's go on.
///
///      0          8         40        48                 …         …
///     +----------+---------+---------+----------+---------+----------+
///     | 1 1 type |         | length  |   dest.  | length  |  source  |  Initial: token's length, token, length, number, payload
///     |  ··· ··  | version | of dest.|    ID    | of src. |    ID    |  0-RTT, Handshake: length, number, payload
///     +----------+---------+---------+----------+---------+----------+  Retry: token, tag; Version Negotiation: versions
struct QUICLongHeader: ~Escapable {
    let first: UInt8
    let version: QUICVersion
    /// Nil where it does not follow from the version.
    let type: QUICPacketType?
    let destination: QUICConnectionID
    let source: QUICConnectionID
    /// An Initial's, or a Retry's.
    let token: RawSpan
    /// Where what the length counts begins, with the packet's number; of a Retry its tag; of what is not known all behind the IDs.
    let rest: Int
    /// Where the packet ends, which may lie behind the bytes that were captured; another may follow it.
    let end: Int

    /// Nil unless the header is there as a whole, and holds together.
    @_lifetime(copy bytes)
    init?(_ bytes: RawSpan) {
        var reader = ByteReader(bytes)
        guard let first = reader.uint8(), first & 0x80 != 0, let number = reader.uint32() else { return nil }
        self.first = first
        version = QUICVersion(rawValue: number)
        guard let to = reader.vector8(), let from = reader.vector8(), let destination = QUICConnectionID(to), let source = QUICConnectionID(from)
        else { return nil }
        (self.destination, self.source) = (destination, source)
        guard let format = version.format else {
            type = nil
            token = bytes.extracting(first: 0)
            (rest, end) = (reader.offset, bytes.byteCount)
            return
        }
        // The "fixed bit" tells QUIC from others on its port, RFC 9000 17.2; RFC 9287 lets it go only later than here.
        guard first & 0x40 != 0 else { return nil }
        let type = format.type(first >> 4 & 3)
        self.type = type
        if type == .retry {
            guard reader.count >= QUICFormat.tagLength, let token = reader.bytes(reader.count - QUICFormat.tagLength) else { return nil }
            self.token = token
            (rest, end) = (reader.offset, bytes.byteCount)
            return
        }
        if type == .initial {
            guard let length = reader.variableInteger(), length <= UInt64(reader.count), let token = reader.bytes(Int(length)) else { return nil }
            self.token = token
        } else {
            token = bytes.extracting(first: 0)
        }
        // A number and what header protection is made of, RFC 9001 5.4.2; and what a datagram can hold.
        guard let length = reader.variableInteger(), (4 + 16...0xffff).contains(length) else { return nil }
        rest = reader.offset
        end = rest + Int(length)
    }
}

extension ByteReader {
    /// An integer whose first two bits say how long it is, RFC 9000 16.
    mutating func variableInteger() -> UInt64? {
        var ahead = self
        guard let first = ahead.uint8() else { return nil }
        var value = UInt64(first & 0x3f)
        for _ in 1..<(1 << Int(first >> 6)) {
            guard let byte = ahead.uint8() else { return nil }
            value = value << 8 | UInt64(byte)
        }
        self = ahead
        return value
    }
}
