import Containers
import Synchronization

/// What a dispatched subscription's two sides share: the ring of messages one way, verdicts the other way, and counters that others look at meanwhile.
///
/// A verdict is a word for each place in the table: the generation of the connection that it is about, and what was said. The receiver stores it, the sender
/// looks at it before it sends more of that connection. Relaxed, for the word says all there is to say and nothing else is read because of it; one that
/// is seen late, or about a connection that is no more, costs some work and changes nothing.
final class DispatchChannel: @unchecked Sendable {
    let ring: MessageRing
    private let verdictMemory: RawMemory
    private let verdicts: UnsafeMutablePointer<Atomic<UInt64>>

    // The sender's; others read them.
    let lostMessages = Atomic<UInt64>(0)
    let lostBytes = Atomic<UInt64>(0)
    let cutConnections = Atomic<UInt64>(0)

    init(ring byteCount: Int, connections: Int) {
        ring = MessageRing(byteCount: byteCount)
        verdictMemory = RawMemory(byteCount: connections * MemoryLayout<Atomic<UInt64>>.stride)
        // Zeroed, which is an atomic's 0.
        verdicts = verdictMemory.start.assumingMemoryBound(to: Atomic<UInt64>.self)
    }

    var verdictByteCount: Int { verdictMemory.byteCount }

    /// What the receiver has said of a connection, as far as that is known here.
    @inline(__always)
    func verdict(_ index: Int, generation: UInt64) -> Verdict {
        let word = verdicts[index].load(ordering: .relaxed)
        guard word >> 1 == generation else { return .more }
        return word & 1 == 0 ? .done : .unsubscribe
    }

    func tell(_ verdict: Verdict, _ index: Int, generation: UInt64) {
        verdicts[index].store(generation << 1 | (verdict == .unsubscribe ? 1 : 0), ordering: .relaxed)
    }
}

extension Atomic<UInt64> {
    /// By the one who stores it: no other can come between.
    @inline(__always)
    func bump(by count: UInt64 = 1) { store(load(ordering: .relaxed) &+ count, ordering: .relaxed) }
}

/// What became of the messages of a dispatched subscription.
public struct DispatchCounts: Equatable, Sendable {
    /// Callbacks that were called.
    public var delivered: UInt64 = 0
    /// Messages that came when the subscription had said that it wants no more of the connection.
    public var late: UInt64 = 0
    /// Messages that were not sent: the ring was full, or had been for the connection before. Those behind a verdict that came late are among them.
    public var dropped: UInt64 = 0
    /// Of packets and streams in these.
    public var droppedBytes: UInt64 = 0
    /// Connections of which something was lost, and with it all that came later.
    public var cutConnections: UInt64 = 0
    /// Bytes that waited in a ring at most.
    public var ringPeak = 0

    public init() {}

    /// Sums up; of the peaks the higher one.
    public mutating func add(_ other: DispatchCounts) {
        delivered += other.delivered
        late += other.late
        dropped += other.dropped
        droppedBytes += other.droppedBytes
        cutConnections += other.cutConnections
        ringPeak = max(ringPeak, other.ringPeak)
    }
}
