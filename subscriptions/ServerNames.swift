import Fovea

/// One line for each TLS connection, when it is over: which server was asked for, what was agreed on. Fields are those of Zeek's ssl.log.
struct ServerNames: SessionTrackable, LoggedSubscription {
    typealias Parser = TLSParser
    typealias Report = LogWriter

    static let summary = "TLS connections: server name, version, cipher suite, application protocol"
    static let filter: Filter = .tls

    static func makeReport(_ context: ReportContext) throws -> LogWriter { try LogWriter(context) }

    static let log = LogSchema.tls

    private var hello: TLSLine?

    init(_ connection: ConnectionRecord) {}

    mutating func session(_ handshake: TLSHandshake, of connection: ConnectionRecord, _ output: inout LogWriter) -> Verdict {
        hello = TLSLine(handshake)
        return .done
    }

    consuming func ended(_ connection: ConnectionRecord, _ output: inout LogWriter) {
        guard let hello else { return }
        output.write { line in
            line.addIdentity(of: connection)
            hello.add(to: &line)
        }
    }
}
