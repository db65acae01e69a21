import Protocols
import Testing

@Suite struct `TLS offers` {
    private func hello(extra: [(type: UInt16, content: [UInt8])] = [], suites: [UInt16] = [0x1301], name: [UInt8]? = Array("outer.example".utf8)) throws -> TLSClientHello {
        let message = TLSBytes.clientHello(serverName: name, suites: suites, extra: extra)
        return try #require(ParserVerifier<TLSParser>().parse([.bytes(.originator, TLSBytes.records(message, of: 16384))]).sessions.first?.clientHello)
    }

    private static func share(_ group: UInt16, _ length: Int) -> [UInt8] { TLSBytes.big(group) + TLSBytes.vector16([UInt8](repeating: 4, count: length)) }

    @Test func `are read from their extensions`() throws {
        let hello = try hello(extra: [
            (10, TLSBytes.vector16([0x0a, 0x0a, 0x11, 0xec, 0, 29])), (11, [2, 0, 1]), (13, TLSBytes.vector16([4, 3, 8, 4])),
            (51, TLSBytes.vector16(Self.share(0x0a0a, 1) + Self.share(0x11ec, 1216) + Self.share(29, 32))), (42, []), (35, [1, 2, 3]),
        ])
        #expect(hello.supportedGroups == [0x0a0a, 0x11ec, 29] && hello.pointFormats == [0, 1] && hello.signatureAlgorithms == [0x0403, 0x0804])
        #expect(hello.keyShareGroups == [0x0a0a, 0x11ec, 29] && hello.earlyDataOffered && hello.sessionTicketLength == 3)
        #expect(!hello.hasDuplicateExtensions && !hello.isFallback && !hello.renegotiatesSafely)
    }

    @Test(arguments: [[], [0], [0, 9], [0, 3, 0, 29, 0], [0xff, 0xff, 0, 29]] as [[UInt8]]) func `are read as far as their lengths hold`(content: [UInt8]) throws {
        let hello = try hello(extra: [(10, content), (11, content), (13, content), (51, content)])
        #expect(hello.supportedGroups.count <= 1 && hello.signatureAlgorithms.count <= 1 && hello.keyShareGroups.isEmpty && hello.pointFormats.isEmpty)
    }

    @Test func `among the cipher suites are signals`() throws {
        #expect(try hello(suites: [0x1301, 0x00ff, 0x5600]).renegotiatesSafely)
        #expect(try hello(suites: [0x1301, 0x00ff, 0x5600]).isFallback)
        #expect(try hello(extra: [(0xff01, [0])]).renegotiatesSafely)
    }

    @Test func `may hide an encrypted hello behind an outer one`() throws {
        let outer: [UInt8] = [0, 0, 1, 0, 3, 0x2a] + TLSBytes.vector16([UInt8](repeating: 1, count: 32)) + TLSBytes.vector16([UInt8](repeating: 2, count: 200))
        let hello = try hello(extra: [(0xfe0d, outer)])
        let ech = try #require(hello.encryptedClientHello)
        #expect(!ech.isInner && ech.kdf == 1 && ech.aead == 3 && ech.configID == 42 && ech.keyLength == 32 && ech.payloadLength == 200)
        #expect(hello.echOuterName == "outer.example" && hello.hasEncryptedClientHello)
        let inner = try self.hello(extra: [(0xfe0d, [1])])
        #expect(inner.encryptedClientHello?.isInner == true && inner.echOuterName == nil)
        for broken in [[], [2], [1, 0], Array(outer.dropLast()), outer + [0]] as [[UInt8]] {
            let hello = try self.hello(extra: [(0xfe0d, broken)])
            #expect(hello.encryptedClientHello == nil && hello.hasEncryptedClientHello && hello.echOuterName == nil)
        }
        #expect(try self.hello().encryptedClientHello == nil)
    }

    @Test func `that come twice are a problem`() throws {
        let message = TLSBytes.clientHello(extra: [(21, []), (21, [])])
        let session = try #require(ParserVerifier<TLSParser>().verify([.bytes(.originator, TLSBytes.record(22, message))]).sessions.first)
        #expect(session.problems == [.duplicateExtensions] && session.clientHello?.hasDuplicateExtensions == true && session.serverName == "www.example.org")
        let server = TLSBytes.message(2, TLSBytes.big(0x0303) + TLSBytes.random + [0] + [0xc0, 0x2f, 0] + TLSBytes.vector([(23, []), (23, [])]))
        #expect(try #require(ParserVerifier<TLSParser>().parse([.bytes(.responder, TLSBytes.record(22, server))]).sessions.first).problems == [.duplicateExtensions])
    }

    @Test func `are answered by a key share and a pre-shared key`() throws {
        let message = TLSBytes.message(
            2, TLSBytes.big(0x0303) + TLSBytes.random + [0] + [0x13, 1, 0] + TLSBytes.vector([(43, [3, 4]), (51, Self.share(29, 32)), (41, [0, 1])]))
        let session = try #require(ParserVerifier<TLSParser>().parse([.bytes(.responder, TLSBytes.record(22, message))]).sessions.first)
        #expect(session.serverHello?.keyShareGroup == 29 && session.groupName == "x25519" && session.serverHello?.selectedPSK == 1)
    }
}
