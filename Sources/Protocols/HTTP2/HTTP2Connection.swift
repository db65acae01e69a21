import Packets

/// What is known of a connection once it is HTTP/2's: its two sides, and the streams that are not over.
final class HTTP2Connection {
    /// The side that was heard first, and the other.
    private let sides = (HTTP2Side(0), HTTP2Side(1))
    private var first: Direction?
    /// The client's number; nil while nothing has told.
    private var client: Int?
    private(set) var isRecognised = false

    /// Whether bodies are hashed, and what they are is looked at.
    private let followsBodies: Bool
    private var streams = HTTP2Streams()
    /// Highest and lowest number that the client has opened, and the highest that was promised.
    private var highestOpened: UInt32 = 0
    private var lowestOpened = UInt32.max
    private var highestPromised: UInt32 = 0
    /// Whether there was a stream 1: the client may go on to others before it is answered whose request came by HTTP/1.
    private var hasFirst = false
    /// Streams with a response whose request may yet come.
    private var unasked = 0
    private var goAwayCode: UInt32?

    private(set) var failure: ParserFailure?
    private var now = Timestamp.zero

    /// Those that are over, from `taken` on not yet taken.
    private var sessions: [HTTP2Exchange] = []
    private var taken = 0
    private var sessionBytes = 0

    init(followsBodies: Bool) { self.followsBodies = followsBodies }

    var heldBytes: Int {
        sides.0.heldBytes + sides.1.heldBytes + streams.heldBytes + sessionBytes + 600 + (followsBodies ? 2 * HTTP2Body.byteCount * streams.count : 0)
    }

    // MARK: What the parser does

    func feed(_ bytes: RawSpan, from sender: Direction, at time: Timestamp) {
        guard failure == nil else { return }
        now = time
        failure = side(of: sender).feed(bytes, self)
        if failure != nil { for side in [sides.0, sides.1] where side.block.isOpen { note([], on: side.block) } }
    }

    func skip(_ byteCount: Int, from sender: Direction) {
        guard failure == nil else { return }
        failure = side(of: sender).skip(byteCount, self)
    }

    func reverseRoles() {
        first = first?.opposite
    }

    func finish() {
        while let stream = streams.removeOldest() {
            let isAnswered = client.map { !stream[$0].hasBegun && stream[1 - $0].isOver } ?? false
            give(stream, isAnswered ? .complete : goAwayCode.map { .goAway($0) } ?? .connectionEnd)
        }
    }

    var hasSession: Bool { taken < sessions.count }

    func nextSession() -> HTTP2Exchange? {
        guard taken < sessions.count else {
            sessions.removeAll(keepingCapacity: sessions.capacity < 64)
            (taken, sessionBytes) = (0, 0)
            return nil
        }
        defer { taken += 1 }
        return sessions[taken]
    }

    private func side(of sender: Direction) -> HTTP2Side {
        if first == nil { first = sender }
        return first == sender ? sides.0 : sides.1
    }

    private func direction(of side: Int) -> Direction { side == 0 ? first ?? .originator : (first ?? .originator).opposite }
    private func other(_ side: HTTP2Side) -> HTTP2Side { side.number == 0 ? sides.1 : sides.0 }

    // MARK: Who is who

    func recognise(client: Int?) {
        isRecognised = true
        if let client { self.client = client }
    }

    private func isClient(_ side: Int) -> Bool? { client.map { $0 == side } }
    private var clientSide: HTTP2Side? { client.map { $0 == 0 ? sides.0 : sides.1 } }

    /// What a frame may have: more than is usual only once settings were seen that allow it, or may have been missed.
    func longestFrame(from sender: HTTP2Side) -> Int { other(sender).settings.frameLimit ?? 0xff_ffff }

    /// Whether a frame may begin so: where a hole has been, that is all there is to know it by.
    func expects(_ header: HTTP2FrameHeader, from side: Int) -> Bool {
        if header.stream == 0 || streams.contains(header.stream) { return true }
        // The next ones that the client opens.
        return header.kind == .headers && isClient(side) == true && header.stream > highestOpened && header.stream - highestOpened <= 64
            && header.stream & 1 == 1
    }

    // MARK: Settings

    func announce(by side: HTTP2Side) {
        side.settings.announce()
        setTableLimit(side)
    }

