import Packets
import Testing
@testable import Tracking

@Suite struct `Full table` {
    /// What an emergency ends before the table is full is another matter.
    private func options(_ connections: Int, emergencyThreshold: Int = 100) -> TrackerOptions {
        var options = Run.options
        options.maxConnections = connections
        options.emergencyThreshold = emergencyThreshold
        return options
    }

    /// SYNs from ever new addresses, without an array a packet.
    private func flood(_ run: Run, count: Int, from first: Int = 0, at time: Int64, pace: Int64) {
        let template = Talk(">S").packets[0].bytes
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * template.count, alignment: 8)
        defer { memory.deallocate() }
        var frames: [Frame] = []
        for place in 0..<64 {
            let bytes = UnsafeMutableRawBufferPointer(rebasing: memory[place * template.count..<(place + 1) * template.count])
            bytes.copyBytes(from: template)
            frames.append(
                Frame(bytes: UnsafeRawPointer(bytes.baseAddress!), timestamp: .zero, length: UInt32(template.count), wireLength: UInt32(template.count)))
        }
        for number in stride(from: 0, to: count, by: 64) {
            for place in 0..<64 {
                let source = UInt32(0x2000_0000 + first + number + place)
                memory.storeBytes(of: source.bigEndian, toByteOffset: place * template.count + 26, as: UInt32.self)
                frames[place].timestamp = Timestamp(nanoseconds: time + Int64(number + place) * pace)
            }
            run.send(Array(frames.prefix(min(64, count - number))), burst: 64)
        }
    }

    @Test(arguments: [90, 100])
    func `a SYN flood does not touch established connections`(emergencyThreshold: Int) throws {
        let run = try Run(Records.self, .everything, options(1000, emergencyThreshold: emergencyThreshold))
        // 200 connections, whose packets come all through the flood.
        var talks = (0..<200 as Range<UInt16>).map { number in
            var talk = Talk()
            talk.client.port = 1000 + number
            talk.say(">S <SA >A >PA10")
            run.send(talk)
            return talk
        }
        for round in 0..<10 {
            flood(run, count: 20_000, from: round * 20_000, at: start + Int64(round) * second, pace: 1000)
            for index in talks.indices where index % 10 == round {
                talks[index].packets = []
                talks[index].time = start + Int64(round) * second + 20_000_000
                talks[index].say("<PA100 >FA <FA >A")
                run.send(talks[index])
            }
        }
        run.drain()
        #expect(run.counters.packets == 200 * 8 + 200_000)
        #expect(run.counters[.tracked] + run.counters[.afterEnd] == run.counters.packets)
        #expect(run.counters.connections == 200_200)
        #expect(run.counters.connectionsPeak <= 1001)
        let established = run.log.ended.filter { $0.originator.port != 40000 }
        #expect(established.count == 200)
        for record in established {
            #expect(record.state == .sf && record.endReason == .fin)
            #expect((record.originator.packets, record.responder.packets) == (5, 3))
            #expect((record.originator.payloadBytes, record.responder.payloadBytes) == (10, 100))
        }
        let attempts = run.log.ended.filter { $0.originator.port == 40000 }
        #expect(attempts.count == 200_000)
        #expect(attempts.allSatisfy { $0.state == .s0 && $0.originator.packets == 1 })
        #expect(run.counters[EndReason.evicted] > 190_000)
    }

    @Test func `gives up the longest silent attempt, closed or unanswered one, whichever are most, and the established last`() throws {
        let run = try Run(Records.self, .everything, options(9))
        func talk(_ port: UInt16, _ text: String) -> [Sent] {
            var talk = Talk()
            talk.client.port = port
            talk.time = start + Int64(port) * second / 10
            talk.say(text)
            return talk.packets
        }
        func udp(_ port: UInt16, answered: Bool = false) -> [Sent] {
            let (client, server) = (End(1, port), End(2, 53)), time = start + Int64(port) * second / 10
            return [Sent(udpFrame(client, server), at: time)] + (answered ? [Sent(udpFrame(server, client), at: time + 1)] : [])
        }
        run.send(udp(1, answered: true))
        run.send(talk(2, ">S <SA >A"))
        run.send(udp(3))
        run.send(talk(4, ">PA5"))
        run.send(talk(5, ">S <SA >A >FA <FA"))
        run.send(talk(6, ">S <RA"))
        run.send(talk(7, ">S <SA"))
        run.send(talk(8, ">S"))
        run.send(udp(9))
        #expect(run.pipeline.tracker.count == 9)
        // One after the other comes and is established at once.
        for port in 11...19 as ClosedRange<UInt16> { run.send(talk(port, "<PA5 >PA5")) }
        #expect(run.log.ended.map { min($0.originator.port, $0.responder.port == 53 ? .max : $0.responder.port) }.map { $0 == 443 ? 4 : $0 } == [3, 7, 5, 4, 8, 6, 9, 1, 2])
        #expect(run.log.ended.map(\.endReason) == [.evicted, .evicted, .fin, .evicted, .evicted, .rst, .evicted, .evicted, .evicted])
        #expect(run.counters[EndReason.evicted] == 7)
    }

    @Test func `gives up tombstones without a report`() throws {
        let run = try Run(Records.self, .everything, options(4))
        for port in 1...4 as ClosedRange<UInt16> {
            var talk = Talk()
            talk.client.port = port
            talk.say(">S <RA")
            run.send(talk)
        }
        run.advance(to: 10 * second)
        #expect(run.pipeline.tracker.count == 4)
        var talk = Talk()
        talk.time += 10 * second
        talk.say("<PA5 >PA5")
        run.send(talk)
        #expect(run.counters.evictedTombstones == 1)
        #expect(run.log.ended.map(\.endReason) == [.rst, .rst, .rst, .rst])
        #expect(run.pipeline.tracker.count == 4)
    }

    @Test func `a SYN with data that is answered is still an attempt`() throws {
        let run = try Run(Records.self, .everything, options(2))
        for port in 1...3 as ClosedRange<UInt16> {
            var talk = Talk()
            talk.client.port = port
            talk.time += Int64(port)
            talk.say(port == 1 ? ">S <SA >A" : ">S100 <SA#101")
            run.send(talk)
        }
        #expect(run.log.ended.map(\.originator.port) == [2])
    }

    @Test func `one place is enough to go on`() throws {
        let run = try Run(Streams.self, .everything, options(1))
        flood(run, count: 1000, at: start, pace: 1000)
        run.send(">S <SA >A >PA5@6 >PA5@1")
        run.drain()
        #expect(run.log.stream(.originator).count == 10)
        #expect(run.counters.connections == 1001)
        #expect((run.ledger.made, run.ledger.destroyed) == (1001, 1001))
    }

    @Test func `an expiry storm is spread over bursts and still complete`() throws {
        let run = try Run(Records.self, .everything, options(5000))
        flood(run, count: 5000, at: start, pace: 1)
        run.advance(to: 6 * second)
        #expect((1...1000).contains(run.log.ended.count))
        for _ in 0..<20 { run.advance(to: 6 * second) }
        #expect(run.log.ended.count == 5000)
        #expect(run.log.ended.allSatisfy { $0.endReason == .idle })
    }
}
