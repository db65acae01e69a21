/// Tells QUIC by its long headers: 32 bits of a version that is known, and lengths that fit each other.
enum QUICProbe {
    /// What a client's first datagram has at least, RFC 9000 14.1.
    private static let shortestFirst = 1200
    /// What a client's first destination ID has at least, RFC 9000 7.2.
    private static let shortestDestination = 8

    static func isQUIC(_ datagram: RawSpan) -> Bool {
        if googleVersion(datagram) != nil { return true }
        guard let header = QUICLongHeader(datagram) else { return false }
        if header.version == .negotiation { return isNegotiation(header, datagram) }
        if header.type != nil { return true }
        return header.version.isGREASE && isFirstOfAnyVersion(header, datagram)
    }

    /// A server's answer to a version that it does not know. Others may have the zeros of its version there by chance; it repeats the client's ID as well, and
    /// has a list of versions of which one at least is known.
    private static func isNegotiation(_ header: borrowing QUICLongHeader, _ datagram: RawSpan) -> Bool {
        guard header.source.count >= shortestDestination else { return false }
        let (versions, isWhole) = offeredVersions(header, datagram, most: 64)
        return isWhole && versions.contains { $0.format != nil } && !versions.contains(.negotiation)
    }

    /// The versions that a Version Negotiation packet lists, RFC 8999 6, and whether they fill it.
    static func offeredVersions(_ header: borrowing QUICLongHeader, _ packet: RawSpan, most: Int) -> ([QUICVersion], isWhole: Bool) {
        var reader = ByteReader(packet.extracting(header.rest...))
        let isWhole = reader.count % 4 == 0 && reader.count > 0
        var versions: [QUICVersion] = []
        while versions.count < most, let number = reader.uint32() { versions.append(QUICVersion(rawValue: number)) }
        return (versions, isWhole)
    }

    /// A client that tries the server's version negotiation (RFC 9000 6.3) sends what looks like an Initial of version 1.
    private static func isFirstOfAnyVersion(_ header: borrowing QUICLongHeader, _ datagram: RawSpan) -> Bool {
        guard datagram.byteCount >= shortestFirst, header.first & 0x40 != 0, header.destination.count >= shortestDestination else { return false }
        var reader = ByteReader(datagram.extracting(header.rest...))
        guard let tokenLength = reader.variableInteger(), tokenLength <= UInt64(reader.count), reader.bytes(Int(tokenLength)) != nil,
            let length = reader.variableInteger()
        else { return false }
        return (20...UInt64(max(reader.count, 20))).contains(length)
    }

    /// The version of Google's QUIC before the IETF's: up to Q043 behind an ID of eight bytes, later where it is today.
    ///
    ///      0          8                       72        104
    ///     +----------+-----------------------+---------+----------
    ///     | 00··1··1 |     connection ID     | version | …
    ///     +----------+-----------------------+---------+----------
    static func googleVersion(_ datagram: RawSpan) -> QUICVersion? {
        var reader = ByteReader(datagram)
        guard let first = reader.uint8() else { return nil }
        let isLong = first & 0xc0 == 0xc0
        guard isLong || first & 0xcb == 0x09 && reader.uint64() != nil, let number = reader.uint32() else { return nil }
        let version = QUICVersion(rawValue: number)
        return version.isGQUIC ? version : nil
    }
}
