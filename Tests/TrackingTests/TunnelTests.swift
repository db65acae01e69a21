import Filters
import Packets
import Testing
@testable import Tracking

@Suite struct `Connections in tunnels` {
    private let client = End(0x0a00_0001, 40000), server = End(0x0a00_0002, 53)

    private func packet(_ from: End, _ to: End) -> Octets { ipv4(17, from: from.address, to: to.address, udp(from.port, to.port)) }
    private func vxlan(_ network: UInt32, from: UInt32 = 1, to: UInt32 = 2, _ packet: Octets) -> Octets {
        ethernet(0x0800, ipv4(17, from: from, to: to, udp(50000, 4789, [8, 0, 0, 0] + big(network << 8) + ethernet(0x0800, packet))))
    }
    private func gre(from: UInt32 = 1, to: UInt32 = 2, _ packet: Octets) -> Octets { ethernet(0x0800, ipv4(47, from: from, to: to, [0, 0, 8, 0] + packet)) }

    private func records(_ frames: [Octets], _ change: (inout TrackerOptions) -> Void = { _ in }) throws -> (records: [ConnectionRecord], counters: Counters) {
        var options = Run.options
        change(&options)
        let run = try Run(Records.self, .everything, options)
        run.send(frames.enumerated().map { Sent($1, at: start + Int64($0)) })
        run.drain()
        return (run.log.ended, run.counters)
    }

    @Test func `a record tells the inner flow, the tunnel and the outer ends`() throws {
        let frames = [vxlan(77, packet(client, server)), vxlan(77, from: 2, to: 1, packet(server, client))]
        let (records, counters) = try records(frames)
        #expect(records.count == 1)
        let record = records[0]
        #expect((record.originator.port, record.responder.port) == (40000, 53))
        #expect((record.originator.packets, record.responder.packets) == (1, 1))
        #expect(record.originator.frameBytes == UInt64(frames[0].count) && record.originator.ipBytes == 31)
        let tunnel = try #require(record.tunnel), outer = try #require(record.outer)
        #expect(tunnel.kind == .vxlan && tunnel.id == 77)
        #expect(outer.transport == .udp)
        #expect("\(outer.originator.address) \(outer.originator.port) \(outer.responder.address) \(outer.responder.port)" == "0.0.0.1 50000 0.0.0.2 4789")
        #expect(counters[.tracked] == 2 && counters.unopenedTunnels == 0)
    }

    @Test func `the outer ends are turned with the originator`() throws {
        // A SYN-ACK comes first: who sent it is the responder.
        let answer = ipv4(6, from: 8, to: 9, tcpHeader(443, 40000, sequence: 1, acknowledgment: 1, flags: [.syn, .ack]))
        let record = try #require(records([gre(from: 20, to: 30, answer)]).records.first)
        #expect("\(record.originator.address)" == "0.0.0.9")
        let outer = try #require(record.outer)
        #expect("\(outer.originator.address) \(outer.responder.address) \(outer.transport.rawValue)" == "0.0.0.30 0.0.0.20 47")
    }

    @Test func `one tuple in two tunnels is two connections, or one if the config says so`() throws {
        let inner = packet(client, server)
        let frames = [vxlan(7, inner), vxlan(8, inner), gre(inner), ethernet(0x0800, inner)]
        let apart = try records(frames).records
        #expect(apart.count == 4)
        #expect(Set(apart.map { $0.tunnel.map { "\($0.kind) \($0.id)" } ?? "-" }) == ["vxlan 7", "vxlan 8", "gre 0", "-"])
        let together = try records(frames) { $0.tunnelInKey = false }.records
        #expect(together.count == 1)
        #expect(together[0].originator.packets == 4 && together[0].tunnel?.id == 7)
    }

    @Test func `with tunnels off the outer flow is the flow`() throws {
        let inner = packet(client, server)
        let outer = try records([vxlan(7, inner), gre(inner)]) { $0.tunnels = [] }.records
        #expect(Set(outer.map(\.transport.rawValue)) == [17, 47])
        #expect(outer.allSatisfy { $0.tunnel == nil && $0.outer == nil })
    }

    @Test func `what cannot be read inside counts for the outer flow`() throws {
        let (records, counters) = try records([gre([0x45, 0, 0]), gre(packet(client, server))])
        #expect(Set(records.map(\.transport.rawValue)) == [17, 47])
        #expect(counters[.tracked] == 2 && counters[.malformed] == 0 && counters.unopenedTunnels == 1)
    }

    @Test func `a connection in another's place has nothing of its tunnel`() throws {
        var options = Run.options
        options.maxConnections = 1
        let run = try Run(Records.self, .everything, options)
        let frames = (0..<6).map { number in
            let inner = packet(End(100 + UInt32(number), 1), server)
            return number % 2 == 0 ? gre(inner) : ethernet(0x0800, inner)
        }
        run.send(frames.enumerated().map { Sent($1, at: start + Int64($0)) })
        run.drain()
        #expect(run.log.ended.count == 6)
        for record in run.log.ended {
            let isTunneled = record.originator.address.low % 2 == 0
            #expect((record.tunnel != nil) == isTunneled && (record.outer != nil) == isTunneled)
        }
    }

    @Test func `filters ask the inner flow`() throws {
        let run = try Run(Records.self, .port(53) && .udp)
        run.send([Sent(gre(packet(client, server)), at: start), Sent(gre(packet(client, End(5, 54))), at: start + 1)])
        run.drain()
        #expect(run.log.ended.map(\.responder.port) == [53])
        #expect(run.counters[.filtered] == 1)
    }

    @Test func `extras fill a cache line at most`() { #expect(MemoryLayout<ConnectionExtras>.stride <= ConnectionExtras.stride) }
}
