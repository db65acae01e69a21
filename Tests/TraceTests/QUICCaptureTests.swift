import Filters
import Foundation
import Packets
import Protocols
import TestSupport
import Testing
import Tracking

/// Every QUIC connection of a capture is held against what tshark sees (R12). What differs is known by number, and has a reason.
@Suite struct `QUIC captures` {
    private static let known: [String: KnownSessions] = {
        let later = "the Handshake packets come in datagrams behind both hellos, with which the session is complete"
        let refused = "tshark stays with the keys of the version that was refused, and finds no hello"
        return [
            "quic": KnownSessions(onlyHere: 1, onlyThere: 1, reason: refused),
            "quic-drafts-vlan-684": KnownSessions(
                onlyHere: 3, onlyThere: 3, reason: "the same first packet from two addresses: tshark takes the second for a retransmission, and its hello for read"),
            "quic-v1-chromium-v6": KnownSessions(onlyHere: 1, onlyThere: 1, reason: later),
            "quic-v1-firefox": KnownSessions(onlyHere: 1, onlyThere: 1, reason: later),
            "quic-v1-kyber": KnownSessions(onlyHere: 1, onlyThere: 1, reason: later),
            "quic-version-negotiation": KnownSessions(
                onlyHere: 1, onlyThere: 1, reason: "\(refused); besides, \(later)"),
            "tunnel-geneve-tls-quic": KnownSessions(
                onlyHere: 5, onlyThere: 11, reason: "tshark gives 0-RTT packets before the client's Initial, with the same IDs, a connection of their own"),
        ]
    }()

    @Test(.timeLimit(.minutes(1)), arguments: CaptureFolder.own.files)
    func `our own read as the oracle says`(_ capture: CaptureName) throws { try expectAgreement(capture) }

    @Test(
        .enabled(if: CaptureFolder.shared.isThere, "there is no ../shared/traces beside the package"), .timeLimit(.minutes(5)),
        arguments: CaptureFolder.shared.files)
    func `the shared ones read as the oracle says`(_ capture: CaptureName) throws { try expectAgreement(capture) }

    /// What aioquic does, told as a whole.
    @Test func `tell all of our own`() throws {
        let capture = try #require(CaptureFolder.own.files.first { $0.name == "quic" })
        let lines = try sessions(of: QUICParser.self, in: Recording(capture)).map { handshake, _ in
            let retry = handshake.isRetried ? "retry \(handshake.retryIsGenuine == true) \(handshake.tokenLength > 0) " : ""
            let cipher = handshake.serverHello.map { String($0.cipherSuite, radix: 16) } ?? "-"
            return "\(handshake.serverName ?? "-") \(handshake.version) \(handshake.lastVersion) \(handshake.history.text(client: handshake.client)) \(cipher) "
                + "\(retry)\(handshake.hasEarlyData ? "early " : "")\(handshake.close?.name ?? "-") \(handshake.problems.names)"
        }
        #expect(
            lines == [
                "one.example.org 1 1 ISish 1302 - []", "two.example.org quicv2 quicv2 ISish 1302 - []", "other.example.org 1 quicv2 ISish 1302 - []",
                "unknown.example.org unknown-1a2a3a4a 1 UvISish 1302 - []", "again.example.org 1 1 ISrIish 1302 retry true true - []",
                "early.example.org 1 1 ISish 1302 - []", "early.example.org 1 1 ISZish 1302 early - []",
                "foreign.example.org 1 1 ISic - CRYPTO_ERROR(no_application_protocol) []", "long.example.org 1 1 IiISish 1302 - []",
            ])
    }

    private func expectAgreement(_ capture: CaptureName) throws {
        let oracle = try JSONDecoder().decode(QUICOracle.self, from: Data(contentsOf: capture.folder.oracles.appending(path: "\(capture.name).json")))
        let here = try sessions(of: QUICParser.self, in: Recording(capture)).map { QUICReading($0.session, $0.connection) }
        expectSame(here, (oracle.quic ?? []).map(QUICReading.init) + (oracle.gquic ?? []).map(QUICReading.init), known: Self.known[capture.name])
    }
}

/// The part of an oracle that tells of QUIC.
private struct QUICOracle: Decodable {
    struct Record: Decodable {
        var client: Oracle.Endpoint
        var server: Oracle.Endpoint
        var dcid: String
        var scid: String
        var sni: String?
        var alpn: [String]?
        var ech: Bool?
        var versions: [String]
        var types: [String]
    }
    struct GoogleRecord: Decodable {
        var client: Oracle.Endpoint
        var server: Oracle.Endpoint
        var version: String
    }

    var quic: [Record]?
    var gquic: [GoogleRecord]?
}

/// What is compared of a connection.
private struct QUICReading: Hashable, CustomStringConvertible {
    var description: String

    private init(
        _ client: Oracle.Endpoint, _ server: Oracle.Endpoint, versions: [String], dcid: String, scid: String, sni: String?, alpn: [String]?, ech: Bool?, types: [String]
    ) {
        description = "\(client) \(server) \(versions) \(dcid)/\(scid) \(sni ?? "-") \(alpn ?? []) \(ech.map { "\($0)" } ?? "-") \(types)"
    }

    init(_ record: QUICOracle.Record) {
        self.init(
            record.client, record.server, versions: record.versions.sorted(), dcid: record.dcid, scid: record.scid, sni: record.sni, alpn: record.alpn,
            ech: record.ech, types: record.types.sorted())
    }

    init(_ record: QUICOracle.GoogleRecord) {
        self.init(record.client, record.server, versions: [record.version], dcid: "", scid: "", sni: nil, alpn: nil, ech: nil, types: [])
    }

    init(_ handshake: QUICHandshake, _ connection: ConnectionRecord) {
        let isSwapped = handshake.client == .responder
        let (client, server) = (isSwapped ? connection.responder : connection.originator, isSwapped ? connection.originator : connection.responder)
        var versions: Set<String> = []
        for version in [handshake.version, handshake.lastVersion] + (handshake.packetTypes.contains(.versionNegotiation) ? [.negotiation] : []) {
            let digits = String(version.rawValue, radix: 16)
            versions.insert(version.isGQUIC ? version.name : "0x" + String(repeating: "0", count: 8 - digits.count) + digits)
        }
        // tshark takes the types of a version that it does not know for those of version 1.
        let types = handshake.packetTypes.subtracting([.versionNegotiation, .oneRTT, .unknown]).names.sorted()
        self.init(
            client.endpoint, server.endpoint, versions: versions.sorted(), dcid: handshake.initialDestination?.description ?? "",
            scid: handshake.clientID?.description ?? "", sni: handshake.serverName, alpn: handshake.clientHello.map(\.offeredProtocols),
            ech: handshake.clientHello.map(\.hasEncryptedClientHello), types: types)
    }
}
