import Protocols
import Testing

@Suite struct `TLS fingerprints` {
    private func hello(_ message: [UInt8]) throws -> TLSClientHello {
        try #require(ParserVerifier<TLSParser>().parse([.bytes(.originator, TLSBytes.records(message, of: 16384))]).sessions.first?.clientHello)
    }

    private static func list(_ numbers: [UInt16]) -> [UInt8] { TLSBytes.vector16(numbers.flatMap(TLSBytes.big)) }

    // The two examples of JA3's authors.

    @Test func `JA3 is that of its authors`() throws {
        let suites: [UInt16] = [47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4]
        let message = TLSBytes.clientHello(version: 0x0301, suites: suites, extra: [(10, Self.list([23, 24, 25])), (11, [1, 0])])
        let hello = try hello(message)
        #expect(hello.ja3Text == "769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0")
        #expect(hello.ja3 == "ada70206e40642a3e4461f35503241d5")
    }

    @Test func `JA3 of a hello without extensions has its commas`() throws {
        let hello = try hello(TLSBytes.clientHello(version: 0x0301, serverName: nil, suites: [4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99]))
        #expect(hello.ja3Text == "769,4-5-10-9-100-98-3-6-19-18-99,,,")
        #expect(hello.ja3 == "de350869b8c85de67a350c8d186f11e6")
        #expect(hello.ja4().hasPrefix("t10i110000_") && hello.ja4().hasSuffix("_000000000000"))
    }

    /// The example of JA4's authors: Chrome's, whose parts they tell.
    private static func chrome(protocols: [String] = ["h2", "http/1.1"], greased: Bool = true) -> [UInt8] {
        let grease: [UInt16] = greased ? [0x4a4a] : []
        let suites: [UInt16] = [
            0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035,
        ]
        let greaseExtension: [(type: UInt16, content: [UInt8])] = greased ? [(0x1a1a, [])] : []
        let plain: [(type: UInt16, content: [UInt8])] = [0x17, 0xff01, 0x0a, 0x0b, 0x23, 0x05, 0x12, 0x33, 0x2d, 0x1b, 0x4469, 0x15].map { ($0, []) }
        let algorithms = Self.list(grease + [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601])
        return TLSBytes.clientHello(
            versions: grease + [0x0304, 0x0303], protocols: protocols, suites: grease + suites, extra: greaseExtension + plain + [(0x0d, algorithms)] + greaseExtension)
    }

    @Test(arguments: [true, false]) func `JA4 is that of its authors, with GREASE and without`(greased: Bool) throws {
        let hello = try hello(Self.chrome(greased: greased))
        #expect(hello.ja4() == "t13d1516h2_8daaf6152771_e5627efa2ab1")
        #expect(
            hello.ja4Raw() == "t13d1516h2_002f,0035,009c,009d,1301,1302,1303,c013,c014,c02b,c02c,c02f,c030,cca8,cca9"
                + "_0005,000a,000b,000d,0012,0015,0017,001b,0023,002b,002d,0033,4469,ff01_0403,0804,0401,0503,0805,0501,0806,0601")
        #expect(hello.ja4(over: .quic).hasPrefix("q13d1516h2_") && hello.ja4(over: .datagrams).hasPrefix("d13d1516h2_"))
    }

    @Test(arguments: [
        ([], "00"), (["h2"], "h2"), (["http/1.1"], "h1"), (["h"], "hh"), ([""], "00"), (["-x"], "28"), (["x-"], "7d"), (["\u{e4}b"], "c2"), (["hq-29"], "h9"),
    ])
    func `JA4 has the first protocol's first and last letter, or digits of other bytes`(protocols: [String], text: String) throws {
        #expect(try hello(Self.chrome(protocols: protocols)).ja4().split(separator: "_")[0].suffix(2) == text)
    }

    @Test(arguments: [
        (0x0304, "13"), (0x0303, "12"), (0x0302, "11"), (0x0301, "10"), (0x0300, "s3"), (0x7f1c, "00"), (0x0a0a, "12"),
    ] as [(UInt16, String)])
    func `JA4 has the newest version`(version: UInt16, text: String) throws {
        #expect(try hello(TLSBytes.clientHello(versions: [version])).ja4().dropFirst().prefix(2) == text)
    }

    @Test func `JA4 counts no further than 99`() throws {
        let many = (0..<120).map { (type: UInt16(1000 + $0), content: [UInt8]()) }
        #expect(try hello(TLSBytes.clientHello(suites: (0..<200).map { 0x0100 + $0 }, extra: many)).ja4().hasPrefix("t12d999900_"))
    }

    @Test func `a hello in SSL 2's format has fingerprints`() throws {
        let hello = try #require(ParserVerifier<TLSParser>().parse([.bytes(.originator, TLSBytes.sslv2ClientHello())]).sessions.first?.clientHello)
        #expect(hello.ja3Text == "769,47-5,,," && hello.ja4().hasPrefix("t10i020000_") && hello.ja4().hasSuffix("_000000000000"))
        let old = try #require(ParserVerifier<TLSParser>().parse([.bytes(.originator, TLSBytes.sslv2ClientHello(version: 2))]).sessions.first?.clientHello)
        #expect(old.ja4().hasPrefix("ts2i"))
    }

    @Test func `JA3S is of version, suite and extensions as sent`() throws {
        let server = TLSBytes.record(22, TLSBytes.serverHello(selected: 0x0304, protocol: "h2"))
        let session = try #require(ParserVerifier<TLSParser>().parse([.bytes(.responder, server)]).sessions.first)
        #expect(session.serverHello?.ja3sText == "771,49199,43-16" && session.ja3s?.count == 32 && session.ja3 == nil && session.ja4 == nil)
    }
}
