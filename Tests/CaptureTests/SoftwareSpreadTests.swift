import CDPDK
import Foundation
import Packets
import TestSupport
import TestWire
import Testing

@testable import Capture
@testable import Fovea
@testable import Tracking

/// Cores that share a port's packets, since the device does not spread flows.
extension `Capture` {
    /// Each data type to a file of its own.
    private static let everything = DataTypes.all.map { Config.Subscription(LocatedText($0.name)) }

    private struct Listening {
        let summary: RunSummary
        /// Of each file, in no order.
        let lines: [String: [Substring]]

        init(_ ports: [Config.Port], witness: CoreWitness? = nil, _ change: (inout Config, inout RunOptions) -> Void = { _, _ in }) throws {
            let folder = try TemporaryFolder()
            var config = Config(online: .init(ports: ports))
            config.output = folder.path
            config.conntrack.maxConnections = 4000
            config.memoryBudget = 16 << 30
            config.subscriptions = `Capture`.everything
            var options = RunOptions()
            options.logger.logLevel = .critical
            options.reading.witness = witness
            change(&config, &options)
            summary = try Fovea.run(config, subscriptions: [], options)
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".jsonl") }
            lines = try Dictionary(uniqueKeysWithValues: names.map { name in
                (name, try String(contentsOfFile: "\(folder.path)/\(name)", encoding: .utf8).split(separator: "\n").sorted())
            })
            #expect(summary.counters.isBalanced && summary.counters.isPayloadBalanced)
            #expect(summary.counters.wrongCore == 0)
            #expect(summary.failures.isEmpty && summary.problems.isEmpty)
            for port in summary.ports { #expect(port.mbufs.before == port.mbufs.after) }
            #expect(summary.ports.reduce(0) { $0 + $1.statistics.packets } == summary.counters.packets)
        }
    }

    private static func port(_ files: String..., cores: [Int], spread: Config.Port.Spreader? = nil, number: Int = 0, endless: Bool = false) -> Config.Port {
        let device = "net_pcap\(number)" + files.map { ",rx_pcap=\($0)" }.joined() + (endless ? ",infinite_rx=1" : "")
        var port = Config.Port(device: device, cores: cores)
        port.spread = spread
        return port
    }

    /// Counts that do not depend on how many cores there are.
    private func counts(_ summary: RunSummary) -> [UInt64] {
        let counters = summary.counters
        return PacketOutcome.allCases.map { counters[$0] } + PacketProblem.allCases.map { counters[$0] } + EndReason.allCases.map { counters[$0] }
            + ByteOutcome.allCases.map { counters[bytes: $0] } + DatagramLoss.allCases.map { counters[$0] } + [
                counters.packets, counters.bytes, counters.connections, counters.datagrams, counters.gaps, counters.gapBytes, counters.sessions,
                counters.matchedErrors, counters.unmatchedErrors, counters.fragmentDuplicates, counters.fragmentConflicts, counters.malformedFragments,
            ]
    }

    /// A core that polls alone hears the time from connections' packets, those that share a port from all: that is another time at the end of this capture,
    /// whose last packets are fragments of no datagram.
    private static let endsWithFragments = ["ip6-fragments-36"]

    @Test(arguments: CaptureFolder.own.files + CaptureFolder.shared.files.filter { $0.byteCount < 20_000 && !endsWithFragments.contains($0.name) })
    func `one queue gives the same to one core and to several that share it`(capture: CaptureName) throws {
        let one = try Listening([Self.port(capture.path, cores: [1])])
        for cores in [[1, 2], [3, 1, 2]] {
            let witness = CoreWitness()
            let several = try Listening([Self.port(capture.path, cores: cores)], witness: witness)
            #expect(several.summary.ports[0].spreading == .software && several.summary.ports[0].queues == 1)
            #expect(counts(several.summary) == counts(one.summary))
            #expect(several.summary.lcores.count == cores.count)
            for (file, lines) in one.lines where several.lines[file] != lines {
                let place = zip(lines, several.lines[file] ?? []).enumerated().first { $1.0 != $1.1 }
                Issue.record("\(file), \(cores.count) cores: \(place.map { "line \($0.offset): \($0.element)" } ?? "another length")")
            }
        }
    }

    // MARK: Which queues whose are

    @Test func `queues with captures of their own are shared where that is asked for, and where cores are more`() throws {
        let alone = try [Listening([Self.port(trace("tls.pcap"), cores: [1])]), Listening([Self.port(trace("dns.pcap"), cores: [1])])]
        let packets = alone.reduce(0) { $0 + $1.summary.counters.packets }
        for (cores, spread) in [([1, 2], Config.Port.Spreader.software), ([1, 2, 3], nil)] {
            let shared = try Listening([Self.port(trace("tls.pcap"), trace("dns.pcap"), cores: cores, spread: spread)], witness: CoreWitness())
            #expect(shared.summary.ports[0].spreading == .software && shared.summary.ports[0].queues == 2)
            #expect(shared.summary.counters.packets == packets)
            #expect(shared.lines["tls.jsonl"] == alone[0].lines["tls.jsonl"])
            #expect(shared.summary.description.contains("2 queues, spread over \(cores.count) cores by software"))
        }
    }

    @Test func `a device that is to spread must have a queue for each core`() throws {
        let port = Self.port(trace("tls.pcap"), cores: [1, 2], spread: .device)
        let error = #expect(throws: DPDKError.self) { try Listening([port]) }
        #expect(error?.description == "\(port.device): rte_eth_dev_configure with 2 rx queues of 1: Numerical result out of range")
    }

    /// As a tap gives a link: each direction on a port of its own.
    @Test func `two ports that the same cores share bring both directions of a flow to one core`() throws {
        let folder = try TemporaryFolder()
        let flows = (1...200 as ClosedRange<UInt32>).map { (End($0, 1000), End(0xc0a8_0000 | $0, 53)) }
        let requests = try folder.write(pcap(flows.map { udpFrame($0, $1) }), as: "requests.pcap")
        let answers = try folder.write(pcap(flows.map { udpFrame($1, $0) }), as: "answers.pcap")
        let witness = CoreWitness()
        let run = try Listening([Self.port(requests, cores: [1, 2]), Self.port(answers, cores: [2, 1], number: 1)], witness: witness)
        #expect(run.summary.counters.connections == 200 && witness.count == 200)
        #expect(run.summary.lcores.allSatisfy { $0.counters.packets > 100 })
        #expect(run.summary.counters[.tracked] == 400)
    }

    @Test func `a core has queues of its own beside those that it shares`() throws {
        let names = ["tls", "dns", "udp-fragments"]
        let alone = try names.map { try Listening([Self.port(trace("\($0).pcap"), cores: [1])]) }
        let run = try Listening([
            Self.port(trace("tls.pcap"), cores: [1, 2]), Self.port(trace("dns.pcap"), cores: [2], number: 1),
            Self.port(trace("udp-fragments.pcap"), cores: [2, 3], number: 2),
        ])
        #expect(run.summary.ports.map(\.spreading) == [.software, .none, .software])
        #expect(run.summary.counters.packets == alone.reduce(0) { $0 + $1.summary.counters.packets })
        #expect(run.summary.counters.datagrams == alone.reduce(0) { $0 + $1.summary.counters.datagrams })
        #expect(run.lines["tls.jsonl"] == alone[0].lines["tls.jsonl"])
        #expect(run.summary.lcores.count == 3)
    }

    // MARK: As it goes on

    /// Flows of both IP versions, on each of three cores.
    private func flows(_ folder: TemporaryFolder) throws -> String {
        let frames = (1...100 as ClosedRange<UInt32>).flatMap { number in
            let ipv6 = ethernet(0x86dd, ipv6(17, from: number, to: 0xc0a8_0000 | number, udp(1000, 53)))
            return [udpFrame(End(number, 1000), End(0xc0a8_0000 | number, 53)), ipv6]
        }
        return try folder.write(pcap(frames), as: "flows.pcap")
    }

    @Test func `cores that share a port take other filters, and lose nothing`() throws {
        let folder = try TemporaryFolder()
        let config = try Self.endless([Self.port(flows(folder), cores: [1, 2], endless: true)])
        let summary = try runWithReloads(20, config)
        #expect(summary.reloads == 20 && Tally.strangers == 0)
        #expect(summary.ports[0].spreading == .software)
        #expect(summary.lcores.allSatisfy { $0.counters.packets > 1000 })
    }

    @Test func `a core that is slow has the others wait, and nothing is lost between them`() throws {
        let folder = try TemporaryFolder()
        let port = try Self.port(flows(folder), cores: [1, 2, 3], endless: true)
        let stop = StopRequest()
        Thread.detachNewThread {
            Thread.sleep(forTimeInterval: 0.3)
            stop.request()
        }
        let folderOfRun = try TemporaryFolder()
        var config = Config(online: .init(ports: [port]))
        config.output = folderOfRun.path
        config.filter = "ip.addr == 0.0.0.7"
        var options = RunOptions()
        options.stop = stop
        options.logger.logLevel = .critical
        let summary = try Fovea.run(config, subscriptions: [Sluggish.self], options)
        #expect(summary.wasInterrupted && summary.counters.isBalanced)
        #expect(summary.counters[.delivered] > 0)
        #expect(summary.ports[0].statistics.packets == summary.counters.packets && summary.dropped == 0)
        #expect(summary.ports[0].mbufs.before == summary.ports[0].mbufs.after)
    }

    /// Frames sent to a tap interface come to its port; after that it is silent.
    @Test(.enabled(if: canMakeTaps, "there is no /dev/net/tun, or no right to make devices with it"))
    func `on a silent link time passes for all cores that share it`() throws {
        var port = Config.Port(device: "net_tap0,iface=fovea-quiet", cores: [1, 2, 3])
        port.spread = .software
        let flows = (1...100 as ClosedRange<UInt32>).map { udpFrame(End($0, 1000), End(0xc0a8_0000 | $0, 53)) }
        Thread.detachNewThread {
            for _ in 0..<100 where !send(flows, to: "fovea-quiet") { Thread.sleep(forTimeInterval: 0.02) }
        }
        let run = try Listening([port], witness: CoreWitness()) { config, _ in
            guard case .online(var online) = config.source else { return }
            online.duration = .seconds(3)
            config.source = .online(online)
            config.conntrack.udpInactivityTimeout = .milliseconds(300)
            config.filter = "udp.port == 1000"
        }
        #expect(run.summary.ports[0].spreading == .software && run.summary.ports[0].queues == 1)
        #expect(run.summary.counters[.idle] == 100 && run.summary.counters.connections == 100)
        #expect(run.summary.lcores.allSatisfy { $0.counters[.idle] > 10 })
    }
}

