import Packets
import Protocols
import TestSupport
import Testing

@Suite struct `PostgreSQL parser` {
    private typealias Bytes = PostgreSQLBytes
    private let verifier = ParserVerifier<PostgreSQLParser>(order: .questionsFirst(after: 2))

    /// A command in a line: what it was, what came of it.
    private func text(_ command: PostgreSQLCommand) -> String {
        var parts = [command.kind.name]
        if let login = command.login { parts.append("\(login.user ?? "-")@\(login.database ?? "-") \(login.authentication ?? "-")") }
        if let text = command.text?.text { parts.append(text) }
        parts += command.tags
        if command.rows > 0 { parts.append("\(command.rows) rows") }
        if command.copiedBytes > 0 { parts.append("\(command.copiedBytes) copied") }
        if let error = command.error { parts.append("\(error.severity) \(error.code)") }
        if let isAccepted = command.isAccepted { parts.append("\(isAccepted)") }
        if let status = command.transactionStatus { parts.append(String(Unicode.Scalar(status))) }
        if let problem = command.problem { parts.append(problem.name) }
        return parts.joined(separator: " | ")
    }

    private let login: [Step] = [
        .bytes(.originator, Bytes.startup()), .bytes(.responder, Bytes.authentication(10, Bytes.text("SCRAM-SHA-256") + [0])),
        .bytes(.originator, Bytes.message("p", Array("SCRAM-SHA-256".utf8) + [0, 1, 2, 3])),
        .bytes(.responder, Bytes.authentication(0) + Bytes.parameter("server_version", "15.8") + Bytes.message("K", [0, 0, 0, 1, 2, 3, 4, 5]) + Bytes.ready()),
    ]
    private static let loggedIn = "startup | admin@shop SCRAM-SHA-256 | I"

