import Packets
import Protocols
import Tracking

/// `data = "mysql"`: a line for each command of a client of MySQL or MariaDB, as soon as it is answered. Fields are those of Zeek's mysql.log, and a few more.
struct MySQLData: SessionLines {
    typealias Parser = MySQLParser

    static let name = "mysql"
    static let summary = "MySQL's and MariaDB's logins, queries and executed statements with their outcome: SQL, rows, errors, latency"

    static func add(_ command: MySQLCommand, of connection: ConnectionRecord, to line: inout LogLine) {
        line.addIdentity(of: connection, at: command.sent ?? command.answered)
        line.addCommand(command)
    }
}

extension LogLine {
    /// What a line says of a MySQL command. Fields are those of Zeek's mysql.log, and a few more at the end.
    public mutating func addCommand(_ command: MySQLCommand) {
        add("cmd", command.name)
        add("arg", command.text?.text ?? command.login?.user)
        if let succeeded = command.succeeded { add("success", succeeded) }
        if let rows = command.rows ?? command.affectedRows { add("rows", rows) }
        add("response", command.error?.message ?? command.info)
        if let affected = command.affectedRows { add("affected_rows", affected) }
        if let columns = command.columns { add("columns", columns) }
        if command.results > 1 { add("results", command.results) }
        if let inserted = command.lastInsertID { add("insert_id", inserted) }
        if let warnings = command.warnings, warnings > 0 { add("warnings", warnings) }
        if let error = command.error {
            add("error_code", error.code)
            add("sqlstate", error.sqlState)
        }
        if let statement = command.statement { add("statement", statement) }
        if command.text?.isCut == true { add("arg_cut", true) }
        if let inTransaction = command.isInTransaction { add("in_transaction", inTransaction) }
        if let login = command.login {
            add("user", login.user)
            add("database", login.database)
            add("auth_plugin", login.plugin)
            add("program", login.program)
            add("server_version", login.serverVersion)
            if login.isCompressed { add("compressed", true) }
        }
        if let latency = command.latency { add("rtt", seconds: latency) }
        add("problem", command.problem?.name)
    }
}
