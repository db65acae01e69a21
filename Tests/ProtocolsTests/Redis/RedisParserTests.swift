import Packets
import Protocols
import TestSupport
import Testing

/// RESP, written out.
enum RedisBytes {
    static func command(_ words: String...) -> [UInt8] { array(words.map(string)) }
    static func string(_ text: String) -> [UInt8] { Array("$\(text.utf8.count)\r\n\(text)\r\n".utf8) }
    static func array(_ values: [[UInt8]], type: Character = "*") -> [UInt8] { Array("\(type)\(values.count)\r\n".utf8) + values.flatMap { $0 } }
    static func line(_ text: String) -> [UInt8] { Array("\(text)\r\n".utf8) }
}

@Suite struct `Redis parser` {
    private typealias Bytes = RedisBytes
    private let verifier = ParserVerifier<RedisParser>(order: .questionsFirst)

    private func text(_ command: RedisCommand) -> String {
        var parts = [command.name]
        if let key = command.keyText { parts.append(key) }
        if let user = command.user { parts.append("as \(user)") }
        if command.valueBytes > 0 { parts.append("\(command.valueBytes) bytes") }
        if command.isPush { parts.append("pushed") }
        if command.isInTransaction { parts.append("in a transaction") }
        if !command.isPush, let reply = command.reply { parts.append("\(reply.kind)\(reply.count.map { " \($0)" } ?? "")\(reply.text.map { " \($0)" } ?? "")") }
        if let problem = command.problem { parts.append(problem.name) }
        return parts.joined(separator: " | ")
    }

