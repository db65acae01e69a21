import Packets
import Protocols
import TestSupport
import Testing

/// MongoDB's messages and BSON, written out.
enum MongoDBBytes {
    static func little(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    static func name(_ text: String) -> [UInt8] { Array(text.utf8) + [0] }

    static func document(_ elements: [[UInt8]]) -> [UInt8] {
        let body = elements.flatMap { $0 }
        return little(body.count + 5, 4) + body + [0]
    }
    static func text(_ key: String, _ value: String) -> [UInt8] { [2] + name(key) + little(value.utf8.count + 1, 4) + name(value) }
    static func number(_ key: String, _ value: Int) -> [UInt8] { [16] + name(key) + little(value, 4) }
    static func long(_ key: String, _ value: Int) -> [UInt8] { [18] + name(key) + little(value, 8) }
    static func double(_ key: String, _ value: Double) -> [UInt8] { [1] + name(key) + little(Int(bitPattern: UInt(value.bitPattern)), 8) }
    static func inner(_ key: String, _ elements: [[UInt8]]) -> [UInt8] { [3] + name(key) + document(elements) }
    static func array(_ key: String, _ documents: [[[UInt8]]]) -> [UInt8] {
        [4] + name(key) + document(documents.enumerated().map { [3] + name("\($0.offset)") + document($0.element) })
    }

    static func message(_ opcode: Int, request: Int, response: Int = 0, _ body: [UInt8]) -> [UInt8] {
        little(body.count + 16, 4) + little(request, 4) + little(response, 4) + little(opcode, 4) + body
    }
    static func ask(_ request: Int, _ elements: [[UInt8]], flags: Int = 0, behind: [UInt8] = []) -> [UInt8] {
        message(2013, request: request, little(flags, 4) + [0] + document(elements) + behind)
    }
    static func answer(_ request: Int, to response: Int, _ elements: [[UInt8]], flags: Int = 0) -> [UInt8] {
        message(2013, request: request, response: response, little(flags, 4) + [0] + document(elements))
    }
    static func find(_ request: Int, _ collection: String = "planets") -> [UInt8] { ask(request, [text("find", collection), inner("filter", [number("x", 1)]), text("$db", "shop")]) }
    static let ok = double("ok", 1)
    static func batch(_ count: Int, cursor: Int = 0) -> [UInt8] {
        inner("cursor", [array("firstBatch", (0..<count).map { [number("_id", $0), text("name", "secret")] }), long("id", cursor), text("ns", "shop.planets")])
    }
    static func sequence(_ key: String, _ count: Int) -> [UInt8] {
        let body = name(key) + (0..<count).flatMap { document([number("_id", $0)]) }
        return [1] + little(body.count + 4, 4) + body
    }
}

@Suite struct `MongoDB parser` {
    private typealias Bytes = MongoDBBytes
    private let verifier = ParserVerifier<MongoDBParser>(order: .questionsFirst)

    private func text(_ command: MongoDBCommand) -> String {
        var parts = [command.name, "\(command.database ?? "-").\(command.collection ?? "-")"]
        if command.documentsSent > 0 { parts.append("\(command.documentsSent) sent") }
        if let returned = command.documentsReturned { parts.append("\(returned) returned") }
        if let affected = command.affected { parts.append("n \(affected)") }
        if command.writeErrors > 0 { parts.append("\(command.writeErrors) errors") }
        if let code = command.errorCode { parts.append("\(code) \(command.errorName ?? "-")") }
        if let isOK = command.isOK { parts.append(isOK ? "ok" : "failed") }
        if let problem = command.problem { parts.append(problem.name) }
        return parts.joined(separator: " | ")
    }

    @Test func `pairs requests with their replies, whatever their order and however they are cut`() {
        let parsed = verifier.verify([
            .bytes(.originator, Bytes.find(1) + Bytes.find(2, "moons")),
            .bytes(.responder, Bytes.answer(90, to: 2, [Bytes.number("x", 1), Bytes.double("ok", 0), Bytes.text("errmsg", "not allowed"), Bytes.number("code", 13), Bytes.text("codeName", "Unauthorized")])),
            .bytes(.responder, Bytes.answer(91, to: 1, [Bytes.batch(3, cursor: 77), Bytes.ok])),
            .bytes(.originator, Bytes.ask(3, [Bytes.long("getMore", 77), Bytes.text("collection", "planets"), Bytes.text("$db", "shop")])),
            .bytes(.responder, Bytes.answer(92, to: 3, [Bytes.inner("cursor", [Bytes.long("id", 0), Bytes.array("nextBatch", [[], []])]), Bytes.ok])),
        ])
        #expect(
            parsed.sessions.map(text) == ["find | shop.moons | 13 Unauthorized | failed", "find | shop.planets | 3 returned | ok", "getMore | shop.planets | 2 returned | ok"])
        #expect(parsed.sessions[0].errorMessage == "not allowed" && parsed.sessions[1].cursor == 77 && !"\(parsed.sessions)".contains("secret"))
    }

