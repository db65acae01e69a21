import Capture
import Packets
import Tracking

/// Ports' queues that several cores share, since the device does not spread flows over queues of theirs. A block is what has come just now: it counts at
/// once, however little that is.
///
/// Its frames are mbufs, which go back to their pools when all cores are done with the block, as soon as somebody reads or looks whether there is something to
/// read. If a core is so slow that there is no block left, packets stay with the device, which counts those that it has no room for.
final class SharedQueues: SharedSource, @unchecked Sendable {
    /// Of a block.
    private static let mostFrames = 8 * Burst.capacity
    /// Mbufs in all blocks, and in the burst.
    static let mostMbufs = blockCount * mostFrames + Burst.capacity

    private var queues: CaptureSources
    /// The one that is polled next.
    private var next = 0

    init(_ queues: consuming CaptureSources, _ spreader: consuming Spreader, workers: Int, witness: CoreWitness?) {
        self.queues = queues
        super.init(spreader, workers: workers, frames: Self.mostFrames, burst: Burst.capacity, readersAtOnce: 1, witness: witness)
    }

    override var isLive: Bool { queues.isLive }

    override func fill(_ batches: inout PacketBatches, _ number: Int, _ ahead: BlocksAhead.Block?) -> CaptureState {
        let now = queues.needsClock || queues.isLive ? EAL.wallClock : .zero  // once a block
        // Until each in a row has had less than a burst.
        var drained = 0
        while drained < queues.openCount, batches.hasRoom {
            if next >= queues.openCount { next = 0 }
            let state = queues.fill(next, &burst, at: now)
            let count = burst.count
            if count > 0 {
                spreader.spread(burst.frames, to: &batches)
                burst.handOver()
            }
            switch state {
            case .open:
                next += 1
                drained = count < Burst.capacity ? drained + 1 : 0
            case .ended: queues.close(next)
            case .failed: return state
            }
        }
        // Where nothing comes time passes all the same, but not in a capture.
        if queues.isLive, batches.frameCount == 0 { spreader.pass(to: now, &batches) }
        return queues.openCount > 0 ? .open : .ended
    }

    override func giveBack(_ batches: borrowing PacketBatches) {
        for worker in 0..<workers { Burst.free(batches.frames(of: worker)) }
    }
}
