import Packets

/// Follows SMTP, RFC 5321, and LMTP, RFC 2033: a session a mail, once the server has said whether it takes it.
///
/// Who the client is shows by what is said. Replies answer commands in order (RFC 2920), however many are sent before; what a command does to the mail is done
/// when it comes, for captures have clients without servers. Behind STARTTLS, once the server agrees, comes TLS: the parser hands over.
public struct SMTPParser: SessionParser {
    public static let service = Service.smtp

    /// Commands and mails that wait for replies. More of them, and none is waited for.
    static let mostCommands = 10_000
    static let mostMails = 64
    /// Replies that come before their commands do, as captures have them.
    static let mostReplies = 16
    /// Octets of a line that are kept, and that one may have: RFC 5321 4.5.3.1 has 512 and some more for extensions.
    private static let longestKept = 1000
    private static let longestLine: UInt32 = 64 << 10
    /// Lines that are none of SMTP, after which nobody believes it.
    static let mostStrangers: UInt8 = 8

    enum Phase: UInt8 { case commands, content, chunk, lastChunk }
    /// Whether a client's next line is a part of what proves it to be itself: the server has not answered yet, or wants more.
    enum Authentication: UInt8 { case none, asked, challenged }
    /// A command that begins another mail, or none, ends the one before.
    struct Pending {
        var command: SMTPCommand
        var endsMail: Bool
    }
    struct Reply {
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
    var progress = ParserProgress.wantsMore
    var phase = Phase.commands
    var authentication = Authentication.none
    /// Whether it is SMTP beyond doubt.
    var isSure = false
    var hasGreeting = false
    var hasGap = false
    var strangers: UInt8 = 0
    var content = SMTPContent()
    private var clientLine = Line()
    private var serverLine = Line()
    /// Of a mail's header.
    var headerLine: [UInt8] = []
    var chunkLeft: UInt64 = 0
    /// Without a reply.
    var commands = Queue<Pending>()
    var replies: [Reply] = []
    /// The mail at hand is the last; those before it are over and wait for what the server says of them.
    var mails: [SMTPTransaction] = []
    private var sessions = Queue<SMTPTransaction>()
    var now = Timestamp.zero

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
        clientLine.bytes.count + serverLine.bytes.count + headerLine.count + commands.count * MemoryLayout<Pending>.stride + mails.reduce(0) {
            $0 + $1.byteCount
        }
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

    mutating func fail(_ failure: ParserFailure) {
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

    // MARK: Giving

    mutating func give(_ mail: consuming SMTPTransaction) { sessions.append(mail) }

    /// No reply is waited for any more.
    mutating func giveUpReplies(_ problem: SMTPProblem) {
        while mails.count > 1 {
            mails[0].problem = mails[0].problem ?? problem
            give(mails.removeFirst())
        }
        (commands, replies) = (Queue(), [])
        if authentication == .asked { authentication = .none }
    }

    mutating func giveAll() {
        guard !mails.isEmpty else { return }
        if let reply = replies.last { mails[mails.count - 1].answer(reply.code, reply.text.span.bytes) }
        while mails.count > 1 { give(mails.removeFirst()) }
        // Of a connection that had its mails it says nothing more.
        let last = mails.removeFirst()
        if last.hasMail || last.isFollowedByTLS || last.depth == 1 && last.started != nil { give(last) }
        (commands, replies, clientLine, serverLine, headerLine) = (Queue(), [], Line(), Line(), [])
    }
}
