extension MySQLData: LoggedSubscription {
    /// Zeek's mysql.log; Suricata has no event for it.
    static let log = LogSchema(
        "mysql",
        LogSchema.identity + [
            .init("cmd", .string, event: "command"), .init("arg", .string, event: "argument"), .init("success", .bool, event: "success"),
            .init("rows", .count, event: "rows"), .init("response", .string, event: "message"), .init("affected_rows", .count, event: "affected_rows"),
            .init("columns", .count), .init("results", .count), .init("insert_id", .count), .init("warnings", .count),
            .init("error_code", .count, event: "code"), .init("sqlstate", .string, event: "sqlstate"), .init("statement", .count), .init("arg_cut", .bool),
            .init("in_transaction", .bool), .init("user", .string, event: "user"), .init("database", .string, event: "database"),
            .init("auth_plugin", .string, event: "auth_plugin"), .init("program", .string), .init("server_version", .string, event: "server_version"),
            .init("compressed", .bool, event: "compressed"), .init("rtt", .interval), .init("problem", .string),
        ], event: "mysql", transport: "tcp")
}

extension PostgreSQLData: LoggedSubscription {
    /// Zeek's postgresql.log, Suricata's pgsql.
    static let log = LogSchema(
        "postgresql",
        LogSchema.identity + [
            .init("user", .string), .init("database", .string), .init("application_name", .string), .init("frontend", .string),
            .init("frontend_arg", .string), .init("success", .bool), .init("backend", .string), .init("backend_arg", .string), .init("rows", .count),
            .init("affected_rows", .count), .init("columns", .count), .init("copied_bytes", .count), .init("severity", .string),
            .init("sqlstate", .string), .init("statement", .string), .init("arg_cut", .bool), .init("authentication", .string),
            .init("server_version", .string), .init("cancelled_process", .count), .init("transaction_status", .string), .init("rtt", .interval),
            .init("problem", .string),
        ], event: "pgsql", transport: "tcp")
}

extension RedisData: LoggedSubscription {
    /// Zeek's redis.log; Suricata has no event for it.
    static let log = LogSchema(
        "redis",
        LogSchema.identity + [
            .init("cmd.name", .string, event: "command"), .init("cmd.key", .string, event: "key"), .init("success", .bool, event: "success"),
            .init("reply.value", .string, event: "reply"), .init("args", .count, event: "arguments"), .init("value_bytes", .count, event: "value_bytes"),
            .init("key_cut", .bool), .init("inline", .bool), .init("push", .bool, event: .flag("push")), .init("in_transaction", .bool),
            .init("user", .string, event: "user"), .init("reply.type", .string, event: "reply_type"), .init("reply.count", .count),
            .init("reply.inner_errors", .count), .init("rtt", .interval), .init("problem", .string),
        ], event: "redis", transport: "tcp")
}

extension MongoDBData: LoggedSubscription {
    static let log = LogSchema(
        "mongodb",
        LogSchema.identity + [
            .init("cmd", .string, event: "command"), .init("opcode", .string, event: "opcode"), .init("request_id", .int, event: "request_id"),
            .init("database", .string, event: "database"), .init("collection", .string, event: "collection"), .init("success", .bool, event: "success"),
            .init("documents_sent", .count, event: "documents_sent"), .init("documents_returned", .count, event: "documents_returned"), .init("cursor", .int),
            .init("affected", .int, event: "affected"), .init("modified", .int), .init("write_errors", .count), .init("error_code", .int, event: "code"),
            .init("error_name", .string, event: "code_name"), .init("error", .string, event: "message"), .init("mechanism", .string, event: "mechanism"),
            .init("compressed", .bool), .init("unacknowledged", .bool), .init("rtt", .interval), .init("problem", .string),
        ], event: "mongodb", transport: "tcp")
}
