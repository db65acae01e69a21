import Filters
import Packets
import Protocols
import TestSupport
import Testing
@testable import Tracking

extension Log {
    /// What happened, without whom it happened to.
    fileprivate var all: [Event] { events.map(\.event) }
    fileprivate var establishments: [UInt64] { all.compactMap { if case .established(let packets) = $0 { packets } else { nil } } }
    fileprivate var ticks: [UInt64] { all.compactMap { if case .tick(let packets) = $0 { packets } else { nil } } }
    fileprivate var packetLengths: [UInt32] { all.compactMap { if case .packet(_, let length) = $0 { length } else { nil } } }
}

private func delivery(packets: PacketSelection? = nil, tick: TickInterval? = nil, history: HistoryBudget? = nil) -> Delivery {
    var delivery = Delivery()
    (delivery.packets, delivery.tick, delivery.history) = (packets, tick, history)
    return delivery
}

@Suite struct `Established connections` {
    @Test(arguments: [
        (">S <SA >A >PA5 <PA5", [3]), (">S <SA >PA5", [3]), (">S <SA", []), (">S >S", []), (">S <RA", []), (">S <SA >R", []),
        // Picked up midstream: both have been heard.
        (">PA5 >PA5 <A >PA5", [3]), ("<PA5 <PA5", []),
        // The SYN-ACK comes first, or was lost.
        ("<SA >S >A", [3]), (">S >A <PA5 >A", [3]), (">S <SA >FA", [3]),
    ] as [(String, [UInt64])]) func `are told of once, when the handshake is complete`(talk: String, packets: [UInt64]) throws {
        let run = try Run(Establishments.self)
        run.send(talk)
        #expect(run.log.establishments == packets)
        run.drain()
        #expect(run.log.establishments == packets)
        #expect(run.log.ended.count == 1)
    }

    @Test func `are told of before the bytes of the packet, and after the packet`() throws {
        let run = try Run(Moments.self)
        run.send(">S <SA >PA2")
        #expect(run.log.all == [
            .packet(.originator, 0), .packet(.responder, 0), .packet(.originator, 2), .established(3), .tick(3), .bytes(.originator, Talk.bytes(1..<3)),
        ])
        run.drain()
    }

    @Test func `of UDP have an answer`() throws {
        let run = try Run(Establishments.self)
        let client = End(1, 5353), server = End(2, 53)
        run.send([Sent(udpFrame(client, server), at: start), Sent(udpFrame(client, server), at: start + 1)])
        #expect(run.log.establishments == [])
        run.send([Sent(udpFrame(server, client), at: start + 2), Sent(udpFrame(client, server), at: start + 3)])
        run.drain()
        #expect(run.log.establishments == [3])
    }

    @Test func `are told of once although the originator turns out to be the other one`() throws {
        let run = try Run(Establishments.self)
        run.send("<PA5 >PA5 <A >S <SA >A >PA1")
        run.drain()
        #expect(run.log.establishments == [2])
    }

    @Test func `of which a filter could tell late are told of at once, others not again`() throws {
        let late = try Filter(parsing: "tls")
        let run = try Run([.init(Establishments.self), .init(Establishments.self, late), .init(Establishments.self, .tcp && .port(1))])
        run.send(Sessions.talk())
        run.drain()
        // The ClientHello is recognised in the fourth packet.
        #expect(run.logs.map(\.establishments) == [[3], [4], []])
    }

    @Test(arguments: [Verdict.done, .unsubscribe]) func `need nothing more than that`(verdict: Verdict) throws {
        let run = try Run([.init(Establishments.self), .init(Moments.self)])
        run.logs[0].verdict = { _ in verdict }
        run.logs[1].verdict = { if case .established = $0 { verdict } else { .more } }
        run.send(">S <SA >A >PA5 >PA5 <PA5")
        #expect(run.logs[1].all == [.packet(.originator, 0), .packet(.responder, 0), .packet(.originator, 0), .established(3)])
        run.drain()
        #expect(run.logs.map(\.ended.count) == (verdict == .done ? [1, 1] : [0, 0]))
        #expect(run.ledger.made == run.ledger.destroyed)
    }

    @Test func `of a reused index know nothing of the one before`() throws {
        var options = Run.options
        options.maxConnections = 1
        let run = try Run(Establishments.self, .everything, options)
        for port in 0..<5 {
            var talk = Talk()
            talk.client.port = UInt16(1000 + port)
            talk.time = start + Int64(port) * second
            talk.say(port % 2 == 0 ? ">S <SA >A" : ">S")
            run.send(talk)
        }
        run.drain()
        #expect(run.log.events.map(\.connection) == ["1000", "1002", "1004"])
    }
}

