import TestSupport
import Testing

/// Packets as no decent host sends them: bits flipped, lengths that lie, frames cut, doubled, reordered and spliced, time that jumps. Fovea need not
/// make sense of them; it must account for each, and read no byte that is not there.
@Suite struct `Mutated packets` {
    /// What the frames are taken from: all our own captures, and of the shared ones those that are not too large.
    private static let recordings = (CaptureFolder.own.files + CaptureFolder.shared.files)
        .filter { $0.byteCount < 600_000 }.map { Recording(path: $0.path) }

    private static let mutationsPerSeed: UInt64 = 250

    @Test(.timeLimit(.minutes(5)), arguments: 0..<40 as Range<UInt64>)
    func `each has one outcome, and none is read beyond its end`(seed: UInt64) throws {
        let memory = GuardedFrames()
        var (sessions, gaps, malformed) = (0 as UInt64, 0 as UInt64, 0 as UInt64)
        for number in seed * Self.mutationsPerSeed..<(seed + 1) * Self.mutationsPerSeed {
            let mutation = Mutation(of: Self.recordings, seed: number)
            let pipeline = try HostilePipeline()
            let burst = [1, 7, 32, 64][Int(number % 4)]
            for start in stride(from: 0, to: mutation.pieces.count, by: burst) {
                memory.withFrames(mutation.pieces[start..<min(start + burst, mutation.pieces.count)]) { pipeline.take($0) }
            }
            pipeline.drain()
            #expect(pipeline.isBalanced, "mutation \(number): \(pipeline)")
            sessions += pipeline.sessions
            gaps += pipeline.gaps
            malformed += pipeline.malformed
        }
        // Some of each, or the mutations would miss what they are for.
        #expect(sessions > 0 && gaps > 0 && malformed > 0)
    }
}
