import Foundation
import Fovea
import Packets
import Testing

/// Results whose reader is slow, while traffic is live.
extension `Capture` {
    @Test(arguments: ["jsonl", "zeek"]) func `case 44 a pipe that nobody reads stops neither the capture nor other outputs, and what is dropped is counted`(format: String) throws {
        try DPDK.start()
        let folder = try TemporaryFolder()
        let pipe = folder.path + "/pipe"
        try #require(mkfifo(pipe, 0o600) == 0)
        // Somebody has it open, and reads nothing.
        let reader = open(pipe, O_RDONLY | O_NONBLOCK)
        defer { close(reader) }
        var online = Config.Online(ports: [Config.Port(device: "net_pcap0,rx_pcap=\(trace("tls.pcap")),infinite_rx=1", cores: [1])])
        online.duration = .seconds(1)
        var config = Config(online: online)
        config.output = folder.path
        config.outputBuffer = 8 << 20
        config.format = Located(OutputFormat(rawValue: format)!)
        config.subscriptions = ["stuck", "packet"].map { Config.Subscription(LocatedText($0)) }
        config.subscriptions[0].data = "packet"
        config.subscriptions[0].output = LocatedText(pipe)
        config.subscriptions[1].filter = "tcp.flags.syn"

        let start = ContinuousClock.now
        let summary = try Fovea.run(config, subscriptions: [])
        // The run's second, and two of patience.
        #expect(ContinuousClock.now - start < .seconds(10))
        #expect(summary.problems == [])
        let (stuck, other) = (summary.outputs[0], summary.outputs[1])
        #expect(stuck.dropped > 1000)
        #expect(summary.outputDropped == stuck.dropped)
        // A pipe holds 64 KiB.
        #expect(stuck.written < 1000 && stuck.refused == 0)
        #expect(stuck.written + stuck.dropped == summary.counters.packets)
        #expect(other.written > 100 && other.dropped == 0 && other.refused == 0)
        let lines = try String(contentsOfFile: "\(folder.path)/packet.\(format == "zeek" ? "log" : "jsonl")", encoding: .utf8).split(separator: "\n")
        #expect(lines.count { !$0.hasPrefix("#") } == Int(other.written))
        #expect(summary.description.contains("stuck: lines dropped, written too slowly"))
        #expect(summary.json.contains("\"output_dropped\" : \(stuck.dropped)"))
    }

    @Test func `live results are whole at the end, in a file of its own name, rotated and compressed or not`() throws {
        try DPDK.start()
        let folder = try TemporaryFolder()
        var config = Config(online: Config.Online(ports: [Config.Port(device: "net_pcap0,rx_pcap=\(trace("tls.pcap"))", cores: [1])]))
        config.output = folder.path
        config.conntrack.maxConnections = 1000
        config.subscriptions = ["connection", "tls", "packet"].map { Config.Subscription(LocatedText($0)) }
        config.subscriptions[0].format = Located(.csv)
        config.subscriptions[1].compress = Located(.gzip)
        config.subscriptions[2].rotateSize = Located(4096)
        let summary = try Fovea.run(config, subscriptions: [])
        #expect(summary.problems == [])
        #expect(summary.outputs.map(\.written) == [12, 11, 197])
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(Set(names.filter { !$0.hasPrefix("packet.") }) == ["connection.csv", "tls.jsonl.gz", "summary.json"])
        #expect(names.count { $0.hasPrefix("packet.") && $0.hasSuffix(".jsonl") } > 5)
    }
}
