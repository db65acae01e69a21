import Filters
import Packets
import TestSupport
import Testing
@testable import Protocols

@Suite struct `SSH parser` {
    let verifier = ParserVerifier<SSHParser>()

    private func session(_ conversation: [Step], order: DirectionOrder = .any, sourceLocation: SourceLocation = #_sourceLocation) throws -> SSHHandshake {
        let parsed = verifier.verify(conversation, order: order, sourceLocation: sourceLocation)
        #expect(parsed.sessions.count == 1, sourceLocation: sourceLocation)
        return try #require(parsed.sessions.first, sourceLocation: sourceLocation)
    }

    private func feed(_ parser: inout SSHParser, _ bytes: [UInt8], from sender: Direction) -> ParserProgress { parser.feed(bytes.span.bytes, from: sender) }

    // MARK: The usual

    @Test func `gives banners, offers and what is agreed on once both offers are there`() throws {
        let conversation: [Step] = [
            .bytes(.originator, SSHBytes.client), .bytes(.responder, SSHBytes.server), .bytes(.originator, SSHBytes.clientOffer),
            .bytes(.responder, SSHBytes.serverOffer),
        ]
        #expect(verifier.parse(conversation).progress == .done)
        let session = try session(conversation)
        #expect(session.clientBanner?.text == "SSH-2.0-OpenSSH_9.2p1 Debian-2" && session.serverBanner?.text == "SSH-2.0-dropbear_2022.83")
        #expect(session.clientBanner?.protocolVersion == "2.0" && session.clientBanner?.software == "OpenSSH_9.2p1" && session.clientBanner?.comments == "Debian-2")
        #expect(session.serverBanner?.comments == nil && session.version == 2 && session.problem == nil)
        // The first of the client's that the server has.
        #expect(session.keyExchangeAlgorithm == "curve25519-sha256" && session.hostKeyAlgorithm == "ssh-ed25519")
        #expect(session.cipher(toServer: true) == "aes128-ctr" && session.cipher(toServer: false) == "aes128-ctr")
        #expect(session.mac(toServer: true) == "hmac-sha1" && session.mac(toServer: false) == "hmac-sha1")
        #expect(session.compression(toServer: true) == "zlib" && session.compression(toServer: false) == "none")
        #expect(session.clientKeyExchange?.names(.keyExchange) == ["curve25519-sha256", "ecdh-sha2-nistp256", "ext-info-c"])
        #expect(session.clientKeyExchange?.text(.languagesToClient) == "" && session.clientKeyExchange?.names(.languagesToServer) == [])
        #expect(session.clientKeyExchange?.cookie == SSHBytes.cookie && session.clientKeyExchange?.firstPacketFollows == false)
    }

    @Test func `has nothing agreed on where there is nothing in common, or one offer`() throws {
        let other = SSHBytes.packet(SSHBytes.keyExchangeInit(["sntrup761x25519-sha512@openssh.com"]))
        let session = try session([
            .bytes(.originator, SSHBytes.client + SSHBytes.clientOffer), .bytes(.responder, SSHBytes.server + other),
        ])
        #expect(session.keyExchangeAlgorithm == nil && session.cipher(toServer: true) == nil && session.version == 2)
        let alone = try self.session([.bytes(.originator, SSHBytes.client + SSHBytes.clientOffer)])
        #expect(alone.keyExchangeAlgorithm == nil && alone.clientKeyExchange != nil && alone.serverBanner == nil && alone.hassh != nil && alone.hasshServer == nil)
    }

