import Capture
import Glibc
import Logging
import Tracking

/// How a run behaves towards whoever started it. A library is quiet and leaves signals alone.
public struct RunOptions: Sendable {
    public var logger = Logger(label: "fovea")
    /// Shows how the run goes on standard error.
    public var showsProgress = false
    /// Counts the cores' cycles by stage for the summary, which takes some of them.
    public var countsStages = false
    /// The first SIGINT or SIGTERM ends the run in order, the second at once. SIGHUP is a request of `reload`, if there is one.
    public var handlesSignals = false
    /// Gives the run other filters and lists while it goes on. Nil: it keeps those it began with.
    public var reload: Reload?
    /// Ends the run, from any thread.
    public var stop = StopRequest()
    /// How a capture file is read, which must make no difference.
    var reading = FileReading()

    struct FileReading {
        /// Looks whether flows come to one core each.
        var witness: CoreWitness?
        var burst = Burst.capacity
        /// Bytes.
        var block = FileBlocks.blockSize
    }

    public init() {}
}

/// Runs subscriptions on a capture file or on ports, to the end, and says what became of every packet.
///
///     let summary = try Fovea.run(Config(offline: .init(pcap: "Tests/Traces/tls.pcap")), subscriptions: [ServerNames.self])
///
/// DPDK starts with the first run on ports, once a process. Later ones may ask for its lcores and its memory, and for no more.
///
/// - Throws: before the first packet: `ConfigError`, `CaptureFileError`, `DPDKError`, `OutputError`, or what a subscription's `makeReport` throws.
///   What goes wrong after that stands in the summary.
@discardableResult
public func run(_ config: Config, subscriptions: [AnySubscription], _ options: RunOptions = RunOptions()) throws -> RunSummary {
    try RunPlan(config, subscriptions: subscriptions).run(options)
}

extension RunPlan {
    /// Runs the plan; see `run(_:subscriptions:_:)`.
    public func run(_ options: RunOptions = RunOptions()) throws -> RunSummary {
        Signals.ignoreBrokenPipes()
        for warning in warnings { options.logger.warning("\(warning)") }
        switch config.source {
        case .offline(let offline):
            let block = min(options.reading.block, workers == 1 ? FileBlocks.blockSize : SharedFile.mostBytes)
            let file = try CaptureFile(path: offline.pcap, onlyLibpcap: false, blockSize: block)
            let byteCount = file.byteCount
            let crew = Crew(self, options)
            if workers == 1 {
                try crew.enlist(LcoreThread(lcores[0], .plain), CaptureSources(file))
            } else {
                try crew.enlist(lcores.map { LcoreThread($0, .plain) }, sharing: file)
            }
            return try crew.work(ports: [], fileByteCount: byteCount)
        case .online(let online):
            try startEAL(online)
            let ports = try online.ports.map { try OpenPort($0, online, mbufs(online), heldMbufs: heldMbufs(online)) }
            for port in ports { port.logStart(to: options.logger) }
            let crew = Crew(self, options)
            try crew.enlist(lcores, polling: ports)
            let summary = try crew.work(ports: ports, fileByteCount: 0)
            for port in ports { port.logEnd(to: options.logger) }
            return summary
        }
    }

    private func startEAL(_ online: Config.Online) throws(DPDKError) {
        guard EAL.setup == nil else { return try EAL.require(lcores: lcores + dispatchCores, memory: poolMemory(online), usesPCI: usesPCI) }
        try EAL.start(
            mainLcore: config.mainCore, workers: lcores + dispatchCores, hugepages: config.hugepages, memory: poolMemory(online),
            channels: config.nbMemoryChannels,
            usesPCI: usesPCI, quiet: config.suppressDPDKOutput, extra: online.dpdkSuplArgs)
    }
}

/// A port as a run needs it: with which lcore polls which of its queues, and how it stood at the start.
final class OpenPort {
    let port: Port
    let cores: [Int]
    private let mbufsBefore: Int
    private let statisticsBefore: Port.Statistics

    init(_ wish: Config.Port, _ online: Config.Online, _ mbufs: Mempools.Shape, heldMbufs: Int) throws {
        var options = Port.Options(lcores: wish.cores)
        options.mbufs = mbufs
        options.heldMbufs = heldMbufs
        options.spreader = wish.spread
        options.descriptors = online.nbRxd
        options.mtu = online.mtu
        options.promiscuous = online.promiscuous
        options.spreadsByPorts = online.rss == .ports
        port = try Port(device: wish.device, options)
        cores = wish.cores
        mbufsBefore = port.mempools.available
        statisticsBefore = try port.statistics()
    }

