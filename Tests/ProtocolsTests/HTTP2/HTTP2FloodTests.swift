import Packets
import Protocols
import TestSupport
import Testing

private typealias H = HTTP2Bytes

/// Hostile case 34 at the sizes at which it was seen: 100,000 frames of each kind. Each is told of or ends visibly, within bounds of memory, and four times as
/// much takes no more than ten times as long.
@Suite(.serialized) struct `HTTP/2 floods` {
    private static let many = 100_000

    private struct Outcome {
        var progress = ParserProgress.wantsMore
        /// How many there were, by how they ended, and the last.
        var ends: [HTTP2End: Int] = [:]
        var last: HTTP2Exchange?
        var mostHeld = 0
        var bytesRead = 0

        var count: Int { ends.values.reduce(0, +) }
        var isGoingOn: Bool { progress == .wantsMore || progress == .ready }
    }

    /// So many copies of some frames, all with the stream's number that is said for each copy.
    private static func copies(_ count: Int, of frames: [UInt8], stream: (Int) -> Int = { _ in 1 }) -> [UInt8] {
        var (starts, next): ([Int], Int) = ([], 0)
        while next < frames.count {
            starts.append(next)
            next += 9 + Int(frames[next]) << 16 + Int(frames[next + 1]) << 8 + Int(frames[next + 2])
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count * frames.count)
        for number in 0..<count {
            let (place, id) = (bytes.count, stream(number))
            bytes += frames
            for start in starts where frames[start + 8] != 0 { write(id, to: &bytes, at: place + start + 5) }
        }
        return bytes
    }

    private static func write(_ id: Int, to bytes: inout [UInt8], at place: Int) {
        for byte in 0..<4 { bytes[place + byte] = UInt8(truncatingIfNeeded: id >> (24 - 8 * byte)) }
    }

    /// What a parser makes of a client's flood, in pieces as a stream has them, and then of what both say behind it.
    private static func feed(
        _ flood: [UInt8], from sender: Direction = .originator, client: [UInt8] = [], server: [UInt8] = [], then: [UInt8] = []
    ) -> Outcome {
        var (parser, outcome) = (HTTP2Parser(), Outcome())
        func take() {
            while let session = parser.nextSession() {
                outcome.ends[session.end, default: 0] += 1
                outcome.last = session
            }
        }
        func give(_ bytes: [UInt8], _ sender: Direction) {
            var place = 0
            while place < bytes.count, outcome.isGoingOn {
                let end = min(place + 4096, bytes.count)
                outcome.progress = parser.feed(bytes.span.bytes.extracting(place..<end), from: sender)
                outcome.mostHeld = max(outcome.mostHeld, parser.heldBytes)
                outcome.bytesRead += end - place
                take()
                place = end
            }
        }
        give(H.clientStart + client, .originator)
        give(H.serverStart + server, .responder)
        give(flood, sender)
        give(then, .originator)
        parser.finish()
        take()
        if outcome.progress == .ready { outcome.progress = .wantsMore }
        return outcome
    }

    private static let request = H.headers(0x7fff_fffd, H.get("/behind"), end: true)

    /// A flood of which nothing is kept: the request behind it is found as if there had been none.
    private func expectNothing(
        of frames: [UInt8], from sender: Direction = .originator, client: [UInt8] = [], server: [UInt8] = [], sessions: Int = 1, held: Int = 20_000,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        func flood(_ count: Int) -> [UInt8] { Self.copies(count, of: frames) }
        let outcome = Self.feed(flood(Self.many), from: sender, client: client, server: server, then: Self.request)
        #expect(outcome.progress == .wantsMore && outcome.count == sessions && outcome.last?.path == "/behind", sourceLocation: sourceLocation)
        #expect(outcome.mostHeld < held, sourceLocation: sourceLocation)
        ProportionalTime.expect(Self.many, of: flood, sourceLocation: sourceLocation) { _ = Self.feed($0, from: sender, client: client, server: server) }
    }

    @Test func `34 100,000 frames of SETTINGS, and as many acknowledgements of nothing`() {
        expectNothing(of: H.settings([1: 4096, 3: 5, 4: 70_000]))
        expectNothing(of: H.settings([:]))
        expectNothing(of: H.acknowledgement)
        expectNothing(of: H.settings([1: 0]) + H.acknowledgement)
    }

    @Test func `34 100,000 frames of PING, PRIORITY, WINDOW_UPDATE and what nobody knows`() {
        expectNothing(of: H.frame(6, [0, 0, 0, 0, 0, 0, 0, 0]))
        expectNothing(of: H.frame(2, stream: 9, [0, 0, 0, 0, 1]))
        expectNothing(of: H.frame(8, stream: 1, [0, 0, 0, 1]))
        expectNothing(of: H.frame(0xfa, stream: 1, [1, 2, 3]))
    }

