/// Finds a head's end, and reads what of it says how its message goes on.
struct HTTPHeadScan {
    enum Answer {
        /// It ends before this place.
        case whole(Int)
        case more
        case notMine
        case tooLong
    }

    private var lines = HTTPHeadLines()
    private var isJudged = false
    /// Of a request, by its first line.
    private(set) var method = HTTPMethod.other
    private(set) var hasVersion = true
    /// Of a whole head.
    private(set) var framing: HTTPFraming?

    var hasFirstLine: Bool { lines.hasFirst }

    /// - Parameter head: the message from its first byte on.
    mutating func advance(over head: RawSpan, _ kind: inout HTTPMessageReader.Kind) -> Answer {
        let head = head.extracting(first: min(head.byteCount, HTTPHead.mostRead))
        if !isJudged {
            if let answer = judge(head, &kind) { return answer }
            // Most are whole by now: the walk over their headers finds their end, too.
            if method != .simple, case let framing = HTTPFraming(head), let end = framing.headEnd {
                self.framing = framing
                return .whole(end)
            }
        }
        if let end = lines.findEnd(of: head, isOneLine: method == .simple) {
            framing = HTTPFraming(head.extracting(first: end))
            return .whole(end)
        }
        return head.byteCount < HTTPHead.mostRead ? .more : .tooLong
    }

    /// Whether it begins as a message; nil for yes.
    private mutating func judge(_ head: RawSpan, _ kind: inout HTTPMessageReader.Kind) -> Answer? {
        if kind != .request {
            switch HTTPProbe.response(head) {
            case .mine:
                (kind, isJudged) = (.response, true)
                return nil
            case .unsure: return .more
            case .notMine: if kind == .response { return .notMine }
            }
        }
        guard HTTPProbe.mayBegin(head) else { return .notMine }
        guard let lineFeed = lines.findFirst(in: head) else {
            return head.byteCount < HTTPHead.mostRead ? .more : kind == .unknown ? .notMine : .tooLong
        }
        let line = head.firstLine(endingAt: lineFeed)
        guard let parts = HTTPProbe.requestLine(line) else { return .notMine }
        (kind, isJudged) = (.request, true)
        (method, hasVersion) = (HTTPMethod(line, parts), HTTPVersion(line.extracting(parts.version)) != nil)
        return nil
    }
}

/// Goes over a head's lines as they come, to the empty one.
struct HTTPHeadLines {
    /// Bytes that were looked at, and where the last line begins.
    private var looked = 0
    private var lineStart = 0

    var hasFirst: Bool { lineStart > 0 }

    /// The place behind its empty line.
    mutating func findEnd(of head: RawSpan, isOneLine: Bool = false) -> Int? {
        while let lineFeed = head.firstPlace(of: HTTPByte.lineFeed, from: looked) {
            let isBlank = lineFeed == lineStart || lineFeed == lineStart + 1 && head.byte(lineStart) == HTTPByte.return
            let isOver = lineStart > 0 ? isBlank : isOneLine
            (looked, lineStart) = (lineFeed + 1, lineFeed + 1)
            if isOver { return lineFeed + 1 }
        }
        looked = head.byteCount
        return nil
    }

    /// The place of its first line feed, which stays to be looked at.
    mutating func findFirst(in head: RawSpan) -> Int? {
        let lineFeed = head.firstPlace(of: HTTPByte.lineFeed, from: looked)
        looked = lineFeed ?? head.byteCount
        return lineFeed
    }
}
