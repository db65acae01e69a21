import Packets
import Testing
@testable import Tracking

@Suite struct `Accounts of bytes` {
    private func outcomes(_ account: StreamAccount) -> [ByteOutcome: UInt64] {
        Dictionary(uniqueKeysWithValues: ByteOutcome.allCases.map { ($0, account[$0]) }.filter { $0.1 > 0 })
    }

    @Test(arguments: [
        (">S <SA >A >PA10", [.delivered: 10]),
        (">S <SA >A >PA10 >PA10@1", [.delivered: 10, .retransmitted: 10]),
        (">S <SA >A >PA10 >PA10@6", [.delivered: 15, .retransmitted: 5]),
        // Held twice.
        (">S <SA >A >PA10@11 >PA20@6 >PA5@1", [.delivered: 25, .retransmitted: 10]),
        // Held to the end.
        (">S <SA >A >PA10@11", [.delivered: 10]),
        // After its hole's time; before the place where it was picked up.
        (">S <SA >A >PA10@11 +11 >PA10@21 >PA20@1", [.delivered: 20, .late: 10, .retransmitted: 10]),
        (">PA10@11 >PA10@6", [.delivered: 10, .late: 5, .retransmitted: 5]),
        (">S <SA >A >PA5 >PA5@1500000000 >PA5@-1500000000", [.delivered: 5, .outOfWindow: 10]),
        // After FIN and RST, and in a RST.
        (">S <SA >A >FPA5 >PA5@6 >PA5@3", [.delivered: 5, .afterEnd: 7, .retransmitted: 3]),
        (">S <SA >A >PA5 >RA20 >PA5", [.delivered: 5, .afterEnd: 25]),
        (">S <SA >A >PA5 <RA >PA5@6 >PA5@1", [.delivered: 5, .afterEnd: 5, .retransmitted: 5]),
        // A SYN that an established host drops.
        (">S <SA >A >PA5 >S10@500", [.delivered: 5, .outOfWindow: 10]),
    ] as [(String, [ByteOutcome: UInt64])]) func `say what became of each`(sample: (text: String, outcomes: [ByteOutcome: UInt64])) throws {
        let run = try Run(Streams.self)
        run.send(sample.text)
        run.drain()
        let (party, stream) = (run.log.ended[0].originator, run.log.ended[0].originatorStream!)
        #expect(outcomes(stream) == sample.outcomes)
        #expect(stream.total == party.payloadBytes)
        #expect(run.counters.payloadBytes == party.payloadBytes)
    }

    @Test func `say what a snap length cut off`() throws {
        var talk = Talk(">S <SA >A >PA1000 >PA10 <PA500")
        talk.packets[3] = talk.packets[3].cut(to: 54 + 300)
        talk.packets[5] = talk.packets[5].cut(to: 54)
        let run = try Run(Streams.self)
        run.send(talk)
        run.drain()
        let record = run.log.ended[0]
        #expect(outcomes(record.originatorStream!) == [.delivered: 310, .notCaptured: 700])
        #expect(outcomes(record.responderStream!) == [.notCaptured: 500])
        #expect((record.originatorStream!.gaps, record.originatorStream!.gapBytes) == (1, 700))
    }

    @Test func `count segments`() throws {
        let run = try Run(Streams.self)
        run.send(">S <SA >A >PA10 >PA10@1 >PA10@6 >PA10@26 >PA10@26 >PA20@11 <PA5")
        run.drain()
        let stream = run.log.ended[0].originatorStream!
        #expect((stream.retransmittedSegments, stream.overlappingSegments, stream.outOfOrderSegments, stream.gaps) == (2, 2, 2, 0))
        let peer = run.log.ended[0].responderStream!
        #expect((peer.retransmittedSegments, peer.overlappingSegments, peer.outOfOrderSegments, peer.conflicts) == (0, 0, 0, 0))
    }

    /// What a subscription no longer wants costs no work, and is in the account all the same.
    @Test(arguments: 1...4) func `know what nobody wanted`(events: Int) throws {
        let run = try Run(Streams.self)
        var count = 0
        run.log.verdict = { _ in
            count += 1
            return count == events ? .done : .more
        }
        run.send(">S <SA >A >PA10 <PA20 >PA10@21 >PA10 >PA10 <PA20 >FA <FA")
        run.drain()
        let record = run.log.ended[0]
        let (a, b) = (record.originatorStream!, record.responderStream!)
        #expect(a.total == record.originator.payloadBytes && b.total == record.responder.payloadBytes)
        #expect(run.counters.payloadBytes == record.originator.payloadBytes + record.responder.payloadBytes)
        #expect(a[.unwanted] + b[.unwanted] > 0)
    }

    @Test func `are none where no stream was ever wanted`() throws {
        let run = try Run(Records.self)
        run.send(">S <SA >A >PA10 <PA20 >FA <FA")
        run.drain()
        #expect(run.log.ended[0].originatorStream == nil)
        #expect(run.counters[bytes: .unwanted] == 30)
        #expect(run.counters.payloadBytes == 30)
    }

    @Test func `count what comes after the report`() throws {
        let run = try Run(Streams.self)
        run.send(">S <SA >A >PA10 >FA <FA >A +10 >PA10@1")
        run.drain()
        #expect(run.log.ended[0].originatorStream?.total == 10)
        #expect(run.counters[bytes: .afterEnd] == 10)
        #expect(run.counters[.afterEnd] == 1)
    }

    @Test func `begin anew with the next connection of a place in the table`() throws {
        var options = Run.options
        options.maxConnections = 1
        let run = try Run(Streams.self, .everything, options)
        for port in 1...5 as ClosedRange<UInt16> {
            var talk = Talk()
            talk.client.port = port
            talk.say(">S <SA >A >PA10 >PA10@1 >PA5@41")
            run.send(talk)
        }
        run.drain()
        #expect(run.log.ended.count == 5)
        for record in run.log.ended {
            #expect(outcomes(record.originatorStream!) == [.delivered: 15, .retransmitted: 10])
            #expect(record.originatorStream!.gapBytes == 30)
        }
    }
}
