/// Least, mean, greatest and spread of numbers that come one by one: five words, whatever comes.
///
/// Mean and squares are kept by Welford's method (Technometrics 4, 1962), which does not subtract large sums from each other: nanoseconds of a day beside those
/// of a microsecond keep their digits.
public struct RunningStatistics: BitwiseCopyable, Equatable, Sendable {
    public private(set) var count: UInt64 = 0
    private var least = Int64.max
    private var greatest = Int64.min
    private var average = 0.0
    /// Of the distances from the average.
    private var squares = 0.0

    public init() {}

    /// Nil of nothing, as are all of these.
    public var minimum: Int64? { count == 0 ? nil : least }
    public var maximum: Int64? { count == 0 ? nil : greatest }
    public var mean: Double? { count == 0 ? nil : average }
    /// That of a sample, with `count - 1` below, as CICFlowMeter and NFStream have it; 0 of a single number.
    public var standardDeviation: Double? { count == 0 ? nil : count == 1 ? 0 : (squares / Double(count - 1)).squareRoot() }

    public mutating func add(_ value: Int64) {
        count &+= 1
        let distance = Double(value) - average
        average += distance / Double(count)
        squares += distance * (Double(value) - average)
        least = min(least, value)
        greatest = max(greatest, value)
    }

    /// The same number so many times, in one step.
    public mutating func add(_ value: Int64, times: UInt64) {
        guard times > 0 else { return }
        var others = RunningStatistics()
        (others.count, others.least, others.greatest, others.average) = (times, value, value, Double(value))
        merge(others)
    }

    /// Takes in others, as if they had come one by one (Chan, Golub and LeVeque, 1979).
    public mutating func merge(_ other: RunningStatistics) {
        guard other.count > 0 else { return }
        guard count > 0 else {
            self = other
            return
        }
        let (mine, its) = (Double(count), Double(other.count))
        let distance = other.average - average
        count &+= other.count
        average += distance * (its / (mine + its))
        squares += other.squares + distance * distance * (mine * its / (mine + its))
        least = min(least, other.least)
        greatest = max(greatest, other.greatest)
    }
}
