import Filters
import Protocols
import Tracking

/// A data type that writes a line for each session of a protocol and keeps nothing for a connection: what a line says is all that is left to say.
protocol SessionLines: SessionTrackable where Report == LogWriter {
    init()
    static func add(_ session: Parser.Session, of connection: ConnectionRecord, to line: inout LogLine)
}

extension SessionLines {
    static var filter: Filter { .service(Parser.service) }

    static func makeReport(_ context: ReportContext) throws -> LogWriter { try LogWriter(context) }

    init(_ connection: ConnectionRecord) { self.init() }

    mutating func session(_ session: Parser.Session, of connection: ConnectionRecord, _ output: inout LogWriter) -> Verdict {
        output.write { Self.add(session, of: connection, to: &$0) }
        return .more
    }

    consuming func ended(_ connection: ConnectionRecord, _ output: inout LogWriter) {}
}
