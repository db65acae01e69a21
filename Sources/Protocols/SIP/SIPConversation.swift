import Packets

/// What two sides say to each other: requests of either, and the responses to them.
final class SIPConversation {
    /// Nanoseconds after which a request has no answer (RFC 3261 17.1.1.2, 64 times T1), and after which one has that was said to be on its way (timer C).
    static let patience: Int64 = 32_000_000_000
    static let longPatience: Int64 = 180_000_000_000
    /// Requests that wait for their answers, and bytes of them. More make the oldest give up.
    private static let mostRequests = 256
    private static let mostRequestBytes = 256 << 10
    /// Transactions that are over and remembered: what is sent again is none of its own.
    private static let mostRemembered = 64
    /// Datagrams in a row that are no messages, after which the flow is none of SIP.
    private static let mostStrangers = 8

    private struct Pending {
        let key: Int
        var transaction: SIPTransaction
        var deadline: Timestamp
    }

    private var originator = SIPFraming()
    private var responder = SIPFraming()
    /// Oldest first.
    private var requests: [Pending] = []
    private var requestBytes = 0
    /// No request's deadline is before it.
    private var nextDeadline = Timestamp(nanoseconds: .max)
    /// What was given: transactions and answers (`SIPEnvelope`), the oldest of them at `oldestRemembered`.
    private var remembered: [Int] = []
    private var oldestRemembered = 0
    private var sessions = Queue<SIPTransaction>()
    private var sessionBytes = 0
    private var strangers = 0
    private var outcome: ParserProgress?
    private var now = Timestamp.zero

    var heldBytes: Int {
        originator.heldBytes + responder.heldBytes + requestBytes + requests.capacity * MemoryLayout<Pending>.stride + remembered.capacity * 8 + sessionBytes
            + Self.ownBytes
    }
    private static let ownBytes = 2 * MemoryLayout<SIPFraming>.stride + 128

    private var progress: ParserProgress { outcome ?? (sessions.isEmpty ? .wantsMore : .ready) }

    func nextSession() -> SIPTransaction? {
        let session = sessions.popFirst()
        sessionBytes -= session?.keptCount ?? 0
        return session
    }

    // MARK: Streams

    func feed(_ bytes: RawSpan, from sender: Direction, at time: Timestamp) -> ParserProgress {
        now = time
        var place = 0
        while outcome == nil {
            let event = sender == .originator ? originator.next(bytes, &place) : responder.next(bytes, &place)
            guard let event else { break }
            take(event, from: sender)
        }
        return progress
    }

    func skip(_ byteCount: Int, from sender: Direction) -> ParserProgress {
        guard outcome == nil, byteCount > 0 else { return progress }
        let event = sender == .originator ? originator.skip(byteCount) : responder.skip(byteCount)
        if let event { take(event, from: sender) }
        return progress
    }

    private func take(_ event: SIPFraming.Event, from sender: Direction) {
        switch event {
        case .message(let message, let envelope): take(message, envelope, from: sender)
        case .failed(let failure): outcome = .failed(failure)
        }
    }

    func finish() {
        if let event = originator.takeUnfinished() { take(event, from: .originator) }
        if let event = responder.takeUnfinished() { take(event, from: .responder) }
        while !requests.isEmpty { giveUp(0) }
    }

    func reverseRoles() {
        swap(&originator, &responder)
        for place in requests.indices { requests[place].transaction.client = requests[place].transaction.client.opposite }
        sessions.forEach { $0.client = $0.client.opposite }
    }

    // MARK: Datagrams

    func feed(datagram: RawSpan, missing: Int, from sender: Direction, at time: Timestamp) -> ParserProgress {
        now = time
        guard !SIPProbe.isKeepalive(datagram) else { return progress }
        var start = 0
        while start < datagram.byteCount, datagram.byte(start) == HTTPByte.return || datagram.byte(start) == HTTPByte.lineFeed { start += 1 }
        let bytes = datagram.extracting(start...)
        if bytes.isEmpty { return progress }
        guard SIPProbe.judge(bytes) == .mine else {
            strangers += 1
            return strangers < Self.mostStrangers ? progress : .failed(.otherProtocol)
        }
        strangers = 0
        take(bytes, isCut: missing > 0, from: sender)
        return progress
    }

