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
}
