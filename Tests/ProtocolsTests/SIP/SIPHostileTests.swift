import Packets
import TestSupport
import Testing
@testable import Protocols

/// Input that is meant to break the parser: time in proportion to its length, memory with a bound, and what went wrong is said.
@Suite(.serialized) struct `Hostile SIP` {
    private struct Outcome {
        var texts: [String] = []
        var count = 0
        var progress = ParserProgress.wantsMore
        var mostHeld = 0
    }

    private static let sizes = [1, 1460, 65_536, .max]
    private static let mostHeld = 1 << 20

    private func run(_ feed: (inout SIPParser, (ParserProgress, inout SIPParser) -> Bool) -> Void) -> Outcome {
        var (parser, outcome) = (SIPParser(), Outcome())
        func take(_ parser: inout SIPParser) {
            outcome.mostHeld = max(outcome.mostHeld, parser.heldBytes)
            while let session = parser.nextSession() {
                outcome.count += 1
                if outcome.count <= 10 { outcome.texts.append(session.text) }
            }
        }
        feed(&parser) { progress, parser in
            outcome.progress = progress
            take(&parser)
            return progress == .wantsMore || progress == .ready
        }
        parser.finish()
        take(&parser)
        return outcome
    }

    private func stream(_ text: String, pieces size: Int) -> Outcome {
        let bytes = Array(text.utf8)
        return run { parser, goesOn in
            var place = 0
            while place < bytes.count {
                let end = place + min(size, bytes.count - place)
                guard goesOn(parser.feed(bytes.span.bytes.extracting(place..<end), from: .originator), &parser) else { return }
                place = end
            }
        }
    }

    private static let opening = "INVITE sip:x SIP/2.0\r\nVia: a;branch=1\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n"

    @Test(.timeLimit(.minutes(1)), arguments: sizes)
    func `100,000 headers are refused after 64 KiB`(size: Int) {
        let outcome = stream(Self.opening + String(repeating: "a: b\r\n", count: 100_000) + "\r\n", pieces: size)
        #expect(outcome.progress == .failed(.tooLong) && outcome.mostHeld < Self.mostHeld && outcome.texts == ["INVITE sip:x - headTooLong"])
    }

    @Test(.timeLimit(.minutes(1)), arguments: sizes)
    func `a header line of 1 MB and endless folded lines are refused after 64 KiB`(size: Int) {
        for text in [String(repeating: "a", count: 1_000_000), String(repeating: "b\r\n ", count: 300_000), String(repeating: "@sip:a:", count: 150_000)] {
            let outcome = stream(Self.opening + "X: " + text + "\r\n\r\n", pieces: size)
            #expect(outcome.progress == .failed(.tooLong) && outcome.mostHeld < Self.mostHeld && outcome.texts == ["INVITE sip:x - headTooLong"])
        }
        let line = stream("INVITE sip:" + String(repeating: "a", count: 1_000_000) + " SIP/2.0\r\n\r\n", pieces: size)
        #expect(line.progress == .failed(.otherProtocol) && line.mostHeld < Self.mostHeld)
    }

    @Test(.timeLimit(.minutes(1)), arguments: ["Via: ", "v: \"", "CSeq: ", "Call-ID: ", "To: <", "Authorization: Digest username=\"", "From: \"", "l: "])
    func `values of 60 KB are read in time`(name: String) {
        for filling in ["\"", "\\", ";", ",", "<", "@", ":", "=", "sip:a:b@", ",username=", " ", "1"] {
            let head = "OPTIONS sip:x SIP/2.0\r\n\(name)" + String(repeating: filling, count: 60_000 / filling.utf8.count) + "\r\nc: application/sdp\r\n\r\n"
            let bytes = Array((head + String(repeating: "m=", count: 2_000)).utf8)
            for _ in 0..<20 {
                let outcome = run { parser, goesOn in _ = goesOn(parser.feed(datagram: bytes.span.bytes, missing: 0, from: .originator, at: .zero), &parser) }
                #expect(outcome.count == 1 && outcome.mostHeld < Self.mostHeld)
            }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `200,000 INVITEs without answers are all given, and 256 of them wait`() {
        let outcome = run { parser, goesOn in
            for number in 0..<200_000 {
                let bytes = SIPBytes.request("INVITE", number, branch: "z9hG4bK\(number)", call: "\(number)")
                guard goesOn(parser.feed(datagram: bytes.span.bytes, missing: 0, from: .originator, at: .zero), &parser) else { return }
            }
        }
        #expect(outcome.count == 200_000 && outcome.mostHeld < Self.mostHeld && outcome.progress == .ready)
    }

    @Test(.timeLimit(.minutes(1)))
    func `200 INVITEs of 60 KB keep at most 256 KiB of heads`() {
        let outcome = run { parser, goesOn in
            for number in 0..<200 {
                let bytes = SIPBytes.request("INVITE", number, headers: ["X: " + String(repeating: "x", count: 60_000)])
                guard goesOn(parser.feed(datagram: bytes.span.bytes, missing: 0, from: .originator, at: .zero), &parser) else { return }
            }
        }
        #expect(outcome.count == 200 && outcome.mostHeld < Self.mostHeld)
    }

    @Test(.timeLimit(.minutes(1)))
    func `100,000 provisional responses, 100,000 INVITEs sent again and 100,000 answers sent again cost nothing`() {
        let invite = SIPBytes.request("INVITE"), ringing = SIPBytes.response(180, "Ringing", to: "INVITE"), ok = SIPBytes.response(200, to: "INVITE")
        let outcome = run { parser, goesOn in
            for (bytes, sender) in [(invite, Direction.originator), (ringing, .responder), (ok, .responder)] {
                for _ in 0..<100_000 {
                    guard goesOn(parser.feed(datagram: bytes.span.bytes, missing: 0, from: sender, at: .zero), &parser) else { return }
                }
            }
        }
        #expect(outcome.texts == ["INVITE sip:john@example.org 200 OK after 100000 to 180 sent again 99999"] && outcome.mostHeld < 1 << 16)
    }

    @Test(.timeLimit(.minutes(1)), arguments: sizes)
    func `a body of endless bytes goes by`(size: Int) {
        let outcome = stream(Self.opening + "l: 9000000000000000000\r\nc: application/sdp\r\n\r\n" + String(repeating: "m=audio 1 x\r\n", count: 100_000), pieces: size)
        #expect(outcome.texts == ["INVITE sip:x - bodyCut"] && outcome.mostHeld < 1 << 16)
    }

    @Test(.timeLimit(.minutes(1)), arguments: sizes)
    func `a search ends after 1 MiB`(size: Int) {
        for line in ["x\n", "INVITE sip:a\n", "SIP/2.0 9\n", String(repeating: "x", count: 10_000), "INVITE " + String(repeating: "x", count: 5_000)] {
            let outcome = stream(Self.opening + "\r\n" + String(repeating: line, count: 1_200_000 / line.utf8.count), pieces: size)
            #expect(outcome.progress == .failed(.malformed) && outcome.mostHeld < Self.mostHeld && outcome.texts == ["INVITE sip:x -"])
        }
    }
}
