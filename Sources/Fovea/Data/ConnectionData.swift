import Tracking

/// `data = "connection"`: a line for each connection, when it is over. Fields are those of Zeek's conn.log, and a few more at the end.
struct ConnectionData: Trackable {
    static let name = "connection"
    static let summary = "connections, when they are over: who, how long, how much, how it went"

    static func makeReport(_ context: ReportContext) throws -> JSONLinesWriter { try JSONLinesWriter(context) }

    init(_ connection: ConnectionRecord) {}

    consuming func ended(_ connection: ConnectionRecord, _ output: inout JSONLinesWriter) {
        output.write { $0.addRecord(connection) }
    }
}