    @Test func `counts what is written, and errors of it`() {
        let parsed = verifier.verify([
            .bytes(.originator, Bytes.ask(1, [Bytes.text("insert", "planets"), Bytes.text("$db", "shop")], behind: Bytes.sequence("documents", 3))),
            .bytes(.responder, Bytes.answer(2, to: 1, [Bytes.number("n", 2), Bytes.array("writeErrors", [[Bytes.number("code", 11000)]]), Bytes.ok])),
            // With a checksum behind the sections, and without a reply.
            .bytes(.originator, Bytes.ask(3, [Bytes.text("insert", "log"), Bytes.text("$db", "shop")], flags: 3, behind: Bytes.sequence("documents", 1) + [1, 2, 3, 4])),
        ])
        #expect(parsed.sessions.map(text) == ["insert | shop.planets | 3 sent | n 2 | 1 errors | ok", "insert | shop.log | 1 sent"])
        #expect(parsed.sessions[0].succeeded == false && parsed.sessions[0].errorCode == nil && parsed.sessions[1].isUnacknowledged)
    }

    @Test func `reads older messages, and knows compressed ones`() {
        let command = Bytes.message(2004, request: 1, Bytes.little(0, 4) + Bytes.name("admin.$cmd") + Bytes.little(0, 4) + Bytes.little(-1, 4) + Bytes.document([Bytes.number("isMaster", 1)]))
        let reply = Bytes.message(1, request: 2, response: 1, Bytes.little(8, 4) + Bytes.little(0, 8) + Bytes.little(0, 4) + Bytes.little(1, 4) + Bytes.document([Bytes.ok]))
        let query = Bytes.message(2004, request: 3, Bytes.little(0, 4) + Bytes.name("shop.planets") + Bytes.little(0, 4) + Bytes.little(10, 4) + Bytes.document([Bytes.number("x", 1)]))
        let documents = Bytes.message(1, request: 4, response: 3, Bytes.little(8, 4) + Bytes.little(0, 8) + Bytes.little(0, 4) + Bytes.little(2, 4) + Bytes.document([]) + Bytes.document([]))
        let write = Bytes.message(2002, request: 5, Bytes.little(0, 4) + Bytes.name("shop.log") + Bytes.document([Bytes.number("x", 1)]))
        let compressed = Bytes.message(2012, request: 6, Bytes.little(2013, 4) + Bytes.little(100, 4) + [2] + [UInt8](repeating: 7, count: 40))
        let parsed = verifier.verify([
            .bytes(.originator, command), .bytes(.responder, reply), .bytes(.originator, query), .bytes(.responder, documents), .bytes(.originator, write + compressed),
            .bytes(.responder, Bytes.answer(7, to: 6, [Bytes.ok])),
        ])
        #expect(
            parsed.sessions.map(text) == [
                "isMaster | admin.- | ok", "OP_QUERY | shop.planets | 2 returned", "OP_INSERT | shop.log", "compressed | -.- | ok | opaque",
            ])
    }

    @Test func `follows replies that come without being asked for again`() {
        let parsed = verifier.verify([
            .bytes(.originator, Bytes.ask(1, [Bytes.number("hello", 1), Bytes.text("$db", "admin")], flags: 1 << 16)),
            .bytes(.responder, Bytes.answer(10, to: 1, [Bytes.ok], flags: 2) + Bytes.answer(11, to: 10, [Bytes.ok], flags: 2) + Bytes.answer(12, to: 11, [Bytes.ok])),
        ])
        #expect(parsed.sessions.map(text) == ["hello | admin.- | ok", "hello | admin.- | ok", "hello | admin.- | ok"])
    }

    @Test func `keeps nothing of what SASL sends, nor users' passwords`() {
        let payload = [5] + Bytes.name("payload") + Bytes.little(6, 4) + [0] + Array("s3cret".utf8)
        let parsed = verifier.verify([
            .bytes(.originator, Bytes.ask(1, [Bytes.number("saslStart", 1), Bytes.text("mechanism", "PLAIN"), payload, Bytes.text("$db", "admin")])),
            .bytes(.responder, Bytes.answer(2, to: 1, [Bytes.double("ok", 0), Bytes.number("code", 18)])),
            .bytes(.originator, Bytes.ask(3, [Bytes.text("createUser", "alice"), Bytes.text("pwd", "s3cret"), Bytes.text("$db", "admin")])),
        ])
        #expect(parsed.sessions.map(text) == ["saslStart | admin.- | 18 - | failed", "createUser | admin.- | no_answer"])
        #expect(parsed.sessions[0].mechanism == "PLAIN" && !"\(parsed.sessions)".contains("s3cret"))
    }

    @Test func `goes on behind a hole within a message, and ends visibly behind a larger one`() {
        let reply = Bytes.answer(9, to: 1, [Bytes.batch(20), Bytes.ok])
        let within = verifier.verify([
            .bytes(.originator, Bytes.find(1) + Bytes.find(2)), .bytes(.responder, Array(reply.prefix(100))), .gap(.responder, reply.count - 100),
            .bytes(.responder, Bytes.answer(10, to: 2, [Bytes.ok])),
        ])
        #expect(within.sessions.count == 2 && within.sessions[0].problem == .hole && within.sessions[1].isOK == true)
        let beyond = verifier.verify([
            .bytes(.originator, Bytes.find(1) + Bytes.find(2)), .bytes(.responder, Array(reply.prefix(100))), .gap(.responder, reply.count), .bytes(.responder, reply),
        ])
        #expect(beyond.sessions.map(\.problem) == [.hole, .hole] && beyond.progress == .failed(.unexpected))
    }

    @Test func `gives replies without their requests`() {
        let parsed = verifier.verify([.bytes(.responder, Bytes.answer(9, to: 1, [Bytes.batch(2), Bytes.ok]))])
        #expect(parsed.sessions.map(text) == ["reply | shop.planets | 2 returned | ok"] && parsed.sessions[0].client == .originator)
    }

    @Test(arguments: 0..<100 as Range<UInt64>) func `gives the same whatever the order in which the directions are seen`(seed: UInt64) {
        let exchanges = (1...40).map { (question: Bytes.find($0), answer: Bytes.answer(1000 + $0, to: $0, [Bytes.batch($0 % 7), Bytes.ok])) }
        let parsed = verifier.parse(interleaved(exchanges, seed: seed))
        #expect(parsed.sessions.count == 40 && parsed.sessions.allSatisfy { $0.documentsReturned == UInt64($0.requestID % 7) && $0.isOK == true })
    }
}

