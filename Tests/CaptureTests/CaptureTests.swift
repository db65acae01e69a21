import CDPDK
import Capture
import Foundation
import Fovea
import Packets
import TestSupport
import Testing

/// Everything that needs DPDK, one after the other: it starts once a process, and two runs cannot have one lcore.
@Suite(.serialized) struct `Capture` {
    init() throws { try DPDK.start() }

    private static let ethernet = ["tls", "http", "dns", "vlan-qinq", "udp-fragments", "tcp-loss", "nanoseconds"]

    // MARK: Sources

    @Test(arguments: ethernet)
    func `a file gives the same read by ourselves and by net_pcap`(name: String) throws {
        let file = try Replay(file: trace("\(name).pcap"))
        let port = try Replay(ports: [.init(device: "net_pcap0,rx_pcap=\(trace("\(name).pcap"))", cores: [1])])
        #expect(file.counts == port.counts)
        #expect(file.lines == port.lines)
        #expect(!file.lines.isEmpty)
        #expect(file.summary.counters.bytes == port.summary.counters.bytes)
        #expect(port.summary.ports[0].statistics.packets == port.summary.counters.packets)
        #expect(port.mbufs.count == 1 && port.mbufs.allSatisfy { $0.before == $0.after && $0.before <= $0.capacity })
    }

    @Test(arguments: ethernet.map { "\($0).pcap" } + ["cooked.pcap", "cooked2.pcap", "raw-ip.pcap", "blocks.pcapng"])
    func `every packet has one outcome`(name: String) throws {
        let replay = try Replay(file: trace(name))
        #expect(replay.summary.counters.isBalanced)
        #expect(replay.summary.counters.packets > 0)
        #expect(replay.summary.exitStatus == .success)
    }

    /// The shared captures are not part of the repository: without them this test is skipped.
    @Test(.enabled(if: CaptureFolder.shared.isThere, "the shared captures are not there"), arguments: CaptureFolder.shared.files)
    func `every packet of a shared capture has one outcome`(capture: CaptureName) throws {
        let replay = try Replay(file: capture.path)
        #expect(replay.summary.counters.isBalanced)
        #expect(replay.summary.counters.packets == UInt64(try packetCount(capture)))
        #expect(replay.summary.exitStatus == .success)
    }

    /// Packets of a capture by its independent oracle.
    private func packetCount(_ capture: CaptureName) throws -> Int {
        struct Oracle: Decodable { var packets: Int }
        let oracle = capture.folder.oracles.appending(path: "\(capture.name).json")
        return try JSONDecoder().decode(Oracle.self, from: Data(contentsOf: oracle)).packets
    }

    @Test func `a port tells its link and its own counters`() throws {
        let port = try Port(device: "net_null0", Port.Options(lcores: [1]))
        #expect(try port.link().isUp)
        var queue = port.queue(0)
        var burst = Burst()
        #expect(queue.fill(&burst, at: .zero) == .open)
        let counters = try port.extendedStatistics()
        #expect(counters.first { $0.name == "rx_good_packets" }?.value == UInt64(burst.count))
        #expect(burst.count > 0)
    }

    @Test func `two queues on two lcores give the sum of their files`() throws {
        let alone = try [Replay(file: trace("tls.pcap")), Replay(file: trace("dns.pcap"))]
        let device = "net_pcap0,rx_pcap=\(trace("tls.pcap")),rx_pcap=\(trace("dns.pcap"))"
        let together = try Replay(ports: [.init(device: device, cores: [1, 2])])
        #expect(together.counts == zip(alone[0].counts, alone[1].counts).map(+))
        #expect(together.lines == (alone[0].lines + alone[1].lines).sorted())
        #expect(together.summary.lcores.map(\.counters.packets) == alone.map(\.summary.counters.packets))
        #expect(together.summary.ports[0].spreading == .none)
    }

    @Test func `one lcore polls two ports`() throws {
        let alone = try [Replay(file: trace("tls.pcap")), Replay(file: trace("dns.pcap"))]
        let together = try Replay(ports: [
            .init(device: "net_pcap0,rx_pcap=\(trace("tls.pcap"))", cores: [2]), .init(device: "net_pcap1,rx_pcap=\(trace("dns.pcap"))", cores: [2]),
        ])
        #expect(together.lines == (alone[0].lines + alone[1].lines).sorted())
        #expect(together.summary.counters.isBalanced)
        #expect(together.mbufs.allSatisfy { $0.before == $0.after })
    }

