/// A record in the clear, RFC 6347 4.1: a datagram carries one or more. DTLS 1.3 has the same for what is not encrypted (RFC 9147 4).
///
///     +--------------+---------------+---------------+-----------------+---------------+----------
///     | content type |    version    |     epoch     | sequence number |    length     | fragment …
///     |    1 byte    |    2 bytes    |    2 bytes    |     6 bytes     |    2 bytes    |
///     +--------------+---------------+---------------+-----------------+---------------+----------
struct DTLSRecord: ~Escapable {
    let type: TLSContentType
    let epoch: UInt16
    /// The sequence number's upper 16 bits: 0 of anybody's who has sent less than 2³² records.
    let sequenceHead: UInt16
    let fragment: RawSpan

    /// The next of a datagram; nil, and nothing is read, unless all of it is there.
    @_lifetime(copy reader)
    init?(_ reader: inout ByteReader) {
        var ahead = reader
        guard let type = ahead.uint8().flatMap(TLSContentType.init), let version = ahead.uint16(), TLSVersion(rawValue: version).isDTLS,
            let epoch = ahead.uint16(), let head = ahead.uint16(), ahead.uint32() != nil, let fragment = ahead.vector16(),
            fragment.byteCount <= TLSRecordHeader.longestFragment
        else { return nil }
        reader = ahead
        self.type = type
        self.epoch = epoch
        sequenceHead = head
        self.fragment = fragment
    }
}

/// A handshake message's fragment, RFC 6347 4.2.2: whole messages are their own only fragment.
///
///     +--------------+---------------+------------------+-----------------+-----------------+----------
///     |     type     |    length     | message sequence | fragment offset | fragment length | fragment …
///     |    1 byte    |    3 bytes    |     2 bytes      |     3 bytes     |     3 bytes     |
///     +--------------+---------------+------------------+-----------------+-----------------+----------
struct DTLSFragment: ~Escapable {
    let type: UInt8
    /// Of the whole message.
    let length: Int
    let sequence: UInt16
    let offset: Int
    let bytes: RawSpan

    /// The next of a record; nil unless it is all there and lies within its message.
    @_lifetime(copy reader)
    init?(_ reader: inout ByteReader) {
        var ahead = reader
        guard let type = ahead.uint8(), let length = ahead.uint24(), let sequence = ahead.uint16(), let offset = ahead.uint24(), let count = ahead.uint24(),
            let bytes = ahead.bytes(Int(count)), offset + count <= length
        else { return nil }
        reader = ahead
        self.type = type
        self.length = Int(length)
        self.sequence = sequence
        self.offset = Int(offset)
        self.bytes = bytes
    }
}
