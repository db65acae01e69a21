import Foundation
import Fovea
import Logging
import Packets
import Synchronization
import TestSupport
import Testing
import Tracking

/// Subscriptions whose callbacks run on another core, of packets from ports.
extension `Capture` {
    /// Counts its calls, and takes its time for them where its name says so.
    private struct Slow: PacketTrackable {
        struct Report: SubscriptionReport {
            static let calls = Mutex<[String: UInt64]>([:])
            var subscription: String
            var isSlow: Bool
            var count: UInt64 = 0

            mutating func note() {
                count += 1
                if isSlow { usleep(300) }
            }
            mutating func merge(_ other: Report) { count += other.count }
            mutating func finish() { Report.calls.withLock { [self] in $0[subscription] = count } }
        }

        static func makeReport(_ context: ReportContext) -> Report {
            Report(subscription: context.subscription, isSlow: context.subscription.hasPrefix("slow"))
        }
        // The beginning is a call that brings no report: it counts with the first packet.
        private var hasBegun = false
        init(_ connection: ConnectionRecord) {}
        mutating func packet(_ packet: Packet, _ frame: RawSpan, from sender: Direction, _ report: inout Report) -> Verdict {
            if !hasBegun { report.count += 1 }
            hasBegun = true
            report.note()
            return .more
        }
        consuming func ended(_ connection: ConnectionRecord, _ report: inout Report) { report.note() }
    }

    /// One packet of each connection is enough for it.
    private struct FirstOnly: PacketTrackable {
        init(_ connection: ConnectionRecord) {}
        mutating func packet(_ packet: Packet, _ frame: RawSpan, from sender: Direction, _ report: inout NoReport) -> Verdict { .done }
        consuming func ended(_ connection: ConnectionRecord, _ report: inout NoReport) {}
    }

    private static func config(_ captures: [String], cores: [Int], isEndless: Bool = false, dispatchCores: [Int] = []) -> Config {
        let files = captures.map { ",rx_pcap=\(trace($0))" }.joined()
        var online = Config.Online(ports: [.init(device: "net_pcap0\(files)\(isEndless ? ",infinite_rx=1" : "")", cores: cores)])
        online.dispatchCores = dispatchCores
        var config = Config(online: online)
        config.conntrack.maxConnections = 1000
        return config
    }

    private static func subscription(_ name: String, _ dispatch: Config.Subscription.DispatchWish, type: String? = nil) -> Config.Subscription {
        var subscription = Config.Subscription(LocatedText(name))
        subscription.dispatch = dispatch
        subscription.type = type.map { LocatedText($0) }
        return subscription
    }

    private static func stop(_ options: inout RunOptions, after seconds: Double) {
        options.stop = StopRequest()
        let stop = options.stop
        Thread.detachNewThread {
            Thread.sleep(forTimeInterval: seconds)
            stop.request()
        }
    }

    // MARK: The same results

