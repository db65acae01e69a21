import Filters
import Packets
import TestSupport
import Testing
@testable import Tracking

@Suite struct `Tracker model` {
    /// What model and tracker can be compared by.
    private struct Findings: Equatable {
        var records: [String]
        var outcomes: [UInt64]
        var ends: [UInt64]
        /// Connections, dropped tombstones, reused tuples, refused resets, emergencies.
        var counts: [UInt64]

        init(_ model: TrackerModel) {
            records = model.records.sorted()
            outcomes = PacketOutcome.allCases.map { model.outcomes[$0] ?? 0 }
            ends = EndReason.allCases.map { model.ends[$0] ?? 0 }
            counts = [model.connections, model.evictedTombstones, model.reusedTuples, model.refusedResets, model.emergencies, model.clock.leaps]
        }

        init(_ run: Run) {
            let counters = run.counters
            records = run.log.ended.map(Self.text).sorted()
            outcomes = PacketOutcome.allCases.map { counters[$0] }
            ends = EndReason.allCases.map { counters[$0] }
            counts = [
                counters.connections, counters.evictedTombstones, counters.reusedTuples, counters.refusedResets, counters.emergencies, counters.timeLeaps,
            ]
        }

        private static func text(_ record: ConnectionRecord) -> String {
            func text(_ party: ConnectionRecord.Party) -> String {
                TrackerModel.text(
                    Int(party.packets), Int(party.frameBytes), Int(party.payloadBytes), party.first.nanoseconds, party.last.nanoseconds)
            }
            let originator = record.originator.address.low, responder = record.responder.address.low
            let isClient = originator >> 8 == 0x0a_0001
            return "\((isClient ? originator : responder) & 0xff) \(isClient ? ">" : "<") \(record.originatorEvidence) "
                + "\(text(record.originator)) \(text(record.responder)) \(record.endReason!)"
        }

        func difference(from model: Findings) -> String? {
            if self == model { return nil }
            let (mine, its) = (Set(records).subtracting(model.records).sorted(), Set(model.records).subtracting(records).sorted())
            return """
                tracker: \(outcomes) \(ends) \(counts)\n  \(mine.joined(separator: "\n  "))
                model:   \(model.outcomes) \(model.ends) \(model.counts)\n  \(its.joined(separator: "\n  "))
                """
        }
    }

    /// The first difference between model and tracker on a schedule in bursts of so many packets at most, none if they agree.
    private func difference(_ steps: [Step], _ options: TrackerOptions, burst: Int) throws -> String? {
        var model = TrackerModel(options)
        let run = try Run(Records.self, !(.udp && .port(9)), options)
        var packets: [Sent] = []
        func compare(_ moment: String) -> String? {
            Findings(run).difference(from: Findings(model)).map { "\(moment), bursts of \(burst):\n\($0)" }
                ?? (run.pipeline.tracker.count == model.table.count ? nil : "\(moment): \(run.pipeline.tracker.count) in the table for \(model.table.keys.sorted())")
        }
        func flush() {
            run.send(packets, burst: burst)
            packets = []
        }
        for (number, step) in steps.enumerated() {
            model.run(step)
            switch step {
            case .packet(let packet): packets.append(Sent(packet.frame, at: packet.time))
            case .advance(let time):
                flush()
                run.advance(to: time - start)
            }
            if packets.count >= burst { flush() }
            if packets.isEmpty, let difference = compare("after step \(number), \(step)") { return difference }
        }
        flush()
        model.drain()
        run.drain()
        return compare("at the end")
    }

    /// The shortest part of a schedule, by leaving out one step after the other, on which they still differ.
    private func smallest(_ steps: [Step], _ options: TrackerOptions, burst: Int) throws -> [Step] {
        var steps = steps
        var place = steps.count - 1
        while place >= 0 {
            var fewer = steps
            fewer.remove(at: place)
            if try difference(fewer, options, burst: burst) != nil { steps = fewer }
            place -= 1
        }
        return steps
    }

    @Test(arguments: 0..<30 as Range<UInt64>) func `and tracker agree on who is there, on the records and the counts`(seeds: UInt64) throws {
        for seed in seeds * 10..<seeds * 10 + 10 {
            let schedule = TrackerSchedule(seed: seed)
            for burst in [1, 64, 2 + Int(seed % 17)] where try difference(schedule.steps, schedule.options, burst: burst) != nil {
                let steps = try smallest(schedule.steps, schedule.options, burst: burst)
                let options = schedule.options
                Issue.record(
                    """
                    seed \(seed), \(options.maxConnections) connections, emergency at \(options.emergencyThreshold) %, midstream \(options.midstream)
                    \(try difference(steps, options, burst: burst)!)
                    \(steps.map(\.description).joined(separator: "\n"))
                    """)
                break
            }
        }
    }
}