    @Test func `pairs commands with their replies, however they are cut`() {
        let parsed = verifier.verify([
            .bytes(.originator, Bytes.command("set", "planet", "Jupiter")), .bytes(.responder, Bytes.line("+OK")),
            .bytes(.originator, Bytes.command("GET", "planet") + Bytes.command("GET", "none") + Bytes.command("INCR", "planet") + Bytes.command("LRANGE", "list", "0", "-1")),
            .bytes(.responder, Bytes.string("Jupiter") + Bytes.line("$-1") + Bytes.line("-WRONGTYPE Operation against a key")),
            .bytes(.responder, Bytes.array([Bytes.string("a"), Bytes.line(":7"), Bytes.array([Bytes.string("deep")])])),
            .bytes(.originator, Bytes.line("get  planet")), .bytes(.responder, Bytes.string("")),
            .bytes(.originator, Bytes.command("CONFIG", "get", "maxmemory")), .bytes(.responder, Bytes.array([Bytes.string("maxmemory"), Bytes.string("0")])),
        ])
        #expect(
            parsed.sessions.map(text) == [
                "SET | planet | 7 bytes | status OK", "GET | planet | string 7", "GET | none | null", "INCR | planet | error WRONGTYPE Operation against a key",
                "LRANGE | list | 3 bytes | array 3", "GET | planet | string 0", "CONFIG GET | 9 bytes | array 2",
            ])
        #expect(parsed.sessions[3].reply?.errorCode == "WRONGTYPE" && parsed.sessions[3].succeeded == false && parsed.sessions[5].isInline)
    }

    @Test func `keeps no passwords`() {
        let secrets: [Step] = [
            .bytes(.originator, Bytes.command("AUTH", "s3cret")), .bytes(.responder, Bytes.line("+OK")),
            .bytes(.originator, Bytes.command("auth", "alice", "s3cret")), .bytes(.responder, Bytes.line("-WRONGPASS invalid username-password pair")),
            .bytes(.originator, Bytes.command("HELLO", "3", "AUTH", "alice", "s3cret")), .bytes(.responder, Bytes.array([Bytes.string("server"), Bytes.string("redis")], type: "*")),
            .bytes(.originator, Bytes.command("ACL", "SETUSER", "alice", ">s3cret")), .bytes(.responder, Bytes.line("+OK")),
            .bytes(.originator, Bytes.command("CONFIG", "SET", "requirepass", "s3cret")), .bytes(.responder, Bytes.line("+OK")),
            .bytes(.originator, Bytes.line("AUTH s3cret")), .bytes(.responder, Bytes.line("+OK")),
            .bytes(.originator, Bytes.command("ACL", "SETUSER", "alice", ">>s3cret")), .bytes(.responder, Bytes.line("-ERR Error in ACL SETUSER modifier '>>s3cret': Syntax error")),
            .bytes(.originator, Bytes.command("AUTHH", "x", "s3cret")),
            .bytes(.responder, Bytes.line("-ERR unknown command 'AUTHH', with args beginning with: 'x' 's3cret' ")),
        ]
        let parsed = verifier.verify(secrets)
        #expect(
            parsed.sessions.map(text).prefix(6) == [
                "AUTH | status OK", "AUTH | as alice | error WRONGPASS invalid username-password pair", "HELLO | 3 | array 2", "ACL SETUSER | status OK", "CONFIG SET | status OK",
                "AUTH | status OK",
            ])
        #expect(parsed.sessions.count == 8 && !"\(parsed.sessions)".contains("s3cret"))
        #expect(!"\(parsed.sessions)".contains(Array("s3cret".utf8).map { "\($0)" }.joined(separator: ", ")))
    }

    @Test func `knows what is pushed, in RESP 2 and 3`() {
        let message = { (type: Character) in Bytes.array([Bytes.string("message"), Bytes.string("news"), Bytes.string("hello")], type: type) }
        let confirmation = { (kind: String, channel: String, type: Character) in Bytes.array([Bytes.string(kind), Bytes.string(channel), Bytes.line(":1")], type: type) }
        let old = verifier.verify([
            .bytes(.originator, Bytes.command("SUBSCRIBE", "news", "sport")), .bytes(.responder, confirmation("subscribe", "news", "*") + confirmation("subscribe", "sport", "*")),
            .bytes(.responder, message("*")), .bytes(.originator, Bytes.command("PING")), .bytes(.responder, message("*") + Bytes.array([Bytes.string("pong"), Bytes.string("")])),
            .bytes(.originator, Bytes.command("UNSUBSCRIBE")), .bytes(.responder, confirmation("unsubscribe", "news", "*") + confirmation("unsubscribe", "sport", "*")),
            .bytes(.originator, Bytes.command("GET", "a")), .bytes(.responder, Bytes.string("b")),
        ])
        #expect(
            old.sessions.map(text) == [
                "SUBSCRIBE | news | 5 bytes | array 3", "message | news | 5 bytes | pushed", "message | news | 5 bytes | pushed", "PING | array 2", "UNSUBSCRIBE | array 3", "GET | a | string 1",
            ])
        let new = verifier.verify([
            .bytes(.originator, Bytes.command("HELLO", "3") + Bytes.command("SUBSCRIBE", "news") + Bytes.command("GET", "a")),
            .bytes(.responder, Bytes.array([Bytes.string("server"), Bytes.string("redis"), Bytes.string("proto"), Bytes.line(":3")], type: "*")),
            .bytes(.responder, confirmation("subscribe", "news", ">") + message(">") + Bytes.line("_") + message(">")),
        ])
        #expect(
            new.sessions.map(text) == [
                "HELLO | 3 | array 4", "SUBSCRIBE | news | push 3", "message | news | 5 bytes | pushed", "GET | a | null", "message | news | 5 bytes | pushed",
            ])
    }

    @Test func `reads all of RESP 3's types`() {
        let values: [[UInt8]] = [
            Bytes.line("#t"), Bytes.line(",3.14"), Bytes.line("(3492890328409238509324850943850943825024385"), Bytes.line("=7\r\ntxt:abc"), Bytes.line("!5\r\nERR x"),
            Bytes.line("%1") + Bytes.string("a") + Bytes.line(":1"), Bytes.array([Bytes.line(":1"), Bytes.line(":2")], type: "~"),
            Bytes.line("|1") + Bytes.string("ttl") + Bytes.line(":9") + Bytes.string("value"), Bytes.line("*0"), Bytes.line("*-1"),
        ]
        let parsed = verifier.verify([
            .bytes(.originator, values.indices.flatMap { Bytes.command("GET", "\($0)") }), .bytes(.responder, values.flatMap { $0 }),
        ])
        #expect(
            parsed.sessions.map { $0.reply?.kind.name } == ["boolean", "number", "number", "string", "error", "map", "set", "attribute", "array", "null"])
        #expect(parsed.sessions[4].reply?.text == "ERR x")
    }

    @Test func `follows transactions, and counts errors within their replies`() {
        let parsed = verifier.verify([
            .bytes(.originator, Bytes.command("MULTI") + Bytes.command("INCR", "a") + Bytes.command("EXEC") + Bytes.command("GET", "a")),
            .bytes(.responder, Bytes.line("+OK") + Bytes.line("+QUEUED") + Bytes.array([Bytes.line("-ERR value is not an integer")]) + Bytes.string("x")),
        ])
        #expect(parsed.sessions.map(text) == ["MULTI | status OK", "INCR | a | in a transaction | status QUEUED", "EXEC | array 1", "GET | a | string 1"])
        #expect(parsed.sessions[2].reply?.innerErrors == 1)
    }

    @Test func `ends visibly where a replica begins, and where replies are turned off`() {
        for words in [("PSYNC", "?"), ("CLIENT", "REPLY")] {
            let parsed = verifier.verify([.bytes(.originator, Bytes.command("PING") + Bytes.command(words.0, words.1, "OFF"))])
            #expect(parsed.progress == .done && parsed.sessions.map(\.problem) == [.noAnswer, .opaque])
        }
    }

    @Test func `goes on behind a hole within a string, and ends visibly behind a larger one`() {
        let value = String(repeating: "x", count: 300)
        let begin: [Step] = [.bytes(.originator, Bytes.command("GET", "a") + Bytes.command("GET", "b"))]
        let head = Array(Bytes.string(value).prefix(50)), rest = Bytes.string(value).count - 50
        let within = verifier.verify(begin + [.bytes(.responder, head), .gap(.responder, rest), .bytes(.responder, Bytes.line("$-1"))])
        #expect(within.sessions.map(text) == ["GET | a | string 300", "GET | b | null"])
        let beyond = verifier.verify(begin + [.bytes(.responder, head), .gap(.responder, rest + 1), .bytes(.responder, Bytes.line("$-1"))])
        #expect(beyond.sessions.map(text) == ["GET | a | hole", "GET | b | hole"] && beyond.progress == .failed(.unexpected))
    }

    @Test func `takes a line for a command only once the reply is Redis'`() {
        #expect(verifier.verify([.bytes(.originator, Bytes.line("PING")), .bytes(.responder, Bytes.line("+PONG"))]).sessions.map(text) == ["PING | status PONG"])
        let other = verifier.verify([.bytes(.originator, Bytes.line("PING")), .bytes(.responder, Bytes.line("PONG"))])
        #expect(other.sessions.isEmpty && other.progress == .failed(.otherProtocol))
        #expect(verifier.verify([.bytes(.originator, Bytes.line("POST / HTTP/1.1"))]).progress == .failed(.otherProtocol))
    }

    @Test(arguments: 0..<100 as Range<UInt64>) func `gives the same whatever the order in which the directions are seen`(seed: UInt64) {
        let exchanges = (0..<40).map { (question: Bytes.command("GET", "\($0)"), answer: $0 % 2 == 0 ? Bytes.line("+\($0)") : Bytes.array([Bytes.string("a"), Bytes.line(":1")])) }
        let parsed = verifier.parse(interleaved(exchanges, seed: seed))
        #expect(parsed.sessions.count == 40 && parsed.sessions.allSatisfy { $0.reply?.kind == .array || $0.reply?.text == $0.keyText })
    }
}