    @Test func `follows a login and queries, however they are cut`() throws {
        let parsed = verifier.verify(
            login + [
                .bytes(.originator, Bytes.query("SELECT 1; SELECT 2")),
                .bytes(.responder, Bytes.columns(1) + Bytes.row("1") + Bytes.complete("SELECT 1") + Bytes.columns(2) + Bytes.row("2") + Bytes.complete("SELECT 1") + Bytes.ready()),
                .bytes(.originator, Bytes.query("BEGIN") + Bytes.query("SELEC")),
                .bytes(.responder, Bytes.complete("BEGIN") + Bytes.ready("T") + Bytes.error("42601", "syntax error") + Bytes.ready("E")),
                .bytes(.originator, Bytes.message("X")),
            ])
        #expect(
            parsed.sessions.map(text) == [
                Self.loggedIn, "query | SELECT 1; SELECT 2 | SELECT 1 | SELECT 1 | 2 rows | I", "query | BEGIN | BEGIN | T", "query | SELEC | ERROR 42601 | E",
            ])
        let first = try #require(parsed.sessions.first)
        #expect(first.login?.serverVersion == "15.8" && first.login?.applicationName == "psql" && first.login?.isAuthenticated == true && first.client == .originator)
        #expect(parsed.sessions[1].columns == 2 && parsed.sessions[1].affectedRows == 2 && parsed.sessions[1].succeeded == true)
        #expect(parsed.sessions[3].error?.message == "syntax error" && parsed.sessions[3].succeeded == false)
    }

    @Test func `pairs what is prepared, bound and executed, also in a pipeline`() {
        let parsed = verifier.verify([
            .bytes(.originator, Bytes.startup()), .bytes(.responder, Bytes.authentication(0) + Bytes.ready()),
            .bytes(.originator, Bytes.parse("s", "SELECT $1") + Bytes.bind("", "s") + Bytes.describe + Bytes.execute() + Bytes.sync),
            .bytes(.originator, Bytes.bind("p", "s") + Bytes.execute("p") + Bytes.execute("p") + Bytes.sync + Bytes.parse("", "INSERT") + Bytes.bind("", "") + Bytes.execute() + Bytes.sync),
            .bytes(.responder, Bytes.message("1") + Bytes.message("2") + Bytes.columns(1) + Bytes.row("x") + Bytes.complete("SELECT 1") + Bytes.ready()),
            .bytes(.responder, Bytes.message("2") + Bytes.row("x") + Bytes.message("s") + Bytes.row("y") + Bytes.complete("SELECT 1") + Bytes.ready()),
            .bytes(.responder, Bytes.message("1") + Bytes.message("2") + Bytes.complete("INSERT 0 3") + Bytes.ready("T")),
        ])
        #expect(
            parsed.sessions.map(text) == [
                "startup | admin@shop trust | I", "prepare | SELECT $1 | I", "execute | SELECT $1 | SELECT 1 | 1 rows | I", "execute | SELECT $1 | 1 rows | I",
                "execute | SELECT $1 | SELECT 1 | 1 rows | I", "execute | INSERT | INSERT 0 3 | T",
            ])
        #expect(parsed.sessions[2].columns == 1 && parsed.sessions[2].statement == "s")
    }

    @Test func `says what an error makes the server pass over`() {
        // The error comes before the client has sent its Sync, or after.
        for late in [false, true] {
            let first = Bytes.parse("", "SELECT 1/0") + Bytes.bind("", "") + Bytes.execute()
            let second = Bytes.parse("", "SELECT 2") + Bytes.bind("", "") + Bytes.execute() + Bytes.sync + Bytes.query("SELECT 3")
            let answer = Bytes.message("1") + Bytes.message("2") + Bytes.error("22012", "division by zero")
            let parsed = verifier.verify([
                .bytes(.originator, Bytes.startup()), .bytes(.responder, Bytes.authentication(0) + Bytes.ready()),
                .bytes(.originator, late ? first : first + second), .bytes(.responder, answer), .bytes(.originator, late ? second : []),
                .bytes(.responder, Bytes.ready() + Bytes.complete("SELECT 1") + Bytes.ready()),
            ])
            let sessions = parsed.sessions.map(text)
            #expect(sessions.contains("execute | SELECT 1/0 | ERROR 22012 | I"))
            #expect(sessions.contains { $0.hasPrefix("execute | SELECT 2") && $0.hasSuffix("passed_over") })
            #expect(sessions.last == "query | SELECT 3 | SELECT 1 | I" && sessions.count == 4)
        }
    }

    @Test func `counts what is copied in either direction`() {
        let parsed = verifier.verify([
            .bytes(.originator, Bytes.startup()), .bytes(.responder, Bytes.authentication(0) + Bytes.ready()),
            .bytes(.originator, Bytes.query("COPY t FROM STDIN")), .bytes(.responder, Bytes.message("G", [0, 0, 0])),
            .bytes(.originator, Bytes.message("d", Array("Jupiter\n".utf8)) + Bytes.message("d", Array("Saturn\n".utf8)) + Bytes.message("c")),
            .bytes(.responder, Bytes.complete("COPY 2") + Bytes.ready()),
            .bytes(.originator, Bytes.query("COPY t TO STDOUT")),
            .bytes(.responder, Bytes.message("H", [0, 0, 0]) + Bytes.message("d", [1, 2, 3]) + Bytes.message("c") + Bytes.complete("COPY 1") + Bytes.ready()),
        ], order: .given(because: "whether data or commands follow COPY is what its answer says"))
        #expect(
            parsed.sessions.map(text).suffix(2) == ["query | COPY t FROM STDIN | COPY 2 | 15 copied | I", "query | COPY t TO STDOUT | COPY 1 | 3 copied | I"])
    }

    @Test func `hands over to TLS once the server agrees`() {
        let agreed = verifier.verify([.bytes(.originator, Bytes.encrypt), .bytes(.responder, Array("S".utf8))])
        #expect(agreed.sessions.map(text) == ["ssl_request | true"] && agreed.progress == .handsOver)
        let refused = verifier.verify([
            .bytes(.originator, Bytes.encryptGSS), .bytes(.responder, Array("N".utf8)), .bytes(.originator, Bytes.encrypt), .bytes(.responder, Array("N".utf8)),
            .bytes(.originator, Bytes.startup()), .bytes(.responder, Bytes.authentication(3)),
            .bytes(.originator, Bytes.message("p", Bytes.text("secret"))), .bytes(.responder, Bytes.error("28P01", "password authentication failed", severity: "FATAL")),
        ], order: .given(because: "whether TLS or a login follow is what the answer says"))
        #expect(refused.sessions.map(text) == ["gssenc_request | false", "ssl_request | false", "startup | admin@shop password | FATAL 28P01"])
        let encrypted = verifier.verify([.bytes(.originator, Bytes.encryptGSS), .bytes(.responder, Array("G".utf8))])
        #expect(encrypted.progress == .done && encrypted.sessions.map(text) == ["gssenc_request | true"])
    }

    @Test func `tells of a request to cancel, and keeps no key`() {
        let parsed = verifier.verify([.bytes(.originator, Bytes.number(16) + Bytes.number(80_877_102) + Bytes.number(4711) + [1, 2, 3, 4])])
        #expect(parsed.sessions.map(\.cancelledProcess) == [4711] && parsed.progress == .done)
    }

    @Test func `keeps no passwords that statements set`() {
        for (sql, kept) in [
            ("ALTER USER a PASSWORD 's3cret'", "ALTER USER a PASSWORD '***'"), ("create role a password 's3''cret' login", "create role a password '***''***' login"),
            ("SELECT * FROM u WHERE n = 'x' AND password = 's3cret", "SELECT * FROM u WHERE n = 'x' AND password = '***"), ("SELECT 'passwor'", "SELECT 'passwor'"),
            ("CREATE USER a IDENTIFIED BY \"s3\\\"cret\"", "CREATE USER a IDENTIFIED BY \"***\""),
        ] {
            let parsed = verifier.verify([
                .bytes(.originator, Bytes.query(sql)), .bytes(.responder, Bytes.error("42601", "syntax error at or near \"s3cret\"") + Bytes.ready()),
            ])
            #expect(parsed.sessions.map { $0.text?.text } == [kept])
            #expect(parsed.sessions.first?.error?.message == (kept.contains("***") ? "syntax error at or near " : "syntax error at or near \"s3cret\""))
        }
    }

    @Test func `goes on behind a hole within a message, and ends visibly behind a larger one`() {
        let row = Bytes.row(String(repeating: "x", count: 500))
        let begin: [Step] = [
            .bytes(.originator, Bytes.startup()), .bytes(.responder, Bytes.authentication(0) + Bytes.ready()), .bytes(.originator, Bytes.query("SELECT")),
        ]
        let within = verifier.verify(
            begin + [.bytes(.responder, Bytes.columns(1) + row.prefix(20)), .gap(.responder, row.count - 20), .bytes(.responder, row + Bytes.complete("SELECT 2") + Bytes.ready())])
        #expect(within.sessions.last.map(text) == "query | SELECT | SELECT 2 | 2 rows | I")
        let beyond = verifier.verify(begin + [.bytes(.responder, Bytes.columns(1) + row.prefix(20)), .gap(.responder, row.count), .bytes(.responder, Bytes.ready())])
        #expect(beyond.sessions.last.map(text) == "query | SELECT | 1 rows | hole" && beyond.progress == .failed(.unexpected))
    }

    @Test func `reads a connection from its middle`() {
        let steps: [Step] = [.bytes(.originator, Bytes.query("SELECT 7")), .bytes(.responder, Bytes.complete("SELECT 1") + Bytes.ready())]
        #expect(verifier.verify(steps).sessions.map(text) == ["query | SELECT 7 | SELECT 1 | I"])
        let refused = verifier.verify([.bytes(.responder, Bytes.error("57P01", "terminating connection", severity: "FATAL")), .bytes(.originator, Bytes.sync)])
        #expect(refused.progress == .failed(.otherProtocol))
    }

    @Test(arguments: 0..<100 as Range<UInt64>) func `gives the same whatever the order in which the directions are seen`(seed: UInt64) {
        let exchanges = [(question: Bytes.startup(), answer: Bytes.authentication(0) + Bytes.ready())]
            + (0..<20).map { (Bytes.query("SELECT \($0)"), Bytes.row("\($0)") + Bytes.complete("SELECT \($0)") + Bytes.ready()) }
            + (0..<10).map { (Bytes.parse("", "SELECT \($0)") + Bytes.bind("", "") + Bytes.execute() + Bytes.sync, Bytes.message("1") + Bytes.message("2") + Bytes.complete("SELECT \($0)") + Bytes.ready()) }
        let parsed = verifier.parse(interleaved(exchanges, seed: seed))
        #expect(parsed.sessions.count == 31 && parsed.sessions.dropFirst().allSatisfy { $0.tags == [$0.text?.text] && $0.problem == nil })
    }
}