    @Test(arguments: CaptureFolder.own.files, [[2], []])
    func `dispatched subscriptions give what inline ones give`(capture: CaptureName, cores: [Int]) throws {
        try DPDK.start()
        func results(_ dispatch: Config.Subscription.DispatchWish) throws -> (RunSummary, [String: Data]) {
            let folder = try TemporaryFolder()
            var config = Self.config([capture.file], cores: [1], dispatchCores: dispatch == .no ? [] : cores)
            config.output = folder.path
            config.subscriptions = DataTypes.all.map { Self.subscription($0.name, dispatch) } + [Self.subscription("connections", dispatch)]
            let summary = try Fovea.run(config, subscriptions: [Connections.self])
            #expect(summary.problems.isEmpty && summary.counters.isBalanced)
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".jsonl") }
            return (summary, try Dictionary(uniqueKeysWithValues: names.map { ($0, try Data(contentsOf: URL(filePath: folder.path + "/" + $0))) }))
        }
        let (inline, expected) = try results(.no), (dispatched, given) = try results(.yes)
        #expect(expected.keys.sorted() == given.keys.sorted() && expected.count >= 5)
        for (name, bytes) in expected { #expect(given[name] == bytes, "\(name)") }
        #expect(expected.values.contains { !$0.isEmpty })
        #expect(dispatched.counters.packets == inline.counters.packets && dispatched.counters.connections == inline.counters.connections)
        #expect(inline.dispatch.isEmpty && dispatched.dispatch.count == expected.count)
        #expect(dispatched.dispatchDropped == 0 && dispatched.dispatch.allSatisfy { $0.counts.cutConnections == 0 })
    }

    // MARK: Slow callbacks

    /// Two cores capture where threads run the callbacks.
    @Test(arguments: [[2], []], [false, true])
    func `a slow one keeps no core that captures, and what it misses is counted`(cores: [Int], isStopped: Bool) throws {
        try DPDK.start()
        let folder = try TemporaryFolder()
        let capturing = cores.isEmpty ? [1, 2] : [1]
        var config = Self.config(capturing.map { _ in "tls.pcap" }, cores: capturing, isEndless: true, dispatchCores: cores)
        config.output = folder.path
        config.subscriptions = [Self.subscription("slow", .ring(256 << 10), type: "slow"), Self.subscription("inline", .no, type: "slow")]
        var options = RunOptions()
        options.logger.logLevel = .critical
        if isStopped {
            Self.stop(&options, after: 0.5)
        } else if case .online(var online) = config.source {
            online.duration = .milliseconds(500)
            config.source = .online(online)
        }
        let summary = try Fovea.run(config, subscriptions: [Slow.self], options)
        #expect(summary.counters.isBalanced && summary.wasInterrupted == isStopped)
        #expect(summary.ports.map(\.mbufs).allSatisfy { $0.before == $0.after })
        let calls = Slow.Report.calls.withLock(\.self), slow = try #require(summary.dispatch.first)
        // 0.3 ms each would be 1,700 in all.
        #expect(summary.counters.packets > 20_000)
        #expect(slow.subscription == "slow" && summary.dispatch.count == 1)
        #expect(slow.counts.dropped > 0 && slow.counts.late == 0)
        #expect(slow.counts.delivered + slow.counts.dropped == calls["inline"])
        // A beginning whose connection brings no packet is no call that the report knows of.
        #expect(calls["slow", default: 0] <= slow.counts.delivered && calls["slow", default: 0] + slow.counts.cutConnections >= slow.counts.delivered)
        #expect(slow.counts.ringPeak <= slow.ring && slow.ring == 256 << 10)
        #expect(summary.lcores.allSatisfy { $0.memory.rings == 256 << 10 })
        #expect(summary.dispatchDropped == slow.counts.dropped)
        #expect(summary.description.contains("lost: the ring was full") && summary.description.contains("connections cut short"))
        #expect(summary.json.contains("\"dispatch_dropped\" : \(slow.counts.dropped)"))
    }

    @Test func `what is lost is told while the run goes on`() throws {
        struct Handler: LogHandler {
            static let lines = Mutex<[String]>([])
            var logLevel = Logger.Level.warning
            var metadata: Logger.Metadata = [:]
            subscript(metadataKey key: String) -> Logger.Metadata.Value? {
                get { metadata[key] }
                set { metadata[key] = newValue }
            }
            func log(event: LogEvent) { Self.lines.withLock { $0.append("\(event.message) \(event.metadata?["subscription"] ?? "")") } }
        }
        var config = Self.config(["tls.pcap"], cores: [1], isEndless: true)
        config.subscriptions = [Self.subscription("slow", .ring(256 << 10), type: "slow")]
        var options = RunOptions()
        options.logger = Logger(label: "test") { _ in Handler() }
        Self.stop(&options, after: 1.5)
        _ = try Fovea.run(config, subscriptions: [Slow.self], options)
        #expect(Handler.lines.withLock(\.self).contains("callbacks lost: the ring to their core was full slow"))
    }

    // MARK: The way back

    @Test(arguments: [[2], []]) func `a verdict comes back, and stops the work`(cores: [Int]) throws {
        var config = Self.config(["dns.pcap"], cores: [1], isEndless: true, dispatchCores: cores)
        config.subscriptions = [Self.subscription("first_only", .yes)]
        var options = RunOptions()
        Self.stop(&options, after: 0.5)
        let summary = try Fovea.run(config, subscriptions: [FirstOnly.self], options)
        let counts = try #require(summary.dispatch.first).counts
        #expect(counts.dropped == 0)
        // Of each its beginning, a packet and its end; all others were not sent, once the verdict was known.
        #expect(counts.delivered == 3 * summary.counters.connections)
        #expect(counts.late < summary.counters.packets / 4)
    }

    @Test func `a reload's filters choose what is sent from then on`() throws {
        var config = Self.config(["tls.pcap"], cores: [1], isEndless: true, dispatchCores: [2])
        config.subscriptions = [Self.subscription("slow", .ring(256 << 10), type: "slow"), Self.subscription("inline", .no, type: "slow")]
        let base = config
        final class Reads: Sendable { let count = Atomic(0) }
        let counter = Reads()
        var options = RunOptions()
        options.logger.logLevel = .critical
        options.stop = StopRequest()
        let reload = Reload {
            var config = base
            if counter.count.wrappingAdd(1, ordering: .relaxed).newValue == 1 { config.filter = "ipv6" } else { config.subscriptions[0].dispatch = .no }
            return config
        }
        options.reload = reload
        let stop = options.stop
        Thread.detachNewThread {
            defer { stop.request() }
            Thread.sleep(forTimeInterval: 0.1)
            reload.request()
            let end = ContinuousClock.now + .seconds(30)
            while reload.outcome.reloads == 0, ContinuousClock.now < end { usleep(1000) }
            reload.request()
            while reload.outcome.refusals == 0, ContinuousClock.now < end { usleep(1000) }
            Thread.sleep(forTimeInterval: 0.1)
        }
        let summary = try Fovea.run(config, subscriptions: [Slow.self], options)
        #expect((summary.reloads, summary.refusedReloads) == (1, 1))
        #expect(reload.outcome.refusal == "the core of subscription slow changed: that needs a restart")
        let counts = try #require(summary.dispatch.first).counts
        #expect(counts.delivered + counts.dropped == Slow.Report.calls.withLock { $0["inline"] })
    }

    @Test func `a core that is not there is named`() throws {
        var config = Self.config(["tls.pcap"], cores: [1], dispatchCores: [7])
        config.subscriptions = [Self.subscription("slow", .yes, type: "slow")]
        let error = #expect(throws: (any Error).self) { try Fovea.run(config, subscriptions: [Slow.self]) }
        #expect(error.map { "\($0)" }?.contains("without lcore 7") == true)
    }
}
