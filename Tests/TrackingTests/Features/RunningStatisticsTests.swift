import TestSupport
import Testing
@testable import Tracking

@Suite struct `Running statistics` {
    @Test(arguments: 0..<50 as Range<UInt64>) func `agree with a list of the numbers`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var (list, statistics) = (ListStatistics(), RunningStatistics())
        let range: ClosedRange<Int64> = [0...0, 0...5, -1000...1000, 0...1 << 40].randomElement(using: &random)!
        for _ in 0..<Int.random(in: 0...300, using: &random) {
            let number = Int64.random(in: range, using: &random)
            list.numbers.append(number)
            statistics.add(number)
            #expect(list.agrees(with: statistics))
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>) func `of parts merge into those of all`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var (list, merged) = (ListStatistics(), RunningStatistics())
        for _ in 0..<Int.random(in: 0...10, using: &random) {
            var part = RunningStatistics()
            for _ in 0..<Int.random(in: 0...20, using: &random) {
                let number = Int64.random(in: -50...1 << 30, using: &random)
                list.numbers.append(number)
                part.add(number)
            }
            merged.merge(part)
            let (number, times) = (Int64.random(in: 0...9, using: &random), UInt64.random(in: 0...30, using: &random))
            merged.add(number, times: times)
            list.numbers += Array(repeating: number, count: Int(times))
        }
        #expect(list.agrees(with: merged))
    }

    /// A sum of squares would have lost all of the spread.
    @Test func `keep the digits of small distances between large numbers`() {
        var statistics = RunningStatistics()
        for number in [4, 7, 13, 16] as [Int64] { statistics.add(1_000_000_000_000_000 + number) }
        #expect(abs(statistics.standardDeviation! - 30.0.squareRoot()) < 1e-6)
        #expect(statistics.mean == 1_000_000_000_000_010)
    }

    @Test func `survive the largest numbers there are`() {
        var statistics = RunningStatistics()
        for number in [Int64.max, .min, .max, 0] { statistics.add(number) }
        #expect(statistics.minimum == .min && statistics.maximum == .max)
        #expect(statistics.standardDeviation!.isFinite)
    }

    @Test func `take five words`() { #expect(MemoryLayout<RunningStatistics>.size == 40) }
}
