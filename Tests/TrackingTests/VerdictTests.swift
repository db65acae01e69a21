import Filters
import Packets
import TestSupport
import Testing
@testable import Tracking

@Suite struct `Verdicts` {
    private static let exchange = ">S <SA >A >PA10 <PA20 >PA10@21 >PA10 <PA20 >FA <FA"

    /// Answers `verdict` from the nth event on.
    private func answer(_ verdict: Verdict, from first: Int) -> (Event) -> Verdict {
        var count = 0
        return { _ in
            count += 1
            return count >= first ? verdict : .more
        }
    }

    @Test(arguments: [Verdict.done, .unsubscribe], 1..<16) func `end callbacks at once, whichever event gets them`(verdict: Verdict, first: Int) throws {
        for type in 0..<2 {
            let run = try type == 0 ? Run(Streams.self) : Run(PacketsAndStreams.self)
            run.log.verdict = answer(verdict, from: first)
            run.send(Talk(Self.exchange).packets, burst: 1)
            run.advance(to: 10 * second)
            let events = run.log.events.count
            let isOver = events >= first
            // A type that conforms to both is done with both.
            #expect(events <= first)
            #expect(run.log.ended.count == (isOver && verdict == .unsubscribe ? 0 : 1))
            #expect((run.ledger.made, run.ledger.destroyed) == (1, 1))
            #expect(run.pipeline.tracker.reassembly.heldPages == 0)
            run.drain()
            #expect((run.ledger.made, run.ledger.destroyed) == (1, 1))
        }
    }

    @Test(arguments: [Verdict.done, .unsubscribe]) func `give held segments back`(verdict: Verdict) throws {
        let run = try Run(Streams.self)
        var talk = Talk(">S <SA >A >PA10@11 <PA10@11 >PA10@31")
        run.send(talk)
        #expect(run.pipeline.tracker.reassembly.heldPages == 2)
        run.log.verdict = { _ in verdict }
        talk.packets = []
        talk.say(">PA10@1")
        run.send(talk)
        #expect(run.pipeline.tracker.reassembly.heldPages == 0)
        #expect(run.log.events.count == 1)
        talk.packets = []
        talk.say(">PA10 <PA10@1 >PA10@100")
        run.send(talk)
        #expect(run.log.events.count == 1)
        #expect(run.pipeline.tracker.reassembly.heldPages == 0)
        run.drain()
    }

    @Test(arguments: [Verdict.done, .unsubscribe]) func `in the middle of what has become ready stop the rest`(verdict: Verdict) throws {
        for first in 1...6 {
            let run = try Run(Streams.self)
            run.log.verdict = answer(verdict, from: first)
            run.send(">S <SA >A >PA10@11 >PA10@21 >PA3000@51 >PA10@4000 >PA10@1 >PA20@31")
            #expect(run.log.events.count <= first)
            #expect(run.pipeline.tracker.reassembly.heldPages == 0 || run.log.events.count < first)
            run.drain()
            #expect(run.log.events.count <= first)
            #expect((run.ledger.made, run.ledger.destroyed) == (1, 1))
        }
    }

    @Test func `of one subscription do not touch another's work`() throws {
        let run = try Run([.init(Streams.self), .init(Streams.self), .init(PacketsAndStreams.self)])
        run.logs[0].verdict = { _ in .done }
        run.logs[2].verdict = { _ in .unsubscribe }
        run.send(Talk(Self.exchange))
        run.drain()
        #expect(run.logs[0].events.count == 1)
        #expect(run.logs[1].stream(.originator).map { $0 ?? 0 }.count == 40)
        #expect(run.logs[2].events.count == 1)
        #expect(run.logs.map(\.ended.count) == [1, 1, 0])
        #expect((run.ledger.made, run.ledger.destroyed) == (3, 3))
    }

    /// Every way for a connection to end, with every verdict on the way.
    @Test(arguments: 0..<30 as Range<UInt64>) func `destroy each value once`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var options = Run.options
        options.maxConnections = 20
        options.reassemblyMemory = 20_000
        let run = try Run([.init(Streams.self), .init(PacketsAndStreams.self, .tcp), .init(Exclamations.self), .init(TLSNames.self, .tls), .init(Records.self)], options)
        for log in run.logs {
            var generator = random
            _ = random.next()
            log.keepsEvents = false
            log.verdict = { _ in [.more, .more, .more, .more, .more, .more, .done, .unsubscribe].randomElement(using: &generator)! }
        }
        var time = start
        for _ in 0..<100 {
            var talk = Talk()
            talk.client.port = UInt16.random(in: 1...40, using: &random)
            talk.time = time
            talk.firstNumbers.client = UInt32.random(in: 0...100_000, using: &random)
            talk.payloads = (0..<20).map { _ in
                ["!hello.", "!a.!b.", "plain", "!x?", "\u{16}\u{3}\u{1}", "!unfinished"].randomElement(using: &random).map { Octets($0.utf8) }!
            }
            talk.say([">S <SA >A", ">S", ""].randomElement(using: &random)!)
            for _ in 0..<Int.random(in: 0...8, using: &random) {
                talk.say([">PA5", "<PA5", ">PA5@90", "<PA5@3000", ">PA5@1", ">A", "+1"].randomElement(using: &random)!)
            }
            talk.say([">FA <FA", ">R", "", "+7", ">FA <FA +7 >A"].randomElement(using: &random)!)
            time = talk.time + Int64.random(in: 0...80 * second, using: &random)
            run.send(talk.packets, burst: Int.random(in: 1...8, using: &random))
        }
        run.drain()
        let lives = run.ledger.made + run.ledger.parsers
        #expect(run.ledger.destroyed == lives)
        #expect(run.logs[4].ended.count == run.counters.connections)
    }
}

@Suite struct `Subscribers` {
    /// The list of them is a generic type that is not copyable: its references must go all the same.
    @Test func `go with their pipeline`() throws {
        let options = Run.options
        let context = ReportContext(subscription: "test", lcore: 0, outputFolder: nil)
        weak var weakly: Subscriber?
        do {
            let subscriber = try Streams._makeSubscriber(SubscriberOrder(filter: .tcp, context: context, maxConnections: options.maxConnections))
            weakly = subscriber
            var pipeline = Pipeline(options, subscribers: [subscriber])
            pipeline.drain()
            #expect(weakly != nil)
        }
        #expect(weakly == nil)
    }

    @Test func `are at most 64, each with a bit of its own`() throws {
        let run = try Run((0..<64).map { _ in Run.Listener(Streams.self) })
        run.logs[63].verdict = { _ in .unsubscribe }
        run.send(">S <SA >A >PA5 <PA5")
        run.drain()
        #expect(run.logs.prefix(63).allSatisfy { $0.events.count == 2 && $0.ended.count == 1 })
        #expect(run.logs[63].events.count == 1)
        #expect(run.logs[63].ended.count == 0)
    }

    @Test func `see connections that their filter wants`() throws {
        let run = try Run([
            .init(Records.self, .tcp && .port(443)), .init(Records.self, .port(80)), .init(Records.self, .source("10.0.0.1")),
            .init(Records.self, .source("10.0.0.2")), .init(Records.self, .nothing),
        ])
        run.send("<SA >A")
        run.drain()
        #expect(run.logs.map(\.ended.count) == [1, 0, 1, 0, 0])
        #expect(run.log.ended[0].responder.packets == 1)
        run.send([Sent(udpFrame(End(7, 7), End(8, 8)), at: start)])
        #expect(run.counters[.filtered] == 1)
    }
}
