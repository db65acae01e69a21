/// The head of a request.
public struct HTTPRequest: Equatable, Sendable {
    public let head: HTTPHead

    private var line: HTTPRequestLine { HTTPRequestLine(head.startLine) }

    /// As it was written: methods' upper and lower case differ.
    public var method: String { head.startLine.extracting(line.method).text }
    /// What is asked for, RFC 9112 3.2: a path, a whole URI (to proxies), host and port (CONNECT), or `*`.
    public var target: String { head.startLine.extracting(line.target).text }
    /// Nil for HTTP/0.9, which says none, and for what is no version.
    public var version: HTTPVersion? { HTTPVersion(head.startLine.extracting(line.version)) }
    /// As it was written: `HTTP/1.1`; "" in HTTP/0.9.
    public var versionText: String { head.startLine.extracting(line.version).text }

    /// The Host header: a name or an address, and perhaps a port.
    public var host: String? { head.header("host") }

    /// The user's name that Basic authentication gives, RFC 7617. The password is not read.
    public var userName: String? { head.header("authorization").flatMap(HTTPAuthorization.userName) }
    /// The first word of the Authorization header: `Basic`, `Bearer`.
    public var authorizationScheme: String? { head.header("authorization").map(HTTPAuthorization.scheme) }
}

/// The head of a final response, or of 101, which is the last of its protocol.
public struct HTTPResponse: Equatable, Sendable {
    public let head: HTTPHead

    /// 100…999, RFC 9110 15.
    public var status: UInt16 { HTTPStatusLine(head.startLine).status }
    /// What the server says the status means; "" for nothing.
    public var reason: String { head.startLine.extracting(HTTPStatusLine(head.startLine).reason).text }
    public var version: HTTPVersion? { HTTPVersion(head.startLine.extracting(HTTPStatusLine(head.startLine).version)) }
}

/// 1.0, 1.1 or 0.9.
public struct HTTPVersion: Equatable, Sendable, CustomStringConvertible {
    public let major: UInt8
    public let minor: UInt8

    /// Of `HTTP/1.1`.
    init?(_ text: RawSpan) {
        guard text.byteCount == 8, text.begins(with: "HTTP/"), text.byte(6) == UInt8(ascii: "."), HTTPByte.isDigit(text.byte(5)), HTTPByte.isDigit(text.byte(7))
        else { return nil }
        (major, minor) = (text.byte(5) & 15, text.byte(7) & 15)
    }

    public var description: String { "\(major).\(minor)" }
}

/// Where the parts of a request line lie, RFC 9112 3: what does not fit is read as servers do, the version as its last word, the target as all between.
struct HTTPRequestLine {
    let method: Range<Int>
    let target: Range<Int>
    /// Empty if there is none.
    let version: Range<Int>

    init(_ line: RawSpan) {
        let methodEnd = line.firstPlace(of: HTTPByte.blank) ?? line.byteCount
        let rest = line.trimmed(methodEnd..<line.byteCount)
        var last = rest.upperBound
        // Nearly all end so.
        if rest.count > 8, line.extracting(last - 8..<last).begins(with: "HTTP/1.") { last -= 8 }
        while last > rest.lowerBound, line.byte(last - 1) != HTTPByte.blank { last -= 1 }
        method = 0..<methodEnd
        let hasVersion = last > rest.lowerBound && line.extracting(last..<rest.upperBound).begins(with: "HTTP/")
        version = hasVersion ? last..<rest.upperBound : rest.upperBound..<rest.upperBound
        target = hasVersion ? line.trimmed(rest.lowerBound..<last) : rest
    }

    /// HTTP/0.9: `GET`, a path, and no more.
    func isSimple(_ line: RawSpan) -> Bool {
        line.hasWord("GET", at: method) && version.isEmpty && !target.isEmpty && line.byte(target.lowerBound) == HTTPByte.slash
            && line.extracting(target).firstPlace(of: HTTPByte.blank) == nil
    }
}

/// A status line, RFC 9112 4, of which is known that it begins as one.
struct HTTPStatusLine {
    let version: Range<Int>
    let status: UInt16
    let reason: Range<Int>

    /// `HTTP/1.1 200`
    static let shortest = 12

    init(_ line: RawSpan) {
        guard line.byteCount >= Self.shortest else {
            (version, status, reason) = (0..<0, 0, 0..<0)
            return
        }
        version = 0..<8
        status = (9..<12).reduce(0) { $0 * 10 + UInt16(line.byte($1) & 15) }
        reason = line.trimmed(Self.shortest..<line.byteCount)
    }
}