@Suite struct `MongoDB under attack` {
    private typealias Bytes = MongoDBBytes
    private let verifier = ParserVerifier<MongoDBParser>(order: .questionsFirst)

    @Test(arguments: [0, 3, 16, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]) func `refuses messages of 0, 3 and 2^31 bytes, and outlives documents that lie so`(length: Int) {
        let header = Bytes.little(length, 4) + Bytes.little(5, 4) + Bytes.little(0, 4) + Bytes.little(2013, 4)
        #expect(verifier.verify([.bytes(.originator, Bytes.find(1)), .bytes(.originator, header + [1, 2, 3])]).progress == .failed(.malformed))
        // Lengths of documents, texts, arrays: the message's own says where the next one is.
        let lies: [[UInt8]] = [
            Bytes.little(0, 4) + [0] + Bytes.little(length, 4) + [1, 2, 3, 4, 5, 6],
            Bytes.little(0, 4) + [0] + Bytes.document([[2] + Bytes.name("find") + Bytes.little(length, 4) + [7, 7]]),
            Bytes.little(0, 4) + [0] + Bytes.document([[3] + Bytes.name("cursor") + Bytes.little(length, 4) + [7, 7, 7]]),
            Bytes.little(0, 4) + [1] + Bytes.little(length, 4) + Bytes.name("documents") + [7, 7, 7, 7, 7, 7, 7, 7],
        ]
        for lie in lies {
            let parsed = verifier.verify([.bytes(.originator, Bytes.find(1) + Bytes.message(2013, request: 2, lie) + Bytes.find(3))])
            #expect(parsed.sessions.map(\.requestID) == [1, 2, 3] && parsed.sessions.map(\.problem) == [.noAnswer, .malformed, .noAnswer])
        }
    }

