import TestSupport
import Testing
import Tracking

/// A handshake whose packets have changed places, as they do behind a mirror port with two receive queues.
@Suite struct `Reordered handshake` {
    /// Two connections, one after the other, opened and closed.
    let recording: Recording

    init() throws {
        recording = try Recording(#require(CaptureFolder.own.files.first { $0.name == "nanoseconds" }))
    }

    @Test func `a SYN belongs to its connection wherever it comes`() throws {
        let inOrder = try summary(recording)
        for place in recording.records.indices {
            #expect(try summary(recording.moving(0, to: place)) == inOrder, "SYN at \(place)")
        }
    }

    @Test func `a SYN that comes late makes no gap`() throws {
        for place in recording.records.indices {
            for connection in try connections(recording.moving(0, to: place)) {
                #expect(!connection.history.lowercased().contains("g"), "SYN at \(place)")
            }
        }
    }

    @Test func `what was handed out before the SYN came is not lost to the parser`() throws {
        let recording = try Recording(#require(CaptureFolder.own.files.first { $0.name == "tls" }))
        func handshakes(_ recording: Recording) throws -> [String] {
            try Replay(recording, .defaults, burst: 64).handshakes.map { "\($0.client) \($0.server) \($0.handshake.serverName ?? "-") \($0.handshake.version?.name ?? "-")" }.sorted()
        }
        // The server's hello, then the client's, and only then who opened the connection.
        #expect(try handshakes(recording.moving(4, to: 0).moving(1, to: 4).moving(1, to: 60)) == handshakes(recording))
    }

    private func connections(_ recording: Recording) throws -> [ConnectionRecord] {
        try Replay(recording, .defaults, burst: 64).connections.filter { $0.transport == .tcp }
    }

    /// Who opened which connection, and what each side sent.
    private func summary(_ recording: Recording) throws -> [String] {
        try connections(recording).map { connection in
            let (originator, responder) = (connection.originator, connection.responder)
            return "\(originator.endpoint) \(originator.packets)/\(originator.payloadBytes) \(responder.endpoint) \(responder.packets)/\(responder.payloadBytes)"
                + " \(connection.originatorEvidence) \(connection.state)"
        }.sorted()
    }
}
