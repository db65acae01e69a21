import Packets
import TestSupport
import Testing
@testable import Tracking

/// The defaults: 5 s to establish, 300 s idle for TCP, 60 s for others, 5 s closing, a tombstone until 60 s after the last packet.
@Suite struct `Timeouts` {
    /// How many connections are reported when this talk is over and so many seconds have passed since its beginning.
    private func ended(_ text: String, after seconds: Double) throws -> [EndReason?] {
        let run = try Run(Records.self)
        run.send(text)
        run.advance(to: Int64(seconds * 1e9))
        return run.log.ended.map(\.endReason)
    }

    @Test(arguments: [
        (">S", 5.0), (">S <SA", 5), (">S +4 >S", 9), (">S <SA >A", 300), (">S <SA >A +100 <PA5", 400), (">PA5 <A", 300), (">S <A", 5),
        (">S >A >A", 5),
    ]) func `end a silent TCP connection, at most two ticks late`(talk: (text: String, seconds: Double)) throws {
        #expect(try ended(talk.text, after: talk.seconds - 0.01) == [])
        #expect(try ended(talk.text, after: talk.seconds + 0.21) == [.idle])
    }

    @Test(arguments: [17, 1, 132, 253] as [UInt8]) func `end other silent connections after a minute`(number: UInt8) throws {
        let run = try Run(Records.self)
        let frame = ethernet(0x0800, ipv4(number, from: 1, to: 2, number == 17 ? udp(1, 2) : Octets(repeating: 0, count: 12)))
        run.send([Sent(frame, at: start)])
        run.advance(to: 59 * second)
        #expect(run.log.ended.isEmpty)
        run.advance(to: 61 * second)
        #expect(run.log.ended.map(\.endReason) == [.idle])
    }

    @Test func `end a silent connection when the first burst had nothing to track`() throws {
        let run = try Run(Records.self)
        run.send([Sent(ethernet(0x0806, Octets(repeating: 0, count: 28)), at: start)])
        run.send([Sent(udpFrame(End(1, 1), End(2, 2)), at: start)])
        run.advance(to: 61 * second)
        #expect(run.log.ended.map(\.endReason) == [.idle])
    }

    @Test func `a silent connection's next packet begins another even if nobody has looked`() throws {
        for (text, count) in [(">S <SA >A +299 >PA5", 1), (">S <SA >A +301 >PA5", 2), (">S +6 >S", 2), (">S +4 >S +4 >S", 1)] {
            let records = try Run.records(Talk(text))
            #expect(records.count == count, "\(text)")
            #expect(records.dropLast().allSatisfy { $0.endReason == .idle })
        }
    }

    @Test func `a closed connection takes late packets, is reported, and then ignores them`() throws {
        let run = try Run(Records.self)
        var talk = Talk(">S <SA >A >FA <FA")
        run.send(talk)
        #expect(run.log.ended.isEmpty)
        talk.packets = []
        talk.say("+4 >A")
        run.send(talk)
        #expect(run.counters[.afterEnd] == 0)
        run.advance(to: 10 * second)
        #expect(run.log.ended.map(\.endReason) == [.fin])
        #expect(run.log.ended[0].originator.packets == 4)
        #expect(run.pipeline.tracker.count == 1)
        for late in 1...3 {
            talk.packets = []
            talk.say("+20 >A")
            run.send(talk)
            #expect(run.counters[.afterEnd] == UInt64(late))
            #expect(run.counters.connections == 1)
        }
        run.advance(to: 140 * second)
        #expect(run.pipeline.tracker.count == 0)
        talk.packets = []
        talk.say("+70 >PA5")
        run.send(talk)
        #expect(run.counters.connections == 2)
        run.drain()
        #expect(run.log.ended.map(\.endReason) == [.fin, .drained])
    }

    @Test(arguments: [(">S <SA >A >FA <FA", EndReason.fin), (">S <SA >A >R", .rst), (">S <RA", .rst)])
    func `a SYN with another number after the end begins another at once`(talk: (text: String, end: EndReason)) throws {
        for pause in ["", "+1 ", "+20 "] {
            for syn in [">S@90000", "<S@90000"] {
                let run = try Run(Records.self)
                run.send(talk.text + " " + pause + syn)
                #expect(run.log.ended.map(\.endReason) == [talk.end])
                #expect(run.counters.connections == 2)
                #expect(run.counters.reusedTuples == 1)
                run.drain()
                #expect(run.log.ended[1].originator.port == (syn.hasPrefix(">") ? 40000 : 443))
            }
        }
    }

    @Test func `the same SYN again after the end does not`() throws {
        let records = try Run.records(Talk(">S <SA >A >FA <FA >S +1 >S"))
        #expect(records.count == 1)
        let answered = try Run.records(Talk(">S <SA >A >FA <FA <SA@500"))
        #expect(answered.count == 1)
    }

