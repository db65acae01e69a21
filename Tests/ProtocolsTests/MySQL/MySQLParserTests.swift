import Packets
import Protocols
import TestSupport
import Testing

@Suite struct `MySQL parser` {
    private typealias Bytes = MySQLBytes
    private let verifier = ParserVerifier<MySQLParser>(order: .questionsFirst(after: 5))

    private func text(_ command: MySQLCommand) -> String {
        var parts = [command.name]
        if let login = command.login { parts.append("\(login.user ?? "-")@\(login.database ?? "-") \(login.plugin ?? "-")") }
        if let text = command.text?.text { parts.append(text) }
        if let affected = command.affectedRows { parts.append("\(affected) affected") }
        if let rows = command.rows { parts.append("\(rows) rows of \(command.columns ?? 0)") }
        if let error = command.error { parts.append("\(error.code) \(error.sqlState ?? "-")") }
        if let problem = command.problem { parts.append(problem.name) }
        return parts.joined(separator: " | ")
    }

    private let login: [Step] = [
        .bytes(.responder, Bytes.greeting()), .bytes(.originator, Bytes.login()), .bytes(.responder, Bytes.packet(2, [1, 4])),
        .bytes(.originator, Bytes.packet(3, Bytes.text("secret"))), .bytes(.responder, Bytes.ok(4)),
    ]
    private static let loggedIn = "login | admin@shop caching_sha2_password"

