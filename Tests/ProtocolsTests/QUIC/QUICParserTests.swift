import Packets
import Protocols
import TestQUIC
import TestSupport
import Testing

extension DirectionOrder {
    /// QUIC's.
    static var keysFirst: DirectionOrder { .given(because: "keys follow from the client's first packet, and a session tells the order of what was seen") }
}

@Suite struct `QUIC parser` {
    typealias Initial = QUICBytes.Initial
    let verifier = DatagramVerifier<QUICParser>(order: .keysFirst)
    private let clientHello = TLSBytes.clientHello(versions: [0x0304], protocols: ["h3"], suites: [0x1301, 0x1302])
    private let serverHello = TLSBytes.serverHello(suite: 0x1301, selected: 0x0304)

    private func client(_ frames: [UInt8]) -> Datagram { Datagram(.originator, Initial().bytes(frames)) }
    private func server(_ frames: [UInt8]) -> Datagram { Datagram(.responder, Initial.server.bytes(frames)) }

    private func probe(_ bytes: [UInt8]) -> Bool { QUICParser.probe(datagram: bytes.span.bytes) }
    private func feed(_ parser: inout QUICParser, _ datagram: Datagram) -> ParserProgress {
        parser.feed(datagram: datagram.bytes.span.bytes, missing: datagram.missing, from: datagram.sender, at: .zero)
    }

    private func only(_ parsed: Parsed<QUICHandshake>, sourceLocation: SourceLocation = #_sourceLocation) throws -> QUICHandshake {
        #expect(parsed.sessions.count == 1, sourceLocation: sourceLocation)
        return try #require(parsed.sessions.first, sourceLocation: sourceLocation)
    }

    private func expectBothHellos(_ handshake: QUICHandshake, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(handshake.serverName == "www.example.org" && handshake.offeredProtocols == ["h3"], sourceLocation: sourceLocation)
        #expect(handshake.serverHello?.cipherSuite == 0x1301 && handshake.problems == [], sourceLocation: sourceLocation)
    }

    @Test func `finds both hellos, and is done`() throws {
        let parsed = verifier.verify([client(QUICBytes.crypto(clientHello)), server(QUICBytes.acknowledgment(0) + QUICBytes.crypto(serverHello))])
        let handshake = try only(parsed)
        expectBothHellos(handshake)
        #expect(parsed.progress == .done && handshake.client == .originator && handshake.version == .v1 && handshake.packetTypes == .initial)
        #expect(handshake.initialDestination?.bytes == QUICBytes.clientDestination && handshake.clientID?.bytes == QUICBytes.clientID)
        #expect(handshake.serverID?.bytes == QUICBytes.serverID && handshake.tokenLength == 0 && handshake.retryIsGenuine == nil)
    }

    @Test(arguments: [QUICBytes.v1, QUICBytes.v2, QUICBytes.draft29],
        [1, 2, 3, 4]) func `opens packets of each version and length of number`(version: UInt32, length: Int) throws {
        var first = Initial(), answer = Initial.server
        (first.version, first.numberLength, first.number, answer.version, answer.numberLength, answer.number) = (version, length, 77, version, length, 200)
        let handshake = try only(verifier.parse([
            Datagram(.originator, first.bytes(QUICBytes.crypto(clientHello))), Datagram(.responder,
                answer.bytes(QUICBytes.crypto(serverHello)) + QUICBytes.handshake(version: version)),
        ]))
        expectBothHellos(handshake)
        #expect(handshake.version.rawValue == version && handshake.packetTypes == [.initial, .handshake])
    }

    @Test func `tells the client by what it sends, not by who was first`() throws {
        // The server's packets of an earlier attempt come first.
        let stray = Datagram(.originator, Initial.server.bytes(QUICBytes.ping))
        let conversation = [stray, client(QUICBytes.crypto(clientHello)), server(QUICBytes.crypto(serverHello))].enumerated().map { $0 == 0 ? $1 : $1.reversed }
        let handshake = try only(verifier.verify(conversation, flips: 3))
        expectBothHellos(handshake)
        #expect(handshake.client == .responder && handshake.history.text(client: handshake.client) == "iISis")
    }

