import Protocols
import Testing

@Suite struct `TLS hellos` {
    /// The ClientHello with these extensions, parsed.
    func hello(_ message: [UInt8]) throws -> TLSClientHello {
        let parsed = ParserVerifier<TLSParser>().parse([.bytes(.originator, TLSBytes.records(message, of: 16384))])
        return try #require(parsed.sessions.first?.clientHello)
    }

    @Test func `shows the fields of a ClientHello`() throws {
        let hello = try hello(TLSBytes.clientHello(versions: [0x0304, 0x0303], protocols: ["h2"], extra: [(41, []), (0xfe0d, [])]))
        #expect(hello.legacyVersion == .tls12)
        #expect(hello.random.byteCount == 32 && hello.sessionID.byteCount == 3 && hello.compressionMethods.byteCount == 1)
        #expect(hello.cipherSuites == [0x1301, 0xc02f])
        #expect(hello.supportedVersions == [.tls13, .tls12])
        #expect(hello.offeredProtocols == ["h2"])
        #expect(hello.pskOffered && hello.hasEncryptedClientHello)
        var types: [UInt16] = []
        var extensions = hello.extensions
        while let next = extensions.next() { types.append(next.type) }
        #expect(types == [0, 16, 43, 41, 0xfe0d])
    }

    @Test func `takes a hello without extensions`() throws {
        let hello = try hello(TLSBytes.clientHello(version: 0x0300, serverName: nil))
        #expect(hello.legacyVersion == .ssl3 && hello.serverName == nil && hello.offeredProtocols == [] && hello.supportedVersions == [])
        #expect(!hello.pskOffered && !hello.hasEncryptedClientHello)
    }

    @Test func `skips GREASE among versions, keeps it among suites`() throws {
        let hello = try hello(TLSBytes.clientHello(versions: [0xdada, 0x0304], suites: [0x1a1a, 0x1301], extra: [(0x3a3a, [])]))
        #expect(hello.supportedVersions == [.tls13])
        #expect(hello.cipherSuites == [0x1a1a, 0x1301])
        #expect((0...15 as ClosedRange<UInt16>).allSatisfy { ($0 << 12 | 0x0a00 | $0 << 4 | 0x0a).isGREASE })
        #expect([0x0a1a, 0x0a0b, 0x1301, 0x0000].allSatisfy { (value: UInt16) in !value.isGREASE })
    }

    @Test func `takes the first of extensions that come twice`() throws {
        let second = TLSBytes.vector16([0] + TLSBytes.vector16(Array("second.example".utf8)))
        #expect(try hello(TLSBytes.clientHello(extra: [(0, second), (0, second)])).serverName == "www.example.org")
    }

    @Test(arguments: [
        (Array("a\0b.example".utf8), "a\0b.example"), ([0xff, 0x61, 0xc3], "\u{fffd}a\u{fffd}"), (Array("\r\n\"{}".utf8), "\r\n\"{}"),
        ([UInt8](repeating: 0x61, count: 60_000), String(repeating: "a", count: 60_000)),
    ])
    func `hands on whatever the server name holds`(bytes: [UInt8], text: String) throws {
        let hello = try hello(TLSBytes.clientHello(serverName: bytes))
        #expect(hello.serverName == text)
        #expect(hello.serverNameBytes?.byteCount == bytes.count)
    }

    @Test(arguments: [
        [], [0], [0, 0], [0xff, 0xff], [0, 3, 0, 0, 0], [0, 4, 0, 0xff, 0xff, 0x61], [0, 4, 1, 0, 1, 0x61],
    ] as [[UInt8]])
    func `finds no name in a server name extension that holds none`(content: [UInt8]) throws {
        #expect(try hello(TLSBytes.clientHello(serverName: nil, extra: [(0, content)])).serverName == nil)
    }

    @Test func `reads extensions as far as their lengths hold`() throws {
        let name = TLSBytes.vector16([0] + TLSBytes.vector16([0x61]))
        let broken = [0, 0] + TLSBytes.vector16(name) + [0, 43, 0xff, 0xff, 2]
        let plain = TLSBytes.clientHello(serverName: nil).dropFirst(4)
        let hello = try hello(TLSBytes.message(1, plain + TLSBytes.vector16(broken)))
        #expect(hello.serverName == "a" && hello.supportedVersions == [])
    }

    @Test func `reads names and versions as far as they go`() throws {
        let cut = try hello(TLSBytes.clientHello(extra: [(16, [0, 5, 2, 0x68, 0x32, 9, 0x68]), (43, [3, 3, 4, 3])]))
        #expect(cut.offeredProtocols == ["h2"] && cut.supportedVersions == [.tls13])
    }

    @Test func `lets supported_versions win over the legacy field`() throws {
        let parsed = ParserVerifier<TLSParser>().parse([.bytes(.responder, TLSBytes.record(22, TLSBytes.serverHello(selected: 0x0304)))])
        let hello = try #require(parsed.sessions.first?.serverHello)
        #expect(hello.legacyVersion == .tls12 && hello.selectedVersion == .tls13 && !hello.isHelloRetryRequest)
        #expect(hello.sessionID.byteCount == 1 && hello.random.byteCount == 32 && hello.applicationProtocol == nil)
    }

    @Test func `names versions as Zeek does`() {
        let names = [0x0002, 0x0300, 0x0301, 0x0302, 0x0303, 0x0304, 0x7f1c, 0x1234].map { TLSVersion(rawValue: $0).name }
        #expect(names == ["SSLv2", "SSLv3", "TLSv10", "TLSv11", "TLSv12", "TLSv13", "TLSv13-draft28", "unknown-4660"])
        #expect("\(TLSVersion.tls13), \(TLSVersion.ssl3)" == "TLS 1.3, SSL 3.0")
    }
}
