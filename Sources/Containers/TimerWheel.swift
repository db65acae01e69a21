/// Deadlines of numbered things, cheap to set and to move: a ring of buckets, one a tick, each a list of the ids that are due in it.
///
///     buckets   [ ]→3→7   [ ]   [ ]→1  …        deadlines beyond the ring's span wait in their bucket for a later round
///                ↑ tick
///     filled     1         0     1     …        a bit a bucket, so that time may leap over empty ones
///
/// Pull, not callback: `popDue(by:)` hands out one id after the other, and whoever pulls is free to arm and disarm in between. An id has one
/// deadline at most. An id never comes before its deadline, and at most one tick after it. Time may stand still or go back (nothing
/// is due then, until `rewind` makes it the new present) or leap (every bucket is looked through once, however far).
public struct TimerWheel: ~Copyable {
    struct Node: BitwiseCopyable {
        var previous: UInt32
        var next: UInt32
        /// The tick after which it is due, plus one; 0 while it is not armed.
        var tick: Int64
    }

    /// Nanoseconds.
    public let tick: Int64
    public private(set) var armedCount = 0
    private let division: TickDivision
    private let bucketMask: Int64
    private let capacity: UInt32
    /// The tick whose bucket is next.
    private var current: Int64
    private let nodes: UnsafeMutablePointer<Node>
    /// A bit for each bucket that something was put into since it was last emptied.
    private let filled: UnsafeMutablePointer<UInt64>
    private let memory: RawMemory
    private let filledMemory: RawMemory

    /// - Parameters:
    ///   - capacity: ids are 0..<capacity.
    ///   - tick: nanoseconds, at least 1.
    ///   - span: how far most deadlines lie ahead, in nanoseconds; the ring has a bucket for each tick of it, 2²⁰ at most.
    ///   - start: a time in nanoseconds.
    public init(capacity: Int, tick: Int64, span: Int64, startingAt start: Int64) {
        precondition(capacity < 1 << 31 && tick >= 1)
        var buckets: Int64 = 64
        while buckets < span / tick, buckets < 1 << 20 { buckets *= 2 }
        bucketMask = buckets - 1
        (self.tick, division) = (tick, TickDivision(by: tick))
        self.capacity = UInt32(capacity)
        current = Self.number(of: start, division)
        // The ids' nodes, the buckets' sentinels, and one for what is due.
        memory = RawMemory(byteCount: (capacity + Int(buckets) + 1) * MemoryLayout<Node>.stride)
        nodes = memory.bound(to: Node.self)
        filledMemory = RawMemory(byteCount: Int(buckets / 64) * MemoryLayout<UInt64>.stride)
        filled = filledMemory.bound(to: UInt64.self)
        for sentinel in UInt32(capacity)...UInt32(capacity) + UInt32(buckets) {
            nodes[Int(sentinel)] = Node(previous: sentinel, next: sentinel, tick: 0)
        }
    }

    /// Bytes reserved.
    public var byteCount: Int { memory.byteCount + filledMemory.byteCount }

    /// When the tick began that a time lies in; for times before 1970 the first one that does not.
    @inline(__always)
    public func start(ofTickAt time: Int64) -> Int64 { Self.number(of: time, division) &* tick }

    /// Sets or moves an id's deadline.
    public mutating func arm(_ id: UInt32, at deadline: Int64) {
        if nodes[Int(id)].tick != 0 { unlink(id) } else { armedCount &+= 1 }
        link(id, tick: max(Self.number(of: deadline, division), current))
    }

    public mutating func disarm(_ id: UInt32) {
        guard nodes[Int(id)].tick != 0 else { return }
        unlink(id)
        nodes[Int(id)].tick = 0
        armedCount &-= 1
    }

    /// An id whose deadline has passed, which is disarmed with that; nil when there is none.
    public mutating func popDue(by time: Int64) -> UInt32? {
        let now = Self.number(of: time, division)
        while true {
            let due = nodes[Int(dueSentinel)].next
            if due != dueSentinel {
                unlink(due)
                if nodes[Int(due)].tick &- 1 < current {
                    nodes[Int(due)].tick = 0
                    armedCount &-= 1
                    return due
                }
                // A later round's.
                link(due, tick: nodes[Int(due)].tick &- 1)
                continue
            }
            guard current < now else { return nil }
            if armedCount == 0 {
                current = now
                return nil
            }
            // A leap over more than the ring: one look into each bucket is enough.
            if now &- current > bucketMask &+ 1 { current = now &- (bucketMask &+ 1) }
            current = nextFilled(from: current, before: now)
            guard current < now else { return nil }
            takeBucket(bucket(of: current))
            current &+= 1
        }
    }

    /// Goes back to an earlier time: what is armed stays so, and what is armed from now on may be due before it.
    public mutating func rewind(to time: Int64) { current = min(current, Self.number(of: time, division)) }

    @inline(__always)
    private var dueSentinel: UInt32 { capacity &+ UInt32(truncatingIfNeeded: bucketMask &+ 1) }
    @inline(__always)
    private func bucket(of tick: Int64) -> UInt32 { capacity &+ UInt32(truncatingIfNeeded: tick & bucketMask) }

    /// Times before 1970 count as 1970, so that every tick is a number that can be marked as unset.
    @inline(__always)
    private static func number(of time: Int64, _ division: TickDivision) -> Int64 { division.quotient(min(max(time, 0), .max - 1)) }

    /// The first tick from one on, and before another, whose bucket is not empty; that other if there is none.
    @inline(__always)
    private func nextFilled(from first: Int64, before end: Int64) -> Int64 {
        var tick = first
        while tick < end {
            let place = tick & bucketMask
            let bits = filled[Int(place >> 6)] >> UInt64(place & 63)
            if bits != 0 { return min(tick &+ Int64(bits.trailingZeroBitCount), end) }
            tick &+= 64 &- (place & 63)
        }
        return end
    }

    /// Makes a bucket's list the list of what is due.
    @inline(__always)
    private func takeBucket(_ bucket: UInt32) {
        let place = bucket &- capacity
        filled[Int(place >> 6)] &= ~(1 << UInt64(place & 63))
        let first = nodes[Int(bucket)].next
        guard first != bucket else { return }
        let last = nodes[Int(bucket)].previous
        nodes[Int(dueSentinel)].next = first
        nodes[Int(dueSentinel)].previous = last
        nodes[Int(first)].previous = dueSentinel
        nodes[Int(last)].next = dueSentinel
        nodes[Int(bucket)].next = bucket
        nodes[Int(bucket)].previous = bucket
    }

    @inline(__always)
    private func link(_ id: UInt32, tick: Int64) {
        let sentinel = bucket(of: tick)
        let last = nodes[Int(sentinel)].previous
        nodes[Int(id)] = Node(previous: last, next: sentinel, tick: tick &+ 1)
        nodes[Int(last)].next = id
        nodes[Int(sentinel)].previous = id
        let place = sentinel &- capacity
        filled[Int(place >> 6)] |= 1 << UInt64(place & 63)
    }

    @inline(__always)
    private func unlink(_ id: UInt32) {
        let node = nodes[Int(id)]
        nodes[Int(node.previous)].next = node.next
        nodes[Int(node.next)].previous = node.previous
    }
}
