import Packets
import Protocols
import TestQUIC
import TestSupport
import Testing

/// Hostile case 35: what nobody should send, and what networks do to the rest.
@Suite struct `QUIC hostile cases` {
    typealias Initial = QUICBytes.Initial
    let verifier = DatagramVerifier<QUICParser>(order: .keysFirst)
    private let clientHello = TLSBytes.clientHello(versions: [0x0304], protocols: ["h3"])
    private let serverHello = TLSBytes.serverHello(suite: 0x1301, selected: 0x0304)

    private func client(_ frames: [UInt8]) -> Datagram { Datagram(.originator, Initial().bytes(frames)) }
    private func server(_ frames: [UInt8]) -> Datagram { Datagram(.responder, Initial.server.bytes(frames)) }

    private func probe(_ bytes: [UInt8]) -> Bool { QUICParser.probe(datagram: bytes.span.bytes) }

    /// The one session of the client's frames and an honest answer.
    private func handshake(_ frames: [UInt8]..., sourceLocation: SourceLocation = #_sourceLocation) throws -> QUICHandshake {
        let parsed = verifier.parse(frames.map(client) + [server(QUICBytes.crypto(serverHello))])
        #expect(parsed.sessions.count == 1, sourceLocation: sourceLocation)
        return try #require(parsed.sessions.first, sourceLocation: sourceLocation)
    }

    @Test(arguments: [1 << 62 - 1, 1 << 62 - 300, 1 << 40, 1 << 16,
        1 << 15] as [UInt64]) func `35: CRYPTO far away is said, and left out`(offset: UInt64) throws {
        let handshake = try handshake(QUICBytes.crypto([1, 2, 3], at: offset) + QUICBytes.crypto(clientHello))
        #expect(handshake.problems == .tooFar && handshake.serverName == "www.example.org")
        var parser = QUICParser()
        let datagram = client(QUICBytes.crypto([1, 2, 3], at: offset))
        _ = parser.feed(datagram: datagram.bytes.span.bytes, missing: 0, from: .originator, at: .zero)
        #expect(parser.heldBytes < 4096)
    }

    @Test func `35: overlapping CRYPTO is taken as it came first, and said where it differs`() throws {
        let again = QUICBytes.crypto(clientHello.prefix(60)) + QUICBytes.crypto(clientHello.dropFirst(40), at: 40)
        let same = try handshake(QUICBytes.crypto(clientHello.prefix(80)) + again)
        #expect(same.problems == [] && same.serverName == "www.example.org")
        var other = clientHello
        let place = clientHello.firstRange(of: Array("www".utf8))!.lowerBound
        other[place] = UInt8(ascii: "x")
        let differs = try handshake(QUICBytes.crypto(clientHello.dropFirst(place - 5), at: UInt64(place - 5)) + QUICBytes.crypto(other[..<(place + 3)]))
        #expect(differs.problems == .overlap && differs.serverName == "www.example.org")
        // Also across packets.
        let across = try handshake(QUICBytes.crypto(clientHello[..<(place + 3)]), QUICBytes.crypto(other))
        #expect(across.problems == .overlap && across.serverName == "www.example.org")
    }

    @Test func `35: CRYPTO frames of one byte, in order, backwards and shuffled`() throws {
        let frames = QUICBytes.crypto(clientHello, by: 1)
        var random = SeededGenerator(seed: 35)
        for order in [frames, frames.reversed(), frames.shuffled(using: &random)] {
            #expect(try handshake(order.flatMap { $0 }).serverName == "www.example.org")
        }
    }

