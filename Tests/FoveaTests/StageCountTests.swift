import TestSupport
import Testing
import Tracking

@testable import Fovea

/// A run that counts its cycles by stage.
@Suite struct `Counting stages` {
    @Test(arguments: CaptureFolder.own.files, [1, 2]) func `leaves results as they are`(capture: CaptureName, workers: Int) throws {
        let folder = RunFolder()
        let plain = try folder.run(LineOrderTests.everything, on: capture.path, workers: workers)
        let counted = try folder.run(LineOrderTests.everything, on: capture.path, workers: workers) { $0.countsStages = true }
        #expect(counted.results == plain.results)
        #expect(PacketOutcome.allCases.allSatisfy { counted.summary.counters[$0] == plain.summary.counters[$0] })
        #expect(plain.summary.stages == nil && plain.summary.stageTable == nil)
        let stages = try #require(counted.summary.stages)
        #expect(stages.times(.headers) == plain.summary.counters.packets)
        #expect(stages.times(.headers) == 0 || stages.cycles(.headers) > 0)
        #expect((stages.times(.callbacks) > 0) == (stages.cycles(.callbacks) > 0))
    }
}
