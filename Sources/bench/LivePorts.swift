import Capture
import Foundation
import Fovea

/// What two cores do together that one does alone, on a port that has always more to give (net_pcap's infinite_rx): connection records, as `fovea run` makes
/// them, with a queue for each core, and with one queue that the cores share.
struct LivePorts {
    private enum Kind: String, CaseIterable {
        case oneCore = "1 queue, 1 core"
        case twoQueues = "2 queues, 2 cores"
        case shared = "1 queue, 2 cores that share it"

        var queues: Int { self == .twoQueues ? 2 : 1 }
        var cores: [Int] { self == .oneCore ? [1] : [1, 2] }
    }

    /// Packets a second, and a second of the cores' own time, times the cores: what they would do if nobody else were there, less what they wait for each
    /// other.
    private struct Rate {
        let packets: Double
        let undisturbed: Double
    }

    let path: String
    let rounds: Int
    /// A round and kind.
    let seconds: Double

    func run() throws {
        guard let mbufs = Traffic.capture.mbufs(try CaptureSize(of: path)) else { return }
        // EAL starts once, with what any of them needs; the first run would ask for its own.
        let most = Mempools.Shape(capacity: 2 * mbufs.capacity + 16_384, cache: mbufs.cache, room: max(2048, mbufs.room + 64))
        try EAL.start(mainLcore: 0, workers: [1, 2], hugepages: false, memory: most.bytes)
        var rates: [Kind: [Rate]] = [:]
        for _ in 0..<rounds {
            for kind in Kind.allCases { rates[kind, default: []].append(try rate(kind, mbufs)) }
        }
        for kind in Kind.allCases {
            print(
                kind.rawValue.padding(toLength: 32, withPad: " ", startingAt: 0)
                    + String(
                        format: "%8.2f Mpackets/s %8.2f undisturbed   at best %8.2f %8.2f", median(rates[kind]!.map(\.packets)) / 1e6,
                        median(rates[kind]!.map(\.undisturbed)) / 1e6, rates[kind]!.map(\.packets).max()! / 1e6, rates[kind]!.map(\.undisturbed).max()! / 1e6))
        }
        for kind in [Kind.twoQueues, .shared] {
            // Round by round, for other work on the machine comes and goes.
            let pairs = Array(zip(rates[.oneCore]!, rates[kind]!))
            let ratios = pairs.map { $1.packets / $0.packets }, undisturbed = pairs.map { $1.undisturbed / $0.undisturbed }
            print(
                String(
                    format: "\(kind.rawValue): %.2f times as fast as 1, %.2f undisturbed; at best %.2f, %.2f", median(ratios), median(undisturbed),
                    ratios.max()!, undisturbed.max()!))
        }
    }

    private func rate(_ kind: Kind, _ mbufs: Mempools.Shape) throws -> Rate {
        let files = String(repeating: ",rx_pcap=\(path)", count: kind.queues)
        var port = Config.Port(device: "net_pcap0\(files),infinite_rx=1", cores: kind.cores)
        port.spread = kind == .shared ? .software : .device
        var online = Config.Online(ports: [port])
        online.duration = .seconds(seconds)
        online.mtu = mbufs.room
        var config = Config(online: online)
        config.mempool.capacity = kind.queues * mbufs.capacity + 512
        config.conntrack.maxConnections = 100_000
        var options = RunOptions()
        options.logger.logLevel = .warning
        let before = Self.cpuTime
        let summary = try Fovea.run(config, subscriptions: [Records.self], options)
        let time = summary.wallTime.components
        let packets = Double(summary.counters.packets)
        return Rate(
            packets: packets / (Double(time.seconds) + Double(time.attoseconds) / 1e18),
            undisturbed: packets / (Self.cpuTime - before) * Double(kind.cores.count))
    }

    private func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    /// Of all threads of the process, in seconds.
    private static var cpuTime: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
