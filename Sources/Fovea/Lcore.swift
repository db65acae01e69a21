import Capture
import Packets
import Synchronization
import Tracking

/// One core's life: poll its sources in turn, take each burst through the pipeline, give its frames back. (`Lcore+File`: of a capture file;
/// `Lcore+Shares`: of what several cores share.)
///
///     sources ──fill──▶ burst ──process──▶ pipeline ──▶ subscriptions, counters
///        ▲                │
///        └──── mbufs ◀────┘ free; a file's frames have none, and are gone with the next fill
///
/// It shares nothing with other cores but what it reads of `stop` and writes into its gauges, and now and then an edition of filters.
struct Lcore: ~Copyable {
    var sources: CaptureSources
    var pipeline: Pipeline
    var burst: Burst
    private let subscribers: [Subscriber]
    private var lastFlush = Timestamp.zero
    private let gauges: Gauges
    let mailbox: FilterMailbox
    let stop: StopRequest
    /// Of a capture file's lines, which are put in order. Nil: sources are ports.
    let lines: CoreLines?
    /// Its parts of what it shares with others; empty: it has sources of its own.
    var shares: [Share]
    /// Counts cycles by stage, where somebody wants to know.
    let meter: StageMeter?
    var timekeeper: Timekeeper
    /// Why sources of its own ended before their end.
    var ownFailures: [String] = []
    private(set) var firstTime: Timestamp?
    private(set) var lastTime: Timestamp?

    init(
        _ sources: consuming CaptureSources, _ subscribers: [Subscriber], _ options: TrackerOptions, _ gauges: Gauges, _ mailbox: FilterMailbox,
        _ run: RunOptions, _ lines: CoreLines?, _ shares: [Share]
    ) {
        self.sources = sources
        self.subscribers = subscribers
        self.lines = lines
        timekeeper = Timekeeper(options)
        let spread = shares.first.map { SpreadCore($0.core, $0.source.witness) }
        meter = run.countsStages ? StageMeter { EAL.cycles } : nil
        pipeline = Pipeline(options, subscribers: subscribers, meter: meter, position: lines?.position ?? CorePosition(), spread: spread)
        self.shares = shares
        self.gauges = gauges
        self.mailbox = mailbox
        stop = run.stop
        burst = Burst(limit: run.reading.burst)
    }

    /// Runs until all sources have ended, or until it is asked to stop; then ends all connections.
    mutating func run() {
        guard shares.isEmpty else { return runShares() }
        if let lines { return runFile(lines) }
        var round = 0
        while sources.openCount > 0, !stop.isRequested {
            if mailbox.hasMail { adoptFilters() }
            let now = sources.needsClock ? EAL.wallClock : .zero  // once a round, not once a packet
            var source = 0
            while source < sources.openCount {
                meter?.enter(.receiving)
                let state = sources.fill(source, &burst, at: now)
                meter?.endReceiving(isEmpty: burst.count == 0)
                if burst.count > 0 {
                    noteTime()
                    pipeline.process(burst.frames)
                    burst.free()
                }
                switch state {
                case .open: source += 1
                case .ended: sources.close(source)
                case .failed(let reason):
                    ownFailures.append(reason)
                    sources.close(source)
                }
            }
            round &+= 1
            if round % Self.roundsBetweenReports == 0 { report() }
            // Where nothing comes time passes all the same, but not in a capture.
            if round % Self.roundsBetweenClocks == 0, sources.isLive { advance(to: EAL.wallClock) }
        }
        endCapture()
        pipeline.drain()
        report()
    }

    /// Nothing more will come: whoever sends elsewhere may wait from here on.
    func endCapture() {
        for subscriber in subscribers { subscriber.captureHasEnded() }
    }

    static let roundsBetweenReports = 64
    /// An idle round takes a microsecond or less.
    static let roundsBetweenClocks = 1024
    private static let nanosecondsBetweenFlushes: Int64 = 1_000_000_000

    private mutating func advance(to now: Timestamp) {
        pipeline.advance(to: now)
        flush(at: now)
    }

