import Packets
import Protocols
import Tracking

/// `data = "mongodb"`: a line for each command of a MongoDB client with its outcome, as soon as that came.
struct MongoDBData: SessionLines {
    typealias Parser = MongoDBParser

    static let name = "mongodb"
    static let summary = "MongoDB's commands with their outcome: names, collections, how many documents, errors, latency; never documents"

    static func add(_ command: MongoDBCommand, of connection: ConnectionRecord, to line: inout LogLine) {
        line.addIdentity(of: connection, at: command.sent ?? command.answered)
        line.addCommand(command)
    }
}

extension LogLine {
    /// What a line says of a MongoDB command.
    public mutating func addCommand(_ command: MongoDBCommand) {
        add("cmd", command.name)
        add("opcode", MongoDBOpcode.name(command.opcode))
        add("request_id", command.requestID)
        add("database", command.database)
        add("collection", command.collection)
        if let succeeded = command.succeeded { add("success", succeeded) }
        if command.documentsSent > 0 { add("documents_sent", command.documentsSent) }
        if let returned = command.documentsReturned { add("documents_returned", returned) }
        if let cursor = command.cursor { add("cursor", cursor) }
        if let affected = command.affected { add("affected", affected) }
        if let modified = command.modified { add("modified", modified) }
        if command.writeErrors > 0 { add("write_errors", command.writeErrors) }
        if let code = command.errorCode { add("error_code", code) }
        add("error_name", command.errorName)
        add("error", command.errorMessage)
        add("mechanism", command.mechanism)
        if command.isCompressed { add("compressed", true) }
        if command.isUnacknowledged { add("unacknowledged", true) }
        if let latency = command.latency { add("rtt", seconds: latency) }
        add("problem", command.problem?.name)
    }
}
