import Filters
import Packets

/// Reads cleartext HTTP/2, RFC 9113: a session for each stream, as soon as that is over. It begins with the client's preface or the server's SETTINGS, after an
/// upgrade from HTTP/1 as well as by prior knowledge; where the beginning was not seen, with a HEADERS frame.
///
/// Bodies are counted; what they are by their first bytes, and their SHA-256, is known where somebody asks (``SessionDepth/whole``).
///
/// What was built up before is not known then, nor behind a hole: headers that refer to it are missing, and the session says so.
public struct HTTP2Parser: SessionParser {
    public static let service = Service.http2
    public static var beginsLater: Bool { true }

    private let followsBodies: Bool
    private var connection: HTTP2Connection?

    public init() { self.init(depth: .opening) }
    /// - Parameter depth: `whole` has bodies hashed.
    public init(depth: SessionDepth) { followsBodies = depth == .whole }

    public static func probe(_ bytes: RawSpan) -> ProbeAnswer {
        switch HTTP2Probe.judge(bytes, isKnown: false) {
        case .preface, .settings, .frames: .mine
        case .needs: .unsure
        case .other: .notMine
        }
    }

    /// Behind HTTP/1's upgrade: the client's preface, or a frame of the server; its SETTINGS may have come in one segment with the response that agrees to it.
    public static func probeLater(_ bytes: RawSpan) -> Bool {
        switch HTTP2Probe.judge(bytes, isKnown: false) {
        case .preface, .settings, .frames: true
        case .needs, .other: false
        }
    }

    public mutating func feed(_ bytes: RawSpan, from sender: Direction) -> ParserProgress { feed(bytes, from: sender, at: .zero) }

    public mutating func feed(_ bytes: RawSpan, from sender: Direction, at time: Timestamp) -> ParserProgress {
        let connection = connection ?? HTTP2Connection(followsBodies: followsBodies)
        self.connection = connection
        connection.feed(bytes, from: sender, at: time)
        return progress
    }

    public mutating func skip(_ byteCount: Int, from sender: Direction) -> ParserProgress {
        connection?.skip(byteCount, from: sender)
        return progress
    }

    public mutating func reverseRoles() { connection?.reverseRoles() }
    public mutating func finish() { connection?.finish() }
    public var heldBytes: Int { connection?.heldBytes ?? 0 }
    public mutating func nextSession() -> HTTP2Exchange? { connection?.nextSession() }

    private var progress: ParserProgress {
        guard let connection else { return .wantsMore }
        if let failure = connection.failure { return .failed(failure) }
        return connection.hasSession ? .ready : .wantsMore
    }
}
