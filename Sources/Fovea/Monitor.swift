import Glibc
import Synchronization

/// What the main core does while the others poll: it looks whether they still run, ends the run when its time is over or a signal
/// came, sees to reloads, and shows how it goes. It takes nothing from them but a few words that they publish.
struct Monitor {
    private let options: RunOptions
    private let gauges: [Gauges]
    private let start: ContinuousClock.Instant
    private let end: ContinuousClock.Instant?
    private let ports: [OpenPort]
    private let reloads: FilterReloads?
    private let dispatch: DispatchCrew
    private let outputs: Outputs
    private var display: Display
    private var warnings: Warnings
    private var lastWarning: ContinuousClock.Instant
    /// Whether somebody ended the run before its own end.
    private(set) var wasInterrupted = false

    private enum Display {
        case none
        case progress(ProgressBar)
        case live(LiveLines)
    }

    init(
        _ plan: RunPlan, _ options: RunOptions, gauges: [Gauges], ports: [OpenPort], fileByteCount: Int, _ reloads: FilterReloads?,
        _ dispatch: DispatchCrew, _ outputs: Outputs, start: ContinuousClock.Instant
    ) {
        self.options = options
        self.reloads = reloads
        self.dispatch = dispatch
        self.outputs = outputs
        self.gauges = gauges
        self.start = start
        self.ports = ports
        warnings = Warnings(options.logger)
        lastWarning = start
        switch plan.config.source {
        case .offline:
            end = nil
            let shows = options.showsProgress && isatty(STDERR_FILENO) == 1
            display = shows ? .progress(ProgressBar(byteCount: fileByteCount, start: start)) : .none
        case .online(let online):
            end = online.duration.map { start + $0 }
            display = options.showsProgress ? .live(LiveLines(ports: ports, start: start)) : .none
        }
    }

    /// Returns when `isRunning` says no.
    mutating func watch(_ isRunning: () -> Bool) {
        var isOver = false
        while isRunning() {
            let now = ContinuousClock.now
            if let end, now >= end, !options.stop.isRequested { isOver = true }
            if isOver || Signals.isStopAsked { options.stop.request() }
            reloads?.step(at: now)
            show(now)
            // A short run is over soon, a long one is not asked often.
            var pause = min(max((now - start) / 20, .microseconds(200)), .milliseconds(100))
            // Cores take filters within a burst.
            if reloads?.isPending == true { pause = min(pause, .milliseconds(1)) }
            if let end, now < end { pause = min(pause, end - now) }
            usleep(UInt32(clamping: pause.nanoseconds / 1000 + 1))
        }
        wasInterrupted = options.stop.isRequested && !isOver
        if case .progress(let bar) = display { bar.clear() }
    }

    private mutating func show(_ now: ContinuousClock.Instant) {
        let sum = Reading(gauges)
        // Ports are asked once a second: some cards take their time.
        if now - lastWarning >= .seconds(1) {
            lastWarning = now
            warnings.look(at: sum, dropped: ports.reduce(0) { $0 + $1.statistics.dropped }, dispatchLosses: dispatch.losses, outputLosses: outputs.losses, now)
        }
        switch display {
        case .none: break
        case .progress(var bar):
            bar.show(sum, at: now)
            display = .progress(bar)
        case .live(var lines):
            lines.show(sum, at: now)
            display = .live(lines)
        }
    }
}

/// What the gauges of all cores say at one time.
struct Reading {
    var packets: UInt64 = 0
    var bytes: UInt64 = 0
    var connections: UInt64 = 0
    var position: UInt64 = 0
    var emergencies: UInt64 = 0
    var evicted: UInt64 = 0
    var holesGivenUp: UInt64 = 0

    init() {}

    init(_ gauges: [Gauges]) {
        for core in gauges {
            packets += core.packets.load(ordering: .relaxed)
            bytes += core.bytes.load(ordering: .relaxed)
            connections += core.connections.load(ordering: .relaxed)
            position += core.position.load(ordering: .relaxed)
            emergencies += core.emergencies.load(ordering: .relaxed)
            evicted += core.evicted.load(ordering: .relaxed)
            holesGivenUp += core.holesGivenUp.load(ordering: .relaxed)
        }
    }
}
