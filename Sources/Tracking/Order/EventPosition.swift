import Packets

/// Where among all that happens in a run something does: what it is ordered by, so that results do not depend on how packets fell into bursts, or on how
/// many cores took them.
///
///     … packet 7 │ time reaches a tick: connections end, by (start, hash) │ packet 8 │ …        both of these have the number 8
public struct EventPosition: Comparable, BitwiseCopyable, Sendable {
    /// Of the packet in the capture, from 0, that caused it, or that brought the time which did.
    public var number: UInt64
    /// When the connection began whose time is over, nanoseconds. Of what a packet does the largest number: that comes behind.
    public var start: Int64
    /// Of that connection's key, with a seed that is always the same.
    public var hash: UInt64

    init(_ number: UInt64, start: Int64, hash: UInt64) { (self.number, self.start, self.hash) = (number, start, hash) }

    /// What a packet causes.
    public init(packet number: UInt64) { self.init(number, start: .max, hash: .max) }

    /// Before anything that has this number.
    public init(before number: UInt64) { self.init(number, start: .min, hash: 0) }

    /// The number of what happens when all packets have been taken, and of what happens when all cores have come to that.
    static var endOfPackets: UInt64 { .max - 1 }
    public static var endOfRun: EventPosition { EventPosition(packet: .max) }

    @inlinable public static func < (left: Self, right: Self) -> Bool {
        if left.number != right.number { return left.number < right.number }
        if left.start != right.start { return left.start < right.start }
        return left.hash < right.hash
    }

    @inlinable public static func == (left: Self, right: Self) -> Bool {
        left.number == right.number && left.start == right.start && left.hash == right.hash
    }
}

/// Where a core is, for those of its callbacks that want to know. The core keeps it up to date with a store a packet; what number the packet has is
/// looked up by whoever asks.
///
/// Unchecked: it belongs to its core, and to the main core when that does not run.
public final class CorePosition: @unchecked Sendable {
    struct Memory: BitwiseCopyable {
        /// The packet at hand; nil between packets.
        var packet: UnsafePointer<Packet>?
        /// The part of a burst that it is of, and the numbers of its packets.
        var packets: UnsafePointer<Packet>?
        var numbers: UnsafePointer<UInt64>?
        /// Between packets.
        var between = EventPosition(before: 0)
    }

    let memory: UnsafeMutablePointer<Memory>

    public init() {
        memory = .allocate(capacity: 1)
        memory.initialize(to: Memory())
    }

    deinit { memory.deallocate() }

    public var current: EventPosition {
        guard let packet = memory.pointee.packet, let packets = memory.pointee.packets, let numbers = memory.pointee.numbers else {
            return memory.pointee.between
        }
        return EventPosition(packet: numbers[packet - packets])
    }

    /// The core has taken all packets before this one.
    public func reach(_ number: UInt64) { memory.reach(EventPosition(before: number)) }

    /// All cores have come to their end.
    public func reachEndOfRun() { memory.reach(.endOfRun) }
}

extension UnsafeMutablePointer<CorePosition.Memory> {
    @inline(__always)
    func reach(_ position: EventPosition) {
        pointee.packet = nil
        pointee.between = position
    }
}
