import Capture
import Foundation
import Fovea

/// What tests of real ports share: DPDK starts once a process.
enum DPDK {
    static let memory = 256 << 20

    static func start() throws { try started.get() }

    private static let started = Result<Void, any Error> {
        try EAL.start(mainLcore: 0, workers: [1, 2, 3], hugepages: false, memory: memory)
    }
}

/// The captures of this repository.
func trace(_ name: String) -> String { URL(filePath: #filePath).deletingLastPathComponent().path + "/../Traces/\(name)" }

/// A folder that is gone with the value.
final class TemporaryFolder {
    let path = NSTemporaryDirectory() + "fovea-test-\(UUID().uuidString)"

    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file and gives its path.
    func write(_ bytes: some Sequence<UInt8>, as name: String = "capture.pcap") throws -> String {
        try Data(bytes).write(to: URL(filePath: "\(path)/\(name)"))
        return "\(path)/\(name)"
    }
}

/// Writes a line a connection, and knows TLS.
struct Connections: SessionTrackable {
    typealias Parser = TLSParser
    typealias Report = LogWriter

    static func makeReport(_ context: ReportContext) throws -> LogWriter { try LogWriter(context) }
    init(_ connection: ConnectionRecord) {}
    mutating func session(_ session: TLSHandshake, of connection: ConnectionRecord, _ report: inout LogWriter) -> Verdict { .more }

    consuming func ended(_ connection: ConnectionRecord, _ report: inout LogWriter) {
        report.write { line in
            line.add("from", connection.originator.address)
            line.add("port", connection.originator.port)
            line.add("history", connection.history)
            line.add("bytes", connection.originator.payloadBytes + connection.responder.payloadBytes)
        }
    }
}

/// Counts how often it is asked to flush.
struct Flushes: PacketSubscription {
    struct Report: SubscriptionReport {
        let output: LogWriter
        var count = 0

        mutating func merge(_ other: Report) { count += other.count }
        mutating func flush() { count += 1 }
        mutating func finish() throws {
            output.write { $0.add("flushes", count) }
            try output.finish()
        }
    }

    static func makeReport(_ context: ReportContext) throws -> Report { Report(output: try LogWriter(context)) }
    static func packet(_ packet: Packet, _ frame: RawSpan, _ report: inout Report) {}
}

/// A run of `Connections`: what it counted, and its lines, sorted.
struct Replay {
    let summary: RunSummary
    let lines: [Substring]

    init(_ config: Config, _ options: RunOptions = RunOptions()) throws {
        try DPDK.start()
        let folder = try TemporaryFolder()
        var config = config
        config.output = folder.path
        config.conntrack.maxConnections = 10_000
        summary = try Fovea.run(config, subscriptions: [Connections.self], options)
        lines = try String(contentsOfFile: folder.path + "/connections.jsonl", encoding: .utf8).split(separator: "\n").sorted()
    }

    init(file path: String) throws { try self.init(Config(offline: .init(pcap: path))) }

    init(ports: [Config.Port], duration: Duration? = nil, _ options: RunOptions = RunOptions()) throws {
        var online = Config.Online(ports: ports)
        online.duration = duration
        try self.init(Config(online: online), options)
    }

    /// All that is counted, but for bytes and cuts, of which net_pcap does not know what a snap length cut off.
    var counts: [UInt64] {
        let counters = summary.counters
        return PacketOutcome.allCases.map { counters[$0] } + PacketProblem.allCases.map { counters[$0] } + EndReason.allCases.map { counters[$0] } + [
            counters.packets, counters.connections, counters.streamBytes, counters.gaps, counters.gapBytes, counters[bytes: .retransmitted], counters.sessions,
        ]
    }

    /// Mbufs before and after, of all ports.
    var mbufs: [PoolSummary] { summary.ports.map(\.mbufs) }
}
