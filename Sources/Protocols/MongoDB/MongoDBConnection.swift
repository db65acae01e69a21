import Packets

/// Both directions of a MongoDB connection, and the requests that wait for their replies.
final class MongoDBConnection {
    /// Requests that wait. More make the oldest give up.
    static let mostPending = 256

    private var originator = MongoDBReader()
    private var responder = MongoDBReader()
    private var pending = Queue<MongoDBCommand>()
    private var sessions = Queue<MongoDBCommand>()
    private var end: ParserProgress?
    private var hasFound = false

    var heldBytes: Int { originator.heldBytes + responder.heldBytes + pending.count * MemoryLayout<MongoDBCommand>.stride }

    func nextSession() -> MongoDBCommand? { sessions.popFirst() }
    private var progress: ParserProgress { end ?? (sessions.isEmpty ? .wantsMore : .ready) }

    // MARK: Being fed

    func feed(_ bytes: RawSpan, from sender: Direction, at time: Timestamp) -> ParserProgress {
        guard end == nil else { return progress }
        var reader = ByteReader(bytes)
        let failure = withReader(of: sender) { messages in
            messages.feed(&reader) { message in
                take(message, sender, time)
                return end == nil
            }
        }
        if let failure, end == nil { fail(failure) }
        return progress
    }

    func skip(_ byteCount: Int, from sender: Direction) -> ParserProgress {
        guard end == nil, byteCount > 0 else { return progress }
        let isWithin = withReader(of: sender) { messages in
            messages.skip(byteCount) { message in
                take(message, sender, nil)
                return true
            }
        }
        if !isWithin, end == nil {
            giveUpAll(.hole)
            end = .failed(.unexpected)
        }
        return progress
    }

    /// The reader is kept in one place only, so that its memory is not copied.
    @inline(__always)
    private func withReader<Result>(of sender: Direction, _ body: (inout MongoDBReader) -> Result) -> Result {
        sender == .originator ? body(&originator) : body(&responder)
    }

    func reverseRoles() {
        swap(&originator, &responder)
        pending.forEach { $0.client = $0.client.opposite }
        sessions.forEach { $0.client = $0.client.opposite }
    }

    func finish() {
        giveUpAll(.noAnswer)
        if end == nil { end = .done }
    }

    private func fail(_ failure: ParserFailure) {
        giveUpAll(.noAnswer)
        end = .failed(hasFound ? failure : .otherProtocol)
    }

    private func giveUpAll(_ problem: CommandProblem) {
        while var command = pending.popFirst() {
            command.problem = command.problem ?? problem
            sessions.append(command)
        }
    }

    // MARK: Pairing

    private func take(_ message: MongoDBReader.Message, _ sender: Direction, _ time: Timestamp?) {
        if !hasFound, message.problem == .malformed { return fail(.otherProtocol) }
        hasFound = true
        if message.responseTo != 0 || message.opcode == MongoDBOpcode.reply { takeReply(message, sender, time) } else { takeRequest(message, sender, time) }
    }

    private func takeRequest(_ message: MongoDBReader.Message, _ sender: Direction, _ time: Timestamp?) {
        let facts = message.facts
        let name = facts.name ?? MongoDBOpcode.name(message.opcode)
        var command = MongoDBCommand(name, from: sender, at: time, requestID: message.requestID, opcode: message.opcode)
        command.problem = message.problem
        command.documentsSent = message.documents
        (command.database, command.mechanism) = (facts.database, facts.mechanism)
        command.collection = facts.collection ?? (command.isOfUsers ? nil : facts.subject)
        if let name = message.fullName {
            let parts = name.split(separator: ".", maxSplits: 1)
            command.database = parts.first.map(String.init)
            // A command comes as a query of a collection that there is not.
            if parts.last != "$cmd" {
                command.collection = parts.count > 1 ? String(parts[1]) : nil
                command.name = MongoDBOpcode.name(message.opcode)
            }
        }
        if message.opcode == MongoDBOpcode.compressed { (command.name, command.isCompressed, command.problem) = ("compressed", true, .opaque) }
        let isAnswered = switch message.opcode {
        case MongoDBOpcode.message: message.flags & MongoDBReader.noReply == 0
        case MongoDBOpcode.insert, MongoDBOpcode.update, MongoDBOpcode.delete, MongoDBOpcode.killCursors: false
        default: true
        }
        guard isAnswered else {
            command.isUnacknowledged = true
            return sessions.append(command)
        }
        pending.append(command)
        while pending.count > Self.mostPending, var oldest = pending.popFirst() {
            oldest.problem = .tooManyPending
            sessions.append(oldest)
        }
    }

    private func takeReply(_ message: MongoDBReader.Message, _ sender: Direction, _ time: Timestamp?) {
        let place = (0..<pending.count).first { pending[$0].requestID == message.responseTo && pending[$0].client != sender }
        var command = place.map { pending.remove(at: $0) }
            ?? MongoDBCommand("reply", from: sender.opposite, at: nil, requestID: message.responseTo, opcode: message.opcode)
        // Who asked for replies until further notice gets those that name the one before.
        if let place, message.flags & MongoDBReader.noReply != 0 {
            var next = command
            next.requestID = message.requestID
            next.sent = nil
            pending.insert(next, at: place)
        }
        let facts = message.facts
        command.answered = time
        command.problem = command.problem ?? message.problem
        if message.opcode == MongoDBOpcode.compressed { (command.isCompressed, command.problem) = (true, .opaque) }
        (command.isOK, command.errorCode, command.errorName, command.errorMessage) = (facts.isOK, facts.code, facts.codeName, facts.message)
        (command.affected, command.modified, command.writeErrors, command.cursor) = (facts.affected, facts.modified, facts.writeErrors, facts.cursor)
        command.documentsReturned = facts.batch
        // An older server's answer to a query that is no command is documents, and no outcome.
        if message.opcode == MongoDBOpcode.reply, facts.isOK == nil { command.documentsReturned = message.returned.map(UInt64.init) }
        if place == nil, let namespace = facts.namespace?.split(separator: ".", maxSplits: 1), namespace.count == 2 {
            (command.database, command.collection) = (String(namespace[0]), String(namespace[1]))
        }
        sessions.append(command)
    }
}

extension MongoDBCommand {
    /// createUser, grantRolesToUser, dropRole and so on: what they name is no collection.
    fileprivate var isOfUsers: Bool { name.hasSuffix("User") || name.hasSuffix("Role") || name == "usersInfo" || name == "rolesInfo" }
}
