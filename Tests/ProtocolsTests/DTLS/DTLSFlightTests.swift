import Filters
import Packets
import TestSupport
import Testing
@testable import Protocols

@Suite struct `DTLS behind the hellos` {
    private typealias Datagram = (sender: Direction, bytes: [UInt8])

    private func parse(_ datagrams: [Datagram], depth: SessionDepth = .whole, reversedBefore turn: Int = 0) -> (Parsed<TLSHandshake>, mostHeld: Int) {
        var (parser, parsed, mostHeld) = (DTLSParser(depth: depth), Parsed<TLSHandshake>(), 0)
        for (place, datagram) in datagrams.enumerated() where parsed.progress == .wantsMore {
            if turn > 0, place == turn { parser.reverseRoles() }
            let sender = place < turn ? datagram.sender.opposite : datagram.sender
            parsed.progress = parser.feed(datagram: datagram.bytes.span.bytes, missing: 0, from: sender, at: .zero)
            mostHeld = max(mostHeld, parser.heldBytes)
        }
        parser.finish()
        while let session = parser.nextSession() { parsed.sessions.append(session) }
        return (parsed, mostHeld)
    }

    private static let serverChain = TLSBytes.chain([Certificates.ca, Certificates.negative]), clientChain = TLSBytes.chain([Certificates.negative])
    private static let keyExchange: [UInt8] = [3, 0, 29, 32] + [UInt8](repeating: 7, count: 32 + 8)
    private static func finished(_ sender: Direction) -> Datagram {
        (sender, DTLSBytes.record(20, [1]) + DTLSBytes.record(22, [UInt8](repeating: 9, count: 40), epoch: 1))
    }

    /// Fragments of a message, a datagram each, of so many bytes.
    private static func fragments(_ sender: Direction, _ type: UInt8, _ body: [UInt8], _ sequence: UInt16, size: Int = .max) -> [Datagram] {
        let size = min(size, max(1, body.count))
        return stride(from: 0, to: max(1, body.count), by: size).map { start in
            (sender, DTLSBytes.record(22, DTLSBytes.fragment(type, body, sequence: sequence, start..<min(body.count, start + size))))
        }
    }

    private static func flights(size: Int = .max) -> (hello: [Datagram], server: [Datagram], client: [Datagram]) {
        let hello = fragments(.originator, 1, DTLSBytes.clientHello(), 0)
        let server = fragments(.responder, 2, DTLSBytes.serverHello(), 0) + fragments(.responder, 11, serverChain, 1, size: size)
            + fragments(.responder, 12, keyExchange, 2, size: size) + fragments(.responder, 13, [1, 64, 0, 2, 4, 1, 0, 0], 3) + fragments(.responder, 14, [], 4)
        let client = fragments(.originator, 11, clientChain, 1, size: size) + fragments(.originator, 16, [32] + [UInt8](repeating: 5, count: 32), 2)
        return (hello, server, client)
    }

    private static func whole(size: Int = .max) -> [Datagram] {
        let flights = flights(size: size)
        return flights.hello + flights.server + flights.client + [finished(.originator), finished(.responder)]
    }

    @Test(arguments: [Int.max, 1200, 300, 60]) func `has the certificates of both, in fragments of any size`(size: Int) throws {
        let datagrams = Self.whole(size: size)
        let (parsed, _) = parse(datagrams)
        let session = try #require(parsed.sessions.first)
        #expect(parsed.progress == .done && parsed.sessions.count == 1)
        #expect(session.serverCertificates?.certificates == [X509Certificate(Certificates.ca), X509Certificate(Certificates.negative)])
        #expect(session.clientCertificates?.certificates == [X509Certificate(Certificates.negative)])
        #expect(session.isEstablished == true && session.certificateRequested && session.group == 29 && session.isResumed == false && session.problems.isEmpty)
        for turn in 1..<datagrams.count { #expect(parse(datagrams, reversedBefore: turn).0 == parsed) }
        // Nobody asked.
        let (opening, _) = parse(datagrams, depth: .opening)
        #expect(opening.sessions.first?.serverCertificates == nil && opening.sessions.first?.isEstablished == nil && opening.progress == .done)
        #expect(opening.sessions.first?.serverHello == session.serverHello)
    }

    @Test(arguments: 0..<100 as Range<UInt64>) func `takes fragments in any order, doubled and overlapping`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let flights = Self.flights(size: Int.random(in: 60...400, using: &random)), others = Self.flights(size: Int.random(in: 60...400, using: &random))
        let server = (flights.server + (Bool.random(using: &random) ? others.server : [])).shuffled(using: &random)
        let client = (flights.client + (Bool.random(using: &random) ? others.client : [])).shuffled(using: &random)
        let datagrams = flights.hello + server + client + [Self.finished(.originator), Self.finished(.responder)]
        let session = try #require(parse(datagrams).0.sessions.first)
        #expect(session.serverCertificates?.certificates.map(\.sha256) == [X509Certificate(Certificates.ca), X509Certificate(Certificates.negative)].map(\.sha256))
        #expect(session.clientCertificates?.count == 1 && session.isEstablished == true && session.group == 29)
    }