    @Test(arguments: [true, false]) func `follows a login and queries, with and without the EOF that was deprecated`(withEOF: Bool) throws {
        let parsed = verifier.verify(
            login + [
                .bytes(.originator, Bytes.query("SELECT 1, 2")), .bytes(.responder, Bytes.result(columns: 2, rows: ["a", "b", "c"], withEOF: withEOF)),
                .bytes(.originator, Bytes.query("SELECT nothing")), .bytes(.responder, Bytes.result(columns: 1, rows: [], withEOF: withEOF)),
                .bytes(.originator, Bytes.query("UPDATE t")), .bytes(.responder, Bytes.ok(affected: 3, inserted: 9, status: 3, info: "Rows matched: 3")),
                .bytes(.originator, Bytes.query("SELEC")), .bytes(.responder, Bytes.error(1064, "42000", "You have an error")),
                .bytes(.originator, Bytes.command(2, Array("other".utf8))), .bytes(.responder, Bytes.ok()), .bytes(.originator, Bytes.command(1)),
            ])
        #expect(
            parsed.sessions.map(text) == [
                Self.loggedIn, "query | SELECT 1, 2 | 3 rows of 2", "query | SELECT nothing | 0 rows of 1", "query | UPDATE t | 3 affected", "query | SELEC | 1064 42000",
                "init_db | other | 0 affected", "quit",
            ])
        let first = try #require(parsed.sessions.first?.login)
        #expect(first.serverVersion == "8.0.36" && first.program == "mysqldump" && first.connectionID == 4711 && !first.isCompressed)
        #expect(parsed.sessions[3].lastInsertID == 9 && parsed.sessions[3].isInTransaction == true && parsed.sessions[3].info == "Rows matched: 3")
        #expect(parsed.sessions[4].error?.message == "You have an error" && parsed.sessions[4].succeeded == false)
    }

    @Test(arguments: [true, false]) func `follows several results of one query`(withEOF: Bool) {
        let parsed = verifier.verify(
            login + [
                .bytes(.originator, Bytes.query("CALL p()")),
                .bytes(.responder, Bytes.result(columns: 1, rows: ["a"], withEOF: withEOF, status: 10) + Bytes.result(columns: 2, rows: ["b", "c"], withEOF: withEOF, status: 10) + Bytes.ok(affected: 5)),
                .bytes(.originator, Bytes.query("SELECT 1")), .bytes(.responder, Bytes.result(columns: 1, rows: ["a"], withEOF: withEOF)),
            ])
        #expect(parsed.sessions.map(text).suffix(2) == ["query | CALL p() | 5 affected | 3 rows of 2", "query | SELECT 1 | 1 rows of 1"])
        #expect(parsed.sessions[1].results == 3)
    }

    @Test(arguments: [true, false]) func `knows what a prepared statement is by its number`(withEOF: Bool) {
        let eof = { (number: Int) in withEOF ? Bytes.eof(number) : [] }
        let prepared = Bytes.packet(1, [0] + Bytes.little(7, 4) + Bytes.little(1, 2) + Bytes.little(2, 2) + [0, 0, 0])
        let descriptions = Bytes.description(2) + Bytes.description(3) + eof(4) + Bytes.description(5) + eof(6)
        let parsed = verifier.verify(
            login + [
                .bytes(.originator, Bytes.command(22, Array("SELECT ?".utf8))), .bytes(.responder, prepared + descriptions),
                .bytes(.originator, Bytes.command(23, Bytes.little(7, 4) + [0, 1, 0, 0, 0])),
                .bytes(.responder, Bytes.packet(1, [1]) + Bytes.description(2) + eof(3) + Bytes.packet(4, [0, 0, 1]) + Bytes.packet(5, [0, 0, 2]) + (withEOF ? Bytes.eof(6) : Bytes.ok(6, first: 0xfe))),
                // A cursor, whose rows are fetched.
                .bytes(.originator, Bytes.command(23, Bytes.little(7, 4) + [1, 1, 0, 0, 0])),
                .bytes(.responder, Bytes.packet(1, [1]) + Bytes.description(2) + (withEOF ? Bytes.eof(3, status: 66) : Bytes.ok(3, status: 66, first: 0xfe))),
                .bytes(.originator, Bytes.command(28, Bytes.little(7, 4) + Bytes.little(100, 4))),
                .bytes(.responder, Bytes.packet(1, [0, 0, 1]) + (withEOF ? Bytes.eof(2, status: 128) : Bytes.ok(2, status: 128, first: 0xfe))),
                .bytes(.originator, Bytes.command(25, Bytes.little(7, 4)) + Bytes.command(23, Bytes.little(7, 4) + [0, 1, 0, 0, 0])),
                .bytes(.responder, Bytes.error(1243, "HY000", "Unknown prepared statement")),
            ], order: .given(because: "a statement's number is what the answer to its text says"))
        #expect(
            parsed.sessions.map(text) == [
                Self.loggedIn, "stmt_prepare | SELECT ?", "stmt_execute | SELECT ? | 2 rows of 1", "stmt_execute | SELECT ? | 0 rows of 1", "stmt_fetch | SELECT ? | 1 rows of 0",
                "stmt_close | SELECT ?", "stmt_execute | 1243 HY000",
            ])
    }

    @Test func `follows how a login is refused, and asked for in another way`() {
        let refused = verifier.verify([
            .bytes(.responder, Bytes.greeting()), .bytes(.originator, Bytes.login()), .bytes(.responder, Bytes.packet(2, [0xfe] + Bytes.text("mysql_native_password") + [1, 2, 3, 0])),
            .bytes(.originator, Bytes.packet(3, [1, 2, 3])), .bytes(.responder, Bytes.error(number: 4, 1045, "28000", "Access denied")),
        ])
        #expect(refused.sessions.map(text) == ["login | admin@shop mysql_native_password | 1045 28000"])
        let full = verifier.verify([.bytes(.responder, Bytes.packet(0, [0xff] + Bytes.little(1040, 2) + Array("Too many connections".utf8)))])
        #expect(full.sessions.map(text) == ["notice | 1040 -"])
    }

    @Test func `hands over to TLS, and ends where all behind a login is compressed`() {
        let encrypted = verifier.verify([.bytes(.responder, Bytes.greeting()), .bytes(.originator, Bytes.requestTLS())])
        #expect(encrypted.progress == .handsOver && encrypted.sessions.map(text) == ["ssl_request | -@- -"])
        let compressed = verifier.verify([
            .bytes(.responder, Bytes.greeting(capabilities: Bytes.capabilities | Bytes.compress)), .bytes(.originator, Bytes.login(capabilities: 0x003a_a28d | Bytes.compress)),
            .bytes(.responder, Bytes.ok(2)), .bytes(.originator, [1, 2, 3, 4, 5, 6, 7]),
        ])
        #expect(compressed.progress == .done && compressed.sessions.map(text) == ["login | admin@shop caching_sha2_password | opaque"])
        #expect(compressed.sessions[0].login?.isCompressed == true && compressed.sessions[0].succeeded == true)
    }

    @Test func `takes a file's contents for no commands, and attributes of a query for no text`() {
        let parsed = verifier.verify(
            login + [
                .bytes(.originator, Bytes.query("LOAD DATA LOCAL")), .bytes(.responder, Bytes.packet(1, [0xfb] + Array("f.csv".utf8))),
                .bytes(.originator, Bytes.packet(2, [3, 1, 2]) + Bytes.packet(0, [3, 4]) + Bytes.packet(1, [])), .bytes(.responder, Bytes.ok(5, affected: 2)),
            ], order: .given(because: "whether a file or commands follow is what the answer says"))
        #expect(parsed.sessions.last.map(text) == "query | LOAD DATA LOCAL | 2 affected")
        let attributes = verifier.verify([
            .bytes(.responder, Bytes.greeting(capabilities: Bytes.capabilities | Bytes.queryAttributes)),
            .bytes(.originator, Bytes.login(capabilities: 0x003a_a28d | Bytes.queryAttributes)), .bytes(.responder, Bytes.ok(2)),
            .bytes(.originator, Bytes.command(3, [0, 1] + Array("SELECT 1".utf8))), .bytes(.responder, Bytes.result(columns: 1, rows: ["x"], withEOF: true)),
        ])
        #expect(attributes.sessions.last.map(text) == "query | SELECT 1 | 1 rows of 1")
    }

    @Test func `goes on behind a hole within a packet, and ends visibly behind a larger one`() {
        let row = Bytes.packet(3, Bytes.counted(String(repeating: "x", count: 200)))
        let begin = login + [.bytes(.originator, Bytes.query("SELECT"))]
        let head = Bytes.packet(1, [1]) + Bytes.description(2) + Bytes.eof(3) + row.prefix(20)
        let within = verifier.verify(begin + [.bytes(.responder, head), .gap(.responder, row.count - 20), .bytes(.responder, row + Bytes.eof(4))])
        #expect(within.sessions.last.map(text) == "query | SELECT | 2 rows of 1")
        let beyond = verifier.verify(begin + [.bytes(.responder, head), .gap(.responder, row.count), .bytes(.responder, Bytes.eof(4))])
        #expect(beyond.sessions.last.map(text) == "query | SELECT | 0 rows of 1 | hole" && beyond.progress == .failed(.unexpected))
    }

    @Test func `reads a connection from its middle`() {
        let parsed = verifier.verify([.bytes(.originator, Bytes.query("SELECT 1")), .bytes(.responder, Bytes.result(columns: 1, rows: ["a"], withEOF: true))])
        #expect(parsed.sessions.map(text) == ["query | SELECT 1 | 1 rows of 1"])
    }

    @Test(arguments: 0..<100 as Range<UInt64>) func `gives the same whatever the order in which the directions are seen`(seed: UInt64) {
        let exchanges = (0..<30).map { number in
            (question: Bytes.query("SELECT \(number)"), answer: number % 2 == 0 ? Bytes.ok(affected: number) : Bytes.result(columns: 2, rows: ["x"], withEOF: number % 3 == 0))
        }
        let parsed = verifier.parse(login + interleaved(exchanges, seed: seed))
        #expect(parsed.sessions.count == 31 && parsed.sessions.dropFirst().allSatisfy { $0.rows == 1 || $0.text?.text == "SELECT \($0.affectedRows ?? 999)" })
    }
}

