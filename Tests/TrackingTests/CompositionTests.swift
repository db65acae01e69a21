import Filters
import Packets
import Protocols
import TestSupport
import Testing
@testable import Tracking

/// Packets, establishment, sessions, streams and ticks of one connection, all at once.
private struct Everything: PacketTrackable, StreamTrackable, SessionTrackable, EstablishedTrackable, TickTrackable, ~Copyable {
    typealias Parser = ExclamationParser
    static let tick = TickInterval.packets(2)
    static let history: HistoryBudget? = HistoryBudget()
    private let ledger = Ledger.current

    init(_ connection: ConnectionRecord) { ledger.made += 1 }
    deinit { ledger.destroyed += 1 }

    static func makeReport(_ context: ReportContext) throws -> Log { Log.current }
    mutating func packet(_ packet: Packet, _ frame: RawSpan, from sender: Direction, _ log: inout Log) -> Verdict {
        log.note(.packet(sender, packet.payloadLength), "")
    }
    mutating func stream(_ bytes: RawSpan, from sender: Direction, _ log: inout Log) -> Verdict {
        log.note(.bytes(sender, bytes.withUnsafeBytes { Octets($0) }), "")
    }
    mutating func gap(_ byteCount: Int, from sender: Direction, _ log: inout Log) -> Verdict { log.note(.gap(sender, byteCount), "") }
    mutating func session(_ text: Octets, of connection: ConnectionRecord, _ log: inout Log) -> Verdict {
        log.names.append(String(decoding: text, as: UTF8.self))
        return log.note(.session, "")
    }
    mutating func established(_ connection: ConnectionRecord, _ log: inout Log) -> Verdict {
        log.note(.established(connection.originator.packets + connection.responder.packets), "")
    }
    mutating func ticked(_ connection: ConnectionRecord, _ log: inout Log) -> Verdict {
        log.note(.tick(connection.originator.packets + connection.responder.packets), "")
    }
    consuming func ended(_ connection: ConnectionRecord, _ log: inout Log) { log.ended.append(connection) }
}

@Suite struct `Several kinds of data at once` {
    private static func talk(_ payloads: [String], _ text: String) -> Talk {
        var talk = Talk()
        talk.payloads = payloads.map { Octets($0.utf8) }
        talk.say(text)
        return talk
    }

    private func events(_ talk: Talk, _ filter: String? = nil) throws -> [Event] {
        let run = try Run([.init(Everything.self, try filter.map { try Filter(parsing: $0) } ?? .everything)])
        run.send(talk)
        run.drain()
        #expect(run.log.ended.count == 1)
        #expect(run.ledger.made == run.ledger.destroyed - run.ledger.parsers)
        return run.log.events.map(\.event)
    }

    private static let usual = talk(["!one.", "!two."], ">S <SA >A >PA1 <A >PA1")