    @Test func `steps over 1,000,000 documents within each other`() {
        // Each level's length says that it holds the others: 7 bytes before, one behind.
        var body: [UInt8] = []
        let depth = 1_000_000
        for level in 0..<depth { body += Bytes.little(8 * (depth - level) - 3, 4) + [3, 0x61, 0] }
        body.removeLast(3)
        body += [UInt8](repeating: 0, count: depth)
        let message = Bytes.message(2013, request: 1, Bytes.little(0, 4) + [0] + body)
        let parsed = verifier.parse([.bytes(.originator, message + Bytes.find(2))])
        #expect(parsed.sessions.map(\.requestID) == [1, 2])
        #expect(parsed.sessions.last?.problem == .noAnswer)
    }

    @Test func `survives 100,000 requests that nobody answers, and answers in any order`() {
        var parser = MongoDBParser()
        var sessions: [MongoDBCommand] = []
        func take() { while let session = parser.nextSession() { sessions.append(session) } }
        let questions = (1...100_000).flatMap { Bytes.find($0) }
        let answers = (1...100_000).reversed().flatMap { Bytes.answer(1, to: $0, [Bytes.ok]) }
        _ = parser.feed(questions.span.bytes, from: .originator)
        #expect(parser.heldBytes < 1 << 20)
        take()
        #expect(sessions.count == 100_000 - 256 && sessions.allSatisfy { $0.problem == .tooManyPending })
        _ = parser.feed(answers.span.bytes, from: .responder)
        take()
        #expect(sessions.count(where: { $0.name == "find" && $0.isOK == true }) == 256 && parser.heldBytes == 0)
    }

    @Test func `counts a reply of 40 MB, and keeps nothing of it`() {
        var parser = MongoDBParser()
        let question = Bytes.find(1), filler = [UInt8](repeating: 0x78, count: 40_000_000)
        _ = parser.feed(question.span.bytes, from: .originator)
        let reply = Bytes.answer(2, to: 1, [Bytes.inner("cursor", [[4] + Bytes.name("firstBatch") + Bytes.document([[2] + Bytes.name("0") + Bytes.little(filler.count + 1, 4) + filler + [0]])]), Bytes.ok])
        for start in stride(from: 0, to: reply.count, by: 1 << 16) {
            let piece = Array(reply[start..<min(reply.count, start + 1 << 16)])
            _ = parser.feed(piece.span.bytes, from: .responder)
            #expect(parser.heldBytes < 4096)
        }
        let command = parser.nextSession()
        #expect(command?.documentsReturned == 1 && command?.isOK == true)
    }
}

@Suite struct `MongoDB probe` {
    private typealias Bytes = MongoDBBytes
    private func probe(_ bytes: [UInt8]) -> ProbeAnswer { MongoDBParser.probe(bytes.span.bytes) }

    @Test func `is unsure of a message until its document has begun`() {
        let message = Bytes.find(1)
        let answers = (1...message.count).map { probe(Array(message.prefix($0))) }
        #expect(answers.prefix(26).allSatisfy { $0 == .unsure } && answers.dropFirst(26).allSatisfy { $0 == .mine })
    }

    @Test(arguments: [
        Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8), Array("SSH-2.0-OpenSSH_9.2\r\n".utf8), [UInt8](repeating: 0, count: 40), [0, 0, 0, 8, 4, 210, 22, 47],
        [22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0], MongoDBBytes.message(2003, request: 1, [UInt8](repeating: 1, count: 40)),
        MongoDBBytes.ask(1, [MongoDBBytes.text("find", "x")], flags: 4), MongoDBBytes.message(2013, request: 1, [0, 0, 0, 0, 0, 9, 0, 0, 0, 2, 7, 7, 7, 7, 7]),
    ])
    func `refuses what is not MongoDB`(bytes: [UInt8]) { #expect(probe(bytes) == .notMine) }

    @Test func `takes no random bytes for MongoDB`() {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<100_000 {
            var bytes = (0..<60).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(probe(bytes) != .mine)
            bytes.replaceSubrange(0..<4, with: [60, 0, 0, 0])
            bytes.replaceSubrange(12..<16, with: [221, 7, 0, 0])
            #expect(probe(bytes) != .mine)
        }
    }
}