    @Test func `35: a piece in the middle that never comes, that comes late, and that is sent again`() throws {
        // quic-frag-middle-gap: in one packet, and in three of which the second is lost.
        let pieces = [clientHello[..<40], clientHello[40..<90], clientHello[90...]]
        let places = [0, 40, 90] as [UInt64]
        let frames = zip(pieces, places).map { QUICBytes.crypto($0, at: $1) }
        let without = try handshake(frames[0] + frames[2])
        #expect(without.clientHello == nil && without.serverHello != nil && without.serverName == nil)
        let packets = frames.enumerated().map { number, frames in
            var packet = Initial()
            packet.number = UInt64(number)
            return Datagram(.originator, packet.bytes(frames))
        }
        let answer = server(QUICBytes.crypto(serverHello))
        let lost = verifier.verify([packets[0], packets[2], answer], flips: 11)
        #expect(lost.sessions.map(\.serverName) == [nil] && lost.progress == .wantsMore)
        for order in [[0, 2, 1], [2, 0, 1], [1, 2, 0]] {
            let late = verifier.verify(order.map { packets[$0] } + [answer], flips: 11)
            #expect(late.sessions.map(\.serverName) == ["www.example.org"] && late.sessions.first?.problems == [] && late.progress == .done)
        }
        // Sent again as a whole, overlapping what is there.
        var again = Initial()
        again.number = 3
        let whole = verifier.verify([packets[0], packets[2], Datagram(.originator, again.bytes(QUICBytes.crypto(clientHello))), answer], flips: 11)
        #expect(whole.sessions.map(\.serverName) == ["www.example.org"] && whole.sessions.first?.problems == [])
    }

    @Test func `35: Initials coalesced and padded`() throws {
        let halves = QUICBytes.crypto(clientHello, by: 50)
        var second = Initial()
        (second.number, second.padding) = (1, 1000)
        let frames = halves[1...].flatMap { $0 }
        let padded = [UInt8](repeating: 0, count: 40)
        // Behind the packets, within the second, and before its frames.
        for datagram in [
            Initial().bytes(halves[0]) + second.bytes(frames) + padded,
            Initial().bytes(padded + halves[0] + padded) + QUICBytes.zeroRTT() + second.bytes(padded + frames),
        ] {
            let parsed = verifier.verify([Datagram(.originator, datagram), server(QUICBytes.crypto(serverHello) + padded)], flips: 53)
            #expect(parsed.sessions.first?.serverName == "www.example.org" && parsed.progress == .done)
        }
    }

    @Test func `35: what is coalesced and goes elsewhere is not of the connection`() throws {
        var stranger = Initial()
        (stranger.destination, stranger.keyID) = ([1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3, 4, 5, 6, 7, 8])
        let evil = stranger.bytes(QUICBytes.crypto(TLSBytes.clientHello(serverName: Array("evil.example".utf8))))
        let parsed = verifier.parse([Datagram(.originator, Initial().bytes(QUICBytes.ping) + evil), client(QUICBytes.crypto(clientHello)),
            server(QUICBytes.crypto(serverHello))])
        #expect(parsed.sessions.map(\.serverName) == ["www.example.org"])
    }

    @Test func `35: tokens of no length, of the longest, and of more than there is`() throws {
        for length in [0, 1, 63, 64, 900, 20_000] {
            var first = Initial()
            first.token = [UInt8](repeating: 0x99, count: length)
            let parsed = verifier.parse([Datagram(.originator, first.bytes(QUICBytes.crypto(clientHello))), server(QUICBytes.crypto(serverHello))])
            #expect(parsed.sessions.first?.serverName == "www.example.org" && parsed.sessions.first?.tokenLength == length)
        }
        for length in [1 << 14, 1 << 30 - 1, 1 << 62 - 1] as [UInt64] {
            var first = Initial()
            first.tokenLength = length
            let bytes = first.bytes(QUICBytes.crypto(clientHello))
            #expect(!probe(bytes))
            #expect(verifier.parse([Datagram(.originator, bytes)]).sessions.isEmpty)
        }
    }

    @Test func `35: lengths that lie`() throws {
        let good = [client(QUICBytes.crypto(clientHello)), server(QUICBytes.crypto(serverHello))]
        for length in [0, 1, 4, 15, 19, 20, 21, 60, 16383, 1 << 16, 1 << 30, 1 << 62 - 1] as [UInt64] {
            var first = Initial()
            first.length = length
            let parsed = verifier.parse([Datagram(.originator, first.bytes(QUICBytes.crypto(clientHello)))] + good)
            #expect(parsed.sessions.map(\.serverName) == ["www.example.org"])
        }
    }

