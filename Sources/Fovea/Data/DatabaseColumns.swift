extension MySQLData: LoggedSubscription {
    /// Zeek's mysql.log.
    static let log = LogSchema(
        "mysql",
        LogSchema.identity + [
            .init("cmd", .string), .init("arg", .string), .init("success", .bool), .init("rows", .count), .init("response", .string),
            .init("affected_rows", .count), .init("columns", .count), .init("results", .count), .init("insert_id", .count), .init("warnings", .count),
            .init("error_code", .count), .init("sqlstate", .string), .init("statement", .count), .init("arg_cut", .bool),
            .init("in_transaction", .bool), .init("user", .string), .init("database", .string), .init("auth_plugin", .string),
            .init("program", .string), .init("server_version", .string), .init("compressed", .bool), .init("rtt", .interval), .init("problem", .string),
        ])
}

extension PostgreSQLData: LoggedSubscription {
    /// Zeek's postgresql.log.
    static let log = LogSchema(
        "postgresql",
        LogSchema.identity + [
            .init("user", .string), .init("database", .string), .init("application_name", .string), .init("frontend", .string),
            .init("frontend_arg", .string), .init("success", .bool), .init("backend", .string), .init("backend_arg", .string), .init("rows", .count),
            .init("affected_rows", .count), .init("columns", .count), .init("copied_bytes", .count), .init("severity", .string),
            .init("sqlstate", .string), .init("statement", .string), .init("arg_cut", .bool), .init("authentication", .string),
            .init("server_version", .string), .init("cancelled_process", .count), .init("transaction_status", .string), .init("rtt", .interval),
            .init("problem", .string),
        ])
}

extension RedisData: LoggedSubscription {
    /// Zeek's redis.log.
    static let log = LogSchema(
        "redis",
        LogSchema.identity + [
            .init("cmd.name", .string), .init("cmd.key", .string), .init("success", .bool), .init("reply.value", .string), .init("args", .count),
            .init("value_bytes", .count), .init("key_cut", .bool), .init("inline", .bool), .init("push", .bool), .init("in_transaction", .bool),
            .init("user", .string), .init("reply.type", .string), .init("reply.count", .count), .init("reply.inner_errors", .count),
            .init("rtt", .interval), .init("problem", .string),
        ])
}

extension MongoDBData: LoggedSubscription {
    static let log = LogSchema(
        "mongodb",
        LogSchema.identity + [
            .init("cmd", .string), .init("opcode", .string), .init("request_id", .int), .init("database", .string), .init("collection", .string),
            .init("success", .bool), .init("documents_sent", .count), .init("documents_returned", .count), .init("cursor", .int),
            .init("affected", .int), .init("modified", .int), .init("write_errors", .count), .init("error_code", .int), .init("error_name", .string),
            .init("error", .string), .init("mechanism", .string), .init("compressed", .bool), .init("unacknowledged", .bool), .init("rtt", .interval),
            .init("problem", .string),
        ])
}
