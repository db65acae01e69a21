import Filters
import Packets
import TestSupport
import Testing
@testable import Tracking

/// A clock that goes on by one each time somebody looks.
private final class Looks {
    var count: UInt64 = 0
    var look: () -> UInt64 {
        {
            self.count += 1
            return self.count
        }
    }
}

@Suite struct `A profile` {
    private static func profile(_ listeners: [Run.Listener], _ packets: [Sent], burst: Int = 32) throws -> (profile: PipelineProfile, run: Run) {
        let profile = PipelineProfile(maxConnections: Run.options.maxConnections, subscriptions: listeners.count, clock: Looks().look)
        let run = try Run(listeners, profile: profile)
        run.send(packets, burst: burst)
        run.drain()
        return (profile, run)
    }

    private static func flow(_ filter: String, _ packets: [Sent]) throws -> FilterFlow {
        try profile([.init(Records.self, try Filter(parsing: filter))], packets).profile.flows[0]
    }

    /// TLS to two names, TCP of no known protocol, and a datagram.
    private static var packets: [Sent] {
        var plain = Talk()
        plain.client.port = 40002
        plain.payloads = [Octets("hello".utf8)]
        plain.say(">S <SA >A >PA1 <A >FA <FA")
        let talks = [Sessions.talk("www.example.org", port: 40000).packets, Sessions.talk("other.example.com", port: 40001).packets, plain.packets]
        return talks.flatMap(\.self) + [Sent(udpFrame(End(1, 5353), End(2, 53)), at: start)]
    }

    @Test func `says what a filter leaves for the next stage`() throws {
        // 5 packets each of TLS, 7 of plain TCP, 1 of UDP.
        try #require(Self.packets.count == 18)
        let tcp = try Self.flow("tcp", Self.packets)
        #expect(tcp[.packet].packets == 17)
        #expect(tcp.connections(behind: .packet) == 3)
        #expect((tcp.connections(behind: .end), tcp.matches) == (3, 3))

        let port = try Self.flow("tcp.srcport == 40001", Self.packets)
        #expect((port[.packet].packets, port[.connection].packets) == (5, 5))
        #expect(port.connections(behind: .connection) == 1)
        // It is the responder's.
        let turned = try Self.flow("tcp.dstport == 40001", Self.packets)
        #expect((turned[.packet].packets, turned[.connection].packets) == (5, 0))
        #expect((turned.connections(behind: .packet), turned.connections(behind: .connection)) == (1, 0))

        // The one of no protocol is open to the end: TLS may begin late.
        let tls = try Self.flow("tls", Self.packets)
        #expect((tls[.packet].packets, tls[.discovery].packets) == (17, 17))
        #expect((tls.connections(behind: .packet), tls.matches) == (3, 2))

        let name = try Self.flow("tls.sni == \"www.example.org\"", Self.packets)
        #expect(name[.packet].packets == 17)
        // The last packet of the other one, a ServerHello's, brings the session, and with it the answer.
        #expect((name[.discovery].packets, name[.session].packets) == (17, 16))
        #expect((name.connections(behind: .session), name.matches) == (2, 1))
        #expect(name.wanted.packets == 16)
    }

    @Test func `counts packets one by one for those that want them so`() throws {
        let flow = try Self.profile([.init(Singles.self, try Filter(parsing: "udp or tcp.flags.syn"))], Self.packets).profile.flows[0]
        #expect(flow[.packet].packets == 7)
        #expect(flow.calls[Callback.packet.rawValue] == 7)
    }

    @Test func `counts what a subscription is called for`() throws {
        let (profile, run) = try Self.profile([.init(TLSNames.self, .tls), .init(PacketsAndStreams.self, .tcp && .port(40002))], Self.packets)
        let (names, streams) = (profile.flows[0], profile.flows[1])
        #expect(run.logs[0].names == ["www.example.org", "other.example.com"])
        #expect(names.calls[Callback.session.rawValue] == 2)
        #expect((names.calls[Callback.beginning.rawValue], names.calls[Callback.end.rawValue]) == (2, 2))
        #expect(streams.calls[Callback.packet.rawValue] == 7)
        #expect(streams.calls[Callback.stream.rawValue] == 1)
    }

    @Test func `gives each look of the clock to one stage, and calls' cycles to their subscription`() throws {
        let (profile, run) = try Self.profile([.init(TLSNames.self, .tls), .init(Moments.self)], Self.packets)
        let meter = profile.meter
        #expect(meter.allCycles == PipelineStage.allCases.reduce(0) { $0 + meter.cycles($1) })
        #expect(meter.entries(.callbacks) == profile.flows.reduce(0) { $0 + $1.calls.reduce(0, +) })
        #expect(meter.cycles(.callbacks) == profile.flows.reduce(0) { $0 + $1.callCycles.reduce(0, +) })
        #expect(meter.entries(.parsing) > 0 && meter.entries(.reassembly) > 0 && meter.entries(.decisions) > 0)
        #expect(profile.trackedPackets == 18)
        #expect(run.counters.packets == 18)
    }

    @Test func `receiving that brings nothing was waiting`() {
        let meter = StageMeter(clock: Looks().look)
        meter.enter(.receiving)
        meter.endReceiving(isEmpty: false)
        for _ in 0..<2 {
            meter.enter(.receiving)
            meter.endReceiving(isEmpty: true)
        }
        #expect((meter.entries(.receiving), meter.entries(.waiting)) == (1, 2))
    }

    @Test func `leaves what subscriptions are told as it is`() throws {
        let texts = ["tcp", "udp", "tls", "tls.sni ~ \"example\"", "ip.ttl < 100 and conn.pkts > 4", "not tls", "tcp.srcport == 40001"]
        for burst in [1, 5, 64] {
            func listeners() throws -> [Run.Listener] {
                try texts.map { .init(Moments.self, try Filter(parsing: $0)) } + [.init(TLSNames.self, .tls), .init(Singles.self, .udp)]
            }
            let plain = try Run(try listeners())
            plain.send(Self.packets, burst: burst)
            plain.drain()
            let (profile, measured) = try Self.profile(try listeners(), Self.packets, burst: burst)
            for (number, (one, other)) in zip(plain.logs, measured.logs).enumerated() {
                #expect(one.events.map { "\($0)" } == other.events.map { "\($0)" })
                #expect(one.names == other.names)
                #expect(one.ended.map { "\($0)" } == other.ended.map { "\($0)" })
                #expect(profile.flows[number][.packet].packets >= profile.flows[number].wanted.packets)
            }
            #expect(plain.counters.outcomes.span.indices.allSatisfy { plain.counters.outcomes[$0] == measured.counters.outcomes[$0] })
        }
    }
}