@Suite struct `Ticks of connections` {
    private func ticks(_ interval: TickInterval, _ text: String) throws -> [UInt64] {
        let run = try Run([.init(Ticks.self, .everything, delivery(tick: interval))])
        run.send(text)
        run.drain()
        return run.log.ticks
    }

    @Test func `come with every so many packets`() throws {
        let ten = ">S <SA >A" + String(repeating: " >PA1", count: 7)
        #expect(try ticks(.packets(1), ten) == Array(1...10))
        #expect(try ticks(.packets(3), ten) == [3, 6, 9])
        #expect(try ticks(.packets(10), ten) == [10])
        #expect(try ticks(.packets(11), ten) == [])
        #expect(try ticks(.packets(.max), ten) == [])
    }

    @Test func `come with the packet that reaches the bytes, once although it reaches several`() throws {
        // Frames of 54 bytes and payload.
        #expect(try ticks(.bytes(1000), ">S <SA >A >PA800 >PA100 >PA4000 >PA10 <PA900") == [4, 6, 8])
        #expect(try ticks(.bytes(54), ">S <SA >A") == [1, 2, 3])
    }

    @Test func `come with the packet that reaches the time, and not in silence`() throws {
        #expect(try ticks(.seconds(1), ">S <SA >A >PA1 +0.9 >PA1 +0.2 >PA1 >PA1 +10 >PA1 >PA1 +0.9 >PA1") == [6, 8, 10])
        #expect(try ticks(.seconds(1), ">S +100") == [])
        // Time that goes back and comes again ticks once.
        #expect(try ticks(.seconds(1), ">S +1.5 >A +-1 >PA1 +1 >PA1") == [2])
    }

    @Test func `are those of each subscription`() throws {
        let intervals: [TickInterval] = [.packets(2), .packets(5), .bytes(1 << 40), .seconds(0.0035)]
        let run = try Run(intervals.map { .init(Ticks.self, .everything, delivery(tick: $0)) } + [.init(Records.self), .init(Moments.self)])
        run.send(">S" + String(repeating: " >PA1", count: 9))
        run.drain()
        #expect(run.logs.map(\.ticks) == [[2, 4, 6, 8, 10], [5, 10], [], [5, 8], [], [3, 6, 9]])
    }

    @Test func `begin where a filter could tell`() throws {
        let run = try Run([.init(Ticks.self, try Filter(parsing: "tls"), delivery(tick: .packets(3))), .init(Ticks.self, .tls, delivery(tick: .packets(1)))])
        var talk = Sessions.talk()
        talk.payloads = []
        talk.say(">PA1 <PA1 >PA1 >PA1")
        run.send(talk)
        run.drain()
        // Known with the fourth packet.
        #expect(run.logs.map(\.ticks) == [[6, 9], [5, 6, 7, 8, 9]])
    }

    @Test(arguments: [Verdict.done, .unsubscribe], 1...3) func `stop when a subscription says so, and others go on`(verdict: Verdict, last: UInt64) throws {
        let run = try Run([.init(Ticks.self), .init(Ticks.self)])
        run.logs[0].verdict = { $0 == .tick(last) ? verdict : .more }
        run.send(">S >PA1 >PA1 >PA1")
        #expect(run.logs.map(\.ticks) == [Array(1...last), Array(1...4)])
        run.drain()
        #expect(run.logs.map(\.ended.count) == [verdict == .done ? 1 : 0, 1])
    }

    @Test func `count from the beginning of each connection of an index`() throws {
        var options = Run.options
        options.maxConnections = 1
        let run = try Run([.init(Ticks.self, .everything, delivery(tick: .packets(3)))], options)
        for (port, packets) in [5, 2, 4, 3].enumerated() {
            var talk = Talk()
            talk.client.port = UInt16(1000 + port)
            talk.time = start + Int64(port) * second
            talk.say(String(repeating: ">PA1 ", count: packets))
            run.send(talk)
        }
        run.drain()
        #expect(run.log.events.map(\.connection) == ["1000", "1002", "1003"])
        #expect(run.log.ticks == [3, 3, 3])
    }

