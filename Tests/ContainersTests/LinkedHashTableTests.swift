@testable import Containers
import TestSupport
import Testing

/// A key whose hash has as many values as its table's seed says: 1 makes every key collide with every other.
private struct Key: SeededHashable, BitwiseCopyable {
    var number: UInt64

    func hash(seed: UInt64) -> UInt64 {
        var generator = SeededGenerator(seed: number % seed)
        return generator.next()
    }
}

private typealias Table = LinkedHashTable<Key, Int64>

/// What a table is: keys with values, each key once in one of some lists.
private struct Model {
    struct Entry {
        var slot: Table.Slot
        var value: Int64
    }

    var entries: [UInt64: Entry] = [:]
    var orders: [[UInt64]]
    /// Slots of entries that were removed.
    var former: [Table.Slot] = []

    init(orders: Int) { self.orders = Array(repeating: [], count: orders) }

    func order(of key: UInt64) -> Int { orders.firstIndex { $0.contains(key) }! }

    mutating func move(_ key: UInt64, toBackOf order: Int) {
        for index in orders.indices { orders[index].removeAll { $0 == key } }
        orders[order].append(key)
    }

    mutating func remove(_ key: UInt64) {
        former.append(entries.removeValue(forKey: key)!.slot)
        for index in orders.indices { orders[index].removeAll { $0 == key } }
    }
}

@Suite struct `Linked hash table` {
    struct Shape: CustomTestStringConvertible, Sendable {
        var capacity: Int
        var orders: Int
        /// How many hashes there are.
        var hashes: UInt64
        var keys: UInt64
        var testDescription: String { "\(capacity) entries, \(orders) orders, \(keys) keys with \(hashes) hashes" }
    }

    static let shapes = [
        Shape(capacity: 1, orders: 1, hashes: 1, keys: 3), Shape(capacity: 2, orders: 2, hashes: 2, keys: 4),
        Shape(capacity: 3, orders: 1, hashes: .max, keys: 5), Shape(capacity: 8, orders: 4, hashes: 1, keys: 12),
        Shape(capacity: 32, orders: 3, hashes: 5, keys: 50), Shape(capacity: 64, orders: 4, hashes: .max, keys: 90),
        Shape(capacity: 100, orders: 2, hashes: 40, keys: 130),
    ]

    /// Runs the same random steps on the table and on an obviously correct model.
    @Test(arguments: shapes, 0..<20 as Range<UInt64>) func `agrees with a model of arrays and a dictionary`(shape: Shape, seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var table = Table(capacity: shape.capacity, orders: shape.orders, seed: shape.hashes)
        var model = Model(orders: shape.orders)
        var steps = 0
        func expect(_ condition: Bool, _ what: @autoclosure () -> String, _ place: SourceLocation = #_sourceLocation) {
            if !condition { Issue.record("step \(steps): \(what())", sourceLocation: place) }
        }
        while steps < 400 {
            steps += 1
            let number = UInt64.random(in: 0..<shape.keys, using: &random)
            let key = Key(number: number), order = Int.random(in: 0..<shape.orders, using: &random)
            switch Int.random(in: 0..<8, using: &random) {
            case 0...3:
                let answer = table.findOrInsert(key, hash: table.hash(of: key), order: .init(order))
                if let known = model.entries[number] {
                    expect(answer?.slot == known.slot && answer?.isNew == false, "found \(answer as Any)")
                } else if model.entries.count == shape.capacity {
                    expect(answer == nil, "room in a full table")
                } else {
                    guard let answer, answer.isNew else { return expect(false, "no new entry") }
                    expect(table[answer.slot] == 0, "a new value is \(table[answer.slot])")
                    expect(!model.former.contains(answer.slot), "a slot came again")
                    let value = Int64.random(in: 1...(.max), using: &random)
                    table[answer.slot] = value
                    model.entries[number] = .init(slot: answer.slot, value: value)
                    model.move(number, toBackOf: order)
                }
            case 4, 5:
                guard let known = model.entries[number] else { continue }
                table.move(known.slot, toBackOf: .init(order))
                model.move(number, toBackOf: order)
            case 6:
                guard let known = model.entries[number] else { continue }
                table.remove(known.slot)
                model.remove(number)
            default:
                guard let front = table.front(of: .init(order)) else { continue }
                let key = table.key(at: front).number
                table.remove(front)
                expect(model.orders[order].first == key, "the front of \(order) is \(key)")
                model.remove(key)
            }

            expect(table.count == model.entries.count && table.isFull == (table.count == shape.capacity), "count \(table.count)")
            expect(model.former.allSatisfy { !table.contains($0) }, "a slot outlives its entry")
            for number in 0..<shape.keys {
                let key = Key(number: number)
                expect(table.find(key, hash: table.hash(of: key)) == model.entries[number]?.slot, "key \(number)")
            }
            for (number, known) in model.entries {
                expect(table.contains(known.slot) && table.slot(at: known.slot.index) == known.slot, "key \(number) has lost its slot")
                expect(table.key(at: known.slot).number == number && table[known.slot] == known.value, "key \(number) has lost its value")
                expect(table.pointer(to: known.slot).pointee == known.value, "key \(number)'s value lies elsewhere")
                expect(table.order(of: known.slot) == .init(model.order(of: number)), "key \(number) stands in another order")
            }
            for (order, keys) in model.orders.enumerated() {
                expect(table.front(of: .init(order)).map { table.key(at: $0).number } == keys.first, "front of \(order)")
                expect(table.count(of: .init(order)) == keys.count, "\(table.count(of: .init(order))) in order \(order)")
            }
        }
        // What is left comes out in order.
        for (order, keys) in model.orders.enumerated() {
            var left: [UInt64] = []
            while let front = table.front(of: .init(order)) {
                left.append(table.key(at: front).number)
                table.remove(front)
            }
            expect(left == keys, "order \(order) was \(left)")
        }
        expect(table.count == 0, "count \(table.count)")
    }

