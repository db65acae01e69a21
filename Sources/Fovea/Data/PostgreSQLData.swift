import Packets
import Protocols
import Tracking

/// `data = "postgresql"`: a line for each command of a PostgreSQL client, as soon as it is answered. Fields are those of Zeek's postgresql.log, and a few more.
struct PostgreSQLData: SessionLines {
    typealias Parser = PostgreSQLParser

    static let name = "postgresql"
    static let summary = "PostgreSQL's logins, queries and executed statements with their outcome: SQL, tags, rows, errors, latency"

    static func add(_ command: PostgreSQLCommand, of connection: ConnectionRecord, to line: inout LogLine) {
        line.addIdentity(of: connection, at: command.sent ?? command.answered)
        line.addCommand(command)
    }
}

extension LogLine {
    /// What a line says of a PostgreSQL command. Fields are those of Zeek's postgresql.log, and a few more at the end.
    public mutating func addCommand(_ command: PostgreSQLCommand) {
        if let login = command.login {
            add("user", login.user)
            add("database", login.database ?? login.user)
            add("application_name", login.applicationName)
        }
        add("frontend", command.kind.name)
        add("frontend_arg", command.text?.text)
        if let succeeded = command.succeeded { add("success", succeeded) }
        if let error = command.error {
            add("backend", "error")
            add("backend_arg", "\(error.severity) \(error.code) \(error.message)")
        } else if !command.tags.isEmpty {
            add("backend", "command_complete")
            add("backend_arg", command.tags.joined(separator: ", "))
        }
        if command.columns != nil || command.rows > 0 { add("rows", command.rows) }
        if let affected = command.affectedRows { add("affected_rows", affected) }
        if let columns = command.columns { add("columns", columns) }
        if command.copiedBytes > 0 { add("copied_bytes", command.copiedBytes) }
        if let error = command.error {
            add("severity", error.severity)
            add("sqlstate", error.code)
        }
        add("statement", command.statement)
        if command.text?.isCut == true { add("arg_cut", true) }
        if let login = command.login {
            add("authentication", login.authentication)
            add("server_version", login.serverVersion)
        }
        if let process = command.cancelledProcess { add("cancelled_process", process) }
        if let status = command.transactionStatus { add("transaction_status", String(Unicode.Scalar(status))) }
        if let latency = command.latency { add("rtt", seconds: latency) }
        add("problem", command.problem?.name)
        addToEvent { $0.add(command) }
    }
}
