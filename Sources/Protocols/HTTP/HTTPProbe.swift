/// Tells messages by their first line: a method, a target and `HTTP/1.x`, or `HTTP/1.x` and a status. SIP, RTSP and ICAP have the same lines with their own
/// names in them; HTTP/2's preface says 2.0.
enum HTTPProbe {
    /// The longest method, and what is looked at of a line that has not come to its end.
    private static let longestMethod = 24
    private static let longestOpening = 64

    static func judge(_ bytes: RawSpan) -> ProbeAnswer {
        switch response(bytes) {
        case .mine: .mine
        case .unsure: .unsure
        case .notMine: request(bytes)
        }
    }

    // MARK: Responses

    /// `HTTP/1.1 200 `: 13 bytes tell.
    static func response(_ bytes: RawSpan) -> ProbeAnswer {
        guard bytes.agrees(with: "HTTP/") else { return .notMine }
        for place in (bytes.begins(with: "HTTP/1.1 ") ? 9 : 5)..<13 {
            guard place < bytes.byteCount else { return .unsure }
            let byte = bytes.byte(place)
            let isRight =
                switch place {
                case 5: byte == UInt8(ascii: "1") || byte == UInt8(ascii: "0")
                case 6: byte == UInt8(ascii: ".")
                case 7, 10, 11: HTTPByte.isDigit(byte)
                case 8: byte == HTTPByte.blank
                case 9: byte >= UInt8(ascii: "1") && byte <= UInt8(ascii: "9")
                default: byte == HTTPByte.blank || byte == HTTPByte.return || byte == HTTPByte.lineFeed
                }
            guard isRight else { return .notMine }
        }
        return .mine
    }

    /// The same in the midst of others' bytes, where a header or the head's end must follow: at most 160 bytes tell.
    static func responseInMidst(_ bytes: RawSpan) -> ProbeAnswer {
        let answer = response(bytes)
        guard answer == .mine else { return answer }
        let line = bytes.extracting(first: min(bytes.byteCount, 80))
        guard let end = line.firstPlace(of: HTTPByte.lineFeed) else { return line.byteCount < 80 ? .unsure : .notMine }
        for place in 13..<max(13, end) where line.byte(place) < 0x20 && line.byte(place) != HTTPByte.return { return .notMine }
        for place in end + 1..<end + 66 {
            guard place < bytes.byteCount else { return .unsure }
            let byte = bytes.byte(place)
            if byte == HTTPByte.colon { return place > end + 1 ? .mine : .notMine }
            if place == end + 1, byte == HTTPByte.lineFeed { return .mine }
            if byte == HTTPByte.lineFeed, place == end + 2, bytes.byte(end + 1) == HTTPByte.return { return .mine }
            guard HTTPByte.isToken(byte) || place == end + 1 && byte == HTTPByte.return else { return .notMine }
        }
        return .notMine
    }
    static let responseWindow = 160

    // MARK: Requests

    static func request(_ bytes: RawSpan) -> ProbeAnswer {
        guard mayBegin(bytes) else { return .notMine }
        guard let lineFeed = bytes.firstPlace(of: HTTPByte.lineFeed) else { return bytes.byteCount < HTTPHead.mostRead ? .unsure : .notMine }
        return requestLine(bytes.firstLine(endingAt: lineFeed)) != nil ? .mine : .notMine
    }

    /// What 64 bytes tell: a method, and the first byte of a target.
    static func mayBegin(_ bytes: RawSpan) -> Bool {
        for place in 0..<min(bytes.byteCount, longestOpening) {
            let byte = bytes.byte(place)
            if byte == HTTPByte.blank { return place > 0 && (place + 1 == bytes.byteCount || bytes.byte(place + 1) >= HTTPByte.blank) }
            guard place < longestMethod, HTTPByte.lower(byte) &- 0x61 < 26 || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") else { return false }
        }
        return true
    }

    /// The parts of a whole line, without its end, that may begin as a request does; nil if it is none's.
    static func requestLine(_ line: RawSpan) -> HTTPRequestLine? {
        let parts = HTTPRequestLine(line)
        guard !parts.target.isEmpty else { return nil }
        let version = line.extracting(parts.version)
        if version.isEmpty { return parts.isSimple(line) ? parts : nil }
        // Those who leave out the number are tolerated: there is nothing else that they could be.
        let isKnown = version.byteCount == 7 ? version.begins(with: "HTTP/1.") : HTTPVersion(version).map { $0.major < 2 } ?? false
        return isKnown ? parts : nil
    }

    /// Whether a whole line, without its end, is a request's beyond doubt, in the midst of others' bytes: the method must be a known one.
    static func isRequestInMidst(_ line: RawSpan) -> Bool {
        guard mayBegin(line), let parts = requestLine(line), HTTPVersion(line.extracting(parts.version)) != nil else { return false }
        return methods.contains { $0.utf8CodeUnitCount == parts.method.count && line.begins(with: $0) }
    }

    /// RFC 9110, WebDAV and others of <https://www.iana.org/assignments/http-methods>, and those of Exchange.
    private static let methods: [StaticString] = [
        "GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "CONNECT", "PATCH", "TRACE", "PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK",
        "REPORT", "SEARCH", "QUERY", "ACL", "BIND", "UNBIND", "REBIND", "CHECKIN", "CHECKOUT", "UNCHECKOUT", "LABEL", "LINK", "UNLINK", "MERGE",
        "MKACTIVITY", "MKCALENDAR", "MKREDIRECTREF", "MKWORKSPACE", "ORDERPATCH", "UPDATE", "UPDATEREDIRECTREF", "VERSION-CONTROL", "BASELINE-CONTROL",
        "SUBSCRIBE", "UNSUBSCRIBE", "NOTIFY", "POLL", "BPROPFIND", "BPROPPATCH", "BCOPY", "BMOVE", "BDELETE", "RPC_IN_DATA", "RPC_OUT_DATA", "M-SEARCH",
        "PURGE", "BAN",
    ]
}
