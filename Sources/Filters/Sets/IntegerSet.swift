/// Numbers, as ranges that neither touch nor overlap, ascending. Looked up in logarithmic time.
public struct IntegerSet: Hashable, Sendable {
    public private(set) var ranges: [ClosedRange<UInt64>]
    /// The list in the config that it was read from, without the `$`.
    public var listName: String?

    public init(_ ranges: some Sequence<ClosedRange<UInt64>>, listName: String? = nil) {
        self.listName = listName
        self.ranges = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = self.ranges.last, range.lowerBound <= last.upperBound || range.lowerBound - 1 == last.upperBound {
                self.ranges[self.ranges.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                self.ranges.append(range)
            }
        }
    }

    public func contains(_ number: UInt64) -> Bool {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < number { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].lowerBound <= number
    }
}
