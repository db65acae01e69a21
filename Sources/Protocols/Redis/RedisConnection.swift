import Packets

/// Both directions of a Redis connection, and the commands that wait for their replies.
final class RedisConnection {
    /// Commands that wait. More make the oldest give up, and its replies are passed over.
    static let mostPending = 1024

    private var commands = RedisCommandReader()
    private var replies = RedisReplyReader()
    private var client: Direction?
    private var pending = Queue<RedisCommand>()
    private var pendingBytes = 0
    /// Replies to commands that were given up, before all others.
    private var repliesToPass = 0
    /// Whether the client has subscribed: what looks like a message is one.
    private var isSubscriber = false
    private var isInTransaction = false
    private var sessions = Queue<RedisCommand>()
    private var end: ParserProgress?
    private var hasFound = false

    var heldBytes: Int { commands.heldBytes + replies.heldBytes + pending.count * MemoryLayout<RedisCommand>.stride + pendingBytes }

    func nextSession() -> RedisCommand? { sessions.popFirst() }
    private var progress: ParserProgress { end ?? (sessions.isEmpty ? .wantsMore : .ready) }

    // MARK: Being fed

    func feed(_ bytes: RawSpan, from sender: Direction, at time: Timestamp) -> ParserProgress {
        guard end == nil, !bytes.isEmpty else { return progress }
        var reader = ByteReader(bytes)
        if client == nil {
            let first = reader.peek() ?? 0
            client = first == UInt8(ascii: "*") || first & 0xdf >= 0x41 && first & 0xdf <= 0x5a ? sender : sender.opposite
        }
        let failure: ParserFailure? =
            if sender == client {
                commands.feed(&reader) { draft in
                    take(draft, sender, time)
                    return end == nil
                }
            } else {
                replies.feed(&reader) { value in
                    take(value, time)
                    return end == nil
                }
            }
        if let failure { fail(failure) }
        return progress
    }

    func skip(_ byteCount: Int, from sender: Direction) -> ParserProgress {
        guard end == nil, byteCount > 0 else { return progress }
        let isWithin: Bool =
            if sender == client {
                commands.skip(byteCount) { draft in
                    take(draft, sender, nil)
                    return true
                }
            } else {
                replies.skip(byteCount) { value in
                    take(value, nil)
                    return true
                }
            }
        if !isWithin, end == nil {
            giveUpAll(.hole)
            end = .failed(.unexpected)
        }
        return progress
    }

    func reverseRoles() {
        client = client?.opposite
        pending.forEach { $0.client = $0.client.opposite }
        sessions.forEach { $0.client = $0.client.opposite }
    }

    func finish() {
        giveUpAll(.noAnswer)
        if end == nil { end = .done }
    }

    private func fail(_ failure: ParserFailure) {
        guard end == nil else { return }
        if hasFound { giveUpAll(.noAnswer) } else { while pending.popFirst() != nil {} }
        end = .failed(hasFound ? failure : .otherProtocol)
    }

    // MARK: Commands

    private func take(_ draft: RedisCommandReader.Draft, _ sender: Direction, _ time: Timestamp?) {
        // Before anything is certain a line may be anybody's.
        if draft.isInline, draft.name == "?" || !hasFound && !RedisProbe.mayBeginInline(draft.name) { return fail(.malformed) }
        if !draft.isInline, !hasFound {
            guard RedisNames.isCommand(draft.name.split(separator: " ").first.map(String.init) ?? "") else { return fail(.otherProtocol) }
            hasFound = true
        }
        var command = RedisCommand(draft.name, from: sender, at: time)
        (command.key, command.isKeyCut, command.user) = (draft.key, draft.isKeyCut, draft.user)
        (command.argumentCount, command.valueBytes, command.isInline) = (draft.argumentCount, draft.valueBytes, draft.isInline)
        command.isInTransaction = isInTransaction
        switch draft.name {
        case "MULTI": isInTransaction = true
        case "EXEC", "DISCARD", "RESET": (isInTransaction, command.isInTransaction) = (false, false)
        case "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE": command.repliesLeft = max(1, draft.argumentCount - 1)
        case "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE": command.repliesLeft = max(1, draft.argumentCount - 1)
        case "SYNC", "PSYNC", "CLIENT REPLY":
            // What follows is no replies any more, or nobody knows how many.
            giveUpAll(.noAnswer)
            command.problem = .opaque
            sessions.append(command)
            return end = .done
        default: break
        }
        pending.append(command)
        pendingBytes += command.key?.count ?? 0
        while pending.count > Self.mostPending, var oldest = popPending() {
            repliesToPass += oldest.repliesLeft
            oldest.problem = .tooManyPending
            sessions.append(oldest)
        }
    }

    private func popPending() -> RedisCommand? {
        guard let command = pending.popFirst() else { return nil }
        pendingBytes -= command.key?.count ?? 0
        return command
    }

    private func giveUpAll(_ problem: CommandProblem) {
        while var command = popPending() {
            command.problem = problem
            sessions.append(command)
        }
    }

    // MARK: Replies

    private func take(_ value: RedisReplyReader.Value, _ time: Timestamp?) {
        if !pending.isEmpty { hasFound = true }
        if value.reply.kind == .push || value.reply.kind == .array, let kind = PushKind(value.heads.kind) {
            switch kind {
            case .message where value.reply.kind == .push || isSubscriber || pending.isEmpty: return givePush(value, time)
            case .subscription where value.reply.kind == .push || isSubscriber || pending.first?.repliesAreSubscriptions == true:
                isSubscriber = true
                // One for each channel; those beyond belong to an UNSUBSCRIBE from all.
                if repliesToPass > 0 { return repliesToPass -= 1 }
                guard pending.first?.repliesAreSubscriptions == true else { return }
                pending[0].repliesLeft -= 1
                return pending[0].repliesLeft > 0 ? () : finishFirst(value, time)
            default: break
            }
        }
        if value.reply.kind == .push { return givePush(value, time) }
        if repliesToPass > 0 { return repliesToPass -= 1 }
        finishFirst(value, time)
    }

    private func finishFirst(_ value: RedisReplyReader.Value, _ time: Timestamp?) {
        // What nobody asked for: MONITOR's lines, replies to commands that were not seen.
        guard var command = popPending() else { return }
        command.reply = value.reply
        if RedisNames.holdsSecrets(command.name), let text = value.reply.text { command.reply?.text = text.upToFirstQuote }
        command.answered = time
        sessions.append(command)
    }

    private func givePush(_ value: RedisReplyReader.Value, _ time: Timestamp?) {
        guard let client, hasFound else { return }
        var push = RedisCommand(String(decoding: value.heads.kind.prefix(64), as: UTF8.self), from: client, at: nil)
        (push.key, push.isKeyCut) = (value.heads.channel, value.isChannelCut)
        (push.answered, push.isPush, push.argumentCount) = (time, true, Int(clamping: value.reply.count ?? 0))
        push.valueBytes = value.payloadBytes
        push.reply = value.reply
        sessions.append(push)
    }
}

/// What is pushed to subscribers, and how they learn that they are.
private enum PushKind {
    case message, subscription

    init?(_ name: [UInt8]) {
        guard 7...12 ~= name.count else { return nil }
        switch String(decoding: name, as: UTF8.self) {
        case "message", "pmessage", "smessage": self = .message
        case "subscribe", "psubscribe", "ssubscribe", "unsubscribe", "punsubscribe", "sunsubscribe": self = .subscription
        default: return nil
        }
    }
}

extension RedisCommand {
    fileprivate var repliesAreSubscriptions: Bool { name.hasSuffix("SUBSCRIBE") }
}