    @Test func `several messages of a record, and several records of a datagram, are read`() throws {
        let server = DTLSBytes.record(22, DTLSBytes.fragment(2, DTLSBytes.serverHello()) + DTLSBytes.fragment(11, Self.serverChain, sequence: 1))
            + DTLSBytes.record(22, DTLSBytes.fragment(14, [], sequence: 2))
        let (parsed, _) = parse([Self.flights().hello[0], (.responder, server)])
        #expect(parsed.sessions.first?.serverCertificates?.count == 2 && parsed.sessions.first?.isEstablished == false)
    }

    @Test func `certificates without a ClientHello are the server's`() throws {
        let flights = Self.flights(), (parsed, _) = parse(Array(flights.server.dropFirst().prefix(1)) + [flights.server[0]] + flights.client)
        let session = try #require(parsed.sessions.first)
        #expect(session.client == .originator && session.serverCertificates?.count == 2 && session.clientCertificates?.count == 1)
        let (mirrored, _) = parse((Array(flights.server.dropFirst().prefix(1)) + [flights.server[0]] + flights.client).map { ($0.sender.opposite, $0.bytes) })
        #expect(mirrored.sessions.first?.client == .responder && mirrored.sessions.first?.serverCertificates?.count == 2)
        #expect(mirrored.sessions.first?.clientCertificates?.count == 1)
    }

    @Test func `a resumption has none, and a fatal alert ends it`() throws {
        let flights = Self.flights()
        let resumed = parse(flights.hello + [flights.server[0], Self.finished(.responder), Self.finished(.originator)]).0
        #expect(resumed.progress == .done && resumed.sessions.first?.isEstablished == true && resumed.sessions.first?.serverCertificates == nil)
        let refused = parse(flights.hello + flights.server + [(.originator, DTLSBytes.record(21, [2, 48]))]).0
        #expect(refused.progress == .done && refused.sessions.first?.alert?.rawValue == 48 && refused.sessions.first?.serverCertificates?.count == 2)
        #expect(refused.sessions.first?.isEstablished == false)
    }

    @Test func `of DTLS 1.3 nothing is behind the hellos, and its short records end it`() throws {
        let hellos: [Datagram] = [
            (.originator, DTLSBytes.datagram(1, DTLSBytes.clientHello(versions: [0xfefc]))), (.responder, DTLSBytes.datagram(2, DTLSBytes.serverHello(selected: 0xfefc))),
        ]
        let (parsed, _) = parse(hellos + [(.responder, [0x2e, 0, 1] + [UInt8](repeating: 4, count: 60)), (.originator, [0x2e, 0, 1] + [UInt8](repeating: 4, count: 60))])
        #expect(parsed.progress == .done && parsed.sessions.first?.isEstablished == true && parsed.sessions.first?.version == .dtls13)
        #expect(parse(hellos).0.sessions.first?.isEstablished == false)
    }

    @Test func `a flow that goes on without its end is given up, and keeps 64 KiB of certificates at most`() {
        let flights = Self.flights()
        let hellos = flights.hello + [flights.server[0]]
        // Of lengths that are never filled.
        let liars: [Datagram] = (0..<200 as Range<UInt16>).map { number in
            let head = [11, 1, 0, 3] + TLSBytes.big(number) + [0, 0, 0, 0, 0, 1, 0]
            return (number % 2 == 0 ? .responder : .originator, DTLSBytes.record(22, head))
        }
        let (parsed, mostHeld) = parse(hellos + liars)
        #expect(parsed.progress == .done && parsed.sessions.count == 1 && mostHeld < 140_000)
        let long = [11, 1, 0, 4, 0, 1, 0, 0, 0, 0, 0, 1, 0] as [UInt8]
        let (other, held) = parse(hellos + [(.responder, DTLSBytes.record(22, long))])
        #expect(other.sessions.first?.problems == [.certificatesTooLong] && held < 2000)
    }

    @Test func `a chain of 64 KiB is put together from shuffled fragments`() throws {
        let chain = TLSBytes.chain([[UInt8](repeating: 0x30, count: 30_000), [UInt8](repeating: 0x31, count: 35_000)])
        for seed in 0..<5 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let flights = Self.flights()
            let pieces = Self.fragments(.responder, 11, chain, 1, size: 1400).shuffled(using: &random)
            let (parsed, _) = parse(flights.hello + [flights.server[0]] + pieces)
            #expect(parsed.sessions.first?.serverCertificates?.count == 2)
        }
    }

    @Test func `survives whatever is cut off or changed`() {
        var random = SeededGenerator(seed: 4)
        let datagrams = Self.whole(size: 700)
        for place in datagrams.indices {
            for index in datagrams[place].bytes.indices {
                var other = datagrams
                other[place].bytes[index] ^= UInt8.random(in: 1...255, using: &random)
                _ = parse(other)
                other[place].bytes = Array(datagrams[place].bytes[..<index])
                _ = parse(other)
            }
        }
        for _ in 0..<100 { _ = parse(datagrams.shuffled(using: &random)) }
    }

    @Test func `its value is small`() { #expect(MemoryLayout<DTLSParser>.size <= 128, "\(MemoryLayout<DTLSParser>.size)") }
}
