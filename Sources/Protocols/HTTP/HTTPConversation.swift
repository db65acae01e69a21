import Packets

/// Both directions of a connection: which of them asks, and which response belongs to which request, which is the n-th to the n-th (RFC 9112 9.3.2).
///
/// A hole that may have swallowed messages ends this counting: whatever waits is given alone, and so is what comes, until the next request. A client that
/// sends one has seen all before it answered, unless it pipelines.
final class HTTPConversation {
    /// Where a message that is under way is kept.
    private enum Place {
        case nowhere
        case waiting(Int)
        /// Seldom: what has no place is kept apart, so that the others' is told by a number.
        indirect case alone(HTTPExchange)
    }

    private var originator = HTTPMessageReader()
    private var responder = HTTPMessageReader()
    /// Known with the first line.
    private var client: Direction?
    private let hashesBodies: Bool
    private var queue = HTTPQueue()
    private var requestPlace = Place.nowhere
    private var responsePlace = Place.nowhere
    private var requestCount = 0
    private var responseCount = 0
    private var interimCount = 0
    private var interim: HTTPInterim?
    private var isPairLost = false
    /// How it ended.
    private var outcome: ParserProgress?
    /// At the end of those fed last: where it has an outcome, what follows the message that brought it.
    private(set) var unreadBytes = 0
    /// Those that are complete, from `taken` on not yet taken.
    private var sessions: [HTTPExchange] = []
    private var taken = 0

    init(hashesBodies: Bool) { self.hashesBodies = hashesBodies }

    /// Its own memory.
    private static let ownBytes = 2 * (MemoryLayout<HTTPMessageReader>.stride + MemoryLayout<Place>.stride) + MemoryLayout<HTTPQueue>.stride + 128

    var heldBytes: Int {
        Self.ownBytes + originator.heldBytes + responder.heldBytes + queue.heldBytes + sessions.capacity * MemoryLayout<HTTPExchange>.stride
    }

    private var progress: ParserProgress { outcome ?? (taken < sessions.count ? .ready : .wantsMore) }

    func nextSession() -> HTTPExchange? {
        guard taken < sessions.count else { return nil }
        defer { countTaken() }
        return sessions[taken]
    }

    /// Moves the next session out, where `nextSession` counts references to all that a copy holds; false when there is none.
    func moveSession(into session: UnsafeMutablePointer<HTTPExchange>) -> Bool {
        guard taken < sessions.count else { return false }
        withUnsafeMutablePointer(to: &sessions[taken]) {
            session.moveInitialize(from: $0, count: 1)
            $0.initialize(to: HTTPExchange(client: .originator, number: 0))
        }
        countTaken()
        return true
    }

    private func countTaken() {
        taken += 1
        guard taken == sessions.count else { return }
        sessions.removeAll(keepingCapacity: sessions.capacity <= 16)
        taken = 0
    }

    // MARK: Feeding

    @inline(__always)
    private func with<Result>(_ sender: Direction, _ body: (inout HTTPMessageReader) -> Result) -> Result {
        sender == .originator ? body(&originator) : body(&responder)
    }

    @inline(__always)
    func feed(_ bytes: RawSpan, from sender: Direction, at time: Timestamp) -> ParserProgress {
        if outcome == nil, with(sender, { $0.takeMidst(bytes) }) {
            unreadBytes = 0
            return progress
        }
        return read(bytes, from: sender, at: time)
    }

    /// The same for whatever they are.
    @inline(never)
    private func read(_ bytes: RawSpan, from sender: Direction, at time: Timestamp) -> ParserProgress {
        var place = 0
        while outcome == nil {
            let event = sender == .originator ? originator.next(bytes, &place, at: time) : responder.next(bytes, &place, at: time)
            if client == nil { learnRoles(sender) }
            guard let event else { break }
            take(event, from: sender)
        }
        unreadBytes = bytes.byteCount - place
        return progress
    }

    private func learnRoles(_ sender: Direction) {
        let kind = with(sender) { $0.kind }
        guard kind != .unknown else { return }
        client = kind == .request ? sender : sender.opposite
        with(sender.opposite) { $0.kind = kind == .request ? .response : .request }
    }