    @Test func `reads a hello in many frames, packets and datagrams, in any order`() throws {
        var random = SeededGenerator(seed: 5)
        for size in [1, 7, 50] {
            let frames = QUICBytes.crypto(clientHello, by: size).shuffled(using: &random)
            let third = frames.count / 3
            var packets = [frames[..<third], frames[third..<2 * third], frames[(2 * third)...]].enumerated().map { number, frames in
                var packet = Initial()
                packet.number = UInt64(number)
                return packet.bytes(frames.flatMap { $0 + QUICBytes.ping + [0, 0] })
            }
            packets.swapAt(0, 2)
            let handshake = try only(verifier.parse([
                Datagram(.originator, packets[0] + packets[1]), Datagram(.originator, packets[2]), server(QUICBytes.crypto(serverHello)),
            ]))
            expectBothHellos(handshake)
        }
    }

    @Test func `reads early data before and between the client's Initials`() throws {
        let halves = QUICBytes.crypto(clientHello, by: 50)
        var second = Initial()
        second.number = 1
        let handshake = try only(verifier.verify([
            Datagram(.originator, QUICBytes.zeroRTT()), Datagram(.originator, Initial().bytes(halves[0]) + QUICBytes.zeroRTT()),
            Datagram(.originator, second.bytes(halves[1...].flatMap { $0 })), server(QUICBytes.crypto(serverHello)),
        ], flips: 11))
        expectBothHellos(handshake)
        #expect(handshake.hasEarlyData && handshake.history.text(client: .originator) == "ZIZISis")
    }

    @Test(arguments: [QUICBytes.v1, QUICBytes.v2]) func `follows a Retry`(version: UInt32) throws {
        let next: [UInt8] = [9, 8, 7, 6, 5, 4, 3, 2, 1]
        var first = Initial(), again = Initial(), answer = Initial.server
        first.version = version
        (again.version, again.destination, again.keyID, again.token, again.number) = (version, next, next, Array("a token".utf8), 1)
        (answer.version, answer.keyID) = (version, next)
        let conversation = [
            Datagram(.originator, first.bytes(QUICBytes.crypto(clientHello.prefix(50)))),
            Datagram(.responder, QUICBytes.retry(version: version, source: next, token: Array("a token".utf8))),
            Datagram(.originator, again.bytes(QUICBytes.crypto(clientHello))), Datagram(.responder, answer.bytes(QUICBytes.crypto(serverHello))),
        ]
        let handshake = try only(verifier.verify(conversation, flips: 5))
        expectBothHellos(handshake)
        #expect(handshake.isRetried && handshake.retryIsGenuine == true && handshake.tokenLength == 7)
        #expect(handshake.initialDestination?.bytes == QUICBytes.clientDestination && handshake.serverID?.bytes == QUICBytes.serverID)
        // Also when the client's first packet holds all of the hello, or was not seen.
        expectBothHellos(try only(verifier.parse([Datagram(.originator, first.bytes(QUICBytes.crypto(clientHello)))] + conversation.dropFirst())))
        let late = try only(verifier.parse(Array(conversation.dropFirst())))
        expectBothHellos(late)
        #expect(late.retryIsGenuine == nil && late.client == .originator)
    }

    @Test func `does not follow a Retry that is none of the server's`() throws {
        let forged = QUICBytes.retry(source: [1, 1, 1, 1, 1, 1, 1, 1], token: [1], original: [0, 0, 0, 0, 0, 0, 0, 0])
        let handshake = try only(verifier.parse([
            client(QUICBytes.crypto(clientHello)), Datagram(.responder, forged), server(QUICBytes.crypto(serverHello)),
        ]))
        expectBothHellos(handshake)
        #expect(handshake.isRetried && handshake.retryIsGenuine == false && handshake.serverID?.bytes == QUICBytes.serverID)
    }

    @Test func `follows version negotiation`() throws {
        let wish: UInt32 = 0x1a2a_3a4a
        let handshake = try only(verifier.verify([
            Datagram(.originator, QUICBytes.unknown(version: wish)), Datagram(.responder, QUICBytes.negotiation([0x5a5a_5a5a, QUICBytes.v1, QUICBytes.v2])),
            client(QUICBytes.crypto(clientHello)), server(QUICBytes.crypto(serverHello)),
        ], flips: 11))
        expectBothHellos(handshake)
        #expect(handshake.version.rawValue == wish && handshake.version.isGREASE && handshake.lastVersion == .v1)
        #expect(handshake.offeredVersions.map(\.name) == ["unknown-5a5a5a5a", "1", "quicv2"] && handshake.history.text(client: .originator) == "UvISis")
    }

