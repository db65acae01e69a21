extension LogSchema {
    /// Zeek's ssh.log with its HASSH package, Suricata's ssh.
    public static let ssh = LogSchema(
        "ssh",
        identity + [
            Column("version", .count), Column("client", .string, event: .banner("client.proto_version", "client.software_version")),
            Column("server", .string, event: .banner("server.proto_version", "server.software_version")), Column("cipher_alg", .string),
            Column("mac_alg", .string), Column("compression_alg", .string), Column("kex_alg", .string), Column("host_key_alg", .string),
            Column("hasshVersion", .string), Column("hassh", .string), Column("hasshServer", .string), Column("hasshAlgorithms", .string),
            Column("hasshServerAlgorithms", .string), Column("cshka", .string), Column("sshka", .string), Column("problem", .string),
        ], event: "ssh", transport: "tcp")
}

extension EventMember {
    /// "SSH-2.0-OpenSSH_9.2" in two.
    fileprivate static func banner(_ version: StaticString, _ software: StaticString) -> EventMember {
        EventMember { value, event in
            guard case .text(let text) = value else { return }
            let parts = text.split(separator: "-", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { return }
            event.add(version, .text(String(parts[1])))
            event.add(software, .text(String(parts[2])))
        }
    }
}

extension SSHData: LoggedSubscription { static let log = LogSchema.ssh }