@Suite struct `MySQL under attack` {
    private typealias Bytes = MySQLBytes
    private let verifier = ParserVerifier<MySQLParser>(order: .questionsFirst(after: 5))

    @Test func `keeps nothing of packets of more than 16 MB but their first bytes`() {
        var parser = MySQLParser()
        func feed(_ bytes: [UInt8], _ sender: Direction) -> ParserProgress { parser.feed(bytes.span.bytes, from: sender) }
        let chunk = [UInt8](repeating: 0x78, count: 0xff_ffff)
        _ = feed([0xff, 0xff, 0xff, 0, 3] + chunk.dropFirst(), .originator)
        // The rest of the payload looks like commands, and is none of them.
        #expect(feed(Bytes.packet(1, [3, 1, 1]), .originator) == .wantsMore)
        #expect(parser.heldBytes < 16 << 10)
        _ = feed(Bytes.packet(1, [1]) + Bytes.description(2) + Bytes.eof(3) + [0xff, 0xff, 0xff, 4] + chunk + Bytes.packet(5, [0xfe, 0, 0, 0, 0]), .responder)
        #expect(parser.heldBytes < 16 << 10)
        #expect(feed(Bytes.eof(6), .responder) == .ready)
        let command = parser.nextSession()
        #expect(command?.rows == 1 && command?.text?.isCut == true && command?.text?.bytes.count == CommandText.longest)
    }

