import Packets
import Testing
@testable import Tracking

@Suite struct `Holes in streams` {
    @Test func `gives up holes first to last, and no more of them than it must`() throws {
        var options = Run.options
        options.reassemblyPerDirection = 2 * SegmentPages.cost
        let run = try Run(Streams.self, .everything, options)
        var talk = Talk(">S <SA >A >PA10@11 >PA10@2511 >PA10@5011")
        run.send(talk)
        #expect(run.log.events.map(\.event) == [.gap(.originator, 10), .bytes(.originator, Talk.bytes(11..<21))])
        #expect(run.counters.holesGivenUp == 1)
        talk.packets = []
        talk.say(">PA2490@21")
        run.send(talk)
        #expect(run.log.stream(.originator).count == 2520)
        run.drain()
        #expect(run.log.gaps == [10, 2490])
        #expect(run.log.stream(.originator).count == 5020)
    }

    @Test func `a segment that found room for a part only is not lost`() throws {
        var options = Run.options
        options.reassemblyPerDirection = SegmentPages.cost
        let run = try Run(Streams.self, .everything, options)
        run.send(">S <SA >A >PA5000@11")
        #expect(run.log.events.map(\.event).first == .gap(.originator, 10))
        #expect(run.log.stream(.originator).dropFirst(10).map { $0! } == Talk.bytes(11..<5011))
        #expect(run.counters[bytes: .retransmitted] == 0)
    }

    @Test func `one full direction does not give up another's holes`() throws {
        var options = Run.options
        options.reassemblyPerDirection = SegmentPages.cost
        let run = try Run(Streams.self, .everything, options)
        run.send(">S <SA >A <PA10@11 >PA10@11 >PA10@3031 <PA10@1 >PA10@1")
        #expect(run.log.stream(.responder).map { $0! } == Talk.bytes(1..<21, .responder))
    }

    /// Fourteen connections, each with a hole, share three pages.
    @Test func `shares its budget among connections`() throws {
        var options = Run.options
        options.reassemblyMemory = 3 * SegmentPages.cost
        let run = try Run(Streams.self, .everything, options)
        for port in 1...14 as ClosedRange<UInt16> {
            var talk = Talk()
            talk.client.port = port
            talk.say(">S <SA >A >PA10@11")
            run.send(talk)
            #expect(run.pipeline.tracker.reassembly.heldPages == min(Int(port), 3))
        }
        #expect(run.counters.holesGivenUp == 11)
        run.drain()
        #expect(run.log.gaps == Array(repeating: 10, count: 14))
    }

    /// The hole that has waited longest is given up, whoever needs the room; what is behind it comes at once.
    @Test func `are given up in the order in which they opened`() throws {
        var options = Run.options
        options.reassemblyMemory = 2 * SegmentPages.cost
        let run = try Run(Streams.self, .everything, options)
        var ended: [String] = []
        for port in 1...4 as ClosedRange<UInt16> {
            var talk = Talk()
            talk.client.port = port
            talk.say(">S <SA >A >PA5@11")
            run.send(talk)
            ended.append("\(run.log.events.count)")
        }
        #expect(ended == ["0", "0", "2", "4"])
        #expect(run.log.events.map(\.event) == [0, 1].flatMap { _ in [Event.gap(.originator, 10), .bytes(.originator, Talk.bytes(11..<16))] })
        #expect(Set(run.log.events.map(\.connection)).count == 2)
        #expect(run.counters.holesGivenUp == 2)
        run.drain()
    }

    @Test func `of both directions share a connection's budget, and the older is given up`() throws {
        var options = Run.options
        options.reassemblyPerConnection = 2 * SegmentPages.cost
        let run = try Run(Streams.self, .everything, options)
        run.send(">S <SA >A <PA10@11 >PA10@11 >PA10@3031")
        #expect(run.log.events.map(\.event) == [.gap(.responder, 10), .bytes(.responder, Talk.bytes(11..<21, .responder))])
        #expect(run.pipeline.tracker.reassembly.heldPages == 2)
        run.drain()
    }

    /// One page may have many of them: they are given up until it is free, and not one a connection.
    @Test func `that share a page are given up together`() throws {
        var options = Run.options
        options.reassemblyMemory = SegmentPages.cost
        let run = try Run(Streams.self, .everything, options)
        var talk = Talk(">S <SA >A")
        for place in stride(from: 2, to: 1000, by: 2) { talk.send(.originator, [.ack], place: place, ack: 1, [Talk.byte(place, .originator)]) }
        talk.say("<PA10@11")
        run.send(talk)
        #expect(run.log.gaps == Array(repeating: 1, count: 499))
        #expect(run.counters.held == 10)
        run.drain()
    }

