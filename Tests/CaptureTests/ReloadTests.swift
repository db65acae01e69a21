import Capture
import Foundation
import Fovea
import Packets
import Synchronization
import Testing

/// Other filters while packets come, under all the load that two cores can have.
extension `Capture` {
    /// What a core's packets were, for the test to look at as it runs.
    final class Tally: Sendable {
        let ipv4 = Atomic(0), ipv6 = Atomic(0)
        /// Of a version that no filter in force lets through.
        let strangers = Atomic(0)

        /// Bits of the versions that may come.
        static let allowed = Atomic(3)
        static let ofCores = Mutex<[Int: Tally]>([:])

        static func begin() {
            ofCores.withLock { $0 = [:] }
            allowed.store(3, ordering: .relaxed)
        }
        static func counts(ipv6: Bool) -> [Int] {
            ofCores.withLock { $0.sorted { $0.key < $1.key }.map { $0.value.count(ipv6: ipv6) } }
        }
        static var strangers: Int { ofCores.withLock { $0.values.reduce(0) { $0 + $1.strangers.load(ordering: .relaxed) } } }

        private func count(ipv6: Bool) -> Int { ipv6 ? self.ipv6.load(ordering: .relaxed) : ipv4.load(ordering: .relaxed) }

        func note(ipv6: Bool) {
            if ipv6 { self.ipv6.wrappingAdd(1, ordering: .relaxed) } else { ipv4.wrappingAdd(1, ordering: .relaxed) }
            if Self.allowed.load(ordering: .relaxed) & (ipv6 ? 2 : 1) == 0 { strangers.wrappingAdd(1, ordering: .relaxed) }
        }
    }

    struct Versions: PacketSubscription {
        struct Report: SubscriptionReport {
            let tally = Tally()
            mutating func merge(_ other: Report) {}
        }
        static func makeReport(_ context: ReportContext) throws -> Report {
            let report = Report()
            Tally.ofCores.withLock { $0[context.lcore] = report.tally }
            return report
        }
        static func packet(_ packet: Packet, _ frame: RawSpan, _ report: inout Report) { report.tally.note(ipv6: !packet.isIPv4) }
    }

    /// Counts connections of each IP version.
    struct Records: Trackable {
        static let counts = Mutex((ipv4: 0, ipv6: 0))
        struct Report: SubscriptionReport {
            var counts = (ipv4: 0, ipv6: 0)
            mutating func merge(_ other: Report) { counts = (counts.ipv4 + other.counts.ipv4, counts.ipv6 + other.counts.ipv6) }
            mutating func finish() { Records.counts.withLock { [counts] in $0 = counts } }
        }
        static func makeReport(_ context: ReportContext) -> Report { Report() }
        init(_ connection: ConnectionRecord) {}
        consuming func ended(_ connection: ConnectionRecord, _ report: inout Report) {
            if connection.originator.address.isIPv4 { report.counts.ipv4 += 1 } else { report.counts.ipv6 += 1 }
        }
    }

    static func endless(cores: [Int]) -> Config {
        let files = cores.map { _ in ",rx_pcap=\(trace("tls.pcap"))" }.joined()
        return endless([.init(device: "net_pcap0\(files),infinite_rx=1", cores: cores)])
    }

    static func endless(_ ports: [Config.Port]) -> Config {
        var config = Config(online: .init(ports: ports))
        config.conntrack.maxConnections = 1000
        config.filter = "ipv4"
        return config
    }

    /// What a test's threads share.
    final class Shared<Value: Sendable>: Sendable {
        private let mutex: Mutex<Value>
        init(_ value: Value) { mutex = Mutex(value) }
        var value: Value {
            get { mutex.withLock(\.self) }
            set { mutex.withLock { $0 = newValue } }
        }
    }

    /// False if it does not come true.
    static func wait(_ condition: () -> Bool) -> Bool {
        let end = ContinuousClock.now + .seconds(60)
        while !condition() {
            guard ContinuousClock.now < end else { return false }
            usleep(200)
        }
        return true
    }

    /// Whether packets of a version come, on so many cores, from now on.
    static func come(ipv6: Bool, cores: Int = 1) -> Bool {
        let before = Tally.counts(ipv6: ipv6)
        return before.count == cores && wait { zip(Tally.counts(ipv6: ipv6), before).allSatisfy { $0 > $1 } }
    }

