import Packets

/// A datagram put together from its fragments, or a single fragment on its way there.
struct Datagram: BitwiseCopyable {
    /// From the IP header on. Valid while the part of the burst is processed in which it was completed.
    var frame: Frame
    var sum: FragmentSum
}

/// What there is to count of a datagram's fragments, those that came twice included.
struct FragmentSum: BitwiseCopyable {
    var fragments: UInt64
    var wireBytes: UInt64
    var ipBytes: UInt64
    /// The earliest and the latest one's time, nanoseconds.
    var first: Int64
    var last: Int64

    mutating func add(_ other: FragmentSum) {
        fragments &+= other.fragments
        wireBytes &+= other.wireBytes
        ipBytes &+= other.ipBytes
        first = min(first, other.first)
        last = max(last, other.last)
    }
}

extension UnsafePointer<Datagram> {
    /// Where its frame lies.
    var frame: UnsafePointer<Frame> {
        UnsafeRawPointer(self).advanced(by: MemoryLayout<Datagram>.offset(of: \.frame)!).assumingMemoryBound(to: Frame.self)
    }
}

/// Why a datagram was given up.
public enum DatagramLoss: UInt8, CaseIterable, Sendable {
    /// A fragment was missing for too long.
    case timeout
    /// There was no room for it.
    case full
    /// Its fragments contradict each other: overlaps in IPv6, two ends, bytes behind the end.
    case overlap
    /// A snap length cut one of its fragments.
    case cut
    /// A fragment was missing when the run ended.
    case drained
}
