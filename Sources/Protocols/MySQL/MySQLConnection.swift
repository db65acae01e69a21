import Packets

/// Both directions of a MySQL connection, and the commands that wait for their answers.
final class MySQLConnection {
    /// Commands that wait, and bytes of their texts. More make the oldest give up; so many answers to those are passed over.
    static let mostPending = 1024
    static let mostPendingBytes = 1 << 20
    private static let mostPassed = 1 << 20

    /// Where the answer at hand is.
    enum Answer: Equatable {
        case first
        /// Descriptions of columns to come, and then rows.
        case columns(Int)
        case rows
        /// Descriptions of a prepared statement's parameters and columns to come.
        case prepared(Int)
        /// Descriptions until there are no more.
        case fields
        /// A file that the client sends.
        case upload
    }

    var originator = MessageCutter()
    var responder = MessageCutter()
    var client: Direction?
    /// The first bytes of whoever began, until they tell whether it may be MySQL.
    private var opening: [UInt8] = []
    private var opener: Direction?
    /// Whether the next packet of a direction goes on with the payload of the one before it.
    private var clientGoesOn = false
    private var serverGoesOn = false
    var greeting: MySQLLogin?
    var serverCapabilities: UInt32 = 0
    /// What both can do, once the client has said it.
    var capabilities: UInt32?
    var pending = Queue<MySQLCommand>()
    var pendingBytes = 0
    /// Codes of commands that were given up and whose answers are still to come: before all that is pending.
    var passed = Queue<UInt8>()
    var answer = Answer.first
    /// Whether descriptions may have an EOF behind them that nobody waits for.
    var mayEndLate = false
    var statements = MySQLStatements()
    var sessions = Queue<MySQLCommand>()
    var end: ParserProgress?
    /// At the end of those fed last: where it hands over, what is the next protocol's.
    private(set) var unreadBytes = 0
    var hasFound = false

    var heldBytes: Int {
        originator.heldBytes + responder.heldBytes + pendingBytes + pending.count * MemoryLayout<MySQLCommand>.stride + passed.count + statements.byteCount
    }

    func nextSession() -> MySQLCommand? { sessions.popFirst() }
    var progress: ParserProgress { end ?? (sessions.isEmpty ? .wantsMore : .ready) }

    // MARK: Being fed

    func feed(_ bytes: RawSpan, from sender: Direction, at time: Timestamp) -> ParserProgress {
        guard end == nil else { return progress }
        guard client != nil || mayBegin(with: bytes, from: sender) else {
            fail(.otherProtocol)
            return progress
        }
        var reader = ByteReader(bytes)
        let outcome = withCutter(of: sender) { cutter in
            cutter.feed(
                &reader, headerLength: MySQLPackets.headerLength, { MySQLPackets.measure($0, isAnswer: sender == client?.opposite) },
                { message, length in
                    take(message, length, from: sender, time)
                    return end == nil
                })
        }
        if outcome == .badHeader { fail(.malformed) }
        // A ClientHello may come in one piece with the request for TLS.
        if end == .handsOver { unreadBytes = reader.count }
        return progress
    }

    /// Who was fed without being sure is not to wait for the end of a packet that is none.
    private func mayBegin(with bytes: RawSpan, from sender: Direction) -> Bool {
        opener = opener ?? sender
        guard opener == sender, opening.count < 5 else { return true }
        opening += bytes.extracting(first: min(bytes.byteCount, 5 - opening.count)).copied
        let head = opening
        return MySQLProbe.couldBegin(head.span.bytes)
    }

    private func take(_ message: RawSpan, _ length: Int, from sender: Direction, _ time: Timestamp?) {
        if client == nil {
            client = Self.isServers(message, length) ? sender.opposite : sender
            opening = []
        }
        let goesOn = length == MySQLPackets.headerLength + MySQLPackets.longestPayload
        var reader = ByteReader(message)
        guard reader.littleEndian(3) != nil, let number = reader.uint8() else { return }
        if sender == client {
            defer { clientGoesOn = goesOn }
            if !clientGoesOn { takeClient(&reader, number: number, length - MySQLPackets.headerLength, time) }
        } else {
            defer { serverGoesOn = goesOn }
            if !serverGoesOn { takeServer(&reader, length - MySQLPackets.headerLength, time) }
        }
    }

