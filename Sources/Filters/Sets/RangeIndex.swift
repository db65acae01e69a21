/// Finds the class of an address among ranges.
///
/// Beginnings of ranges lie in a grid of equal cells, of which there are twice as many or more. A cell without any has one class for all its addresses; one
/// with a few points to these; one with many points to a grid of its own, from the first of them to the last. So scattered addresses take one step, and
/// 100,000 of one network beside one of another take two, where a binary search takes seventeen.
///
/// A value of plain pointers, so that reading counts no references; its owner calls `deallocate`.
struct RangeIndex<Number: AddressNumber> {
    private let grids: UnsafeMutablePointer<Grid>
    private let cells: UnsafeMutablePointer<Cell>
    private let beginnings: UnsafeMutablePointer<Beginning>

    init(_ ranges: AddressRanges<Number>) {
        var builder = Builder(ranges: ranges)
        // The first begins at 0, which need not be near the others.
        _ = builder.addGrid(of: ranges.starts.count > 1 ? 1..<ranges.starts.count : 0..<1)
        grids = Self.copy(builder.grids)
        cells = Self.copy(builder.cells)
        beginnings = Self.copy(zip(ranges.starts, ranges.classes).map { Beginning(address: $0, classNumber: $1) })
    }

    private static func copy<Element>(_ array: [Element]) -> UnsafeMutablePointer<Element> {
        let pointer = UnsafeMutablePointer<Element>.allocate(capacity: array.count)
        pointer.initialize(from: array, count: array.count)
        return pointer
    }

    func deallocate() {
        grids.deallocate()
        cells.deallocate()
        beginnings.deallocate()
    }

    @inline(__always)
    func classNumber(of address: Number) -> UInt32 {
        var grid = UnsafePointer(grids)
        while true {
            let absolute = address &>> Number(truncatingIfNeeded: grid.pointee.shift)
            let number = absolute &- grid.pointee.firstCell
            guard number <= grid.pointee.lastCell else { return absolute < grid.pointee.firstCell ? grid.pointee.before : grid.pointee.after }
            let cell = cells[Int(grid.pointee.cells) &+ Int(truncatingIfNeeded: number)]
            if cell.isClass { return cell.rawValue }
            if !cell.isGrid {
                // The last that does not begin behind the address; the one before the cell's first if all do.
                var index = cell.first &- 1
                for next in cell.first..<cell.first &+ cell.count where beginnings[next].address <= address { index = next }
                return beginnings[index].classNumber
            }
            grid = UnsafePointer(grids) + cell.number
        }
    }
}

extension RangeIndex {
    /// Where a range begins, and its class; side by side, for one cache line.
    fileprivate struct Beginning {
        var address: Number
        var classNumber: UInt32
    }

    /// Cells from one beginning to another. They are aligned: the first begins at a multiple of their size.
    fileprivate struct Grid {
        /// The number of the first cell, as counted from address 0.
        var firstCell: Number
        /// The number of the last one, as counted from the first.
        var lastCell: Number
        /// A cell has two to the power of this many addresses.
        var shift: UInt8
        /// Where its cells lie among all grids'.
        var cells: UInt32
        /// The class of what lies before and after it.
        var before: UInt32
        var after: UInt32
    }
}

/// What a cell holds: a class, a grid's number, or which beginnings lie in it.
///
///     31  30  28 27                      0
///     +--+------+-------------------------+
///     |1 |count | the first beginning     |    1...8 beginnings; count is one less
///     |0 | 1    | a grid's number         |    bit 30; 30 bits of number
///     |0 | 0    | a class                 |
///     +--+------+-------------------------+
private struct Cell {
    var rawValue: UInt32

    static var mostBeginnings: Int { 8 }

    init(class number: UInt32) {
        precondition(number < 1 << 30, "too many classes of addresses")
        rawValue = number
    }

    init(grid number: Int) { rawValue = 1 << 30 | UInt32(number) }

    init(_ beginnings: Range<Int>) {
        precondition(beginnings.upperBound < 1 << 28, "too many addresses for one set")
        rawValue = 1 << 31 | UInt32(beginnings.count - 1) << 28 | UInt32(beginnings.lowerBound)
    }

    @inline(__always) var isClass: Bool { rawValue < 1 << 30 }
    /// Of what is no class.
    @inline(__always) var isGrid: Bool { rawValue < 1 << 31 }
    @inline(__always) var number: Int { Int(rawValue & (1 << 30 - 1)) }
    @inline(__always) var first: Int { Int(rawValue & (1 << 28 - 1)) }
    @inline(__always) var count: Int { Int(rawValue >> 28 & 7) + 1 }
}

extension RangeIndex {
    private struct Builder {
        let ranges: AddressRanges<Number>
        var grids: [Grid] = []
        var cells: [Cell] = []

        init(ranges: AddressRanges<Number>) { self.ranges = ranges }

        /// Adds a grid from the first to the last of these beginnings, and those within its cells. Gives its number.
        mutating func addGrid(of beginnings: Range<Int>) -> Int {
            let (lower, upper) = (ranges.starts[beginnings.lowerBound], ranges.starts[beginnings.upperBound - 1])
            // Twice to four times as many cells as beginnings.
            let bits = Int.bitWidth - (2 * beginnings.count - 1).leadingZeroBitCount
            let shift = max(0, Number.bitWidth - (upper - lower).leadingZeroBitCount - bits)
            let (first, last) = (lower >> Number(shift), upper >> Number(shift))
            let before = ranges.classes[max(0, beginnings.lowerBound - 1)], after = ranges.classes[beginnings.upperBound - 1]
            let place = cells.count, number = grids.count
            grids.append(Grid(firstCell: first, lastCell: last - first, shift: UInt8(shift), cells: UInt32(place), before: before, after: after))
            cells.append(contentsOf: repeatElement(Cell(class: 0), count: Int(last - first) + 1))

            var next = beginnings.lowerBound
            var classNumber = before
            for cell in 0...Int(last - first) {
                let start = next
                while next < beginnings.upperBound, Int(ranges.starts[next] >> Number(shift) - first) == cell { next += 1 }
                if start == next {
                    cells[place + cell] = Cell(class: classNumber)
                } else {
                    let isFew = next - start <= Cell.mostBeginnings
                    cells[place + cell] = isFew ? Cell(start..<next) : Cell(grid: addGrid(of: start..<next))
                    classNumber = ranges.classes[next - 1]
                }
            }
            return number
        }
    }
}
