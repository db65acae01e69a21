import Packets

/// Follows SMTP, RFC 5321, and LMTP, RFC 2033: a session a mail, once the server has said whether it takes it.
///
/// Who the client is shows by what is said. Replies answer commands in order (RFC 2920), however many are sent before; what a command does to the mail is done
/// when it comes, for captures have clients without servers. Behind STARTTLS, once the server agrees, comes TLS: the parser hands over.
public struct SMTPParser: SessionParser {
    public static let service = Service.smtp

    /// Commands and mails that wait for replies. More of them, and none is waited for.
    private static let mostCommands = 10_000
    private static let mostMails = 64
    /// Replies that come before their commands do, as captures have them.
    private static let mostReplies = 16
    /// Octets of a line that are kept, and that one may have: RFC 5321 4.5.3.1 has 512 and some more for extensions.
    private static let longestKept = 1000
    private static let longestLine: UInt32 = 64 << 10
    /// Lines that are none of SMTP, after which nobody believes it.
    private static let mostStrangers: UInt8 = 8

    private enum Phase: UInt8 { case commands, content, chunk, lastChunk }
    /// Whether a client's next line is a part of what proves it to be itself: the server has not answered yet, or wants more.
    private enum Authentication: UInt8 { case none, asked, challenged }
    /// A command that begins another mail, or none, ends the one before.
    private struct Pending {
        var command: SMTPCommand
        var endsMail: Bool
    }
    private struct Reply {
        var code: UInt16
        var text: [UInt8]
    }
    /// Of a direction, what there is of a line.
    private struct Line {
        var bytes: [UInt8] = []
        var length: UInt32 = 0

        /// Takes its next bytes; false once it is longer than a line may be.
        mutating func keep(_ piece: RawSpan) -> Bool {
            guard length != behindGap else { return true }
            let longer = UInt32(clamping: Int(length) + piece.byteCount)
            guard longer <= longestLine else { return false }
            length = longer
            piece.extracting(0..<min(piece.byteCount, longestKept - bytes.count)).withUnsafeBytes { bytes.append(contentsOf: $0) }
            return true
        }
    }

    private var client: Direction?
    private var progress = ParserProgress.wantsMore
    private var phase = Phase.commands
    private var authentication = Authentication.none
    /// Whether it is SMTP beyond doubt.
    private var isSure = false
    private var hasGreeting = false
    private var hasGap = false
    private var strangers: UInt8 = 0
    private var content = SMTPContent()
    private var clientLine = Line()
    private var serverLine = Line()
    /// Of a mail's header.
    private var headerLine: [UInt8] = []
    private var chunkLeft: UInt64 = 0
    /// Without a reply.
    private var commands = Queue<Pending>()
    private var replies: [Reply] = []
    /// The mail at hand is the last; those before it are over and wait for what the server says of them.
    private var mails: [SMTPTransaction] = []
    private var sessions = Queue<SMTPTransaction>()
    private var now = Timestamp.zero

    public static var mayHandOver: Bool { true }

    public init() {}

    // MARK: Feeding

    public mutating func feed(_ bytes: RawSpan, from sender: Direction) -> ParserProgress { feed(bytes, from: sender, at: .zero) }

    public mutating func feed(_ bytes: RawSpan, from sender: Direction, at time: Timestamp) -> ParserProgress {
        guard progress == .wantsMore, bytes.byteCount > 0 else { return state }
        now = time
        if client == nil {
            client = 0x30...0x39 ~= bytes.byte(0) ? sender.opposite : sender
            mails = [SMTPTransaction()]
        }
        if sender == client { feedClient(bytes) } else { feedServer(bytes) }
        return state
    }

    public mutating func skip(_ byteCount: Int, from sender: Direction) -> ParserProgress {
        guard progress == .wantsMore, let client else { return state }
        hasGap = true
        mails[mails.count - 1].problem = mails[mails.count - 1].problem ?? .gap
        // Which reply belongs to which command is not known any more.
        if sender != client || phase == .commands || phase != .content && byteCount > chunkLeft { giveUpReplies(.gap) }
        if sender == client { skipClient(byteCount) } else { serverLine = Line(bytes: [], length: Self.behindGap) }
        return state
    }

    public mutating func reverseRoles() { client = client?.opposite }

    public mutating func finish() {
        guard progress == .wantsMore else { return }
        giveAll()
        progress = .done
    }

    public var heldBytes: Int {
        clientLine.bytes.count + serverLine.bytes.count + headerLine.count + commands.count * MemoryLayout<Pending>.stride + mails.reduce(0) { $0 + $1.byteCount }
            + replies.reduce(0) { $0 + $1.text.count }
    }

    private var state: ParserProgress { progress == .wantsMore && !sessions.isEmpty ? .ready : progress }