    @Test func `frames too long for an mbuf come in one piece`() throws {
        var options = Port.Options(lcores: [1])
        options.mbufs = .init(capacity: 1024, cache: 0, room: 128)
        let port = try Port(device: "net_pcap0,rx_pcap=\(trace("tls.pcap"))", options)
        var file = try CaptureFile(path: trace("tls.pcap"))
        var queue = port.queue(0)
        var burst = Burst()
        var long = 0
        while queue.fill(&burst, at: .zero) == .open {
            for frame in burst.frames {
                let original = try #require(try file.next())
                #expect(frame.length == original.length)
                #expect(memcmp(frame.bytes, original.bytes, Int(original.length)) == 0)
                long += frame.length > 128 ? 1 : 0
            }
        }
        #expect(long > 20)
        #expect(port.mempools.available == port.mempools.capacity)
    }

    @Test func `an empty poll for lack of mbufs is not the end of a file`() throws {
        var options = Port.Options(lcores: [1])
        options.mbufs = .init(capacity: 16, cache: 0, room: 2048)
        let port = try Port(device: "net_pcap0,rx_pcap=\(trace("tls.pcap"))", options)
        var queue = port.queue(0)
        var held = Burst(), burst = Burst()
        var states = [queue.fill(&held, at: .zero)]
        var received = held.count
        #expect(received == 16)
        for _ in 0..<3 { states.append(queue.fill(&burst, at: .zero)) }
        #expect(states == [.open, .open, .open, .open])
        held.free()
        while queue.fill(&burst, at: .zero) == .open { received += burst.count }
        let statistics = try port.statistics()
        #expect(statistics.noBuffer >= 3)
        #expect(UInt64(received) + statistics.noBuffer + statistics.errors == 197)
        #expect(port.mempools.available == port.mempools.capacity)
    }

    @Test func `a port that is silent runs until it is stopped`() throws {
        var options = RunOptions()
        options.stop = StopRequest()
        let stop = options.stop
        Thread.detachNewThread {
            Thread.sleep(forTimeInterval: 0.2)
            stop.request()
        }
        let replay = try Replay(ports: [.init(device: "net_ring0", cores: [1])], options)
        #expect(replay.summary.wasInterrupted)
        #expect(replay.summary.counters.packets == 0)
    }

    @Test func `reports are flushed once a second while nothing comes`() throws {
        let folder = try TemporaryFolder()
        var online = Config.Online(ports: [.init(device: "net_ring0", cores: [1])])
        online.duration = .milliseconds(1500)
        var config = Config(online: online)
        config.output = folder.path
        try Fovea.run(config, subscriptions: [Flushes.self])
        // One at the start, one a second later; a third if the machine is slow to stop.
        let line = try String(contentsOfFile: folder.path + "/flushes.jsonl", encoding: .utf8)
        #expect([2, 3].map { "{\"flushes\":\($0)}\n" }.contains(line))
    }

    @Test func `a port without an end runs for its duration`() throws {
        let replay = try Replay(ports: [.init(device: "net_null0", cores: [1, 2])], duration: .milliseconds(300))
        #expect(!replay.summary.wasInterrupted)
        #expect(replay.summary.counters.packets > 0)
        #expect(replay.summary.counters.packets == replay.summary.counters[.notIP])
        #expect(replay.summary.packetTime > 100_000_000)
        #expect(replay.mbufs.allSatisfy { $0.before == $0.after })
    }

    // MARK: What cannot be had

    @Test(arguments: [
        ("net_nothing0", [1], "net_nothing0: rte_dev_probe: No such device"),
        ("net_pcap0,rx_pcap=/nowhere.pcap", [1], "net_pcap0,rx_pcap=/nowhere.pcap: rte_dev_probe: refused by the driver"),
        ("net_ring0", Array(1...99), "lcore 4"),
    ])
    func `a port that cannot be had is named with the call`(device: String, cores: [Int], text: String) throws {
        let error = #expect(throws: DPDKError.self) { try Replay(ports: [.init(device: device, cores: cores)]) }
        #expect(error?.description.contains(text) == true)
    }

    @Test func `a pool too small for what the device keeps`() throws {
        var config = Config(online: .init(ports: [.init(device: "net_pcap0,rx_pcap=\(trace("tls.pcap")),infinite_rx=1", cores: [1])]))
        config.mempool.capacity = 64
        let error = #expect(throws: DPDKError.self) { try Replay(config) }
        #expect(error?.call == "rte_eth_rx_queue_setup")
    }

    @Test func `a pool too large for the memory`() throws {
        var config = Config(online: .init(ports: [.init(device: "net_pcap0,rx_pcap=\(trace("tls.pcap"))", cores: [1])]))
        config.mempool.capacity = 200_000
        let error = #expect(throws: DPDKError.self) { try Replay(config) }
        #expect(error?.call == "DPDK starts once a process, and was started with 256 MiB for mbufs; 793 MiB are needed now")
        let pool = #expect(throws: DPDKError.self) { _ = try Mempools(.init(capacity: 100_000, cache: 0, room: 9728), sockets: [0]) }
        #expect(pool?.description == "a pool of 100000 mbufs of 9728 bytes: rte_pktmbuf_pool_create: Cannot allocate memory")
    }

