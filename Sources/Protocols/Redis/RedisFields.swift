import Filters
import Packets

extension RedisParser {
    public static let fields: [SessionField<RedisCommand>] = [
        .name(
            "redis.command", aliases: ["redis.cmd"], "a command's name, of a family's both: CONFIG GET",
            example: "redis.command in {\"FLUSHALL\", \"CONFIG SET\"}"
        ) { $0.name },
        .string("redis.key", "the first key, channel or the like", example: "redis.key starts_with \"session:\"") { $0.keyText },
        .integer("redis.args", max: .max, "arguments, the name included", example: "redis.args > 1000") { UInt64($0.argumentCount) },
        .integer("redis.value_bytes", max: .max, "bytes of arguments that are no name and no key", example: "redis.value_bytes > 1000000") { $0.valueBytes },
        .string("redis.reply", "what the reply is: status, error, integer, string, array, null, map, …", example: "redis.reply == \"null\"") {
            $0.reply?.kind.name
        },
        .integer("redis.reply.count", max: .max, "bytes of a string, elements of an array", example: "redis.reply.count > 10000") { $0.reply?.count },
        .string("redis.status", "a status: OK, QUEUED", example: "redis.status == \"QUEUED\"") { $0.reply?.kind == .status ? $0.reply?.text : nil },
        .string("redis.error", "an error's text", example: "redis.error contains \"invalid username-password pair\"") {
            $0.reply?.kind == .error ? $0.reply?.text : nil
        },
        .string("redis.error.code", "an error's first word", example: "redis.error.code in {\"NOAUTH\", \"WRONGPASS\"}") { $0.reply?.errorCode },
        .boolean("redis.success", "whether the reply is no error", example: "not redis.success") { $0.succeeded },
        .boolean("redis.in_transaction", "whether it was sent between MULTI and EXEC", example: "redis.in_transaction") { $0.isInTransaction },
        .boolean("redis.push", "whether it was pushed to a subscriber", example: "redis.push") { $0.isPush },
        .string("redis.user", "who logs in", example: "redis.user == \"default\"") { $0.user },
        SessionField("redis.time", .duration, "from the command to its reply", example: "redis.time > 10ms", isSingle: true) { command, give in
            if let latency = command.latency { give(.integer(UInt64(max(0, latency)))) }
        },
        .string("redis.problem", "why there is no reply: no_answer, too_many_pending, hole, opaque", example: "redis.problem exists") { $0.problem?.name },
    ]
}