    @Test func `34 100,000 frames of no DATA, and of padding alone (CVE-2019-9518)`() {
        expectNothing(of: H.data(1, []), client: H.headers(1, H.get("/")), sessions: 2)
        expectNothing(of: H.frame(0, flags: H.padded, stream: 1, [3, 0, 0, 0]), client: H.headers(1, H.get("/")), sessions: 2)
    }

    @Test func `34 100,000 frames of CONTINUATION in one header block (CVE-2024-27316): ends visibly`() {
        for frame in [H.continuation(1, []), H.continuation(1, H.literal("x", "y")), H.continuation(1, [UInt8](repeating: 0x61, count: 160))] {
            let endless: [UInt8] = frame.count > 100 ? [0] + H.integer(60_000, prefix: 7, 0) : []
            func flood(_ count: Int) -> [UInt8] { H.frame(1, flags: 1, stream: 1, H.get("/") + endless) + Self.copies(count, of: frame) }
            let outcome = Self.feed(flood(Self.many))
            #expect(outcome.progress == .failed(.tooLong) && outcome.mostHeld < 200_000 && outcome.bytesRead < 200_000)
            #expect(outcome.count == 1 && outcome.last?.path == "/")
        }
    }

    @Test func `34 100,000 frames of CONTINUATION in a thousand header blocks`() {
        let frames = H.frame(1, flags: H.endStream, stream: 1, H.get("/")) + Self.copies(98, of: H.continuation(1, [])) + H.continuation(1, [], last: true)
        func flood(_ count: Int) -> [UInt8] { Self.copies(count, of: frames) { 2 * $0 + 1 } }
        let outcome = Self.feed(flood(Self.many / 100))
        #expect(outcome.progress == .wantsMore && outcome.count == 1000 && outcome.mostHeld < 400_000)
        ProportionalTime.expect(Self.many / 100, of: flood) { _ = Self.feed($0) }
    }

    @Test func `34 100,000 headers of one name in a block (2024-38535), and as many blocks of trailers`() {
        let request = H.get("/") + H.literal("x-twice", "value", added: true)
        func block(_ count: Int) -> [UInt8] {
            let frames = Self.copies(count / 1000, of: H.continuation(1, [UInt8](repeating: 0xbe, count: 1000)))
            return H.frame(1, stream: 1, request) + frames + H.continuation(1, H.literal("last", "new", added: true), last: true)
        }
        let outcome = Self.feed(block(Self.many), then: H.headers(3, H.get("/2") + H.indexed(62) + H.indexed(63), end: true))
        #expect(outcome.progress == .wantsMore && outcome.count == 2 && outcome.mostHeld < 200_000)
        #expect(outcome.last?.requestHeader("last") == "new" && outcome.last?.requestHeader("x-twice") == "value" && outcome.last?.problems == [])
        ProportionalTime.expect(Self.many, of: block) { _ = Self.feed($0) }
        expectNothing(of: H.headers(1, H.literal("x", "y")), client: H.headers(1, H.get("/")), sessions: 2, held: 200_000)
    }

    @Test func `34 100,000 responses before the response`() {
        expectNothing(
            of: H.headers(1, H.response(103, H.literal("link", "</style.css>"))), from: .responder, client: H.headers(1, H.get("/"), end: true), sessions: 2)
    }

    @Test func `34 100,000 requests that are reset (CVE-2023-44487): each is told of, and nothing is kept of it`() {
        func flood(_ count: Int) -> [UInt8] { Self.copies(count, of: H.headers(1, H.get("/"), end: true) + H.reset(1, 8)) { 2 * $0 + 1 } }
        let outcome = Self.feed(flood(Self.many), then: Self.request)
        #expect(outcome.ends[.reset(8, by: .originator)] == Self.many && outcome.count == Self.many + 1 && outcome.mostHeld < 60_000)
        ProportionalTime.expect(Self.many, of: flood) { _ = Self.feed($0) }
        // By the server, of what was never asked.
        expectNothing(of: H.reset(1, 8), from: .responder)
    }

    @Test func `34 100,000 open streams: the oldest gives way, and is told of`() {
        func flood(_ count: Int) -> [UInt8] { Self.copies(count, of: H.headers(1, H.get("/"), end: true)) { 2 * $0 + 1 } }
        let outcome = Self.feed(flood(Self.many))
        #expect(outcome.count == Self.many && outcome.ends[.givenUp] == Self.many - 256 && outcome.mostHeld < 400_000)
        ProportionalTime.expect(Self.many, of: flood) { _ = Self.feed($0) }
        // Each promised by the server.
        let promise = H.promise(1, of: 2, H.get("/"))
        func promises(_ count: Int) -> [UInt8] {
            var bytes = Self.copies(count, of: promise)
            for number in 0..<count { Self.write(2 * number + 2, to: &bytes, at: number * promise.count + 9) }
            return bytes
        }
        let pushed = Self.feed(promises(Self.many), from: .responder, client: H.headers(1, H.get("/")))
        #expect(pushed.count == Self.many + 1 && pushed.mostHeld < 400_000)
        ProportionalTime.expect(Self.many, of: promises) { _ = Self.feed($0, from: .responder, client: H.headers(1, H.get("/"))) }
    }

