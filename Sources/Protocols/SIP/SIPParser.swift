import Packets

/// Pairs the requests of SIP, RFC 3261, with their final responses: a message a datagram over UDP, one behind the other over TCP. Calls are not followed beyond
/// that: INVITE, ACK and BYE are three transactions, which have the same Call-ID.
///
/// A request without an answer becomes a session of its own in the end, and so does a final response without a request.
public struct SIPParser: SessionParser {
    public static let service = Service.sip
    /// Where a capture begins in the middle: connections between servers last for days.
    public static var beginsLater: Bool { true }

    /// Made with the first bytes.
    private var conversation: SIPConversation?

    public init() {}

    public static func probe(_ bytes: RawSpan) -> ProbeAnswer { SIPProbe.judge(bytes) }
    public static func probeLater(_ bytes: RawSpan) -> Bool { SIPProbe.judge(bytes) == .mine }
    public static func probe(datagram: RawSpan) -> Bool { SIPProbe.judge(datagram) == .mine }

    public mutating func feed(_ bytes: RawSpan, from sender: Direction) -> ParserProgress { feed(bytes, from: sender, at: .zero) }

    public mutating func feed(_ bytes: RawSpan, from sender: Direction, at time: Timestamp) -> ParserProgress { begun().feed(bytes, from: sender, at: time) }

    public mutating func feed(datagram: RawSpan, missing: Int, from sender: Direction, at time: Timestamp) -> ParserProgress {
        begun().feed(datagram: datagram, missing: missing, from: sender, at: time)
    }

    private mutating func begun() -> SIPConversation {
        if let conversation { return conversation }
        let new = SIPConversation()
        conversation = new
        return new
    }

    public mutating func skip(_ byteCount: Int, from sender: Direction) -> ParserProgress { conversation?.skip(byteCount, from: sender) ?? .wantsMore }
    public mutating func reverseRoles() { conversation?.reverseRoles() }
    public mutating func finish() { conversation?.finish() }
    public var heldBytes: Int { conversation?.heldBytes ?? 0 }
    public mutating func nextSession() -> SIPTransaction? { conversation?.nextSession() }
}
