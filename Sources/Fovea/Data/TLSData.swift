import Filters
import Protocols
import Tracking

/// `data = "tls"`: a line for each TLS handshake, as soon as it is known. Fields are those of Zeek's ssl.log.
struct TLSData: SessionTrackable {
    typealias Parser = TLSParser

    static let name = "tls"
    static let summary = "TLS handshakes, as soon as they are known: server name, version, cipher suite, application protocol"
    static let filter: Filter = .tls

    static func makeReport(_ context: ReportContext) throws -> JSONLinesWriter { try JSONLinesWriter(context) }

    init(_ connection: ConnectionRecord) {}

    mutating func session(_ handshake: TLSHandshake, of connection: ConnectionRecord, _ output: inout JSONLinesWriter) -> Verdict {
        output.write { line in
            line.addIdentity(of: connection)
            TLSLine(handshake).add(to: &line)
        }
        return .more
    }

    consuming func ended(_ connection: ConnectionRecord, _ output: inout JSONLinesWriter) {}
}

/// What a line says of a TLS handshake; the messages themselves are not kept. Fields are those of Zeek's ssl.log.
public struct TLSLine: Sendable {
    private let serverName: String?
    private let version: TLSVersion?
    private let cipherSuite: UInt16?
    private let applicationProtocol: String?
    private let alert: TLSAlert?

    public init(_ handshake: TLSHandshake) {
        serverName = handshake.serverName
        version = handshake.version
        cipherSuite = handshake.cipherSuite
        applicationProtocol = handshake.applicationProtocol
        alert = handshake.alert
    }

    public func add(to line: inout JSONObject) {
        line.add("version", version?.name)
        line.add("cipher", cipherSuite.map { "0x" + String(0x1_0000 | Int($0), radix: 16).dropFirst() })
        line.add("server_name", serverName)
        line.add("last_alert", alert?.description)
        line.add("next_protocol", applicationProtocol)
        line.add("established", version != nil && alert == nil)
    }
}
