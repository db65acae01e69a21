import Filters
import Packets
import TestSupport
import Testing
@testable import Protocols

@Suite struct `SIP parser` {
    private let streams = ParserVerifier<SIPParser>(order: .questionsFirst)
    private let datagrams = DatagramVerifier<SIPParser>(order: .questionsFirst)

    private static let callTexts = [
        "INVITE sip:john@example.org 200 OK after 2 to 180", "ACK sip:john@example.org -", "BYE sip:john@example.org 200 OK",
    ]

    // MARK: Recognising

    @Test(arguments: ["INVITE sip:a SIP/2.0\r\n", "X-new tel:+1 SIP/2.0\n", "SIP/2.0 200 ", "SIP/2.0 486\r\n"])
    func `a first line is beyond doubt once it is whole`(line: String) {
        let bytes = Array(line.utf8)
        for count in 1..<(line.hasPrefix("SIP") ? 12 : bytes.count) {
            let head = Array(bytes[..<count])
            #expect(SIPParser.probe(head.span.bytes) == .unsure, "\(count)")
        }
        #expect(SIPParser.probe(bytes.span.bytes) == .mine && SIPParser.probe(datagram: bytes.span.bytes) && SIPParser.probeLater(bytes.span.bytes))
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\n", "HTTP/1.1 200 OK\r\n", "SIP/3.0 200 OK\r\n", "SIP/2.0 700 x", "SIP/2.0 2000 ", "DESCRIBE rtsp://a RTSP/1.0\r\n", "INVITE  SIP/2.0\r\n",
        "INVITE sip:a SIP/1.0\r\n", " INVITE sip:a SIP/2.0\r\n", "INVITE\tsip:a SIP/2.0\r\n", "EHLO SIP/2.0\r\n", "\r\n\r\n", "INVITE sip:a SIP/2.0 \u{0}\r\n",
    ])
    func `what only looks like it is none`(line: String) {
        let bytes = Array(line.utf8)
        #expect(SIPParser.probe(bytes.span.bytes) == .notMine && !SIPParser.probe(datagram: bytes.span.bytes))
        #expect(streams.parse([.bytes(.originator, bytes)]).progress == .failed(.otherProtocol))
    }

    @Test func `random bytes are none`() {
        var random = SeededGenerator(seed: 5)
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 1...80, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(!SIPParser.probe(datagram: bytes.span.bytes) && SIPParser.probe(bytes.span.bytes) != .mine)
        }
    }

    // MARK: Pairing

    @Test func `a call is three transactions, over datagrams and streams`() {
        let parsed = datagrams.verify(SIPBytes.call.map { Datagram($0.sender, $0.bytes) }, flips: 3, order: .given(because: "both sides ask"))
        #expect(parsed.sessions.map(\.text) == Self.callTexts && parsed.sessions.map(\.client) == [.originator, .originator, .responder])
        #expect(parsed.sessions[0].request?.media.map(\.port) == [49170, 51372] && parsed.sessions[0].request?.value(.subject) == "lunch")
        let streamed = streams.verify(SIPBytes.call.map { .bytes($0.sender, $0.bytes) }, order: .given(because: "both sides ask"))
        #expect(streamed.sessions == parsed.sessions && streamed.progress == .wantsMore)
    }

    @Test func `messages of a stream may come several at once, with empty lines between them`() {
        let steps: [Step] = [
            .bytes(.originator, SIPBytes.request("OPTIONS", 1) + Array("\r\n\r\n\r\n".utf8) + SIPBytes.request("OPTIONS", 2, body: SIPBytes.description) + Array("\r\n".utf8)),
            .bytes(.responder, Array("\r\n".utf8) + SIPBytes.response(200, to: "OPTIONS", 2) + SIPBytes.response(404, "Not Found", to: "OPTIONS", 1)),
        ]
        // Empty lines before anything else are nobody's.
        let parsed = streams.verify([steps[0], .bytes(.responder, Array(steps[1].content.dropFirst(2)))])
        #expect(parsed.sessions.map(\.text) == ["OPTIONS sip:john@example.org 200 OK", "OPTIONS sip:john@example.org 404 Not Found"])
        #expect(parsed.sessions.map { $0.request?.bodyLength } == [SIPBytes.description.utf8.count, 0])
    }

    @Test func `what is sent again is of one transaction`() {
        let invite = SIPBytes.request("INVITE"), busy = SIPBytes.response(486, "Busy Here", to: "INVITE"), ack = SIPBytes.request("ACK")
        let conversation: [(Direction, [UInt8])] = [
            (.originator, invite), (.originator, invite), (.responder, SIPBytes.response(100, "Trying", to: "INVITE")), (.originator, invite), (.responder, busy),
            (.originator, invite), (.responder, busy), (.originator, ack), (.responder, busy), (.originator, ack),
        ]
        let parsed = datagrams.verify(conversation.map { Datagram($0.0, $0.1) }, flips: 3,
            order: .given(because: "what is sent again is told by what came before it"))
        #expect(parsed.sessions.map(\.text) == ["INVITE sip:john@example.org 486 Busy Here after 1 to 100 sent again 2", "ACK sip:john@example.org -"])
    }

    @Test func `CANCEL and INVITE have a branch in common and are two`() {
        let parsed = datagrams.verify([
            Datagram(.originator, SIPBytes.request("INVITE")), Datagram(.originator, SIPBytes.request("CANCEL")),
            Datagram(.responder, SIPBytes.response(200, to: "CANCEL")), Datagram(.responder, SIPBytes.response(487, "Request Terminated", to: "INVITE")),
        ])
        #expect(parsed.sessions.map(\.text) == ["CANCEL sip:john@example.org 200 OK", "INVITE sip:john@example.org 487 Request Terminated"])
    }

    /// RFC 3261 13.2.2.4: whoever forks a request may bring several answers.
    @Test func `another answer with another tag is a session of its own`() {
        let parsed = datagrams.verify([
            Datagram(.originator, SIPBytes.request("INVITE")), Datagram(.responder, SIPBytes.response(200, to: "INVITE", tag: "x")),
            Datagram(.responder, SIPBytes.response(200, to: "INVITE", tag: "y")), Datagram(.responder, SIPBytes.response(200, to: "INVITE", tag: "x")),
        ])
        #expect(parsed.sessions.map(\.text) == ["INVITE sip:john@example.org 200 OK", "INVITE - 200 OK"] && parsed.sessions.map(\.client) == [.originator, .originator])
    }

    @Test func `answers go by Call-ID, branch, number and method`() {
        let parsed = datagrams.parse([
            Datagram(.originator, SIPBytes.request("OPTIONS", 1)), Datagram(.originator, SIPBytes.request("OPTIONS", 1, branch: "z9hG4bK9")),
            Datagram(.originator, SIPBytes.request("OPTIONS", 1, call: "other")), Datagram(.originator, SIPBytes.request("OPTIONS", 2)),
            Datagram(.responder, SIPBytes.response(200, "four", to: "OPTIONS", 2)), Datagram(.responder, SIPBytes.response(200, "three", to: "OPTIONS", 1, call: "other")),
            Datagram(.responder, SIPBytes.response(200, "two", to: "OPTIONS", 1, branch: "z9hG4bK9")), Datagram(.responder, SIPBytes.response(200, "one", to: "OPTIONS", 1)),
            Datagram(.responder, SIPBytes.response(200, "none", to: "INFO", 1)),
        ])
        #expect(parsed.sessions.map(\.text) == ["four", "three", "two", "one"].map { "OPTIONS sip:john@example.org 200 \($0)" } + ["INFO - 200 none"])
    }

    @Test func `a request of which no answer comes is given after 32 s, or 180 s after a provisional one`() {
        var parser = SIPParser()
        func feed(_ bytes: [UInt8], _ sender: Direction, _ seconds: Int64) -> [String] {
            _ = parser.feed(datagram: bytes.span.bytes, missing: 0, from: sender, at: Timestamp(nanoseconds: seconds * 1_000_000_000))
            var texts: [String] = []
            while let session = parser.nextSession() { texts.append(session.text) }
            return texts
        }
        #expect(feed(SIPBytes.request("INVITE", 1), .originator, 0) == [] && feed(SIPBytes.request("OPTIONS", 2), .originator, 1) == [])
        #expect(feed(SIPBytes.response(180, "Ringing", to: "INVITE", 1), .responder, 2) == [])
        #expect(feed(SIPBytes.request("ACK", 9), .originator, 34) == ["OPTIONS sip:john@example.org -", "ACK sip:john@example.org -"])
        #expect(feed(SIPBytes.request("ACK", 10), .originator, 181) == ["ACK sip:john@example.org -"])
        #expect(feed(SIPBytes.request("ACK", 11), .originator, 183) == ["INVITE sip:john@example.org - after 1 to 180", "ACK sip:john@example.org -"])
        #expect(feed(SIPBytes.request("INFO", 12), .originator, .max / 1_000_000_000) == [])
    }

    @Test func `times are those of the first request and of the final response`() throws {
        var parser = SIPParser()
        for (second, datagram) in [
            SIPBytes.request("INVITE"), SIPBytes.request("INVITE"), SIPBytes.response(180, to: "INVITE"), SIPBytes.response(200, to: "INVITE"),
        ].enumerated() {
            _ = parser.feed(datagram: datagram.span.bytes, missing: 0, from: second < 2 ? .originator : .responder, at: Timestamp(nanoseconds: Int64(second) * 1_000_000_000))
        }
        let next = parser.nextSession()
        let session = try #require(next)
        #expect(session.requested == .zero && session.latency == 3_000_000_000)
    }

    @Test func `directions interleaved at random say the same`() {
        let requests = (0..<20).map { SIPBytes.request("OPTIONS", $0 + 1) }, responses = (0..<20).map { SIPBytes.response(200, "\($0)", to: "OPTIONS", $0 + 1) }
        for seed in 0..<50 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            var (steps, sent, answered): ([Step], Int, Int) = ([], 0, 0)
            while answered < 20 {
                if sent < 20, sent == answered || Bool.random(using: &random) {
                    steps.append(.bytes(.originator, requests[sent]))
                    sent += 1
                } else {
                    steps.append(.bytes(.responder, responses[answered]))
                    answered += 1
                }
            }
            #expect(streams.parse(steps).sessions.map(\.text) == (0..<20).map { "OPTIONS sip:john@example.org 200 \($0)" }, "seed \(seed)")
        }
    }

    /// Bytes changed, left out, doubled and moved, and holes.
    @Test(arguments: 0..<400 as Range<UInt64>) func `what is wrong says the same however it is cut`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let words = ["\r\n", "\r\n\r\n", "\n", " ", "SIP/2.0", "SIP/2.0 200 \r\n", ":", "l: 5\r\n", "Content-Length: 99\r\n", "\"", "<", "CSeq: 1 ACK\r\n", "@", ","]
        var steps: [Step] = []
        for (sender, bytes) in SIPBytes.call + SIPBytes.call {
            var bytes = bytes
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random), end = min(bytes.count, place + Int.random(in: 1...40, using: &random))
                switch Int.random(in: 0..<5, using: &random) {
                case 0: bytes[place] = .random(in: 0...255, using: &random)
                case 1: bytes.removeSubrange(place..<end)
                case 2: bytes.insert(contentsOf: Array(bytes[place..<end]), at: place)
                case 3: bytes.insert(contentsOf: Array(words.randomElement(using: &random)!.utf8), at: place)
                default: bytes.removeLast(bytes.count - place)
                }
                if bytes.isEmpty { bytes = [13] }
            }
            steps.append(.bytes(sender, bytes))
            if Int.random(in: 0..<6, using: &random) == 0 { steps.append(.gap(sender, Int.random(in: 1...300, using: &random))) }
        }
        let whole = streams.parse(steps)
        for size in [1, 2, 7, 61] {
            let cut = streams.parse(steps.flatMap { step -> [Step] in
                guard case .bytes(let sender, let bytes) = step else { return [step] }
                return stride(from: 0, to: bytes.count, by: size).map { .bytes(sender, Array(bytes[$0..<min(bytes.count, $0 + size)])) }
            })
            #expect(cut == whole, "in pieces of \(size): \(cut.sessions.map(\.text)) \(cut.progress) instead of \(whole.sessions.map(\.text)) \(whole.progress)")
        }
        for session in whole.sessions { for field in SIPParser.fields { field.read(session) { _ in } } }
    }

    // MARK: Datagrams

    @Test func `what keeps a way open is passed over, and what is none of it ends the flow`() {
        let stun: [UInt8] = [0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42] + [UInt8](repeating: 7, count: 12)
        let idle = [[UInt8]("\r\n\r\n".utf8), [0], Array("jaK\0".utf8), stun].map { Datagram(.originator, $0) }
        let parsed = datagrams.verify([Datagram(.originator, SIPBytes.request("OPTIONS"))] + [[Datagram]](repeating: idle, count: 9).flatMap { $0 } + [
            Datagram(.responder, SIPBytes.response(200, to: "OPTIONS")),
        ], flips: 5)
        #expect(parsed.sessions.map(\.text) == ["OPTIONS sip:john@example.org 200 OK"] && parsed.progress == .wantsMore)
        let other = datagrams.parse([Datagram(.originator, SIPBytes.request("OPTIONS"))] + (0..<8).map { _ in Datagram(.responder, Array("none of it".utf8)) })
        #expect(other.progress == .failed(.otherProtocol) && other.sessions.count == 1)
    }

    @Test func `a datagram that was cut tells what it has`() {
        let invite = SIPBytes.request("INVITE", body: SIPBytes.description)
        let cut = datagrams.parse([Datagram(.originator, Array(invite.dropLast(60)), missing: 60), Datagram(.responder, SIPBytes.response(200, to: "INVITE"))])
        #expect(cut.sessions.map(\.text) == ["INVITE sip:john@example.org 200 OK bodyCut"] && cut.sessions[0].request?.media.count == 1)
        let head = datagrams.parse([Datagram(.originator, Array(invite.prefix(200)), missing: 500)])
        #expect(head.sessions.map(\.text) == ["INVITE sip:john@example.org - headCut"])
    }

    // MARK: Holes

    @Test func `a hole within a body is known by its length, and one beyond it by the next first line`() {
        let (one, two, three) = (SIPBytes.request("INVITE", 1, body: SIPBytes.description), SIPBytes.request("INFO", 2), SIPBytes.request("INFO", 3))
        let within = streams.verify([.bytes(.originator, Array(one.dropLast(50))), .gap(.originator, 20), .bytes(.originator, Array(one.suffix(30)) + two)])
        #expect(within.sessions.map(\.text) == ["INVITE sip:john@example.org - bodyCut", "INFO sip:john@example.org -"])
        let atEnd = streams.verify([.bytes(.originator, Array(one.dropLast(50))), .gap(.originator, 50), .bytes(.originator, two)])
        #expect(atEnd.sessions.map(\.text) == within.sessions.map(\.text))
        let beyond = streams.verify([.bytes(.originator, Array(one.dropLast(50))), .gap(.originator, 90), .bytes(.originator, Array(two.suffix(70)) + three)])
        #expect(beyond.sessions.map(\.text) == ["INVITE sip:john@example.org - bodyCut", "INFO sip:john@example.org -"] && beyond.sessions[1].message.sequence == "3 INFO")
        let inHead = streams.verify([.bytes(.originator, one + two.prefix(100)), .gap(.originator, 10), .bytes(.originator, three)])
        #expect(inHead.sessions.map(\.text) == ["INFO sip:john@example.org - headCut", "INVITE sip:john@example.org -", "INFO sip:john@example.org -"])
    }

    @Test func `what lies between messages is searched for the next one`() {
        let parsed = streams.verify([
            .bytes(.originator, SIPBytes.request("INFO", 1) + Array("\u{0}garbage\r\nINVITE sip:no\r\nSIP/2.0 9\r\n\r\n".utf8) + SIPBytes.request("INFO", 2)),
            .bytes(.responder, SIPBytes.response(200, to: "INFO", 1) + Array("\n\nSIP/2.0 x".utf8) + Array("\n".utf8) + SIPBytes.response(200, to: "INFO", 2)),
        ])
        #expect(parsed.sessions.map(\.text) == ["INFO sip:john@example.org 200 OK", "INFO sip:john@example.org 200 OK"])
    }

    @Test func `a capture that begins with answers is read`() {
        let parsed = streams.verify([.bytes(.responder, SIPBytes.response(200, to: "INFO", 1)), .bytes(.originator, SIPBytes.request("INFO", 2))])
        #expect(parsed.sessions.map(\.text) == ["INFO - 200 OK", "INFO sip:john@example.org -"])
    }

    @Test func `the tortuous INVITE is one message of a stream too`() {
        #expect(streams.verify([.bytes(.originator, SIPBytes.tortuous + SIPBytes.request("INFO", 2))]).sessions.map(\.message.method) == ["INVITE", "INFO"])
    }

    @Test func `its value is small, and is nothing before it is fed`() {
        #expect(MemoryLayout<SIPParser>.size == 8 && SIPParser().heldBytes == 0)
        #expect(MemoryLayout<SIPTransaction>.size <= 160, "\(MemoryLayout<SIPTransaction>.size)")
    }
}

extension Step {
    fileprivate var content: [UInt8] { if case .bytes(_, let bytes) = self { bytes } else { [] } }
}