    /// Runs, and does beside it what a user does; what that gives is nil, or what did not happen.
    func run(
        _ config: Config, _ reload: Reload, handlesSignals: Bool = false, _ drive: @escaping @Sendable (StopRequest) -> String?
    ) throws -> RunSummary {
        Tally.begin()
        var options = RunOptions()
        options.logger.logLevel = .critical
        options.stop = StopRequest()
        options.reload = reload
        options.handlesSignals = handlesSignals
        let stop = options.stop, cores = config.cores
        let trouble = Shared<String?>("the driver has not ended"), isOver = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            let hasBegun = Self.wait { Tally.counts(ipv6: false).count { $0 > 0 } == cores }
            trouble.value = hasBegun ? drive(stop) : "no packets at the start"
            if !hasBegun { stop.request() }
            isOver.signal()
        }
        let result = Result { try Fovea.run(config, subscriptions: [Versions.self, Records.self], options) }
        isOver.wait()
        let summary = try result.get()
        #expect(trouble.value == nil)
        #expect(summary.counters.isBalanced)
        #expect(summary.problems.isEmpty && summary.failures.isEmpty)
        #expect(summary.ports.map(\.mbufs).allSatisfy { $0.before == $0.after })
        for port in summary.ports { #expect(port.statistics.packets == summary.counters.packets && port.statistics.dropped == 0) }
        return summary
    }

    /// Runs on two cores, and puts one of two filters in force so often: each time packets of its IP version come on both, and no others.
    func runWithReloads(_ count: Int, _ config: Config) throws -> RunSummary {
        let filter = Shared<LocatedText>("ipv4")
        let reload = Reload {
            var config = config
            config.filter = filter.value
            return config
        }
        return try run(config, reload) { stop in
            defer { stop.request() }
            for number in 1...count {
                let ipv6 = number % 2 == 1
                Tally.allowed.store(3, ordering: .relaxed)
                filter.value = ipv6 ? "ipv6" : "ipv4"
                reload.request()
                guard Self.wait({ reload.outcome.reloads == number }) else { return "reload \(number) was not done" }
                Tally.allowed.store(ipv6 ? 2 : 1, ordering: .relaxed)
                guard Self.come(ipv6: ipv6, cores: 2) else { return "reload \(number) has no effect" }
            }
            return nil
        }
    }

    // MARK: Under load

    @Test func `a hundred reloads on two cores take effect each, and lose nothing`() throws {
        let config = Self.endless(cores: [1, 2])
        let summary = try runWithReloads(100, config)
        #expect(summary.reloads == 100 && summary.refusedReloads == 0)
        #expect(Tally.strangers == 0)
        #expect(summary.lcores.allSatisfy { $0.counters.packets > 10_000 && $0.counters[.filtered] > 0 })
        let records = Records.counts.withLock(\.self)
        #expect(records.ipv4 > 0 && records.ipv6 > 0)
        #expect(UInt64(records.ipv4 + records.ipv6) <= summary.counters.connections)
    }

    @Test func `a reload that is refused leaves all as it was, and says why`() throws {
        var config = Self.endless(cores: [1])
        config.memoryBudget = 100 << 20
        let changes: [(change: @Sendable (inout Config) -> Void, refusal: String)] = [
            (
                { $0.filter = LocatedText("ipv6 and tcp.prot == 3", path: "c.toml", line: 7) },
                "c.toml:7: filter: column 10: no protocol or field is called \"tcp.prot\""
            ),
            ({ $0.filter = "ipv6 and ip.src in $nobody" }, "no list is called"),
            ({ $0.lists["l"] = .file("/nowhere.txt") }, "lists.l: /nowhere.txt: No such file or directory"),
            ({ ($0.filter, $0.conntrack.maxConnections) = ("ipv6", 2000) }, "conntrack.max_connections changed: that needs a restart"),
            ({ ($0.filter, $0.subscriptions) = ("ipv6", [.init("versions")]) }, "subscription records is gone: that needs a restart"),
            (
                { $0.subscriptions = [.init("versions", filter: "ipv6"), .init("records", filter: "ipv6 and tls.sni exists")] },
                "memory_budget is 100.0 MiB a core, and these settings need"
            ),
            ({ $0.filter = "ipv6 and tls" }, "versions looks at packets one by one"),
        ]
        let base = config, change = Shared<@Sendable (inout Config) -> Void>({ _ in })
        let reload = Reload {
            var config = base
            change.value(&config)
            return config
        }
        let summary = try run(config, reload) { stop in
            defer { stop.request() }
            Tally.allowed.store(1, ordering: .relaxed)
            for (number, (bad, refusal)) in changes.enumerated() {
                change.value = bad
                reload.request()
                guard Self.wait({ reload.outcome.refusals == number + 1 }) else { return "\(refusal): not refused" }
                guard reload.outcome.refusal?.contains(refusal) == true else { return "\(refusal): refused with \(reload.outcome.refusal ?? "")" }
                guard Self.come(ipv6: false) else { return "\(refusal): no packets any more" }
            }
            guard Tally.strangers == 0 else { return "a refused filter is in force" }
            Tally.allowed.store(3, ordering: .relaxed)
            change.value = { $0.filter = "ipv6" }
            reload.request()
            guard Self.wait({ reload.outcome.reloads == 1 }) else { return "a good one is not taken any more" }
            return Self.come(ipv6: true) ? nil : "a good one has no effect"
        }
        #expect((summary.reloads, summary.refusedReloads) == (1, changes.count))
        #expect(summary.description.contains("reloads refused") && summary.json.contains("\"refused_reloads\" : \(changes.count)"))
    }

