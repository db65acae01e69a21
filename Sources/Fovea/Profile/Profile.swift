import Capture
import Filters
import Packets
import Tracking

/// What a plan's subscriptions cost on a capture, by stage; and what each one's filter lets through to the next.
struct Profile {
    let capture: String
    let counters: Counters
    let stages: PipelineProfile
    /// Of the plan, in its order.
    let entries: [RunPlan.Entry]
    /// Cycles a second, as measured.
    let frequency: Double
    /// Why the capture could not be read to its end.
    var failure: String?

    var table: StageTable {
        StageTable(costs: StageCosts(stages.meter, packets: counters.packets, tracked: stages.trackedPackets), packets: counters.packets, frequency: frequency)
    }
}

extension RunPlan {
    /// Runs the plan's subscriptions on a capture, on this thread and without DPDK, and measures. What they write goes nowhere.
    ///
    /// - Throws: `CaptureFileError`, or what a subscription's `makeReport` throws.
    func profile(_ capture: String) throws -> Profile {
        var file = try CaptureFile(path: capture)
        let options = trackerOptions
        let subscribers = try entries.map { entry in
            var context = context(of: entry, lcore: 0)
            (context.outputFolder, context.outputFile) = (nil, "/dev/null")
            return try entry.subscription._makeSubscriber(SubscriberOrder(filter: entry.filter, context: context, maxConnections: options.maxConnections))
        }
        let stages = PipelineProfile(maxConnections: options.maxConnections, subscriptions: entries.count) { EAL.cycles }
        var pipeline = Pipeline(options, subscribers: subscribers, profile: stages)
        try check(pipeline.memory)
        var burst = Burst()
        var state = CaptureState.open
        let start = (time: ContinuousClock.now, cycles: EAL.cycles)
        while state == .open {
            stages.meter.enter(.receiving)
            state = file.fill(&burst)
            stages.meter.enter(nil)
            pipeline.process(burst.frames)
        }
        pipeline.drain()
        let seconds = (ContinuousClock.now - start.time).inSeconds
        let frequency = Double(EAL.cycles &- start.cycles) / max(seconds, 1e-9)
        return Profile(capture: capture, counters: pipeline.counters, stages: stages, entries: entries, frequency: frequency, failure: state.failure)
    }
}

extension CaptureState {
    fileprivate var failure: String? { if case .failed(let reason) = self { reason } else { nil } }
}
