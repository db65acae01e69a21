import Packets
import Protocols
import TestSupport
import Testing
import Tracking

/// Every command of a real server's capture, and what came of it.
@Suite struct `MySQL capture` {
    private static func recording() throws -> Recording { try Recording(#require(CaptureFolder.own.files.first { $0.name == "mysql" })) }

    private func text(_ command: MySQLCommand) -> String {
        var parts = [command.name]
        if let login = command.login { parts.append("\(login.user ?? "-")@\(login.database ?? "-") by \(login.plugin ?? "-")") }
        if let text = command.text?.text { parts.append(text) }
        if let affected = command.affectedRows { parts.append("\(affected) affected") }
        if let rows = command.rows { parts.append("\(rows) rows of \(command.columns ?? 0)") }
        if command.isInTransaction == true { parts.append("in a transaction") }
        if let error = command.error { parts.append("\(error.code) \(error.sqlState ?? "-")") }
        if let problem = command.problem { parts.append(problem.name) }
        return parts.joined(separator: " | ")
    }

    @Test func `every command is there with its outcome`() throws {
        let found = try sessions(of: MySQLParser.self, in: Self.recording())
        #expect(
            found.map { text($0.session) } == [
                "login | admin@- by mysql_native_password | 1045 28000",
                "login | admin@shop by mysql_native_password",
                "query | CREATE TABLE planets (name VARCHAR(20) PRIMARY KEY, moons INT) | 0 affected",
                "query | INSERT INTO planets VALUES ('Earth', 1), ('Mars', 2), ('Venus', 0) | 3 affected",
                "query | SELECT * FROM planets WHERE moons > 0 | 2 rows of 2",
                "query | SELECT * FROM comets | 1146 42S02",
                "query | START TRANSACTION | 0 affected | in a transaction",
                "query | UPDATE planets SET moons = 3 | 3 affected | in a transaction",
                "query | INSERT INTO planets VALUES ('Mars', 2) | 1062 23000",
                "query | ROLLBACK | 0 affected",
                "query | SELECT DATABASE() | 1 rows of 1",
                "init_db | mysql | 0 affected",
                "quit",
                "ssl_request | -@- by -",
                "login | admin@- by mysql_native_password | opaque",
                "login | admin@shop by mysql_native_password",
                "query | SET NAMES utf8mb4 | 0 affected",
                "query | SET AUTOCOMMIT = 0 | 0 affected",
                "ping | 0 affected",
                "query | SELECT 1; SELECT name, moons FROM planets; UPDATE planets SET moons = moons + 1 WHERE name = 'Mars' | 1 affected | 4 rows of 2 | in a transaction",
                "query | SELECT * FROM planets WHERE moons > 1000 | 0 rows of 2 | in a transaction",
                "stmt_prepare | SELECT name, moons FROM planets WHERE moons > ?",
                "stmt_execute | SELECT name, moons FROM planets WHERE moons > ? | 2 rows of 2 | in a transaction",
                "stmt_execute | SELECT name, moons FROM planets WHERE moons > ? | 0 rows of 2 | in a transaction",
                "stmt_close | SELECT name, moons FROM planets WHERE moons > ?",
                "stmt_prepare | SELEC ? | 1064 42000",
                "query | LOAD DATA LOCAL INFILE '/tmp/fovea-planets.csv' INTO TABLE planets | 2 affected | in a transaction",
                "query | COMMIT | 0 affected",
                "statistics",
                "init_db | mysql | 0 affected",
                "quit",
            ])
        #expect(found.allSatisfy { ($0.session.latency ?? 0) >= 0 && $0.connection.service == .mysql && $0.session.client == .originator })
        #expect(found[0].session.login?.serverVersion?.contains("MariaDB") == true)
    }

    @Test func `TLS is found behind the client's request`() throws {
        let handshakes = try sessions(of: TLSParser.self, beside: .mysql, in: Self.recording())
        #expect(handshakes.count == 1 && handshakes.allSatisfy { $0.connection.service == .tls && $0.session.serverHello != nil })
    }
}
