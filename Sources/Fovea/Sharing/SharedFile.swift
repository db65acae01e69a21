import Capture
import Packets
import Synchronization
import Tracking

/// A capture file that several cores share. Its bytes lie in its blocks, where read(2) put them.
final class SharedFile: SharedSource, @unchecked Sendable {
    /// Less than `FileBlocks` can carry on from one block to the next.
    static let mostBytes = 128 << 10
    /// Of a block; what is left is carried on. Ethernet's shortest would be fewer.
    private static let mostFrames = 4096

    private var file: CaptureFile
    /// For each block.
    private let memory: UnsafeMutableRawPointer
    private let takenBytes = Atomic(0)

    init(_ file: consuming CaptureFile, _ spreader: consuming Spreader, workers: Int, burst: Int, witness: CoreWitness?) {
        self.file = file
        memory = .allocate(byteCount: Self.blockCount * FileBlocks.byteCount, alignment: 4096)
        super.init(spreader, workers: workers, frames: Self.mostFrames, burst: burst, witness: witness)
    }

    deinit { memory.deallocate() }

    override var position: Int { takenBytes.load(ordering: .relaxed) }

    override func fill(_ batches: inout PacketBatches, _ number: Int) -> CaptureState {
        file.carryOn(in: memory + number % Self.blockCount * FileBlocks.byteCount)
        var state = file.fill(&burst)
        while burst.count > 0 {
            spreader.spread(burst.frames, to: &batches)
            guard batches.hasRoom else { break }
            state = file.fill(&burst, readsOn: false)
            if state != .open { break }
        }
        takenBytes.store(file.position, ordering: .relaxed)
        if case .failed = state { return state }
        return batches.isEmpty ? .ended : .open
    }
}
