import Filters
import Packets

extension MySQLParser {
    /// Wireshark's names where it has them.
    public static let fields: [SessionField<MySQLCommand>] = [
        .string("mysql.command", aliases: ["mysql.cmd"], "login, query, stmt_execute, init_db, …: Zeek's names", example: "mysql.command == \"query\"") {
            $0.name
        },
        .string(
            "mysql.query", "SQL, of a query or of the statement that is executed; the name of a database or table",
            example: "mysql.query contains \"INTO OUTFILE\""
        ) {
            $0.text?.text
        },
        .boolean("mysql.query.cut", "whether the SQL is longer than what is kept of it", example: "mysql.query.cut") { $0.text?.isCut },
        .integer("mysql.rows", max: .max, "rows that were returned", example: "mysql.rows > 100000") { $0.rows },
        .integer("mysql.num_fields", max: 0xffff, "columns of what was returned", example: "mysql.num_fields > 100") { $0.columns.map(UInt64.init) },
        .integer("mysql.affected_rows", max: .max, "rows that were changed", example: "mysql.affected_rows > 1000") { $0.affectedRows },
        .integer("mysql.insert_id", max: .max, "the last row's number", example: "mysql.insert_id == 1") { $0.lastInsertID },
        .integer("mysql.warnings", max: 0xffff, "warnings", example: "mysql.warnings > 0") { $0.warnings.map(UInt64.init) },
        .integer("mysql.error_code", max: 0xffff, "the server's number of an error", example: "mysql.error_code in {1044, 1045}") {
            ($0.error?.code).map(UInt64.init)
        },
        .string("mysql.sqlstate", "an error's SQLSTATE", example: "mysql.sqlstate == \"28000\"") { $0.error?.sqlState },
        .string("mysql.error.message", "an error's text", example: "mysql.error.message contains \"denied\"") { $0.error?.message },
        .boolean("mysql.success", "whether it was done", example: "not mysql.success") { $0.succeeded },
        .boolean("mysql.in_transaction", "whether the server is in a transaction behind it", example: "mysql.in_transaction") { $0.isInTransaction },
        .string("mysql.user", "who logs in", example: "mysql.user == \"root\"") { $0.login?.user },
        .string("mysql.schema", aliases: ["mysql.database"], "the database that a login is for", example: "mysql.schema == \"mysql\"") { $0.login?.database },
        .string("mysql.auth_plugin", "how a login is authenticated", example: "mysql.auth_plugin == \"mysql_clear_password\"") { $0.login?.plugin },
        .string("mysql.program", "what a login's program says that it is", example: "mysql.program == \"mysqldump\"") { $0.login?.program },
        .string("mysql.version", "the server's version, of a login", example: "mysql.version contains \"MariaDB\"") { $0.login?.serverVersion },
        .boolean("mysql.compressed", "whether all behind a login is compressed", example: "mysql.compressed") { $0.login?.isCompressed },
        SessionField("mysql.time", .duration, "from the command to the end of its answer", example: "mysql.time > 1s", isSingle: true) { command, give in
            if let latency = command.latency { give(.integer(UInt64(max(0, latency)))) }
        },
        .string("mysql.problem", "why the outcome is not known: no_answer, too_many_pending, hole, opaque", example: "mysql.problem exists") {
            $0.problem?.name
        },
    ]
}
