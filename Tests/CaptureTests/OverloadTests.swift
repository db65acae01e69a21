import Capture
import Foundation
import Fovea
import Packets
import Testing

/// Cases of `Tests/HostileTests` that need DPDK.
extension `Capture` {
    /// Takes a millisecond for each packet, which is a thousand times what there is.
    struct Sluggish: PacketSubscription {
        struct Report: SubscriptionReport {
            let output: LogWriter
            var count = 0

            mutating func merge(_ other: Report) { count += other.count }
            mutating func finish() throws {
                output.write { $0.add("packets", count) }
                try output.finish()
            }
        }

        static func makeReport(_ context: ReportContext) throws -> Report { Report(output: try LogWriter(context)) }
        static func packet(_ packet: Packet, _ frame: RawSpan, _ report: inout Report) {
            report.count += 1
            usleep(1000)
        }
    }

    /// Callbacks run on the core that polls: a slow one leaves packets with the port, whose losses the summary adds up. It keeps no packet, and no
    /// stop request waiting.
    @Test(arguments: ["file", "port"]) func `case 39 a slow callback loses nothing that the port gave, and is stopped as soon as others`(source: String) throws {
        let folder = try TemporaryFolder()
        var options = RunOptions()
        options.stop = StopRequest()
        var config = Config(offline: .init(pcap: trace("tls.pcap")))
        if source == "port" {
            config = Config(online: .init(ports: [.init(device: "net_null0", cores: [1])]))
            let stop = options.stop
            Thread.detachNewThread {
                Thread.sleep(forTimeInterval: 0.2)
                stop.request()
            }
        }
        config.output = folder.path
        let summary = try Fovea.run(config, subscriptions: [Sluggish.self], options)
        #expect(summary.counters.isBalanced)
        #expect(summary.counters[.delivered] + summary.counters[.notIP] == summary.counters.packets)
        #expect(try String(contentsOfFile: folder.path + "/sluggish.jsonl", encoding: .utf8) == "{\"packets\":\(summary.counters.packets)}\n")
        #expect(summary.ports.map(\.mbufs).allSatisfy { $0.before == $0.after })
        if source == "file" {
            #expect(summary.counters.packets == 197)
        } else {
            #expect(summary.wasInterrupted)
            // One burst after the request, a millisecond a packet.
            #expect(summary.counters.packets > 0)
        }
    }

    @Test func `case 42 a pool that others hold is shed and counted, and goes on when they give it back`() throws {
        var options = Port.Options(lcores: [1])
        options.mbufs = .init(capacity: 16, cache: 0, room: 2048)
        let port = try Port(device: "net_pcap0,rx_pcap=\(trace("tls.pcap"))", options)
        var queue = port.queue(0)
        var holding = Burst(), burst = Burst()
        #expect(queue.fill(&holding, at: .zero) == .open)
        #expect(holding.count == 16)
        let lost = try port.statistics().noBuffer
        #expect(lost > 0)
        // Nothing is left: this one only sheds.
        #expect(queue.fill(&burst, at: .zero) == .open)
        #expect(burst.count == 0)
        #expect(try port.statistics().noBuffer > lost)
        holding.free()
        var received = 16
        while true {
            let state = queue.fill(&burst, at: .zero)
            received += burst.count
            if state == .ended { break }
            #expect(state == .open)
        }
        burst.free()
        #expect(received > 32)
        #expect(try UInt64(received) + port.statistics().noBuffer + port.statistics().errors == 197)
        #expect(port.mempools.available == port.mempools.capacity)
    }
}