@Suite struct `PostgreSQL under attack` {
    private typealias Bytes = PostgreSQLBytes
    private let verifier = ParserVerifier<PostgreSQLParser>(order: .questionsFirst(after: 2))

    @Test(arguments: [[0, 0, 0, 0], [0, 0, 0, 3], [0x7f, 0xff, 0xff, 0xff], [0xff, 0xff, 0xff, 0xff]] as [[UInt8]])
    func `refuses lengths of 0, 3, 2^31 and more`(length: [UInt8]) {
        for type in "QPBESZTDCR" {
            let parsed = verifier.verify([.bytes(.originator, Bytes.query("SELECT 1")), .bytes(.originator, [type.asciiValue!] + length + [1, 2, 3])])
            #expect(parsed.progress == .failed(.malformed) && parsed.sessions.count == 1)
        }
        #expect(verifier.verify([.bytes(.originator, length + Bytes.number(3 << 16))]).progress == .failed(.otherProtocol))
    }

    @Test func `keeps nothing of a text of 1 GB but its first 4 KiB`() {
        var parser = PostgreSQLParser()
        let head = [UInt8(ascii: "Q")] + Bytes.number(0x3fff_ffff)
        let chunk = [UInt8](repeating: 0x78, count: 1 << 20)
        _ = parser.feed(head.span.bytes, from: .originator)
        for _ in 0..<64 {
            #expect(parser.feed(chunk.span.bytes, from: .originator) == .wantsMore)
            #expect(parser.heldBytes < 16 << 10)
        }
        parser.finish()
        let command = parser.nextSession()
        #expect(command?.text?.isCut == true && command?.text?.bytes.count == CommandText.longest && command?.problem == .noAnswer)
    }

