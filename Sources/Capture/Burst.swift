import CDPDK
import Packets

/// The frames of one receive call, in place: filled by C or by a capture file's reader, read by Swift, freed in bulk when it is filled again or
/// goes away.
public struct Burst: ~Copyable {
    /// Frames in a burst at most.
    public static let capacity = Int(shim_burst_capacity)

    private let storage: UnsafeMutablePointer<shim_frame>
    public private(set) var count = 0
    /// Frames of a capture file that it takes at once.
    private let limit: Int

    public init() { self.init(limit: Self.capacity) }

    package init(limit: Int) {
        self.limit = min(max(1, limit), Self.capacity)
        storage = .allocate(capacity: Self.capacity)
        precondition(
            MemoryLayout<Frame>.size == MemoryLayout<shim_frame>.size
                && MemoryLayout<Frame>.offset(of: \.linkType) == MemoryLayout<shim_frame>.offset(of: \.link_type))
    }

    deinit {
        shim_burst_free(storage, UInt16(count))
        storage.deallocate()
    }

    /// The frames; valid until the burst is freed.
    @inline(__always)
    public var frames: UnsafeBufferPointer<Frame> {
        UnsafeBufferPointer(start: UnsafeRawPointer(storage).assumingMemoryBound(to: Frame.self), count: count)
    }

    /// Gives all frames back to their pools.
    @inline(__always)
    public mutating func free() {
        shim_burst_free(storage, UInt16(truncatingIfNeeded: count))
        count = 0
    }

    /// Forgets its frames: whoever has copied them gives them back (`Burst.free(_:)`).
    package mutating func handOver() { count = 0 }

    /// Gives frames of bursts that were handed over back to their pools.
    package static func free(_ frames: UnsafeBufferPointer<Frame>) {
        var start = 0
        while start < frames.count {
            let count = min(capacity, frames.count - start)
            shim_burst_free(UnsafeRawPointer(frames.baseAddress! + start).assumingMemoryBound(to: shim_frame.self), UInt16(truncatingIfNeeded: count))
            start += count
        }
    }

    /// Frees what it holds and fills it anew: the one call a burst into DPDK.
    @inline(__always)
    mutating func receive(_ queue: UnsafePointer<shim_queue>, now: Int64) {
        free()
        count = Int(shim_burst_receive(queue, storage, UInt16(truncatingIfNeeded: Self.capacity), now))
    }

    /// Frees what it holds and has it filled anew, by a body that gets room for frames and gives how many it has put there: frames that lie where
    /// the source keeps them, in no mbuf. None if it throws.
    @inline(__always)
    mutating func fill<Failure>(_ body: (UnsafeMutablePointer<Frame>, _ capacity: Int) throws(Failure) -> Int) throws(Failure) -> Int {
        free()
        count = try body(UnsafeMutableRawPointer(storage).assumingMemoryBound(to: Frame.self), limit)
        return count
    }
}
