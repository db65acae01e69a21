import Filters
import Packets
import Testing
@testable import Tracking

@Suite struct `Originator` {
    @Test(arguments: [false, true]) func `is who sent the SYN`(swapped: Bool) throws {
        let record = try Run.record(">S <SA >A", swapped: swapped)
        #expect(record.originatorEvidence == .syn)
        #expect(record.originator.port == 40000)
        #expect(record.history == "ShA")
    }

    @Test(arguments: [false, true]) func `is who was sent a SYN-ACK`(swapped: Bool) throws {
        let record = try Run.record("<SA >A >PA5", swapped: swapped)
        #expect(record.originatorEvidence == .synAck)
        #expect(record.originator.port == 40000)
        #expect((record.originator.packets, record.responder.packets) == (2, 1))
    }

    @Test(arguments: [false, true]) func `is who sent the first packet when nothing better is known`(swapped: Bool) throws {
        let record = try Run.record("<PA5 >A", swapped: swapped)
        #expect(record.originatorEvidence == .firstPacket)
        #expect(record.originator.port == 443)
        #expect(record.history == "Da")
    }

    @Test(arguments: [false, true]) func `is corrected by a SYN that comes late`(swapped: Bool) throws {
        let record = try Run.record("<SA >S >A", swapped: swapped)
        #expect(record.originatorEvidence == .syn)
        #expect(record.originator.port == 40000)
        #expect(record.history == "hSA")
        #expect(record.state == .s1)
    }

    @Test(arguments: [false, true]) func `is corrected, with a mark in the history, when the wrong side was first`(swapped: Bool) throws {
        let record = try Run.record("<PA5 >S <SA >A", swapped: swapped)
        #expect(record.originatorEvidence == .syn)
        #expect(record.originator.port == 40000)
        #expect(record.history.hasPrefix("d^S"))
        #expect((record.originator.packets, record.responder.packets) == (2, 2))
        let answered = try Run.record("<PA5 <SA >A", swapped: swapped)
        #expect(answered.originatorEvidence == .synAck)
        #expect(answered.originator.port == 40000)
        #expect(answered.history.hasPrefix("d^h"))
    }

    @Test(arguments: [false, true]) func `stays who it is when the responder sends a SYN, too`(swapped: Bool) throws {
        let record = try Run.record(">S <S <SA >SA", swapped: swapped)
        #expect(record.originator.port == 40000)
        #expect(!record.history.contains("^"))
    }

    @Test(arguments: [false, true]) func `is corrected for whoever has been told before`(swapped: Bool) throws {
        let run = try Run(Streams.self)
        run.send(Talk("<PA5 <PA5 >S <SA#1 >A >PA3", swapped: swapped))
        run.drain()
        // What the server said first was handed out as the originator's.
        #expect(run.log.events.map(\.event) == [
            .bytes(.originator, Talk.bytes(1..<6, .responder)), .bytes(.originator, Talk.bytes(6..<11, .responder)), .reoriented,
            .bytes(.originator, Talk.bytes(1..<4)),
        ])
        #expect(run.counters.correctedOriginators == 1)
    }

    @Test(arguments: [false, true]) func `is corrected before filters decide for good`(swapped: Bool) throws {
        // The server's port as the source's, and as the destination's.
        let talk = Talk("<PA5 >S <SA#1 >A >PA3", swapped: swapped)
        let run = try Run([.init(Streams.self, try Filter(parsing: "tcp.srcport == 443")), .init(Streams.self, try Filter(parsing: "tcp.dstport == 443"))])
        run.send(talk)
        run.drain()
        #expect(run.logs[0].ended.isEmpty)
        #expect(run.logs[1].ended.count == 1)
        #expect(run.logs[1].events.map(\.event) == [.bytes(.originator, Talk.bytes(1..<4))])
        #expect((run.ledger.made, run.ledger.destroyed) == (2, 2))
    }

    @Test func `that is right from the start is nobody's news`() throws {
        let run = try Run(Streams.self)
        run.send(">S <SA >A >PA3 <PA4")
        run.send("<SA >S >A")
        run.drain()
        #expect(!run.log.events.contains { $0.event == .reoriented })
        #expect(run.counters.correctedOriginators == 0)
    }
}
