/// What a head says of where its message ends, RFC 9112 6, and what is wrong with its headers.
struct HTTPFraming {
    /// Bytes of content. Where headers differ, that of the first.
    private(set) var contentLength: Int?
    private(set) var hasTransferEncoding = false
    /// Whether `chunked` is the last of the transfer encodings.
    private(set) var isChunked = false
    private(set) var problems: HTTPProblems = []
    /// Where the head ends: behind its empty line. Nil where that is not there.
    private(set) var headEnd: Int?

    /// Of the whole head, however much of it is kept.
    ///
    /// - Parameter head: it may go on behind its end.
    init(_ head: RawSpan) {
        var reader = HTTPHeaderReader(head)
        while let field = reader.next() {
            problems.formUnion(field.problems)
            switch field.name.count {
            case 14 where head.hasWord("content-length", at: field.name): takeLengths(head, field.value(in: head))
            case 17 where head.hasWord("transfer-encoding", at: field.name): takeEncodings(head, field.value(in: head))
            default: break
            }
        }
        headEnd = reader.headEnd
        if hasTransferEncoding, contentLength != nil { problems.insert(.lengthAndEncoding) }
        if headEnd ?? head.byteCount > HTTPHead.mostKept { problems.insert(.headShortened) }
    }

    /// One number, or the same several times (RFC 9110 8.6).
    private mutating func takeLengths(_ head: RawSpan, _ value: Range<Int>) {
        var rest = value
        repeat {
            let comma = head.extracting(rest).firstPlace(of: HTTPByte.comma).map { rest.lowerBound + $0 }
            take(head.extracting(head.trimmed(rest.lowerBound..<(comma ?? rest.upperBound))).unsignedDecimal)
            rest = (comma.map { $0 + 1 } ?? rest.upperBound)..<rest.upperBound
        } while !rest.isEmpty
    }

    private mutating func take(_ number: Int?) {
        guard let number else { return problems.formUnion(.badLength) }
        if let contentLength, contentLength != number { problems.insert(.differingLengths) }
        if contentLength == nil { contentLength = number }
    }

    private mutating func takeEncodings(_ head: RawSpan, _ value: Range<Int>) {
        // `identity` is none (RFC 2616).
        guard !head.hasWord("identity", at: value) else { return }
        hasTransferEncoding = true
        var start = value.upperBound
        while start > value.lowerBound, head.byte(start - 1) != HTTPByte.comma { start -= 1 }
        isChunked = head.hasWord("chunked", at: head.trimmed(start..<value.upperBound))
        if !isChunked { problems.insert(.unknownEncoding) }
    }
}

/// Where a body ends.
enum HTTPBodyEnd {
    case counted(Int)
    case chunked
    /// With the connection.
    case withStream

    static let none = HTTPBodyEnd.counted(0)

    /// RFC 9112 6.3. A request whose end cannot be known is taken to have no body: what follows will not look like a message.
    static func ofRequest(_ framing: HTTPFraming, isConnect: Bool) -> HTTPBodyEnd {
        if isConnect { return .none }
        return framing.isChunked ? .chunked : .counted(framing.contentLength ?? 0)
    }

    static func ofResponse(_ framing: HTTPFraming, status: UInt16, toHead: Bool) -> HTTPBodyEnd {
        if toHead || status < 200 || status == 204 || status == 304 { return .none }
        if framing.hasTransferEncoding { return framing.isChunked ? .chunked : .withStream }
        return framing.problems.contains(.badLength) ? .withStream : framing.contentLength.map { .counted($0) } ?? .withStream
    }
}
