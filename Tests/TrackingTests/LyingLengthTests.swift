import Filters
import Packets
import Protocols
import TestSupport
import Testing

@testable import Tracking

/// Headers that claim more than is there, and memory that nobody has earned.
@Suite struct `Lying headers` {
    private func segment(_ sequence: UInt32, _ payload: Octets) -> Octets {
        ethernet(0x86dd, ipv6(6, from: 1, to: 2, tcpHeader(1, 2, sequence: sequence, acknowledgment: 1, flags: .ack) + payload))
    }

    @Test func `a jumbogram nearly half the circle behind does not trap`() throws {
        let run = try Run(Streams.self)
        let prefix = big(0x2001_0db8_0000_0000 as UInt64) + big(0 as UInt32)
        let payload: UInt32 = 0x7fff_ffff
        let next: UInt32 = 110
        let header = tcpHeader(1, 2, sequence: next &- (1 << 31 - 200), acknowledgment: 1, flags: .ack)
        // IPv6, payload length 0, hop-by-hop with a jumbo payload option (RFC 2675), TCP.
        let jumbo = ethernet(
            0x86dd,
            big(0x6000_0000 as UInt32) + [0, 0, 0, 64] + prefix + big(1 as UInt32) + prefix + big(2 as UInt32) + [6, 0, 0xc2, 4] + big(payload + 28) + header)
        run.send([
            Sent(segment(100, Octets(repeating: 1, count: 10)), at: start), Sent(segment(next &+ 1 << 30, Octets(repeating: 2, count: 10)), at: start),
            Sent(jumbo, at: start, wireLength: Int(payload) + 28 + 54),
        ])
        run.drain()
        #expect(run.counters[.tracked] == 3)
    }

    @Test func `no frame moves a stream on by more than a window`() throws {
        let run = try Run(Streams.self)
        run.send([
            Sent(segment(100, Octets(repeating: 1, count: 10)), at: start),
            Sent(ethernet(0x86dd, big(0x6000_0000 as UInt32) + [0, 0, 6, 64] + big(0x2001_0db8_0000_0000 as UInt64) + big(1 as UInt64)
                    + big(0x2001_0db8_0000_0000 as UInt64) + big(2 as UInt64) + tcpHeader(1, 2, sequence: 110, acknowledgment: 1, flags: .ack)),
                at: start, wireLength: 0x7fff_0000),
            Sent(segment(110, Octets(repeating: 3, count: 5)), at: start),
        ])
        run.drain()
        #expect(run.counters.streamBytes == 15)
        #expect(run.counters.gaps == 0)
    }

    @Test func `hellos that never end stay within the parsers' memory`() throws {
        var options = Run.options
        options.maxConnections = 5000
        options.parserMemory = 1 << 20
        let run = try Run(TLSNames.self, .tls, options)
        let connections: UInt32 = 300
        for number in 0..<connections {
            var sequence: UInt32 = 1
            let packets = (0..<20).map { piece in
                // A record; the first begins a ClientHello of 65,535 bytes.
                var bytes: Octets = [22, 3, 1] + big(1395 as UInt16) + (piece == 0 ? [1, 0, 0xff, 0xff, 3, 3] : [])
                bytes += Octets(repeating: 9, count: 1400 - bytes.count)
                defer { sequence += 1400 }
                return Sent(ethernet(0x0800, ipv4(6, from: 100 + number, to: 2, tcpHeader(1, 443, sequence: sequence, acknowledgment: 1, flags: .ack) + bytes)), at: start)
            }
            run.send(packets)
        }
        // 20 × 1,400 bytes of each, in an array that doubles: a megabyte holds some thirty of them.
        let stopped = run.counters.parserFailures[Int(ParserFailure.overBudget.rawValue)]
        #expect(stopped > UInt64(connections) / 2)
        #expect(stopped < UInt64(connections))
        run.drain()
    }

    @Test func `a VLAN filter sees the tag where the key has none`() throws {
        var options = Run.options
        options.vlanInKey = false
        let run = try Run(Records.self, .vlan(5), options)
        run.send([Sent(udpFrame(End(1, 1), End(2, 2), vlans: [5]), at: start)])
        run.drain()
        #expect(run.log.ended.count == 1)
        #expect(run.log.ended.first.map { $0.vlans.outer } == 5)
    }
}
