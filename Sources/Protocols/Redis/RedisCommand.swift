import Packets

/// What a client of Redis asked for, and what came of it; or what was pushed to a subscriber.
public struct RedisCommand: Equatable, Sendable {
    /// Bytes that are kept of a key.
    public static let longestKey = 256

    /// In capitals, and of a family's commands both names: "SET", "CONFIG GET". What is pushed has its kind's name as it was sent: "message".
    public internal(set) var name: String
    public internal(set) var client: Direction
    /// When it was seen, and its last reply.
    public internal(set) var sent: Timestamp?
    public internal(set) var answered: Timestamp?
    /// The first argument, of commands whose first argument names a key, a channel or the like; the channel of what is pushed.
    public internal(set) var key: [UInt8]?
    public internal(set) var isKeyCut = false
    /// Its name included.
    public internal(set) var argumentCount = 1
    /// Bytes of arguments that are not kept; none are counted of commands that hold passwords.
    public internal(set) var valueBytes: UInt64 = 0
    /// Sent as a line, not as an array.
    public internal(set) var isInline = false
    public internal(set) var isPush = false
    /// Sent between MULTI and EXEC.
    public internal(set) var isInTransaction = false
    /// Who logs in by AUTH; nil where a password is all that it has.
    public internal(set) var user: String?
    public internal(set) var reply: RedisReply?
    public internal(set) var problem: CommandProblem?

    init(_ name: String, from client: Direction, at time: Timestamp?) { (self.name, self.client, sent) = (name, client, time) }

    /// Nanoseconds from the command to its reply.
    public var latency: Int64? {
        guard let sent, let answered else { return nil }
        return answered - sent
    }

    public var keyText: String? { key.map { String(decoding: $0, as: UTF8.self) } }

    /// Whether the reply was no error; nil where there is none.
    public var succeeded: Bool? { reply.map { $0.kind != .error } }

    /// Replies to come: SUBSCRIBE has one for each channel.
    var repliesLeft = 1
}

/// What a reply is, and how large.
public struct RedisReply: Equatable, Sendable {
    public enum Kind: UInt8, CaseIterable, Equatable, Sendable {
        case status, error, integer, string, array, null, map, set, push, number, boolean, attribute

        public var name: String { "\(self)" }
    }

    public internal(set) var kind: Kind
    /// Bytes of a string, elements of an array or set, pairs of a map; nil of others.
    public internal(set) var count: UInt64?
    /// A status: "OK", "QUEUED", of 64 bytes at most; or an error's text of 256 at most, without what it repeats of arguments.
    public internal(set) var text: String?
    /// Errors within it: of a transaction's commands.
    public internal(set) var innerErrors: UInt32 = 0

    /// An error's first word: "ERR", "WRONGTYPE", "NOAUTH", "MOVED".
    public var errorCode: String? { kind == .error ? text?.split(separator: " ").first.map(String.init) : nil }
}
