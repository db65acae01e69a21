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
        var burst = CopiedFrames()
        var failure: String?
        let start = (time: ContinuousClock.now, cycles: EAL.cycles)
        repeat {
            stages.meter.enter(.receiving)
            do { try burst.fill(from: &file) } catch { failure = "\(error)" }
            stages.meter.enter(nil)
            pipeline.process(burst.frames)
        } while burst.isFull && failure == nil
        pipeline.drain()
        let seconds = (ContinuousClock.now - start.time).inSeconds
        let frequency = Double(EAL.cycles &- start.cycles) / max(seconds, 1e-9)
        return Profile(capture: capture, counters: pipeline.counters, stages: stages, entries: entries, frequency: frequency, failure: failure)
    }
}

/// As many frames as go through the stages together, each copied from the file that reads the next one.
private struct CopiedFrames: ~Copyable {
    private static let capacity = 64
    private let storage: UnsafeMutablePointer<Frame>
    private var rooms: [UnsafeMutableRawBufferPointer]
    private var count = 0

    init() {
        storage = .allocate(capacity: Self.capacity)
        rooms = (0..<Self.capacity).map { _ in .allocate(byteCount: 2048, alignment: 64) }
    }

    deinit {
        for room in rooms { room.deallocate() }
        storage.deallocate()
    }

    var frames: UnsafeBufferPointer<Frame> { UnsafeBufferPointer(start: storage, count: count) }
    var isFull: Bool { count == Self.capacity }

    /// Forgets what it holds and reads anew, up to the file's end.
    mutating func fill(from file: inout CaptureFile) throws(CaptureFileError) {
        count = 0
        while count < Self.capacity, var frame = try file.next() {
            let length = Int(frame.length)
            if rooms[count].count < length {
                rooms[count].deallocate()
                rooms[count] = .allocate(byteCount: length, alignment: 64)
            }
            rooms[count].copyMemory(from: UnsafeRawBufferPointer(start: frame.bytes, count: length))
            frame.bytes = UnsafeRawPointer(rooms[count].baseAddress!)
            (storage + count).initialize(to: frame)
            count += 1
        }
    }
}
