import CDPDK
import Packets

/// One rx queue of a port, polled by one lcore.
public struct RxQueue: ~Copyable {
    private var queue: shim_queue
    /// False for a capture file behind net_pcap, which ends.
    public let isLive: Bool
    /// Frames that the port had lost when this queue was last found empty.
    private var lost: UInt64

    init(_ queue: shim_queue, isLive: Bool) {
        self.queue = queue
        self.isLive = isLive
        lost = Self.lostFrames(queue.port)
    }

    /// Whether its frames bring no time of their own.
    public var needsClock: Bool { queue.timestamp_unit == 0 }

    /// Polls once.
    ///
    /// - Parameter time: counts for frames that bring no time of their own; read once a burst at most.
    @inline(__always)
    public mutating func fill(_ burst: inout Burst, at time: Timestamp) -> CaptureState {
        burst.receive(&queue, now: time.nanoseconds)
        if burst.count > 0 || isLive { return .open }
        return isAtEnd() ? .ended : .open
    }

    /// net_pcap gives no sign of a file's end. An empty poll is one, unless frames were lost since the last: then a lack of mbufs, or a frame that
    /// cannot be read, may be why it was empty, and the next poll tells.
    @inline(never)
    private mutating func isAtEnd() -> Bool {
        let lost = Self.lostFrames(queue.port)
        defer { self.lost = lost }
        return lost == self.lost
    }

    private static func lostFrames(_ port: UInt16) -> UInt64 {
        var statistics = shim_port_stats()
        guard shim_port_read_stats(port, &statistics) == 0 else { return 0 }
        return statistics.no_buffer &+ statistics.errors
    }
}

/// Whether a source of frames has more to give.
public enum CaptureState: Equatable, Sendable {
    /// More may come, though nothing may have come just now.
    case open
    case ended
    /// What follows cannot be read: the text says why.
    case failed(String)
}
