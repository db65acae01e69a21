import Capture
import Foundation
import Packets
import TestSupport
import Testing

@Suite struct `Ports of a flow rule` {
    @Test(arguments: [(443, 443, 1), (0, 65535, 1), (1, 65534, 30), (1024, 65535, 6), (8000, 8080, 3)] as [(UInt16, UInt16, Int)])
    func `a range is a few blocks`(first: UInt16, last: UInt16, count: Int) {
        #expect(FlowRule.PortBits.covering(first...last).count == count)
    }

    @Test(arguments: 0..<20 as Range<UInt64>) func `blocks hold a range's ports and no other, each once`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let (one, other) = (UInt16.random(in: .min ... .max, using: &random), UInt16.random(in: .min ... .max, using: &random))
        let range = min(one, other)...max(one, other)
        let blocks = FlowRule.PortBits.covering(range)
        for port in UInt16.min ... .max {
            let holding = blocks.count { port & $0.mask == $0.value }
            if holding != (range.contains(port) ? 1 : 0) { Issue.record("\(port) of \(range) is in \(holding) of \(blocks)") }
        }
    }
}

/// What devices answer; of those that run without a card only net_tap has flow rules.
extension `Capture` {
    private static var https: FlowRule {
        var rule = FlowRule()
        rule.ipVersion = 4
        rule.transport = .tcp
        rule.destinationPort = .init(443)
        return rule
    }

    @Test(arguments: ["net_null0", "net_pcap0,rx_pcap=\(trace("tls.pcap"))", "net_ring0"])
    func `a device without flow rules says that it has none`(device: String) throws {
        let port = try Port(device: device, Port.Options(lcores: [1]))
        for action in [FlowRule.Action.spread, .queue(0), .drop] {
            var rule = Self.https
            rule.action = action
            let answer = port.validate(rule)
            #expect(answer == "not supported: the driver has no flow rules")
        }
    }

    @Test func `what contradicts itself is no question to a driver`() throws {
        let port = try Port(device: "net_null0", Port.Options(lcores: [1]))
        func answer(_ change: (inout FlowRule) -> Void) -> String? {
            var rule = Self.https
            change(&rule)
            return port.validate(rule)
        }
        let source = try #require(IPPrefix(IPAddress("2001:db8::")!, length: 32))
        #expect(answer { $0.source = source } == "2001:db8::/32 needs IP version 6")
        #expect(answer { $0.ipVersion = nil } == "a transport needs an IP version")
        #expect(answer { $0.ipVersion = 5 } == "there is no IP version 5")
        #expect(answer { $0.transport = .icmp } == "ports need TCP, UDP or SCTP")
        #expect(answer { $0.action = .queue(1) } == "there are 1 queues, and no queue 1")
        #expect(answer { $0.action = .queue(-1) } == "there are 1 queues, and no queue -1")
    }

    @Test(.enabled(if: canMakeTaps, "there is no /dev/net/tun, or no right to make devices with it"))
    func `a device with flow rules takes those that it can do, and says why not of others`() throws {
        let port = try Port(device: "net_tap0,iface=fovea-flow", Port.Options(lcores: [1, 2]))
        func answer(_ change: (inout FlowRule) -> Void = { _ in }) -> String? {
            var rule = Self.https
            change(&rule)
            return port.validate(rule)
        }
        // Spreading is a BPF program of the driver's, which not every kernel takes.
        #expect([nil, "Operation not supported"].contains(answer()))
        #expect(answer { $0.action = .drop } == nil)
        #expect(answer { $0.action = .queue(1) } == nil)
        let hosts = try #require(IPPrefix(IPAddress("192.0.2.1")!, length: 32)), net = try #require(IPPrefix(IPAddress("2001:db8::")!, length: 32))
        #expect(answer { ($0.source, $0.action) = (hosts, .drop) } == nil)
        #expect(answer { ($0.ipVersion, $0.destination, $0.transport, $0.action) = (6, net, .udp, .drop) } == nil)
        #expect(answer { ($0.transport, $0.action) = (.sctp, .drop) } == "item not supported")
    }

    /// CAP_NET_ADMIN is number 12 of the process's capabilities.
    static var canMakeTaps: Bool {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("CapEff:") }
        let capabilities = line.flatMap { UInt64($0.dropFirst(7).trimmingCharacters(in: .whitespaces), radix: 16) } ?? 0
        return capabilities >> 12 & 1 == 1 && access("/dev/net/tun", R_OK | W_OK) == 0
    }
}
