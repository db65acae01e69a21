import Packets
@testable import Tracking

/// One way through an engine, which is looked at after every burst.
final class Passage {
    private var pipeline: Pipeline
    private let notebook = Notebook()
    private let memory: EngineMemory
    /// What was found wrong, each once.
    private(set) var faults: [String] = []
    /// Connections that ended in one burst, at most.
    private(set) var mostEndings: UInt64 = 0
    private var endings: UInt64 = 0

    var counters: Counters { pipeline.counters }
    var stories: [Story] { notebook.stories }

    init(_ options: TrackerOptions) throws {
        let context = ReportContext(subscription: "witness", lcore: 0, outputFolder: nil)
        let subscriber = try Notebook.$current.withValue(notebook) {
            try Witness._makeSubscriber(SubscriberOrder(filter: .everything, context: context, maxConnections: options.maxConnections))
        }
        pipeline = Pipeline(options, subscribers: [subscriber], seed: HashSeed(1))
        memory = pipeline.memory
    }

    func send(_ packets: FrameMemory, burst: Int, isChecked: Bool = true) {
        packets.frames.withUnsafeBufferPointer { frames in
            for first in stride(from: 0, to: frames.count, by: burst) {
                pipeline.process(UnsafeBufferPointer(rebasing: frames[first..<min(first + burst, frames.count)]))
                guard isChecked else { continue }
                check()
                let now = EndReason.allCases.reduce(0) { $0 + counters[$1] }
                mostEndings = max(mostEndings, now - endings)
                endings = now
            }
        }
    }

    func advance(to time: Int64) { pipeline.advance(to: Timestamp(nanoseconds: time)) }

    func drain() {
        pipeline.drain()
        check()
        let counters = counters
        expect(pipeline.tracker.count == 0, "connections are left at the end")
        expect(pipeline.tracker.reassembly.heldPages == 0 && counters.held == 0, "held bytes are left at the end")
        expect(pipeline.fragments.heldPages == 0, "fragments are left at the end")
        expect(EndReason.allCases.reduce(0) { $0 + counters[$1] } == counters.connections, "connections have not ended once each")
        expect(UInt64(notebook.stories.count) == counters.connections, "connections are not told once each")
    }

    /// Budgets and identities.
    private func check() {
        let counters = counters, options = pipeline.tracker.options.pointee
        expect(counters.isBalanced, "packets have not one outcome each")
        expect(counters.isPayloadBalanced, "payload bytes have not one outcome each")
        expect(pipeline.tracker.count <= options.maxConnections && counters.connectionsPeak <= UInt64(options.maxConnections) + 1, "too many connections")
        expect(
            pipeline.tracker.reassembly.heldPages * SegmentPages.cost <= options.reassemblyMemory && counters.reassemblyPeak <= UInt64(options.reassemblyMemory),
            "held segments have more than their memory")
        expect(counters.fragmentsPeak <= UInt64(options.fragmentMemory), "fragments have more than their memory")
        expect(pipeline.memory == memory, "the engine has other memory than it began with")
    }

    private func expect(_ condition: Bool, _ text: String) { if !condition, !faults.contains(text) { faults.append(text) } }
}