    @Test(arguments: [[0, 0, 0, 0], [0xff, 0xff, 0xff, 0], [3, 0, 0, 0, 0xff, 0xff, 0xff]] as [[UInt8]]) func `survives lengths that lie`(lie: [UInt8]) {
        let begin: [Step] = [.bytes(.responder, Bytes.greeting()), .bytes(.originator, Bytes.login()), .bytes(.responder, Bytes.ok(2)), .bytes(.originator, Bytes.query("SELECT 1"))]
        for sender in [Direction.originator, .responder] {
            let parsed = verifier.verify(begin + [.bytes(sender, lie + [UInt8](repeating: 0xfc, count: 30))])
            #expect(parsed.sessions.count >= 2)
        }
    }

    @Test func `refuses more columns than a table may have`() {
        let parsed = verifier.verify([
            .bytes(.originator, Bytes.query("SELECT")), .bytes(.responder, Bytes.packet(1, [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])),
        ])
        #expect(parsed.progress == .failed(.malformed) && parsed.sessions.map(\.problem) == [.noAnswer])
    }

    @Test func `survives 100,000 pipelined queries: the oldest give up, and the others find their answers`() {
        var parser = MySQLParser()
        var sessions: [MySQLCommand] = []
        func take() { while let session = parser.nextSession() { sessions.append(session) } }
        var questions: [UInt8] = [], answers: [UInt8] = []
        for number in 0..<100_000 {
            questions += Bytes.query("SELECT \(number % 100)")
            answers += number % 2 == 0 ? Bytes.ok(affected: number % 100) : Bytes.result(columns: 1, rows: ["x"], withEOF: true)
        }
        _ = parser.feed(questions.span.bytes, from: .originator)
        #expect(parser.heldBytes < 2 << 20)
        take()
        _ = parser.feed(answers.span.bytes, from: .responder)
        take()
        #expect(sessions.count == 100_000 && sessions.count(where: { $0.problem == .tooManyPending }) == 100_000 - 1024)
        #expect(sessions.suffix(1024).allSatisfy { $0.rows == 1 || $0.text?.text == "SELECT \($0.affectedRows ?? 999)" })
        #expect(parser.heldBytes == 0)
    }
}

@Suite struct `MySQL probe` {
    private typealias Bytes = MySQLBytes
    private func probe(_ bytes: [UInt8]) -> ProbeAnswer { MySQLParser.probe(bytes.span.bytes) }

    @Test func `is unsure of a greeting until its capabilities are there`() {
        let greeting = Bytes.greeting()
        let answers = (1...greeting.count).map { probe(Array(greeting.prefix($0))) }
        let sure = answers.firstIndex(of: .mine) ?? .max
        #expect(sure == 26 && answers.prefix(sure).allSatisfy { $0 == .unsure } && answers.dropFirst(sure).allSatisfy { $0 == .mine })
    }

    @Test func `knows a refusal, and commands in the middle that begin like SQL`() {
        #expect(probe(Bytes.packet(0, [0xff] + Bytes.little(1040, 2) + Array("Too many connections".utf8))) == .mine)
        #expect(probe(Bytes.query("select 1")) == .mine && probe(Bytes.query("COMMIT")) == .mine && probe(Bytes.query("\0\u{1}SELECT 1")) == .mine)
        #expect(probe(Bytes.query("SELECTED")) == .notMine && probe(Bytes.query("hello world")) == .notMine && probe(Array(Bytes.query("SELECT 1").dropLast())) == .notMine)
        #expect(probe(Bytes.command(14)) == .notMine && probe(Bytes.ok()) == .notMine)
    }

    @Test(arguments: [
        Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8), Array("SSH-2.0-OpenSSH_9.2\r\n".utf8), Array("220 mail ESMTP\r\n".utf8), [UInt8](repeating: 0, count: 40),
        [22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3], [0, 0, 0, 8, 4, 210, 22, 47], [74, 0, 0, 0, 10] + Array("hello".utf8) + [0] + [UInt8](repeating: 7, count: 64),
    ])
    func `refuses what is not MySQL`(bytes: [UInt8]) { #expect(probe(bytes) == .notMine) }

    @Test func `takes no random bytes for MySQL`() {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<100_000 {
            var bytes = (0..<60).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(probe(bytes) != .mine)
            bytes.replaceSubrange(1..<5, with: [0, 0, 0, 10])
            #expect(probe(bytes) != .mine)
            bytes.replaceSubrange(0..<5, with: [56, 0, 0, 0, 3])
            #expect(probe(bytes) != .mine)
        }
    }
}
