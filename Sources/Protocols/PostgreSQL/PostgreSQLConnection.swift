import Packets

/// Both directions of a PostgreSQL connection, and what is asked in one and not yet answered in the other.
///
///     asked:     | P B E P B E S | Q | Q |      units, each up to its Sync or one simple query
///     answered:  | 1 2 D D C 1 2 E       Z |  T D C Z | …      in the same order; Z (ReadyForQuery) ends a unit
final class PostgreSQLConnection {
    /// Commands that wait for their answers or for their unit's end, and bytes of their texts. More make the oldest unit give up.
    static let mostPending = 1024
    static let mostPendingBytes = 1 << 20

    /// What waits in the order in which it was sent.
    struct Pending {
        enum Step: UInt8 { case parse, bind, describe, execute, close, sync, query, function, startup }
        var step: Step
        /// Nil for what is no session of its own: Sync, Describe, Close.
        var command: PostgreSQLCommand?
        var isAnswered = false

        /// Whether ReadyForQuery ends it, and its unit.
        var endsUnit: Bool { step == .sync || step == .query || step == .function || step == .startup }
    }

    /// What follows in a direction that is not typed messages.
    enum ServerMode { case messages, encryptionAnswer, opaque }

    var originator = MessageCutter()
    var responder = MessageCutter()
    var client: Direction?
    var expectsStartup = true
    var serverMode = ServerMode.messages
    var encryption: PostgreSQLCommand?
    var pending = Queue<Pending>()
    var pendingBytes = 0
    /// How many at the front have their answers and wait for their unit's end.
    var answeredCount = 0
    /// Units that were given up, whose answers are still to come.
    var unitsToPass = 0
    /// Whether what is sent up to the next Sync belongs to a unit that was given up, or that the server passes over behind an error.
    var isPassingUnit = false
    var isDiscarding = false
    var prepared = PostgreSQLStatements()
    var describedColumns: UInt16?
    var sessions = Queue<PostgreSQLCommand>()
    var end: ParserProgress?
    var hasFound = false

    var heldBytes: Int { originator.heldBytes + responder.heldBytes + pendingBytes + pending.count * MemoryLayout<Pending>.stride + prepared.byteCount }

    func nextSession() -> PostgreSQLCommand? { sessions.popFirst() }
    var progress: ParserProgress { end ?? (sessions.isEmpty ? .wantsMore : .ready) }

    // MARK: Being fed

    func feed(_ bytes: RawSpan, from sender: Direction, at time: Timestamp) -> ParserProgress {
        guard end == nil, !bytes.isEmpty else { return progress }
        var reader = ByteReader(bytes)
        if client == nil {
            guard let first = ByteReader.first(of: bytes), first == 0 || PostgreSQLMessages.isClients(first) != nil else {
                return stop(.failed(.otherProtocol))
            }
            let isClients = first == 0 || PostgreSQLMessages.isClients(first) == true
            client = isClients ? sender : sender.opposite
            expectsStartup = first == 0
        }
        while end == nil, !reader.isAtEnd {
            if sender == client { readClient(&reader, sender, time) } else { readServer(&reader, sender, time) }
        }
        return progress
    }

    private func readClient(_ reader: inout ByteReader, _ sender: Direction, _ time: Timestamp) {
        let isStartup = expectsStartup
        let outcome = withCutter(of: sender) { cutter in
            cutter.feed(
                &reader, headerLength: isStartup ? PostgreSQLMessages.startupHeaderLength : PostgreSQLMessages.headerLength,
                { isStartup ? PostgreSQLMessages.measureStartup($0) : PostgreSQLMessages.measure($0, fromClient: true) },
                { message, length in
                    if isStartup { takeStartup(message, time) } else { takeClient(message, length, time) }
                    return end == nil && !isStartup
                })
        }
        if outcome == .badHeader { stop(.failed(hasFound ? .malformed : .otherProtocol)) }
    }

    private func readServer(_ reader: inout ByteReader, _ sender: Direction, _ time: Timestamp) {
        if serverMode == .encryptionAnswer, let first = reader.peek() {
            // An old server answers with an error.
            serverMode = .messages
            if first != UInt8(ascii: "E") {
                _ = reader.uint8()
                return takeEncryptionAnswer(first, time)
            }
            encryption?.isAccepted = false
            giveEncryption(time)
            expectsStartup = true
            return
        }
        let outcome = withCutter(of: sender) { cutter in
            cutter.feed(
                &reader, headerLength: PostgreSQLMessages.headerLength, { PostgreSQLMessages.measure($0, fromClient: false) },
                { message, length in
                    takeServer(message, length, time)
                    return end == nil
                })
        }
        if outcome == .badHeader { stop(.failed(hasFound ? .malformed : .otherProtocol)) }
    }

    /// The cutter is kept in one place only, so that its memory is not copied.
    @inline(__always)
    private func withCutter<Result>(of sender: Direction, _ body: (inout MessageCutter) -> Result) -> Result {
        sender == .originator ? body(&originator) : body(&responder)
    }

    func skip(_ byteCount: Int, from sender: Direction) -> ParserProgress {
        guard end == nil, byteCount > 0 else { return progress }
        var isWhole = client != nil && serverMode == .messages && !(sender == client && expectsStartup)
        if isWhole {
            isWhole = withCutter(of: sender) { cutter in
                cutter.skip(byteCount) { message, length in
                    if sender == client { takeClient(message, length, nil) } else { takeServer(message, length, nil) }
                }
            }
        }
        if !isWhole, end == nil {
            giveUpAll(.hole)
            stop(.failed(.unexpected))
        }
        return progress
    }

    func reverseRoles() {
        swap(&originator, &responder)
        client = client?.opposite
        encryption?.client = client ?? .originator
        pending.forEach { item in
            if let sender = item.command?.client { item.command?.client = sender.opposite }
        }
        sessions.forEach { $0.client = $0.client.opposite }
    }

    func finish() {
        giveUpAll(.noAnswer)
        if end == nil { end = .done }
    }

    @discardableResult
    func stop(_ progress: ParserProgress) -> ParserProgress {
        if end == nil {
            if case .failed = progress { giveUpAll(.noAnswer) }
            end = progress
        }
        return self.progress
    }

    // MARK: Encryption

    private func takeEncryptionAnswer(_ answer: UInt8, _ time: Timestamp) {
        switch answer {
        case "N":
            encryption?.isAccepted = false
            giveEncryption(time)
            expectsStartup = true
        case "S" where encryption?.kind == .encryption:
            encryption?.isAccepted = true
            giveEncryption(time)
            stop(.handsOver)
        case "G" where encryption?.kind == .gssEncryption:
            encryption?.isAccepted = true
            giveEncryption(time)
            stop(.done)
        default: stop(.failed(hasFound ? .malformed : .otherProtocol))
        }
    }

    private func giveEncryption(_ time: Timestamp) {
        guard var command = encryption else { return }
        encryption = nil
        command.answered = time
        hasFound = true
        sessions.append(command)
    }
}

extension ByteReader {
    /// The next byte, which stays.
    func peek() -> UInt8? {
        var ahead = self
        return ahead.uint8()
    }

    static func first(of bytes: RawSpan) -> UInt8? {
        var reader = ByteReader(bytes)
        return reader.uint8()
    }
}
