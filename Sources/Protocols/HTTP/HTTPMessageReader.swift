import Packets

/// Cuts one direction into messages, however the bytes are cut.
///
///     head ──its end──▶ body: counted, chunked, with the stream ──its end──▶ head
///      │                  │
///      │ no message       │ framing that cannot be read, a hole beyond what is known
///      ▼                  ▼
///     searching ──what is beyond doubt a message's beginning──▶ head
///
/// Of a head that is whole in the bytes at hand nothing is gathered; of others the bytes so far, at most 64 KiB.
struct HTTPMessageReader {
    enum Kind: UInt8 {
        case unknown, request, response
    }

    enum State: UInt8 {
        case head, counted, chunked, withStream, searching
    }

    enum Event {
        /// A head, whose `framing` and `begun` stand beside it; `beginBody` must follow.
        case head(HTTPHead)
        case interim(HTTPInterim)
        /// The body is over.
        case end
        /// What comes is no message, and the search for one has begun.
        case stray
        /// The body's framing cannot be read, and the search has begun.
        case unreadable
        case failed(ParserFailure)
    }

    /// What a hole did.
    enum Hole {
        /// It lies in a body.
        case within
        /// It ends where a body ends.
        case atEnd
        /// What it held cannot be known, and the search has begun.
        case beyond
    }

    var kind = Kind.unknown
    var state = State.head
    var scan = HTTPHeadScan()
    /// What is gathered of a head, or of what may be one.
    var buffer: [UInt8] = []
    /// Bytes of a counted body still to come; of a search, that may still be looked at.
    var rest = 0
    private var chunks = HTTPChunks()
    var body = HTTPBodyReader()
    var begun = Timestamp.zero
    /// Of the message at hand.
    var problems: HTTPProblems = []
    /// Whether bytes that are no message are to be noted with the next one.
    private var hasStrays = false
    /// Whether messages have been found.
    private(set) var hasSynchronised = false

    /// Bytes in which a search must find a message.
    private static let patience = 1 << 20
    /// Bytes of an interim response's first line that are kept.
    private static let longestInterim = 128
    /// In which bytes are gathered: what lies behind the head need not be.
    private static let piece = 2 << 10

    var heldBytes: Int { buffer.capacity }
    var isInBody: Bool { state == .counted || state == .chunked || state == .withStream }
    var endsWithStream: Bool { state == .withStream }
    /// Of the head at hand, if it is whole.
    var framing: HTTPFraming? { scan.framing }
    /// Whether a message's first line is there, and not its head's end.
    var hasPartialHead: Bool { state == .head && scan.hasFirstLine && !buffer.isEmpty }

    /// Takes bytes that lie in the midst of a counted body, as most do; false when they do not.
    @inline(__always)
    mutating func takeMidst(_ bytes: RawSpan) -> Bool {
        guard state == .counted, bytes.byteCount < rest else { return false }
        body.take(bytes)
        rest -= bytes.byteCount
        return true
    }

    /// Goes on from a place, up to the next event; nil when all bytes are read.
    mutating func next(_ bytes: RawSpan, _ place: inout Int, at time: Timestamp) -> Event? {
        switch state {
        case .head: return nextHead(bytes, &place, at: time)
        case .counted:
            let part = bytes.extracting(place..<place + min(rest, bytes.byteCount - place))
            body.take(part)
            place += part.byteCount
            rest -= part.byteCount
            return rest == 0 ? endBody() : nil
        case .chunked: return nextChunk(bytes, &place)
        case .withStream:
            body.take(bytes.extracting(place...))
            place = bytes.byteCount
            return nil
        case .searching: return kind == .response ? searchResponse(bytes, &place, at: time) : searchRequest(bytes, &place, at: time)
        }
    }

    // MARK: Heads

