import Packets
import Protocols
import TestSupport
import Testing
import Tracking

/// Every command of a real server's capture, and what came of it.
@Suite struct `PostgreSQL capture` {
    private static func recording() throws -> Recording { try Recording(#require(CaptureFolder.own.files.first { $0.name == "postgresql" })) }

    private func text(_ command: PostgreSQLCommand) -> String {
        var parts = [command.kind.name]
        if let login = command.login { parts.append("\(login.user ?? "-")@\(login.database ?? "-") by \(login.authentication ?? "-") as \(login.applicationName ?? "-")") }
        if let text = command.text?.text { parts.append(text) }
        parts += command.tags
        if let columns = command.columns { parts.append("\(command.rows) rows of \(columns)") } else if command.rows > 0 { parts.append("\(command.rows) rows") }
        if command.copiedBytes > 0 { parts.append("\(command.copiedBytes) bytes copied") }
        if let error = command.error { parts.append("\(error.severity) \(error.code)") }
        if let isAccepted = command.isAccepted { parts.append(isAccepted ? "accepted" : "refused") }
        if let status = command.transactionStatus { parts.append(String(Unicode.Scalar(status))) }
        if let problem = command.problem { parts.append(problem.name) }
        return parts.joined(separator: " | ")
    }

    @Test func `every command is there with its outcome`() throws {
        let found = try sessions(of: PostgreSQLParser.self, in: Self.recording())
        #expect(
            found.map { text($0.session) } == [
                "startup | admin@postgres by SCRAM-SHA-256 as psql | FATAL 28P01",
                "startup | admin@nowhere by SCRAM-SHA-256 as psql | FATAL 3D000",
                "ssl_request | accepted",
                "ssl_request | accepted",
                "startup | admin@postgres by SCRAM-SHA-256 as psql | I",
                "query | CREATE TABLE planets (name text PRIMARY KEY, moons int); | CREATE TABLE | I",
                "query | INSERT INTO planets VALUES ('Earth', 1), ('Mars', 2), ('Venus', 0); | INSERT 0 3 | I",
                "query | SELECT * FROM planets WHERE moons > 0; | SELECT 2 | 2 rows of 2 | I",
                "query | SELECT * FROM comets; | ERROR 42P01 | I",
                "query | BEGIN; | BEGIN | T",
                "query | UPDATE planets SET moons = 3; | UPDATE 3 | T",
                "query | INSERT INTO planets VALUES ('Mars', 2); | ERROR 23505 | E",
                "query | ROLLBACK; | ROLLBACK | I",
                "query | PREPARE moons AS SELECT moons FROM planets WHERE name = $1; | PREPARE | I",
                "query | EXECUTE moons('Mars'); | SELECT 1 | 1 rows of 1 | I",
                "query | COPY planets FROM STDIN; | COPY 2 | 25 bytes copied | I",
                "query | COPY planets TO STDOUT; | COPY 5 | 45 bytes copied | I",
                "query | SELECT 1; SELECT 2, 3; | SELECT 1 | SELECT 1 | 2 rows of 2 | I",
                "query | SELECT name FROM planets WHERE moons = $1  | ERROR 42P02 | I",
                "startup | admin@postgres by SCRAM-SHA-256 as pgwire | I",
                "prepare | SELECT moons FROM planets WHERE name = $1 | I",
                "execute | SELECT moons FROM planets WHERE name = $1 | SELECT 1 | 1 rows of 1 | I",
                "execute | SELECT moons FROM planets WHERE name = $1 | SELECT 1 | 1 rows | I",
                "execute | SELECT moons FROM planets WHERE name = $1 | SELECT 1 | 1 rows | I",
                "execute | SELECT moons FROM planets WHERE name = $1 | SELECT 0 | I",
                "execute | SELECT generate_series(1, 25) | 10 rows | I",
                "execute | SELECT generate_series(1, 25) | 10 rows | I",
                "execute | SELECT generate_series(1, 25) | SELECT 5 | 5 rows | I",
                "bind | SELECT 1 / $1::int | ERROR 22012 | I",
                "execute | SELECT 1 / $1::int | passed_over",
                "execute | SELECT 5 | passed_over",
                "prepare | SELEC 1 | ERROR 42601 | I",
                "cancel",
                "query | SELECT pg_sleep(20) | 0 rows of 1 | ERROR 57014 | I",
            ])
        #expect(found.allSatisfy { ($0.session.latency ?? 0) >= 0 && $0.connection.service == .postgresql && $0.session.client == .originator })
        #expect(found[4].session.login?.serverVersion?.hasPrefix("15.") == true)
    }

    /// What is found of TLS alone is the same as behind the server's answer.
    @Test func `TLS is found behind the server's answer`() throws {
        let handshakes = try sessions(of: TLSParser.self, beside: .postgresql, in: Self.recording())
        #expect(handshakes.count == 2 && handshakes.allSatisfy { $0.connection.service == .tls && $0.session.clientHello != nil && $0.session.serverHello != nil })
    }
}
