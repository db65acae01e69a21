import Packets

/// Cuts a direction of a TCP connection into messages: a head up to an empty line, and as many bytes behind it as Content-Length says (RFC 3261 18.3).
///
///     | head | body | ␍␊␍␊ | head | bo ~~ a hole ~~ dy | head |              a hole within a body: its length says where the next head is
///     | head | bo ~~ a hole ~~ ? ? ? ␊ | head |                              beyond it: the next line that can be a message's first is one
struct SIPFraming {
    enum Event {
        case message(SIPMessage, SIPEnvelope)
        case failed(ParserFailure)
    }

    private enum State: UInt8 { case head, body, searching }

    /// Bytes in which a search must find a message.
    private static let patience: UInt32 = 1 << 20
    /// Of a description that is read.
    private static let longestDescription = 8 << 10
    /// In which bytes of a head are gathered: what lies behind it need not be.
    private static let piece = 2 << 10

    private var state = State.head
    private var isJudged = false
    /// Whether messages have been found.
    private(set) var hasSynchronised = false
    /// Whether what comes in a search is a line's beginning.
    private var isLineStart = false
    private var searched: UInt32 = 0
    private var probe = SIPProbe()
    private var lines = HTTPHeadLines()
    /// What there is of a head, of a description, or in a search of a line that may be a message's first.
    private var buffer: [UInt8] = []
    /// The message whose body is coming, and how much of that is to come.
    private var pending: (message: SIPMessage, envelope: SIPEnvelope)?
    private var rest = 0

    var heldBytes: Int { buffer.capacity + (pending?.message.keptCount ?? 0) }

    /// Goes on from a place, up to the next event; nil when all bytes are read.
    mutating func next(_ bytes: RawSpan, _ place: inout Int) -> Event? {
        while place < bytes.byteCount {
            let event: Event? =
                switch state {
                case .head: nextHead(bytes, &place)
                case .body: nextBody(bytes, &place)
                case .searching: search(bytes, &place)
                }
            if let event { return event }
        }
        return nil
    }

    // MARK: Heads

    private mutating func nextHead(_ bytes: RawSpan, _ place: inout Int) -> Event? {
        if buffer.isEmpty {
            // Empty lines between messages keep a connection alive.
            while hasSynchronised, place < bytes.byteCount, bytes.byte(place) == HTTPByte.return || bytes.byte(place) == HTTPByte.lineFeed { place += 1 }
            guard place < bytes.byteCount else { return nil }
            (probe, lines, isJudged) = (SIPProbe(), HTTPHeadLines(), false)
            let head = bytes.extracting(place..<min(bytes.byteCount, place + HTTPHead.mostRead))
            switch advance(over: head) {
            case .whole(let end):
                place += end
                return begin(head.extracting(first: end))
            case .more:
                head.withUnsafeBytes { buffer.append(contentsOf: $0) }
                place += head.byteCount
                return nil
            case .notMine: return stray()
            case .tooLong:
                head.withUnsafeBytes { buffer.append(contentsOf: $0) }
                return .failed(.tooLong)
            }
        }
        let part = bytes.extracting(place..<min(place + Self.piece, bytes.byteCount)), count = buffer.count
        part.withUnsafeBytes { buffer.append(contentsOf: $0) }
        switch advanceOverBuffer() {
        case .whole(let end):
            place += end - count
            let gathered = buffer
            buffer = []
            return begin(gathered.span.bytes.extracting(first: end))
        case .more:
            place += part.byteCount
            return nil
        case .notMine:
            buffer.removeLast(part.byteCount)
            return stray()
        case .tooLong: return .failed(.tooLong)
        }
    }

    private mutating func advanceOverBuffer() -> HTTPHeadScan.Answer {
        var gathered: [UInt8] = []
        swap(&gathered, &buffer)
        defer { swap(&gathered, &buffer) }
        return advance(over: gathered.span.bytes.extracting(first: min(gathered.count, HTTPHead.mostRead)))
    }

    private mutating func advance(over head: RawSpan) -> HTTPHeadScan.Answer {
        if !isJudged {
            switch probe.judge(head) {
            case .mine: isJudged = true
            case .unsure: return .more
            case .notMine: return .notMine
            }
        }
        if let end = lines.findEnd(of: head) { return .whole(end) }
        return head.byteCount < HTTPHead.mostRead ? .more : .tooLong
    }