    @Test func `survives 100,000 pipelined queries: the oldest give up, and the others find their answers`() {
        var parser = PostgreSQLParser()
        var sessions: [PostgreSQLCommand] = []
        func take() { while let session = parser.nextSession() { sessions.append(session) } }
        var questions: [UInt8] = [], answers: [UInt8] = []
        for number in 0..<100_000 {
            questions += Bytes.query("SELECT \(number)")
            answers += Bytes.complete("SELECT \(number)") + Bytes.ready()
        }
        _ = parser.feed(questions.span.bytes, from: .originator)
        #expect(parser.heldBytes < 2 << 20)
        take()
        _ = parser.feed(answers.span.bytes, from: .responder)
        take()
        #expect(sessions.count == 100_000 && sessions.filter { $0.problem == .tooManyPending }.count == 100_000 - 1024)
        #expect(sessions.allSatisfy { $0.problem != nil || $0.tags == [$0.text?.text] })
        #expect(parser.heldBytes == 0)
    }

    @Test func `survives 100,000 executions before one Sync, and 100,000 statements`() {
        let unit = (0..<100_000).flatMap { Bytes.parse("s\($0)", "SELECT \($0)") + Bytes.bind("p\($0)", "s\($0)") + Bytes.execute("p\($0)") } + Bytes.sync
        let answers = (0..<100_000).flatMap { _ in Bytes.message("1") + Bytes.message("2") + Bytes.complete("SELECT 1") } + Bytes.ready()
        let parsed = verifier.parse([
            .bytes(.originator, unit + Bytes.query("SELECT -1")), .bytes(.responder, answers + Bytes.complete("SELECT 0") + Bytes.ready()),
        ])
        #expect(parsed.sessions.last?.tags == ["SELECT 0"] && parsed.sessions.count(where: { $0.problem == .tooManyPending }) == 200_000)
        var parser = PostgreSQLParser()
        _ = parser.feed(unit.span.bytes, from: .originator)
        #expect(parser.heldBytes < 2 << 20)
    }

