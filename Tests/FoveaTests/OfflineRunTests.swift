import Capture
import Foundation
import Fovea
import Packets
import Testing
import TestSupport

@Suite struct `Runs on a capture file` {
    private struct Octets: PacketSubscription {
        struct Report: SubscriptionReport {
            let output: LogWriter
            var packets = 0
            var bytes = 0

            mutating func merge(_ other: Report) {
                packets += other.packets
                bytes += other.bytes
            }
            mutating func finish() throws {
                output.write {
                    $0.add("packets", packets)
                    $0.add("bytes", bytes)
                }
                try output.finish()
            }
        }

        static func makeReport(_ context: ReportContext) throws -> Report { Report(output: try LogWriter(context)) }
        static func packet(_ packet: Packet, _ frame: RawSpan, _ report: inout Report) {
            report.packets += 1
            report.bytes += frame.byteCount
        }
    }

    private static func run(_ capture: String) throws -> (summary: RunSummary, line: String) {
        let folder = FileManager.default.temporaryDirectory.appending(path: "fovea-run-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        var config = Config(offline: .init(pcap: CaptureFolder.own.captures.appending(path: capture).path))
        config.output = folder.path
        config.conntrack.maxConnections = 1000
        config.mainCore = 700
        let summary = try Fovea.run(config, subscriptions: [Octets.self])
        return (summary, try String(contentsOf: folder.appending(path: "octets.jsonl"), encoding: .utf8))
    }

    /// On an lcore that DPDK, if another suite has started it, was not started with.
    @Test func `need nothing of DPDK, and do not mind each other`() async throws {
        let alone = try Self.run("tls.pcap")
        #expect(alone.summary.exitStatus == .success)
        #expect(alone.summary.counters.packets == 197)
        #expect(alone.summary.lcores.map(\.lcore) == [701])
        #expect(alone.line.hasPrefix("{\"packets\":197,"))
        let lines = try await withThrowingTaskGroup { group in
            for _ in 0..<4 { group.addTask { try Self.run("tls.pcap").line } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(lines == Array(repeating: alone.line, count: 4))
        #expect(EAL.setup?.mainLcore != 700)
    }
}