@Suite struct `Redis under attack` {
    private typealias Bytes = RedisBytes
    private let verifier = ParserVerifier<RedisParser>(order: .questionsFirst)

    @Test(arguments: ["*1\r\n", "%1\r\n", "~1\r\n", "|1\r\n", ">1\r\n", "*1000000\r\n"]) func `gives up 1,000,000 values within each other`(level: String) {
        var parser = RedisParser()
        let (command, levels) = (Bytes.command("GET", "a"), [UInt8](String(repeating: level, count: 1_000_000).utf8))
        _ = parser.feed(command.span.bytes, from: .originator)
        #expect(parser.feed(levels.span.bytes, from: .responder) == .failed(.tooLong))
        #expect(parser.heldBytes < 16 << 10 && parser.nextSession()?.problem == .noAnswer)
    }

    @Test(arguments: ["*-1\r\n$3", "*2147483648\r\n", "*99999999999999999999\r\n", "*1\r\n$-1\r\n", "*1\r\n$99999999999999999999\r\n", "*1\r\n:1\r\n", "*\r\n", "*1x\r\n", "*000000000000000000000000000001"])
    func `refuses counts that lie`(lie: String) {
        let parsed = verifier.verify([.bytes(.originator, Bytes.command("GET", "a")), .bytes(.originator, Array(lie.utf8))])
        guard lie != "*-1\r\n$3" else { return }
        #expect([.failed(.malformed), .failed(.tooLong)].contains(parsed.progress) && parsed.sessions.count == 1)
    }