    @Test func `follows a server to another version`() throws {
        // RFC 9369 4.1: keys of the new version, made from the same ID.
        var answer = Initial.server, more = Initial()
        answer.version = QUICBytes.v2
        (more.version, more.number, more.destination) = (QUICBytes.v2, 1, QUICBytes.serverID)
        let handshake = try only(verifier.verify([
            client(QUICBytes.crypto(clientHello.prefix(50))), Datagram(.responder, answer.bytes(QUICBytes.acknowledgment(0))),
            Datagram(.originator, more.bytes(QUICBytes.crypto(clientHello.dropFirst(50), at: 50))), Datagram(.responder,
                answer.bytes(QUICBytes.crypto(serverHello))),
        ], flips: 7))
        expectBothHellos(handshake)
        #expect(handshake.version == .v1 && handshake.lastVersion == .v2)
    }

    @Test func `takes the client's hello before a HelloRetryRequest, and the server's after it`() throws {
        let handshake = try only(verifier.verify([
            client(QUICBytes.crypto(clientHello)), server(QUICBytes.crypto(TLSBytes.helloRetryRequest)),
            server(QUICBytes.crypto(serverHello, at: UInt64(TLSBytes.helloRetryRequest.count))),
        ], flips: 5))
        expectBothHellos(handshake)
        #expect(handshake.helloRetried)
    }

    @Test func `keeps why a side gives up`() throws {
        let parsed = verifier.verify([client(QUICBytes.crypto(clientHello)), server(QUICBytes.close(0x178, "no protocol in common"))], flips: 3)
        let handshake = try only(parsed)
        #expect(parsed.progress == .done && handshake.closer == .responder && handshake.close?.name == "CRYPTO_ERROR(no_application_protocol)")
        #expect(handshake.close?.alert?.description == "no_application_protocol" && handshake.close?.reason == "no protocol in common")
        #expect(handshake.history.text(client: .originator) == "ISic")
        let refused = try only(verifier.parse([client(QUICBytes.crypto(clientHello)), server(QUICBytes.close(2, String(repeating: "x", count: 700)))]))
        #expect(refused.close?.name == "CONNECTION_REFUSED" && refused.close?.reason.utf8.count == 256 && refused.close?.alert == nil)
    }

