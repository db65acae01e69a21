/// What a server answers: replies, each to the oldest command that waits.
extension SMTPParser {
    mutating func takeReplyLine(_ whole: RawSpan) {
        let line = whole.withoutBlanks
        guard let reply = SMTPReplyLine(line), isSure || Self.greets(line) else {
            strangers += 1
            guard isSure else { return fail(.otherProtocol) }
            return strangers <= Self.mostStrangers ? () : fail(.malformed)
        }
        isSure = true
        guard reply.isLast else { return }
        take(reply.code, line.extracting(reply.text..<line.byteCount).withoutBlanks)
    }

    private mutating func take(_ code: UInt16, _ text: RawSpan) {
        let isFirst = !hasGreeting
        hasGreeting = true
        let waiting = commands.first?.command
        // One answers no command: what the server begins with.
        if isFirst, code == 220 && waiting != .startTLS || waiting == nil && (code == 421 || code == 554) { return mails[0].answer(code, text) }
        if waiting != nil { return answer(code, text) }
        if hasGap, phase == .content {
            // The end was in the gap.
            endMail()
            return answer(code, text)
        }
        if !hasGap, replies.count < Self.mostReplies { replies.append(Reply(code: code, text: text.copied)) } else { mails[0].answer(code, text) }
    }

    mutating func wait(for command: SMTPCommand, endsMail: Bool = false) {
        commands.append(Pending(command: command, endsMail: endsMail))
        if let reply = replies.first {
            replies.removeFirst()
            return answer(reply.code, reply.text.span.bytes)
        }
        if commands.count > Self.mostCommands { giveUpReplies(.noReplies) }
    }

    /// The oldest command is answered.
    private mutating func answer(_ code: UInt16, _ text: RawSpan) {
        guard let pending = commands.popFirst() else { return }
        if pending.endsMail, mails.count > 1 { give(mails.removeFirst()) }
        if pending.command != .reset, pending.command != .quit { mails[0].answer(code, text) }
        switch pending.command {
        case .data where code / 100 != 3 && phase == .content && content.isEmpty: phase = .commands
        case .endOfMail: if mails.count > 1 { give(mails.removeFirst()) }
        case .authentication, .authenticationLine: authentication = code == 334 ? .challenged : .none
        case .startTLS where code == 220:
            mails[0].isFollowedByTLS = true
            giveAll()
            progress = .handsOver
        default: break
        }
    }
}
