import Packets
import Synchronization
import Tracking

/// Some packets of a source that cores share, in a batch for each of them.
///
/// Unchecked: it is the reader's until it counts, then a batch is its core's until the core is done with it; then it is the reader's again.
final class SharedBlock: @unchecked Sendable {
    var batches: PacketBatches
    /// Cores that are not done with it.
    let pending = Atomic(0)

    init(workers: Int, frames: Int) { batches = PacketBatches(workers: workers, frames: frames) }

    /// The core does not look at it any more.
    func leave() { pending.subtract(1, ordering: .releasing) }
}
