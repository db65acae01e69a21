import Filters
import Packets
import Testing
// The packets that all of these tests send.
@_exported import TestWire
@testable import Tracking

/// A pipeline with listeners on it.
final class Run {
    /// A subscription and the filter that the config would give it.
    struct Listener {
        var filter: Filter
        var delivery: Delivery
        var make: (SubscriberOrder) throws -> Subscriber

        init<S: Subscription & ~Copyable>(_ type: S.Type, _ filter: Filter = .everything, _ delivery: Delivery = Delivery()) {
            self.filter = filter
            self.delivery = delivery
            make = { try S._makeSubscriber($0) }
        }
    }

    private(set) var pipeline: Pipeline
    private let subscribers: [Subscriber]
    /// What each listener was told.
    let logs: [Log]
    let ledger = Ledger()

    var log: Log { logs[0] }
    var counters: Counters { pipeline.counters }

    static var options: TrackerOptions {
        var options = TrackerOptions()
        options.maxConnections = 1000
        options.reassemblyMemory = 1 << 20
        return options
    }

    init(_ listeners: [Listener], _ options: TrackerOptions = Run.options, profile: PipelineProfile? = nil) throws {
        let logs = listeners.map { _ in Log() }
        self.logs = logs
        let subscribers = try zip(listeners, logs).map { listener, log in
            try Log.$current.withValue(log) {
                var context = ReportContext(subscription: "test", lcore: 0, outputFolder: nil)
                context.delivery = listener.delivery
                return try listener.make(SubscriberOrder(filter: listener.filter, context: context, maxConnections: options.maxConnections))
            }
        }
        self.subscribers = subscribers
        pipeline = Pipeline(options, subscribers: subscribers, seed: HashSeed(1), profile: profile)
    }

    convenience init<S: Subscription & ~Copyable>(_ type: S.Type, _ filter: Filter = .everything, _ options: TrackerOptions = Run.options) throws {
        try self.init([Listener(type, filter)], options)
    }

    /// Puts other filters in force, and gives back those before.
    @discardableResult
    func adopt(_ filters: Filter...) throws -> FilterEdition {
        let edition = try FilterEdition(filters, for: subscribers, pipeline.tracker.options.pointee, parsed: pipeline.parsedServices)
        return Ledger.$current.withValue(ledger) { pipeline.adopt(edition) }
    }

    /// Sends packets in bursts of so many, and checks what holds after each.
    func send(_ packets: [Sent], burst: Int = 32) {
        let memory = FrameMemory(packets)
        withExtendedLifetime(memory) { send(memory.frames, burst: burst) }
    }

    func send(_ frames: [Frame], burst: Int = 32) {
        frames.withUnsafeBufferPointer { frames in
            Ledger.$current.withValue(ledger) {
                for first in stride(from: 0, to: frames.count, by: burst) {
                    pipeline.process(UnsafeBufferPointer(rebasing: frames[first..<min(first + burst, frames.count)]))
                    check()
                }
            }
        }
    }

    func send(_ talk: Talk) { send(talk.packets) }
    func send(_ text: String) { send(Talk(text)) }

    /// Lets time pass until so long after the tests' beginning.
    func advance(to time: Int64) { Ledger.$current.withValue(ledger) { pipeline.advance(to: Timestamp(nanoseconds: start + time)) } }

    func drain() {
        Ledger.$current.withValue(ledger) { pipeline.drain() }
        check()
        if pipeline.tracker.count != 0 { Issue.record("\(pipeline.tracker.count) connections left") }
        if pipeline.fragments.heldPages != 0 || pipeline.fragments.table.count != 0 { Issue.record("fragments left") }
        if pipeline.tracker.levels.histories.heldPages != 0 { Issue.record("\(pipeline.tracker.levels.histories.heldPages) pages of histories left") }
        if pipeline.tracker.reassembly.heldPages != 0 { Issue.record("\(pipeline.tracker.reassembly.heldPages) pages left") }
        let ends = EndReason.allCases.reduce(0) { $0 + counters[$1] }
        if ends != counters.connections { Issue.record("\(counters.connections) connections began, \(ends) ended") }
    }

    private func check() {
        if !counters.isBalanced { Issue.record("\(counters.packets) packets have other outcomes: \(PacketOutcome.allCases.map { counters[$0] })") }
        if !counters.isPayloadBalanced { Issue.record("\(counters.payloadBytes) payload bytes have other outcomes: \(ByteOutcome.allCases.map { counters[bytes: $0] })") }
        if pipeline.tracker.count > pipeline.tracker.options.pointee.maxConnections { Issue.record("\(pipeline.tracker.count) connections in the table") }
    }

    /// The records of a conversation, each connection's in the order of their ends.
    static func records(_ talk: Talk, _ options: TrackerOptions = Run.options) throws -> [ConnectionRecord] {
        let run = try Run(Records.self, .everything, options)
        run.send(talk)
        run.drain()
        return run.log.ended
    }

    /// The one record of a conversation.
    static func record(_ text: String, swapped: Bool = false) throws -> ConnectionRecord {
        let records = try records(Talk(text, swapped: swapped))
        try #require(records.count == 1)
        return records[0]
    }
}
