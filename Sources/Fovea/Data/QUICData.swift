import Protocols
import Tracking

/// `data = "quic"`: a line for each QUIC handshake, as soon as both hellos are known. Fields are those of Zeek's quic.log.
struct QUICData: SessionLines {
    typealias Parser = QUICParser

    static let name = "quic"
    static let summary = "QUIC handshakes, as soon as they are known: version, connection IDs, server name, application protocol, what happened"

    static func add(_ handshake: QUICHandshake, of connection: ConnectionRecord, to line: inout LogLine) {
        line.addIdentity(of: connection)
        line.addHandshake(handshake)
    }
}

extension LogLine {
    /// What a line says of a QUIC handshake. Fields are those of Zeek's quic.log, and a few more at the end.
    public mutating func addHandshake(_ handshake: QUICHandshake) {
        add("version", handshake.version.name)
        add("client_initial_dcid", handshake.initialDestination?.description)
        add("client_scid", handshake.clientID?.description)
        add("server_scid", handshake.serverID?.description)
        add("server_name", handshake.serverName)
        add("client_protocol", handshake.offeredProtocols.first)
        add("history", handshake.history.text(client: handshake.client))
        add("last_version", handshake.lastVersion.name)
        if !handshake.offeredVersions.isEmpty { add("offered_versions", handshake.offeredVersions.map(\.name)) }
        add("cipher", hexadecimal: handshake.serverHello?.cipherSuite)
        add("token_length", handshake.tokenLength)
        add("retry", handshake.isRetried)
        if let isGenuine = handshake.retryIsGenuine { add("retry_genuine", isGenuine) }
        add("zero_rtt", handshake.hasEarlyData)
        if let close = handshake.close {
            add("close_error", close.name)
            add("close_reason", close.reason)
        }
        if !handshake.problems.isEmpty { add("problems", handshake.problems.names) }
    }
}
