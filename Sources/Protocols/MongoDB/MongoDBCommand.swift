import Packets

/// What a client of MongoDB asked for, and what came of it.
public struct MongoDBCommand: Equatable, Sendable {
    /// "find", "insert", "hello": the first name in the command's document; of older messages what they do: "OP_QUERY", "OP_INSERT". "compressed" for what is.
    public internal(set) var name: String
    public internal(set) var client: Direction
    /// When it was seen, and its reply.
    public internal(set) var sent: Timestamp?
    public internal(set) var answered: Timestamp?
    public internal(set) var requestID: UInt32
    /// The request's message: 2013 for OP_MSG, 2004 for OP_QUERY.
    public internal(set) var opcode: UInt32
    public internal(set) var database: String?
    /// Nil for commands that are of none.
    public internal(set) var collection: String?
    /// Documents that the request brings beside the command's own.
    public internal(set) var documentsSent: UInt32 = 0
    /// Documents of a cursor's batch in the reply; nil where it has none.
    public internal(set) var documentsReturned: UInt64?
    /// The cursor to ask for more by; zero when there is no more.
    public internal(set) var cursor: Int64?
    /// `n`: documents that were inserted, matched or deleted.
    public internal(set) var affected: Int64?
    public internal(set) var modified: Int64?
    public internal(set) var writeErrors: UInt32 = 0
    /// What the reply's `ok` is.
    public internal(set) var isOK: Bool?
    /// An error's number, name and text, the latter of 256 bytes at most.
    public internal(set) var errorCode: Int64?
    public internal(set) var errorName: String?
    public internal(set) var errorMessage: String?
    /// Of saslStart: "SCRAM-SHA-256".
    public internal(set) var mechanism: String?
    public internal(set) var isCompressed = false
    /// Whether a reply was not asked for.
    public internal(set) var isUnacknowledged = false
    public internal(set) var problem: CommandProblem?

    init(_ name: String, from client: Direction, at time: Timestamp?, requestID: UInt32, opcode: UInt32) {
        (self.name, self.client, sent, self.requestID, self.opcode) = (name, client, time, requestID, opcode)
    }

    /// Nanoseconds from the request to its reply.
    public var latency: Int64? {
        guard let sent, let answered else { return nil }
        return answered - sent
    }

    /// Whether it was done, all of it; nil where that is not known.
    public var succeeded: Bool? { isOK.map { $0 && writeErrors == 0 } }
}

/// The wire protocol's messages.
public enum MongoDBOpcode {
    static let reply: UInt32 = 1
    static let update: UInt32 = 2001
    static let insert: UInt32 = 2002
    static let query: UInt32 = 2004
    static let getMore: UInt32 = 2005
    static let delete: UInt32 = 2006
    static let killCursors: UInt32 = 2007
    static let compressed: UInt32 = 2012
    static let message: UInt32 = 2013

    static let names: [String: UInt64] = [
        "OP_REPLY": 1, "OP_UPDATE": 2001, "OP_INSERT": 2002, "OP_QUERY": 2004, "OP_GET_MORE": 2005, "OP_DELETE": 2006, "OP_KILL_CURSORS": 2007,
        "OP_COMPRESSED": 2012, "OP_MSG": 2013,
    ]
    private static let texts = Dictionary(uniqueKeysWithValues: names.map { (UInt32($0.value), $0.key) })
    public static func name(_ code: UInt32) -> String { texts[code] ?? "OP_\(code)" }
    static func isKnown(_ code: UInt32) -> Bool { code == reply || 2001...2007 ~= code && code != 2003 || code == compressed || code == message }
}
