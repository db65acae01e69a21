/// Who wants which ports: a port gives a class, which stands for the list of members that have it; class 0 for none.
///
/// A table of 256 pages of 256 ports, of which equal ones are one: the ports that nobody asks for by itself are a page or two, so that what traffic touches
/// stays in the nearest cache.
final class PortMap: @unchecked Sendable {
    private let pages: UnsafeMutablePointer<UInt8>
    private let numbers: UnsafeMutablePointer<UInt32>
    private let classes: MemberClasses

    /// What lies beyond 65,535 is no port.
    init(_ ports: [(ports: IntegerSet, member: Int)]) {
        var builder = MemberClassBuilder()
        // Classes change where a range begins or ends.
        var changes = [[(member: Int32, begins: Bool)]](repeating: [], count: 65537)
        for (set, member) in ports {
            for range in set.ranges where range.lowerBound <= 65535 {
                changes[Int(range.lowerBound)].append((Int32(member), true))
                changes[Int(min(range.upperBound, 65535)) + 1].append((Int32(member), false))
            }
        }
        // How many ranges of each member there are; the same member may come several times.
        var open: [Int32: Int] = [:]
        var classNumber: UInt32 = 0
        var table: [UInt32] = []
        table.reserveCapacity(65536)
        for port in 0...65535 {
            if !changes[port].isEmpty {
                for (member, begins) in changes[port] {
                    open[member, default: 0] += begins ? 1 : -1
                    if open[member] == 0 { open[member] = nil }
                }
                classNumber = builder.number(of: Array(open.keys))
            }
            table.append(classNumber)
        }
        pages = .allocate(capacity: 256)
        var pageNumbers: [ArraySlice<UInt32>: UInt8] = [:]
        var distinct: [UInt32] = []
        for page in 0..<256 {
            let content = table[page << 8..<(page + 1) << 8]
            if let number = pageNumbers[content] {
                (pages + page).initialize(to: number)
            } else {
                let number = UInt8(pageNumbers.count)
                (pages + page).initialize(to: number)
                pageNumbers[content] = number
                distinct += content
            }
        }
        numbers = .allocate(capacity: distinct.count)
        numbers.initialize(from: distinct, count: distinct.count)
        classes = builder.classes
    }

    deinit {
        pages.deallocate()
        numbers.deallocate()
    }

    @inline(__always)
    func classNumber(of port: UInt16) -> UInt32 { numbers[Int(pages[Int(port >> 8)]) << 8 | Int(port & 0xff)] }

    /// Ascending, each once; none for class 0.
    @inline(__always)
    func members(ofClass number: UInt32) -> UnsafeBufferPointer<Int32> { classes[number] }
    /// Class 0 included.
    var classCount: Int { classes.count }
}
