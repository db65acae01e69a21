/// What a client says: commands, and what they do to the mail at hand. That is done when they come, whatever the server answers.
extension SMTPParser {
    mutating func takeCommand(_ whole: RawSpan, isCut: Bool) {
        let line = whole.withoutBlanks
        guard line.byteCount > 0 else { return }
        let command = SMTPCommand(line)
        // Whether it is a part of what proves the client to be itself, which is not kept.
        let isEnvelope = (command == .mail || command == .helo) && line.firstPlace(of: UInt8(ascii: " ")) != nil
        if authentication == .challenged || authentication == .asked && !isEnvelope {
            authentication = .asked
            return wait(for: .authenticationLine)
        }
        guard let command else {
            strangers += 1
            guard isSure else { return fail(.otherProtocol) }
            guard strangers <= Self.mostStrangers else { return fail(.malformed) }
            return wait(for: .other)
        }
        if [.helo, .mail, .recipient, .startTLS].contains(command) { isSure = true }
        let last = mails.count - 1
        let space = line.firstPlace(of: UInt8(ascii: " ")) ?? line.byteCount
        let argument = line.extracting(space..<line.byteCount).withoutBlanks
        if mails[last].started == nil { mails[last].started = now }
        if isCut { mails[last].problem = mails[last].problem ?? .longLine }
        switch command {
        case .helo:
            beginMail(after: .helo)
            mails[mails.count - 1].replace(.helo, argument)
        case .mail:
            beginMail(after: .mail)
            if argument.beginsWithWord("from:") { mails[mails.count - 1].add(.sender, argument.extracting(5..<argument.byteCount).mailbox) }
        case .recipient:
            if argument.beginsWithWord("to:") { mails[last].add(.recipient, argument.extracting(3..<argument.byteCount).mailbox) }
            wait(for: .recipient)
        case .data:
            (phase, content) = (.content, SMTPContent())
            wait(for: .data)
        case .chunk: beginChunk(argument)
        case .authentication:
            let end = argument.firstPlace(of: UInt8(ascii: " ")) ?? argument.byteCount
            mails[last].replace(.authentication, argument.extracting(0..<min(end, 32)))
            authentication = .asked
            wait(for: .authentication)
        case .reset: beginMail(after: .reset)
        default: wait(for: command)
        }
    }

    /// A command that leaves the mail at hand behind, if there is one.
    private mutating func beginMail(after command: SMTPCommand) {
        let endsMail = mails[mails.count - 1].hasMail
        if endsMail { openNext() }
        wait(for: command, endsMail: endsMail)
    }

    private mutating func openNext() {
        mails.append(mails[mails.count - 1].next)
        mails[mails.count - 1].started = now
        if mails.count > Self.mostMails { giveUpReplies(.noReplies) }
    }

    mutating func endMail() {
        headerLine = []
        phase = .commands
        openNext()
        wait(for: .endOfMail)
    }

    /// RFC 3030 2.
    private mutating func beginChunk(_ argument: RawSpan) {
        let end = argument.firstPlace(of: UInt8(ascii: " ")) ?? argument.byteCount
        var length: UInt64 = 0
        for place in 0..<end {
            guard 0x30...0x39 ~= argument.byte(place), length < 1 << 50 else { return wait(for: .other) }
            length = length * 10 + UInt64(argument.byte(place) & 15)
        }
        guard end > 0 else { return wait(for: .other) }
        if !mails[mails.count - 1].hasContent { content = SMTPContent() }
        mails[mails.count - 1].hasContent = true
        chunkLeft = length
        phase = argument.extracting(end..<argument.byteCount).withoutBlanks.isWord("last") ? .lastChunk : .chunk
        endChunk()
    }

    mutating func endChunk() {
        guard chunkLeft == 0 else { return }
        if phase == .lastChunk { return endMail() }
        phase = .commands
        wait(for: .chunk)
    }
}

extension RawSpan {
    /// What stands between < and >, or before the first blank.
    fileprivate var mailbox: RawSpan {
        @_lifetime(copy self)
        get {
            let path = withoutBlanks
            let start = path.byteCount > 0 && path.byte(0) == UInt8(ascii: "<") ? 1 : 0
            let end = path.firstPlace(of: UInt8(ascii: start == 1 ? ">" : " ")) ?? path.byteCount
            return path.extracting(start..<max(start, end))
        }
    }
}
