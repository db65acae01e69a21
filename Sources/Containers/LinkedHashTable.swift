import CPrefetch

/// A key that is hashed with a secret of the table that holds it.
public protocol SeededHashable: Equatable {
    associatedtype Seed
    func hash(seed: Seed) -> UInt64
}

/// A hash table of fixed capacity whose entries never move and stand in linked lists, "orders": a new or touched entry goes to the back of one
/// of them, so that its front is the one to give up first.
///
///     buckets   [ tag|index ][ 0 ][ tag|index ] …     open addressing, at most half full; the tag is the hash's upper half,
///                     │                               so a miss touches no entry
///     entries   [ key value ][ key value ] …          by index, never moved
///     nodes     [ previous next generation ] …        an order is a ring through a sentinel behind the last entry's node
///
/// - Values are plain data: records of fixed size in raw memory. A new entry's value is zero bytes.
/// - A `Slot` names one entry for as long as that lives, and never a later one in its place.
/// - Removal shifts the bucket run back, so that no tombstone lengthens later probes.
public struct LinkedHashTable<Key: SeededHashable & BitwiseCopyable, Value: BitwiseCopyable>: ~Copyable {
    /// Names one entry, never a later one.
    public struct Slot: Hashable, Sendable {
        public let index: UInt32
        let generation: UInt32
    }

    /// One of the lists that entries stand in.
    public struct Order: Equatable, Sendable {
        let number: UInt32
        public init(_ number: Int) { self.number = UInt32(number) }
    }

    struct Entry: BitwiseCopyable {
        var key: Key
        var value: Value
    }

    struct Node: BitwiseCopyable {
        var previous: UInt32
        var next: UInt32
        /// Odd while an entry lives here. In a sentinel: how many stand in its order.
        var generation: UInt32
        var order: UInt32
    }

    public let capacity: Int
    public private(set) var count = 0
    private let seed: Key.Seed
    private let mask: Int
    private let buckets: UnsafeMutablePointer<UInt64>
    private let entries: UnsafeMutablePointer<Entry>
    private let nodes: UnsafeMutablePointer<Node>
    /// Entries used at least once; those beyond have never been touched, so that an idle table costs no memory.
    private var used: UInt32 = 0
    /// The head of the list of entries that were used and removed; `none` at its end.
    private var free: UInt32 = none
    private let bucketMemory: RawMemory
    private let entryMemory: RawMemory
    private let nodeMemory: RawMemory

    private static var none: UInt32 { .max }

    /// - Parameters:
    ///   - capacity: entries at most, 1...2³⁰.
    ///   - orders: how many lists there are.
    public init(capacity: Int, orders: Int = 1, seed: Key.Seed) {
        precondition((1...1 << 30).contains(capacity) && orders >= 1)
        precondition(MemoryLayout<Value>.alignment <= MemoryLayout<Key>.alignment, "the value lies right behind the key")
        self.capacity = capacity
        self.seed = seed
        var bucketCount = 8
        while bucketCount < 2 * capacity { bucketCount *= 2 }
        mask = bucketCount - 1
        bucketMemory = RawMemory(byteCount: bucketCount * MemoryLayout<UInt64>.stride)
        entryMemory = RawMemory(byteCount: capacity * MemoryLayout<Entry>.stride)
        nodeMemory = RawMemory(byteCount: (capacity + orders) * MemoryLayout<Node>.stride)
        buckets = bucketMemory.bound(to: UInt64.self)
        entries = entryMemory.bound(to: Entry.self)
        nodes = nodeMemory.bound(to: Node.self)
        for order in 0..<UInt32(orders) {
            let sentinel = UInt32(capacity) + order
            nodes[Int(sentinel)] = Node(previous: sentinel, next: sentinel, generation: 0, order: order)
        }
    }

    /// Bytes reserved.
    public var byteCount: Int { bucketMemory.byteCount + entryMemory.byteCount + nodeMemory.byteCount }

    public var isFull: Bool { count == capacity }

    // MARK: Finding

    @inline(__always)
    public func hash(of key: Key) -> UInt64 { key.hash(seed: seed) }

    /// Starts loading the bucket that a key with this hash begins its search in.
    @inline(__always)
    public func prefetchBucket(_ hash: UInt64) { prefetch_line(buckets + home(hash)) }

