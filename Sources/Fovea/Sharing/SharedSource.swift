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
/// packets stay where they come from. Who reads takes the number of a block first; of a file several may bring in the bytes of theirs at once, and spread
/// them when it is their turn. Between blocks there is no allocation, and no core waits for a lock: who finds that others read goes on with what there is.
/// Numbers say which block has been taken, whose turn it is and how many there are, and one in each block who has still to come.
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
    /// Somebody takes a block's number, or reads alone.
    private let isTaking = Atomic(false)
    /// The number that is taken next.
    private let taken = Atomic(0)
    /// The number of the block that is spread next, or is being spread; those from here up to `taken` are being read.
    private let turn = Atomic(0)
    private let published = Atomic(0)
    private let isOver = Atomic(false)
    private let believedTime = Atomic<Int64>(0)
    private let linesBehind = CacheLine()

    private let readersAtOnce: Int
    /// Blocks that all cores are done with, and of whose frames nothing is kept. Of who takes a number.
    private var reclaimed = 0

    // Of whose turn it is.
    var spreader: Spreader
    var burst: Burst
    /// Why it could not be read to its end.
    private(set) var failures: [String] = []

    /// - Parameters:
    ///   - frames: in a block at most.
    ///   - readersAtOnce: more than one only for what has no empty block but at its end.
    init(_ spreader: consuming Spreader, workers: Int, frames: Int, burst: Int, readersAtOnce: Int, witness: CoreWitness?) {
        self.readersAtOnce = readersAtOnce
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

    /// Brings in bytes for a block, while others may do so for theirs, and somebody may spread those of one before it.
    func readAhead(_ number: Int) -> BlocksAhead.Block? { nil }

    /// Spreads what comes next into a block's batches, which are empty; nothing when there is nothing just now.
    ///
    /// - Parameters:
    ///   - number: the block's.
    ///   - ahead: what has been brought in for it.
    /// - Returns: whether more may come.
    func fill(_ batches: inout PacketBatches, _ number: Int, _ ahead: BlocksAhead.Block?) -> CaptureState { preconditionFailure("has no packets") }

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

    /// Reads on, unless enough others do or cores are too far behind.
    func read() -> Reading {
        // Who reads alone does so for the whole row; otherwise cores would take turns at it block by block.
        let readsAlone = readersAtOnce == 1
        var isTaker = false
        defer { if isTaker { isTaking.store(false, ordering: .releasing) } }
        for count in 0..<Self.blocksInARow where !isOver.load(ordering: .relaxed) {
            if !isTaker { isTaker = !isTaking.exchange(true, ordering: .acquiring) }
            guard isTaker, let number = takeNumber() else { return count > 0 ? .news : .others }
            if !readsAlone {
                isTaking.store(false, ordering: .releasing)
                isTaker = false
            }
            let ahead = readAhead(number)
            awaitTurn(number)
            guard readBlock(number, ahead) else { return count > 0 ? .news : .nothing }
        }
        return .news
    }

    /// Of who may take one.
    ///
    /// - Returns: nil when it is for others to go on.
    private func takeNumber() -> Int? {
        let number = taken.load(ordering: .acquiring)
        guard number - turn.load(ordering: .acquiring) < readersAtOnce else { return nil }
        reclaim()
        // One fewer: what is carried on to the block whose turn it is lies in the one before, of which all cores may have taken leave.
        guard number - reclaimed < Self.blockCount - 1 else { return nil }
        taken.store(number + 1, ordering: .relaxed)
        return number
    }

    /// Whoever comes before is not waiting for anybody.
    private func awaitTurn(_ number: Int) {
        var rounds = 0
        while turn.load(ordering: .acquiring) != number {
            rounds += 1
            if rounds % 64 == 0 { sched_yield() }
        }
    }

    /// - Returns: whether there is one now.
    private func readBlock(_ number: Int, _ ahead: BlocksAhead.Block?) -> Bool {
        // Others have taken numbers behind the last one.
        guard !isOver.load(ordering: .relaxed) else { return endTurn(number, hasBlock: false) }
        let block = blocks[number % Self.blockCount]
        block.batches.removeAll()
        let state = fill(&block.batches, number, ahead)
        believedTime.store(spreader.steady.nanoseconds, ordering: .relaxed)
        let hasBlock = !block.batches.isEmpty
        if hasBlock {
            block.pending.store(workers, ordering: .relaxed)
            published.add(1, ordering: .releasing)
        }
        if case .failed(let reason) = state { failures.append(reason) }
        if state != .open { finish() }
        return endTurn(number, hasBlock: hasBlock)
    }

    /// The number of a block that there is none of is taken again.
    private func endTurn(_ number: Int, hasBlock: Bool) -> Bool {
        if hasBlock || readersAtOnce > 1 { turn.store(number + 1, ordering: .releasing) } else { taken.store(number, ordering: .releasing) }
        return hasBlock
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
        while isTaking.exchange(true, ordering: .acquiring) { usleep(50) }
        while turn.load(ordering: .acquiring) != taken.load(ordering: .acquiring) { usleep(50) }
        body()
        isTaking.store(false, ordering: .releasing)
    }

    /// The time that is believed.
    var steady: Timestamp { Timestamp(nanoseconds: believedTime.load(ordering: .relaxed)) }

    // MARK: When no core runs

    var fragmentBytes: Int { spreader.fragmentBytes }
    var counters: Counters { spreader.counters }
    var span: (first: Timestamp, last: Timestamp)? { spreader.span }
}
