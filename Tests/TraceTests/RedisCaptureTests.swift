import Packets
import Protocols
import TestSupport
import Testing
import Tracking

/// Every command of a real server's capture, and what came of it.
@Suite struct `Redis capture` {
    private static func recording() throws -> Recording { try Recording(#require(CaptureFolder.own.files.first { $0.name == "redis" })) }

    private func text(_ command: RedisCommand) -> String {
        var parts = [command.name]
        if let key = command.keyText { parts.append(key) }
        if let user = command.user { parts.append("as \(user)") }
        if command.valueBytes > 0 { parts.append("\(command.valueBytes) bytes") }
        if command.isPush { parts.append("pushed") }
        if command.isInTransaction { parts.append("in a transaction") }
        if !command.isPush, let reply = command.reply { parts.append("\(reply.kind)\(reply.count.map { " \($0)" } ?? "")\(reply.text.map { " \($0)" } ?? "")") }
        if let errors = command.reply?.innerErrors, errors > 0 { parts.append("\(errors) errors") }
        if let problem = command.problem { parts.append(problem.name) }
        return parts.joined(separator: " | ")
    }

    @Test func `every command is there with its reply, and no password`() throws {
        let found = try sessions(of: RedisParser.self, in: Self.recording())
        #expect(
            found.map { text($0.session) } == [
                "COMMAND DOCS | error ERR unknown command 'COMMAND'",
                "COMMAND | error ERR unknown command 'COMMAND'",
                "SET | planet | 7 bytes | status OK",
                "GET | planet | string 7",
                "GET | comet | null",
                "INCR | planet | error ERR value is not an integer or out of range",
                "RPUSH | moons | 16 bytes | integer",
                "LRANGE | moons | 3 bytes | array 3",
                "MULTI | status OK",
                "SET | a | 1 bytes | in a transaction | status QUEUED",
                "INCR | planet | in a transaction | status QUEUED",
                "EXEC | array 2 | 1 errors",
                "CONFIG GET | 9 bytes | array 2",
                "EVAL | 23 bytes | array 3",
                "NOSUCH | thing | error ERR unknown command 'NOSUCH'",
                "HELLO | 3 | map 7",
                "HGETALL | nothing | map 0",
                "ACL SETUSER | status OK",
                "AUTH | as alice | status OK",
                "PING | status PONG",
                "AUTH | as alice | error WRONGPASS invalid username-password pair or user is disabled.",
                "PING | status PONG",
                "PING | status PONG",
                "SUBSCRIBE | news | 5 bytes | array 3",
                "PUBLISH | news | 5 bytes | integer",
                "message | news | 5 bytes | pushed",
                "UNSUBSCRIBE | array 3",
                "INCR | counter | integer",
                "INCR | counter | integer",
                "INCR | counter | integer",
                "INCR | counter | integer",
                "INCR | counter | integer",
                "GET | counter | string 1",
            ])
        #expect(found.allSatisfy { ($0.session.latency ?? 0) >= 0 && $0.connection.service == .redis && $0.session.client == .originator })
        #expect(!"\(found.map(\.session))".contains("s3cret"))
    }
}
