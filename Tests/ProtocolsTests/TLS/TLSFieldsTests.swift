import Filters
import Protocols
import Testing

@Suite struct `TLS fields` {
    let verifier = ParserVerifier<TLSParser>()

    /// The values of each field that a session has.
    private func values(_ session: TLSHandshake) -> [String: [FieldValue]] {
        var values: [String: [FieldValue]] = [:]
        for field in TLSParser.fields { field.read(session) { values[field.name, default: []].append($0) } }
        return values
    }

    private func session(_ client: [UInt8]?, _ server: [UInt8]?) throws -> TLSHandshake {
        let steps = [client.map { Step.bytes(.originator, $0) }, server.map { .bytes(.responder, $0) }].compactMap { $0 }
        return try #require(verifier.parse(steps).sessions.first)
    }

    @Test func `tell what client and server said`() throws {
        let client = TLSBytes.clientHello(protocols: ["h2", "http/1.1"]), server = TLSBytes.serverHello(protocol: "h2")
        let found = values(try session(TLSBytes.record(22, client), TLSBytes.record(22, server)))
        let expected: [String: [FieldValue]] = [
            "tls.sni": [.string("www.example.org")], "tls.version": [.integer(0x303)], "tls.version.offered": [.integer(0x303)],
            "tls.handshake.version": [.integer(0x303), .integer(0x303)], "tls.cipher": [.integer(0xc02f)],
            "tls.cipher.offered": [.integer(0x1301), .integer(0xc02f)], "tls.handshake.ciphersuite": [.integer(0x1301), .integer(0xc02f), .integer(0xc02f)],
            "tls.alpn": [.string("h2")], "tls.alpn.offered": [.string("h2"), .string("http/1.1")],
            "tls.handshake.extensions_alpn_str": [.string("h2"), .string("http/1.1"), .string("h2")],
            "tls.extension": [.integer(0), .integer(16), .integer(16)], "tls.random": [.bytes(TLSBytes.random), .bytes(TLSBytes.random)],
            "tls.resumed": [.integer(0)], "tls.psk_offered": [.integer(0)], "tls.ech": [.integer(0)], "tls.hello_retry": [.integer(0)],
        ]
        // Fingerprints, offers that there are none of, and what lies behind the hellos have tests of their own.
        #expect(expected.allSatisfy { found[$0.key] == $0.value }, "\(found)")
        #expect(found["tls.certificate.subject"] == nil && found["tls.established"] == nil && found["tls.handshake.ja4"]?.count == 1)
    }

    @Test func `have no values for what was not said`() throws {
        let server = values(try session(nil, TLSBytes.record(22, TLSBytes.serverHello(selected: 0x0304))))
        let said = ["tls.version", "tls.handshake.version", "tls.cipher", "tls.handshake.ciphersuite", "tls.extension", "tls.random", "tls.hello_retry"] + [
            "tls.handshake.ja3s", "tls.duplicate_extensions",
        ]
        #expect(Set(server.keys) == Set(said))
        #expect(server["tls.version"] == [.integer(0x304)])
        let nameless = values(try session(TLSBytes.record(22, TLSBytes.clientHello(serverName: nil, versions: [0x0a0a, 0x0304, 0x0303])), nil))
        #expect(nameless["tls.sni"] == nil)
        #expect(nameless["tls.version"] == nil)
        #expect(nameless["tls.version.offered"] == [.integer(0x304), .integer(0x303)])
    }

    @Test func `give a server's name as it was sent`() throws {
        let bytes: [UInt8] = [0x41, 0xff, 0, 0x62]
        #expect(values(try session(TLSBytes.record(22, TLSBytes.clientHello(serverName: bytes)), nil))["tls.sni"] == [.bytes(bytes)])
    }

    @Test func `tell the alert by its number`() throws {
        let found = values(try session(TLSBytes.record(22, TLSBytes.clientHello()), TLSBytes.record(21, [2, 40])))
        #expect(found["tls.alert"] == [.integer(40)])
        #expect(TLSParser.fields.first { $0.name == "tls.alert" }?.valueNames["handshake_failure"] == 40)
    }

    @Test func `know a session that goes on`() throws {
        // TLS 1.2: the server repeats the client's session id; TLSBytes' hellos have 1 2 3 and 9.
        let client = TLSBytes.record(22, TLSBytes.clientHello())
        let repeated = TLSBytes.message(2, TLSBytes.big(0x0303) + TLSBytes.random + TLSBytes.vector8([1, 2, 3]) + TLSBytes.big(0xc02f) + [0])
        #expect(try session(client, TLSBytes.record(22, repeated)).isResumed == true)
        #expect(try session(client, TLSBytes.record(22, TLSBytes.serverHello())).isResumed == false)
        // TLS 1.3 repeats it always; what counts is the pre-shared key.
        func server(_ extensions: [(type: UInt16, content: [UInt8])]) -> [UInt8] {
            let all = [(type: UInt16(43), content: TLSBytes.big(0x0304))] + extensions
            let fields = TLSBytes.big(0x0303) + TLSBytes.random + TLSBytes.vector8([1, 2, 3]) + TLSBytes.big(0x1301) + [0]
            return TLSBytes.record(22, TLSBytes.message(2, fields + TLSBytes.vector(all)))
        }
        #expect(try session(client, server([])).isResumed == false)
        #expect(try session(client, server([(41, [0, 0])])).isResumed == true)
        #expect(try session(client, nil).isResumed == nil)
    }
}