    /// A whole head: its body comes.
    private mutating func begin(_ head: RawSpan) -> Event? {
        hasSynchronised = true
        let envelope = SIPEnvelope(head)
        var message = SIPMessage(head)
        message.problem = envelope.problem
        guard let length = envelope.contentLength, length > 0 else { return .message(message, envelope) }
        (pending, rest, state) = ((message, envelope), length, .body)
        return nil
    }

    // MARK: Bodies

    private mutating func nextBody(_ bytes: RawSpan, _ place: inout Int) -> Event? {
        let part = bytes.extracting(place..<place + min(rest, bytes.byteCount - place))
        place += part.byteCount
        rest -= part.byteCount
        guard case (var message, let envelope)? = pending else { return nil }
        message.bodyLength += part.byteCount
        let isDescription = envelope.hasDescription && message.problem != .bodyCut && envelope.contentLength ?? 0 <= Self.longestDescription
        if isDescription, rest == 0, buffer.isEmpty {
            message.media = SIPMedia.read(part)
        } else if isDescription {
            part.withUnsafeBytes { buffer.append(contentsOf: $0) }
            if rest == 0 { message.media = SIPMedia.read(buffer.span.bytes) }
        }
        guard rest == 0 else {
            pending?.message.bodyLength = message.bodyLength
            return nil
        }
        (pending, buffer, state) = (nil, [], .head)
        return .message(message, envelope)
    }

    // MARK: Holes and searches

    /// So many bytes will not come.
    mutating func skip(_ byteCount: Int) -> Event? {
        if state == .body, byteCount <= rest {
            rest -= byteCount
            pending?.message.problem = .bodyCut
            buffer = []
            guard rest == 0 else { return nil }
            state = .head
            return takePending()
        }
        // What comes behind it is as good as a beginning.
        guard hasSynchronised || isJudged else {
            buffer = []
            return nil
        }
        let event = takeUnfinished()
        beginSearch()
        return event
    }

    /// What is there of a message whose end will not be seen.
    mutating func takeUnfinished() -> Event? {
        if state == .body {
            pending?.message.problem = .bodyCut
            return takePending()
        }
        guard state == .head, isJudged, lines.hasFirst, !buffer.isEmpty else { return nil }
        let gathered = buffer
        buffer = []
        let envelope = SIPEnvelope(gathered.span.bytes)
        var message = SIPMessage(gathered.span.bytes)
        message.problem = gathered.count >= HTTPHead.mostRead ? .headTooLong : .headCut
        return .message(message, envelope)
    }

    private mutating func takePending() -> Event? {
        guard let (message, envelope) = pending else { return nil }
        (pending, buffer) = (nil, [])
        return .message(message, envelope)
    }

    private mutating func stray() -> Event? {
        guard hasSynchronised else { return .failed(.otherProtocol) }
        let kept = buffer
        beginSearch()
        buffer = kept
        return nil
    }

    private mutating func beginSearch() {
        (state, buffer, pending, probe) = (.searching, [], nil, SIPProbe())
        (isLineStart, searched) = (true, 0)
    }

    /// Line by line.
    private mutating func search(_ bytes: RawSpan, _ place: inout Int) -> Event? {
        if isLineStart {
            let ahead = bytes.extracting(place..<min(bytes.byteCount, place + Self.piece))
            var window = buffer
            ahead.withUnsafeBytes { window.append(contentsOf: $0) }
            switch probe.judge(window.span.bytes) {
            case .mine:
                // The head is gathered from its first byte on.
                (state, lines, isJudged) = (.head, HTTPHeadLines(), !buffer.isEmpty)
                return nil
            case .unsure:
                (buffer, place) = (window, place + ahead.byteCount)
                return giveUp(ahead.byteCount)
            case .notMine: (isLineStart, buffer, probe) = (false, [], SIPProbe())
            }
        }
        let lineFeed = bytes.firstPlace(of: HTTPByte.lineFeed, from: place)
        let end = lineFeed.map { $0 + 1 } ?? bytes.byteCount
        isLineStart = lineFeed != nil
        defer { place = end }
        return giveUp(end - place)
    }

    private mutating func giveUp(_ byteCount: Int) -> Event? {
        searched += UInt32(min(byteCount, Int(Self.patience)))
        return searched < Self.patience ? nil : .failed(.malformed)
    }
}