/// A capture of Ethernet frames, a millisecond apart.
private func pcap(_ frames: [Octets]) -> [UInt8] {
    func little(_ numbers: UInt32...) -> [UInt8] { numbers.flatMap { number in withUnsafeBytes(of: number.littleEndian) { [UInt8]($0) } } }
    return little(0xa1b2_c3d4, 0x0004_0002, 0, 0, 262_144, 1)
        + frames.enumerated().flatMap { little(1_700_000_000, UInt32($0.offset) * 1000, UInt32($0.element.count), UInt32($0.element.count)) + $0.element }
}

/// Sends frames out of a network interface (packet(7)); false when there is none of the name, or it is not up.
private func send(_ frames: [Octets], to interface: String) -> Bool {
    let descriptor = socket(AF_PACKET, Int32(SOCK_RAW.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    // sockaddr_ll: family, protocol, the interface's number, and what does not count here.
    let number = if_nametoindex(interface)
    guard number > 0 else { return false }
    let address = withUnsafeBytes(of: (UInt16(AF_PACKET), 0 as UInt16, number)) { [UInt8]($0) } + [UInt8](repeating: 0, count: 12)
    return frames.allSatisfy { frame in
        address.withUnsafeBytes { address in
            sendto(descriptor, frame, frame.count, 0, address.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(address.count)) == frame.count
        }
    }
}
