import Packets
import Tracking

/// `data = "connection_history"`: a line for each connection, when it is over, with the time of each letter of its history.
struct HistoryData: TickTrackable {
    static let name = "connection_history"
    static let summary = "histories of TCP connections, when they are over: what happened, and when"
    /// It looks at each packet's record; with a longer `every` times are as much later as that says.
    static let tick = TickInterval.packets(1)

    static func makeReport(_ context: ReportContext) throws -> LogWriter { try LogWriter(context) }

    /// Microseconds since the connection's beginning; -1: before the filter could tell.
    private var times = InlineArray<23, Int64>(repeating: -1)
    private var count = 0

    init(_ connection: ConnectionRecord) {
        // Of the first packet the tick tells.
        if connection.originator.packets + connection.responder.packets > 1 { count = min(times.count, connection.historyLength) }
    }

    mutating func ticked(_ connection: ConnectionRecord, _ output: inout LogWriter) -> Verdict {
        note(connection)
        return count == times.count ? .done : .more
    }

    private mutating func note(_ connection: ConnectionRecord) {
        while count < min(times.count, connection.historyLength) {
            times[count] = max(0, connection.last - connection.first) / 1000
            count += 1
        }
    }

    consuming func ended(_ connection: ConnectionRecord, _ output: inout LogWriter) {
        note(connection)
        guard count > 0 else { return }
        output.write { line in
            line.addIdentity(of: connection)
            line.add("conn_state", connection.state.rawValue)
            line.add("history", connection.history)
            line.add("history_us", (0..<count).map { times[$0] })
            line.add("duration", seconds: connection.duration)
        }
    }
}