    var duties: QueueDuties.Port { QueueDuties.Port(cores: cores, queues: port.queueCount, areShared: port.spreading == .software) }

    /// What the device counted since the start.
    var statistics: Port.Statistics {
        // What it could tell at the start it can tell now, unless it was pulled out.
        guard let now = try? port.statistics() else { return Port.Statistics() }
        return now - statisticsBefore
    }

    func logStart(to logger: Logger) {
        let link = (try? port.link()).map { $0.isUp ? "up, \($0.megabits) Mbit/s" : "down" } ?? "unknown"
        logger.info(
            "port open",
            metadata: [
                "device": "\(port.device)", "driver": "\(port.driver)", "link": "\(link)", "queues": "\(port.queueCount)",
                "descriptors": "\(port.descriptors)", "mtu": "\(port.mtu)", "spreading": "\(port.spreading.name)",
            ])
    }

    /// The device's own counters, those that count something: where a card says why it drops.
    func logEnd(to logger: Logger) {
        guard logger.logLevel <= .debug, let counters = try? port.extendedStatistics() else { return }
        for counter in counters where counter.value > 0 { logger.debug("\(counter.name): \(counter.value)", metadata: ["device": "\(port.device)"]) }
    }

    var summary: PortSummary {
        PortSummary(
            device: port.device, driver: port.driver, cores: cores, queues: port.queueCount, spreading: port.spreading, statistics: statistics,
            mbufs: PoolSummary(capacity: port.mempools.capacity, before: mbufsBefore, after: port.mempools.available))
    }
}

/// The lcores of a run and what they are made of, from launch to the sum of what they gathered.
final class Crew {
    private let plan: RunPlan
    private let options: RunOptions
    private var members: [Member] = []
    private let outputs: Outputs
    private let dispatch: DispatchCrew

    /// An lcore in memory that does not move. The worker has it from launch to return, the main core before and after.
    private final class Member: @unchecked Sendable {
        let thread: LcoreThread
        let gauges = Gauges()
        let mailbox = FilterMailbox()
        let subscribers: [Subscriber]
        var lcore: Lcore

        /// - Parameter lines: where results go.
        init(
            _ thread: LcoreThread, _ plan: RunPlan, _ sources: consuming CaptureSources, _ options: RunOptions, _ lines: CoreLines, _ shares: [Share]
        ) throws {
            self.thread = thread
            subscribers = try plan.entries.map { entry in
                let context = plan.context(of: entry, lcore: thread.number, lines: lines)
                let order = SubscriberOrder(filter: entry.filter, context: context, maxConnections: plan.config.conntrack.maxConnections)
                return try plan.makeSubscriber(for: entry, order)
            }
            lcore = Lcore(sources, subscribers, plan.trackerOptions, gauges, mailbox, options, plan.isOffline ? lines : nil, shares)
        }

        /// Before it is launched.
        var core: FilterReloads.Core { FilterReloads.Core(thread, subscribers, mailbox, lcore.memory, lcore.parsedServices) }
    }

    init(_ plan: RunPlan, _ options: RunOptions) {
        self.plan = plan
        self.options = options
        dispatch = DispatchCrew(plan)
        let (isOffline, stop, handlesSignals) = (plan.isOffline, options.stop, options.handlesSignals)
        // A capture file is read as slowly as its results are, until somebody has enough of it.
        outputs = Outputs(plan, options.logger) { !isOffline || stop.isRequested || handlesSignals && Signals.isStopAsked }
    }

    /// A run that did not come to its end leaves nothing half begun.
    deinit { outputs.finish() }

    func enlist(_ thread: LcoreThread, _ sources: consuming CaptureSources, _ shares: [Share] = []) throws {
        if members.isEmpty { try OutputFolder.prepare(plan.config.output, files: plan.entries.compactMap(\.outputFile)) }
        let lines = CoreLines(outputs, areOrdered: plan.isOffline)
        let member = try Member(thread, plan, sources, options, lines, shares)
        try plan.check(member.lcore.memory)
        dispatch.add(member.subscribers)
        members.append(member)
    }

    /// Several that share a capture file.
    func enlist(_ threads: [LcoreThread], sharing file: consuming CaptureFile) throws {
        var witness = options.reading.witness
        assert({ witness = witness ?? CoreWitness() }() == ())
        let shared = SharedFile(file, spreader(threads.count), workers: threads.count, burst: options.reading.burst, witness: witness)
        for (number, thread) in threads.enumerated() { try enlist(thread, CaptureSources(capacity: 0), [Share(source: shared, core: number)]) }
    }

