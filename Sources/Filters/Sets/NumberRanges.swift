import Packets

/// Numbers, as ranges that neither touch nor overlap, ascending: sets to calculate with. As wide as an IPv6 address.
struct NumberRanges: Equatable {
    private(set) var ranges: [ClosedRange<UInt128>] = []

    static let all = NumberRanges([0...UInt128.max])

    /// - Parameter ranges: in any order; they may overlap.
    init(_ ranges: some Sequence<ClosedRange<UInt128>>) {
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = self.ranges.last, range.lowerBound <= last.upperBound || range.lowerBound - 1 == last.upperBound {
                self.ranges[self.ranges.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                self.ranges.append(range)
            }
        }
    }

    init(_ set: IntegerSet) { ranges = set.ranges.map { UInt128($0.lowerBound)...UInt128($0.upperBound) } }

    /// The addresses of an IP version that lie in one of the prefixes.
    init(_ prefixes: [IPPrefix], isIPv4: Bool) {
        self.init(
            prefixes.lazy.filter { $0.address.isIPv4 == isIPv4 }.map { prefix in
                guard isIPv4 else { return prefix.ipv6Bounds }
                return UInt128(prefix.ipv4Bounds.lowerBound)...UInt128(prefix.ipv4Bounds.upperBound)
            })
    }

    var isEmpty: Bool { ranges.isEmpty }

    /// All other numbers.
    var complement: NumberRanges {
        var others = NumberRanges([])
        var next: UInt128? = 0
        for range in ranges {
            if let next, next < range.lowerBound { others.ranges.append(next...range.lowerBound - 1) }
            next = range.upperBound == .max ? nil : range.upperBound + 1
        }
        if let next { others.ranges.append(next...UInt128.max) }
        return others
    }

    func intersection(_ other: NumberRanges) -> NumberRanges {
        var common = NumberRanges([])
        var (left, right) = (ranges[...], other.ranges[...])
        while let one = left.first, let another = right.first {
            if one.overlaps(another) { common.ranges.append(one.clamped(to: another)) }
            if one.upperBound < another.upperBound { left.removeFirst() } else { right.removeFirst() }
        }
        return common
    }
}
