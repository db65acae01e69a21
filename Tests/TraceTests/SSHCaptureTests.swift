import Foundation
import Packets
import Protocols
import TestSupport
import Testing
import Tracking

/// Every SSH connection of a capture is held against the banners that the oracle sees (R11). What differs is known by number, and has a reason.
@Suite struct `SSH captures` {
    private static let known: [String: KnownSessions] = [
        "ssh-pre-banner-data": KnownSessions(onlyHere: 1, onlyThere: 1, reason: "the oracle does not find the server's banner behind 31 lines of picture")
    ]

    @Test(.timeLimit(.minutes(1)), arguments: CaptureFolder.own.files)
    func `our own read as the oracle says`(_ capture: CaptureName) throws { try expectAgreement(capture) }

    @Test(
        .enabled(if: CaptureFolder.shared.isThere, "there is no ../shared/traces beside the package"), .timeLimit(.minutes(5)),
        arguments: CaptureFolder.shared.files)
    func `the shared ones read as the oracle says`(_ capture: CaptureName) throws { try expectAgreement(capture) }

    private func expectAgreement(_ capture: CaptureName) throws {
        let oracle = try JSONDecoder().decode(SSHOracle.self, from: Data(contentsOf: capture.folder.oracles.appending(path: "\(capture.name).json")))
        let here = try sessions(of: SSHParser.self, in: Recording(capture)).map { SSHReading($0.session, $0.connection) }
        expectSame(here, (oracle.ssh ?? []).map(SSHReading.init), known: Self.known[capture.name])
    }

    /// Held against `ssh -v` and tshark's fingerprints.
    @Test func `OpenSSH and Dropbear agree as their logs say`() throws {
        let capture = try #require(CaptureFolder.own.files.first { $0.name == "ssh" })
        let found = try sessions(of: SSHParser.self, in: Recording(capture)).map(\.session)
        let agreed = found.map { session in
            [session.keyExchangeAlgorithm, session.hostKeyAlgorithm, session.cipher(toServer: true), session.mac(toServer: false), session.compression(toServer: true)]
                .map { $0 ?? "-" }.joined(separator: " ")
        }
        #expect(
            agreed == [
                "sntrup761x25519-sha512 ssh-ed25519 chacha20-poly1305@openssh.com umac-64-etm@openssh.com none",
                "sntrup761x25519-sha512 ssh-ed25519 aes256-ctr hmac-sha2-256 zlib@openssh.com",
                "diffie-hellman-group14-sha256 rsa-sha2-512 chacha20-poly1305@openssh.com umac-64-etm@openssh.com none",
                // Nothing in common.
                "sntrup761x25519-sha512 ssh-ed25519 - umac-64-etm@openssh.com none",
                "curve25519-sha256 ssh-ed25519 chacha20-poly1305@openssh.com hmac-sha2-256 none",
                "curve25519-sha256 ssh-ed25519 chacha20-poly1305@openssh.com hmac-sha1 zlib@openssh.com",
                "- - - - -", "- - - - -",
            ])
        #expect(found.prefix(6).map { $0.hassh ?? "-" } == [
            "472b5de333ad665af5cbf10ff892c4df", "90cfd0dca628685def2d12c5b1749c6d", "ecbd88fc6c827912b465515e2fe7b9ef", "eaa3a133a8788534f65a5c5ba56d15ad",
            "472b5de333ad665af5cbf10ff892c4df", "16574631849ea8d13c926c9905839928",
        ])
        #expect(Set(found.compactMap(\.hasshServer)) == ["425d29fe50d8e4f5e37efb6e24bcf660", "e1a0b5f8d334ec70fe937b2d5ff8d0b6"])
        #expect(found.map { $0.clientKeyExchange?.firstPacketFollows == true } == [false, false, false, false, false, true, false, false])
        #expect(found.map(\.problem) == [nil, nil, nil, nil, nil, nil, nil, nil])
    }
}

/// The part of an oracle that tells of SSH.
private struct SSHOracle: Decodable {
    struct Record: Decodable {
        var client: Oracle.Endpoint
        var server: Oracle.Endpoint
        var client_banner: String?
        var server_banner: String?
    }

    var ssh: [Record]?
}

/// What is compared of a connection.
private struct SSHReading: Hashable, CustomStringConvertible {
    var description: String

    init(_ record: SSHOracle.Record) {
        description = "\(record.client) \(record.client_banner ?? "-") \(record.server) \(record.server_banner ?? "-")"
    }

    init(_ handshake: SSHHandshake, _ connection: ConnectionRecord) {
        let (client, server) = (connection.originator.endpoint, connection.responder.endpoint)
        description = "\(client) \(handshake.clientBanner?.text ?? "-") \(server) \(handshake.serverBanner?.text ?? "-")"
    }
}
