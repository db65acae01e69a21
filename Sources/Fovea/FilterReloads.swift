import Capture
import Logging
import Tracking

/// The main core's part of reloads: reads the configuration, makes filters for every core aside, hands them out when all of them are good, and sees them
/// into force. While cores poll it does not wait for them.
final class FilterReloads {
    private let reload: Reload
    private let options: RunOptions
    private let plan: RunPlan
    private var cores: [Core]
    /// Files to look at, if it does.
    private var files: FileWatch?
    /// When the reload began that is on its way to the cores.
    private var start: ContinuousClock.Instant?
    /// Whether a core has taken it.
    private var isTaken = false

    /// An lcore as reloads see it.
    struct Core {
        let thread: LcoreThread
        let subscribers: [Subscriber]
        let mailbox: FilterMailbox
        /// What its engine can come to hold.
        var memory: EngineMemory
        var services: [Service]
        fileprivate var isWaitedFor = false

        init(_ thread: LcoreThread, _ subscribers: [Subscriber], _ mailbox: FilterMailbox, _ memory: EngineMemory, _ services: [Service]) {
            (self.thread, self.subscribers, self.mailbox) = (thread, subscribers, mailbox)
            (self.memory, self.services) = (memory, services)
        }
    }

    init(_ reload: Reload, _ plan: RunPlan, _ options: RunOptions, _ cores: [Core]) {
        self.reload = reload
        self.options = options
        self.plan = plan
        self.cores = cores
        if plan.config.reload == .watch { files = FileWatch(Self.files(reload, plan.config)) }
    }

    private static func files(_ reload: Reload, _ config: Config) -> [String] { [reload.file].compactMap(\.self) + config.listFiles }

    private(set) var reloads = 0
    private(set) var refusals = 0

    /// Whether cores are about to take filters.
    var isPending: Bool { start != nil }

    /// To be called again and again while cores run.
    func step(at now: ContinuousClock.Instant) {
        settle()
        guard !isPending, !options.stop.isRequested, isAsked(at: now) else { return }
        do {
            try post()
            start = now
        } catch {
            refusals += 1
            reload.noteRefusal("\(error)")
            options.logger.error("reload refused, the filters before stay in force: \(error)")
        }
    }

    /// To be called when no core runs any more.
    func finish() { settle() }

    private func isAsked(at now: ContinuousClock.Instant) -> Bool {
        let isSignaled = options.handlesSignals && Signals.takeReload()
        let isRequested = reload.takeRequest()
        let isChanged = files?.look(at: now) ?? false
        return isSignaled || isRequested || isChanged
    }

    /// Nothing is posted unless all of it can be.
    private func post() throws {
        files?.renew()
        let config = try reload.read()
        files?.follow(Self.files(reload, config))
        let next = try RunPlan(config, subscriptions: plan.types)
        let filters = try plan.filters(from: next)
        for warning in next.warnings { options.logger.warning("\(warning)") }
        let editions = try cores.map { core in
            let edition = try FilterEdition(filters, for: core.subscribers, plan.trackerOptions, parsed: core.services)
            try plan.check(edition.memory(with: core.memory))
            return edition
        }
        isTaken = false
        for (index, edition) in editions.enumerated() {
            cores[index].mailbox.post(edition)
            cores[index].isWaitedFor = true
        }
    }

    /// Collects what cores have given back; those that have ended will take nothing any more.
    private func settle() {
        guard let start else { return }
        for index in cores.indices where cores[index].isWaitedFor {
            // In this order: one that ends may have taken it just before.
            let hasEnded = !cores[index].thread.isRunning
            if let replaced = cores[index].mailbox.collect() {
                (cores[index].memory, cores[index].services) = (replaced.memory, replaced.services)
                cores[index].isWaitedFor = false
                isTaken = true
            } else if hasEnded {
                cores[index].mailbox.withdraw()
                cores[index].isWaitedFor = false
            }
        }
        guard !cores.contains(where: \.isWaitedFor) else { return }
        self.start = nil
        // By none: the run was over.
        guard isTaken else { return }
        reloads += 1
        let time = ContinuousClock.now - start
        options.logger.notice("filters reloaded", metadata: ["took": "\(Figures.duration(time.inSeconds))"])
        reload.noteReload()
    }
}

extension Config {
    fileprivate var listFiles: [String] {
        lists.values.compactMap { if case .file(let path) = $0 { path.text } else { nil } }
    }
}
