/// Tells SIP messages by their first line, RFC 3261 7.1 and 7.2: `SIP/2.0` and a status, or a method, a URI and `SIP/2.0`.
struct SIPProbe {
    /// Bytes in which the first line must end: what is longer is none of SIP.
    static let longestLine = 4 << 10
    /// `SIP/2.0 200 `
    private static let statusLength = 12

    /// Bytes that are known to hold no end of a line.
    private var looked = 0

    /// - Parameter bytes: a message from its first byte on, as much as there is of it: never less than before.
    mutating func judge(_ bytes: RawSpan) -> ProbeAnswer {
        if bytes.agrees(with: "SIP/2.0 ") { return Self.status(bytes) }
        guard HTTPProbe.mayBegin(bytes) else { return .notMine }
        let head = bytes.extracting(first: min(bytes.byteCount, Self.longestLine))
        guard head.firstPlace(of: HTTPByte.lineFeed, from: looked) != nil else {
            looked = head.byteCount
            return head.byteCount < Self.longestLine ? .unsure : .notMine
        }
        return Self.isRequest(head.firstLine) ? .mine : .notMine
    }

    static func judge(_ bytes: RawSpan) -> ProbeAnswer {
        var probe = SIPProbe()
        return probe.judge(bytes)
    }

    private static func status(_ bytes: RawSpan) -> ProbeAnswer {
        for place in 8..<statusLength {
            guard place < bytes.byteCount else { return .unsure }
            let byte = bytes.byte(place)
            let isRight =
                switch place {
                case 8: byte &- 0x31 < 6
                case 9, 10: HTTPByte.isDigit(byte)
                default: byte == HTTPByte.blank || byte == HTTPByte.return || byte == HTTPByte.lineFeed
                }
            guard isRight else { return .notMine }
        }
        return .mine
    }

    /// Of a line without its end.
    private static func isRequest(_ line: RawSpan) -> Bool {
        let parts = SIPStartLine(line)
        return !parts.uri.isEmpty && line.extracting(parts.version).equals("SIP/2.0")
    }

    /// What keeps a way open through whoever translates addresses, and belongs to no message: empty lines (RFC 5626 3.5.1), a few bytes of anything, STUN.
    static func isKeepalive(_ datagram: RawSpan) -> Bool {
        if datagram.byteCount <= 4 { return true }
        return datagram.byteCount >= 20 && datagram.byte(0) < 2 && datagram.uint32(4) == 0x2112_a442
    }
}

/// Where the parts of a message's first line lie.
struct SIPStartLine {
    /// Empty in a response.
    var method = 0..<0
    var uri = 0..<0
    var version = 0..<0
    /// Of a response 100…699; 0 in a request.
    var status: UInt16 = 0
    var reason = 0..<0

    var isResponse: Bool { status > 0 }

    /// - Parameter line: without its end.
    init(_ line: RawSpan) {
        if line.byteCount >= 11, line.agrees(with: "SIP/2.0 ") {
            version = 0..<7
            status = (8..<11).reduce(0) { $0 * 10 + UInt16(line.byte($1) & 15) }
            reason = line.trimmed(11..<line.byteCount)
            return
        }
        method = 0..<(line.firstPlace(of: HTTPByte.blank) ?? line.byteCount)
        let rest = line.trimmed(method.upperBound..<line.byteCount)
        var last = rest.upperBound
        while last > rest.lowerBound, line.byte(last - 1) != HTTPByte.blank { last -= 1 }
        version = last..<rest.upperBound
        uri = line.trimmed(rest.lowerBound..<last)
    }
}
