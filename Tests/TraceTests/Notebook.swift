import Packets
import Protocols
import Tracking

/// What a run's subscriptions have seen: the report of every subscription in these tests.
///
/// A run gives its own to `makeReport` as a task-local value, because the framework makes reports itself.
final class Notebook: SubscriptionReport, @unchecked Sendable {
    @TaskLocal static var current = Notebook()

    var connections: [ConnectionRecord] = []
    var handshakes: [SeenHandshake] = []

    func merge(_ other: Notebook) {
        connections += other.connections
        handshakes += other.handshakes
    }
}

/// A TLS handshake with the record of its connection, as that stood at the end.
struct SeenHandshake: Sendable {
    var handshake: TLSHandshake
    var connection: ConnectionRecord

    private var originatorIsClient: Bool { handshake.client == .originator }
    var client: Oracle.Endpoint { (originatorIsClient ? connection.originator : connection.responder).endpoint }
    var server: Oracle.Endpoint { (originatorIsClient ? connection.responder : connection.originator).endpoint }
}

extension ConnectionRecord.Party {
    var endpoint: Oracle.Endpoint { Oracle.Endpoint(address, port) }
}

/// Notes each connection's record.
struct ConnectionNotes: Trackable {
    static func makeReport(_ context: ReportContext) -> Notebook { Notebook.current }
    init(_ connection: ConnectionRecord) {}
    consuming func ended(_ connection: ConnectionRecord, _ report: inout Notebook) { report.connections.append(connection) }
}

/// Notes each connection's TLS handshakes.
struct HandshakeNotes: SessionTrackable {
    typealias Parser = TLSParser

    private var handshakes: [TLSHandshake] = []

    static func makeReport(_ context: ReportContext) -> Notebook { Notebook.current }
    init(_ connection: ConnectionRecord) {}
    mutating func session(_ handshake: TLSHandshake, of connection: ConnectionRecord, _ report: inout Notebook) -> Verdict {
        handshakes.append(handshake)
        return .more
    }
    consuming func ended(_ connection: ConnectionRecord, _ report: inout Notebook) {
        for handshake in handshakes { report.handshakes.append(SeenHandshake(handshake: handshake, connection: connection)) }
    }
}