    mutating func nextHead(_ bytes: RawSpan, _ place: inout Int, at time: Timestamp) -> Event? {
        if buffer.isEmpty {
            // Empty lines before a message are to be ignored (RFC 9112 2.2).
            while hasSynchronised, place < bytes.byteCount, bytes.byte(place) == HTTPByte.return || bytes.byte(place) == HTTPByte.lineFeed { place += 1 }
            guard place < bytes.byteCount else { return nil }
            (begun, scan) = (time, HTTPHeadScan())
            let head = bytes.extracting(place...)
            switch scan.advance(over: head, &kind) {
            case .whole(let end):
                place += end
                return complete(head.extracting(first: end))
            case .more:
                head.withUnsafeBytes { buffer.append(contentsOf: $0) }
                place = bytes.byteCount
                return nil
            case .tooLong:
                head.extracting(first: HTTPHead.mostRead).withUnsafeBytes { buffer.append(contentsOf: $0) }
                return fail()
            case .notMine: return stray()
            }
        }
        while place < bytes.byteCount {
            let (count, part) = (buffer.count, bytes.extracting(place..<min(place + Self.piece, bytes.byteCount)))
            part.withUnsafeBytes { buffer.append(contentsOf: $0) }
            switch scanBuffer() {
            case .whole(let end):
                place += end - count
                var gathered = buffer
                buffer = []
                let event = complete(gathered.span.bytes.extracting(first: end))
                gathered.removeAll(keepingCapacity: gathered.capacity <= 2 * Self.piece)
                buffer = gathered
                return event
            case .more: place += part.byteCount
            case .tooLong: return fail()
            case .notMine:
                buffer.removeLast(part.byteCount)
                return stray()
            }
        }
        return nil
    }

    private mutating func scanBuffer() -> HTTPHeadScan.Answer {
        var gathered: [UInt8] = []
        swap(&gathered, &buffer)
        defer { swap(&gathered, &buffer) }
        return scan.advance(over: gathered.span.bytes, &kind)
    }

    private mutating func complete(_ head: RawSpan) -> Event {
        hasSynchronised = true
        if kind == .response {
            let line = head.extracting(first: min(head.byteCount, Self.longestInterim)).firstLine, status = HTTPStatusLine(line)
            if status.status < 200, status.status != 101 { return .interim(HTTPInterim(status: status.status, reason: line.extracting(status.reason).text)) }
        }
        problems = framing?.problems ?? []
        if hasStrays { problems.insert(.strayBytes) }
        hasStrays = false
        return .head(HTTPHead(head))
    }

    private mutating func fail() -> Event {
        problems.insert(.headTooLong)
        return .failed(.tooLong)
    }

    /// The head so far, of which no more is read.
    mutating func takePartialHead() -> HTTPHead {
        let head = HTTPHead(buffer.span.bytes)
        if problems.contains(.headTooLong) { problems.insert(.headShortened) } else { problems = .headCut }
        buffer = []
        return head
    }

    // MARK: Bodies

    /// - Parameter end: where it ends; a body of no bytes ends at once, without an event.
    mutating func beginBody(_ end: HTTPBodyEnd, hashing: Bool) {
        hasStrays = false
        body.begin(hashing: hashing)
        switch end {
        case .counted(let count): (state, rest) = (count > 0 ? .counted : .head, count)
        case .chunked: (state, chunks) = (.chunked, HTTPChunks())
        case .withStream:
            state = .withStream
            // What was taken for the beginning of a head.
            let gathered = buffer
            buffer = []
            body.take(gathered.span.bytes)
        }
    }

    private mutating func nextChunk(_ bytes: RawSpan, _ place: inout Int) -> Event? {
        while let step = chunks.next(bytes, &place) {
            switch step {
            case .data(let count):
                body.take(bytes.extracting(place..<place + count))
                place += count
            case .end:
                if chunks.sawBareLineFeed { problems.insert(.bareLineFeed) }
                return endBody()
            case .bad:
                problems.insert(.badChunk)
                search()
                hasStrays = true
                return .unreadable
            }
        }
        return nil
    }

    private mutating func endBody() -> Event {
        state = .head
        return .end
    }

    // MARK: Holes and searches

    /// So many bytes will not come.
    mutating func skip(_ byteCount: Int) -> Hole {
        switch state {
        case .withStream:
            body.skip(byteCount)
            return .within
        case .counted where byteCount <= rest:
            body.skip(byteCount)
            rest -= byteCount
            if rest == 0 { state = .head }
            return rest == 0 ? .atEnd : .within
        case .chunked where chunks.skip(byteCount):
            body.skip(byteCount)
            return .within
        case .counted: body.skip(rest)
        case .head where kind == .unknown:
            // What comes behind it is as good as a beginning.
            buffer = []
            return .within
        default: break
        }
        return .beyond
    }

    /// Looks for the next message's beginning. Behind a hole what comes first may be it.
    mutating func search() {
        (state, rest, buffer) = (.searching, Self.patience, [])
    }

    private mutating func stray() -> Event {
        if kind == .unknown { return .failed(.otherProtocol) }
        hasStrays = hasStrays || hasSynchronised
        (state, rest) = (.searching, Self.patience)
        return .stray
    }
}
