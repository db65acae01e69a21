import Packets
import Protocols
import TestSupport
import Testing
import Tracking

/// Every command of a capture of PyMongo, and what came of it.
@Suite struct `MongoDB capture` {
    private static func recording() throws -> Recording { try Recording(#require(CaptureFolder.own.files.first { $0.name == "mongodb" })) }

    private func text(_ command: MongoDBCommand) -> String {
        var parts = [command.name, "\(command.database ?? "-").\(command.collection ?? "-")"]
        if command.opcode != 2013 { parts.append(MongoDBOpcode.name(command.opcode)) }
        if command.documentsSent > 0 { parts.append("\(command.documentsSent) sent") }
        if let returned = command.documentsReturned { parts.append("\(returned) returned") }
        if let affected = command.affected { parts.append("n \(affected)") }
        if command.writeErrors > 0 { parts.append("\(command.writeErrors) errors") }
        if let mechanism = command.mechanism { parts.append(mechanism) }
        if let code = command.errorCode { parts.append("\(code) \(command.errorName ?? "-")") }
        if let isOK = command.isOK { parts.append(isOK ? "ok" : "failed") }
        if command.isUnacknowledged { parts.append("unacknowledged") }
        if let problem = command.problem { parts.append(problem.name) }
        return parts.joined(separator: " | ")
    }

    @Test func `every command is there with its outcome`() throws {
        let found = try sessions(of: MongoDBParser.self, in: Self.recording())
        // How often a client asks what the server is hangs on its threads.
        let commands = found.map { text($0.session) }
        let greetings = Set(commands.filter { $0.hasPrefix("ismaster") })
        #expect(greetings == ["ismaster | admin.- | ok"])
        #expect(
            commands.filter { !greetings.contains($0) && !$0.hasPrefix("endSessions") } == [
                "find | shop.planets | 5 returned | ok",
                "find | shop.planets | 2 returned | ok",
                "getMore | shop.planets | 3 returned | ok",
                "find | shop.comets | 13 Unauthorized | failed",
                "insert | shop.planets | 2 sent | n 2 | ok",
                "insert | shop.planets | 2 sent | n 1 | 1 errors | ok",
                "update | shop.planets | 1 sent | n 2 | ok",
                "insert | shop.log | 1 sent | unacknowledged",
                "explode | shop.- | 59 CommandNotFound | failed",
                "ping | admin.- | ok",
                "compressed | -.- | OP_COMPRESSED | ok | opaque",
                "saslStart | $external.- | PLAIN | 18 AuthenticationFailed | failed",
                "isMaster | admin.- | OP_QUERY | ok",
                "OP_QUERY | shop.planets | OP_QUERY | 2 returned",
                "OP_INSERT | shop.log | OP_INSERT | unacknowledged",
            ])
        #expect(found.allSatisfy { ($0.session.latency ?? 0) >= 0 && $0.connection.service == .mongodb && $0.session.client == .originator })
        #expect(!"\(found.map(\.session))".contains("wrong"))
    }
}
