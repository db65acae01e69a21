import Packets

/// Both directions of a connection: which of them asks, and which response belongs to which request, which is the n-th to the n-th (RFC 9112 9.3.2).
///
///     waiting     | answered, still sending | being answered | next | next | … 1024
///     overflow                                                                 | given already, their responses are to come
///
/// A hole that may have swallowed messages ends this counting: whatever waits is given alone, and so is what comes, until the next request. A client that
/// sends one has seen all before it answered, unless it pipelines.
final class HTTPConversation {
    /// Requests that wait for their responses, and bytes of them; and those besides whose responses are known to belong to none that waits.
    private static let mostWaiting = 1024
    private static let mostWaitingBytes = 256 << 10
    private static let mostOverflow = 1 << 16

    private struct Waiting {
        var exchange: HTTPExchange
        var method: HTTPMethod
        var isRequestOver = false
        var hasResponse = false
        var isResponseOver = false

        /// Whether no response is to come, or a part of it.
        var isUnanswered: Bool { !hasResponse && exchange.absence == nil }
        var isOver: Bool { isRequestOver && (isResponseOver || exchange.absence != nil && !hasResponse) }
    }

    /// Where a message that is under way is kept.
    private enum Place {
        case nowhere
        case waiting(Int)
        case alone(HTTPExchange)
    }

    private var originator = HTTPMessageReader()
    private var responder = HTTPMessageReader()
    /// Known with the first line.
    private var client: Direction?
    private let hashesBodies: Bool
    /// From `front` on, oldest first.
    private var waiting: [Waiting] = []
    private var front = 0
    private var waitingBytes = 0
    private var overflow: [HTTPMethod] = []
    private var overflowFront = 0
    private var requestPlace = Place.nowhere
    private var responsePlace = Place.nowhere
    private var requestCount = 0
    private var responseCount = 0
    private var interimCount = 0
    private var interim: HTTPInterim?
    private var isPairLost = false
    /// How it ended.
    private var outcome: ParserProgress?
    /// Those that are complete, from `taken` on not yet taken.
    private var sessions: [HTTPExchange] = []
    private var taken = 0

    init(hashesBodies: Bool) { self.hashesBodies = hashesBodies }

    var heldBytes: Int {
        originator.heldBytes + responder.heldBytes + waitingBytes + waiting.capacity * MemoryLayout<Waiting>.stride
            + sessions.capacity * MemoryLayout<HTTPExchange>.stride + overflow.capacity
    }

    private var progress: ParserProgress { outcome ?? (taken < sessions.count ? .ready : .wantsMore) }

    func nextSession() -> HTTPExchange? {
        guard taken < sessions.count else { return nil }
        taken += 1
        guard taken == sessions.count else { return sessions[taken - 1] }
        let last = sessions.removeLast()
        sessions.removeAll(keepingCapacity: sessions.capacity <= 16)
        taken = 0
        return last
    }

    // MARK: Feeding

    @inline(__always)
    private func with<Result>(_ sender: Direction, _ body: (inout HTTPMessageReader) -> Result) -> Result {
        sender == .originator ? body(&originator) : body(&responder)
    }

    func feed(_ bytes: RawSpan, from sender: Direction, at time: Timestamp) -> ParserProgress {
        var place = 0
        while outcome == nil {
            let event = sender == .originator ? originator.next(bytes, &place, at: time) : responder.next(bytes, &place, at: time)
            if client == nil { learnRoles(sender) }
            guard let event else { break }
            take(event, from: sender)
        }
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
        while front < waiting.count { giveFirst() }
        if outcome == nil { outcome = .done }
    }

    func reverseRoles() {
        swap(&originator, &responder)
        client = client?.opposite
        for place in sessions.indices { sessions[place].client = sessions[place].client.opposite }
    }

    // MARK: Messages

    private func beginRequest(_ head: HTTPHead, _ sender: Direction) {
        let (problems, begun, framing) = with(sender) { ($0.problems, $0.begun, $0.framing) }
        let method = HTTPMethod(head.startLine)
        enqueue(head, method, problems, begun)
        guard let framing else { return }
        begin(HTTPBodyEnd.ofRequest(framing, isConnect: method == .connect), sender)
    }

    private func begin(_ end: HTTPBodyEnd, _ sender: Direction) {
        with(sender) { $0.beginBody(end, hashing: hashesBodies) }
        if case .counted(0) = end { endMessage(sender, isWhole: true) }
    }

    private func enqueue(_ head: HTTPHead, _ method: HTTPMethod, _ problems: HTTPProblems, _ begun: Timestamp) {
        if isPairLost { giveUp(.lostInGap) }
        requestCount += 1
        var exchange = HTTPExchange(client: .originator, number: requestCount)
        exchange.request = HTTPRequest(head: head)
        exchange.requestProblems = exchange.request?.version == nil ? problems.union(.badVersion) : problems
        exchange.requested = begun
        let isFull = waiting.count - front >= Self.mostWaiting || waitingBytes + head.keptCount > Self.mostWaitingBytes
        if isFull || overflowFront < overflow.count {
            exchange.absence = .tooManyWaiting
            requestPlace = .alone(exchange)
            overflow.append(method)
            if overflow.count - overflowFront > Self.mostOverflow { outcome = .failed(.tooLong) }
        } else {
            requestPlace = .waiting(waiting.count)
            waitingBytes += head.keptCount
            waiting.append(Waiting(exchange: exchange, method: method))
        }
    }

