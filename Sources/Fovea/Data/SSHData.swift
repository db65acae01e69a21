import Filters
import Packets
import Protocols
import Tracking

/// `data = "ssh"`: a line for each SSH connection, as soon as both sides have said what they offer. Fields are those of Zeek's ssh.log, and of its HASSH
/// package.
struct SSHData: SessionTrackable {
    typealias Parser = SSHParser

    static let name = "ssh"
    static let summary = "SSH connections, once both sides have made their offers: banners, algorithms agreed on, HASSH of client and server"
    static let filter: Filter = .service(.ssh)

    static func makeReport(_ context: ReportContext) throws -> LogWriter { try LogWriter(context) }

    init(_ connection: ConnectionRecord) {}

    mutating func session(_ handshake: SSHHandshake, of connection: ConnectionRecord, _ output: inout LogWriter) -> Verdict {
        output.write { line in
            line.addIdentity(of: connection)
            line.addHandshake(handshake)
        }
        return .done
    }

    consuming func ended(_ connection: ConnectionRecord, _ output: inout LogWriter) {}
}

extension LogLine {
    /// What a line says of an SSH handshake. Fields are those of Zeek's ssh.log and of its HASSH package, and `problem` is Fovea's.
    public mutating func addHandshake(_ handshake: SSHHandshake) {
        if let version = handshake.version { add("version", version) }
        if let banner = handshake.clientBanner { add("client", utf8: banner.bytes) }
        if let banner = handshake.serverBanner { add("server", utf8: banner.bytes) }
        add("cipher_alg", Self.bothWays(handshake.cipher(toServer:)))
        add("mac_alg", Self.bothWays(handshake.mac(toServer:)))
        add("compression_alg", Self.bothWays(handshake.compression(toServer:)))
        add("kex_alg", handshake.keyExchangeAlgorithm)
        add("host_key_alg", handshake.hostKeyAlgorithm)
        add("hasshVersion", handshake.hassh ?? handshake.hasshServer == nil ? nil : "1.0")
        add("hassh", handshake.hassh)
        add("hasshServer", handshake.hasshServer)
        add("hasshAlgorithms", handshake.hasshAlgorithms)
        add("hasshServerAlgorithms", handshake.hasshServerAlgorithms)
        add("cshka", handshake.clientKeyExchange?.text(.hostKey))
        add("sshka", handshake.serverKeyExchange?.text(.hostKey))
        if let problem = handshake.problem { add("problem", "\(problem)") }
    }

    /// In most connections both directions have the same; Zeek writes both where they have not.
    private static func bothWays(_ algorithm: (Bool) -> String?) -> String? {
        let (toServer, toClient) = (algorithm(true), algorithm(false))
        guard toServer != toClient else { return toServer }
        return "To server: \(toServer ?? "none agreed on"), to client: \(toClient ?? "none agreed on")"
    }
}