    @Test func `counts a string of 512 MB, and keeps nothing of it`() {
        var parser = RedisParser()
        let chunk = [UInt8](repeating: 0x78, count: 1 << 20)
        let head = Array("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$536870912\r\n".utf8)
        _ = parser.feed(head.span.bytes, from: .originator)
        for _ in 0..<512 { _ = parser.feed(chunk.span.bytes, from: .originator) }
        #expect(parser.heldBytes < 16 << 10)
        let (end, reply) = (Bytes.line(""), Bytes.line("+OK"))
        _ = parser.feed(end.span.bytes, from: .originator)
        #expect(parser.feed(reply.span.bytes, from: .responder) == .ready && parser.nextSession()?.valueBytes == 536_870_912)
    }

    @Test func `survives 100,000 pipelined commands: the oldest give up, and the others find their replies`() {
        var parser = RedisParser()
        var sessions: [RedisCommand] = []
        func take() { while let session = parser.nextSession() { sessions.append(session) } }
        let questions = (0..<100_000).flatMap { Bytes.command("GET", "\($0)") }
        let answers = (0..<100_000).flatMap { Bytes.line("+\($0)") }
        _ = parser.feed(questions.span.bytes, from: .originator)
        #expect(parser.heldBytes < 1 << 20)
        take()
        _ = parser.feed(answers.span.bytes, from: .responder)
        take()
        #expect(sessions.count == 100_000 && sessions.count(where: { $0.problem == .tooManyPending }) == 100_000 - 1024)
        #expect(sessions.allSatisfy { $0.problem != nil || $0.reply?.text == $0.keyText })
        #expect(parser.heldBytes == 0)
    }

    @Test func `survives a line of 1 MB without an end, and a name of 1 MB`() {
        let long = [UInt8](repeating: 0x61, count: 1 << 20)
        var parser = RedisParser()
        let begin = Bytes.command("GET", "a")
        _ = parser.feed(begin.span.bytes, from: .originator)
        #expect(parser.feed(long.span.bytes, from: .originator) == .wantsMore && parser.heldBytes < 16 << 10)
        let named = verifier.parse([.bytes(.originator, begin + Array("*2\r\n$1048576\r\n".utf8) + long + Bytes.line("") + Bytes.string("x"))])
        #expect(named.sessions.last?.name.utf8.count == 64)
    }
}

@Suite struct `Redis probe` {
    private func probe(_ text: String) -> ProbeAnswer { RedisParser.probe(Array(text.utf8).span.bytes) }

    @Test func `is unsure of an array until its command is known`() {
        let command = Array("*2\r\n$3\r\nget\r\n$1\r\na\r\n".utf8)
        for count in 1...command.count { #expect(RedisParser.probe(Array(command.prefix(count)).span.bytes) == (count < 11 ? .unsure : .mine)) }
        #expect(probe("*1\r\n$8\r\nJSON.GET\r\n") == .mine && probe("PING\r\n") == .unsure)
    }

    @Test(arguments: [
        // memcached, HTTP, NATS, SMTP, IRC, other programs' and servers' arrays.
        "get a\r\n", "set a 0 0 1\r\nx\r\n", "stats\r\n", "version\r\n", "GET / HTTP/1.1\r\n", "CONNECT {\"verbose\":false}\r\n", "EHLO x\r\n", "NICK x\r\n", "PING :x\r\n", "QUIT\r\n", "AUTH x\r\n",
        "*2\r\n$3\r\nfoo\r\n", "*3\r\n$7\r\nmessage\r\n", "*2\r\n:1\r\n", "*0\r\n", "* OK IMAP4 ready\r\n", "*12345678\r\n", "+OK\r\n", "-ERR\r\n", "$5\r\nhello\r\n", ":1\r\n",
    ])
    func `refuses what is not a client of Redis`(text: String) { #expect(probe(text) == .notMine) }

    @Test func `takes no random bytes for Redis`() {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<100_000 {
            var bytes = (0..<40).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(RedisParser.probe(bytes.span.bytes) != .mine)
            bytes.replaceSubrange(0..<8, with: Array("*1\r\n$3\r\n".utf8))
            #expect(RedisParser.probe(bytes.span.bytes) != .mine)
        }
    }
}
