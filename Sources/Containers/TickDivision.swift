/// Division by a number that is chosen once, in a multiplication and two shifts: dividing is the slowest thing that a processor does with whole numbers, and
/// each deadline is divided into ticks.
///
/// ⌊n / d⌋ = (t + ((n − t) >> 1)) >> (l − 1), where t is the upper half of m · n, l = ⌈log₂ d⌉ and m = ⌊2⁶⁴ (2ˡ − d) / d⌋ + 1, for every n of 64 bits
/// (Granlund and Montgomery, "Division by invariant integers using multiplication", 1994, figure 4.1).
struct TickDivision {
    private let multiplier: UInt64
    private let firstShift: UInt64
    private let lastShift: UInt64

    /// - Parameter divisor: 1 or more.
    init(by divisor: Int64) {
        precondition(divisor >= 1)
        let divisor = UInt64(divisor)
        let bits = UInt64(64 - (divisor - 1).leadingZeroBitCount)
        multiplier = divisor.dividingFullWidth((high: (1 << bits) - divisor, low: 0)).quotient &+ 1
        (firstShift, lastShift) = (min(bits, 1), bits == 0 ? 0 : bits - 1)
    }

    /// - Parameter number: not negative.
    @inline(__always)
    func quotient(_ number: Int64) -> Int64 {
        let number = UInt64(bitPattern: number)
        let high = multiplier.multipliedFullWidth(by: number).high
        return Int64(bitPattern: (high &+ (number &- high) &>> firstShift) &>> lastShift)
    }
}
