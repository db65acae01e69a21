import Filters
import Packets
import Protocols
import TestSupport
import Testing
@testable import Tracking

@Suite struct `New filters between two bursts` {
    private static func filter(_ text: String) throws -> Filter { try Filter(parsing: text) }

    /// A datagram of a flow that has a number.
    private static func datagram(_ flow: UInt16, at time: Int64) -> Sent { Sent(udpFrame(End(0x0a00_0001, flow), End(0x0a00_0002, 53)), at: start + time) }

    @Test func `leave connections from before all of their packets, streams and records`() throws {
        let run = try Run(PacketsAndStreams.self)
        var talk = Talk(">S <SA >A >PA5")
        run.send(talk)
        try run.adopt(.udp)
        talk.packets = []
        talk.say("<PA7 >PA3 >FA <FA >A")
        run.send(talk)
        var other = Talk()
        other.client.port = 40001
        other.say(">S <SA >A >PA5 >FA <FA >A")
        run.send(other)
        run.drain()
        #expect(run.log.ended.map { $0.originator.packets + $0.responder.packets } == [9])
        #expect(run.log.stream(.originator) == Talk.bytes(1..<9) && run.log.stream(.responder) == Talk.bytes(1..<8, .responder))
        #expect(run.counters[.filtered] == 7)
        #expect((run.ledger.made, run.ledger.destroyed) == (1, 1))
    }

    @Test func `are what new connections meet, while those from before go on`() throws {
        let run = try Run(Records.self, .udp && .port(1))
        run.send([Self.datagram(1, at: 0), Self.datagram(2, at: 1)])
        try run.adopt(.udp && .port(2))
        run.send([Self.datagram(1, at: 2), Self.datagram(2, at: 3), Self.datagram(2, at: 4), Self.datagram(3, at: 5)])
        run.drain()
        #expect(run.log.ended.map(\.originator.port).sorted() == [1, 2])
        #expect(run.log.ended.map(\.originator.packets) == [2, 2])
        #expect(run.counters[.filtered] == 2)
    }

    @Test(arguments: [
        // What was asked before the hello, what is asked since, whether the connection is wanted at its end.
        ("tls.sni == 'www.example.org'", "tls.sni == 'other'", false), ("tls.sni == 'other'", "tls.sni == 'www.example.org'", true),
        ("tls.sni == 'other'", "tcp", true), ("tls.sni == 'other'", "udp", false), ("conn.orig_bytes > 100000", "tls.sni exists", true),
        ("tls.sni == 'other'", "conn.pkts == 5", true), ("conn.pkts > 1000", "conn.pkts > 1001", false),
    ])
    func `are asked by connections from before that had not decided`(before: String, after: String, isWanted: Bool) throws {
        for rest in [2, 0] {
            let run = try Run(Records.self, Self.filter(before))
            let talk = `Sessions`.talk()
            run.send(Array(talk.packets.prefix(3)))
            #expect(run.pipeline.tracker.count == 1 && run.log.ended.isEmpty)
            try run.adopt(Self.filter(after))
            // Without a further packet there is no name, and no further packet.
            run.send(Array(talk.packets.dropFirst(3).prefix(rest)))
            run.drain()
            let needsRest = after.hasPrefix("tls") || after == "conn.pkts == 5"
            #expect(run.log.ended.count == (isWanted && (rest > 0 || !needsRest) ? 1 : 0), "with \(rest) more packets")
        }
    }

    @Test func `do not ask again what a connection from before has decided`() throws {
        let run = try Run([.init(Records.self, .tcp), .init(Records.self, .udp)])
        let talk = `Sessions`.talk()
        run.send(Array(talk.packets.prefix(3)))
        try run.adopt(.udp, .tcp)
        run.send(Array(talk.packets.dropFirst(3)))
        run.drain()
        #expect(run.logs.map(\.ended.count) == [1, 0])
    }

    @Test func `bring the parser that they need`() throws {
        let run = try Run(Records.self, .tcp && .port(1))
        #expect(run.pipeline.parsedServices == [])
        let memory = run.pipeline.memory
        try run.adopt(Self.filter("tls.sni == 'www.example.org'"))
        #expect(run.pipeline.parsedServices == [.tls])
        #expect(run.pipeline.memory.messages == memory.messages + Run.options.parserMemory && run.pipeline.memory.parsers > memory.parsers)
        for (port, name) in [(40000, "www.example.org"), (40001, "other")] as [(UInt16, String)] { run.send(`Sessions`.talk(name, port: port)) }
        // Once more: it has the parser.
        let one = run.pipeline.memory
        try run.adopt(Self.filter("tls.sni == 'other'"))
        #expect(run.pipeline.memory == one)
        run.send(`Sessions`.talk("other", port: 40002))
        run.drain()
        #expect(run.log.ended.map(\.originator.port).sorted() == [40000, 40002])
    }

