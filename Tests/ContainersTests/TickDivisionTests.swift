import TestSupport
import Testing

@testable import Containers

@Suite struct TickDivisionTests {
    private static let divisors: [Int64] = [
        1, 2, 3, 5, 7, 10, 64, 1_000, 1_000_000, 1_000_003, 100_000_000, 1 << 31, 1 << 32, (1 << 32) + 1, 1 << 61, (1 << 62) - 1, 1 << 62, (1 << 62) + 1, .max - 1, .max,
    ]

    @Test(arguments: divisors) func `is that of the processor`(divisor: Int64) {
        let division = TickDivision(by: divisor)
        var generator = SeededGenerator(seed: UInt64(divisor))
        var numbers: [Int64] = [0, 1, 2, divisor - 1, divisor, .max - 1, .max]
        numbers += (0..<1_000).map { _ in .random(in: 0 ... .max, using: &generator) }
        for _ in 0..<1_000 {
            // Beside a multiple of the divisor.
            let multiple = Int64.random(in: 0...(.max / divisor), using: &generator) * divisor
            numbers += [multiple, max(0, multiple - 1), multiple == .max ? multiple : multiple + 1]
        }
        for number in numbers where division.quotient(number) != number / divisor {
            Issue.record("\(number) / \(divisor) = \(number / divisor), not \(division.quotient(number))")
        }
    }
}
