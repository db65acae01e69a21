import Capture
import Packets
import Synchronization
import Tracking

/// A capture file that several cores share. Its bytes lie in its blocks, where read(2) put them: for several blocks at once, which is most of the work; then
/// their packets are spread, one block after the other.
final class SharedFile: SharedSource, @unchecked Sendable {
    /// Less than `FileBlocks` can carry on from one block to the next.
    static let mostBytes = 128 << 10
    /// Of a block; what is left is carried on. Ethernet's shortest would be fewer.
    private static let mostFrames = 4096

    private var file: CaptureFile
    private let blocksAhead: BlocksAhead?
    /// Where in the file the first block would begin if each block had been as long as they are.
    private let origin: Atomic<Int>
    /// For each block.
    private let memory: UnsafeMutableRawPointer
    private let takenBytes = Atomic(0)

    init(_ file: consuming CaptureFile, _ spreader: consuming Spreader, workers: Int, burst: Int, witness: CoreWitness?) {
        blocksAhead = file.blocksAhead
        origin = Atomic(blocksAhead?.next ?? 0)
        self.file = file
        memory = .allocate(byteCount: Self.blockCount * FileBlocks.byteCount, alignment: 4096)
        super.init(spreader, workers: workers, frames: Self.mostFrames, burst: burst, readersAtOnce: blocksAhead == nil ? 1 : workers, witness: witness)
    }

    deinit { memory.deallocate() }

    override var position: Int { takenBytes.load(ordering: .relaxed) }

    private func memory(of number: Int) -> UnsafeMutableRawPointer { memory + number % Self.blockCount * FileBlocks.byteCount }

    override func readAhead(_ number: Int) -> BlocksAhead.Block? {
        guard let blocksAhead else { return nil }
        return blocksAhead.read(into: memory(of: number), at: origin.load(ordering: .relaxed) + number * blocksAhead.blockSize)
    }

    override func fill(_ batches: inout PacketBatches, _ number: Int, _ ahead: BlocksAhead.Block?) -> CaptureState {
        file.carryOn(in: memory(of: number), ahead)
        var state = file.fill(&burst)
        while burst.count > 0 {
            spreader.spread(burst.frames, to: &batches)
            guard batches.hasRoom else { break }
            state = file.fill(&burst, readsOn: false)
            if state != .open { break }
        }
        takenBytes.store(file.position, ordering: .relaxed)
        if let coming = file.blocksAhead { origin.store(coming.next - (number + 1) * coming.blockSize, ordering: .relaxed) }
        if case .failed = state { return state }
        return batches.isEmpty ? .ended : .open
    }
}
