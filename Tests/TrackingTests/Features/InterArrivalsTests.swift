import Packets
import TestSupport
import Testing
@testable import Tracking

@Suite struct `Times between packets` {
    private static func gaps(_ times: [Int64]) -> ListStatistics { ListStatistics(numbers: zip(times, times.dropFirst()).map { max(0, $1 - $0) }) }

    @Test(arguments: 0..<30 as Range<UInt64>) func `agree with a list of all times`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var arrivals = InterArrivals()
        var times: [(time: Int64, sender: Direction)] = []
        hear(.random(&random, count: Int.random(in: 0...200, using: &random))) { heard in
            arrivals.add(heard.packet.timestamp, from: heard.sender)
            times.append((heard.packet.timestamp.nanoseconds, heard.sender))
        }
        if seed % 2 == 1 {
            arrivals.reverseRoles()
            for index in times.indices { times[index].sender = times[index].sender.opposite }
            // And go on.
            arrivals.add(Timestamp(nanoseconds: start + 9 * second), from: .responder)
            times.append((start + 9 * second, .responder))
        }
        let all = times.map(\.time)
        #expect(Self.gaps(all).agrees(with: arrivals.flow))
        #expect(Self.gaps(times.filter { $0.sender == .originator }.map(\.time)).agrees(with: arrivals.originator))
        #expect(Self.gaps(times.filter { $0.sender == .responder }.map(\.time)).agrees(with: arrivals.responder))
        #expect(arrivals.first?.nanoseconds == all.first && arrivals.second?.nanoseconds == all.dropFirst().first)
        #expect(arrivals.longestSilence == (Self.gaps(all).numbers.max() ?? 0))
    }

    @Test func `survive times from the ends of all time`() {
        var arrivals = InterArrivals()
        for time in [0, Int64.min, .max, .min, .max] { arrivals.add(Timestamp(nanoseconds: time), from: .originator) }
        #expect(arrivals.flow.minimum == 0 && arrivals.flow.maximum == .max)
    }
}