    /// Starts loading what finding the entry that probably has this hash will touch, the cache line at an offset in it, and its node, which nobody waits
    /// for unless the entry is moved or removed; to be called once the bucket has come.
    ///
    /// - Returns: the hash with where the entry probably is, for `find(_:hinted:)`, in its lower half, which is nobody's otherwise.
    @inline(__always)
    public func prefetchEntry(_ hash: UInt64, lineAt offset: Int) -> UInt64 {
        let tag = hash >> 32
        var position = home(hash)
        while true {
            let bucket = buckets[position]
            if bucket == 0 { return hash & ~0xffff_ffff }
            if bucket >> 32 == tag {
                let index = index(in: bucket)
                let entry = UnsafeRawPointer(entries + index)
                prefetch_line(entry)
                prefetch_line(entry + offset)
                prefetch_line(nodes + index)
                return bucket
            }
            position = (position &+ 1) & mask
        }
    }

    /// Where the key's entry lies, or lay, if it is where `prefetchEntry` saw it. Nil says nothing, and a value may be what is left of an entry that was
    /// removed since: whoever asks leaves in it what tells. Its node would tell, too, but that is one cache line more to wait for.
    @inline(__always)
    public func find(_ key: UnsafePointer<Key>, hinted hash: UInt64) -> UnsafeMutablePointer<Value>? {
        let place = UInt32(truncatingIfNeeded: hash)
        guard place != 0 else { return nil }
        let entry = entries + Int(place &- 1)
        guard entry.pointee.key == key.pointee else { return nil }
        return UnsafeMutableRawPointer(entry).advanced(by: MemoryLayout<Key>.stride).assumingMemoryBound(to: Value.self)
    }

    /// The key's entry, if there is one.
    @inline(__always)
    public func find(_ key: Key, hash: UInt64) -> Slot? {
        let position = search(key, hash: hash)
        let bucket = buckets[position]
        return bucket == 0 ? nil : slot(at: UInt32(truncatingIfNeeded: bucket) &- 1)
    }

    /// The key's entry, made at the back of `order` if there was none, by one search. Nil when it would have to be made and the table is full.
    @inline(__always)
    public mutating func findOrInsert(_ key: Key, hash: UInt64, order: Order) -> (slot: Slot, isNew: Bool)? {
        let position = search(key, hash: hash)
        let bucket = buckets[position]
        if bucket != 0 { return (slot(at: UInt32(truncatingIfNeeded: bucket) &- 1), false) }
        guard !isFull else { return nil }
        return (insert(key, hash: hash, at: position, order: order), true)
    }

    /// Whether the slot's entry still lives.
    @inline(__always)
    public func contains(_ slot: Slot) -> Bool { nodes[Int(slot.index)].generation == slot.generation }

    /// The entry that lives at an index, for those who keep indices and know that it does.
    @inline(__always)
    public func slot(at index: UInt32) -> Slot { Slot(index: index, generation: nodes[Int(index)].generation) }

    @inline(__always)
    public func key(at slot: Slot) -> Key {
        assert(contains(slot))
        return entries[Int(slot.index)].key
    }

    /// The entry's value, read and changed in place.
    @inline(__always)
    public subscript(slot: Slot) -> Value {
        _read {
            assert(contains(slot))
            yield entries[Int(slot.index)].value
        }
        nonmutating _modify {
            assert(contains(slot))
            yield &entries[Int(slot.index)].value
        }
    }

    /// Where the entry's value lies: it does not move, and is gone when the entry is removed.
    @inline(__always)
    public func pointer(to slot: Slot) -> UnsafeMutablePointer<Value> {
        assert(contains(slot))
        return UnsafeMutableRawPointer(entries + Int(slot.index)).advanced(by: MemoryLayout<Key>.stride).assumingMemoryBound(to: Value.self)
    }

    /// The slot of the entry whose value lies there.
    @inline(__always)
    public func slot(of pointer: UnsafeMutablePointer<Value>) -> Slot { slot(at: index(of: pointer)) }

    /// The slot's index alone.
    @inline(__always)
    public func index(of pointer: UnsafeMutablePointer<Value>) -> UInt32 {
        UInt32(truncatingIfNeeded: UInt(bitPattern: UnsafeRawPointer(pointer) - UnsafeRawPointer(entries)) / UInt(MemoryLayout<Entry>.stride))
    }