    @Test func `35: wrong keys are said, and cost a bounded number of tries`() throws {
        var wrong = Initial()
        wrong.keyID = [0xff]
        let bytes = wrong.bytes(QUICBytes.crypto(clientHello))
        let parsed = verifier.parse([Datagram](repeating: Datagram(.originator, bytes), count: 60))
        #expect(parsed.sessions.map(\.problems) == [[.undecipherable, .tooMany]] && parsed.progress == .wantsMore)
        #expect(parsed.sessions.first?.initialDestination?.bytes == QUICBytes.clientDestination)
        // Both sides': there is nothing more to try.
        let both = verifier.parse((0..<60).map { Datagram($0 % 2 == 0 ? .originator : .responder, bytes) })
        #expect(both.progress == .done && both.sessions.count == 1)
        // An honest packet is opened after a few of them.
        let mixed = verifier.parse([Datagram](repeating: Datagram(.originator, bytes), count: 6) + [client(QUICBytes.crypto(clientHello)),
            server(QUICBytes.crypto(serverHello))])
        #expect(mixed.sessions.first?.serverName == "www.example.org" && mixed.sessions.first?.problems == [])
    }

    @Test func `35: the connection's IDs change on the way`() throws {
        let halves = QUICBytes.crypto(clientHello, by: 50)
        // The client goes on to the server's ID, and sends again what it sent; the server takes another ID, which it must not.
        var second = Initial(), third = Initial.server
        (second.number, second.destination) = (1, QUICBytes.serverID)
        (third.number, third.source) = (1, [9, 9])
        let parsed = verifier.verify([
            client(halves[0]), server(QUICBytes.acknowledgment(0)), Datagram(.originator, second.bytes(halves[1...].flatMap { $0 } + halves[0])),
            Datagram(.responder, third.bytes(QUICBytes.crypto(serverHello))),
        ], flips: 7)
        let handshake = try #require(parsed.sessions.first)
        #expect(parsed.sessions.count == 1 && handshake.serverName == "www.example.org" && handshake.serverHello != nil && handshake.problems == [])
        #expect(handshake.serverID?.bytes == QUICBytes.serverID)
    }

    @Test func `35: the Initial is not first`() throws {
        // quic-initial-not-first: the server's packets, early data and short headers come before it.
        let strays = [
            Datagram(.responder, QUICBytes.handshake()), Datagram(.responder, Initial.server.bytes(QUICBytes.ping)), Datagram(.originator, QUICBytes.oneRTT),
            Datagram(.originator, QUICBytes.zeroRTT()),
        ]
        for stray in strays {
            let parsed = verifier.parse([stray, client(QUICBytes.crypto(clientHello)), server(QUICBytes.crypto(serverHello))])
            #expect(parsed.sessions.map(\.serverName) == ["www.example.org"] && parsed.sessions.first?.client == .originator)
        }
        let late = verifier.parse([strays[0], Datagram(.originator, QUICBytes.oneRTT)])
        #expect(late.sessions.map(\.packetTypes) == [[.handshake, .oneRTT]] && late.sessions.first?.problems == [])
    }

    @Test func `35: datagrams cut by the snap length`() throws {
        let whole = Initial().bytes(QUICBytes.crypto(clientHello))
        for length in [20, 60, whole.count - 1] {
            let cut = Datagram(.originator, Array(whole.prefix(length)), missing: whole.count - length)
            #expect(probe(cut.bytes) == (length > 20))
            let parsed = verifier.parse([cut, server(QUICBytes.crypto(serverHello))])
            #expect(parsed.sessions.first?.problems.contains(.cut) == (length > 20))
        }
        // What was sent again may be whole.
        let again = verifier.parse([Datagram(.originator, Array(whole.prefix(60)), missing: 100), client(QUICBytes.crypto(clientHello)),
            server(QUICBytes.crypto(serverHello))])
        #expect(again.sessions.first?.serverName == "www.example.org")
    }

    @Test func `35: version negotiation and Retry without end`() throws {
        let versions = [UInt32](repeating: QUICBytes.v1, count: 300)
        let storm = (0..<300).flatMap { number -> [Datagram] in
            let id = QUICBytes.big(UInt32(number)) + QUICBytes.big(7)
            return [
                Datagram(.responder, QUICBytes.retry(source: id, token: id)), Datagram(.responder, QUICBytes.negotiation(versions)),
                Datagram(.originator, Initial().bytes(QUICBytes.ping)),
            ]
        }
        let parsed = verifier.parse(storm)
        #expect(parsed.progress == .done && parsed.sessions.count == 1 && parsed.sessions[0].offeredVersions.count == 16)
        #expect(parsed.sessions[0].history.text(client: .originator).utf8.count == 32)
    }

