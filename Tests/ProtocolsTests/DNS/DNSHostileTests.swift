import Packets
import TestSupport
import Testing
@testable import Protocols

/// Hostile case 36: names that lead astray, counts that lie, and messages as long as TCP has them.
@Suite struct `Hostile DNS` {
    private func message(_ bytes: [UInt8]) throws -> DNSMessage {
        let message = DNSMessage(bytes.span.bytes)
        return try #require(message)
    }

    /// A parser that was fed a stream in pieces, and the most that it held.
    private func parse(_ stream: [UInt8], from sender: Direction = .responder, pieces size: Int = 1460) -> (sessions: [DNSTransaction], mostHeld: Int) {
        var (parser, result) = (DNSParser(), (sessions: [DNSTransaction](), mostHeld: 0))
        for start in stride(from: 0, to: stream.count, by: size) {
            let progress = parser.feed(stream.span.bytes.extracting(start..<min(start + size, stream.count)), from: sender)
            result.mostHeld = max(result.mostHeld, parser.heldBytes)
            while let session = parser.nextSession() { result.sessions.append(session) }
            if case .failed = progress { break }
        }
        parser.finish()
        while let session = parser.nextSession() { result.sessions.append(session) }
        return result
    }

    /// All that anybody may ask of a message.
    private func read(_ transaction: DNSTransaction) -> Int {
        var count = 0
        for field in DNSParser.fields { field.read(transaction) { _ in count += 1 } }
        guard let message = transaction.response ?? transaction.query else { return count }
        for record in message.answers + message.authorities + message.additionals { count += record.data.text(record.type).utf8.count }
        return count
    }

    private static let question = DNSBytes.name("www.example.org") + [0, 1, 0, 1]
    private static let behindQuestion = 12 + question.count

    /// An answer with records, filled up with them to a length.
    private static func answer(of length: Int, _ record: (_ place: Int) -> [UInt8]) -> [UInt8] {
        var (records, count): ([UInt8], Int) = ([], 0)
        while true {
            let next = record(behindQuestion + records.count)
            guard behindQuestion + records.count + next.count <= length else { break }
            records += next
            count += 1
        }
        return DNSBytes.header(id: 1, flags: 0x8180, 1, count) + question + records
    }

    // MARK: Names

    @Test func `36 pointers that lead to themselves, to each other, round in a long circle, ahead or out of the message`() throws {
        let here = Self.behindQuestion
        let circles: [[UInt8]] = [
            DNSBytes.pointer(to: here), DNSBytes.pointer(to: here + 2) + DNSBytes.pointer(to: here), [1, 0x61] + DNSBytes.pointer(to: here),
            (1...100).flatMap { DNSBytes.pointer(to: here + 2 * $0) } + DNSBytes.pointer(to: here), DNSBytes.pointer(to: 0x3fff),
            DNSBytes.pointer(to: here + 1),
        ]
        for name in circles {
            let bytes = DNSBytes.header(id: 1, flags: 0x8180, 1, 1) + Self.question + name + [0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 1, 2, 3, 4]
            let found = try message(bytes)
            #expect(found.problem == .badName && found.answers.isEmpty && found.question?.name == "www.example.org", "\(name.prefix(4))")
            // The same as what an alias stands for, where the rest of the message holds together.
            for (type, before) in [(5, [UInt8]()), (15, [0, 1]), (33, [0, 1, 0, 1, 0, 1]), (6, [])] {
                let place = here + 12 + before.count
                let circle = DNSBytes.pointer(to: place)
                let inside = try message(DNSBytes.response(id: 1, "www.example.org", [DNSBytes.record(DNSBytes.pointer(to: 12), type: type, before + circle)]))
                #expect(inside.problem == nil && inside.answers.map(\.data) == [.bytes(before + circle)])
            }
        }
    }

    @Test func `36 as many pointers as labels may be, and one more`() throws {
        // Each of one letter and a pointer to the one before.
        func chain(_ count: Int) -> [UInt8] {
            var bytes = DNSBytes.header(id: 1, flags: 0, 1)
            // The question's name is the last link; the first ones stand behind it.
            let start = 12 + 6
            bytes += DNSBytes.pointer(to: start + 4 * (count - 1)) + [0, 1, 0, 1]
            for link in 0..<count { bytes += [1, 0x61] + (link == 0 ? [0, 0] : DNSBytes.pointer(to: start + 4 * (link - 1))) }
            return bytes
        }
        let longest = try message(chain(127)), longer = try message(chain(128))
        #expect(longest.question?.name == Array(repeating: "a", count: 127).joined(separator: "."))
        #expect(longer.question == nil && longer.problem == .badName)
    }