    /// The request that is to be answered next, and what is known of it.
    private func nextUnanswered() -> Int? {
        var place = front
        while place < waiting.count, !waiting[place].isUnanswered { place += 1 }
        return place < waiting.count ? place : nil
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
        guard let place = nextUnanswered(), waiting[place].method == .simple else { return }
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
        func fillAll(_ exchange: inout HTTPExchange) {
            (exchange.interimCount, exchange.interim) = (interimCount, interim)
            (interimCount, interim) = (0, nil)
            fill(&exchange)
        }
        responseCount += 1
        if let place = nextUnanswered() {
            fillAll(&waiting[place].exchange)
            waiting[place].hasResponse = true
            if isPairLost { waiting[place].exchange.responseProblems.insert(.uncertainPair) }
            isPairLost = false
            responsePlace = .waiting(place)
            return waiting[place].method
        }
        var exchange = HTTPExchange(client: .originator, number: responseCount)
        exchange.absence = isPairLost ? .lostInGap : .notSeen
        var method = HTTPMethod.other
        if overflowFront < overflow.count {
            (method, exchange.absence) = (overflow[overflowFront], .tooManyWaiting)
            overflowFront += 1
            if overflowFront == overflow.count { (overflow, overflowFront) = ([], 0) }
        }
        fillAll(&exchange)
        responsePlace = .alone(exchange)
        return method
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
            fill(&waiting[place].exchange)
            if isRequest { waiting[place].isRequestOver = true } else { waiting[place].isResponseOver = true }
        case .alone(var exchange):
            fill(&exchange)
            give(exchange)
        }
        if isRequest { requestPlace = .nowhere } else { responsePlace = .nowhere }
        while front < waiting.count, waiting[front].isOver { giveFirst() }
    }

    /// Ends what is under way in a direction of which no more is known.
    private func endUnfinished(_ sender: Direction) {
        let (isInBody, endsWithStream, hasHead) = with(sender) { ($0.isInBody, $0.endsWithStream, $0.hasPartialHead) }
        if isInBody {
            if !endsWithStream { with(sender) { $0.problems.formUnion(.bodyCut) } }
            endMessage(sender, isWhole: endsWithStream)
        } else if hasHead {
            let head = with(sender) { $0.takePartialHead() }
            if sender == client { beginRequest(head, sender) } else { beginResponse(head, sender) }
            endMessage(sender, isWhole: false)
        }
    }

    // MARK: Giving

    /// The connection goes on in another protocol.
    private func handOver() {
        if let client { endUnfinished(client) }
        giveUp(.handedOver)
        while front < waiting.count { giveFirst() }
        outcome = .handsOver
    }

    /// No request that waits will be answered, or it will not be known which.
    private func giveUp(_ reason: HTTPAbsence) {
        for place in front..<waiting.count where waiting[place].isUnanswered {
            waiting[place].exchange.absence = reason
            if interimCount > 0 { (waiting[place].exchange.interimCount, waiting[place].exchange.interim) = (interimCount, interim) }
            (interimCount, interim) = (0, nil)
        }
        (overflow, overflowFront) = ([], 0)
        while front < waiting.count, waiting[front].isOver { giveFirst() }
    }

    private func giveFirst() {
        if front == waiting.count - 1 {
            let last = waiting.removeLast().exchange
            waiting.removeAll(keepingCapacity: waiting.capacity <= 16)
            (front, waitingBytes) = (0, 0)
            return give(last)
        }
        give(waiting[front].exchange)
        waitingBytes -= waiting[front].exchange.request?.head.keptCount ?? 0
        (waiting[front].exchange.request, waiting[front].exchange.response) = (nil, nil)
        front += 1
        // Seldom enough for the moving to cost nothing.
        guard front > 64, front > waiting.count / 2 else { return }
        waiting.removeFirst(front)
        if case .waiting(let place) = requestPlace { requestPlace = .waiting(place - front) }
        if case .waiting(let place) = responsePlace { responsePlace = .waiting(place - front) }
        front = 0
    }

    private func give(_ exchange: HTTPExchange) {
        sessions.append(exchange)
        sessions[sessions.count - 1].client = client ?? .originator
    }
}

/// What of a request's method decides about its response.
private enum HTTPMethod: UInt8 {
    case other, head, connect
    /// HTTP/0.9.
    case simple

    /// - Parameter line: the request's.
    init(_ line: RawSpan) {
        let parts = HTTPRequestLine(line)
        if parts.version.isEmpty {
            self = .simple
        } else if line.agrees(with: "HEAD "), parts.method.count == 4 {
            self = .head
        } else {
            self = line.agrees(with: "CONNECT ") && parts.method.count == 7 ? .connect : .other
        }
    }
}
