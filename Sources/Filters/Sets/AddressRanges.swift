import Packets

/// An address as a number: `UInt32` for IPv4, `UInt128` for IPv6.
protocol AddressNumber: FixedWidthInteger, UnsignedInteger, BitwiseCopyable {
    /// The leading 64 bits.
    var leading: UInt64 { get }
}

extension UInt32: AddressNumber {
    @inline(__always) var leading: UInt64 { UInt64(self) << 32 }
}

extension UInt128: AddressNumber {
    @inline(__always) var leading: UInt64 { UInt64(truncatingIfNeeded: self >> 64) }
}

/// All addresses of a version cut into ranges, each with a class: where each begins. It goes up to the next one's beginning.
///
/// The first begins at 0, and neighbours differ in class.
struct AddressRanges<Number: AddressNumber> {
    private(set) var starts: [Number] = [0]
    private(set) var classes: [UInt32] = [0]

    /// A prefix, and the class of those who named it.
    struct Block {
        var lower: Number
        var upper: Number
        var classNumber: UInt32

        init(_ bounds: ClosedRange<Number>, _ classNumber: UInt32) {
            (lower, upper) = (bounds.lowerBound, bounds.upperBound)
            self.classNumber = classNumber
        }
    }

    /// - Parameter blocks: prefixes, so that of two one contains the other or they have nothing in common. What lies in several is the union's.
    init(_ blocks: [Block], _ builder: inout MemberClassBuilder) {
        // The blocks that contain the place reached, outermost first, each with the class of all that contain it and itself.
        var open: [Block] = []
        /// Ends those that end before a place, or all.
        func close(before place: Number?, _ ranges: inout Self) {
            while let last = open.last, place.map({ last.upper < $0 }) ?? true {
                open.removeLast()
                if last.upper < .max { ranges.begin(last.upper + 1, open.last?.classNumber ?? 0) }
            }
        }
        for var block in blocks.sorted(by: { $0.lower != $1.lower ? $0.lower < $1.lower : $0.upper > $1.upper }) {
            close(before: block.lower, &self)
            block.classNumber = builder.union(open.last?.classNumber ?? 0, block.classNumber)
            open.append(block)
            begin(block.lower, block.classNumber)
        }
        close(before: nil, &self)
        dropRepetitions()
    }

    private mutating func begin(_ start: Number, _ classNumber: UInt32) {
        if starts.last == start {
            classes[classes.count - 1] = classNumber
        } else {
            starts.append(start)
            classes.append(classNumber)
        }
    }

    private mutating func dropRepetitions() {
        var count = 1
        for index in 1..<max(1, starts.count) where classes[index] != classes[count - 1] {
            starts[count] = starts[index]
            classes[count] = classes[index]
            count += 1
        }
        starts.removeLast(starts.count - count)
        classes.removeLast(classes.count - count)
    }

    /// Ranges that have a class other than 0.
    func forEachMember(_ body: (ClosedRange<Number>) -> Void) {
        for index in starts.indices where classes[index] != 0 { body(starts[index]...(index + 1 < starts.count ? starts[index + 1] - 1 : .max)) }
    }
}

extension IPPrefix {
    var ipv4Bounds: ClosedRange<UInt32> {
        let lower = UInt32(truncatingIfNeeded: address.low)
        return lower...(lower | ~UInt32(truncatingIfNeeded: mask.low))
    }

    var ipv6Bounds: ClosedRange<UInt128> {
        let lower = UInt128(address.high) << 64 | UInt128(address.low)
        return lower...(lower | ~(UInt128(mask.high) << 64 | UInt128(mask.low)))
    }
}