    /// Those that poll ports, each queues of its own or some that it shares.
    func enlist(_ lcores: [Int], polling ports: [OpenPort]) throws {
        let duties = QueueDuties(ports.map(\.duties))
        func sources(_ queues: [QueueDuties.Queue]) -> CaptureSources {
            var sources = CaptureSources(capacity: queues.count)
            for queue in queues { sources.append(.port(ports[queue.port].port.queue(queue.number))) }
            return sources
        }
        // A flow that comes by several ports may be several cores'.
        let witness = duties.shared.count == 1 ? options.reading.witness : nil
        let shared = duties.shared.map { group in
            SharedQueues(sources(group.queues), spreader(group.cores.count), workers: group.cores.count, witness: witness)
        }
        for lcore in lcores {
            let shares = zip(duties.shared, shared).compactMap { group, source in
                group.cores.firstIndex(of: lcore).map { Share(source: source, core: $0) }
            }
            try enlist(LcoreThread(lcore, .dpdk), sources(duties.own[lcore] ?? []), shares)
        }
    }

    private func spreader(_ workers: Int) -> Spreader {
        let tracksConnections = plan.entries.contains { $0.subscription._needs.contains(.connections) }
        return Spreader(plan.trackerOptions, workers: workers, tracksConnections: tracksConnections)
    }

    /// Launches the lcores, watches them, and sums up.
    func work(ports: [OpenPort], fileByteCount: Int) throws -> RunSummary {
        options.logger.info("starting", metadata: ["lcores": "\(plan.lcores)", "subscriptions": "\(plan.entries.map(\.name))"])
        let reloads = options.reload.map { FilterReloads($0, plan, options, members.map(\.core)) }
        if options.handlesSignals { Signals.watch(reload: reloads != nil) }
        defer { if options.handlesSignals { Signals.unwatch(reload: reloads != nil) } }
        let (start, startCycles) = (ContinuousClock.now, EAL.cycles)
        try launch()
        var monitor = Monitor(
            plan, options, gauges: members.map(\.gauges), ports: ports, fileByteCount: fileByteCount, reloads, dispatch, outputs, start: start)
        monitor.watch { members.contains(where: \.thread.isRunning) }
        for member in members { member.thread.wait() }
        dispatch.finish()
        reloads?.finish()

        var summary = RunSummary(plan, wallTime: ContinuousClock.now - start, wasInterrupted: monitor.wasInterrupted)
        summary.cyclesPerSecond = Double(EAL.cycles &- startCycles) / max(summary.wallTime.inSeconds, 1e-9)
        for member in members {
            var lcore = LcoreSummary(
                lcore: member.thread.number, counters: member.lcore.counters, memory: member.lcore.memory, first: member.lcore.first, last: member.lcore.last)
            lcore.stages = member.lcore.stages
            summary.add(lcore, failures: member.lcore.failures)
        }
        if case .offline(let offline) = plan.config.source { summary.file = FileSummary(path: offline.pcap, byteCount: fileByteCount) }
        summary.ports = ports.map(\.summary)
        summary.dispatch = dispatch.summaries
        (summary.reloads, summary.refusedReloads) = (reloads?.reloads ?? 0, reloads?.refusals ?? 0)
        outputs.end()
        summary.problems += finishReports()
        outputs.finish()
        summary.problems += outputs.problems
        summary.outputs = outputs.summaries
        do { try summary.writeJSON() } catch { summary.problems.append("\(error)") }
        options.logger.info("ended", metadata: ["packets": "\(summary.counters.packets)", "seconds": "\(summary.wallTime.inSeconds)"])
        return summary
    }

    private func launch() throws {
        try outputs.launch()
        try dispatch.launch()
        for (index, member) in members.enumerated() {
            do {
                try member.thread.launch { member.lcore.run() }
            } catch {
                options.stop.request()
                for launched in members[..<index] { launched.thread.wait() }
                dispatch.finish()
                throw error
            }
        }
    }

    /// Adds all cores' reports to the first core's, subscription by subscription, and finishes those.
    private func finishReports() -> [String] {
        guard let first = members.first else { return [] }
        return first.subscribers.indices.compactMap { index in
            for other in members.dropFirst() { first.subscribers[index].mergeReport(of: other.subscribers[index]) }
            do {
                try first.subscribers[index].finishReport()
                return nil
            } catch {
                return "\(plan.entries[index].name): \(error)"
            }
        }
    }
}
