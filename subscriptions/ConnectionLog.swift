import Fovea

/// One line for each connection, when it is over. Fields are those of Zeek's conn.log, and a few more at the end.
struct ConnectionLog: Trackable, LoggedSubscription {
    typealias Report = LogWriter

    static let summary = "connections of all protocols: who, how long, how much, how it went"

    static func makeReport(_ context: ReportContext) throws -> LogWriter { try LogWriter(context) }

    static let log = LogSchema.connection

    init(_ connection: ConnectionRecord) {}

    consuming func ended(_ connection: ConnectionRecord, _ output: inout LogWriter) {
        output.write { $0.addRecord(connection) }
    }
}