    @Test func `midstream packets make no connection if the config says so`() throws {
        var options = Run.options
        options.midstream = false
        let run = try Run(Records.self, .everything, options)
        run.send(">PA5 <A >FA >R >-")
        #expect(run.counters[.midstream] == 5)
        #expect(run.counters.connections == 0)
        run.send("+10 <SA >A")
        #expect(run.counters.connections == 1)
        run.send("+11 <SA +1 >A +400 >PA5 +400 >A")
        #expect(run.counters[.midstream] == 7)
        #expect(run.counters.connections == 1)
    }

    @Test func `a connection that turns out to be an attempt has an attempt's timeout`() throws {
        #expect(try ended(">PA5 +1 <S", after: 6.3) == [.idle])
    }

    @Test(arguments: [
        (">S", EndReason.drained), (">S <SA >A >FA <FA", .fin), (">S <RA", .rst), (">S <SA >A >FA", .drained), (">PA5", .drained),
    ]) func `what is left at the end says why`(talk: (text: String, end: EndReason)) throws {
        #expect(try Run.record(talk.text).endReason == talk.end)
    }

    @Test func `a tombstone is not reported again at the end`() throws {
        let run = try Run(Records.self)
        run.send(">S <SA >A >FA <FA")
        run.advance(to: 20 * second)
        run.drain()
        #expect(run.log.ended.map(\.endReason) == [.fin])
    }

    @Test func `time that goes back ends nothing`() throws {
        let run = try Run(Records.self)
        run.send(">S <SA >A +-100000 >PA5 +50000 <A")
        run.advance(to: -10 * second)
        #expect(run.log.ended.isEmpty)
        run.drain()
        #expect(run.log.ended[0].originator.packets == 3)
    }

    @Test func `a leap of ten years ends all at once, without a hang`() throws {
        let run = try Run(Records.self)
        for port in 1...500 as ClosedRange<UInt16> {
            var talk = Talk()
            talk.client.port = port
            talk.say(">S <SA >A")
            run.send(talk)
        }
        run.advance(to: 10 * 365 * 86_400 * second)
        #expect(run.log.ended.count == 500)
        #expect(run.pipeline.tracker.count == 0)
    }

    @Test func `the greatest and the smallest times do no harm`() throws {
        let run = try Run(Records.self)
        for time in [start, 0, -1, .min, .max, .max - 1, start] as [Int64] {
            var talk = Talk()
            talk.time = time == .max ? .max - 10_000_000 : time
            talk.say(">S <SA >A >FA <FA")
            run.send(talk)
        }
        run.drain()
    }
}

@Suite struct `Bursts` {
    /// Talks of some clients that open, idle, close, reuse and go on after the end, mixed by time.
    private func traffic(seed: UInt64) -> [Sent] {
        var random = SeededGenerator(seed: seed)
        var packets: [Sent] = []
        for client in 0..<60 as Range<UInt16> {
            var talk = Talk()
            talk.client.port = 1000 + client
            if client % 3 == 0 { swap(&talk.client.address, &talk.server.address) }
            talk.time = start + Int64.random(in: 0...200 * second, using: &random)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                talk.say([">S", ">S <SA >A", ">S@90000 <SA@50000 >A", ">PA5", "<SA"].randomElement(using: &random)!)
                for _ in 0..<Int.random(in: 0...5, using: &random) {
                    talk.say([">PA50", "<PA500", ">A", "<A", ">PA5@500", ">R@700000", "+3", "+4.95", "+6", "+50", "+58", "+320"].randomElement(using: &random)!)
                }
                talk.say([">FA <FA >A", ">R", "<RA", "", ">FA +3 <FA", "<FA >FA +70 >A", ">FA <FA +30 >A +55 >A +5 <A"].randomElement(using: &random)!)
                talk.say(["", "+1", "+5.5", "+20", "+59", "+66", "+400"].randomElement(using: &random)!)
            }
            packets += talk.packets
        }
        // Sorted by time, but for some.
        packets.sort { $0.time < $1.time }
        for _ in 0..<40 { packets.swapAt(.random(in: packets.indices, using: &random), .random(in: packets.indices, using: &random)) }
        return packets
    }

    @Test(arguments: 0..<20 as Range<UInt64>, [true, false]) func `do not show in the records`(seed: UInt64, midstream: Bool) throws {
        let packets = traffic(seed: seed)
        var options = Run.options
        options.midstream = midstream
        var expected: (records: [String], outcomes: [UInt64], reused: UInt64)?
        for burst in [1, 7, 64, 100_000] {
            let run = try Run(Records.self, .everything, options)
            run.send(packets, burst: burst)
            run.drain()
            let found = (run.log.ended.map(\.text).sorted(), PacketOutcome.allCases.map { run.counters[$0] }, run.counters.reusedTuples)
            let first = expected ?? found
            if found.0 != first.records {
                let these = Set(found.0).symmetricDifference(first.records).sorted()
                Issue.record("bursts of \(burst): \(these.count) records differ: \(these.prefix(4).joined(separator: "\n"))")
            }
            #expect(found.1 == first.outcomes, "bursts of \(burst)")
            #expect(found.2 == first.reused, "bursts of \(burst)")
            expected = first
        }
    }
}