    @Test func `gives what was seen when nobody answers`() throws {
        let alone = verifier.verify([client(QUICBytes.crypto(clientHello))])
        let handshake = try only(alone)
        #expect(alone.progress == .wantsMore && handshake.serverName == "www.example.org")
        // And does not wait for ever.
        var parser = QUICParser()
        var count = 0
        var progress = ParserProgress.wantsMore
        while progress == .wantsMore, count < 1000 {
            progress = feed(&parser, count == 0 ? client(QUICBytes.crypto(clientHello)) : Datagram(.originator, QUICBytes.oneRTT))
            count += 1
        }
        #expect(progress == .done && count == 100 && parser.nextSession()?.serverName == "www.example.org" && parser.nextSession() == nil
            && parser.heldBytes == 0)
    }

    @Test func `begins another session when the client tries again with another hello`() throws {
        let other: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
        var second = Initial(), answer = Initial.server
        (second.destination, second.keyID, second.source, answer.keyID, answer.destination) = (other, other, [5, 5], other, [5, 5])
        var hello = TLSBytes.clientHello(serverName: Array("b.example.org".utf8), versions: [0x0304])
        hello[10] ^= 1  // of its random
        let parsed = verifier.verify([
            client(QUICBytes.crypto(clientHello)), Datagram(.originator, second.bytes(QUICBytes.crypto(hello))), Datagram(.responder,
                answer.bytes(QUICBytes.crypto(serverHello))),
        ], flips: 7)
        #expect(parsed.sessions.map(\.serverName) == ["www.example.org", "b.example.org"] && parsed.sessions.map { $0.serverHello == nil } == [true, false])
        #expect(parsed.sessions.map { $0.initialDestination?.bytes } == [QUICBytes.clientDestination, other])
        // The same hello, sent elsewhere, is no other session.
        let again = verifier.parse([
            client(QUICBytes.crypto(clientHello)), Datagram(.originator, second.bytes(QUICBytes.crypto(clientHello))), Datagram(.responder,
                answer.bytes(QUICBytes.crypto(serverHello))),
        ])
        expectBothHellos(try only(again))
    }

    @Test func `opens no Initial after both hellos, nor a client's after its own`() {
        // What costs is what is opened; the tracker drops a parser that is done.
        var parser = QUICParser()
        let first = client(QUICBytes.crypto(clientHello))
        for _ in 0..<50 { #expect(feed(&parser, first) == .wantsMore) }
        let answer = server(QUICBytes.crypto(serverHello))
        #expect(feed(&parser, answer) == .done)
        #expect(parser.nextSession()?.problems == [])
    }

    @Test func `names Google's QUIC, and stops`() throws {
        for bytes in [[0x0d, 1, 2, 3, 4, 5, 6, 7, 8] + Array("Q043".utf8) + [1, 2, 3],
            [0xc3] + Array("Q046".utf8) + [0x50] + [UInt8](repeating: 7, count: 40), [0xd3] + Array("Q050".utf8) + [8, 1, 2, 3, 4, 5, 6, 7, 8, 0, 9, 9]] {
            #expect(probe(bytes))
            let parsed = verifier.verify([Datagram(.originator, bytes)])
            let handshake = try only(parsed)
            #expect(parsed.progress == .done && handshake.version.name.hasPrefix("Q0") && handshake.version.isGQUIC && handshake.clientHello == nil)
        }
    }

    @Test func `gives up what turns out to be another protocol`() throws {
        let strange = Datagram(.originator, [0x16, 0xfe, 0xfd, 0, 0])
        let parsed = verifier.parse([Datagram(.originator, QUICBytes.zeroRTT())] + [Datagram](repeating: strange, count: 8))
        #expect(parsed.progress == .failed(.otherProtocol) && parsed.sessions.count == 1)
        // Not after an Initial was opened.
        #expect(verifier.parse([client(QUICBytes.crypto(clientHello))] + [Datagram](repeating: strange, count: 80)).progress == .wantsMore)
    }

    @Test func `answers every field, and knows where the client's hello says nothing`() {
        let sessions = verifier.parse([client(QUICBytes.crypto(clientHello)), server(QUICBytes.crypto(serverHello))]).sessions
        var values: [String: [String]] = [:]
        for field in QUICParser.fields { field.read(sessions[0]) { values[field.name, default: []].append("\($0)") } }
        #expect(values["quic.version"] == ["integer(1)"] && values["quic.answered"] == ["integer(1)"] && values["quic.retry.genuine"] == nil)
        #expect(values["quic.tls.sni"]?.count == 1 && values["quic.tls.cipher"] == ["integer(4865)"] && values["quic.problem"] == nil)
    }

    @Test(.timeLimit(.minutes(1)), arguments: 0..<50 as Range<UInt64>) func `finds the same whatever the sides' turns`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var second = Initial(), answer = Initial.server
        (second.number, answer.number) = (1, 1)
        let halves = QUICBytes.crypto(clientHello, by: 50), parts = QUICBytes.crypto(serverHello, by: 30)
        // The server answers once there is an Initial of the client's.
        var clients = [Datagram(.originator, second.bytes(halves[1...].flatMap { $0 })), Datagram(.originator, QUICBytes.zeroRTT())]
        var servers = [server(parts[0]), Datagram(.responder, answer.bytes(parts[1...].flatMap { $0 }))]
        var conversation = [client(halves[0])]
        while !clients.isEmpty || !servers.isEmpty {
            let isClients = servers.isEmpty || !clients.isEmpty && Bool.random(using: &random)
            conversation.append(isClients ? clients.removeFirst() : servers.removeFirst())
        }
        let handshake = try only(verifier.parse(conversation))
        expectBothHellos(handshake)
    }
}