    @Test func `35: a client that tries again and again begins few sessions`() throws {
        let conversation = (0..<60).map { number -> Datagram in
            var packet = Initial()
            let id = [UInt8](repeating: UInt8(number), count: 8)
            (packet.destination, packet.keyID) = (id, id)
            var hello = clientHello
            hello[10] ^= UInt8(number)
            return Datagram(.originator, packet.bytes(QUICBytes.crypto(hello)))
        }
        let parsed = verifier.parse(conversation)
        #expect(parsed.sessions.count == 8 && parsed.sessions.last?.problems == .tooMany)
    }

    @Test func `35: a message that is no hello, and one that does not hold together`() throws {
        for message in [TLSBytes.message(11, [0]), TLSBytes.message(1, [3, 3]), TLSBytes.serverHello(), Array(clientHello.dropLast()) + [0xff]] {
            let handshake = try handshake(QUICBytes.crypto(message + [0]))
            #expect(handshake.clientHello == nil || message.count == clientHello.count)
            #expect(handshake.serverHello != nil)
        }
        #expect(try handshake(QUICBytes.crypto(TLSBytes.message(11, [0]))).problems == .hello)
        #expect(try handshake(QUICBytes.crypto([1, 0xff, 0xff, 0xff])).problems == .tooFar)
    }

    /// Whatever an Initial's frames say: cut off and flipped before they are protected, for afterwards nothing would open them.
    @Test func `31, 35: lives through any frames`() {
        let frames = QUICBytes.acknowledgment(3, ranges: [(0, 1), (2, 0)]) + [3, 0, 0, 0, 0, 1, 2,
            3] + QUICBytes.ping + QUICBytes.crypto(clientHello.prefix(50)) + [0, 0, 0]
            + QUICBytes.crypto(clientHello.dropFirst(50), at: 50) + QUICBytes.close(0x100 + 40, "why")
        var random = SeededGenerator(seed: 31)
        for place in frames.indices {
            var flipped = frames
            flipped[place] = UInt8.random(in: 0...255, using: &random)
            for payload in [Array(frames[..<place]), flipped] {
                let parsed = verifier.parse([client(payload), server(payload), server(QUICBytes.crypto(serverHello))])
                #expect(parsed.sessions.count == 1)
            }
        }
        for _ in 0..<2000 {
            let payload = (0..<Int.random(in: 4...90, using: &random)).map { _ in UInt8.random(in: 0...(Bool.random(using: &random) ? 8 : 255),
                using: &random) }
            #expect(verifier.parse([client(payload), server(payload)]).sessions.count == 1)
        }
    }

    @Test(.timeLimit(.minutes(2))) func `31, 35: lives through any datagram`() {
        verifier.survive([
            Datagram(.originator, Initial().bytes(QUICBytes.crypto(clientHello)) + QUICBytes.zeroRTT()), Datagram(.responder,
                QUICBytes.retry(source: [1, 2, 3, 4], token: [7, 7, 7])),
            Datagram(.responder, QUICBytes.negotiation([1, 2, 3])), Datagram(.responder,
                Initial.server.bytes(QUICBytes.crypto(serverHello)) + QUICBytes.handshake()),
            Datagram(.originator, QUICBytes.unknown(version: 0x2a2a_2a2a, count: 60)), Datagram(.originator, Array("\u{09}12345678Q039".utf8)),
        ])
        var random = SeededGenerator(seed: 32)
        for _ in 0..<20_000 {
            var bytes = (0..<Int.random(in: 1...80, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            bytes = [bytes[0] | 0xc0] + QUICBytes.big([0, 1, QUICBytes.v2, QUICBytes.draft29, 0x5130_3436].randomElement(using: &random)!) + bytes
            _ = QUICParser.probe(datagram: bytes.span.bytes)
            _ = verifier.parse([Datagram(.originator, bytes), Datagram(.responder, bytes, missing: 3)])
        }
    }

    @Test func `35: duplicates change nothing`() {
        let conversation = [client(QUICBytes.crypto(clientHello)), server(QUICBytes.crypto(serverHello))]
        let doubled = verifier.parse(conversation.flatMap { [$0, $0] })
        #expect(doubled.sessions.count == 1 && doubled.sessions.first?.serverHello != nil && doubled.sessions.first?.problems == [])
    }
}