    @Test func `say beforehand what they will take`() throws {
        let run = try Run([.init(Records.self, .tcp), .init(TLSNames.self, .udp)])
        let subscriber = try Records._makeSubscriber(SubscriberOrder(
            filter: .tcp, context: ReportContext(subscription: "", lcore: 0, outputFolder: nil), maxConnections: Run.options.maxConnections))
        let alone = Pipeline(Run.options, subscribers: [subscriber])
        let edition = try FilterEdition([Self.filter("tls.sni exists and conn.pkts > 3")], for: [subscriber], Run.options, parsed: alone.parsedServices)
        let sum = edition.memory(with: alone.memory)
        #expect(sum.total - alone.memory.total > Run.options.parserMemory + 1000 * MemoryLayout<TLSParser>.stride)
        // Where there is the parser it is the connections' words, for a thousand and one of them.
        let filters = [try Self.filter("tls.sni exists"), Filter.everything]
        let other = try FilterEdition(filters, for: [subscriber, subscriber], Run.options, parsed: run.pipeline.parsedServices)
        #expect((1...65536).contains(other.memory(with: run.pipeline.memory).total - run.pipeline.memory.total))
    }

    @Test func `know a new connection at the place of one from before`() throws {
        var options = Run.options
        options.maxConnections = 4
        let run = try Run(Records.self, .udp, options)
        run.send((1...4).map { Self.datagram($0, at: 0) })
        try run.adopt(.udp && .port(7))
        // From before: still wanted.
        run.send([Self.datagram(1, at: second)])
        #expect(run.counters[.filtered] == 0)
        run.advance(to: 100 * second)
        #expect(run.pipeline.tracker.count == 0 && run.pipeline.tracker.elders == 0)
        // The same ports once more, and others at the old ones' places.
        run.send([Self.datagram(7, at: 101 * second), Self.datagram(1, at: 101 * second), Self.datagram(2, at: 101 * second), Self.datagram(7, at: 101 * second)])
        #expect(run.counters[.filtered] == 2)
        run.drain()
        #expect(run.log.ended.map(\.originator.packets).sorted() == [1, 1, 1, 2, 2])
    }

    @Test func `are let go by the engine with the next ones`() throws {
        let run = try Run(Records.self, .udp)
        weak var second: FilterEdition?
        try run.adopt(.tcp)
        do {
            let edition = try run.adopt(.udp)
            second = edition
            run.send([Self.datagram(1, at: 0)])
        }
        #expect(second == nil)
        run.drain()
    }

    /// Two subscriptions of records, whose filters are others after every burst; a model says what each is to be told.
    @Test(arguments: 0..<8 as Range<UInt64>) func `300 times leave each connection what was decided when it began`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let limits = [0, 3, 10, 20, 40] as [UInt16]
        func filter(_ limit: UInt16) throws -> Filter { try Self.filter("udp.srcport <= \(limit)") }
        var options = Run.options
        options.maxConnections = 1000
        options.udpInactivityTimeout = 3 * second
        let run = try Run([.init(Records.self, filter(3)), .init(Records.self, filter(10))], options)
        /// Connections that are in the table: packets, the last one's time, who wants them.
        var open: [UInt16: (packets: UInt64, last: Int64, wanted: [Bool])] = [:]
        var expected = [[String]](repeating: [], count: 2)
        var current = [3, 10] as [UInt16]
        var filtered: UInt64 = 0, time: Int64 = 0
        func end(_ flow: UInt16) {
            guard let one = open.removeValue(forKey: flow) else { return }
            for number in 0..<2 where one.wanted[number] { expected[number].append("\(flow): \(one.packets)") }
        }

        for _ in 0..<300 {
            var packets: [Sent] = []
            for _ in 0..<Int.random(in: 0...40, using: &random) {
                time += Int64.random(in: 0...20_000_000, using: &random)
                let flow = UInt16.random(in: 1...50, using: &random)
                packets.append(Self.datagram(flow, at: time))
                if var one = open[flow] {
                    (one.packets, one.last) = (one.packets + 1, time)
                    open[flow] = one
                } else if current.contains(where: { flow <= $0 }) {
                    open[flow] = (1, time, current.map { flow <= $0 })
                } else {
                    filtered += 1
                }
            }
            run.send(packets, burst: 64)
            // Silence, now and then, for more than the timeout and all ticks.
            if Int.random(in: 0..<20, using: &random) == 0 {
                time += 10 * second
                run.advance(to: time)
                for flow in open.keys.sorted() { end(flow) }
            } else {
                // Nothing may have been silent for long by the next burst.
                let due = open.filter { time - $0.value.last > second }.keys.sorted()
                let packets = due.map { Self.datagram($0, at: time) }
                for flow in due { open[flow] = open[flow].map { ($0.packets + 1, time, $0.wanted) } }
                run.send(packets, burst: 64)
            }
            current = [limits.randomElement(using: &random)!, limits.randomElement(using: &random)!]
            try run.adopt(filter(current[0]), filter(current[1]))
        }
        for flow in open.keys.sorted() { end(flow) }
        run.drain()
        #expect(run.counters[.filtered] == filtered)
        for number in 0..<2 {
            let told = run.logs[number].ended.map { "\($0.originator.port): \($0.originator.packets)" }
            #expect(told.sorted() == expected[number].sorted())
            #expect(told.count > 20)
        }
    }
}