    private func take(_ event: HTTPMessageReader.Event, from sender: Direction) {
        let isRequest = sender == client
        switch event {
        case .head(let head): if isRequest { beginRequest(head, sender) } else { beginResponse(head, sender) }
        case .interim(let response):
            interimCount += 1
            interim = response
        case .end: endMessage(sender, isWhole: true)
        case .unreadable: endMessage(sender, isWhole: false)
        case .stray: if !isRequest { beginResponseWithoutHead(sender) }
        case .failed(let failure): outcome = .failed(failure)
        }
    }

    func skip(_ byteCount: Int, from sender: Direction) -> ParserProgress {
        guard outcome == nil, byteCount > 0 else { return progress }
        switch with(sender, { $0.skip(byteCount) }) {
        case .within: break
        case .atEnd: endMessage(sender, isWhole: true)
        case .beyond:
            endUnfinished(sender)
            isPairLost = true
            if sender != client { giveUp(.lostInGap) }
            with(sender) { $0.search() }
        }
        return progress
    }

    func finish() {
        if let client {
            endUnfinished(client)
            endUnfinished(client.opposite)
        }
        let isFailed = if case .failed = outcome { true } else { false }
        giveUp(isFailed ? .unreadable : .notSeen)
        while giveFirst() {}
        if outcome == nil { outcome = .done }
    }

    func reverseRoles() {
        swap(&originator, &responder)
        client = client?.opposite
        for place in sessions.indices { sessions[place].client = sessions[place].client.opposite }
    }

    // MARK: Messages

    private func beginRequest(_ head: HTTPHead, _ sender: Direction) {
        let (problems, begun, scan) = with(sender) { ($0.problems, $0.begun, $0.scan) }
        enqueue(head, scan.method, scan.hasVersion ? problems : problems.union(.badVersion), begun)
        guard let framing = scan.framing else { return }
        begin(HTTPBodyEnd.ofRequest(framing, isConnect: scan.method == .connect), sender)
    }

    private func begin(_ end: HTTPBodyEnd, _ sender: Direction) {
        with(sender) { $0.beginBody(end, hashing: hashesBodies) }
        if case .counted(0) = end { endMessage(sender, isWhole: true) }
    }

    private func enqueue(_ head: HTTPHead, _ method: HTTPMethod, _ problems: HTTPProblems, _ begun: Timestamp) {
        if isPairLost { giveUp(.lostInGap) }
        requestCount += 1
        func fill(_ exchange: inout HTTPExchange) {
            exchange.request = HTTPRequest(head: head)
            exchange.requestProblems = problems
            exchange.requested = begun
        }
        if let place = queue.add(number: requestCount, method, byteCount: head.keptCount) {
            fill(&queue[place].exchange)
            requestPlace = .waiting(place)
        } else {
            var exchange = HTTPExchange(client: .originator, number: requestCount)
            fill(&exchange)
            exchange.absence = .tooManyWaiting
            requestPlace = .alone(exchange)
            if queue.isOverfull { outcome = .failed(.tooLong) }
        }
    }

    private func beginResponse(_ head: HTTPHead, _ sender: Direction) {
        let (problems, begun, framing) = with(sender) { ($0.problems, $0.begun, $0.framing) }
        let response = HTTPResponse(head: head), status = response.status
        let method = bind { exchange in
            exchange.response = response
            exchange.responseProblems = problems
            exchange.responded = begun
        }
        let isTunnel = status == 101 || method == .connect && 200..<300 ~= status
        guard let framing else { return }
        begin(isTunnel ? .none : HTTPBodyEnd.ofResponse(framing, status: status, toHead: method == .head), sender)
        if isTunnel { handOver() }
    }

    /// HTTP/0.9 has no heads: whatever comes is the body.
    private func beginResponseWithoutHead(_ sender: Direction) {
        guard let place = queue.nextUnanswered, queue[place].method == .simple else { return }
        bind { $0.absence = .noHead }
        with(sender) {
            $0.problems = []
            $0.beginBody(.withStream, hashing: hashesBodies)
        }
    }

