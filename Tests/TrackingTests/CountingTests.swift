import Packets
import Testing
@testable import Tracking

@Suite struct `Counting` {
    @Test(arguments: [false, true]) func `each direction has its packets and bytes`(swapped: Bool) throws {
        let record = try Run.record(">S <SA >A >PA100 <A <PA1000 <PA1000 >A", swapped: swapped)
        #expect((record.originator.packets, record.responder.packets) == (4, 4))
        #expect((record.originator.payloadBytes, record.responder.payloadBytes) == (100, 2000))
        #expect((record.originator.ipBytes, record.responder.ipBytes) == (260, 2160))
        #expect((record.originator.frameBytes, record.responder.frameBytes) == (316, 2216))
        #expect(record.first.nanoseconds == start)
        #expect(record.duration == 7_000_000)
        #expect(record.responder.first.nanoseconds == start + 1_000_000)
        #expect(record.responder.last.nanoseconds == start + 6_000_000)
    }

    @Test func `repeated bytes count again`() throws {
        let record = try Run.record(">S <SA >A >PA100 >PA100@1 >PA50@51")
        #expect(record.originator.payloadBytes == 250)
    }

    @Test func `first and last are the earliest and the latest time, whatever the order`() throws {
        let record = try Run.record(">S +3 <SA +-2 >A +-5 >PA5 +1 <A")
        func milliseconds(_ time: Timestamp) -> Int64 { (time.nanoseconds - start) / 1_000_000 }
        #expect([record.originator.first, record.originator.last].map(milliseconds) == [-3997, 1002])
        #expect([record.responder.first, record.responder.last].map(milliseconds) == [-2996, 3001])
        #expect(record.duration == 6_998_000_000)
    }

    @Test func `a frame cut by a snap length counts with its length on the wire`() throws {
        var talk = Talk(">S <SA >A >PA1000")
        talk.packets = talk.packets.map { $0.cut(to: 60) }
        let run = try Run(Records.self)
        run.send(talk)
        run.drain()
        #expect(run.log.ended[0].originator.payloadBytes == 1000)
        #expect(run.log.ended[0].originator.frameBytes == 1162)
        #expect(run.counters.cutPackets == 1)
        #expect(run.counters.bytes == 1216)
    }

    private func frames(_ text: String, _ frames: [Octets], vlanInKey: Bool = true) throws -> [ConnectionRecord] {
        var options = Run.options
        options.vlanInKey = vlanInKey
        let run = try Run(Records.self, .everything, options)
        run.send(frames.enumerated().map { Sent($1, at: start + Int64($0)) })
        run.drain()
        return run.log.ended
    }

    @Test func `protocols without a handshake say who has sent`() throws {
        let client = End(0x0a00_0001, 5353), server = End(0x0a00_0002, 53)
        let queries = try frames("UDP", [udpFrame(client, server), udpFrame(client, server, [])])
        #expect(queries.map(\.state) == [.s0])
        #expect(queries[0].originator.payloadBytes == 3)
        let answered = try frames("UDP", [udpFrame(client, server), udpFrame(server, client)])
        #expect(answered.map(\.state) == [.sf])
        #expect(answered[0].history == "")
        #expect(answered[0].transport == .udp)
        #expect(answered[0].originatorEvidence == .firstPacket)
    }

    @Test func `an ICMP query and its answer are one connection`() throws {
        let query = ethernet(0x0800, ipv4(1, from: 1, to: 2, [8, 0, 0, 0, 0, 1, 0, 1, 9, 9]))
        let answer = ethernet(0x0800, ipv4(1, from: 2, to: 1, [0, 0, 0, 0, 0, 1, 0, 1, 9, 9]))
        let records = try frames("ICMP", [query, answer, query])
        #expect(records.count == 1)
        #expect((records[0].originator.port, records[0].responder.port) == (8, 0))
        #expect((records[0].originator.packets, records[0].originator.payloadBytes) == (2, 4))
        #expect(records[0].state == .sf)
    }

    @Test func `SCTP has ports, and a protocol that nobody knows has none`() throws {
        let sctp = big(2905 as UInt16) + big(2906 as UInt16) + Octets(repeating: 0, count: 8)
        let records = try frames("SCTP", [ethernet(0x0800, ipv4(132, from: 1, to: 2, sctp)), ethernet(0x0800, ipv4(253, from: 1, to: 2, [1, 2, 3]))])
        #expect(Set(records.map { [$0.originator.port, $0.responder.port] }) == [[2905, 2906], [0, 0]])
        #expect(Set(records.map(\.transport.rawValue)) == [132, 253])
    }

    @Test func `IPv4 and IPv6 flows with the same low words are two connections`() throws {
        let four = ethernet(0x0800, ipv4(17, from: 1, to: 2, udp(1, 2)))
        let six = ethernet(0x86dd, ipv6(17, from: 1, to: 2, udp(1, 2)))
        let records = try frames("UDP", [four, six])
        #expect(records.count == 2)
        #expect(Set(records.map { "\($0.originator.address)" }) == ["0.0.0.1", "2001:db8::1"])
    }

    @Test func `one tuple in two VLANs is two connections, or one if the config says so`() throws {
        let client = End(0x0a00_0001, 5353), server = End(0x0a00_0002, 53)
        let frames = [[7], [8], [7, 8], []].map { udpFrame(client, server, vlans: $0) }
        let apart = try self.frames("VLANs", frames)
        #expect(apart.count == 4)
        #expect(Set(apart.map { [$0.vlans.outer, $0.vlans.inner] }) == [[7, 0], [8, 0], [7, 8], [0, 0]])
        let together = try self.frames("VLANs", frames, vlanInKey: false)
        #expect(together.count == 1)
        #expect(together[0].originator.packets == 4)
        #expect(together[0].vlans == (7, 0))
    }
}
