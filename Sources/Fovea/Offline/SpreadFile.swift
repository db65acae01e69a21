import Capture
import Glibc
import Packets
import Synchronization
import Tracking

/// A capture file that several cores share. Who of them has nothing to do reads the next blocks of it, and spreads their packets into batches for all: so
/// reading needs no core of its own, and the one that is ahead does it.
///
///     blocks   [ core 1 │ core 2 ]  [ core 1 │ core 2 ]  [ free ]  …      a ring: each has the bytes, and a batch for every core
///                        ↑ core 2    ↑ core 1             ↑ to be read
///
/// A block is filled again when all cores are done with it, so none gets further ahead of another than the ring is long. Between blocks there is neither a
/// lock nor an allocation: a flag says that somebody reads, a number how many blocks there are, and one in each block who has still to come.
///
/// Unchecked: what is not atomic belongs to whoever reads, and a block's batch to its core from when the block counts until the core is done with it.
final class SpreadFile: @unchecked Sendable {
    /// More would leave the cores' caches.
    private static let blockCount = 16
    /// Read in a row: with one, all would wait for each; with two, cores come to read in turn.
    private static let blocksInARow = 4
    /// Less than `FileBlocks` can carry on from one to the next.
    static let mostBytes = 128 << 10
    /// Of a block; what is left is carried on. Ethernet's shortest would be fewer.
    private static let mostFrames = 4096

    let workers: Int
    let witness: CoreWitness?
    private let blocks: [Block]
    private let linesBefore = CacheLine()
    private let isReading = Atomic(false)
    private let published = Atomic(0)
    private let isOver = Atomic(false)
    private let believedTime = Atomic<Int64>(0)
    private let takenBytes = Atomic(0)
    private let linesBehind = CacheLine()

    // The reader's.
    private var file: CaptureFile
    private var spreader: Spreader
    private var burst: Burst
    /// Why the file could not be read to its end.
    private(set) var failures: [String] = []

    final class Block: @unchecked Sendable {
        fileprivate let memory = UnsafeMutableRawPointer.allocate(byteCount: FileBlocks.byteCount, alignment: 4096)
        fileprivate(set) var batches: PacketBatches
        /// Cores that are not done with it.
        fileprivate let pending = Atomic(0)

        fileprivate init(workers: Int) { batches = PacketBatches(workers: workers, frames: SpreadFile.mostFrames) }
        deinit { memory.deallocate() }

        /// The core does not look at it any more.
        func leave() { pending.subtract(1, ordering: .releasing) }
    }

    init(_ file: consuming CaptureFile, _ spreader: consuming Spreader, workers: Int, burst: Int, witness: CoreWitness?) {
        self.file = file
        self.spreader = spreader
        self.workers = workers
        self.witness = witness
        self.burst = Burst(limit: burst)
        blocks = (0..<Self.blockCount).map { _ in Block(workers: workers) }
    }

    // MARK: A core's side

    /// A block by its number, if it has been read.
    func block(_ number: Int) -> Block? { number < published.load(ordering: .acquiring) ? blocks[number % Self.blockCount] : nil }

    /// Whether there will be no block of that number.
    func isOver(at number: Int) -> Bool { isOver.load(ordering: .acquiring) && number >= published.load(ordering: .acquiring) }

    /// Reads on, unless somebody else does or cores are too far behind.
    ///
    /// - Returns: whether there may be something new.
    func read() -> Bool {
        guard !isOver.load(ordering: .relaxed), !isReading.exchange(true, ordering: .acquiring) else { return false }
        defer { isReading.store(false, ordering: .releasing) }
        var count = 0
        while count < Self.blocksInARow, !isOver.load(ordering: .relaxed) {
            let number = published.load(ordering: .relaxed)
            let block = blocks[number % Self.blockCount]
            guard block.pending.load(ordering: .acquiring) == 0 else { break }
            read(block)
            count += 1
        }
        return count > 0
    }

    private func read(_ block: Block) {
        block.batches.removeAll()
        file.carryOn(in: block.memory)
        var state = file.fill(&burst)
        while burst.count > 0 {
            spreader.spread(burst.frames, to: &block.batches)
            guard block.batches.hasRoom else { break }
            state = file.fill(&burst, readsOn: false)
            if state != .open { break }
        }
        believedTime.store(spreader.steady.nanoseconds, ordering: .relaxed)
        takenBytes.store(file.position, ordering: .relaxed)
        let isEmpty = block.batches.frameCount == 0
        if !isEmpty {
            block.pending.store(workers, ordering: .relaxed)
            published.add(1, ordering: .releasing)
        }
        if case .failed(let reason) = state { failures.append(reason) } else if !isEmpty { return }
        finish()
    }

    /// Reads no more.
    func end() {
        while !isOver.load(ordering: .relaxed) {
            guard !isReading.exchange(true, ordering: .acquiring) else {
                usleep(50)
                continue
            }
            if !isOver.load(ordering: .relaxed) { finish() }
            isReading.store(false, ordering: .releasing)
        }
    }

    private func finish() {
        spreader.finish()
        isOver.store(true, ordering: .releasing)
    }

    /// The time that is believed.
    var steady: Timestamp { Timestamp(nanoseconds: believedTime.load(ordering: .relaxed)) }
    /// Bytes of the file taken so far.
    var position: Int { takenBytes.load(ordering: .relaxed) }

    // MARK: When no core runs

    var fragmentBytes: Int { spreader.fragmentBytes }
    var counters: Counters { spreader.counters }
    var span: (first: Timestamp, last: Timestamp)? { spreader.span }
}
