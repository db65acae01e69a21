import Filters
import Packets

extension PostgreSQLParser {
    /// Wireshark's names where it has them.
    public static let fields: [SessionField<PostgreSQLCommand>] = [
        .string("pgsql.command", "startup, query, prepare, execute, cancel, …", example: "pgsql.command == \"query\"") { $0.kind.name },
        .string("pgsql.query", "SQL, of a query or of the statement that is executed", example: "pgsql.query contains \"DROP TABLE\"") { $0.text?.text },
        .boolean("pgsql.query.cut", "whether the SQL is longer than what is kept of it", example: "pgsql.query.cut") { $0.text?.isCut },
        .string("pgsql.statement", "a prepared statement's name", example: "pgsql.statement == \"S_1\"") { $0.statement },
        .strings("pgsql.tag", "what was done, and with how many rows", example: "pgsql.tag starts_with \"DELETE\"") { $0.tags },
        .integer("pgsql.rows", max: .max, "rows that were returned", example: "pgsql.rows > 100000") { $0.rows },
        .integer("pgsql.affected", max: .max, "rows that were returned or changed, as the server says", example: "pgsql.affected == 0") { $0.affectedRows },
        .integer("pgsql.columns", max: 0xffff, "columns of what was returned", example: "pgsql.columns > 100") { $0.columns.map(UInt64.init) },
        .integer("pgsql.copied", max: .max, "bytes of COPY", example: "pgsql.copied > 1000000") { $0.copiedBytes },
        .string("pgsql.severity", "of an error", example: "pgsql.severity == \"FATAL\"") { $0.error?.severity },
        .string("pgsql.code", aliases: ["pgsql.sqlstate"], "an error's SQLSTATE", example: "pgsql.code == \"42P01\"") { $0.error?.code },
        .string("pgsql.message", "an error's text", example: "pgsql.message contains \"permission denied\"") { $0.error?.message },
        .boolean("pgsql.success", "whether it was done", example: "not pgsql.success") { $0.succeeded },
        .string("pgsql.status", "behind it no transaction (I), one (T), one that has failed (E)", example: "pgsql.status == \"E\"") {
            $0.transactionStatus.map { String(Unicode.Scalar($0)) }
        },
        .string("pgsql.user", "who logs in", example: "pgsql.user == \"postgres\"") { $0.login?.user },
        .string("pgsql.database", "the database that a login is for", example: "pgsql.database == \"template1\"") { $0.login?.database ?? $0.login?.user },
        .string("pgsql.application_name", "what the client says that it is", example: "pgsql.application_name == \"psql\"") { $0.login?.applicationName },
        .string("pgsql.authtype", "how a login is authenticated", example: "pgsql.authtype == \"password\"") { $0.login?.authentication },
        .string("pgsql.server_version", "the server's version", example: "pgsql.server_version starts_with \"15.\"") { $0.login?.serverVersion },
        SessionField("pgsql.time", .duration, "from the command to the end of its answer", example: "pgsql.time > 1s", isSingle: true) { command, give in
            if let latency = command.latency { give(.integer(UInt64(max(0, latency)))) }
        },
        .string("pgsql.problem", "why the outcome is not known: no_answer, too_many_pending, passed_over, hole", example: "pgsql.problem exists") {
            $0.problem?.name
        },
    ]
}