    /// Whatever the bursts, order and directions.
    @Test(arguments: 0..<10 as Range<UInt64>) func `are the same for any bursts`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var talk = Talk()
        for _ in 0..<60 { talk.say(["> PA\(Int.random(in: 0...1400, using: &random))", "<PA10", ">A", "+0.3"].randomElement(using: &random)!.replacing(" ", with: "")) }
        talk.packets.shuffle(using: &random)
        var before: [[UInt64]]?
        for burst in [1, 7, 64] {
            let run = try Run([TickInterval.packets(7), .bytes(3000), .seconds(1)].map { .init(Ticks.self, .everything, delivery(tick: $0)) })
            run.send(talk.packets, burst: burst)
            run.drain()
            let ticks = run.logs.map(\.ticks)
            #expect(before == nil || before == ticks)
            #expect(ticks[0] == Array(stride(from: 7, through: UInt64(talk.packets.count), by: 7)))
            before = ticks
        }
    }
}

@Suite struct `Packets of which only some are wanted` {
    private static let talk = ">S <SA >A" + (1...7).map { " >PA\($0)" }.joined()

    @Test(arguments: [
        (PacketSelection.all, [0, 0, 0, 1, 2, 3, 4, 5, 6, 7]), (.first(4), [0, 0, 0, 1]), (.first(100), [0, 0, 0, 1, 2, 3, 4, 5, 6, 7]), (.every(1), [0, 0, 0, 1, 2, 3, 4, 5, 6, 7]),
        (.every(4), [0, 2, 6]), (.every(100), [0]), (.first(0), []), (.every(0), [0, 0, 0, 1, 2, 3, 4, 5, 6, 7]), (.first(-1), []),
    ] as [(PacketSelection, [UInt32])]) func `are those of each connection`(selection: PacketSelection, lengths: [UInt32]) throws {
        let run = try Run([.init(Packets.self, .everything, delivery(packets: selection)), .init(PacketsAndStreams.self, .everything, delivery(packets: selection))])
        var talk = Talk(Self.talk)
        run.send(talk)
        #expect(run.logs.map(\.packetLengths) == [lengths, lengths])
        // The stream is no matter of packets.
        #expect(run.logs[1].stream(.originator).count == 28)
        talk = Talk()
        talk.client.port = 1
        talk.say(Self.talk)
        run.send(talk)
        run.drain()
        #expect(run.logs[0].packetLengths == lengths + lengths)
        #expect(run.logs[0].ended.count == 2)
    }

    @Test func `leave a connection that has brought them alone`() throws {
        let run = try Run([.init(Packets.self, .everything, delivery(packets: .first(2)))])
        run.send(">S <SA")
        #expect(run.pipeline.tracker.table.pointer(to: run.pipeline.tracker.table.slot(at: 0)).pointee.wants.isEmpty)
        run.drain()
    }

    @Test(arguments: [(PacketSelection.all, 10), (.first(3), 3), (.every(4), 3)]) func `of no connection are a core's`(selection: PacketSelection, count: Int) throws {
        let run = try Run([.init(Singles.self, .tcp, delivery(packets: selection)), .init(Singles.self)])
        run.send([Sent(udpFrame(End(1, 1), End(2, 2)), at: start)])
        run.send(Self.talk)
        run.drain()
        #expect(run.logs.map(\.singles.count) == [count, 11])
    }
}

@Suite struct `What came before a match` {
    private static let ample = HistoryBudget(packets: 1000, bytes: 1 << 20)
    private static func match(_ name: String = "www.example.org") throws -> Filter { try Filter(parsing: "tls.sni == \"\(name)\"") }

    /// A TLS connection after some plain chunks, and what it does afterwards.
    private static func talk(plain: [String] = ["ready", "STARTTLS", "go"], after: String = ">PA100 <PA200 >FA <FA") -> Talk {
        var talk = Sessions.talk(plain: plain)
        talk.payloads = []
        talk.say(after)
        return talk
    }

    /// A listener that always wanted the connection, and one whose filter could tell late.
    private func events(_ talk: [Sent], _ budget: HistoryBudget? = ample, _ filter: Filter? = nil, burst: Int = 32) throws -> (always: Log, late: Log, run: Run) {
        let run = try Run([
            .init(PacketsAndStreams.self), .init(PacketsAndStreams.self, try filter ?? Self.match(), delivery(history: budget)), .init(TLSNames.self),
        ])
        run.send(talk, burst: burst)
        run.drain()
        return (run.logs[0], run.logs[1], run)
    }