    /// Finds the request of a response that begins, and tells what is seen of the response.
    ///
    /// - Returns: the request's method, as far as that matters.
    @discardableResult
    private func bind(_ fill: (inout HTTPExchange) -> Void) -> HTTPMethod {
        responseCount += 1
        if let place = queue.nextUnanswered {
            tellInterims(of: &queue[place].exchange)
            fill(&queue[place].exchange)
            queue[place].hasResponse = true
            if isPairLost { queue[place].exchange.responseProblems.insert(.uncertainPair) }
            isPairLost = false
            responsePlace = .waiting(place)
            return queue[place].method
        }
        let overflown = queue.takeOverflow()
        var exchange = HTTPExchange(client: .originator, number: responseCount)
        exchange.absence = overflown != nil ? .tooManyWaiting : isPairLost ? .lostInGap : .notSeen
        tellInterims(of: &exchange)
        fill(&exchange)
        responsePlace = .alone(exchange)
        return overflown ?? .other
    }

    /// Those that came belong to the next request that is answered.
    private func tellInterims(of exchange: inout HTTPExchange) {
        (exchange.interimCount, exchange.interim) = (interimCount, interim)
        (interimCount, interim) = (0, nil)
    }

    /// A message is over, or no more is known of it.
    private func endMessage(_ sender: Direction, isWhole: Bool) {
        let isRequest = sender == client
        let (body, problems) = with(sender) { reader in
            defer { reader.problems = [] }
            return (reader.body.finish(isWhole: isWhole), reader.problems)
        }
        func fill(_ exchange: inout HTTPExchange) {
            let all = body.missingCount > 0 ? problems.union(.bodyGap) : problems
            if isRequest {
                (exchange.requestBody, exchange.requestProblems) = (body, exchange.requestProblems.union(all))
            } else {
                (exchange.responseBody, exchange.responseProblems) = (body, exchange.responseProblems.union(all))
            }
        }
        switch isRequest ? requestPlace : responsePlace {
        case .nowhere: return
        case .waiting(let place):
            fill(&queue[place].exchange)
            if isRequest { queue[place].isRequestOver = true } else { queue[place].isResponseOver = true }
        case .alone(var exchange):
            fill(&exchange)
            give(exchange)
        }
        if isRequest { requestPlace = .nowhere } else { responsePlace = .nowhere }
        giveOver()
    }

    /// Ends what is under way in a direction of which no more is known.
    private func endUnfinished(_ sender: Direction) {
        let (isInBody, endsWithStream, hasHead) = with(sender) { ($0.isInBody, $0.endsWithStream, $0.hasPartialHead) }
        if isInBody {
            if !endsWithStream { with(sender) { $0.problems.formUnion(.bodyCut) } }
            endMessage(sender, isWhole: endsWithStream)
        } else if hasHead {
            let head = with(sender) { $0.takePartialHead() }
            if sender == client {
                beginRequest(head, sender)
            } else if HTTPResponse(head: head).status >= 200 {
                beginResponse(head, sender)
            }
            endMessage(sender, isWhole: false)
        }
    }

    // MARK: Giving

    /// The connection goes on in another protocol.
    private func handOver() {
        if let client { endUnfinished(client) }
        giveUp(.handedOver)
        while giveFirst() {}
        outcome = .handsOver
    }

    /// No request that waits will be answered, or it will not be known which.
    private func giveUp(_ reason: HTTPAbsence) {
        while let place = queue.nextUnanswered {
            queue[place].exchange.absence = reason
            tellInterims(of: &queue[place].exchange)
        }
        queue.forgetOverflow()
        giveOver()
    }

    /// Gives those that are complete, in order.
    private func giveOver() {
        while queue.isFirstOver, giveFirst() {}
    }

    /// Gives the oldest of those that wait; false when there is none.
    private func giveFirst() -> Bool {
        guard queue.moveFirst(to: &sessions) else { return false }
        tellClient()
        return true
    }

    private func give(_ exchange: consuming HTTPExchange) {
        sessions.append(exchange)
        tellClient()
    }

    /// Of the exchange that is given: who asks may not have been known when it began.
    private func tellClient() {
        sessions[sessions.count - 1].client = client ?? .originator
    }
}