    /// Whether a connection's first packet is a greeting, or an error in its place.
    private static func isServers(_ message: RawSpan, _ length: Int) -> Bool {
        var reader = ByteReader(message)
        guard let header = reader.littleEndian(4), header >> 24 == 0, let first = reader.uint8() else { return false }
        return first == 10 && length > 32 || first == 0xff
    }

    /// The cutter is kept in one place only, so that its memory is not copied.
    @inline(__always)
    private func withCutter<Result>(of sender: Direction, _ body: (inout MessageCutter) -> Result) -> Result {
        sender == .originator ? body(&originator) : body(&responder)
    }

    func skip(_ byteCount: Int, from sender: Direction) -> ParserProgress {
        guard end == nil, byteCount > 0 else { return progress }
        let isWhole = withCutter(of: sender) { cutter in cutter.skip(byteCount) { message, length in take(message, length, from: sender, nil) } }
        if !isWhole, end == nil {
            giveUpAll(.hole)
            end = .failed(.unexpected)
        }
        return progress
    }

    func reverseRoles() {
        swap(&originator, &responder)
        (client, opener) = (client?.opposite, opener?.opposite)
        pending.forEach { $0.client = $0.client.opposite }
        sessions.forEach { $0.client = $0.client.opposite }
    }

    func finish() {
        giveUpAll(.noAnswer)
        if end == nil { end = .done }
    }

    func fail(_ failure: ParserFailure) {
        guard end == nil else { return }
        giveUpAll(.noAnswer)
        end = .failed(hasFound ? failure : .otherProtocol)
    }

    // MARK: Waiting

    /// The command that is being answered.
    var current: UInt8? { passed.first ?? (pending.isEmpty ? nil : pending[0].code) }

    /// Changes it, unless it was given up.
    @inline(__always)
    func change(_ body: (inout MySQLCommand) -> Void) {
        if passed.isEmpty, !pending.isEmpty { body(&pending[0]) }
    }

    func append(_ command: MySQLCommand) {
        hasFound = true
        pending.append(command)
        pendingBytes += command.byteCount
        while pending.count > Self.mostPending || pendingBytes > Self.mostPendingBytes {
            guard var oldest = popPending() else { return }
            oldest.problem = .tooManyPending
            passed.append(oldest.code)
            sessions.append(oldest)
        }
        if passed.count > Self.mostPassed { fail(.tooLong) }
    }

    private func popPending() -> MySQLCommand? {
        guard let command = pending.popFirst() else { return nil }
        pendingBytes -= command.byteCount
        return command
    }

    /// The command that is being answered has its answer.
    func finishCurrent(_ time: Timestamp?) {
        answer = .first
        if passed.popFirst() != nil { return }
        guard var command = popPending() else { return }
        command.answered = time
        sessions.append(command)
    }

    func giveUpAll(_ problem: CommandProblem) {
        while var command = popPending() {
            command.problem = problem
            sessions.append(command)
        }
    }
}

/// The statements that a connection has prepared, by their numbers. What is beyond the limits is not remembered: its executions have no text.
struct MySQLStatements {
    private static let mostStatements = 256
    private static let mostBytes = 256 << 10

    private var texts: [UInt32: CommandText] = [:]
    /// MariaDB's clients execute what they have just prepared before they know its number.
    private var last: CommandText?
    private static let lastNumber: UInt32 = 0xffff_ffff
    private(set) var byteCount = 0

    mutating func willPrepare(_ text: CommandText) { last = text }

    mutating func prepared(_ number: UInt32, _ text: CommandText) {
        close(number)
        guard texts.count < Self.mostStatements, byteCount + text.bytes.count <= Self.mostBytes else { return }
        texts[number] = text
        byteCount += text.bytes.count
    }

    func text(_ number: UInt32) -> CommandText? { number == Self.lastNumber ? last : texts[number] }

    mutating func close(_ number: UInt32) {
        if let old = texts.removeValue(forKey: number) { byteCount -= old.bytes.count }
    }

    mutating func closeAll() { (texts, byteCount, last) = ([:], 0, nil) }
}
