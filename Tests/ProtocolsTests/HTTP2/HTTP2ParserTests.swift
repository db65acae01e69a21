import Packets
import Protocols
import TestSupport
import Testing

private typealias H = HTTP2Bytes

/// An exchange in a line: stream, request, response, bodies, end, problems.
func text(_ exchange: HTTP2Exchange) -> String {
    let request = exchange.hasRequest ? "\(exchange.method ?? "?") \(exchange.host ?? "?")\(exchange.path ?? "?")" : "-"
    let problems = exchange.problems.texts.map { " !\($0)" }.joined()
    return "\(exchange.stream) \(request) \(exchange.requestBodyLength) > \(exchange.status.map { "\($0)" } ?? "-") \(exchange.responseBodyLength)"
        + " \(exchange.end) \(exchange.client)\(problems)"
}

@Suite struct `HTTP/2 parser` {
    private let verifier = ParserVerifier<HTTP2Parser>()

    private func client(_ bytes: [UInt8]...) -> Step { .bytes(.originator, bytes.flatMap { $0 }) }
    private func server(_ bytes: [UInt8]...) -> Step { .bytes(.responder, bytes.flatMap { $0 }) }

    // MARK: Exchanges

    @Test func `pairs a stream's request with its response, whatever comes between and however it is cut`() {
        let parsed = verifier.verify([
            client(H.clientStart, H.headers(1, H.get("/a", added: true), end: true)),
            server(H.serverStart),
            client(H.acknowledgement, H.headers(3, H.indexed(3) + H.indexed(6) + H.literal(4, "/b") + H.indexed(62) + H.literal("x", "y", added: true))),
            client(H.data(3, [1, 2, 3]), H.frame(8, stream: 3, [0, 0, 1, 0]), H.data(3, [4], end: true)),
            server(H.headers(3, H.indexed(8) + H.literal("server", "s")), H.frame(6, [UInt8](repeating: 7, count: 8)), H.data(3, [UInt8](repeating: 9, count: 300), end: true)),
            server(H.headers(1, H.response(404), end: true)),
        ])
        #expect(
            parsed.sessions.map(text) == ["3 POST www.example.org/b 4 > 200 300 complete originator", "1 GET www.example.org/a 0 > 404 0 complete originator"])
        #expect(parsed.progress == .wantsMore)
        #expect(parsed.sessions.first?.requestHeader("x") == "y" && parsed.sessions.first?.responseHeader("server") == "s")
    }

    @Test func `steps over padding and priorities`() {
        let block = H.get("/p")
        let parsed = verifier.verify([
            client(H.clientStart, H.frame(1, flags: 0x2c, stream: 1, [3] + [0x80, 0, 0, 0, 15] + block + [0, 0, 0]), H.frame(2, stream: 1, [0, 0, 0, 0, 1])),
            client(H.frame(0, flags: 0x09, stream: 1, [2, 65, 66, 67, 0, 0])),
            server(H.serverStart, H.frame(1, flags: 0x0d, stream: 1, [1] + H.indexed(9) + [0])),
        ])
        #expect(parsed.sessions.map(text) == ["1 GET www.example.org/p 3 > 204 0 complete originator"])
    }

    @Test func `a header list goes on in other frames, split within a field (34, 2024-24568)`() {
        let block = H.get("/split") + H.literal("user-agent", "someone", added: true)
        for size in 0...block.count {
            let steps = [
                client(H.clientStart, H.frame(1, flags: 1, stream: 1, Array(block[..<size])), H.continuation(1, []), H.continuation(1, Array(block[size...]), last: true)),
                server(H.serverStart, H.headers(1, H.indexed(8), end: true)),
            ]
            let parsed = size % 9 == 0 ? verifier.verify(steps) : verifier.parse(steps)
            #expect(parsed.sessions.map(text) == ["1 GET www.example.org/split 0 > 200 0 complete originator"], "at \(size)")
            #expect(parsed.sessions.first?.userAgent == "someone")
        }
    }

    @Test func `tells interim responses and trailers from the response`() throws {
        let parsed = verifier.verify([
            client(H.clientStart, H.headers(1, H.get("/t")), H.data(1, [1]), H.headers(1, H.literal("x-sum", "1"), end: true)),
            server(H.serverStart, H.headers(1, H.response(100)), H.headers(1, H.response(103, H.literal("link", "l"))), H.headers(1, H.response(200))),
            server(H.data(1, [1, 2]), H.headers(1, H.literal("x-end", "2"), end: true)),
        ])
        let exchange = try #require(parsed.sessions.first)
        #expect(text(exchange) == "1 GET www.example.org/t 1 > 200 2 complete originator")
        #expect(exchange.interimCount == 2 && exchange.interimStatus == 103)
        #expect(exchange.requestTrailers.map(\.value) == ["1"] && exchange.responseTrailers.map(\.name) == ["x-end"])
        #expect(exchange.responseHeaders.map(\.name) == [":status"])
    }

    @Test func `knows what the server pushes`() {
        let parsed = verifier.verify([
            client(H.clientStart, H.headers(1, H.get("/"), end: true)),
            server(H.serverStart, H.promise(1, of: 2, H.get("/style.css")), H.headers(1, H.indexed(8), end: true), H.headers(2, H.indexed(8)), H.data(2, [1], end: true)),
        ])
        #expect(
            parsed.sessions.map(text) == ["1 GET www.example.org/ 0 > 200 0 complete originator", "2 GET www.example.org/style.css 0 > 200 1 complete originator"])
        #expect(parsed.sessions.map(\.isPushed) == [false, true])
    }

    @Test func `tells how a stream ended`() {
        let opened = (0..<6).flatMap { H.headers(2 * $0 + 1, H.get("/\($0)"), end: true) }
        let parsed = verifier.verify([
            client(H.clientStart, opened), server(H.serverStart, H.headers(1, H.response(200)), H.reset(1, 2)), client(H.reset(3, 8)),
            server(H.headers(5, H.response(500), end: true), H.goAway(last: 7, 11, "calm down"), H.headers(7, H.response(200)), H.data(7, [1])),
        ], order: .given(because: "what comes behind a reset is of no stream"))
        #expect(
            parsed.sessions.map(text) == [
                "1 GET www.example.org/0 0 > 200 0 reset(2, by: Packets.Direction.responder) originator",
                "3 GET www.example.org/1 0 > - 0 reset(8, by: Packets.Direction.originator) originator",
                "5 GET www.example.org/2 0 > 500 0 complete originator", "9 GET www.example.org/4 0 > - 0 goAway(11) originator",
                "11 GET www.example.org/5 0 > - 0 goAway(11) originator", "7 GET www.example.org/3 0 > 200 1 goAway(11) originator",
            ])
        #expect(verifier.parse([client(H.clientStart, opened)]).sessions.allSatisfy { $0.end == .connectionEnd })
    }

    @Test func `the server may speak first, and the client be the responder`() {
        let parsed = verifier.verify([
            server(H.settings([4: 65535, 5: 16384])).reversed, client(H.clientStart, H.headers(1, H.get("/"), end: true)).reversed,
            server(H.acknowledgement, H.headers(1, H.indexed(8), end: true)).reversed,
        ])
        #expect(parsed.sessions.map(text) == ["1 GET www.example.org/ 0 > 200 0 complete responder"])
    }

    @Test func `sessions are the same however the directions interleave`() {
        var (up, down) = (H.clientStart, H.serverStart)
        for number in 0..<4 {
            let stream = 2 * number + 1
            up += H.headers(stream, H.get("/\(number)", added: true))
            up += H.data(stream, [1, 2, 3], end: true)
            down += H.headers(stream, H.response(200 + number))
            down += H.data(stream, [UInt8](repeating: 0, count: 50), end: true)
        }
        func lines(_ parsed: Parsed<HTTP2Exchange>) -> [String] { parsed.sessions.map(text).sorted() }
        let expected = lines(verifier.parse([client(up), server(down)]))
        #expect(expected.count == 4 && expected.allSatisfy { $0.contains("complete") })
        for seed in 0..<100 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            var (rest, steps): ([ArraySlice<UInt8>], [Step]) = ([up[...], down[...]], [])
            while rest.contains(where: { !$0.isEmpty }) {
                let side = Int.random(in: 0...1, using: &random)
                let piece = Array(rest[side].prefix(Int.random(in: 1...40, using: &random)))
                rest[side] = rest[side].dropFirst(piece.count)
                if !piece.isEmpty { steps.append(.bytes(side == 0 ? .originator : .responder, piece)) }
            }
            #expect(lines(verifier.parse(steps)) == expected, "seed \(seed)")
        }
    }

    // MARK: Beginnings

    @Test func `behind an upgrade stream 1 has a response and no request`() {
        let parsed = verifier.verify([
            server(H.settings()), client(H.clientStart), server(H.acknowledgement, H.headers(1, H.indexed(8)), H.data(1, [1, 2], end: true)),
            client(H.acknowledgement, H.headers(3, H.get("/next"), end: true)), server(H.headers(3, H.indexed(8), end: true)),
        ])
        #expect(parsed.sessions.map(text) == ["1 - 0 > 200 2 complete originator", "3 GET www.example.org/next 0 > 200 0 complete originator"])
        // The only one: nothing tells before the end that no request will come.
        let alone = verifier.verify([client(H.clientStart), server(H.serverStart, H.headers(1, H.indexed(8)), H.data(1, [1, 2], end: true))])
        #expect(alone.sessions.map(text) == ["1 - 0 > 200 2 complete originator"])
    }

    @Test func `a connection that began before says what it cannot know`() {
        let parsed = verifier.verify([
            client(H.headers(101, H.indexed(2) + H.indexed(6) + H.indexed(64) + H.literal(1, "www.example.org", added: true), end: true)),
            server(H.headers(99, H.indexed(8) + H.literal("a", "b"), end: true), H.headers(101, H.indexed(8) + H.indexed(70), end: true)),
            client(H.headers(103, H.indexed(2) + H.indexed(6) + H.literal(4, "/known") + H.indexed(62), end: true)),
            server(H.headers(103, H.indexed(8), end: true)),
        ], order: .questionsFirst)
        #expect(
            parsed.sessions.map(text) == [
                "99 - 0 > 200 0 complete originator", "101 GET www.example.org? 0 > 200 0 complete originator !table_unknown",
                "103 GET www.example.org/known 0 > 200 0 complete originator",
            ])
    }

    // MARK: Holes

    @Test func `a hole in a body is stepped over, and counted as its frame says`() {
        let body = [UInt8](repeating: 0x41, count: 500)
        let (start, rest) = (H.data(1, body).prefix(100), H.data(1, body).suffix(109))
        let parsed = verifier.verify([
            client(H.clientStart, H.headers(1, H.get("/big"), end: true)), server(H.serverStart, H.headers(1, H.response(200, H.literal("a", "b", added: true))), Array(start)),
            .gap(.responder, 300), server(Array(rest), H.data(1, [1], end: true)),
            client(H.headers(3, H.get("/next"), end: true)), server(H.headers(3, H.response(200, H.indexed(62)), end: true)),
        ])
        #expect(
            parsed.sessions.map(text) == [
                "1 GET www.example.org/big 0 > 200 501 complete originator !bytes_missing", "3 GET www.example.org/next 0 > 200 0 complete originator",
            ])
        #expect(parsed.sessions.last?.responseHeader("a") == "b")
    }

    @Test func `behind a larger hole the next frame is found, and what needs the table is missing`() {
        let start = H.data(1, [UInt8](repeating: 0x41, count: 500)).prefix(100)
        let rest = [UInt8](repeating: 0x00, count: 70) + H.data(1, [1, 2], end: true)
        let parsed = verifier.verify([
            client(H.clientStart, H.headers(1, H.get("/big"), end: true)), server(H.serverStart, H.headers(1, H.response(200, H.literal("a", "b", added: true))), Array(start)),
            .gap(.responder, 9000), server(rest),
            client(H.headers(3, H.get("/next"), end: true)), server(H.headers(3, H.response(200, H.indexed(62)), end: true)),
        ], order: .given(because: "any stream that is open when the hole comes may have lost a part"))
        #expect(
            parsed.sessions.map(text) == [
                "1 GET www.example.org/big 0 > 200 93 complete originator !bytes_missing",
                "3 GET www.example.org/next 0 > 200 0 complete originator !table_unknown",
            ])
        #expect(parsed.sessions.last?.responseHeader("a") == nil)
    }

    @Test func `a hole within headers loses them, and not the stream`() {
        let request = H.headers(1, H.get("/lost", added: true), end: true)
        let parsed = verifier.verify([
            client(H.clientStart, Array(request.prefix(15))), .gap(.originator, request.count - 20), client(Array(request.suffix(5))),
            server(H.serverStart, H.headers(1, H.indexed(8), end: true)), client(H.headers(3, H.get("/next"), end: true)), server(H.headers(3, H.indexed(8), end: true)),
        ])
        #expect(
            parsed.sessions.map(text) == [
                "1 GET ?? 0 > 200 0 complete originator !bytes_missing", "3 GET www.example.org/next 0 > 200 0 complete originator",
            ])
    }

    @Test func `a direction in which nothing is found again leaves the other`() {
        let parsed = verifier.parse([
            client(H.clientStart, H.headers(1, H.get("/"), end: true)), server(H.serverStart), .gap(.responder, 100),
            server([UInt8](repeating: 0xff, count: 70_000)), client(H.headers(3, H.get("/next"), end: true)),
        ])
        #expect(
            parsed.sessions.map(text) == [
                "1 GET www.example.org/ 0 > - 0 connectionEnd originator !bytes_missing", "3 GET www.example.org/next 0 > - 0 connectionEnd originator",
            ])
    }

    // MARK: gRPC

    @Test func `counts gRPC's messages wherever frames end`() throws {
        func message(_ length: Int) -> [UInt8] { [0] + H.number(length, bytes: 4) + [UInt8](repeating: 5, count: length) }
        let answers = message(10) + message(0) + message(300)
        let parsed = verifier.verify([
            client(
                H.clientStart, H.headers(1, H.indexed(3) + H.indexed(6) + H.literal(4, "/grpc.health.v1.Health/Watch") + H.literal("content-type", "application/grpc+proto")),
                H.data(1, message(7), end: true)),
            server(H.serverStart, H.headers(1, H.response(200, H.literal("content-type", "application/grpc"))), H.data(1, Array(answers[..<13])), H.data(1, Array(answers[13..<18]))),
            server(H.data(1, Array(answers[18...])), H.headers(1, H.literal("grpc-status", "14") + H.literal("grpc-message", "not%20now"), end: true)),
        ])
        let call = try #require(parsed.sessions.first)
        #expect(call.isGRPC && call.grpcService == "grpc.health.v1.Health" && call.grpcMethod == "Watch")
        #expect(call.grpcStatus == 14 && call.grpcMessage == "not%20now" && call.requestMessages == 1 && call.responseMessages == 3)
        #expect(call.end == .complete && call.responseBodyLength == UInt64(answers.count))
    }

    // MARK: Recognising

    @Test func `is known by its preface, by SETTINGS, by headers that can be read`() {
        func probe(_ bytes: [UInt8]) -> ProbeAnswer { HTTP2Parser.probe(bytes.span.bytes) }
        let headers = H.headers(7, H.get("/"), end: true)
        for (bytes, first) in [(H.preface, 24), (H.settings([1: 4096, 3: 100]), 21), (H.settings([:]) + H.acknowledgement, 18), (headers, headers.count)] {
            for length in 1..<bytes.count { #expect(probe(Array(bytes[..<length])) == (length < first ? .unsure : .mine), "\(bytes.prefix(12)) \(length)") }
            #expect(probe(bytes) == .mine)
        }
        #expect(probe(H.settings([99: 1])) == .notMine && probe(H.settings([2: 2])) == .notMine && probe(H.settings([:]) + [9, 9, 9, 9, 9, 9, 9, 9, 9]) == .notMine)
        for other in ["GET / HTTP/1.1\r\n", "PRI * HTTP/1.1\r\n\r\n", "PUT / HTTP/1.1\r\n", "SSH-2.0-x\r\n"] { #expect(probe(Array(other.utf8)) == .notMine) }
        #expect(probe([22, 3, 1, 0, 200, 1, 0, 0, 196]) == .notMine && probe(H.data(1, [1])) == .notMine)
        func probesLater(_ bytes: [UInt8]) -> Bool { HTTP2Parser.probeLater(bytes.span.bytes) }
        #expect(probesLater(H.clientStart) && probesLater(H.settings()) && probesLater(headers) && !probesLater(H.data(1, [1, 2, 3])))
        #expect(verifier.parse([client([0, 0, 6, 4, 0, 0, 0, 0, 0]), client([9, 9, 9, 9, 9, 9])]).progress == .failed(.otherProtocol))
    }

    @Test(arguments: 0..<4 as Range<UInt64>) func `random bytes are not known`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<3000 {
            var bytes = (0..<64).map { _ in UInt8.random(in: 0...255, using: &random) }
            // Lengths and types that fit, as other protocols have them.
            if Bool.random(using: &random) { (bytes[0], bytes[1], bytes[3], bytes[4]) = (0, 0, UInt8.random(in: 0...9, using: &random), 0) }
            let answer = HTTP2Parser.probe(bytes.span.bytes)
            #expect(answer != .mine)
        }
    }
}
