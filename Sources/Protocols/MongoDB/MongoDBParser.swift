import Packets

/// Follows a connection of MongoDB's wire protocol: OP_MSG, and what servers before 6.0 spoke as well (OP_QUERY, OP_REPLY, unanswered writes). Each command
/// becomes a session with its outcome. Documents are counted, and none is kept, nor what SASL sends.
///
/// A reply belongs to the request whose number it repeats. Of what is compressed (OP_COMPRESSED) there is no more than that it was sent and answered.
public struct MongoDBParser: SessionParser {
    public static let service = Service.mongodb

    /// Made with the first bytes.
    private var connection: MongoDBConnection?

    public init() {}

    public static func probe(_ bytes: RawSpan) -> ProbeAnswer { MongoDBProbe.judge(bytes) }

    public mutating func feed(_ bytes: RawSpan, from sender: Direction) -> ParserProgress { feed(bytes, from: sender, at: .zero) }

    public mutating func feed(_ bytes: RawSpan, from sender: Direction, at time: Timestamp) -> ParserProgress {
        let connection = self.connection ?? MongoDBConnection()
        self.connection = connection
        return connection.feed(bytes, from: sender, at: time)
    }

    public mutating func skip(_ byteCount: Int, from sender: Direction) -> ParserProgress { connection?.skip(byteCount, from: sender) ?? .failed(.unexpected) }

    public mutating func reverseRoles() { connection?.reverseRoles() }
    public mutating func finish() { connection?.finish() }
    public var heldBytes: Int { connection?.heldBytes ?? 0 }
    public mutating func nextSession() -> MongoDBCommand? { connection?.nextSession() }
}
