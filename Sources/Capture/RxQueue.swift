import CDPDK
import Packets

/// One rx queue of a port, polled by one lcore.
public struct RxQueue: ~Copyable {
    private var queue: shim_queue
    /// A capture file behind net_pcap gives no sign of its end: its first empty poll that no lack of mbufs explains is the end.
    private let endsWhenEmpty: Bool

    init(_ queue: shim_queue, endsWhenEmpty: Bool) {
        self.queue = queue
        self.endsWhenEmpty = endsWhenEmpty
    }

    /// Polls once.
    ///
    /// - Parameter time: counts for frames that bring no time of their own; read once a burst at most.
    @inline(__always)
    public mutating func fill(_ burst: inout Burst, at time: Timestamp) -> CaptureState {
        burst.receive(&queue, now: time.nanoseconds)
        if burst.count > 0 { return .open }
        return endsWhenEmpty ? .ended : .open
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