    public mutating func nextSession() -> SMTPTransaction? { sessions.popFirst() }

    // MARK: Lines

    /// The length of a line whose beginning is missing.
    private static let behindGap = UInt32.max

    private mutating func feedClient(_ bytes: RawSpan) {
        var reader = ByteReader(bytes)
        while !reader.isAtEnd, progress == .wantsMore {
            switch phase {
            case .commands:
                let ahead = reader
                let rest = reader.bytes(upTo: reader.count)
                guard let end = rest.firstPlace(of: UInt8(ascii: "\n")) else {
                    if !clientLine.keep(rest) { fail(.tooLong) }
                    return
                }
                reader = ahead
                _ = reader.bytes(end + 1)
                if clientLine.length == 0 {
                    guard end <= Self.longestLine else { return fail(.tooLong) }
                    takeCommand(rest.extracting(0..<min(end, Self.longestKept)), isCut: end > Self.longestKept)
                } else {
                    guard clientLine.keep(rest.extracting(0..<end)) else { return fail(.tooLong) }
                    let line = clientLine
                    clientLine = Line()
                    if line.length != Self.behindGap { takeCommand(line.bytes.span.bytes, isCut: line.length > UInt32(Self.longestKept)) }
                }
            case .content:
                if content.feed(&reader, &headerLine, isStuffed: true, into: &mails[mails.count - 1]) { endMail() }
            case .chunk, .lastChunk:
                var chunk = ByteReader(reader.bytes(upTo: Int(clamping: chunkLeft)))
                chunkLeft -= UInt64(chunk.count)
                _ = content.feed(&chunk, &headerLine, isStuffed: false, into: &mails[mails.count - 1])
                endChunk()
            }
        }
    }

    private mutating func feedServer(_ bytes: RawSpan) {
        var reader = ByteReader(bytes)
        while !reader.isAtEnd, progress == .wantsMore {
            let ahead = reader
            let rest = reader.bytes(upTo: reader.count)
            guard let end = rest.firstPlace(of: UInt8(ascii: "\n")) else {
                if !serverLine.keep(rest) { fail(.tooLong) }
                return
            }
            reader = ahead
            _ = reader.bytes(end + 1)
            if serverLine.length == 0 {
                guard end <= Self.longestLine else { return fail(.tooLong) }
                takeReplyLine(rest.extracting(0..<min(end, Self.longestKept)))
            } else {
                guard serverLine.keep(rest.extracting(0..<end)) else { return fail(.tooLong) }
                let line = serverLine
                serverLine = Line()
                if line.length != Self.behindGap { takeReplyLine(line.bytes.span.bytes) }
            }
        }
    }

    private mutating func fail(_ failure: ParserFailure) {
        if failure != .otherProtocol { giveAll() }
        progress = .failed(failure)
    }

    private mutating func skipClient(_ byteCount: Int) {
        switch phase {
        case .commands: clientLine = Line(bytes: [], length: Self.behindGap)
        case .content:
            content.skip()
            headerLine = []
        case .chunk, .lastChunk:
            content.skip()
            headerLine = []
            let isWithin = byteCount <= chunkLeft
            chunkLeft -= min(chunkLeft, UInt64(byteCount))
            endChunk()
            if !isWithin { clientLine = Line(bytes: [], length: Self.behindGap) }
        }
    }

    // MARK: The client

    private mutating func takeCommand(_ whole: RawSpan, isCut: Bool) {
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

    private mutating func endMail() {
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

    private mutating func endChunk() {
        guard chunkLeft == 0 else { return }
        if phase == .lastChunk { return endMail() }
        phase = .commands
        wait(for: .chunk)
    }

    // MARK: The server

    private mutating func takeReplyLine(_ whole: RawSpan) {
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

    private mutating func wait(for command: SMTPCommand, endsMail: Bool = false) {
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

    // MARK: Giving

    private mutating func give(_ mail: consuming SMTPTransaction) { sessions.append(mail) }

    /// No reply is waited for any more.
    private mutating func giveUpReplies(_ problem: SMTPProblem) {
        while mails.count > 1 {
            mails[0].problem = mails[0].problem ?? problem
            give(mails.removeFirst())
        }
        (commands, replies) = (Queue(), [])
        if authentication == .asked { authentication = .none }
    }

    private mutating func giveAll() {
        guard !mails.isEmpty else { return }
        if let reply = replies.last { mails[mails.count - 1].answer(reply.code, reply.text.span.bytes) }
        while mails.count > 1 { give(mails.removeFirst()) }
        // Of a connection that had its mails it says nothing more.
        let last = mails.removeFirst()
        if last.hasMail || last.isFollowedByTLS || last.depth == 1 && last.started != nil { give(last) }
        (commands, replies, clientLine, serverLine, headerLine) = (Queue(), [], Line(), Line(), [])
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