    /// A message that has a datagram to itself: without a length its body is all that is left.
    private func take(_ bytes: RawSpan, isCut: Bool, from sender: Direction) {
        var lines = HTTPHeadLines()
        let head = bytes.extracting(first: min(bytes.byteCount, HTTPHead.mostRead)), end = lines.findEnd(of: head)
        let envelope = SIPEnvelope(head.extracting(first: end ?? head.byteCount))
        var message = SIPMessage(head.extracting(first: end ?? head.byteCount))
        let rest = bytes.extracting((end ?? bytes.byteCount)...)
        let body = rest.extracting(first: min(rest.byteCount, envelope.contentLength ?? rest.byteCount))
        message.bodyLength = body.byteCount
        if envelope.hasDescription { message.media = SIPMedia.read(body) }
        message.problem = envelope.problem
        if end == nil {
            message.problem = .headCut
        } else if let length = envelope.contentLength, length > body.byteCount {
            message.problem = message.problem ?? .bodyCut
        } else if isCut, envelope.contentLength == nil {
            message.problem = message.problem ?? .bodyCut
        }
        take(message, envelope, from: sender)
    }

    // MARK: Pairing

    private func take(_ message: SIPMessage, _ envelope: SIPEnvelope, from sender: Direction) {
        expire()
        let isNamed = envelope.transaction != 0
        if envelope.status > 0 {
            takeResponse(message, envelope, from: sender)
        } else if isNamed, let place = find(envelope.transaction, of: sender) {
            requests[place].transaction.retransmissions &+= 1
        } else if isNamed, remembered.contains(envelope.transaction) {
            // It was answered, and the answer lost.
        } else {
            let transaction = SIPTransaction(request: message, response: nil, client: sender, requested: now, responded: nil)
            // ACK is never answered, and what cannot be told from others waits for nothing.
            guard isNamed, envelope.method != .acknowledgment else {
                if isNamed { remember(envelope.transaction) }
                return give(transaction)
            }
            wait(Pending(key: envelope.transaction, transaction: transaction, deadline: now + Self.patience))
        }
    }

    private func takeResponse(_ message: SIPMessage, _ envelope: SIPEnvelope, from sender: Direction) {
        let place = envelope.transaction != 0 ? find(envelope.transaction, of: sender.opposite) : nil
        if envelope.status < 200 {
            guard let place else { return }
            requests[place].transaction.provisionalCount &+= 1
            requests[place].transaction.provisionalStatus = envelope.status
            if envelope.method == .invite { requests[place].deadline = now + Self.longPatience }
            return
        }
        if let place {
            var transaction = remove(place)
            (transaction.response, transaction.responded) = (message, now)
            remember(envelope.transaction)
            remember(envelope.answer)
            give(transaction)
        } else if envelope.answer == 0 || !remembered.contains(envelope.answer) {
            if envelope.answer != 0 { remember(envelope.answer) }
            give(SIPTransaction(request: nil, response: message, client: sender.opposite, requested: nil, responded: now))
        }
    }

    private func find(_ key: Int, of client: Direction) -> Int? {
        requests.firstIndex { $0.key == key && $0.transaction.client == client }
    }

    private func wait(_ request: Pending) {
        requests.append(request)
        requestBytes += request.transaction.keptCount
        nextDeadline = min(nextDeadline, request.deadline)
        while requests.count > Self.mostRequests || requestBytes > Self.mostRequestBytes { giveUp(0) }
    }

    private func expire() {
        guard now > nextDeadline else { return }
        var place = 0
        while place < requests.count { if now > requests[place].deadline { giveUp(place) } else { place += 1 } }
        nextDeadline = requests.lazy.map(\.deadline).min() ?? Timestamp(nanoseconds: .max)
    }

    private func remove(_ place: Int) -> SIPTransaction {
        let transaction = requests.remove(at: place).transaction
        requestBytes -= transaction.keptCount
        return transaction
    }

    private func giveUp(_ place: Int) { give(remove(place)) }

    private func give(_ transaction: SIPTransaction) {
        sessionBytes += transaction.keptCount
        sessions.append(transaction)
    }

    private func remember(_ key: Int) {
        guard remembered.count == Self.mostRemembered else { return remembered.append(key) }
        remembered[oldestRemembered] = key
        oldestRemembered = (oldestRemembered + 1) % Self.mostRemembered
    }
}
