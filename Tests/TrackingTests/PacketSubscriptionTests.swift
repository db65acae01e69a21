import Filters
import Packets
import Testing
@testable import Tracking

@Suite struct `Packet subscriptions` {
    private static let client = End(0x0a00_0001, 5353), server = End(0x0a00_0002, 53)
    /// UDP, TCP, ARP, a fragment, a broken IPv4 header, a frame too short for its link layer.
    private static let frames: [Octets] = [
        udpFrame(client, server), Talk(">S").packets[0].bytes, ethernet(0x0806, Octets(repeating: 0, count: 28)),
        ethernet(0x0800, ipv4(17, from: client.address, to: server.address, fragment: 100, [1, 2, 3])), ethernet(0x0800, [0x43] + Octets(repeating: 0, count: 30)),
        [1, 2, 3],
    ]

    private func delivered(_ filter: Filter, besides others: [Run.Listener] = []) throws -> (problems: [PacketProblem?], counters: Counters) {
        let run = try Run([.init(Singles.self, filter)] + others)
        run.send(Self.frames.enumerated().map { Sent($1, at: start + Int64($0)) })
        run.drain()
        return (run.log.singles, run.counters)
    }

    @Test func `get everything that their filter lets through`() throws {
        let all = try delivered(.everything)
        #expect(all.problems == [PacketProblem.none, .none, .none, .none, .ipBadHeaderLength, .linkHeaderCut].map { Optional($0) })
        #expect(PacketOutcome.allCases.map { all.counters[$0] } == [0, 0, 2, 0, 0, 1, 1, 2])
        #expect(all.counters[PacketProblem.ipBadHeaderLength] == 1)
        #expect(all.counters[PacketProblem.linkHeaderCut] == 1)
        #expect(all.counters.connections == 0)
    }

    @Test(arguments: [
        (".arp", Filter.arp, 1), ("udp", .udp, 2), ("port 53", .port(53), 1), ("tcp", .tcp, 1), ("address", .address("10.0.0.1"), 3), ("not tcp", !.tcp, 5),
        ("nothing", .nothing, 0), ("source", .source("10.0.0.2"), 0), ("tls: cannot be told from a packet", .tls, 1),
    ]) func `get no more than that`(wish: (name: String, filter: Filter, count: Int)) throws {
        #expect(try delivered(wish.filter).problems.count == wish.count, "\(wish.name)")
    }

    @Test func `get packets that connections have, too`() throws {
        let both = try delivered(.everything, besides: [.init(Records.self, .udp)])
        #expect(both.problems.count == 6)
        #expect(PacketOutcome.allCases.map { both.counters[$0] } == [1, 0, 1, 0, 0, 1, 1, 2])
    }

    @Test func `packets that nobody wants are counted as such`() throws {
        let none = try delivered(.nothing, besides: [.init(Records.self, .icmp)])
        #expect(PacketOutcome.allCases.map { none.counters[$0] } == [0, 2, 0, 0, 0, 1, 1, 2])
    }
}