    /// The key of the entry whose value lies at a pointer.
    @inline(__always)
    public func key(of pointer: UnsafeMutablePointer<Value>) -> UnsafePointer<Key> {
        UnsafeRawPointer(pointer).advanced(by: -MemoryLayout<Key>.stride).assumingMemoryBound(to: Key.self)
    }

    // MARK: Orders

    /// The entry that has stood longest in an order.
    @inline(__always)
    public func front(of order: Order = Order(0)) -> Slot? {
        let sentinel = UInt32(capacity) &+ order.number
        let first = nodes[Int(sentinel)].next
        return first == sentinel ? nil : slot(at: first)
    }

    /// The entry behind this one in its order.
    public func next(after slot: Slot) -> Slot? {
        let next = nodes[Int(slot.index)].next
        return next >= UInt32(capacity) ? nil : self.slot(at: next)
    }

    /// How many entries stand in an order.
    @inline(__always)
    public func count(of order: Order) -> Int { Int(nodes[capacity &+ Int(order.number)].generation) }

    @inline(__always)
    public func order(of slot: Slot) -> Order { Order(Int(nodes[Int(slot.index)].order)) }

    /// Puts an entry at the back of an order, whichever it stands in.
    @inline(__always)
    public mutating func move(_ slot: Slot, toBackOf order: Order) {
        assert(contains(slot))
        unlink(slot.index)
        link(slot.index, toBackOf: order)
    }

    @inline(__always)
    private func unlink(_ index: UInt32) {
        let node = nodes[Int(index)]
        nodes[Int(node.previous)].next = node.next
        nodes[Int(node.next)].previous = node.previous
        nodes[capacity &+ Int(node.order)].generation &-= 1
    }

    @inline(__always)
    private func link(_ index: UInt32, toBackOf order: Order) {
        let sentinel = UInt32(capacity) &+ order.number
        let last = nodes[Int(sentinel)].previous
        nodes[Int(index)].previous = last
        nodes[Int(index)].next = sentinel
        nodes[Int(index)].order = order.number
        nodes[Int(last)].next = index
        nodes[Int(sentinel)].previous = index
        nodes[Int(sentinel)].generation &+= 1
    }

    // MARK: Making and removing

    private mutating func insert(_ key: Key, hash: UInt64, at position: Int, order: Order) -> Slot {
        let index: UInt32
        if free != Self.none {
            index = free
            free = nodes[Int(index)].next
            UnsafeMutableRawPointer(entries + Int(index)).initializeMemory(as: UInt8.self, repeating: 0, count: MemoryLayout<Entry>.stride)
        } else {
            index = used
            used &+= 1
        }
        entries[Int(index)].key = key
        nodes[Int(index)].generation &+= 1
        link(index, toBackOf: order)
        buckets[position] = hash & ~0xffff_ffff | UInt64(index &+ 1)
        count &+= 1
        return slot(at: index)
    }

    public mutating func remove(_ slot: Slot) {
        precondition(contains(slot), "the slot's entry is gone")
        let index = slot.index
        var hole = home(hash(of: entries[Int(index)].key))
        while UInt32(truncatingIfNeeded: buckets[hole]) != index &+ 1 { hole = (hole &+ 1) & mask }
        // Shifts back whatever may stand nearer to its home.
        var position = (hole &+ 1) & mask
        while buckets[position] != 0 {
            let distance = (position &- home(buckets[position])) & mask
            if distance >= (position &- hole) & mask {
                buckets[hole] = buckets[position]
                hole = position
            }
            position = (position &+ 1) & mask
        }
        buckets[hole] = 0
        unlink(index)
        nodes[Int(index)].generation &+= 1
        nodes[Int(index)].next = free
        free = index
        count &-= 1
    }

    /// Where the search for a hash begins; a bucket's own upper half says it, too.
    @inline(__always)
    private func home(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash >> 32) & mask }

    @inline(__always)
    private func index(in bucket: UInt64) -> Int { Int(UInt32(truncatingIfNeeded: bucket) &- 1) }

    /// The bucket of the key's entry, or the empty one where it belongs.
    @inline(__always)
    private func search(_ key: Key, hash: UInt64) -> Int {
        let tag = hash >> 32
        var position = home(hash)
        while true {
            let bucket = buckets[position]
            if bucket == 0 { return position }
            if bucket >> 32 == tag, entries[index(in: bucket)].key == key { return position }
            position = (position &+ 1) & mask
        }
    }
}