    /// 10,000 connections, each without its first byte, and data without end.
    @Test(.timeLimit(.minutes(1))) func `of 10,000 connections at once stay within the budget, and all behind them comes`() throws {
        let connections = 10_000, segments = 6, length = 1000
        var options = Run.options
        options.maxConnections = 20_000
        options.reassemblyMemory = 1000 * SegmentPages.cost
        let run = try Run(Streams.self, .everything, options)
        run.log.keepsEvents = false
        var delivered = 0, gaps = 0
        run.log.verdict = { event in
            switch event {
            case .bytes(_, let bytes): delivered += bytes.count
            case .gap(_, let count): gaps += count
            default: break
            }
            return .more
        }
        for segment in 0..<segments {
            var talk = Talk()
            talk.time = start + Int64(segment) * second
            for connection in 0..<connections {
                talk.client = End(0x0a01_0000 + UInt32(connection), 1000)
                if segment == 0 { talk.send(.originator, .syn, place: 0, ack: 0, []) }
                talk.send(.originator, [.ack], place: 2 + segment * length, ack: 1, Talk.bytes(0..<length))
                talk.time = start + Int64(segment) * second
            }
            run.send(talk.packets, burst: 64)
            #expect(run.pipeline.tracker.reassembly.heldPages <= 1000)
        }
        run.drain()
        #expect(delivered == connections * segments * length)
        #expect(gaps == connections)
        #expect(run.counters.reassemblyPeak <= options.reassemblyMemory)
    }

    @Test func `are given up after a time, by packets of others, too`() throws {
        let run = try Run(Streams.self)
        run.send(">S <SA >A >PA10@11 +2 >PA10@41")
        run.advance(to: 9 * second)
        #expect(run.log.events.isEmpty)
        var other = Talk()
        other.client.port = 7
        other.time = start + 10 * second + 3_000_000
        other.say(">S")
        run.send(other)
        // The second hole lies in the same page, as old as its oldest bytes.
        #expect(
            run.log.events.map(\.event) == [
                .gap(.originator, 10), .bytes(.originator, Talk.bytes(11..<21)), .gap(.originator, 20), .bytes(.originator, Talk.bytes(41..<51)),
            ])
        #expect(run.counters.holesTimedOut == 2)
        run.drain()
    }

    @Test func `have their time from when the bytes behind them came`() throws {
        let run = try Run(Streams.self)
        run.send(">S <SA >A >PA10@11 +6 >PA10@3011")
        run.advance(to: 11 * second)
        #expect(run.log.gaps == [10])
        run.advance(to: 15 * second)
        #expect(run.log.gaps == [10])
        run.advance(to: 17 * second)
        #expect(run.log.gaps == [10, 2990])
        run.drain()
    }

    /// What comes in the hole makes what is left of it no younger; what closes it gives the next its time.
    @Test func `are no younger for what comes in them`() throws {
        let run = try Run(Streams.self)
        run.send(">S <SA >A >PA10@5011 +9 >PA10@2011")
        run.advance(to: 11 * second)
        #expect(run.log.gaps == [2010, 2990])
        run.drain()

        let other = try Run(Streams.self)
        other.send(">S <SA >A >PA10@11 >PA10@31 +9 >PA10@1")
        other.advance(to: 15 * second)
        #expect(other.log.gaps == [])
        other.advance(to: 20 * second)
        #expect(other.log.gaps == [10])
        other.drain()
    }

    /// However packets fall into bursts: the segment that comes too late finds its hole given up.
    @Test(arguments: [1, 64]) func `are closed to what comes after their time`(burst: Int) throws {
        let run = try Run(Streams.self)
        run.send(Talk(">S <SA >A >PA10@11 +11 >PA10@1 >PA10@21").packets, burst: burst)
        #expect(run.log.gaps == [10])
        #expect(run.counters[bytes: .late] == 10)
        #expect(run.log.stream(.originator).count == 30)
        run.drain()
    }

    @Test func `a storm of them is spread over bursts`() throws {
        var options = Run.options
        options.reassemblyMemory = 4 << 20
        let run = try Run(Streams.self, .everything, options)
        for port in 1...900 as ClosedRange<UInt16> {
            var talk = Talk()
            talk.client.port = port
            talk.say(">S <SA >A >PA1@2")
            run.send(talk)
        }
        run.advance(to: 12 * second)
        #expect((run.log.gaps.count, run.counters.holesTimedOut) == (512, 512))
        run.advance(to: 12 * second)
        #expect((run.log.gaps.count, run.counters.holesTimedOut) == (900, 900))
        run.drain()
    }

    @Test(arguments: [
        (">S <SA >A >PA5 >FA@11", [5]), (">S <SA >A >PA5 >FPA5@11", [5]), (">S <SA >A >PA5 >PA5@11 >FA@21 <FA >A", [5, 5]), (">S <SA >A >FA", []),
        // A RST says nothing of what was sent before it, and a FIN in the past is none.
        (">S <SA >A >PA5 >R@11", []), (">S <SA >A >PA50 >F@11", []),
    ]) func `before the FIN are told at the end`(talk: (text: String, gaps: [Int])) throws {
        let run = try Run(Streams.self)
        run.send(talk.text)
        run.drain()
        #expect(run.log.gaps == talk.gaps)
    }
}
