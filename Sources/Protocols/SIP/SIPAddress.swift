/// Whom a header such as From or Contact names, RFC 3261 20.10.
public struct SIPAddress: Equatable, Sendable {
    /// Without quotes; nil for none.
    public let displayName: String?
    public let uri: SIPURI
    /// Tells dialogs apart, RFC 3261 19.3.
    public let tag: String?

    /// - Parameter text: a header's value, the first of several.
    init(_ text: String) {
        var text = text
        self = text.withUTF8 { SIPAddress($0.span.bytes) }
    }

    private init(_ bytes: RawSpan) {
        let value = SIPValue(bytes, 0..<bytes.byteCount, parameter: "tag")
        tag = value.parameter.map { bytes.extracting($0).text }
        uri = SIPURI(bytes.extracting(value.bracketed ?? value.main))
        let name = value.bracketed.map { bytes.trimmed(value.main.lowerBound..<max(value.main.lowerBound, $0.lowerBound - 1)) } ?? 0..<0
        let isQuoted = name.count >= 2 && bytes.byte(name.lowerBound) == UInt8(ascii: "\"") && bytes.byte(name.upperBound - 1) == UInt8(ascii: "\"")
        displayName = name.isEmpty ? nil : bytes.extracting(isQuoted ? name.lowerBound + 1..<name.upperBound - 1 : name).text
    }
}

/// `sip:user@host:port;parameters`, RFC 3261 19.1; a password was taken out.
public struct SIPURI: Equatable, Sendable {
    public let text: String
    /// In the case in which it was written.
    public let scheme: String
    /// Of `tel` the number; nil for none.
    public let user: String?
    /// A name or an address, that of IPv6 without its brackets; nil in a `tel`.
    public let host: String?
    public let port: UInt16?

    init(_ text: String) {
        var text = text
        self = text.withUTF8 { SIPURI($0.span.bytes) }
    }

    init(_ bytes: RawSpan) {
        text = bytes.text
        let colon = bytes.firstPlace(of: HTTPByte.colon) ?? 0
        scheme = bytes.extracting(0..<colon).text
        let start = bytes.byteCount > 0 ? min(colon + 1, bytes.byteCount) : 0
        guard bytes.hasWord("sip", at: 0..<colon) || bytes.hasWord("sips", at: 0..<colon) else {
            let end = bytes.firstPlace(of: HTTPByte.semicolon, from: start) ?? bytes.byteCount
            (user, host, port) = (end > start ? bytes.extracting(start..<end).text : nil, nil, nil)
            return
        }
        let at = bytes.firstPlace(of: UInt8(ascii: "@"), from: start)
        user = at.map { bytes.extracting(start..<$0).text }
        let rest = bytes.extracting((at.map { $0 + 1 } ?? start)...)
        let isBracketed = !rest.isEmpty && rest.byte(0) == UInt8(ascii: "[")
        var end = isBracketed ? rest.firstPlace(of: UInt8(ascii: "]")) ?? rest.byteCount : 0
        let hostStart = isBracketed ? 1 : 0
        if !isBracketed { while end < rest.byteCount, !Self.endsHost(rest.byte(end)) { end += 1 } }
        host = rest.extracting(min(hostStart, end)..<end).text
        var digits = min(isBracketed ? end + 1 : end, rest.byteCount)
        guard digits < rest.byteCount, rest.byte(digits) == HTTPByte.colon else {
            port = nil
            return
        }
        digits += 1
        var digitsEnd = digits
        while digitsEnd < rest.byteCount, HTTPByte.isDigit(rest.byte(digitsEnd)) { digitsEnd += 1 }
        port = rest.extracting(digits..<digitsEnd).unsignedDecimal.flatMap { UInt16(exactly: $0) }
    }

    private static func endsHost(_ byte: UInt8) -> Bool {
        byte == HTTPByte.colon || byte == HTTPByte.semicolon || byte == UInt8(ascii: "?") || byte == UInt8(ascii: ">")
    }
}
