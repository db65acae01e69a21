import Packets
import Protocols
import TestSupport
import Testing

private typealias H = HTTP2Bytes

/// Hostile case 34: what ends visibly, and what is said of the rest. What matters by its mass is among the floods.
@Suite struct `Hostile HTTP/2` {
    private let verifier = ParserVerifier<HTTP2Parser>()

    /// What a parser made of bytes of a client, behind the beginning of a connection, and the most that it held.
    private func feed(_ parts: [[UInt8]], also answers: [UInt8] = []) -> (parsed: Parsed<HTTP2Exchange>, mostHeld: Int) {
        var (parser, parsed, most) = (HTTP2Parser(), Parsed<HTTP2Exchange>(), 0)
        func give(_ bytes: [UInt8], _ sender: Direction) {
            guard parsed.progress == .wantsMore || parsed.progress == .ready else { return }
            parsed.progress = parser.feed(bytes.span.bytes, from: sender)
            most = max(most, parser.heldBytes)
            while let session = parser.nextSession() { parsed.sessions.append(session) }
        }
        give(H.clientStart, .originator)
        give(H.serverStart, .responder)
        give(answers, .responder)
        for part in parts { give(part, .originator) }
        parser.finish()
        while let session = parser.nextSession() { parsed.sessions.append(session) }
        if parsed.progress == .ready { parsed.progress = .wantsMore }
        return (parsed, most)
    }

    @Test func `34 CONTINUATION flood (CVE-2023-45288, 2024-27316): ends visibly`() {
        let start = H.frame(1, flags: 1, stream: 1, H.get("/"))
        let empty = feed([start] + [[UInt8]](repeating: H.continuation(1, []), count: 10_000))
        #expect(empty.parsed.progress == .failed(.tooLong) && empty.mostHeld < 100_000)
        #expect(empty.parsed.sessions.map(\.path) == ["/"])
        // Large ones.
        let large = H.continuation(1, (0..<100).flatMap { H.literal("x-\($0)", String(repeating: "y", count: 120)) })
        let full = feed([start] + [[UInt8]](repeating: large, count: 10_000))
        #expect(full.parsed.progress == .failed(.tooLong) && full.mostHeld < 300_000)
        #expect(full.parsed.sessions.first?.problems == .headersCut)
        // One header that never ends.
        let endless = feed([start, H.continuation(1, [0] + H.integer(60_000, prefix: 7, 0))] + [[UInt8]](repeating: H.continuation(1, [UInt8](repeating: 0x61, count: 1000)), count: 50))
        #expect(endless.mostHeld < 200_000)
        #expect(feed([start, H.continuation(1, [0] + H.integer(70_000, prefix: 7, 0))]).parsed.progress == .failed(.tooLong))
    }

