import Filters
import Foundation
import Packets
import Protocols
import TestSupport
import Testing
import Tracking

/// Every TLS handshake of a capture is held against what tshark sees, fingerprints and all (R8). What differs is known by number, and has a reason.
@Suite struct `TLS captures` {
    private static let known: [String: KnownSessions] = [
        "hostile-tls-corner-cases": KnownSessions(
            onlyHere: 2, onlyThere: 1,
            reason: "two ServerHellos whole in records that are not; of an encrypted record whose first byte happens to be a ServerHello's tshark makes one"),
        "mixed-all-protocols-synthetic": KnownSessions(
            onlyHere: 1, onlyThere: 1, reason: "an empty supported_versions extension: the legacy version counts; tshark reads beyond the extension's end"),
        "tls10-three-streams-loss": KnownSessions(onlyHere: 1, onlyThere: 1, reason: sslv2),
        "tls12-73-cipher-suites": KnownSessions(onlyHere: 3, onlyThere: 3, reason: sslv2),
    ]
    private static let sslv2 = "hellos in SSL 2's format, whose cipher specs the oracle does not count, and of which tshark 4.0 makes no JA3"

    @Test(.timeLimit(.minutes(5)), arguments: CaptureFolder.own.files + CaptureFolder.shared.files)
    func `read as the oracle says`(_ capture: CaptureName) throws {
        let oracle = try JSONDecoder().decode(TLSOracle.self, from: Data(contentsOf: capture.folder.oracles.appending(path: "\(capture.name).json")))
        let here = try sessions(of: TLSParser.self, in: Recording(capture)).map { TLSReading($0.session, $0.connection) }
        let there = (oracle.tls ?? []) + (oracle.if_gaps_are_skipped?.tls ?? [])
        expectSame(here, there.map(TLSReading.init), known: Self.known[capture.name])
    }

    // MARK: Certificates

    /// How many certificates tshark 4.0.17 sees, and a digest of their sorted SHA-256s:
    /// `tshark -2 -o tcp.reassemble_out_of_order:TRUE -Y 'tls.handshake.certificate and tcp' -T fields -e tls.handshake.certificate`.
    private static let certificates: [String: (count: Int, digest: String)] = [
        "l2-pppoe-over-qinq": (2, "78b0d59dd6ba8b90"),
        "mixed-all-protocols-synthetic": (5, "57e7c2133fce4af2"),
        "mixed-netflix-6999": (32, "9f693c0af9384725"),
        "mixed-office-4631": (5, "59c7a13afcc780fc"),
        "quic-and-tls-browsing": (6, "7336ee6fc5259823"),
        "tcp-keepalive-115": (28, "fe5390f5ff51987c"),
        "tls-100-fingerprints": (164, "f5df4c95c33f9d99"),
        "tls-334-midstream-v4-v6": (30, "d0e315a626a6468b"),
        "tls-and-ssh-same-port": (1, "e6596339e07a48e7"),
        "tls-ssl3-openssl": (3, "35c395c438452066"),
        "tls10-heartbleed": (2, "5a780345f5269ee4"),
        "tls10-three-streams-loss": (6, "edf6bbeca2b4321a"),
        "tls11": (3, "07256fdb2bb42378"),
        "tls12-73-cipher-suites": (73, "6466022a0c2f37b7"),
        "tls12-client-cert-82-streams": (116, "d83a212eaed542c3"),
        "tls12-client-certificate": (5, "8c8f2f25da1249c4"),
        "tls12-smtp-starttls": (3, "e9ddd356d968d29f"),
        "tls12": (3, "ff1982771b621d9d"),
        "tunnel-geneve-tls-quic": (36, "cde74bc01fe52e0d"),
    ]

    @Test(
        .enabled(if: CaptureFolder.shared.isThere, "there is no ../shared/traces beside the package"), .timeLimit(.minutes(5)),
        arguments: CaptureFolder.shared.files.filter { certificates[$0.name] != nil })
    func `have the certificates that tshark sees`(_ capture: CaptureName) throws {
        let handshakes = try sessions(of: TLSParser.self, in: Recording(capture), depth: .whole).map(\.session)
        let chains = handshakes.flatMap { [$0.serverCertificates, $0.clientCertificates].compactMap { $0 } }
        let all = chains.flatMap(\.certificates)
        #expect(all.allSatisfy(\.isReadable) && chains.allSatisfy { $0.problem == nil })
        let expected = Self.certificates[capture.name]!
        #expect(all.count == expected.count)
        #expect(Self.digest(all.map(\.sha256)) == expected.digest)
    }

    private static func digest(_ fingerprints: [String]) -> String { X509Certificate(Array(fingerprints.sorted().joined().utf8)).sha256.prefix(16).description }

    // MARK: DTLS

