import Filters
import Packets

/// Pairs the requests of HTTP/1.x (RFC 9112) with their final responses, whatever is pipelined; 1xx are counted. Bodies are counted, told by their first
/// bytes, and go by. A request without a response becomes a session of its own at the end, and so does a response without a request.
///
/// After CONNECT and 101 the connection is another protocol's.
public struct HTTPParser: SessionParser {
    public static let service = Service.http
    /// After SOCKS, and whatever else leads to a server; and where a capture begins in the middle.
    public static var beginsLater: Bool { true }

    /// Whether sessions have their bodies' SHA-256.
    private let hashesBodies: Bool
    /// Made with the first bytes.
    private var conversation: HTTPConversation?

    public static var mayHandOver: Bool { true }
    public var unreadBytes: Int { conversation?.unreadBytes ?? 0 }

    public init() { self.init(depth: .opening) }
    /// - Parameter depth: `whole` has bodies hashed.
    public init(depth: SessionDepth) { hashesBodies = depth == .whole }

    public static func probe(_ bytes: RawSpan) -> ProbeAnswer { HTTPProbe.judge(bytes) }

    public static func probeLater(_ bytes: RawSpan) -> Bool {
        // Responses begin with a capital, and so do all known methods.
        guard bytes.byteCount > 0, bytes.byte(0) &- 0x41 < 26 else { return false }
        guard HTTPProbe.response(bytes) != .mine else { return HTTPProbe.responseInMidst(bytes) == .mine }
        guard HTTPProbe.mayBegin(bytes), let lineFeed = bytes.firstPlace(of: HTTPByte.lineFeed) else { return false }
        return HTTPProbe.isRequestInMidst(bytes.firstLine(endingAt: lineFeed))
    }

    public mutating func feed(_ bytes: RawSpan, from sender: Direction) -> ParserProgress { feed(bytes, from: sender, at: .zero) }

    public mutating func feed(_ bytes: RawSpan, from sender: Direction, at time: Timestamp) -> ParserProgress {
        if conversation == nil { conversation = HTTPConversation(hashesBodies: hashesBodies) }
        return conversation?.feed(bytes, from: sender, at: time) ?? .wantsMore
    }

    public mutating func skip(_ byteCount: Int, from sender: Direction) -> ParserProgress { conversation?.skip(byteCount, from: sender) ?? .wantsMore }
    public mutating func reverseRoles() { conversation?.reverseRoles() }
    public mutating func finish() { conversation?.finish() }
    public var heldBytes: Int { conversation?.heldBytes ?? 0 }
    public mutating func nextSession() -> HTTPExchange? { conversation?.nextSession() }

    public static func _takeSession(from parser: UnsafeMutablePointer<HTTPParser>, into session: UnsafeMutablePointer<HTTPExchange>) -> Bool {
        parser.pointee.conversation?.moveSession(into: session) ?? false
    }
}
