import Foundation
import Testing
import Tracking
@testable import Fovea

@Suite struct `Summary as JSON` {
    @Test func `has every count, in total and for each core`() throws {
        let plan = try RunPlan(Config(offline: .init(pcap: "nothing.pcap")), subscriptions: [Nothing.self])
        var summary = RunSummary(plan, wallTime: .seconds(2), wasInterrupted: false)
        for lcore in 1...2 {
            var counters = Counters()
            counters.packets = UInt64(10 * lcore)
            counters.outcomes[PacketOutcome.afterEnd.rawValue] = UInt64(10 * lcore)
            counters.payloadBytes = 7
            counters.payload[ByteOutcome.notCaptured.rawValue] = 7
            summary.add(LcoreSummary(lcore: lcore, counters: counters, memory: EngineMemory(), first: nil, last: nil), failures: [])
        }
        let object = try #require(try JSONSerialization.jsonObject(with: Data(summary.json.utf8)) as? [String: Any])
        #expect(object["packets"] as? Int == 30)
        let outcomes = try #require(object["outcomes"] as? [String: Int])
        #expect(outcomes.count == PacketOutcome.allCases.count && outcomes["after_end"] == 30)
        #expect(outcomes.values.reduce(0, +) == 30)
        let payload = try #require(object["tcp_payload"] as? [String: Int])
        #expect(payload.count == ByteOutcome.allCases.count && payload["not_captured"] == 14 && object["tcp_payload_bytes"] as? Int == 14)
        #expect((object["ends"] as? [String: Int])?.count == EndReason.allCases.count)
        #expect((object["timeout_lateness"] as? [Int])?.count == 16)
        let cores = try #require(object["lcores"] as? [[String: Any]])
        #expect(cores.map { $0["packets"] as? Int } == [10, 20])
        #expect(cores.map { ($0["outcomes"] as? [String: Int])?["after_end"] } == [10, 20])
    }
}

private struct Nothing: Trackable {
    init(_ connection: ConnectionRecord) {}
    consuming func ended(_ connection: ConnectionRecord, _ report: inout NoReport) {}
}
