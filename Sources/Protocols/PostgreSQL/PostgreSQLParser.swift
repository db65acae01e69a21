import Packets

/// Follows a connection of PostgreSQL's protocol 3.0 (PostgreSQL 7.4 and later; "Frontend/Backend Protocol" in its documentation): logins, simple queries,
/// statements that are prepared and executed, COPY, requests to encrypt or to cancel. Each becomes a session with its outcome.
///
/// Answers come in the order of what was asked, however much of it lies ahead of them. Neither passwords nor keys nor rows are kept.
public struct PostgreSQLParser: SessionParser {
    public static let service = Service.postgresql

    /// Made with the first bytes.
    private var connection: PostgreSQLConnection?

    public static var mayHandOver: Bool { true }

    public init() {}

    public static func probe(_ bytes: RawSpan) -> ProbeAnswer { PostgreSQLProbe.judge(bytes) }

    public mutating func feed(_ bytes: RawSpan, from sender: Direction) -> ParserProgress { feed(bytes, from: sender, at: .zero) }

    public mutating func feed(_ bytes: RawSpan, from sender: Direction, at time: Timestamp) -> ParserProgress {
        let connection = self.connection ?? PostgreSQLConnection()
        self.connection = connection
        return connection.feed(bytes, from: sender, at: time)
    }

    public mutating func skip(_ byteCount: Int, from sender: Direction) -> ParserProgress { connection?.skip(byteCount, from: sender) ?? .failed(.unexpected) }

    public mutating func reverseRoles() { connection?.reverseRoles() }
    public mutating func finish() { connection?.finish() }
    public var heldBytes: Int { connection?.heldBytes ?? 0 }
    public mutating func nextSession() -> PostgreSQLCommand? { connection?.nextSession() }
}