    @Test func `36 names of 255 octets and of 256, and a label whose length is the last byte, or half a pointer`() throws {
        let labels = (0..<3).flatMap { _ in [63] + [UInt8](repeating: 0x61, count: 63) }
        let most = try message(DNSBytes.header(id: 1, flags: 0, 1) + labels + [61] + [UInt8](repeating: 0x62, count: 61) + [0, 0, 1, 0, 1])
        #expect(most.problem == nil && most.question?.name.utf8.count == 253)
        let more = try message(DNSBytes.header(id: 1, flags: 0, 1) + labels + [62] + [UInt8](repeating: 0x62, count: 62) + [0, 0, 1, 0, 1])
        #expect(more.problem == .badName && more.question == nil)
        for last: UInt8 in [0xc0, 0xff, 0x3f, 1] {
            let cut = try message(DNSBytes.header(id: 1, flags: 0, 1) + [3] + Array("www".utf8) + [last])
            #expect(cut.problem == .cutShort && cut.question == nil, "\(last)")
        }
    }

    // MARK: Counts

    @Test func `36 counts that lie: of questions, answers, authorities and additionals, in any of them`() throws {
        for place in 0..<4 {
            for count in [2, 255, 65_535] {
                var bytes = DNSBytes.response(id: 1, "www.example.org")
                bytes.replaceSubrange(4 + 2 * place..<6 + 2 * place, with: DNSBytes.number(count))
                let found = try message(bytes)
                #expect(found.problem == .cutShort && found.question?.name == "www.example.org" && found.questions.count == 1 && found.answers.isEmpty)
            }
        }
        var none = DNSBytes.query(id: 1, "www.example.org")
        none.replaceSubrange(4..<6, with: [0, 0])
        let found = try message(none)
        #expect(found.problem == .bytesBehind && found.question == nil)
    }

    @Test func `36 extensions that lie`() throws {
        func additional(_ data: [UInt8]) throws -> DNSMessage {
            try message(DNSBytes.query(id: 1, "a.example", additional: DNSBytes.record([0], type: 41, rclass: 4096, ttl: 0, data)))
        }
        let lies: [[UInt8]] = [
            [0, 8], [0, 8, 0, 9, 1], [0, 8, 0xff, 0xff], [0, 8, 0, 4, 0, 1, 33, 0], [0, 8, 0, 4, 0, 9, 8, 0], [0, 8, 0, 9, 0, 1, 32, 0, 1, 2, 3, 4, 5],
        ]
        for data in lies {
            let found = try additional(data)
            #expect(found.edns?.payloadSize == 4096 && found.edns?.clientSubnet == nil)
        }
        let many = try additional((0..<3000).flatMap { _ in [0, 10, 0, 0] as [UInt8] })
        #expect(many.edns?.options.count == 3000)
    }

    // MARK: Length

    @Test(arguments: [1, 1460, 70_000]) func `36 messages of 65,535 octets over TCP are read whole, one behind the other`(size: Int) throws {
        let record = DNSBytes.record(DNSBytes.pointer(to: 12), type: 1, [192, 0, 2, 1])
        var message = Self.answer(of: 65_535) { _ in record }
        let rest = 65_535 - message.count
        message += DNSBytes.record(DNSBytes.pointer(to: 12), type: 99, [UInt8](repeating: 7, count: rest > 12 ? rest - 12 : 16 + rest - 12)).prefix(rest)
        let whole = parse(DNSBytes.framed(message) + DNSBytes.framed(message) + DNSBytes.framed(DNSBytes.response(id: 2, "last.example")), pieces: size)
        #expect(whole.sessions.map(\.id) == [1, 1, 2] && whole.sessions[0].response?.byteCount == 65_535)
        #expect((whole.sessions[0].response?.answers.count ?? 0) > 4000 && whole.mostHeld <= 140_000)
    }