    @Test func `of DTLS have the fingerprints that tshark has`() throws {
        let capture = try #require(CaptureFolder.own.files.first { $0.name == "dtls" })
        let found = try sessions(of: DTLSParser.self, in: Recording(capture)).map(\.session)
        #expect(found.map(\.serverName) == ["cookie.example.org", "old.example.org", "fragments.example.org"])
        #expect(found.map(\.version) == [.dtls12, .dtls10, .dtls12] && found.allSatisfy(\.helloRetried))
        #expect(
            found.map(\.ja3) == ["096df697a18c538158d6a52abc65a0db", "286a367bb52e0536fe50f326e484150b", "248a2544f4221c0f02f877e42fe67853"])
        #expect(
            found.map(\.ja3s) == ["eff0655f7bb8bb065a13f7242867ed33", "a451b0339630ceb3e246407263b3cc54", "51e03b04c8c77175b5562a0e94e39f1c"])
        #expect(found.allSatisfy { $0.ja4?.hasPrefix("dd") == true })
    }

    @Test(.enabled(if: CaptureFolder.shared.isThere, "there is no ../shared/traces beside the package")) func `of DTLS 1.2 bring the handshake`() throws {
        let capture = try #require(CaptureFolder.shared.files.first { $0.name == "dtls12" })
        let found = try sessions(of: DTLSParser.self, in: Recording(capture))
        let session = try #require(found.first?.session)
        #expect(found.count == 1 && session.version == .dtls12 && session.helloRetried && session.serverHello != nil)
        #expect(found.first?.connection.service == .dtls)
    }

    /// Of messages in one datagram, and of fragments.
    @Test func `of DTLS have the certificates that tshark puts together, where somebody asks`() throws {
        let capture = try #require(CaptureFolder.own.files.first { $0.name == "dtls" })
        let found = try sessions(of: DTLSParser.self, in: Recording(capture), depth: .whole).map(\.session)
        #expect(found.map { $0.serverCertificates?.certificates.map(\.sha256) } == [[String]?](repeating: [
            "9ab55fd25680b210ac039c395553b6f6cf183a2a0889176d3ae337068e1c7f6b"], count: 3))
        #expect(found.map { $0.serverCertificates?.first?.subject } == ["CN=example.org", "CN=example.org", "CN=example.org"])
        #expect(found.allSatisfy { $0.isEstablished == true && $0.clientCertificates == nil && !$0.certificateRequested && $0.problems.isEmpty })
        guard let shared = CaptureFolder.shared.files.first(where: { $0.name == "dtls12" }) else { return }
        let session = try #require(try sessions(of: DTLSParser.self, in: Recording(shared), depth: .whole).first?.session)
        #expect(session.serverCertificates?.certificates.map(\.sha256) == ["6f5446a5b23f4e73925de5e6629c09b1c61ed66537d6d8a7818750c9cd0a67d7"])
        #expect(session.isEstablished == true && session.serverCertificates?.first?.subject?.contains("O=Internet Widgits Pty Ltd") == true)
    }
}

/// The part of an oracle that tells of TLS.
private struct TLSOracle: Decodable {
    struct Record: Decodable {
        var client: Oracle.Endpoint
        var server: Oracle.Endpoint
        var sni: String?
        var version: String?
        var cipher: String?
        var alpn: String?
        var client_alpn: [String]?
        var client_version: String?
        var client_ciphers: Int?
        var ja3: String?
        var ja3s: String?
        var ja4: String?
        var ech: Bool?
        var psk_selected: Bool?
        var hrr: Bool
    }
    struct BehindGaps: Decodable { var tls: [Record]? }

    var tls: [Record]?
    var if_gaps_are_skipped: BehindGaps?
}

/// What is compared of a handshake: all that the oracle says.
private struct TLSReading: Hashable, CustomStringConvertible {
    var description: String

    private init(
        _ client: Oracle.Endpoint, _ server: Oracle.Endpoint, _ name: String?, _ version: String?, _ cipher: String?, _ alpn: String?, _ offered: [String],
        _ newest: String?, _ suites: Int?, _ fingerprints: [String?], ech: Bool?, psk: Bool?, isRetried: Bool
    ) {
        let parts = [name, version, cipher, alpn, offered.joined(separator: " "), newest, suites.map { "\($0)" }] + fingerprints
        let flags = [ech.map { "ech \($0)" }, psk.map { "psk \($0)" }, isRetried ? "retried" : nil].compactMap { $0 }
        description = "\(client) \(server) " + parts.map { $0 ?? "-" }.joined(separator: " | ") + " | " + flags.joined(separator: " ")
    }

    init(_ record: TLSOracle.Record) {
        self.init(
            record.client, record.server, record.sni, record.version, record.cipher, record.alpn, record.client_alpn ?? [], record.client_version,
            record.client_ciphers, [record.ja3, record.ja3s, record.ja4], ech: record.ech, psk: record.psk_selected, isRetried: record.hrr)
    }

    init(_ handshake: TLSHandshake, _ connection: ConnectionRecord) {
        let (client, server) =
            handshake.client == .originator
            ? (connection.originator.endpoint, connection.responder.endpoint) : (connection.responder.endpoint, connection.originator.endpoint)
        let hello = handshake.clientHello
        // What is not ASCII each writes in its own way, and of JA4 the oracle says nothing then.
        let isPlain = hello?.offeredProtocols.first?.unicodeScalars.allSatisfy { (32...126).contains($0.value) } ?? true
        self.init(
            client, server, handshake.serverName, handshake.version.map { Self.hex($0.rawValue) }, handshake.cipherSuite.map(Self.hex),
            handshake.applicationProtocol, handshake.offeredProtocols, (hello?.newestVersion.rawValue).map(Self.hex), hello?.cipherSuites.count,
            [handshake.ja3, handshake.ja3s, isPlain ? handshake.ja4 : nil], ech: hello?.hasEncryptedClientHello, psk: handshake.serverHello.map { $0.selectedPSK != nil },
            isRetried: handshake.helloRetried)
    }

    private static func hex(_ number: UInt16) -> String { "0x" + String(0x1_0000 | Int(number), radix: 16).dropFirst() }
}
