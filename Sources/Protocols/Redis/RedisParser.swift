import Packets

/// Follows a connection of Redis' protocol, RESP 2 and 3: commands, as arrays or as lines, each with the kind and size of its reply; and what is published
/// to a subscriber. Of a command its name and first key are kept, of values how many bytes they are, of passwords nothing.
///
/// Replies come in the order of commands; what is pushed comes between them.
public struct RedisParser: SessionParser {
    public static let service = Service.redis

    /// Made with the first bytes.
    private var connection: RedisConnection?

    public init() {}

    public static func probe(_ bytes: RawSpan) -> ProbeAnswer { RedisProbe.judge(bytes) }

    public mutating func feed(_ bytes: RawSpan, from sender: Direction) -> ParserProgress { feed(bytes, from: sender, at: .zero) }

    public mutating func feed(_ bytes: RawSpan, from sender: Direction, at time: Timestamp) -> ParserProgress {
        let connection = self.connection ?? RedisConnection()
        self.connection = connection
        return connection.feed(bytes, from: sender, at: time)
    }

    public mutating func skip(_ byteCount: Int, from sender: Direction) -> ParserProgress { connection?.skip(byteCount, from: sender) ?? .failed(.unexpected) }

    public mutating func reverseRoles() { connection?.reverseRoles() }
    public mutating func finish() { connection?.finish() }
    public var heldBytes: Int { connection?.heldBytes ?? 0 }
    public mutating func nextSession() -> RedisCommand? { connection?.nextSession() }
}