    /// Has reports written out once a second.
    mutating func flush(at now: Timestamp) {
        guard now - lastFlush >= Self.nanosecondsBetweenFlushes else { return }
        lastFlush = now
        for subscriber in subscribers { subscriber.flushReport() }
    }

    /// What has been replaced is the main core's to take apart.
    @inline(never)
    mutating func adoptFilters() {
        guard let edition = mailbox.take() else { return }
        let before = pipeline.adopt(edition)
        mailbox.giveBack(FilterMailbox.Replaced(before, memory, parsedServices))
    }

    private mutating func noteTime() {
        let frames = burst.frames
        let (start, end) = (frames[0].timestamp, frames[frames.count - 1].timestamp)
        firstTime = min(firstTime ?? start, start)
        lastTime = max(lastTime ?? end, end)
    }

    func report() {
        gauges.packets.store(pipeline.tracker.counters.packets, ordering: .relaxed)
        gauges.bytes.store(pipeline.tracker.counters.bytes, ordering: .relaxed)
        gauges.connections.store(UInt64(pipeline.tracker.count), ordering: .relaxed)
        gauges.emergencies.store(pipeline.tracker.counters.emergencies, ordering: .relaxed)
        gauges.evicted.store(pipeline.tracker.counters[.evicted], ordering: .relaxed)
        gauges.holesGivenUp.store(pipeline.tracker.counters.holesGivenUp, ordering: .relaxed)
        gauges.position.store(UInt64(max(0, position)), ordering: .relaxed)
    }

    /// What is nobody's of a shared source is the first core's.
    private var firstShares: LazyFilterSequence<[Share]> { shares.lazy.filter { $0.core == 0 } }

    /// Bytes of the file.
    private var position: Int { firstShares.reduce(sources.position) { $0 + $1.source.position } }

    // MARK: Afterwards

    /// Why sources ended before their end.
    var failures: [String] { ownFailures + firstShares.flatMap(\.source.failures) }

    var first: Timestamp? { shares.compactMap { $0.source.span?.first }.min() ?? timekeeper.span?.first ?? firstTime }
    var last: Timestamp? { shares.compactMap { $0.source.span?.last }.max() ?? timekeeper.span?.last ?? lastTime }
    var counters: Counters {
        var counters = pipeline.counters
        if lines != nil, shares.isEmpty { (counters.timeLeaps, counters.strayTimes) = (timekeeper.leaps, timekeeper.strays) }
        for share in firstShares { counters.add(share.source.counters) }
        return counters
    }
    /// What its stages took, if that was to be counted.
    var stages: StageCosts? {
        let counters = pipeline.counters
        let tracked = counters[.tracked] &+ counters[.afterEnd] &+ counters[.midstream]
        return meter.map { StageCosts($0, packets: counters.packets, tracked: tracked) }
    }
    /// What its engine can come to hold.
    var memory: EngineMemory {
        var memory = pipeline.memory
        for share in firstShares { memory.fragments += share.source.fragmentBytes }
        return memory
    }
    var parsedServices: [Service] { pipeline.parsedServices }
}

/// Asks all lcores of a run to stop; they look at it once a round.
public final class StopRequest: Sendable {
    private let flag = Atomic(false)

    public init() {}

    public var isRequested: Bool { flag.load(ordering: .relaxed) }
    /// From any thread.
    public func request() { flag.store(true, ordering: .relaxed) }
}

/// What a core tells of itself as it runs. Only the core writes and only the main core reads; relaxed atomics are plain moves.
/// One object a core, made well apart by the others' fields, so that cores do not share a line.
final class Gauges: Sendable {
    private let linesBefore = CacheLine()
    let packets = Atomic<UInt64>(0)
    let bytes = Atomic<UInt64>(0)
    /// Connections and tombstones in the table now.
    let connections = Atomic<UInt64>(0)
    /// What warnings are about: as the counters of these names.
    let emergencies = Atomic<UInt64>(0)
    let evicted = Atomic<UInt64>(0)
    let holesGivenUp = Atomic<UInt64>(0)
    /// Bytes of capture files read.
    let position = Atomic<UInt64>(0)
    private let linesBehind = CacheLine()
}

/// Room that keeps what two cores use on lines of their own.
struct CacheLine: Sendable { private let bytes: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0, 0) }
