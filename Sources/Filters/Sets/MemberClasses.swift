/// Lists of members, such as the numbers of the filters that want something, each with a number of its own: its class.
///
/// Lookups give a class, so that what many members share is found once. Class 0 is the empty list. Built once, then only read; memory of its own, so that
/// reading counts no references.
final class MemberClasses {
    /// Of class 0 up to this.
    let count: Int
    private let ends: UnsafeMutablePointer<Int>
    private let members: UnsafeMutablePointer<Int32>

    init(_ lists: [[Int32]]) {
        count = lists.count
        ends = .allocate(capacity: lists.count + 1)
        members = .allocate(capacity: lists.reduce(1) { $0 + $1.count })
        var end = 0
        ends.initialize(to: 0)
        for (number, list) in lists.enumerated() {
            (members + end).initialize(from: list, count: list.count)
            end += list.count
            (ends + number + 1).initialize(to: end)
        }
    }

    deinit {
        ends.deallocate()
        members.deallocate()
    }

    /// Ascending, each once.
    @inline(__always)
    subscript(number: UInt32) -> UnsafeBufferPointer<Int32> {
        let start = ends[Int(number)]
        return UnsafeBufferPointer(start: members + start, count: ends[Int(number) + 1] - start)
    }
}

/// Gives equal lists of members the same class.
struct MemberClassBuilder {
    private(set) var lists: [[Int32]] = [[]]
    private var numbers: [[Int32]: UInt32] = [[]: 0]
    private var unions: [UInt64: UInt32] = [:]

    /// The class of members in any order.
    mutating func number(of members: [Int32]) -> UInt32 {
        var list: [Int32] = []
        for member in members.sorted() where member != list.last { list.append(member) }
        if let number = numbers[list] { return number }
        let number = UInt32(lists.count)
        lists.append(list)
        numbers[list] = number
        return number
    }

    /// The class of the members of either. Each pair is put together once, however often it is asked for.
    mutating func union(_ one: UInt32, _ other: UInt32) -> UInt32 {
        if one == other || other == 0 { return one }
        if one == 0 { return other }
        let pair = UInt64(one) << 32 | UInt64(other)
        if let number = unions[pair] { return number }
        let number = number(of: lists[Int(one)] + lists[Int(other)])
        unions[pair] = number
        return number
    }

    var classes: MemberClasses { MemberClasses(lists) }
}
