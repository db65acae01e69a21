import Fovea

/// One line for each TLS connection, when it is over: which server was asked for, what was agreed on. Fields are those of Zeek's ssl.log.
struct ServerNames: SessionTrackable {
    typealias Parser = TLSParser
    typealias Report = JSONLinesWriter

    static let summary = "TLS connections: server name, version, cipher suite, application protocol"
    static let filter: Filter = .tls

    static func makeReport(_ context: ReportContext) throws -> JSONLinesWriter { try JSONLinesWriter(context) }

    /// What of the hellos the line needs; the messages themselves are not kept.
    private struct Hello {
        var serverName: String?
        var version: TLSVersion?
        var cipherSuite: UInt16?
        var applicationProtocol: String?
        var alert: TLSAlert?
    }

    private var hello: Hello?

    init(_ connection: ConnectionRecord) {}

    mutating func session(_ handshake: TLSHandshake, _ output: inout JSONLinesWriter) -> Verdict {
        hello = Hello(
            serverName: handshake.serverName, version: handshake.version, cipherSuite: handshake.cipherSuite,
            applicationProtocol: handshake.applicationProtocol, alert: handshake.alert)
        return .done
    }

    consuming func ended(_ connection: ConnectionRecord, _ output: inout JSONLinesWriter) {
        guard let hello else { return }
        output.write { line in
            line.addConnection(connection)
            line.add("version", hello.version?.name)
            line.add("cipher", hello.cipherSuite.map { "0x" + String(0x1_0000 | Int($0), radix: 16).dropFirst() })
            line.add("server_name", hello.serverName)
            line.add("last_alert", hello.alert?.description)
            line.add("next_protocol", hello.applicationProtocol)
            line.add("established", hello.version != nil && hello.alert == nil)
        }
    }
}
