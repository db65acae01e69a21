import Packets
import Protocols
import Tracking

/// `data = "redis"`: a line for each command of a Redis client with its reply, and for what is pushed. Fields are those of Zeek's redis.log, and a few more.
struct RedisData: SessionLines {
    typealias Parser = RedisParser

    static let name = "redis"
    static let summary = "Redis' commands with their replies: names, keys, sizes, errors, latency; never values or passwords"

    static func add(_ command: RedisCommand, of connection: ConnectionRecord, to line: inout LogLine) {
        line.addIdentity(of: connection, at: command.sent ?? command.answered)
        line.addCommand(command)
    }
}

extension LogLine {
    /// What a line says of a Redis command. Fields are those of Zeek's redis.log, and a few more at the end.
    public mutating func addCommand(_ command: RedisCommand) {
        add("cmd.name", command.name)
        add("cmd.key", command.keyText)
        if let succeeded = command.succeeded { add("success", succeeded) }
        add("reply.value", command.reply?.text)
        add("args", command.argumentCount)
        add("value_bytes", command.valueBytes)
        if command.isKeyCut { add("key_cut", true) }
        if command.isInline { add("inline", true) }
        if command.isPush { add("push", true) }
        if command.isInTransaction { add("in_transaction", true) }
        add("user", command.user)
        if let reply = command.reply {
            add("reply.type", reply.kind.name)
            if let count = reply.count { add("reply.count", count) }
            if reply.innerErrors > 0 { add("reply.inner_errors", reply.innerErrors) }
        }
        if let latency = command.latency { add("rtt", seconds: latency) }
        add("problem", command.problem?.name)
    }
}
