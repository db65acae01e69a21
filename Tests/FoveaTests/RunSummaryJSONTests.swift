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
        #expect(object["stages"] == nil && summary.stageTable == nil)
    }

    @Test func `has what stages took, where that was counted, in total and for each core`() throws {
        let plan = try RunPlan(Config(offline: .init(pcap: "nothing.pcap")), subscriptions: [Nothing.self])
        var summary = RunSummary(plan, wallTime: .seconds(2), wasInterrupted: false)
        summary.cyclesPerSecond = 1e9
        for lcore in 1...2 {
            // Each look at the clock is the square of a number, so that it takes longer from time to time: what it takes at least is left out.
            var looks: UInt64 = 0
            let meter = StageMeter { looks += 1; return looks * looks }
            for _ in 0..<lcore { meter.enter(.headers); meter.leave(to: nil) }
            var counters = Counters()
            counters.packets = UInt64(10 * lcore)
            var core = LcoreSummary(lcore: lcore, counters: counters, memory: EngineMemory(), first: nil, last: nil)
            core.stages = StageCosts(meter, packets: counters.packets, tracked: 3)
            summary.add(core, failures: [])
        }
        let object = try #require(try JSONSerialization.jsonObject(with: Data(summary.json.utf8)) as? [String: Any])
        func headers(_ object: [String: Any]) throws -> (times: Int?, cycles: Int?) {
            let stages = try #require(object["stages"] as? [[String: Any]])
            #expect(stages.count == PipelineStage.allCases.count)
            let headers = try #require(stages.first { $0["stage"] as? String == "headers" })
            return (headers["times"] as? Int, headers["cycles"] as? Int)
        }
        let cores = try #require(object["lcores"] as? [[String: Any]]).map(headers)
        #expect(cores.map(\.times) == [10, 20])
        let cycles = cores.compactMap(\.cycles)
        #expect(cycles.count == 2 && cycles[0] > 0 && cycles[1] > cycles[0])
        #expect(try headers(object) == (30, cycles.reduce(0, +)))
        #expect(object["cycles_per_second"] as? Double == 1e9)
        let table = try #require(summary.stageTable)
        #expect(table.contains("stages of 2 cores: "))
        #expect(table.split(separator: "\n").contains { $0.hasPrefix("  headers ") && $0.contains(" 30 ") && $0.hasSuffix("100.0 %") })
    }
}

private struct Nothing: Trackable {
    init(_ connection: ConnectionRecord) {}
    consuming func ended(_ connection: ConnectionRecord, _ report: inout NoReport) {}
}
