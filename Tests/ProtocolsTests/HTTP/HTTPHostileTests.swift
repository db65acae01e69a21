import Packets
import Protocols
import TestSupport
import Testing

/// Input that is meant to break a parser: time in proportion to its length, memory with a bound, and what went wrong is said.
@Suite(.serialized) struct `Hostile HTTP` {
    /// What a parser made of a long input, and the most that it kept.
    private struct Outcome {
        var sessions: [HTTPExchange] = []
        var progress = ParserProgress.wantsMore
        var mostHeld = 0
    }

    private func parse(_ steps: [Step], pieces size: Int = 1460) -> Outcome {
        var (parser, outcome) = (HTTPParser(), Outcome())
        func take() {
            outcome.mostHeld = max(outcome.mostHeld, parser.heldBytes)
            while let session = parser.nextSession() { outcome.sessions.append(session) }
        }
        loop: for case .bytes(let sender, let bytes) in steps {
            var place = 0
            while place < bytes.count {
                let end = place + min(size, bytes.count - place)
                outcome.progress = parser.feed(bytes.span.bytes.extracting(place..<end), from: sender)
                place = end
                take()
                guard outcome.progress == .wantsMore || outcome.progress == .ready else { break loop }
            }
        }
        parser.finish()
        take()
        return outcome
    }

    private static let sizes = [1, 1460, 65_536, .max]
    private static let mostHeld = 1 << 20

    @Test(.timeLimit(.minutes(1)), arguments: sizes)
    func `a head of endless folded lines is refused after 64 KiB`(size: Int) {
        let outcome = parse([client("GET / HTTP/1.1\r\nX: a\r\n" + String(repeating: " b\r\n", count: 500_000))], pieces: size)
        #expect(outcome.progress == .failed(.tooLong) && outcome.mostHeld < Self.mostHeld)
        #expect(outcome.sessions.map(\.text) == ["1 GET / - headShortened headTooLong (unreadable)"])
    }

    @Test(.timeLimit(.minutes(1)), arguments: sizes)
    func `a header line of 1 MB is refused after 64 KiB`(size: Int) {
        let outcome = parse([client("GET / HTTP/1.1\r\nX: " + String(repeating: "a", count: 1_000_000) + "\r\n\r\n")], pieces: size)
        #expect(outcome.progress == .failed(.tooLong) && outcome.mostHeld < Self.mostHeld && outcome.sessions.first?.problems.contains(.headTooLong) == true)
        let line = parse([client("GET /" + String(repeating: "a", count: 1_000_000) + " HTTP/1.1\r\n\r\n")], pieces: size)
        #expect(line.progress == .failed(.otherProtocol) && line.mostHeld < Self.mostHeld)
    }

    @Test(.timeLimit(.minutes(1)), arguments: sizes)
    func `100,000 headers are refused after 64 KiB`(size: Int) {
        let outcome = parse([client("GET / HTTP/1.1\r\n" + String(repeating: "a: b\r\n", count: 100_000) + "\r\n")], pieces: size)
        #expect(outcome.progress == .failed(.tooLong) && outcome.mostHeld < Self.mostHeld && outcome.sessions.first?.problems.contains(.headTooLong) == true)
    }

