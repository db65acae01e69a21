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
    /// A length, a header, the longest name, a type and a class.
    private static let longestHead = 2 + 12 + 256 + 4

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
    /// Those that are complete, from `taken` on not yet taken.
    private var sessions: [DNSTransaction] = []
    private var taken = 0
    private var strangers = 0
    /// The stream's first bytes while they are too few to tell whether it is DNS; nil once they were enough.
    private var head: [UInt8]? = []

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
        if head != nil, let answer = judgeHead(bytes) { return answer }
        var framing = sender == .originator ? originator : responder
        // It is kept in one place only, so that its memory is not copied.
        if sender == .originator { originator = DNSFraming() } else { responder = DNSFraming() }
        let isSound = framing.feed(bytes) { take($0, isCut: false, from: sender, at: time) }
        if sender == .originator { originator = framing } else { responder = framing }
        return isSound ? progress : .failed(.malformed)
    }

    /// Looks at a stream's first bytes, of whichever side: framing alone would take anything for messages. Gives what there is to answer while they are too
    /// few, or of another protocol.
    private mutating func judgeHead(_ bytes: RawSpan) -> ParserProgress? {
        if head!.isEmpty, Self.probe(bytes) == .mine {
            head = nil
            return nil
        }
        bytes.withUnsafeBytes { head!.append(contentsOf: $0.prefix(Self.longestHead)) }
        switch Self.probe(head!.span.bytes) {
        case .mine: head = nil
        case .unsure where head!.count < Self.longestHead: break
        case .unsure, .notMine: return .failed(.otherProtocol)
        }
        return nil
    }

    public mutating func skip(_ byteCount: Int, from sender: Direction) -> ParserProgress {
        if sender == .originator { originator.skip(byteCount) } else { responder.skip(byteCount) }
        if head != nil { head = [] }
        return progress
    }

    public mutating func feed(datagram: RawSpan, missing: Int, from sender: Direction, at time: Timestamp) -> ParserProgress {
        take(datagram, isCut: missing > 0, from: sender, at: time)
        return strangers < Self.mostStrangers ? progress : .failed(.otherProtocol)
    }

    public mutating func reverseRoles() {
        swap(&originator, &responder)
        for place in queries.indices { queries[place].client = queries[place].client.opposite }
        for place in sessions.indices { sessions[place].client = sessions[place].client.opposite }
    }

    public mutating func finish() {
        while !queries.isEmpty { giveUpOldest() }
    }

    public var heldBytes: Int { (head?.count ?? 0) + originator.heldBytes + responder.heldBytes + queryBytes }

    private var progress: ParserProgress { taken < sessions.count ? .ready : .wantsMore }

    public mutating func nextSession() -> DNSTransaction? {
        guard taken < sessions.count else {
            sessions.removeAll(keepingCapacity: true)
            taken = 0
            return nil
        }
        defer { taken += 1 }
        return sessions[taken]
    }

    // MARK: Pairing

    private mutating func take(_ bytes: RawSpan, isCut: Bool, from sender: Direction, at time: Timestamp) {
        guard let message = DNSMessage(bytes, isCut: isCut) else { return strangers += 1 }
        strangers = 0
        while let oldest = queries.first, time - oldest.time > Self.patience { giveUpOldest() }
        if message.isResponse {
            let place = queries.firstIndex { $0.client != sender && $0.message.id == message.id && $0.message.sharesQuestion(with: message) }
            let query = place.map { queries.remove(at: $0) }
            if let query { queryBytes -= query.message.byteCount }
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

    private mutating func giveUpOldest() {
        let query = queries.removeFirst()
        queryBytes -= query.message.byteCount
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

/// Cuts a direction of a TCP connection into messages, each behind its length in two bytes.
struct DNSFraming {
    /// Of the message at hand, its length's two bytes included.
    private var buffer: [UInt8] = []
    /// Bytes of a message that is not whole any more, still to come.
    private var toDrop = 0
    /// Whether a hole has taken away where the next message begins.
    private var isLost = false

    var heldBytes: Int { buffer.count }

    /// - Returns: false when what comes cannot be messages.
    mutating func feed(_ bytes: RawSpan, _ give: (RawSpan) -> Void) -> Bool {
        var reader = ByteReader(bytes)
        if isLost {
            // A sender begins a segment with a message; where that is not so, nothing can be told.
            guard DNSParser.probe(bytes) == .mine else { return true }
            isLost = false
        }
        if toDrop > 0 {
            let count = min(toDrop, reader.count)
            _ = reader.bytes(upTo: count)
            toDrop -= count
        }
        while !reader.isAtEnd {
            if buffer.isEmpty {
                let rest = reader
                if let message = reader.vector16() {
                    guard message.byteCount >= DNSMessage.headerLength else { return false }
                    give(message)
                    continue
                }
                reader = rest
            }
            while buffer.count < 2, let byte = reader.uint8() { buffer.append(byte) }
            guard buffer.count >= 2 else { return true }
            let length = Int(buffer[0]) << 8 | Int(buffer[1])
            guard length >= DNSMessage.headerLength else { return false }
            reader.bytes(upTo: 2 + length - buffer.count).withUnsafeBytes { buffer.append(contentsOf: $0) }
            guard buffer.count == 2 + length else { return true }
            give(buffer.span.bytes.extracting(2...))
            buffer.removeAll(keepingCapacity: length < 4096)
        }
        return true
    }

    mutating func skip(_ byteCount: Int) {
        guard byteCount > 0, !isLost else { return }
        // A message's rest is known only with its length.
        let rest = buffer.count >= 2 ? 2 + (Int(buffer[0]) << 8 | Int(buffer[1])) - buffer.count : toDrop
        buffer.removeAll()
        toDrop = max(0, rest - byteCount)
        isLost = byteCount > rest
    }
}
