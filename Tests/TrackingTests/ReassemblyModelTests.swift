import Packets
import TestSupport
import Testing
@testable import Tracking

@Suite struct `Reassembly and a plain model` {
    /// Random segments with random bytes, all over each other.
    private struct Schedule {
        var segments: [(place: Int, bytes: Octets)] = []
        var firstNumber: UInt32
        var length: Int

        init(_ random: inout SeededGenerator, sameBytes: Bool = false) {
            length = Int.random(in: 20...400, using: &random) * [1, 1, 1, 8].randomElement(using: &random)!
            firstNumber = [0, 1000, .max, .max - UInt32(length / 2), 1 << 31 - UInt32(length / 2), 2047, 5000].randomElement(using: &random)!
            let longest = max(1, length / [3, 10, 40].randomElement(using: &random)!)
            for _ in 0..<[10, 40, 120].randomElement(using: &random)! {
                // Mostly not the first byte, so that much is held.
                let place = Int.random(in: 0...10, using: &random) == 0 ? 0 : Int.random(in: 1..<length, using: &random)
                let count = Int.random(in: 1...longest, using: &random)
                segments.append((place, sameBytes ? Talk.bytes(place + 1..<place + 1 + count) : (0..<count).map { _ in UInt8.random(in: 0...3, using: &random) }))
            }
        }

        func packets(_ segments: [(place: Int, bytes: Octets)]) -> [Sent] {
            var talk = Talk()
            talk.firstNumbers.client = firstNumber
            for segment in segments { talk.send(.originator, [.ack], place: segment.place + 1, ack: 1, segment.bytes) }
            // No time passes.
            return talk.packets.map { Sent($0.bytes, at: start) }
        }

        var opening: [Sent] {
            var talk = Talk()
            talk.firstNumbers.client = firstNumber
            talk.say(">S")
            return talk.packets
        }
    }

    @Test(arguments: 0..<210 as Range<UInt64>) func `agree on every byte, whatever comes`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let schedule = Schedule(&random)
        var options = Run.options
        options.overlapPolicy = OverlapPolicy.allCases[Int(seed) % OverlapPolicy.allCases.count]
        let run = try Run(Streams.self, .everything, options)
        run.send(schedule.opening)
        var model = ReassemblyModel(options.overlapPolicy)
        for segment in schedule.segments {
            run.send(schedule.packets([segment]))
            model.take(segment.place, segment.bytes)
            #expect(run.counters.held == model.heldBytes)
        }
        #expect(run.log.stream(.originator) == model.stream)
        // What was given out and comes again may be known to differ: then it has the other outcome.
        let (same, other) = (Int(run.counters[bytes: .retransmitted]), Int(run.counters[bytes: .overlapped]))
        #expect(same + other == model.outcomes[.retransmitted, default: 0] + model.outcomes[.overlapped, default: 0])
        #expect(other >= model.outcomes[.overlapped, default: 0])
        #expect(run.counters[bytes: .delivered] == model.outcomes[.delivered, default: 0])
        run.drain()
    }

    /// With little room holes are given up, and what comes is still in order, at its place, right and accounted for.
    @Test(arguments: 0..<120 as Range<UInt64>) func `with little room no byte is wrong or counted twice`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let schedule = Schedule(&random, sameBytes: true)
        var options = Run.options
        options.overlapPolicy = OverlapPolicy.allCases.randomElement(using: &random)!
        options.reassemblyMemory = Int.random(in: 0...4, using: &random) * SegmentPages.cost
        options.reassemblyPerDirection = Int.random(in: 0...3, using: &random) * SegmentPages.cost
        options.reassemblyPerConnection = Int.random(in: 0...3, using: &random) * SegmentPages.cost
        let run = try Run(Streams.self, .everything, options)
        run.send(schedule.opening + schedule.packets(schedule.segments), burst: Int.random(in: 1...64, using: &random))
        #expect(run.counters.reassemblyPeak <= options.reassemblyMemory)
        run.drain()
        let stream = run.log.stream(.originator)
        for (place, byte) in stream.enumerated() where byte != nil && byte != Talk.byte(place + 1, .originator) { Issue.record("byte \(place) is wrong") }
        let account = run.log.ended[0].originatorStream!
        #expect(account.passed == UInt64(stream.count))
        #expect(account.total == UInt64(schedule.segments.reduce(0) { $0 + $1.bytes.count }))
        #expect(account[.overlapped] == 0)
        #expect(run.counters.conflicts == 0)
    }

    /// Any stream that is cut, shuffled, repeated and overlapped comes back whole, by any policy.
    @Test(arguments: 0..<200 as Range<UInt64>) func `whole streams come back whole`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var schedule = Schedule(&random, sameBytes: true)
        var place = 0
        while place < schedule.length {
            let end = min(schedule.length, place + Int.random(in: 1...max(1, schedule.length / 5), using: &random))
            schedule.segments.append((place, Talk.bytes(place + 1..<end + 1)))
            place = end
        }
        schedule.segments.shuffle(using: &random)
        var options = Run.options
        options.overlapPolicy = OverlapPolicy.allCases.randomElement(using: &random)!
        let run = try Run(Streams.self, .everything, options)
        run.send(schedule.opening + schedule.packets(schedule.segments), burst: Int.random(in: 1...64, using: &random))
        let end = schedule.segments.map { $0.place + $0.bytes.count }.max()!
        run.drain()
        let stream = run.log.stream(.originator)
        #expect(stream.count == end)
        #expect(stream.prefix(schedule.length).map { $0 ?? 0 } == Talk.bytes(1..<schedule.length + 1))
        #expect(run.counters.conflicts == 0)
    }
}
