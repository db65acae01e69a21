import Filters

extension SSHParser {
    /// Wireshark's names. It has a list of names as one text, here each name is a value: `contains` finds the same, and `==` a whole name. What both sides
    /// agree on has the names of Zeek's ssh.log.
    public static let fields: [SessionField<SSHHandshake>] = [
        .strings("ssh.protocol", "either side's banner", example: "ssh.protocol contains \"dropbear\"") {
            [$0.clientBanner, $0.serverBanner].compactMap { $0?.text }
        },
        .string("ssh.client", "the client's banner", example: "ssh.client starts_with \"SSH-2.0-libssh\"") { $0.clientBanner?.text },
        .string("ssh.server", "the server's banner", example: "ssh.server contains \"OpenSSH_7.\"") { $0.serverBanner?.text },
        .integer("ssh.version", max: 2, "the protocol's version, 1 or 2", example: "ssh.version == 1") { $0.version.map { UInt64($0) } },
        .string("ssh.kex_alg", "the key exchange agreed on", example: "ssh.kex_alg == \"diffie-hellman-group1-sha1\"") { $0.keyExchangeAlgorithm },
        .string("ssh.host_key_alg", "the server's key's algorithm agreed on", example: "ssh.host_key_alg == \"ssh-dss\"") { $0.hostKeyAlgorithm },
        .strings("ssh.cipher_alg", "the cipher agreed on, of either direction", example: "ssh.cipher_alg ends_with \"-cbc\"") {
            [$0.cipher(toServer: true), $0.cipher(toServer: false)].compactMap { $0 }
        },
        .strings("ssh.mac_alg", "the MAC agreed on, of either direction", example: "ssh.mac_alg contains \"md5\"") {
            [$0.mac(toServer: true), $0.mac(toServer: false)].compactMap { $0 }
        },
        .strings("ssh.compression_alg", "the compression agreed on, of either direction", example: "ssh.compression_alg != \"none\"") {
            [$0.compression(toServer: true), $0.compression(toServer: false)].compactMap { $0 }
        },
        offered("ssh.kex_algorithms", .keyExchange, "a key exchange", example: "ssh.kex_algorithms contains \"group1-\""),
        offered("ssh.server_host_key_algorithms", .hostKey, "a key's algorithm", example: "ssh.server_host_key_algorithms == \"ssh-ed25519\""),
        offered(
            "ssh.encryption_algorithms_client_to_server", .encryptionToServer, "a cipher",
            example: "ssh.encryption_algorithms_client_to_server == \"arcfour\""),
        offered(
            "ssh.encryption_algorithms_server_to_client", .encryptionToClient, "a cipher", example: "ssh.encryption_algorithms_server_to_client == \"none\""),
        offered("ssh.mac_algorithms_client_to_server", .macToServer, "a MAC", example: "ssh.mac_algorithms_client_to_server == \"hmac-md5\""),
        offered("ssh.mac_algorithms_server_to_client", .macToClient, "a MAC", example: "ssh.mac_algorithms_server_to_client == \"hmac-md5\""),
        offered(
            "ssh.compression_algorithms_client_to_server", .compressionToServer, "a compression",
            example: "ssh.compression_algorithms_client_to_server == \"zlib\""),
        offered(
            "ssh.compression_algorithms_server_to_client", .compressionToClient, "a compression",
            example: "ssh.compression_algorithms_server_to_client == \"zlib\""),
        .boolean(
            "ssh.first_kex_packet_follows", "whether a side goes on before it has seen the other's offer", example: "ssh.first_kex_packet_follows"
        ) { handshake in
            let offers = [handshake.clientKeyExchange, handshake.serverKeyExchange].compactMap { $0 }
            return offers.isEmpty ? nil : offers.contains(where: \.firstPacketFollows)
        },
        .string(
            "ssh.kex.hassh", aliases: ["ssh.hassh"], "MD5 of what the client offers (HASSH)", example: "ssh.kex.hassh == \"b5752e36ba6c5979a575e43178908adf\""
        ) {
            $0.hassh
        },
        .string(
            "ssh.kex.hasshserver", aliases: ["ssh.hasshserver"], "MD5 of what the server offers",
            example: "ssh.kex.hasshserver == \"c1c596caaeb93c566b8ecf3cae9b5a9e\""
        ) { $0.hasshServer },
        .string("ssh.kex.hassh_algorithms", "what HASSH is the MD5 of", example: "ssh.kex.hassh_algorithms contains \"none,zlib\"") { $0.hasshAlgorithms },
        .string("ssh.kex.hasshserver_algorithms", "the same of the server", example: "ssh.kex.hasshserver_algorithms contains \"none,zlib\"") {
            $0.hasshServerAlgorithms
        },
        .boolean("ssh.malformed", "whether a side could not be followed", example: "ssh.malformed") { $0.problem != nil },
    ]

    /// Names that either side offers.
    private static func offered(_ name: String, _ list: SSHNameList, _ what: String, example: String) -> SessionField<SSHHandshake> {
        .strings(name, "\(what) that a side offers", example: example) { ($0.clientKeyExchange?.names(list) ?? []) + ($0.serverKeyExchange?.names(list) ?? []) }
    }
}
