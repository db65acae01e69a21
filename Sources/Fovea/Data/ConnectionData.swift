import Tracking

/// `data = "connection"`: a line for each connection, when it is over. Fields are those of Zeek's conn.log, and a few more at the end.
struct ConnectionData: Trackable {
    static let name = "connection"
    static let summary = "connections, when they are over: who, how long, how much, how it went"

    static func makeReport(_ context: ReportContext) throws -> LogWriter { try LogWriter(context) }

    init(_ connection: ConnectionRecord) {}

    consuming func ended(_ connection: ConnectionRecord, _ output: inout LogWriter) {
        output.write { $0.addRecord(connection) }
    }
}

/// `data = "connection_established"`: the same line for each connection, as far as it can be said, once it is established.
struct EstablishedData: EstablishedTrackable {
    static let name = "connection_established"
    static let summary = "connections, as soon as they are established: a TCP handshake is complete, or there is an answer"

    static func makeReport(_ context: ReportContext) throws -> LogWriter { try LogWriter(context) }

    init(_ connection: ConnectionRecord) {}

    mutating func established(_ connection: ConnectionRecord, _ output: inout LogWriter) -> Verdict {
        output.write { $0.addRecord(connection) }
        return .unsubscribe
    }

    consuming func ended(_ connection: ConnectionRecord, _ output: inout LogWriter) {}
}

/// `data = "connection_tick"`: the same line again and again while a connection goes on, `every` so often, and at its end.
struct TickData: TickTrackable {
    static let name = "connection_tick"
    static let summary = "connections every 10 seconds, or every = so often, and when they are over"
    static let tick = TickInterval.seconds(10)

    static func makeReport(_ context: ReportContext) throws -> LogWriter { try LogWriter(context) }

    init(_ connection: ConnectionRecord) {}

    mutating func ticked(_ connection: ConnectionRecord, _ output: inout LogWriter) -> Verdict {
        output.write { $0.addRecord(connection) }
        return .more
    }

    consuming func ended(_ connection: ConnectionRecord, _ output: inout LogWriter) {
        output.write { $0.addRecord(connection) }
    }
}