    @Test func `34 100,000 streams that use up all numbers, and requests beyond the last`() {
        // 2^31 - 1 is the last.
        let step = 0x7fff_ffff / (2 * (Self.many - 1)) * 2
        func flood(_ count: Int) -> [UInt8] { Self.copies(count, of: H.headers(1, H.get("/"), end: true)) { 0x7fff_ffff - (count - 1 - $0) * step } }
        let beyond = Self.copies(1000, of: H.headers(1, H.get("/beyond"), end: true)) { 2 * $0 + 1 } + H.headers(0x7fff_ffff, H.get("/beyond"), end: true)
        let outcome = Self.feed(flood(Self.many), then: beyond)
        #expect(outcome.progress == .wantsMore && outcome.count == Self.many && outcome.last?.path == "/" && outcome.last?.stream == 0x7fff_ffff)
        ProportionalTime.expect(Self.many, of: flood) { _ = Self.feed($0) }
    }

    @Test func `34 answers to what is only asked later, and GOAWAY, with 256 streams open: each looks at no more than these`() {
        let open = Self.copies(256, of: H.headers(1, H.get("/"), end: true)) { 2 * $0 + 1 }
        func goAways(_ count: Int) -> [UInt8] { Self.copies(count, of: H.goAway(last: 0x7fff_ffff, 0)) }
        let outcome = Self.feed(goAways(Self.many / 10), from: .responder, client: open)
        #expect(outcome.ends == [.goAway(0): 256])
        ProportionalTime.expect(Self.many / 10, of: goAways) { _ = Self.feed($0, from: .responder, client: open) }
        // One piece of either side in turn.
        func turns(_ count: Int) -> [[UInt8]] { (128..<count + 128).map { H.headers(2 * $0 + 1, H.response(200)) } }
        func run(_ responses: [[UInt8]]) {
            var parser = HTTP2Parser()
            for (start, sender) in [(H.clientStart, Direction.originator), (H.serverStart, .responder)] { _ = parser.feed(start.span.bytes, from: sender) }
            for (number, response) in responses.enumerated() {
                let request = H.headers(2 * (number + 128) + 1, H.get("/"))
                _ = parser.feed(response.span.bytes, from: .responder)
                _ = parser.feed(request.span.bytes, from: .originator)
                while parser.nextSession() != nil {}
            }
        }
        ProportionalTime.expect(Self.many / 25, of: turns, run)
    }

    @Test func `34 HPACK bombs: 100,000 bytes that stand for 400 MB, tables filled and emptied`() {
        let big = H.headers(1, H.get("/") + H.literal("bomb", String(repeating: "b", count: 4000), added: true))
        let block = H.indexed(2) + H.indexed(6) + H.indexed(4) + [UInt8](repeating: 0xbe, count: 1000)
        func bombs(_ count: Int) -> [UInt8] { big + Self.copies(count / 1000, of: H.headers(1, block, end: true)) { 2 * $0 + 3 } }
        let outcome = Self.feed(bombs(Self.many))
        #expect(outcome.progress == .wantsMore && outcome.count == Self.many / 1000 + 1 && outcome.mostHeld < 4 << 20)
        ProportionalTime.expect(Self.many, of: bombs) { _ = Self.feed($0) }
        // Each header pushes another one out; and all of them, again and again.
        let added = (0..<10).flatMap { H.literal("name-\($0)", "value", added: true) }
        let tooLarge = H.literal("n", String(repeating: "v", count: 5000), added: true)
        for frames in [added, H.tableSize(0) + H.tableSize(4096) + added, (0..<100).flatMap { H.tableSize($0 % 31) }, tooLarge] {
            func tables(_ count: Int) -> [UInt8] { Self.copies(count, of: H.headers(1, frames + H.get("/"), end: true) + H.reset(1, 8)) { 2 * $0 + 1 } }
            let outcome = Self.feed(tables(Self.many / 10))
            #expect(outcome.count == Self.many / 10 && outcome.mostHeld < 200_000)
            ProportionalTime.expect(Self.many / 10, of: tables) { _ = Self.feed($0) }
        }
        // 64 KiB of table, full of what is as small as can be.
        let small = (0..<10).flatMap { H.literal("\($0)", "", added: true) }
        let filling = H.headers(1, H.tableSize(65_536) + small + H.get("/"), end: true) + H.reset(1, 8)
        func large(_ count: Int) -> [UInt8] { Self.copies(count, of: filling) { 2 * $0 + 1 } }
        ProportionalTime.expect(Self.many / 10, of: large) { _ = Self.feed($0, client: H.acknowledgement, server: H.settings([1: 65_536])) }
    }
}