    @Test func `34 duplicate headers (2024-38535): so many are kept, and the rest still decoded`() throws {
        let many = (0..<20_000).map { _ in H.indexed(62) }.flatMap { $0 }
        var frames = H.frame(1, stream: 1, H.get("/") + H.literal("x-twice", "value", added: true))
        for start in stride(from: 0, to: many.count, by: 4000) { frames += H.continuation(1, Array(many[start..<start + 4000])) }
        frames += H.continuation(1, H.literal("last", "new", added: true), last: true)
        let (parsed, most) = feed([frames, H.headers(3, H.get("/2") + H.indexed(62) + H.indexed(63), end: true)])
        #expect(most < 200_000 && parsed.progress == .wantsMore)
        let (first, second) = (try #require(parsed.sessions.first), try #require(parsed.sessions.last))
        #expect(first.requestHeaders.count <= 1000 && first.problems == .headersCut && first.path == "/")
        #expect(second.requestHeader("last") == "new" && second.requestHeader("x-twice") == "value" && second.problems == [])
    }

    @Test func `34 HPACK bomb: a byte that stands for kilobytes is not worth kilobytes of memory`() {
        let big = H.headers(1, H.get("/") + H.literal("bomb", String(repeating: "b", count: 4000), added: true))
        let block = H.indexed(2) + H.indexed(6) + H.indexed(4) + (0..<500).flatMap { _ in H.indexed(62) }
        let (parsed, most) = feed([big] + (1..<500).map { H.headers(2 * $0 + 1, block, end: true) })
        #expect(parsed.progress == .wantsMore && most < 4 << 20)
        #expect(parsed.sessions.count == 500 && parsed.sessions.contains { $0.problems == .headersCut } && parsed.sessions.contains { $0.end == .givenUp })
    }

    @Test func `34 HPACK bomb: a table is no larger than settings allow, and than 64 KiB in any case`() {
        // Before the server's settings are acknowledged anything up to our own limit goes; afterwards what they say.
        let allowed = feed([H.acknowledgement, H.headers(1, H.tableSize(4096) + H.get("/"), end: true)])
        #expect(allowed.parsed.progress == .wantsMore)
        let tooLarge = feed([H.acknowledgement, H.headers(1, H.tableSize(4097) + H.get("/"), end: true)])
        #expect(tooLarge.parsed.progress == .failed(.malformed) && tooLarge.parsed.sessions.map(\.problems) == [.undecodable])
        // A megabyte is allowed, and 64 KiB are kept: what lies beyond is missing.
        let value = String(repeating: "v", count: 1000)
        let entries = (0..<200).flatMap { H.headers(2 * $0 + 1, ($0 == 0 ? H.tableSize(1 << 20) : []) + H.literal("n\($0)", value, added: true) + H.get("/"), end: true) }
        let huge = feed([H.acknowledgement, H.acknowledgement, entries, H.headers(999, H.indexed(62) + H.indexed(62 + 150), end: true)], also: H.settings([1: 1 << 20]))
        #expect(huge.parsed.progress == .wantsMore && huge.mostHeld < 1 << 20)
        #expect(huge.parsed.sessions.last?.requestHeader("n199") == value && huge.parsed.sessions.last?.problems.contains(.tableUnknown) == true)
        // Size updates without end, and behind headers.
        #expect(feed([H.headers(1, (0..<5000).flatMap { H.tableSize($0 % 31) } + H.get("/"), end: true)]).parsed.progress == .wantsMore)
        #expect(feed([H.headers(1, H.get("/") + H.tableSize(0), end: true)]).parsed.progress == .failed(.malformed))
    }

    @Test func `34 stream numbers: stream 0 (2025-53538), even ones, those that are over, the last one`() {
        for frame in [H.headers(0, H.get("/")), H.data(0, [1]), H.reset(0, 1), H.continuation(0, []), H.frame(5, flags: 4, stream: 0, [0, 0, 0, 2]), H.frame(4, stream: 1, [])] {
            #expect(feed([frame]).parsed.progress == .failed(.malformed))
        }
        #expect(feed([H.headers(2, H.get("/"))]).parsed.progress == .failed(.unexpected))
        #expect(feed([H.data(7, [1])]).parsed.progress == .failed(.unexpected))
        #expect(feed([H.promise(1, of: 2, H.get("/"))]).parsed.progress == .failed(.unexpected))
        // Headers on a stream that is over are none of a new one, and still go into the table.
        let (parsed, _) = feed([
            H.headers(5, H.get("/5"), end: true), H.reset(5, 8), H.headers(5, H.literal("x", "y", added: true) + H.get("/again"), end: true),
            H.headers(3, H.get("/3"), end: true), H.headers(0x7fff_ffff, H.get("/last") + H.indexed(62), end: true),
        ])
        #expect(parsed.sessions.map(\.path) == ["/5", "/last"] && parsed.sessions.last?.requestHeader("x") == "y")
    }

    @Test func `34 frames between those of a header block, and without one`() {
        let start = H.frame(1, stream: 1, H.get("/"))
        for other in [H.data(1, [1]), H.headers(3, []), H.acknowledgement, H.continuation(3, [], last: true), H.frame(99, stream: 1, [])] {
            #expect(feed([start, other]).parsed.progress == .failed(.unexpected))
        }
        #expect(feed([H.continuation(1, [], last: true)]).parsed.progress == .failed(.unexpected))
        // Padding that is longer than its frame, frames of the wrong length, too long ones.
        for frame in [H.frame(0, flags: 8, stream: 1, [5, 1, 2]), H.frame(1, flags: 8, stream: 1, []), H.reset(1, 1).dropLast() + [], H.frame(6, [1]), H.frame(4, [1, 2, 3, 4])] {
            var frame = frame
            frame[2] = UInt8(frame.count - 9)
            #expect(feed([H.headers(1, H.get("/")), frame]).parsed.progress == .failed(.malformed))
        }
        #expect(feed([H.headers(1, H.get("/")), H.data(1, [UInt8](repeating: 0, count: 16385))]).parsed.progress == .failed(.malformed))
    }

    @Test func `34 headers that smuggle are read, and said to be malformed`() {
        let bad: [[UInt8]] = [
            H.get("/") + H.literal("X-Upper", "1"), H.get("/") + H.literal("a", "b\r\nc: d"), H.literal("a", "b") + H.get("/"), H.get("/") + H.indexed(2),
            H.indexed(2) + H.literal(4, "/"), H.get("/") + H.literal(":other", "1"), H.get("/") + H.literal("", "x"), H.get("/") + H.literal("a b", "x"),
        ]
        for block in bad {
            let parsed = verifier.verify([.bytes(.originator, H.clientStart + H.headers(1, block, end: true))])
            #expect(parsed.sessions.map(\.problems) == [.malformed])
        }
    }

    @Test(arguments: 0..<40 as Range<UInt64>) func `31 frames of anything are survived`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var parser = HTTP2Parser()
        let start = H.clientStart
        _ = parser.feed(start.span.bytes, from: .originator)
        for _ in 0..<200 {
            var payload = (0..<Int.random(in: 0...60, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            if Bool.random(using: &random) { payload = H.get("/") + payload.prefix(3) }
            let stream = Int.random(in: 0...5, using: &random)
            let frame = H.frame(Int.random(in: 0...10, using: &random), flags: Int.random(in: 0...63, using: &random), stream: stream, payload)
            let sender = Bool.random(using: &random) ? Direction.originator : .responder
            var progress = parser.feed(frame.span.bytes, from: sender)
            if Int.random(in: 0..<12, using: &random) == 0 { progress = parser.skip(Int.random(in: 0...100, using: &random), from: sender) }
            while let session = parser.nextSession() { for field in HTTP2Parser.fields { field.read(session) { _ in } } }
            if case .failed = progress { break }
        }
        parser.finish()
        while parser.nextSession() != nil {}
    }
}