    /// Of one packet: the packet, what is known once it has been counted, what it completes, and its bytes.
    @Test func `come in one order for each packet`() throws {
        #expect(try events(Self.usual) == [
            .packet(.originator, 0), .packet(.responder, 0), .tick(2), .packet(.originator, 0), .established(3),
            .packet(.originator, 5), .tick(4), .session, .bytes(.originator, Octets("!one.".utf8)),
            .packet(.responder, 0), .packet(.originator, 5), .tick(6), .session, .bytes(.originator, Octets("!two.".utf8)),
        ])
    }

    @Test func `come at once when the packet that completes the handshake brings a session`() throws {
        #expect(try events(Self.talk(["!one."], ">S <SA >PA1")) == [
            .packet(.originator, 0), .packet(.responder, 0), .tick(2), .packet(.originator, 5), .established(3), .session,
            .bytes(.originator, Octets("!one.".utf8)),
        ])
    }

    @Test func `come later for what was lost on the way`() throws {
        // The first segment of two comes last.
        #expect(try events(Self.talk(["o.", "!tw"], ">S <SA >A >PA1@4 >PA1@1")) == [
            .packet(.originator, 0), .packet(.responder, 0), .tick(2), .packet(.originator, 0), .established(3), .packet(.originator, 2), .tick(4),
            .packet(.originator, 3), .bytes(.originator, Octets("!tw".utf8)), .session, .bytes(.originator, Octets("o.".utf8)),
        ])
    }

    /// The filter can tell with the fourth packet, which the history has, too.
    @Test func `come in the same order from a history, in which nothing ticks`() throws {
        #expect(try events(Self.usual, "conn.pkts >= 4") == [
            .packet(.originator, 0), .packet(.responder, 0), .packet(.originator, 0), .established(4),
            .packet(.originator, 5), .session, .bytes(.originator, Octets("!one.".utf8)),
            .packet(.responder, 0), .packet(.originator, 5), .tick(6), .session, .bytes(.originator, Octets("!two.".utf8)),
        ])
    }

    /// Segments in any order, some twice, some never: each kind of data is whole, and stands as it does in the usual order.
    @Test(arguments: 0..<100 as Range<UInt64>, [nil, "tcp.port == 443", "conn.pkts >= 3"])
    func `agree with each other in any order of packets`(seed: UInt64, filter: String?) throws {
        var random = SeededGenerator(seed: seed)
        var talk = Self.talk(["!one.", "..", "!tw", "o.!three.", "--"], ">S <SA >A >PA1 <PA1 >PA1 >PA1 <PA1 >FA <FA")
        if Bool.random(using: &random) { talk.packets.insert(talk.packets[Int.random(in: 3..<8, using: &random)], at: Int.random(in: 3..<8, using: &random)) }
        if Bool.random(using: &random) { talk.packets.remove(at: Int.random(in: 3..<8, using: &random)) }
        talk.packets[3..<8].shuffle(using: &random)
        let events = try events(talk, filter)
        let packets = events.filter { if case .packet = $0 { true } else { false } }
        #expect(packets.count == talk.packets.count)
        let establishments = events.indices.filter { if case .established = events[$0] { true } else { false } }
        #expect(establishments.count == 1)
        for (index, event) in events.enumerated() {
            switch event {
            // With or after the packet that they are of.
            case .session, .bytes, .gap: #expect(events[..<index].contains { if case .packet(_, 1...) = $0 { true } else { false } })
            case .tick: if case .packet = events[index - 1] {} else if case .established = events[index - 1] {} else { Issue.record("a tick of no packet: \(events)") }
            default: break
            }
            if index > establishments[0], case .established = event { Issue.record("established twice") }
        }
        // A session comes before the bytes that completed it, and all bytes before it have come.
        var stream: Octets = []
        var sessions = 0
        for event in events {
            if case .session = event { sessions += 1 }
            if case .bytes(.originator, let bytes) = event {
                stream += bytes
                #expect(stream.count { $0 == UInt8(ascii: ".") } <= sessions || events.contains { if case .gap(.originator, _) = $0 { true } else { false } })
            }
        }
    }
}

@Suite struct `Beginnings of streams` {
    private static func delivery(_ bytes: Int) -> Delivery {
        var delivery = Delivery()
        delivery.bytes = bytes
        return delivery
    }

    private func run(_ bytes: Int, _ text: String) throws -> Run {
        let run = try Run([.init(Streams.self, .everything, Self.delivery(bytes))])
        run.send(text)
        return run
    }

    @Test func `are what is given, of each direction`() throws {
        let run = try run(8, ">S <SA >A >PA5 <PA3 >PA5 >PA5 <PA3")
        #expect(run.log.stream(.originator) == Talk.bytes(1..<9).map(Optional.some))
        #expect(run.log.stream(.responder) == Talk.bytes(1..<7, .responder).map(Optional.some))
        run.drain()
        #expect(run.log.ended.count == 1)
    }

    @Test func `have gaps that end where they end`() throws {
        let run = try run(8, ">S <SA >A >PA5 >PA5@30 <PA10")
        run.drain()
        #expect(run.log.gaps == [3])
        #expect(run.log.stream(.originator).count == 8)
    }

    @Test func `end reassembly once both have been given`() throws {
        let run = try run(8, ">S <SA >A >PA10 <PA10 >PA10 <PA10")
        #expect(run.counters[bytes: .delivered] == 20)
        run.drain()
        #expect(run.counters[bytes: .unwanted] == 20)
        #expect(run.ledger.made == run.ledger.destroyed)
    }

    @Test func `are counted anew for the next connection, and go with their direction`() throws {
        let run = try run(8, "<PA5 >PA5 >S <SA >PA3 >PA9@4 <PA9@6")
        run.drain()
        #expect(run.log.stream(.originator).count <= 16 && run.log.stream(.responder).count <= 16)
        var options = Run.options
        options.maxConnections = 1
        let again = try Run([.init(Streams.self, .everything, Self.delivery(8))], options)
        for port in 0..<3 {
            var talk = Talk()
            talk.client.port = UInt16(1000 + port)
            talk.time = start + Int64(port) * second
            talk.say(">S <SA >A >PA20")
            again.send(talk)
        }
        again.drain()
        #expect(again.log.stream(.originator).count == 24)
    }
}
