import Capture
import Foundation
import Fovea
import Packets
import Tracking

/// What reading a capture file costs, alone and with what comes behind it: the file is read from start to end, as often as there are rounds, from the
/// page cache after the first.
struct FileReading {
    private enum Stage: String, CaseIterable {
        case libpcap = "read by libpcap, and copied"
        case read = "read"
        case headers = "+ headers"
        case records = "+ connection records"
        case oneWorker = "a whole run, 1 worker"
        case twoWorkers = "a whole run, 2 workers"

        var workers: Int? { self == .oneWorker ? 1 : self == .twoWorkers ? 2 : nil }
    }

    let path: String
    let rounds: Int

    /// Prints what it measured, and gives it for programs.
    func run() throws -> [[String: Any]] {
        _ = try seconds(.read)
        var times: [Stage: [Double]] = [:]
        var packets = 0
        for _ in 0..<rounds {
            for stage in Stage.allCases {
                let (time, count) = try seconds(stage)
                times[stage, default: []].append(time)
                packets = count
            }
        }
        for stage in Stage.allCases {
            let sorted = times[stage]!.sorted()
            let (best, middle) = (sorted[0], sorted[sorted.count / 2])
            print(
                stage.rawValue.padding(toLength: 36, withPad: " ", startingAt: 0)
                    + String(
                        format: "%8.1f ns/packet %8.2f Mpackets/s   at best %8.2f", middle / Double(packets) * 1e9, Double(packets) / middle / 1e6,
                        Double(packets) / best / 1e6))
        }
        // Round by round, for other work on the machine comes and goes.
        let ratios = zip(times[.oneWorker]!, times[.twoWorkers]!).map { $0 / $1 }.sorted()
        let best = times[.oneWorker]!.min()! / times[.twoWorkers]!.min()!
        print(String(format: "2 workers are %.2f times as fast as 1, at best %.2f", ratios[ratios.count / 2], best))
        return Stage.allCases.map { stage in
            let sorted = times[stage]!.sorted()
            return ["stage": stage.rawValue, "packets": packets, "seconds": sorted[sorted.count / 2], "best_seconds": sorted[0]]
        }
    }

    /// From the file's opening to the last record; the tables are there before, but nobody has touched them.
    private func seconds(_ stage: Stage) throws -> (Double, packets: Int) {
        if let workers = stage.workers { return try seconds(workers: workers) }
        let context = ReportContext(subscription: "bench", lcore: 0, outputFolder: nil)
        var options = TrackerOptions()
        options.maxConnections = 1_000_000
        let subscribers: [Subscriber] = [
            try Records._makeSubscriber(SubscriberOrder(filter: .everything, context: context, maxConnections: options.maxConnections))
        ]
        var pipeline = Pipeline(options, subscribers: subscribers, seed: HashSeed(1))
        var packet = Packet()
        var burst = Burst()
        var packets = 0
        let start = ContinuousClock.now
        var file = try CaptureFile(path: path, onlyLibpcap: stage == .libpcap)
        while true {
            let state = file.fill(&burst)
            packets += burst.count
            switch stage {
            case .libpcap, .read: break
            case .headers: for index in 0..<burst.count { packet.read(burst.frames.baseAddress! + index, opening: .all) }
            case .records, .oneWorker, .twoWorkers: pipeline.process(burst.frames)
            }
            if case .failed(let reason) = state { throw BenchError(description: reason) }
            if state == .ended { break }
        }
        pipeline.drain()
        let time = ContinuousClock.now - start
        return (Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18, packets)
    }

    /// As `fovea run` does it.
    private func seconds(workers: Int) throws -> (Double, packets: Int) {
        var offline = Config.Offline(pcap: path)
        offline.workers = workers
        var options = RunOptions()
        options.logger.logLevel = .warning
        let summary = try Fovea.run(Config(offline: offline), subscriptions: [Records.self], options)
        if let failure = summary.failures.first { throw BenchError(description: failure) }
        let time = summary.wallTime.components
        return (Double(time.seconds) + Double(time.attoseconds) / 1e18, Int(summary.counters.packets))
    }
}