    @Test func `survives 1,000,000 rows`() {
        let row = Bytes.row("x"), query = Bytes.query("SELECT"), end = Bytes.complete("SELECT 1000000") + Bytes.ready()
        let rows = [UInt8]((0..<10_000).map { _ in row }.joined())
        var parser = PostgreSQLParser()
        _ = parser.feed(query.span.bytes, from: .originator)
        for _ in 0..<100 { _ = parser.feed(rows.span.bytes, from: .responder) }
        #expect(parser.feed(end.span.bytes, from: .responder) == .ready)
        #expect(parser.nextSession()?.rows == 1_000_000)
    }
}

@Suite struct `PostgreSQL probe` {
    private typealias Bytes = PostgreSQLBytes
    private func probe(_ bytes: [UInt8]) -> ProbeAnswer { PostgreSQLParser.probe(bytes.span.bytes) }

    @Test func `is unsure of a startup message until its first name is there`() {
        let startup = Bytes.startup()
        let answers = (1...startup.count).map { probe(Array(startup.prefix($0))) }
        #expect(answers.prefix(12).allSatisfy { $0 == .unsure } && answers.dropFirst(12).allSatisfy { $0 == .mine })
        #expect(probe(Bytes.encrypt) == .mine && probe(Bytes.encryptGSS) == .mine && probe(Array(Bytes.encrypt.prefix(7))) == .unsure)
    }

    @Test func `knows whole messages in the middle`() {
        #expect(probe(Bytes.query("SELECT 1")) == .mine)
        #expect(probe(Bytes.parse("", "SELECT 1") + Bytes.bind("", "") + Bytes.describe + Bytes.execute() + Bytes.sync) == .mine)
        #expect(probe(Bytes.columns(1) + Bytes.row("x") + Bytes.complete("SELECT 1") + Bytes.ready()) == .mine)
        #expect(probe(Bytes.authentication(5, [1, 2, 3, 4])) == .mine)
        #expect(probe(Array(Bytes.query("SELECT 1").dropLast())) == .notMine)
    }

    @Test(arguments: [
        Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8), Array("SSH-2.0-OpenSSH_9.2\r\n".utf8), Array("EHLO x\r\n".utf8), Array("QUIT\r\n".utf8), [0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 8, 0, 3, 0, 0], [0, 0, 0, 90, 0xff, 0x53, 0x4d, 0x42], [0, 0, 0, 90, 0xfe, 0x53, 0x4d, 0x42], [22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3],
    ])
    func `refuses what is not PostgreSQL`(bytes: [UInt8]) { #expect(probe(bytes) == .notMine) }

    @Test func `takes no random bytes for PostgreSQL`() {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<100_000 {
            var bytes = (0..<40).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(probe(bytes) != .mine)
            bytes.replaceSubrange(0..<3, with: [0, 0, 0])
            #expect(probe(bytes) != .mine)
        }
    }
}