    @Test(arguments: [1, 32]) func `comes first and in order, as if the connection had always been wanted`(burst: Int) throws {
        let (always, late, run) = try events(Self.talk().packets, burst: burst)
        #expect(late.all == always.all)
        #expect(always.packetLengths.count == 12)
        #expect((run.counters.historyPacketsMissed, run.counters.historyBytesMissed) == (0, 0))
        #expect(late.ended.count == 1)
    }

    @Test func `is not there without a budget`() throws {
        let (always, late, _) = try events(Self.talk().packets, nil)
        #expect(late.packetLengths.count == 4)
        #expect(late.stream(.originator).count == 100)
        #expect(late.stream(.originator).count < always.stream(.originator).count)
    }

    @Test func `of a connection that does not match is given to nobody, and given back`() throws {
        let (_, late, run) = try events(Self.talk().packets, Self.ample, Self.match("another.example.org"))
        #expect(late.all.isEmpty && late.ended.isEmpty)
        #expect(run.pipeline.tracker.levels.histories.heldPages == 0)
        #expect(run.pipeline.tracker.levels.histories.poolByteCount > 0)
    }

    /// Gaps, repeated and swapped segments, and other connections in between.
    @Test(arguments: 0..<30 as Range<UInt64>) func `is the same whatever the order of packets`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var packets = Self.talk(plain: (0..<8).map { "chunk \($0)" }).packets
        for _ in 0..<3 {
            let index = Int.random(in: 3..<packets.count - 1, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: packets.insert(packets[index], at: index)
            case 1: packets.swapAt(index, index + 1)
            default: if index < 10 { packets.remove(at: index) }
            }
        }
        for index in packets.indices { packets[index].time = start + Int64(index) * 1_000_000 }
        let (always, late, run) = try events(packets, burst: Int.random(in: 1...20, using: &random))
        #expect(late.all == (run.logs[2].names.isEmpty ? [] : always.all))
    }

    @Test func `is there for filters that ask packets, counts, or the end`() throws {
        for text in ["tcp.flags.fin == 1", "conn.pkts >= 5", "conn.orig_bytes > 100", "conn.state == \"SF\"", "tcp.flags.fin == 1 and tls.sni exists"] {
            let (always, late, _) = try events(Self.talk().packets, Self.ample, Filter(parsing: text))
            #expect(late.all == always.all, "\(text)")
            #expect(!late.all.isEmpty, "\(text)")
        }
    }

    /// Gets those packets alone for which its filter holds.
    private struct Chosen: PacketTrackable {
        static let choosesPackets = true
        init(_ connection: ConnectionRecord) {}
        static func makeReport(_ context: ReportContext) -> Log { Log.current }
        mutating func packet(_ packet: Packet, _ frame: RawSpan, from sender: Direction, _ log: inout Log) -> Verdict {
            log.note(.packet(sender, packet.payloadLength), "")
        }
        consuming func ended(_ connection: ConnectionRecord, _ log: inout Log) {}
    }

    @Test(arguments: [
        ("tcp.flags.syn == 1 and tls.sni exists", [0, 0]), ("tcp.len == 200 and tls.sni exists", [200]), ("tcp.len == 5 and tls.sni exists", [5]), ("tls.sni == \"other\"", []),
    ] as [(String, [UInt32])]) func `is of the chosen packets only, where single ones are chosen`(text: String, lengths: [UInt32]) throws {
        let run = try Run([.init(Chosen.self, try Filter(parsing: text), delivery(history: Self.ample))])
        run.send(Self.talk())
        run.drain()
        #expect(run.log.packetLengths == lengths)
    }

    @Test func `ends where the budget of packets does, and the stream goes on`() throws {
        let (always, late, run) = try events(Self.talk().packets, HistoryBudget(packets: 5, bytes: 1 << 20))
        #expect(late.stream(.originator) == always.stream(.originator))
        #expect(late.packetLengths == Array(always.packetLengths.prefix(5) + always.packetLengths.suffix(4)))
        #expect(run.counters.historyPacketsMissed == 3)
    }

    @Test func `says as a gap how many bytes found no room`() throws {
        let (always, late, run) = try events(Self.talk(plain: ["0123456789", "0123456789"]).packets, HistoryBudget(packets: 0, bytes: 15))
        let (whole, there) = (always.stream(.originator), late.stream(.originator))
        let (answers, rest) = (always.stream(.responder), late.stream(.responder))
        #expect(there.count == whole.count && rest.count == answers.count)
        #expect(there.last == whole.last)
        // The originator's ten bytes and its hello; what the responder said had room, and its hello was at hand.
        #expect(late.gaps == [10 + Sessions.clientHello("www.example.org").count])
        #expect(run.counters.historyBytesMissed == UInt64(late.gaps.reduce(0, +)))
    }

    @Test func `shares the core's memory`() throws {
        var options = Run.options
        options.historyMemory = 4 * 2052
        let run = try Run([.init(PacketsAndStreams.self, try Self.match(), delivery(history: Self.ample))], options)
        for port in 0..<10 as Range<UInt16> {
            var talk = Talk()
            talk.client.port = 1000 + port
            talk.say(">S <SA >A >PA1000 >PA1000")
            run.send(talk)
        }
        #expect(run.pipeline.tracker.levels.histories.heldPages == 4)
        #expect(run.counters.historyPacketsMissed > 40 && run.counters.historyBytesMissed > 17_000)
        run.drain()
    }

    @Test(arguments: [Verdict.done, .unsubscribe], [1, 4, 5, 9, 10]) func `stops where a subscription says so`(verdict: Verdict, last: Int) throws {
        let run = try Run([.init(PacketsAndStreams.self, try Self.match(), delivery(history: Self.ample))])
        var count = 0
        run.log.verdict = { _ in
            count += 1
            return count == last ? verdict : .more
        }
        run.send(Self.talk())
        #expect(run.log.all.count == last)
        run.drain()
        #expect(run.log.ended.count == (verdict == .done ? 1 : 0))
        #expect(run.ledger.made == run.ledger.destroyed)
    }

    @Test func `has its directions right when the originator was corrected`() throws {
        let run = try Run([.init(PacketsAndStreams.self), .init(PacketsAndStreams.self, try Filter(parsing: "conn.pkts >= 6"), delivery(history: Self.ample))])
        run.send("<PA5@1 >S <SA@0 >A >PA7 >PA1")
        run.drain()
        #expect(run.logs[0].all.prefix(2) == [.packet(.originator, 5), .bytes(.originator, Talk.bytes(1..<6, .responder))])
        #expect(run.logs[0].all.contains(.reoriented) == false && run.log.ended[0].history.contains("^"))
        #expect(run.logs[1].all.prefix(2) == [.packet(.responder, 5), .bytes(.responder, Talk.bytes(1..<6, .responder))])
        #expect(run.logs[1].packetLengths == [5, 0, 0, 0, 7, 1])
        #expect(run.logs[1].stream(.originator) == Talk.bytes(1..<9))
    }

    @Test func `of a reused index is the new connection's`() throws {
        var options = Run.options
        options.maxConnections = 1
        let run = try Run([.init(Packets.self, try Filter(parsing: "conn.pkts >= 3"), delivery(history: Self.ample))], options)
        for (port, packets) in [2, 3, 1, 4].enumerated() {
            var talk = Talk()
            talk.client.port = UInt16(1000 + port)
            talk.time = start + Int64(port) * second
            talk.say((0..<packets).map { ">PA\(10 * port + $0 + 1) " }.joined())
            run.send(talk)
        }
        run.drain()
        #expect(run.log.packetLengths == [11, 12, 13, 31, 32, 33, 34])
    }
}

@Suite struct `Records that come with sessions` {
    private struct Counts: SessionTrackable {
        typealias Parser = TLSParser
        init(_ connection: ConnectionRecord) {}
        static func makeReport(_ context: ReportContext) -> Log { Log.current }
        mutating func session(_ session: TLSHandshake, of connection: ConnectionRecord, _ log: inout Log) -> Verdict {
            log.ended.append(connection)
            return .unsubscribe
        }
        consuming func ended(_ connection: ConnectionRecord, _ log: inout Log) {}
    }

    @Test func `stand as the connection does then`() throws {
        let run = try Run([.init(Counts.self), .init(Records.self)])
        run.send(Sessions.talk())
        run.send(">S >S")
        run.drain()
        let record = try #require(run.logs[0].ended.first)
        #expect(run.logs[0].ended.count == 1)
        #expect((record.originator.packets, record.responder.packets) == (3, 2))
        #expect(record.service == .tls)
        #expect(record.endReason == nil)
        #expect(run.logs[1].ended.contains { $0.uid == record.uid && $0.endReason != nil })
    }
}