    @Test func `EAL does not start twice`() {
        #expect(throws: DPDKError.self) { try EAL.start(mainLcore: 0, workers: [1], hugepages: false, memory: 0) }
        #expect(EAL.setup?.workers == [1, 2, 3])
    }

    // MARK: Bad captures

    @Test func `what is no capture is refused with the reason`() throws {
        let folder = try TemporaryFolder()
        func refusal(_ path: String) -> String? {
            let error = #expect(throws: CaptureFileError.self) { try Replay(file: path) }
            #expect(error?.path == path)
            return error?.message
        }
        #expect(refusal(folder.path + "/missing.pcap") == "No such file or directory")
        #expect(refusal(folder.path) == "is a folder, not a capture file")
        #expect(try refusal(folder.write([])) == "is empty: not even a capture file's header")
        #expect(try refusal(folder.write("no capture, but long enough for one".utf8)) == "unknown file format")
        let header: [UInt8] = [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0]
        #expect(try refusal(folder.write(header + [105, 0, 0, 0]))?.hasPrefix("link type 105 (IEEE802_11) is not one that Fovea reads") == true)
    }

    @Test func `a capture that is cut gives all that comes before`() throws {
        let folder = try TemporaryFolder()
        let whole = try Data(contentsOf: URL(filePath: trace("tls.pcap")))
        let path = try folder.write(whole.prefix(20_000))
        let replay = try Replay(file: path)
        #expect(replay.summary.failures == ["\(path): truncated dump file; tried to read 608 captured bytes, only got 583"])
        #expect(replay.summary.exitStatus == .badCapture)
        #expect(replay.summary.counters.packets == 120)
        #expect(replay.summary.counters.isBalanced)
        #expect(replay.lines.count == 7)
        #expect(replay.summary.description.hasSuffix("not read to its end: \(replay.summary.failures[0])\n"))
    }

    @Test func `a capture without packets is none the worse`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(Data(contentsOf: URL(filePath: trace("tls.pcap"))).prefix(24))
        let replay = try Replay(file: path)
        #expect(replay.summary.counters.packets == 0)
        #expect(replay.summary.exitStatus == .success)
    }

    // MARK: The border to C

    @Test func `a frame lies in memory as C has it`() {
        #expect(MemoryLayout<Frame>.size == MemoryLayout<shim_frame>.size)
        #expect(MemoryLayout<Frame>.stride == MemoryLayout<shim_frame>.stride)
        #expect(MemoryLayout<Frame>.offset(of: \.buffer) == MemoryLayout<shim_frame>.offset(of: \.buffer))
        #expect(MemoryLayout<Frame>.offset(of: \.bytes) == MemoryLayout<shim_frame>.offset(of: \.bytes))
        #expect(MemoryLayout<Frame>.offset(of: \.timestamp) == MemoryLayout<shim_frame>.offset(of: \.timestamp))
        #expect(MemoryLayout<Frame>.offset(of: \.length) == MemoryLayout<shim_frame>.offset(of: \.length))
        #expect(MemoryLayout<Frame>.offset(of: \.wireLength) == MemoryLayout<shim_frame>.offset(of: \.wire_length))
        #expect(MemoryLayout<Frame>.offset(of: \.rssHash) == MemoryLayout<shim_frame>.offset(of: \.rss_hash))
        #expect(MemoryLayout<Frame>.offset(of: \.linkType) == MemoryLayout<shim_frame>.offset(of: \.link_type))
    }

    @Test func `flows are spread by addresses where the device can do that alone`() {
        // RTE_ETH_RSS_*: IPv4 as such, its fragments, TCP, UDP, SCTP and others; the same of IPv6; its extension headers' three.
        let ipv4: UInt64 = 1 << 2, addresses: UInt64 = ipv4 | 1 << 3 | 1 << 7 | 1 << 8 | 1 << 9 | 1 << 13 | 1 << 15
        let ports: UInt64 = 7 << 4 | 7 << 10 | 3 << 16, payload: UInt64 = 1 << 14
        #expect(shim_rss_functions(addresses | ports | payload, false) == addresses)
        #expect(shim_rss_functions(addresses | ports | payload, true) == addresses | ports)
        // Where each transport is a packet type of its own TCP would not be spread at all.
        #expect(shim_rss_functions((addresses | ports) & ~ipv4, false) == (addresses | ports) & ~ipv4)
        #expect(shim_rss_functions(0, false) == 0)
        #expect(Port.Spreading.rss(functions: addresses | ports, redirectionTable: 0).isByPorts)
        #expect(!Port.Spreading.rss(functions: addresses, redirectionTable: 0).isByPorts)
        #expect(!Port.Spreading.none.isByPorts)
    }
}