    @Test func `36 text of 65,535 octets in the smallest pieces, and in the most records (2024-55628)`() {
        // Of empty strings, of one letter, of what must be escaped; in one record, and in as many as there is room for.
        let texts: [[UInt8]] = [[0], [1, 0x61], [3, 0xff, 0, 0x22], [255] + [UInt8](repeating: 0xfe, count: 255)]
        for text in texts {
            func one(_ length: Int) -> [DNSTransaction] {
                let data = [[UInt8]](repeating: text, count: (length - Self.behindQuestion - 12) / text.count).flatMap { $0 }
                return parse(DNSBytes.framed(DNSBytes.response(id: 1, "www.example.org", [DNSBytes.record(DNSBytes.pointer(to: 12), type: 16, data)]))).sessions
            }
            func many(_ length: Int) -> [DNSTransaction] {
                parse(DNSBytes.framed(Self.answer(of: length) { _ in DNSBytes.record(DNSBytes.pointer(to: 12), type: 16, text) })).sessions
            }
            for sessions in [one, many] {
                let answers = sessions(65_535).first?.response?.answers ?? []
                let isText = answers.allSatisfy { if case .text = $0.data { true } else { false } }
                #expect(isText && !answers.isEmpty && answers.count == Int(sessions(65_535).first?.response?.answerCount ?? 0))
                ProportionalTime.expect(65_535, of: sessions) { sessions in for session in sessions { _ = read(session) } }
            }
        }
    }

    @Test func `36 names that are as long as names may be, in as many records as there is room for`() {
        // Each points to a name of 255 octets, or through as many pointers as may be.
        let label = [63] + [UInt8](repeating: 0, count: 63)
        let labels: [UInt8] = label + label + label + [61] + [UInt8](repeating: 0, count: 61) + [0]
        var chain: [UInt8] = [1, 0x61, 0, 0]
        for link in 0..<125 { chain += [1, 0x61] + DNSBytes.pointer(to: Self.behindQuestion + 12 + 4 * link) }
        for (first, target) in [(labels, Self.behindQuestion + 12), (chain, Self.behindQuestion + 12 + 4 * 125)] {
            func sessions(_ length: Int) -> [DNSTransaction] {
                var isFirst = true
                return parse(
                    DNSBytes.framed(
                        Self.answer(of: length) { _ in
                            defer { isFirst = false }
                            return isFirst
                                ? DNSBytes.record(DNSBytes.pointer(to: 12), type: 99, first)
                                : DNSBytes.record(DNSBytes.pointer(to: target), type: 5, DNSBytes.pointer(to: target))
                        })).sessions
            }
            let all = sessions(65_535)
            #expect(all.first?.response?.problem == nil && (all.first?.response?.answers.last?.name.utf8.count ?? 0) > 250)
            ProportionalTime.expect(65_535, of: sessions) { sessions in for session in sessions { _ = read(session) } }
        }
    }

    @Test func `36 answers without questions, and 100,000 of each`() {
        let alone = parse(DNSBytes.framed(DNSBytes.response(id: 7, "www.example.org")))
        #expect(alone.sessions.map { $0.query == nil } == [true])
        for (message, sender) in [(DNSBytes.response(id: 7, "www.example.org"), Direction.responder), (DNSBytes.query(id: 7, "www.example.org"), .originator)] {
            func flood(_ count: Int) -> [UInt8] { [[UInt8]](repeating: DNSBytes.framed(message), count: count).flatMap { $0 } }
            let all = parse(flood(100_000), from: sender)
            #expect(all.sessions.count == 100_000 && all.mostHeld < 1 << 18)
            ProportionalTime.expect(20_000, of: flood) { _ = parse($0, from: sender) }
        }
    }

    @Test func `36 256 questions of one number that wait, and answers to none of them`() {
        let answer = DNSBytes.framed(DNSBytes.response(id: 7, "none.example.org"))
        func answers(_ count: Int) -> [UInt8] { [[UInt8]](repeating: answer, count: count).flatMap { $0 } }
        func run(_ stream: [UInt8]) {
            var parser = DNSParser()
            for number in 0..<256 {
                let query = DNSBytes.framed(DNSBytes.query(id: 7, "\(number).example.org"))
                _ = parser.feed(query.span.bytes, from: .originator)
            }
            _ = parser.feed(stream.span.bytes, from: .responder)
            while parser.nextSession() != nil {}
        }
        ProportionalTime.expect(1000, of: answers, run)
    }
}