    /// Dropbear and PuTTY send what they offer with their banner, whatever the peer's is.
    @Test func `takes either side's bytes in any order`() throws {
        let client = SSHBytes.client + SSHBytes.clientOffer, server = SSHBytes.server + SSHBytes.serverOffer
        let one = try session([.bytes(.responder, server), .bytes(.originator, client)])
        let other = try session([.bytes(.originator, client), .bytes(.responder, server)])
        #expect(one == other && one.clientBanner?.text.hasPrefix("SSH-2.0-OpenSSH") == true)
        var random = SeededGenerator(seed: 4)
        for _ in 0..<200 {
            var (rest, steps): ([Direction: ArraySlice<UInt8>], [Step]) = ([.originator: client[...], .responder: server[...]], [])
            while let (sender, bytes) = rest.filter({ !$0.value.isEmpty }).sorted(by: { $0.key.rawValue < $1.key.rawValue }).randomElement(using: &random) {
                let count = Int.random(in: 1...40, using: &random)
                steps.append(.bytes(sender, Array(bytes.prefix(count))))
                rest[sender] = bytes.dropFirst(count)
            }
            #expect(verifier.parse(steps).sessions == [one])
        }
    }

    @Test func `says that a guess at the key exchange follows`() throws {
        let offer = SSHBytes.packet(SSHBytes.keyExchangeInit(SSHBytes.clientLists, firstPacketFollows: true))
        let session = try session([.bytes(.originator, SSHBytes.client + offer + SSHBytes.packet([30, 1, 2, 3])), .bytes(.responder, SSHBytes.server + SSHBytes.serverOffer)])
        #expect(session.clientKeyExchange?.firstPacketFollows == true && session.serverKeyExchange?.firstPacketFollows == false && session.problem == nil)
    }

    @Test func `steps over what may come before an offer`() throws {
        let before = SSHBytes.packet([2, 0, 0, 0, 3, 1, 2, 3]) + SSHBytes.packet([4, 0, 0, 0, 0, 0]) + SSHBytes.packet([3, 0, 0, 0, 1])
        let session = try session([.bytes(.originator, SSHBytes.client + before + SSHBytes.clientOffer), .bytes(.responder, SSHBytes.server + SSHBytes.serverOffer)])
        #expect(session.keyExchangeAlgorithm == "curve25519-sha256" && session.problem == nil)
    }

    // MARK: Banners, RFC 4253 4.2

    @Test func `steps over a server's lines before its banner`() throws {
        let lines = Array("Nobody may come in here.\r\n\r\n  SSH is what this speaks\nSSL is not\n".utf8)
        let session = try session([
            .bytes(.responder, lines + SSHBytes.server + SSHBytes.serverOffer), .bytes(.originator, SSHBytes.client + SSHBytes.clientOffer),
        ])
        #expect(session.serverBanner?.software == "dropbear_2022.83" && session.keyExchangeAlgorithm == "curve25519-sha256")
    }

    @Test func `takes a banner without CR, without comments, and of 255 octets`() throws {
        let longest = "SSH-2.0-" + String(repeating: "x", count: 245)
        for (line, text) in [("SSH-2.0-a\n", "SSH-2.0-a"), ("SSH-2.0-\n", "SSH-2.0-"), ("SSH-2.0\r\n", "SSH-2.0"), (longest + "\r\n", longest)] {
            let banner = try session([.bytes(.originator, Array(line.utf8) + SSHBytes.clientOffer), .bytes(.responder, SSHBytes.server + SSHBytes.serverOffer)]).clientBanner
            #expect(banner?.text == text && banner?.protocolVersion == "2.0" && banner?.software == String(text.dropFirst(8)) && banner?.comments == nil)
        }
    }

    @Test func `knows version 1 by the banners alone`() throws {
        let old = Array("SSH-1.5-OpenSSH_3.1p1\n".utf8), both = Array("SSH-1.99-OpenSSH_3.7\n".utf8)
        let one = try session([.bytes(.responder, both), .bytes(.originator, old), .bytes(.responder, SSHBytes.number(267) + [0, 0, 0, 0, 0, 2])])
        #expect(one.version == 1 && one.problem == nil && one.clientKeyExchange == nil)
        let two = try session([.bytes(.responder, both + SSHBytes.serverOffer), .bytes(.originator, SSHBytes.client + SSHBytes.clientOffer)])
        #expect(two.version == 2 && two.keyExchangeAlgorithm == "curve25519-sha256")
        #expect(try session([.bytes(.originator, old)]).version == 1)
        #expect(try session([.bytes(.responder, both)]).version == 2)
    }

