import Capture
import Packets

/// A capture file read once, from its start to its end, with a scenario's work for each burst, as a run over it does; for counting what that takes.
struct FilePass {
    let path: String

    /// - Parameter isWhole: otherwise everything but the pass itself happens.
    /// - Returns: the number of sessions that there were.
    @discardableResult
    func run(_ scenario: Scenario, isWhole: Bool) throws -> Int {
        var sessions = 0
        // What is made once in a process is made by the first.
        for isCounted in [false, true] {
            var work = try Work(scenario, pace: 0, address: nil, isFile: true)
            if !isCounted || isWhole { try pass(&work) }
            sessions = try work.end()
        }
        return sessions
    }

    private func pass(_ work: inout Work) throws {
        var file = try CaptureFile(path: path)
        var burst = Burst()
        while true {
            let state = file.fill(&burst)
            work.take(burst.frames)
            if case .failed(let reason) = state { throw BenchError(description: reason) }
            if state == .ended { return }
        }
    }
}
