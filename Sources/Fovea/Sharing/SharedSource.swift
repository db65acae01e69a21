import Capture
import Glibc
import Packets
import Synchronization
import Tracking

/// Packets that several cores share, of a capture file (`SharedFile`) or of ports (`SharedQueues`). Who of them has nothing to do reads the next blocks, and
/// spreads their packets into batches for all: so reading needs no core of its own, and the one that is ahead does it.
///
///     blocks   [ core 1 │ core 2 ]  [ core 1 │ core 2 ]  [ free ]  …      a ring: each has its packets, and a batch for every core
///                        ↑ core 2    ↑ core 1             ↑ to be read
///
/// A block is filled again when all cores are done with it, so none gets further ahead of another than the ring is long: a slow core has the others wait, and
/// packets stay where they come from. Between blocks there is neither a lock nor an allocation: a flag says that somebody reads, a number how many blocks there
/// are, and one in each block who has still to come.
///
/// Unchecked: what is not atomic belongs to whoever reads, and a block's batch to its core from when the block counts until the core is done with it.
class SharedSource: @unchecked Sendable {
    /// More would leave the cores' caches.
    static let blockCount = 16
    /// Read in a row: with one, all would wait for each; with two, cores come to read in turn.
    private static let blocksInARow = 4

    let workers: Int
    let witness: CoreWitness?
    private let blocks: [SharedBlock]
    private let linesBefore = CacheLine()
    private let isReading = Atomic(false)
    private let published = Atomic(0)
    private let isOver = Atomic(false)
    private let believedTime = Atomic<Int64>(0)
    private let linesBehind = CacheLine()

    // The reader's.
    var spreader: Spreader
    var burst: Burst
    /// Blocks that all cores are done with, and of whose frames nothing is kept.
    private var reclaimed = 0
    /// Why it could not be read to its end.
    private(set) var failures: [String] = []

    /// - Parameter frames: in a block at most.
    init(_ spreader: consuming Spreader, workers: Int, frames: Int, burst: Int, witness: CoreWitness?) {
        self.spreader = spreader
        self.workers = workers
        self.witness = witness
        self.burst = Burst(limit: burst)
        blocks = (0..<Self.blockCount).map { _ in SharedBlock(workers: workers, frames: frames) }
    }

    // MARK: What it is

    /// Whether time passes when nothing comes.
    var isLive: Bool { false }
    /// Bytes of a file taken so far.
    var position: Int { 0 }

    /// Spreads what comes next into a block's batches, which are empty; nothing when there is nothing just now.
    ///
    /// - Parameter number: the block's.
    /// - Returns: whether more may come.
    func fill(_ batches: inout PacketBatches, _ number: Int) -> CaptureState { preconditionFailure("has no packets") }

    /// No core looks at the block's frames any more.
    func giveBack(_ batches: borrowing PacketBatches) {}

    // MARK: A core's side

    /// A block by its number, if it has been read.
    func block(_ number: Int) -> SharedBlock? { number < published.load(ordering: .acquiring) ? blocks[number % Self.blockCount] : nil }

    /// Whether there will be no block of that number.
    func isOver(at number: Int) -> Bool { isOver.load(ordering: .acquiring) && number >= published.load(ordering: .acquiring) }

    /// What came of reading on.
    enum Reading: Comparable {
        /// It is for others to go on: somebody reads, or cores are too far behind.
        case others
        /// There is nothing just now.
        case nothing
        /// There may be something new.
        case news
    }

    /// Reads on, unless somebody else does or cores are too far behind.
    func read() -> Reading {
        guard !isOver.load(ordering: .relaxed) else { return .nothing }
        guard !isReading.exchange(true, ordering: .acquiring) else { return .others }
        defer { isReading.store(false, ordering: .releasing) }
        for count in 0..<Self.blocksInARow where !isOver.load(ordering: .relaxed) {
            reclaim()
            guard published.load(ordering: .relaxed) - reclaimed < Self.blockCount else { return count > 0 ? .news : .others }
            guard readBlock() else { return count > 0 ? .news : .nothing }
        }
        return .news
    }

    private func readBlock() -> Bool {
        let number = published.load(ordering: .relaxed)
        let block = blocks[number % Self.blockCount]
        block.batches.removeAll()
        let state = fill(&block.batches, number)
        believedTime.store(spreader.steady.nanoseconds, ordering: .relaxed)
        let isEmpty = block.batches.isEmpty
        if !isEmpty {
            block.pending.store(workers, ordering: .relaxed)
            published.add(1, ordering: .releasing)
        }
        if case .failed(let reason) = state { failures.append(reason) }
        if state != .open { finish() }
        return !isEmpty
    }

    /// Takes leave of the blocks that all cores are done with.
    private func reclaim() {
        while reclaimed < published.load(ordering: .relaxed), blocks[reclaimed % Self.blockCount].pending.load(ordering: .acquiring) == 0 {
            giveBack(blocks[reclaimed % Self.blockCount].batches)
            reclaimed += 1
        }
    }

    /// Reads no more: what has been read is all there is.
    func end() {
        guard !isOver.load(ordering: .relaxed) else { return }
        reading { if !isOver.load(ordering: .relaxed) { finish() } }
    }

    /// The core has had all blocks. The last one to say so takes leave of the last block.
    func leave() { reading { reclaim() } }

    private func finish() {
        spreader.finish()
        isOver.store(true, ordering: .releasing)
    }

    /// Waits until nobody reads.
    private func reading(_ body: () -> Void) {
        while isReading.exchange(true, ordering: .acquiring) { usleep(50) }
        body()
        isReading.store(false, ordering: .releasing)
    }

    /// The time that is believed.
    var steady: Timestamp { Timestamp(nanoseconds: believedTime.load(ordering: .relaxed)) }

    // MARK: When no core runs

    var fragmentBytes: Int { spreader.fragmentBytes }
    var counters: Counters { spreader.counters }
    var span: (first: Timestamp, last: Timestamp)? { spreader.span }
}