    @Test func `reads no offer to a peer of version 1, be it in one chunk with the banner or not`() throws {
        let session = try session([.bytes(.responder, Array("SSH-1.5-old\n".utf8)), .bytes(.originator, SSHBytes.client + SSHBytes.clientOffer)],
            order: .given(because: "an offer that was there before the peer's banner is told"))
        #expect(session.clientKeyExchange == nil && session.clientBanner?.text == "SSH-2.0-OpenSSH_9.2p1 Debian-2" && session.problem == nil)
        // One that was there before the peer's banner is told.
        let early = try self.session([.bytes(.originator, SSHBytes.client + SSHBytes.clientOffer), .bytes(.responder, Array("SSH-1.5-old\n".utf8))],
            order: .given(because: "an offer that was there before the peer's banner is told"))
        #expect(early.clientKeyExchange != nil)
    }

    @Test func `finds the offer of a side whose banner went by`() throws {
        let session = try session([.bytes(.responder, SSHBytes.serverOffer), .bytes(.originator, SSHBytes.client + SSHBytes.clientOffer)])
        #expect(session.serverBanner == nil && session.hasshServer != nil && session.keyExchangeAlgorithm == "curve25519-sha256")
    }

    // MARK: Fingerprints

    /// Samples of HASSH's own documentation.
    @Test(arguments: [
        (
            "curve25519-sha256@libssh.org,diffie-hellman-group-exchange-sha256,ecdh-sha2-nistp521,ecdh-sha2-nistp384,ecdh-sha2-nistp256,diffie-hellman-group-exchange-sha1,diffie-hellman-group1-sha1,diffie-hellman-group14-sha1,diffie-hellman-group14-sha256,diffie-hellman-group15-sha512,diffie-hellman-group16-sha512,diffie-hellman-group17-sha512,diffie-hellman-group18-sha512,diffie-hellman-group14-sha256@ssh.com,diffie-hellman-group15-sha256,diffie-hellman-group15-sha256@ssh.com,diffie-hellman-group15-sha384@ssh.com,diffie-hellman-group16-sha256,diffie-hellman-group16-sha384@ssh.com,diffie-hellman-group16-sha512@ssh.com,diffie-hellman-group18-sha512@ssh.com;aes128-cbc,aes128-ctr,aes192-cbc,aes192-ctr,aes256-cbc,aes256-ctr,blowfish-cbc,blowfish-ctr,cast128-cbc,cast128-ctr,idea-cbc,idea-ctr,serpent128-cbc,serpent128-ctr,serpent192-cbc,serpent192-ctr,serpent256-cbc,serpent256-ctr,3des-cbc,3des-ctr,twofish128-cbc,twofish128-ctr,twofish192-cbc,twofish192-ctr,twofish256-cbc,twofish256-ctr,twofish-cbc,arcfour,arcfour128,arcfour256;hmac-sha1,hmac-sha1-96,hmac-md5,hmac-md5-96,hmac-sha2-256,hmac-sha2-512;zlib@openssh.com,zlib,none",
            "8a8ae540028bf433cd68356c1b9e8d5b"
        ),
        (
            "diffie-hellman-group-exchange-sha256,diffie-hellman-group-exchange-sha1,diffie-hellman-group14-sha1,diffie-hellman-group1-sha1;aes128-ctr,aes192-ctr,aes256-ctr,aes256-cbc,rijndael-cbc@lysator.liu.se,aes192-cbc,aes128-cbc,blowfish-cbc,arcfour128,arcfour,cast128-cbc,3des-cbc;hmac-sha2-256,hmac-sha2-512,hmac-sha1,hmac-sha1-96,hmac-md5,hmac-md5-96,hmac-ripemd160,hmac-ripemd160@openssh.com;none",
            "a7a87fbe86774c2e40cc4a7ea2ab1b3c"
        ),
        (
            "curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,diffie-hellman-group-exchange-sha256,diffie-hellman-group14-sha1;chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,aes128-gcm@openssh.com,aes256-gcm@openssh.com;umac-64-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha1-etm@openssh.com,umac-64@openssh.com,umac-128@openssh.com,hmac-sha2-256,hmac-sha2-512,hmac-sha1;none,zlib@openssh.com",
            "d43d91bc39d5aaed819ad9f6b57b7348"
        ),
    ])
    func `has HASSH as published`(algorithms: String, hassh: String) throws {
        let lists = algorithms.split(separator: ";").map(String.init)
        // What the other direction has does not count.
        let client = SSHBytes.keyExchangeInit([lists[0], "ssh-rsa", lists[1], "x", lists[2], "y", lists[3], "z"])
        let server = SSHBytes.keyExchangeInit([lists[0], "ssh-rsa", "x", lists[1], "y", lists[2], "z", lists[3]])
        let session = try #require(verifier.parse([
            .bytes(.originator, SSHBytes.client + SSHBytes.packet(client)), .bytes(.responder, SSHBytes.server + SSHBytes.packet(server)),
        ]).sessions.first)
        #expect(session.hasshAlgorithms == algorithms && session.hassh == hassh)
        #expect(session.hasshServerAlgorithms == algorithms && session.hasshServer == hassh)
    }

    // MARK: Hostile and broken

    @Test func `37: refuses a banner of 1 MB without newline early`() {
        for head in ["SSH-2.0-", "X"] {
            var parser = SSHParser()
            _ = feed(&parser, SSHBytes.client, from: .originator)
            let flood = [UInt8](repeating: UInt8(ascii: "x"), count: 4096)
            var (progress, fed, most) = (feed(&parser, Array(head.utf8), from: .responder), 0, 0)
            while progress == .wantsMore, fed < 1 << 20 {
                progress = feed(&parser, flood, from: .responder)
                fed += flood.count
                most = max(most, parser.heldBytes)
            }
            #expect(progress == .failed(.tooLong) && fed <= 68 << 10 && most <= 512)
            let session = parser.nextSession()
            #expect(session?.problem == (head == "X" ? .noBanner : .longBanner) && session?.clientBanner != nil)
            #expect((session?.serverBanner?.text.utf8.count ?? 0) <= 255)
            #expect(parser.heldBytes == 0)
        }
    }

    @Test func `37: refuses an offer with giant name-lists`() {
        for length in [65537, 1 << 20, 0x7fff_ffff, 0xffff_ffff] {
            let parsed = verifier.parse([
                .bytes(.originator, SSHBytes.client + SSHBytes.number(length) + [4, 20]), .bytes(.responder, SSHBytes.server + SSHBytes.serverOffer),
            ])
            #expect(parsed.progress == .failed(.tooLong) && parsed.sessions.map(\.problem) == [.longPacket])
        }
        // The longest that is read: 31 thousand names against as many others are compared in no time.
        let names = (0..<31_000).map { _ in "a" }.joined(separator: ","), others = (0..<31_000).map { _ in "b" }.joined(separator: ",")
        let parsed = verifier.parse([
            .bytes(.originator, SSHBytes.client + SSHBytes.packet(SSHBytes.keyExchangeInit([names]))),
            .bytes(.responder, SSHBytes.server + SSHBytes.packet(SSHBytes.keyExchangeInit([others]))),
        ])
        #expect(parsed.progress == .done && parsed.sessions.first?.clientKeyExchange?.names(.keyExchange).count == 31_000)
        #expect(parsed.sessions.map(\.keyExchangeAlgorithm) == [nil])
        func offers(_ count: Int) -> [Step] {
            ["a", "b"].enumerated().map { number, name in
                let list = Array(repeating: name, count: count).joined(separator: ",")
                return .bytes(number == 0 ? .originator : .responder, (number == 0 ? SSHBytes.client : SSHBytes.server) + SSHBytes.packet(SSHBytes.keyExchangeInit([list])))
            }
        }
        ProportionalTime.expect(31_000, of: offers) { steps in
            for session in verifier.parse(steps).sessions { for field in SSHParser.fields { field.read(session) { _ in } } }
        }
    }

    @Test func `gives up a thousand lines without a banner`() {
        let lines = [UInt8](repeating: UInt8(ascii: "\n"), count: 1024)
        let parsed = verifier.parse([.bytes(.originator, SSHBytes.client), .bytes(.responder, lines)])
        #expect(parsed.progress == .failed(.tooLong) && parsed.sessions.map(\.problem) == [.noBanner])
    }

    @Test(arguments: [
        (SSHBytes.number(12) + [3, 20], SSHProblem.malformedPacket), (SSHBytes.number(5) + [4, 20], .malformedPacket), (SSHBytes.number(0) + [0], .malformedPacket),
        (SSHBytes.packet([31, 1, 2]), .unexpectedMessage), (SSHBytes.packet([1, 0, 0, 0, 2]), .disconnected),
        (SSHBytes.packet([20, 1, 2]), .malformedKeyExchange),
        (SSHBytes.packet(Array(SSHBytes.keyExchangeInit(SSHBytes.clientLists).dropLast(20))), .malformedKeyExchange),
        (SSHBytes.packet([20] + SSHBytes.cookie + SSHBytes.number(0x7fff_ffff)), .malformedKeyExchange),
        (Array("GET / HTTP/1.1\r\n\r\n".utf8), .longPacket),
    ])
    func `says why a side cannot be followed, and what the other side said`(bytes: [UInt8], problem: SSHProblem) throws {
        let session = try session(
            [.bytes(.originator, SSHBytes.client + bytes), .bytes(.responder, SSHBytes.server + SSHBytes.serverOffer)],
            order: problem == .longPacket ? .given(because: "it is the end of what was said before it") : .any)
        #expect(session.problem == problem && session.clientBanner != nil)
        #expect(problem == .longPacket || session.serverKeyExchange != nil)
        for field in SSHParser.fields { field.read(session) { _ in } }
    }

    @Test func `gives what was seen before a gap, and goes over one within what is skipped`() throws {
        let cut = try session([
            .bytes(.originator, SSHBytes.client + SSHBytes.clientOffer.prefix(30)), .gap(.originator, 50), .bytes(.originator, Array(SSHBytes.clientOffer.dropFirst(80))),
            .bytes(.responder, SSHBytes.server + SSHBytes.serverOffer),
        ])
        #expect(cut.problem == .gap && cut.clientBanner != nil && cut.clientKeyExchange == nil && cut.serverKeyExchange != nil)
        let ignored = SSHBytes.packet([2, 0, 0, 0, 100] + [UInt8](repeating: 1, count: 100))
        let whole = try session([
            .bytes(.originator, SSHBytes.client + ignored.prefix(30)), .gap(.originator, ignored.count - 40), .bytes(.originator, ignored.suffix(10) + SSHBytes.clientOffer),
            .bytes(.responder, SSHBytes.server + SSHBytes.serverOffer),
        ])
        #expect(whole.problem == nil && whole.keyExchangeAlgorithm == "curve25519-sha256")
    }

    @Test func `does not wait for a side that is not captured`() {
        var parser = SSHParser()
        _ = feed(&parser, SSHBytes.client + SSHBytes.clientOffer, from: .originator)
        var fed = 0
        while feed(&parser, [UInt8](repeating: 7, count: 1400), from: .originator) == .wantsMore, fed < 1 << 24 { fed += 1400 }
        let session = parser.nextSession()
        #expect(fed <= 1 << 20 && session?.clientKeyExchange != nil)
    }

    @Test func `is small`() { #expect(MemoryLayout<SSHParser>.size <= 128) }

    // MARK: Recognising

    private func probe(_ bytes: [UInt8]) -> ProbeAnswer { SSHParser.probe(bytes.span.bytes) }
    private func probeLater(_ bytes: [UInt8]) -> Bool { SSHParser.probeLater(bytes.span.bytes) }

    @Test(arguments: [SSHBytes.client, SSHBytes.server, Array("SSH-1.5-x\n".utf8), Array("SSH-1.99-x\n".utf8)])
    func `is unsure of a beginning until it is sure`(bytes: [UInt8]) {
        let answers = (0...bytes.count).map { probe(Array(bytes.prefix($0))) }
        #expect(answers.prefix(6).allSatisfy { $0 == .unsure } && answers.dropFirst(6).allSatisfy { $0 == .mine })
        #expect(probeLater(bytes) && probeLater(bytes + SSHBytes.clientOffer))
    }

    @Test func `knows a server's lines with its banner behind them`() {
        #expect(probe(Array("Welcome!\r\n\n".utf8) + SSHBytes.server) == .mine)
        #expect(probe(Array("Welcome!\r\n".utf8) + SSHBytes.server + SSHBytes.serverOffer) == .mine)
    }

    @Test(arguments: [
        "SSH-3.0-x\r\n", "SSH 2.0\r\n", "SIP/2.0 200 OK\r\n", "S", "Welcome!\r\nSSH-2.0-x\r\nmore", "HTTP/1.1 200 OK\r\n\r\nSSH-2.0-x\r\n", "POST / HTTP/1.0\r\n\r\nSSH-2.0-x\r\n",
        "220 mail\r\nSSH-2.0-x\r\n", "Welcome!\r\n", "ssh-2.0-x\r\n",
    ])
    func `refuses what is not SSH`(text: String) {
        #expect(probe(Array(text.utf8)) == (text == "S" ? .unsure : .notMine))
        #expect(!probeLater(Array(text.utf8)))
    }

    @Test func `takes no random bytes for SSH`() {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<100_000 {
            let bytes = (0..<24).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(probe(bytes) != .mine && !probeLater(bytes))
        }
    }

    @Test func `says that it was another protocol when its first byte was all that fitted`() {
        for text in ["SMTP is not\r\n", "SSL\r\n", "SSH\n", "SSH-9.0-x\r\n"] {
            let parsed = verifier.parse([.bytes(.originator, Array(text.utf8.prefix(1))), .bytes(.originator, Array(text.utf8.dropFirst()))])
            #expect(parsed.progress == .failed(.otherProtocol) && parsed.sessions.isEmpty)
        }
    }

    // MARK: Fields

    @Test func `has fields of what was said and agreed on`() throws {
        let session = try #require(verifier.parse([
            .bytes(.originator, SSHBytes.client + SSHBytes.clientOffer), .bytes(.responder, SSHBytes.server + SSHBytes.serverOffer),
        ]).sessions.first)
        var values: [String: [FieldValue]] = [:]
        for field in SSHParser.fields { field.read(session) { values[field.name, default: []].append($0) } }
        #expect(values["ssh.protocol"] == [.string("SSH-2.0-OpenSSH_9.2p1 Debian-2"), .string("SSH-2.0-dropbear_2022.83")])
        #expect(values["ssh.version"] == [.integer(2)] && values["ssh.first_kex_packet_follows"] == [.integer(0)] && values["ssh.malformed"] == [.integer(0)])
        #expect(values["ssh.kex_alg"] == [.string("curve25519-sha256")])
        #expect(values["ssh.server_host_key_algorithms"] == [.string("rsa-sha2-512"), .string("ssh-ed25519"), .string("ssh-ed25519")])
        #expect(values["ssh.kex.hassh"] == [.string(session.hassh!)])
        #expect(Set(values.keys) == Set(SSHParser.fields.map(\.name)))
    }
}
