import Packets

/// Follows a connection of MySQL's and MariaDB's client/server protocol, version 10: its login, and each command with its answer. Neither passwords, in
/// whatever form, nor rows nor parameters' values are kept.
///
/// Answers come in the order of commands. A connection that goes on with TLS is handed over; one that goes on compressed ends there, and its login says so.
public struct MySQLParser: SessionParser {
    public static let service = Service.mysql

    /// Made with the first bytes.
    private var connection: MySQLConnection?

    public static var mayHandOver: Bool { true }
    public var unreadBytes: Int { connection?.unreadBytes ?? 0 }

    public init() {}

    public static func probe(_ bytes: RawSpan) -> ProbeAnswer { MySQLProbe.judge(bytes) }

    public mutating func feed(_ bytes: RawSpan, from sender: Direction) -> ParserProgress { feed(bytes, from: sender, at: .zero) }

    public mutating func feed(_ bytes: RawSpan, from sender: Direction, at time: Timestamp) -> ParserProgress {
        let connection = self.connection ?? MySQLConnection()
        self.connection = connection
        return connection.feed(bytes, from: sender, at: time)
    }

    public mutating func skip(_ byteCount: Int, from sender: Direction) -> ParserProgress { connection?.skip(byteCount, from: sender) ?? .failed(.unexpected) }

    public mutating func reverseRoles() { connection?.reverseRoles() }
    public mutating func finish() { connection?.finish() }
    public var heldBytes: Int { connection?.heldBytes ?? 0 }
    public mutating func nextSession() -> MySQLCommand? { connection?.nextSession() }
}
