import Packets

/// Pairs DNS questions with their answers, RFC 1035: a message a datagram over UDP, behind its length over TCP (RFC 7766). Multicast DNS (RFC 6762) and LLMNR
/// (RFC 4795) have the same messages.
///
/// An answer belongs to the first question of the other side with its id and question that has none yet. A question without an answer becomes a session of
/// its own in the end, and so does an answer without a question.
public struct DNSParser: SessionParser {
    public static let service = Service.dns

    /// Nanoseconds after which a question has no answer.
    public static let patience: Int64 = 60_000_000_000
    /// Questions that wait for their answers, and bytes of them. More make the oldest give up.
    private static let mostQueries = 256
    private static let mostQueryBytes = 64 << 10
    /// Datagrams in a row that are no messages, after which the flow is none of DNS.
    private static let mostStrangers = 8

    private struct PendingQuery {
        var message: DNSMessage
        var client: Direction
        var time: Timestamp
    }

    private var originator = DNSFraming()
    private var responder = DNSFraming()
    /// Oldest first.
    private var queries: [PendingQuery] = []
    private var queryBytes = 0
    /// Those that are complete.
    private var sessions = Queue<DNSTransaction>()
    private var strangers = 0

    public init() {}

    // MARK: Recognising

    public static func probe(_ bytes: RawSpan) -> ProbeAnswer {
        guard bytes.byteCount >= 2 else { return .unsure }
        let length = Int(bytes.uint16(0))
        guard length >= DNSMessage.headerLength else { return .notMine }
        let message = bytes.extracting(2..<min(bytes.byteCount, 2 + length))
        return DNSProbe.judge(message, length: length)
    }

    public static func probe(datagram: RawSpan) -> Bool { DNSProbe.judge(datagram, length: datagram.byteCount) == .mine }

    // MARK: Feeding

    public mutating func feed(_ bytes: RawSpan, from sender: Direction) -> ParserProgress { feed(bytes, from: sender, at: .zero) }

    public mutating func feed(_ bytes: RawSpan, from sender: Direction, at time: Timestamp) -> ParserProgress {
        var framing = sender == .originator ? originator : responder
        // It is kept in one place only, so that its memory is not copied.
        if sender == .originator { originator = DNSFraming() } else { responder = DNSFraming() }
        let isSound = framing.feed(bytes) { take($0, isCut: false, from: sender, at: time) }
        if sender == .originator { originator = framing } else { responder = framing }
        guard isSound else { return .failed(.malformed) }
        return framing.isStrange && !originator.hasSynchronised && !responder.hasSynchronised ? .failed(.otherProtocol) : progress
    }

    public mutating func skip(_ byteCount: Int, from sender: Direction) -> ParserProgress {
        if sender == .originator { originator.skip(byteCount) } else { responder.skip(byteCount) }
        return progress
    }

    public mutating func feed(datagram: RawSpan, missing: Int, from sender: Direction, at time: Timestamp) -> ParserProgress {
        take(datagram, isCut: missing > 0, from: sender, at: time)
        return strangers < Self.mostStrangers ? progress : .failed(.otherProtocol)
    }

    public mutating func reverseRoles() {
        swap(&originator, &responder)
        for place in queries.indices { queries[place].client = queries[place].client.opposite }
        sessions.forEach { $0.client = $0.client.opposite }
    }

    public mutating func finish() {
        while !queries.isEmpty { giveUpOldest() }
    }

    public var heldBytes: Int { originator.heldBytes + responder.heldBytes + queryBytes }

    private var progress: ParserProgress { !sessions.isEmpty ? .ready : .wantsMore }

    public mutating func nextSession() -> DNSTransaction? { sessions.popFirst() }

    // MARK: Pairing

    private mutating func take(_ bytes: RawSpan, isCut: Bool, from sender: Direction, at time: Timestamp) {
        guard let message = DNSMessage(bytes, isCut: isCut) else { return strangers += 1 }
        strangers = 0
        while !queries.isEmpty, time - queries[0].time > Self.patience { giveUpOldest() }
        if message.isResponse {
            let place = queries.firstIndex { $0.client != sender && $0.message.id == message.id && $0.message.sharesQuestion(with: message) }
            let query = place.map { takeQuery(at: $0) }
            let client = sender.opposite
            sessions.append(DNSTransaction(query: query?.message, response: message, client: client, queried: query?.time, answered: time))
        } else if message.isMulticast {
            sessions.append(DNSTransaction(query: message, response: nil, client: sender, queried: time, answered: nil))
        } else {
            queries.append(PendingQuery(message: message, client: sender, time: time))
            queryBytes += message.byteCount
            while queries.count > Self.mostQueries || queryBytes > Self.mostQueryBytes { giveUpOldest() }
        }
    }

    private mutating func takeQuery(at place: Int) -> PendingQuery {
        // Mostly only one waits: it is moved out.
        let query = place == queries.count - 1 ? queries.removeLast() : queries.remove(at: place)
        queryBytes -= query.message.byteCount
        return query
    }

    private mutating func giveUpOldest() {
        let query = takeQuery(at: 0)
        sessions.append(DNSTransaction(query: query.message, response: nil, client: query.client, queried: query.time, answered: nil))
    }
}

extension DNSMessage {
    /// Whether a question goes to all, and answers to it come from wherever (RFC 6762 18.1).
    fileprivate var isMulticast: Bool {
        guard id == 0, let question else { return false }
        return questionCount > 1 || question.wantsUnicast || question.name.lowercased().hasSuffix(".local")
    }
}