    func acknowledge(by side: HTTP2Side) {
        other(side).settings.acknowledge()
        setTableLimit(other(side))
    }

    func loseSettings(of side: HTTP2Side) {
        side.settings.lose()
        setTableLimit(side)
        // Acknowledgements are missing, too.
        other(side).settings.lose()
        setTableLimit(other(side))
    }

    private func setTableLimit(_ side: HTTP2Side) { other(side).setTableLimit(side.settings.tableLimit) }

    // MARK: Headers

    func beginHeaders(_ id: UInt32, by side: HTTP2Side) -> ParserFailure? {
        if !streams.contains(id) {
            if isClient(side.number) == true, side.isWhole, id & 1 == 0 { return .unexpected }
            guard isNew(id, side.number) else {
                side.beginBlock(id, .headers, for: 0, behind: nil)
                return nil
            }
            open(HTTP2Stream(id))
            if isClient(side.number) == false, mayBeAsked(id) { unasked += 1 }
        } else if isClient(side.number) == true, id & 1 == 1, id > highestOpened {
            noteOpened(id)
        }
        streams.with(id) { stream in
            stream[side.number].hasBegun = true
            side.beginBlock(id, stream[side.number].hasHeaders ? .trailers : .headers, for: id, behind: stream[side.number].list)
        }
        return nil
    }

    /// Whether a stream that is not known now begins, as far as can be told; others are over, or were given up.
    private func isNew(_ id: UInt32, _ side: Int) -> Bool {
        switch isClient(side) {
        case nil: return true
        case true?:
            guard id & 1 == 1, id > highestOpened else { return false }
            noteOpened(id)
            return true
        case false?:
            if id & 1 == 0 { return sides.0.isWhole && sides.1.isWhole ? false : id > highestPromised }
            if id > highestOpened || id == 1 && !hasFirst { return true }
            return clientSide?.isWhole == false && id < lowestOpened
        }
    }

    /// Streams below it that have no request will have none.
    private func noteOpened(_ id: UInt32) {
        highestOpened = max(highestOpened, id)
        lowestOpened = min(lowestOpened, id)
        guard unasked > 0, let client else { return }
        unasked = 0
        let over = streams.ids { $0.id < id && $0.id & 1 == 1 && !$0[client].hasBegun && $0[1 - client].isOver }
        for id in over { close(id, .complete) }
    }

    /// Whether a request may yet come on a stream that has a response.
    private func mayBeAsked(_ id: UInt32) -> Bool {
        guard id & 1 == 1, id > highestOpened, let client = clientSide else { return false }
        return client.isWhole || client.isUnheard && other(client).isWhole
    }

    func beginPromise(_ id: UInt32, on stream: UInt32, by side: HTTP2Side) -> ParserFailure? {
        guard isClient(side.number) != true, id & 1 == 0, id > 0 else { return .unexpected }
        if client == nil { client = 1 - side.number }
        guard id > highestPromised, !streams.contains(id) else {
            side.beginBlock(stream, .promise, for: 0, behind: nil)
            return nil
        }
        highestPromised = id
        var promised = HTTP2Stream(id)
        promised.isPushed = true
        promised.promised = now
        promised[1 - side.number].isOver = true
        open(promised)
        side.beginBlock(stream, .promise, for: id, behind: HTTP2HeaderList())
        return nil
    }

    private func open(_ stream: HTTP2Stream) {
        if stream.id == 1 { hasFirst = true }
        if streams.isFull, let oldest = streams.removeOldest() { give(oldest, .givenUp) }
        streams.insert(stream)
    }

    /// The headers of a stream that a side's block is about; nil if it is not followed.
    func withHeaders<Result>(of id: UInt32, by side: Int, _ body: (inout HTTP2HeaderList) -> Result) -> Result? {
        var added = 0
        let result = streams.with(id) { stream in
            let before = stream[side].list.byteCount
            let result = body(&stream[side].list)
            added = stream[side].list.byteCount - before
            return result
        }
        streams.headerBytes += added
        while streams.headerBytes > HTTP2Streams.mostHeaderBytes, let oldest = streams.removeOldest() { give(oldest, .givenUp) }
        return result
    }

    func note(_ problem: HTTP2Problems, on block: HTTP2HeaderBlock) {
        streams.with(block.target) { $0.problems.formUnion(problem.union(block.problems)) }
    }

