import Filters
import Packets

extension MongoDBParser {
    /// Wireshark's names where it has them.
    public static let fields: [SessionField<MongoDBCommand>] = [
        .string("mongo.command", "find, insert, hello, …", example: "mongo.command in {\"dropDatabase\", \"createUser\"}") { $0.name },
        .integer("mongo.opcode", max: 0xffff, valueNames: MongoDBOpcode.names, "the request's message", example: "mongo.opcode == OP_QUERY") {
            UInt64($0.opcode)
        },
        .integer("mongo.request_id", max: 0xffff_ffff, "the request's number", example: "mongo.request_id == 0") { UInt64($0.requestID) },
        .string("mongo.database_name", "the database", example: "mongo.database_name == \"admin\"") { $0.database },
        .string("mongo.collection_name", "the collection", example: "mongo.collection_name == \"users\"") { $0.collection },
        .integer("mongo.documents_sent", max: 0xffff_ffff, "documents beside the command's own", example: "mongo.documents_sent > 1000") {
            UInt64($0.documentsSent)
        },
        .integer("mongo.number_returned", max: .max, "documents of a cursor's batch", example: "mongo.number_returned > 1000") { $0.documentsReturned },
        .integer("mongo.affected", max: .max, "documents that were inserted, matched or deleted", example: "mongo.affected == 0") {
            $0.affected.map { UInt64(max(0, $0)) }
        },
        .integer("mongo.write_errors", max: 0xffff_ffff, "errors of writes", example: "mongo.write_errors > 0") { UInt64($0.writeErrors) },
        .boolean("mongo.success", aliases: ["mongo.ok"], "whether it was done", example: "not mongo.success") { $0.succeeded },
        .integer("mongo.error.code", max: 0xffff_ffff, "an error's number", example: "mongo.error.code in {13, 18}") {
            $0.errorCode.flatMap { 0...0xffff_ffff ~= $0 ? UInt64($0) : nil }
        },
        .string("mongo.error.name", "an error's name", example: "mongo.error.name == \"Unauthorized\"") { $0.errorName },
        .string("mongo.error.message", "an error's text", example: "mongo.error.message contains \"not authorized\"") { $0.errorMessage },
        .string("mongo.mechanism", "how SASL authenticates", example: "mongo.mechanism == \"PLAIN\"") { $0.mechanism },
        .boolean("mongo.compressed", "whether a message of it is compressed", example: "mongo.compressed") { $0.isCompressed },
        SessionField("mongo.time", .duration, "from the request to its reply", example: "mongo.time > 1s", isSingle: true) { command, give in
            if let latency = command.latency { give(.integer(UInt64(max(0, latency)))) }
        },
        .string("mongo.problem", "why the outcome is not known: no_answer, too_many_pending, hole, opaque, malformed", example: "mongo.problem exists") {
            $0.problem?.name
        },
    ]
}
