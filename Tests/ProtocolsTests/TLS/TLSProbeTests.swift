import Protocols
import TestSupport
import Testing

@Suite struct `TLS probe` {
    static let client = TLSBytes.record(22, TLSBytes.clientHello())
    static let server = TLSBytes.record(22, TLSBytes.serverHello())

    func probe(_ bytes: [UInt8]) -> ProbeAnswer { TLSParser.probe(bytes.span.bytes) }
    func probeLater(_ bytes: [UInt8]) -> Bool { TLSParser.probeLater(bytes.span.bytes) }

    @Test(arguments: [
        client, server, TLSBytes.changeCipherSpec, TLSBytes.record(21, [2, 40]), TLSBytes.record(23, [1]), TLSBytes.sslv2ClientHello(),
        TLSBytes.sslv2ClientHello(version: 0x0002), TLSBytes.record(22, []) + client, TLSBytes.records(TLSBytes.clientHello(), of: 1),
        TLSBytes.records(TLSBytes.clientHello(), of: 5),
    ])
    func `is unsure of a beginning until it is sure`(bytes: [UInt8]) {
        let answers = (0...bytes.count).map { probe(Array(bytes.prefix($0))) }
        let sure = answers.firstIndex(of: .mine) ?? .max
        #expect(sure <= 16)
        #expect(answers.prefix(sure).allSatisfy { $0 == .unsure } && answers.dropFirst(sure).allSatisfy { $0 == .mine })
    }

    @Test(arguments: [
        Array("GET / HTTP/1.1\r\n\r\n".utf8), Array("SSH-2.0-x\r\n".utf8), [22, 2], [22, 3, 5, 0, 50],
        [23, 3, 3, 0x48, 1], [24, 3, 3, 0, 3], [20, 3, 3, 0, 2], [23, 3, 3, 0, 0],
        [22, 3, 1, 0, 100, 11], [22, 3, 1, 0, 100, 1, 0, 0, 20], [22, 3, 1, 0, 100, 1, 1, 0, 1], [22, 3, 1, 0, 100, 1, 0, 0, 96, 4, 0],
        [0x80, 0x2e, 2], [0x80, 0x2e, 1, 3, 1, 0, 3, 0, 0, 0, 16], [UInt8](repeating: 0, count: 20), [UInt8](repeating: 0xff, count: 20),
        (0..<4).flatMap { _ in TLSBytes.record(22, []) } + client,
    ])
    func `refuses what is not TLS`(bytes: [UInt8]) {
        #expect(probe(bytes) == .notMine)
        #expect(!probeLater(bytes))
    }

    @Test func `sees a ClientHello begin in the middle of a stream, and nothing else`() {
        #expect(probeLater(Self.client))
        #expect(probeLater(Array(Self.client.prefix(11))))
        #expect(probeLater(TLSBytes.records(TLSBytes.clientHello(), of: 40)))
        #expect(!probeLater(Array(Self.client.prefix(10))))
        #expect(!probeLater(Self.server))
        #expect(!probeLater(TLSBytes.changeCipherSpec + Self.client))
        #expect(!probeLater(TLSBytes.record(23, [UInt8](repeating: 1, count: 40))))
        #expect(!probeLater(TLSBytes.sslv2ClientHello()))
        #expect(!probeLater([]))
    }

    @Test(arguments: 0..<20 as Range<UInt64>) func `takes no random bytes for TLS`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<10_000 {
            var bytes = (0..<24).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(probe(bytes) != .mine && !probeLater(bytes))
            bytes[0] = 22
            #expect(!probeLater(bytes))
        }
    }
}