    func endBlock(_ block: HTTP2HeaderBlock, endsStream: Bool, isLost: Bool, by side: Int) {
        let time = now
        var dropped = 0
        streams.with(block.target) { stream in
            stream.problems.formUnion(block.problems)
            guard block.section != .promise else { return }
            if 100..<200 ~= block.status, !endsStream, block.section == .headers {
                dropped = stream[side].list.byteCount - block.start.place
                stream[side].list.cut(to: block.start.place, count: block.start.count)
                stream[side].interimCount = stream[side].interimCount == .max ? .max : stream[side].interimCount + 1
                stream[side].interimStatus = block.status
                return
            }
            let isKnown = !isLost && !block.missesHeaders
            if block.section == .trailers || isKnown && !block.hasPseudo {
                if block.section == .headers { stream[side].list.move(behind: block.start.place, to: .trailers) }
                return
            }
            stream[side].hasHeaders = true
            stream[side].status = block.status
            stream[side].began = time
            stream[side].messages.isOn = block.isGRPC
            if isKnown, !block.isComplete { stream.problems.insert(.malformed) }
        }
        streams.headerBytes -= dropped
        if client == nil, block.hasMethod || block.status > 0 {
            client = block.hasMethod ? side : 1 - side
            if block.hasMethod, block.target & 1 == 1 { noteOpened(block.target) }
        }
        if endsStream { endStream(block.target, by: side) }
    }

    // MARK: Bodies and ends

    func beginData(_ id: UInt32, by side: HTTP2Side) -> ParserFailure? {
        guard side.isWhole, !streams.contains(id) else { return nil }
        // On a stream that was never opened.
        let isIdle = id & 1 == 1 ? id > highestOpened : id > highestPromised
        return isIdle && isClient(side.number) != nil ? .unexpected : nil
    }

    func takeData(_ piece: RawSpan, of id: UInt32, by side: Int) {
        guard piece.byteCount > 0 else { return }
        streams.with(id) { stream in
            stream[side].bodyLength &+= UInt64(piece.byteCount)
            stream[side].messages.take(piece)
            guard followsBodies else { return }
            if stream[side].body == nil { stream[side].body = HTTP2Body() }
            stream[side].body?.take(piece)
        }
    }

    func skipData(_ byteCount: Int, of id: UInt32, by side: Int) {
        streams.with(id) { stream in
            stream[side].bodyLength &+= UInt64(byteCount)
            stream[side].messages.skip(byteCount)
            if followsBodies, stream[side].body == nil { stream[side].body = HTTP2Body() }
            stream[side].body?.skip(byteCount)
            stream.problems.insert(.bytesMissing)
        }
    }

    func endStream(_ id: UInt32, by side: Int) {
        let mayBeAsked = mayBeAsked(id)
        let isOver = streams.with(id) { stream in
            stream[side].isOver = true
            // Who answers what was not asked answers what was asked elsewhere: before the capture, or by HTTP/1's upgrade.
            return stream[1 - side].isOver || !stream[1 - side].hasBegun && isClient(side) != true && !mayBeAsked
        }
        if isOver == true { close(id, .complete) }
    }

    func reset(_ id: UInt32, code: UInt32, by side: Int) { close(id, .reset(code, by: direction(of: side))) }

    func goAway(last: UInt32, code: UInt32, by side: Int) {
        goAwayCode = max(goAwayCode ?? 0, code)
        guard let client else { return }
        // Those that the other side opened and this one has not looked at.
        let parity: UInt32 = side == client ? 0 : 1
        for id in streams.ids(where: { $0.id > last && $0.id & 1 == parity }) { close(id, .goAway(code)) }
    }

    /// Frames are missing that any stream may have had a part in.
    func missFrames() { streams.noteAll(.bytesMissing) }

    private func close(_ id: UInt32, _ end: HTTP2End) {
        if let stream = streams.remove(id) { give(stream, end) }
    }

    private func give(_ stream: HTTP2Stream, _ end: HTTP2End) {
        let client = client ?? (direction(of: 0) == .originator ? 0 : 1)
        let exchange = HTTP2Exchange(stream, clientSide: client, client: direction(of: client), end, at: now)
        sessionBytes += exchange.headerBytes
        sessions.append(exchange)
    }
}
