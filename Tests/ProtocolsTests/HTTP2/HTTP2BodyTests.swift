import Filters
import Packets
import TestSupport
import Testing
@testable import Protocols

private typealias H = HTTP2Bytes

@Suite struct `HTTP/2 bodies` {
    private let verifier = ParserVerifier<HTTP2Parser>(depth: .whole)

    private func client(_ bytes: [UInt8]...) -> Step { .bytes(.originator, bytes.flatMap { $0 }) }
    private func server(_ bytes: [UInt8]...) -> Step { .bytes(.responder, bytes.flatMap { $0 }) }

    /// Of two streams at once, of which one's response is padded and cut into frames.
    private func exchange(_ last: [UInt8]) -> [Step] {
        [
            client(H.clientStart, H.headers(1, H.get("/a"), end: true), H.headers(3, H.indexed(3) + H.indexed(6) + H.literal(4, "/b")), H.data(3, Array("{}".utf8), end: true)),
            server(H.serverStart, H.headers(1, H.indexed(8)), H.headers(3, H.indexed(8)), H.data(1, Array("<ht".utf8))),
            server(H.frame(0, flags: 8, stream: 3, [2] + Array("small\n".utf8) + [0, 0]), H.data(1, Array("ml>".utf8)), last),
        ]
    }

    @Test func `have a type and a hash where somebody asks, however frames come and end`() throws {
        for last in [H.data(1, [], end: true) + H.data(3, [], end: true), H.headers(1, H.literal("x", "y"), end: true) + H.headers(3, H.literal("x", "y"), end: true)] {
            let parsed = verifier.verify(exchange(last))
            #expect(parsed.sessions.map(\.stream) == [1, 3])
            let (one, three) = (parsed.sessions[0], parsed.sessions[1])
            #expect(one.responseBody?.type == .html && one.responseBody?.sha256 == Hashes.sha256("<html>") && one.responseBody?.byteCount == 6)
            #expect(three.requestBody?.type == .json && three.requestBody?.sha256 == Hashes.sha256("{}"))
            #expect(three.responseBody?.sha256 == "4c47b3e816fbe7d40cef9f665ba8f0be1ae68b5e8e7ed70f5b6bab7f70528e8f" && one.requestBody?.byteCount == 0 && one.requestBody?.sha256 == nil)
            // Nobody asks.
            let opening = ParserVerifier<HTTP2Parser>().parse(exchange(last))
            #expect(opening.sessions.map(\.responseBody) == [nil, nil] && opening.sessions.map(\.responseBodyLength) == [6, 6])
        }
    }

    @Test func `have no hash without their end, or with a hole`() {
        let reset = verifier.verify(exchange(H.reset(1, 8) + H.data(3, [], end: true)),
            order: .given(because: "what comes behind a reset is of no stream"))
        #expect(reset.sessions.map { $0.responseBody?.sha256 == nil } == [true, false] && reset.sessions[0].responseBody?.type == .html)
        let open = verifier.verify(exchange([]))
        #expect(open.sessions.map { $0.responseBody?.sha256 } == [nil, nil])
        var steps = exchange([])
        steps.append(server(Array(H.data(1, [UInt8](repeating: 65, count: 100), end: true).prefix(29))))
        steps += [.gap(.responder, 40), server([UInt8](repeating: 65, count: 40), H.data(3, [], end: true))]
        let holed = verifier.verify(steps)
        #expect(holed.sessions.map { $0.responseBody?.sha256 == nil } == [true, false])
        #expect(holed.sessions[0].responseBody?.missingCount == 40 && holed.sessions[0].responseBody?.byteCount == 66)
        steps = exchange([])
        steps += [.gap(.responder, 40), server(H.data(1, [], end: true), H.data(3, [], end: true))]
        #expect(verifier.verify(steps).sessions.allSatisfy { $0.responseBody?.sha256 == nil })
    }

    @Test func `count in what is held, of as many streams as are followed`() {
        var parser = HTTP2Parser(depth: .whole)
        func feed(_ bytes: [UInt8]) { _ = parser.feed(bytes.span.bytes, from: .originator) }
        feed(H.clientStart)
        for number in 0..<1000 {
            feed(H.headers(2 * number + 1, H.get("/")) + H.data(2 * number + 1, [1]))
            while parser.nextSession() != nil {}
        }
        #expect((256 * 1024..<1 << 20).contains(parser.heldBytes), "\(parser.heldBytes)")
    }

    @Test func `leave sessions and the parser small`() {
        #expect(MemoryLayout<HTTP2Parser>.size <= 16 && MemoryLayout<HTTP2Exchange>.size <= 200, "\(MemoryLayout<HTTP2Exchange>.size)")
    }
}