    @Test func `a list's file that changes is read again where the configuration says so`() throws {
        let folder = try TemporaryFolder()
        let list = try folder.write("0.0.0.0/0\n".utf8, as: "list.txt")
        let file = try folder.write("no configuration".utf8, as: "c.toml")
        var config = Self.endless(cores: [1])
        config.lists = ["list": .file(LocatedText(list))]
        config.filter = "src in $list"
        config.reload = .watch
        let base = config
        let reload = Reload(file: file) { base }
        let summary = try run(config, reload) { stop in
            defer { stop.request() }
            guard Tally.counts(ipv6: true) == [0] else { return "the list has no effect" }
            guard (try? Data("::/0\n".utf8).write(to: URL(filePath: list))) != nil else { return "cannot write" }
            guard Self.wait({ reload.outcome.reloads + reload.outcome.refusals == 1 }) else { return "the file is not read again" }
            if let refusal = reload.outcome.refusal { return refusal }
            return Self.come(ipv6: true) ? nil : "the list's new values are not in force"
        }
        #expect((summary.reloads, summary.refusedReloads) == (1, 0))
    }

    // MARK: At the end

    @Test func `a run of a file reloads, too`() throws {
        let folder = try TemporaryFolder()
        var config = Config(offline: .init(pcap: trace("tls.pcap")))
        config.conntrack.maxConnections = 1000
        config.output = folder.path
        let base = config
        var options = RunOptions()
        options.logger.logLevel = .critical
        let reload = Reload {
            var config = base
            config.filter = "udp"
            return config
        }
        options.reload = reload
        reload.request()
        let summary = try Fovea.run(config, subscriptions: [Sluggish.self], options)
        #expect(summary.reloads == 1 && summary.counters.isBalanced)
        #expect(summary.counters[.filtered] > 0)
    }

    @Test func `case 43e a stop as a reload is on its way ends the run in order`() throws {
        for delay in [0, 100, 1000, 5000, 20_000] as [UInt32] {
            let config = Self.endless(cores: [1, 2])
            let reload = Reload { config }
            let summary = try run(config, reload) { stop in
                reload.request()
                usleep(delay)
                stop.request()
                reload.request()
                return nil
            }
            #expect(summary.wasInterrupted && summary.reloads <= 1 && summary.refusedReloads == 0)
        }
        // A stop while the configuration is being read.
        let config = Self.endless(cores: [1])
        let stopping = Shared<StopRequest?>(nil)
        let reload = Reload {
            stopping.value?.request()
            return config
        }
        let summary = try run(config, reload) { stop in
            stopping.value = stop
            reload.request()
            return nil
        }
        #expect(summary.wasInterrupted && summary.refusedReloads == 0)
    }

    @Test func `case 43f signals reload, and end the run in order, whichever come together`() throws {
        let config = Self.endless(cores: [1])
        let reload = Reload { config }
        let summary = try run(config, reload, handlesSignals: true) { _ in
            kill(getpid(), SIGHUP)
            let hasReloaded = Self.wait { reload.outcome.reloads == 1 }
            for _ in 0..<10 { kill(getpid(), SIGHUP) }
            kill(getpid(), SIGINT)
            for _ in 0..<10 { kill(getpid(), SIGHUP) }
            return hasReloaded ? nil : "SIGHUP does not reload"
        }
        #expect(summary.wasInterrupted && (1...3).contains(summary.reloads) && summary.refusedReloads == 0)
    }
}

extension Config {
    fileprivate var cores: Int {
        guard case .online(let online) = source else { return 1 }
        return online.ports.reduce(0) { $0 + $1.cores.count }
    }
}
