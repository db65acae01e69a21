import Filters
import TestSupport
import Testing
import Tracking

/// Every capture is held against what tshark sees in it. What differs stands in `KnownDifferences`, and nothing else does.
@Suite struct `Golden captures` {
    @Test(.timeLimit(.minutes(1)), arguments: CaptureFolder.own.files)
    func `our own read as the oracle says`(_ capture: CaptureName) throws {
        try expectAgreement(capture)
    }

    @Test(
        .enabled(if: CaptureFolder.shared.isThere, "there is no ../shared/traces beside the package"), .timeLimit(.minutes(5)),
        arguments: CaptureFolder.shared.files)
    func `the shared ones read as the oracle says`(_ capture: CaptureName) throws {
        try expectAgreement(capture)
    }

    @Test(.timeLimit(.minutes(1)), arguments: CaptureFolder.own.files)
    func `our own read the same whatever the bursts`(_ capture: CaptureName) throws {
        try expectSameRecords(capture)
    }

    @Test(
        .enabled(if: CaptureFolder.shared.isThere, "there is no ../shared/traces beside the package"), .timeLimit(.minutes(5)),
        arguments: CaptureFolder.shared.files)
    func `the shared ones read the same whatever the bursts`(_ capture: CaptureName) throws {
        try expectSameRecords(capture)
    }

    @Test func `a capture is there for every known difference`() {
        let names = Set(CaptureFolder.own.files.map(\.name) + CaptureFolder.shared.files.map(\.name))
        for difference in KnownDifferences.all.flatMap(\.differences) where CaptureFolder.shared.isThere {
            #expect(names.contains(difference.capture), "\(difference)")
        }
    }

    private func expectAgreement(_ capture: CaptureName) throws {
        let oracle = try capture.oracle()
        let recording = try Recording(capture)
        // The oracle's conversations and streams are those of the outermost header (R2).
        let defaults = try Replay(recording, .defaults.outermost, burst: 1)
        let patient = try Replay(recording, .patient.outermost, burst: 64)

        #expect(recording.records.count == oracle.packets)
        for replay in [defaults, patient] {
            #expect(replay.counters.isBalanced && replay.counters.isPayloadBalanced)
            #expect(replay.counters.packets == UInt64(oracle.packets))
            #expect(replay.counters.bytes == UInt64(oracle.bytes))
            #expect(replay.counters[.evicted] == 0)
        }
        #expect(defaults.counters[.afterEnd] == UInt64(defaults.late.count))
        #expect(patient.counters[.afterEnd] == 0)

        var differences = defaults.lateDifferences(capture.name, recording)
        differences.formUnion(oracle.conversationDifferences(capture.name, defaults, recording))
        differences.formUnion(oracle.conversationDifferences(capture.name, patient, recording))
        differences.formUnion(oracle.streamDifferences(capture.name, patient))
        differences.formUnion(oracle.outerConversationDifferences(capture.name, recording))
        // Its application records are those of the innermost (R7), and it does not tell tunnels apart.
        for options in [TrackerOptions.defaults.tunnelsTogether, .patient.tunnelsTogether] {
            let inner = try Replay(recording, options, burst: 64)
            #expect(inner.counters.isBalanced && inner.counters.isPayloadBalanced)
            #expect(inner.counters.packets == UInt64(oracle.packets))
            differences.formUnion(oracle.tlsDifferences(capture.name, inner))
        }
        let known = KnownDifferences.of(capture.name)
        for difference in differences.subtracting(known).sorted() { Issue.record("a difference that is not known: \(difference)") }
        for difference in known.subtracting(differences).sorted() { Issue.record("a known difference that is none: \(difference)") }
    }

    /// Bursts decide how packets share cache misses, and nothing else. Nor does it matter whether a filter names the protocol, or the parser alone does.
    private func expectSameRecords(_ capture: CaptureName) throws {
        let recording = try Recording(capture)
        let single = try Replay(recording, .defaults, burst: 1)
        for burst in [32, 64] {
            let other = try Replay(recording, .defaults, burst: burst, tlsFilter: .tls)
            #expect(other.counters.isBalanced && other.counters.isPayloadBalanced)
            #expect(other.connections.map(\.everything).sorted() == single.connections.map(\.everything).sorted())
            #expect(other.handshakes.map(\.everything).sorted() == single.handshakes.map(\.everything).sorted())
        }
    }
}

extension ConnectionRecord {
    /// All that the record says.
    fileprivate var everything: String {
        func text(_ party: Party) -> String {
            "\(party.endpoint) \(party.packets) \(party.frameBytes) \(party.ipBytes) \(party.payloadBytes) \(party.first.text) \(party.last.text)"
        }
        return "\(uid) \(transport) \(vlans) \(tunnel.map { "\($0)" } ?? "-") \(outer.map { "\($0)" } ?? "-")"
            + " \(text(originator)) > \(text(responder)) \(originatorEvidence) \(service) \(history) \(state)"
            + " \(endReason.map { "\($0)" } ?? "-")"
    }
}

extension SeenHandshake {
    fileprivate var everything: String { "\(client) \(server) \(handshake)" }
}