    @Test(.timeLimit(.minutes(1)), arguments: sizes)
    func `10,000 requests at once are paired as far as 1,024 wait, and the others are given alone`(size: Int) {
        let requests = (0..<10_000).map { "GET /\($0) HTTP/1.1\r\n\r\n" }.joined()
        let responses = String(repeating: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", count: 10_000)
        let outcome = parse([client(requests), server(responses)], pieces: size)
        #expect(outcome.sessions.count { $0.request != nil && $0.response != nil } == 1024)
        #expect(outcome.sessions.count { $0.request != nil } == 10_000 && outcome.sessions.count { $0.response != nil } == 10_000)
        #expect(outcome.sessions.allSatisfy { $0.absence == nil || $0.absence == .tooManyWaiting })
        if size < 1 << 16 { #expect(outcome.mostHeld < 2 << 20) }
        // Answered one by one they are all paired.
        let turns = (0..<10_000).flatMap { [client("GET /\($0) HTTP/1.1\r\n\r\n"), server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")] }
        let inTurn = parse(turns, pieces: size)
        #expect(inTurn.sessions.count == 10_000 && inTurn.sessions.allSatisfy { $0.absence == nil } && inTurn.mostHeld < 1 << 16)
    }

    @Test func `a million requests without an answer end the parser`() {
        let outcome = parse([client(String(repeating: "GET / HTTP/1.1\r\n\r\n", count: 1_000_000))])
        #expect(outcome.progress == .failed(.tooLong) && outcome.mostHeld < 2 << 20 && outcome.sessions.count > 1 << 16)
    }

    @Test(.timeLimit(.minutes(1)), arguments: [16, 1460, 65_536, .max])
    func `100,000 interim responses are a number`(size: Int) {
        let storm = String(repeating: "HTTP/1.1 102 Processing\r\n\r\n", count: 100_000)
        let outcome = parse([client("GET / HTTP/1.1\r\n\r\n"), server(storm + "HTTP/1.1 204 None\r\n\r\n")], pieces: size)
        #expect(outcome.sessions.map(\.text) == ["1 GET / 204 interim=100000"] && outcome.mostHeld < 1 << 16)
        let without = parse([client("GET / HTTP/1.1\r\n\r\n"), server(storm)], pieces: size)
        #expect(without.sessions.map(\.text) == ["1 GET / - interim=100000 (notSeen)"])
    }

    @Test(arguments: ["FFFFFFFFFFFFFFFFF", "8000000000000000", "7fffffffffffffff0", "-1", "0x10", "zz", ""])
    func `a chunk's size that overflows, or is none, is a problem`(_ size: String) {
        let steps = [client("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n\(size)\r\nGET /next HTTP/1.1\r\n\r\n")]
        for pieces in [1, .max] {
            let outcome = parse(steps, pieces: pieces)
            #expect(outcome.sessions.map(\.text) == ["1 POST / - in=3 badChunk (notSeen)", "2 GET /next - strayBytes (notSeen)"])
        }
    }

    @Test func `a chunk as large as a number may be is waited for`() {
        let outcome = parse([client("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\nabc")])
        #expect(outcome.sessions.map(\.text) == ["1 POST / - in=3 bodyCut (notSeen)"])
    }

    @Test(arguments: sizes)
    func `a million empty chunk extensions, trailers and chunks of one byte take their time and no memory`(size: Int) {
        let head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        let chunks = parse([client(head + String(repeating: "1\r\na\r\n", count: 100_000) + "0\r\n\r\n")], pieces: size)
        #expect(chunks.sessions.map(\.text) == ["1 POST / - in=100000 (notSeen)"] && chunks.mostHeld < 1 << 14)
        let extensions = parse([client(head + "1;" + String(repeating: "a", count: 1_000_000))], pieces: size)
        #expect(extensions.sessions.map(\.text) == ["1 POST / - badChunk (notSeen)"])
        let trailers = parse([client(head + "0\r\n" + String(repeating: "a: b\r\n", count: 1_000_000))], pieces: size)
        #expect(trailers.sessions.map(\.text) == ["1 POST / - badChunk (unreadable)"])
    }

    @Test(.timeLimit(.minutes(1)), arguments: ["H", "HTTP/1.", "HTTP/1.1 200 ", "HTTP/1.1 200 OK\r\n", "GET / HTTP/1.1 ", "GET / "])
    func `a megabyte of what almost begins a message is searched once`(_ piece: String) {
        let flood = String(repeating: piece, count: 1_100_000 / piece.utf8.count)
        for sender in [client, server] {
            for size in [1460, .max] {
                let before = [client("GET / HTTP/1.1\r\n\r\n"), server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")]
                let outcome = parse(before + [sender("?\n" + flood)], pieces: size)
                #expect(outcome.sessions.first?.text == "1 GET / 200" && outcome.mostHeld < Self.mostHeld)
            }
        }
    }

    /// As much as there is room for in a head, or as many messages: a fourth of it, and all.
    private static let floods: [(name: String, size: Int, steps: @Sendable (Int) -> [Step])] = [
        ("folded lines", 64_000, { [client("GET / HTTP/1.1\r\nX: a\r\n" + String(repeating: " b\r\n", count: $0 / 4) + "\r\n")] }),
        ("a line", 64_000, { [client("GET / HTTP/1.1\r\nX: " + String(repeating: "a", count: $0) + "\r\n\r\n")] }),
        ("headers", 64_000, { [client("GET / HTTP/1.1\r\n" + String(repeating: "a: b\r\n", count: $0 / 6) + "\r\n")] }),
        ("headers of one name that proxies add", 64_000, { [client("GET / HTTP/1.1\r\n" + String(repeating: "Via: b\r\n", count: $0 / 8) + "\r\n")] }),
        ("heads full of headers", 40, { [client(String(repeating: "GET / HTTP/1.1\r\n" + String(repeating: "a: b\r\n", count: 2000) + "\r\n", count: $0))] }),
        ("requests at once", 10_000, {
            [client(String(repeating: "GET / HTTP/1.1\r\n\r\n", count: $0)), server(String(repeating: "HTTP/1.1 204 None\r\n\r\n", count: $0))]
        }),
        ("requests without an answer", 100_000, { [client(String(repeating: "GET / HTTP/1.1\r\n\r\n", count: $0))] }),
        ("interim responses", 100_000, { [client("GET / HTTP/1.1\r\n\r\n"), server(String(repeating: "HTTP/1.1 102 Processing\r\n\r\n", count: $0))] }),
        ("chunks of a byte", 100_000, { [client("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + String(repeating: "1\r\na\r\n", count: $0))] }),
        ("almost beginnings", 100_000, { [server("HTTP/1.1 204 None\r\n\r\n?\n" + String(repeating: "HTTP/1.1 2", count: $0 / 10))] }),
    ]

    @Test(arguments: floods.map(\.name), [16, 1460]) func `33: four times as much takes no more than ten times as long`(name: String, size: Int) {
        let flood = Self.floods.first { $0.name == name }!
        ProportionalTime.expect(flood.size, of: flood.steps) { steps in
            for session in parse(steps, pieces: size).sessions { for field in HTTPParser.fields { field.read(session) { _ in } } }
        }
    }

    @Test func `sessions are the same in whatever pieces a hostile stream comes`() {
        var random = SeededGenerator(seed: 33)
        let words = [
            "GET / HTTP/1.1\r\n", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 100 Continue\r\n\r\n", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n",
            "\r\n", "\n", "5\r\nabcde\r\n",
            "0\r\n\r\n", "abcde", " x", ":", "HEAD /h HTTP/1.0\r\n", "CONNECT a:1 HTTP/1.1\r\n\r\n", "\u{0}", "H", "GET /old\r\n",
        ]
        let verifier = ParserVerifier<HTTPParser>()
        for _ in 0..<3000 {
            let steps = (0..<Int.random(in: 1...6, using: &random)).map { _ -> Step in
                let sender = Bool.random(using: &random) ? Direction.originator : .responder
                if Int.random(in: 0..<8, using: &random) == 0 { return .gap(sender, Int.random(in: 1...12, using: &random)) }
                let text = (0..<Int.random(in: 1...8, using: &random)).map { _ in words.randomElement(using: &random)! }.joined()
                return .bytes(sender, Array(text.utf8))
            }
            let whole = verifier.parse(steps)
            let byByte = verifier.parse(steps.flatMap { step -> [Step] in
                guard case .bytes(let sender, let bytes) = step else { return [step] }
                return bytes.map { .bytes(sender, [$0]) }
            })
            #expect(whole == byByte, "\(steps)")
        }
    }
}