    /// Every way to take three of six colliding keys out, in every order of taking.
    @Test func `removal leaves no colliding key behind a hole`() {
        for first in 0..<6 as Range<UInt64> {
            for second in 0..<6 as Range<UInt64> where second != first {
                for third in 0..<6 as Range<UInt64> where third != first && third != second {
                    // Two homes next to each other or not: the seed decides.
                    for hashes in 1...4 as ClosedRange<UInt64> {
                        var table = Table(capacity: 6, seed: hashes)
                        for number in 0..<6 as Range<UInt64> {
                            let key = Key(number: number)
                            _ = table.findOrInsert(key, hash: table.hash(of: key), order: .init(0))
                        }
                        for number in [first, second, third] {
                            let key = Key(number: number)
                            table.remove(table.find(key, hash: table.hash(of: key))!)
                        }
                        let left = (0..<6 as Range<UInt64>).filter { table.find(Key(number: $0), hash: table.hash(of: Key(number: $0))) != nil }
                        #expect(left == (0..<6).filter { ![first, second, third].contains($0) })
                    }
                }
            }
        }
    }

    @Test func `an entry's value is zero again in its second life`() throws {
        var table = LinkedHashTable<Key, InlineArray<9, UInt64>>(capacity: 1, seed: 1)
        for number in 0..<10 as Range<UInt64> {
            let made = table.findOrInsert(Key(number: number), hash: 7, order: .init(0))
            let (slot, isNew) = try #require(made)
            #expect(isNew)
            for index in 0..<9 {
                #expect(table[slot][index] == 0)
                table[slot][index] = .max
            }
            let another = table.findOrInsert(Key(number: number + 1), hash: 7, order: .init(0))
            #expect(another == nil)
            table.remove(slot)
        }
    }

    @Test func `entries do not move`() {
        var table = Table(capacity: 500, seed: .max)
        var places: [Table.Slot: UnsafeMutablePointer<Int64>] = [:]
        for number in 0..<500 as Range<UInt64> {
            let key = Key(number: number)
            let slot = table.findOrInsert(key, hash: table.hash(of: key), order: .init(0))!.slot
            places[slot] = table.pointer(to: slot)
            if number % 3 == 0 { table.remove(slot) }
        }
        for (slot, place) in places where table.contains(slot) { #expect(table.pointer(to: slot) == place) }
    }

    @Test func `a slot's second removal stops the program`() async {
        await #expect(processExitsWith: .failure) {
            var table = LinkedHashTable<Key, Int64>(capacity: 2, seed: 1)
            let slot = table.findOrInsert(Key(number: 1), hash: 1, order: .init(0))!.slot
            table.remove(slot)
            table.remove(slot)
        }
    }

    /// Generic types that are not copyable may lose their `deinit`: 160 TB would not fit the address space.
    @Test func `gives its memory back`() {
        for _ in 0..<500 {
            let table = LinkedHashTable<Key, InlineArray<32, UInt64>>(capacity: 1 << 30, seed: 1)
            #expect(table.count == 0)
        }
    }
}
