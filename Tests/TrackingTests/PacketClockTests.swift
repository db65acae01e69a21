import Packets
import Testing
@testable import Tracking

@Suite struct `Packet clock` {
    private static let minute = 60 * second
    private static let day = 86_400 * second
    private static let year = 365 * day

    /// The believed time after each packet.
    private func steady(_ times: [Int64], from clock: PacketClock = PacketClock()) -> [Int64] {
        var clock = clock
        return times.map { time in
            _ = clock.see(time)
            clock.rest()
            return clock.steady
        }
    }

    @Test func `goes on with packets, and stands still for those that come late`() {
        #expect(steady([start, start + 5, start + 3, start, start + 7]) == [start, start + 5, start + 5, start + 5, start + 7])
    }

    @Test(arguments: [10 * year, -10 * year, 2 * day, Int64.max, Int64.min, Int64.max - start, -start])
    func `a packet whose time is far off does not move it`(distance: Int64) {
        #expect(steady([start, start &+ distance, start + 1, start &+ distance, start + 2]) == [start, start, start + 1, start + 1, start + 2])
    }

    @Test func `eight packets in a row make a leap forward, and the packet at hand has its own time before`() {
        var clock = PacketClock()
        _ = clock.see(start)
        for number in 1...7 as ClosedRange<Int64> {
            let goesOn = clock.see(start + Self.day + number)
            #expect(goesOn)
            #expect((clock.now, clock.steady) == (start + Self.day + number, start))
        }
        let goesOn = clock.see(start + Self.day + 8)
        #expect(goesOn)
        #expect((clock.now, clock.steady, clock.leaps, clock.strays) == (start + Self.day + 8, start + Self.day + 8, 1, 0))
    }

    @Test func `one packet of before takes the leap back`() {
        let times = (1...7).map { start + Self.day + $0 } + [start + 2] + (1...7).map { start + Self.day + $0 }
        #expect(steady([start] + times).last == start + 2)
    }

    @Test func `rare packets move it, too`() {
        // Each is more than the allowed step after the one before.
        let times = (0..<100 as Range<Int64>).map { start + $0 * 10 * Self.minute }
        #expect(steady(times).last! >= times[100 - 2 * PacketClock.agreementAhead])
    }

    @Test func `of a wrong first packet it recovers`() {
        let times = [start + 10 * Self.year] + (0..<200 as Range<Int64>).map { start + $0 }
        #expect(steady(times).last == start + 199)
        #expect(steady([0] + times.dropFirst()).last == start + 199)
    }

    @Test func `an earlier capture behind a later one sets it back`() {
        var clock = PacketClock()
        var turns = 0
        for time in [start + Self.day] + (0..<200 as Range<Int64>).map({ start + $0 }) where !clock.see(time) { turns += 1 }
        clock.rest()
        #expect(turns == 1 && clock.leaps == 1)
        #expect((clock.now, clock.steady) == (start + 199, start + 199))
    }

    @Test func `never runs over`() {
        let edges: [Int64] = [.min, .min + 1, -1, 0, 1, start, .max - 1, .max, 1 << 62, -(1 << 62)]
        var random = SystemRandomNumberGenerator()
        var clock = PacketClock()
        for _ in 0..<100_000 {
            _ = clock.see(edges.randomElement(using: &random)!)
            clock.rest()
            #expect(clock.now >= clock.steady || clock.now >= 0)
        }
        #expect(clock.now >= 0 && clock.now <= 1 << 62)
    }

    @Test func `a wall clock is believed at once`() {
        var clock = PacketClock()
        _ = clock.see(start)
        _ = clock.see(start + Self.day)
        clock.advance(to: start + Self.year)
        #expect((clock.now, clock.steady) == (start + Self.year, start + Self.year))
        clock.advance(to: start)
        #expect(clock.now == start + Self.year)
    }
}

/// HOSTILE cases 10, 18 and 19.
@Suite struct `Hostile time` {
    private let year = 365 * 86_400 * second

    /// A connection every 10 ms, each of which goes on for a minute; in the middle a packet of another time.
    private func traffic(withTime odd: Int64?) throws -> Run {
        let run = try Run(Records.self)
        var packets: [Sent] = []
        for port in 1...100 as ClosedRange<UInt16> {
            var talk = Talk()
            talk.client.port = port
            talk.time += Int64(port) * second / 100
            talk.say(">S <SA >A >PA10")
            packets += talk.packets
            talk.packets = []
            talk.time = start + 30 * second + Int64(port) * second / 100
            talk.say("<PA20 >FA <FA >A")
            packets += talk.packets
        }
        packets.sort { $0.time < $1.time }
        if let odd {
            var stranger = Talk()
            stranger.client.port = 9999
            stranger.say(">S")
            stranger.packets[0].time = odd
            packets.insert(stranger.packets[0], at: packets.count / 2)
        }
        run.send(packets, burst: 5)
        run.drain()
        return run
    }

    @Test(arguments: [0, 1, -1, Int64.max, Int64.min, 10 * 365 * 86_400 * second])
    func `one odd time changes no other connection's record`(distance: Int64) throws {
        let odd = distance == 10 * 365 * 86_400 * second ? start + distance : distance
        let expected = try traffic(withTime: nil).log.ended.map(\.text).sorted()
        let run = try traffic(withTime: odd)
        #expect(run.log.ended.filter { $0.originator.port != 9999 }.map(\.text).sorted() == expected)
        #expect(run.log.ended.count == 101)
        #expect(run.counters.strayTimes == 1 && run.counters.timeLeaps == 0)
    }

    @Test func `after a day's pause all that was silent has ended, and what comes is new`() throws {
        let run = try Run(Records.self)
        run.send(">S <SA >A >PA10")
        var later = Talk()
        later.time += 86_400 * second
        later.say(">S#7777 <SA >A >PA10 <A >PA10 <A >PA10 <A >PA10 <A")
        run.send(later)
        #expect(run.log.ended.map(\.endReason) == [.idle])
        #expect(run.log.ended[0].originator.packets == 3)
        #expect(run.counters.timeLeaps == 1)
        run.drain()
        #expect(run.log.ended.count == 2)
        #expect(run.log.ended[1].originator.packets + run.log.ended[1].responder.packets == UInt64(later.packets.count))
    }

    @Test func `an earlier capture behind a later one has its timeouts`() throws {
        let run = try Run(Records.self)
        func talk(_ port: UInt16, at time: Int64) {
            var talk = Talk()
            talk.client.port = port
            talk.time = time
            talk.say(">S <SA >A >PA10")
            run.send(talk)
        }
        for port in 1...100 as ClosedRange<UInt16> { talk(port, at: start + year + Int64(port) * second) }
        for port in 101...200 as ClosedRange<UInt16> { talk(port, at: start + Int64(port) * second) }
        // Silent for longer than their time, in the earlier capture.
        for port in 201...220 as ClosedRange<UInt16> { talk(port, at: start + 1000 * second + Int64(port) * second) }
        let ended = run.log.ended.filter { $0.originator.port > 120 }
        #expect(ended.map(\.originator.port) == Array(121...200))
        #expect(ended.allSatisfy { $0.endReason == .idle })
        run.drain()
        #expect(run.log.ended.count == 220)
    }

    @Test func `a million connections that time out at once are ended in small portions, each counted with how late`() throws {
        var options = Run.options
        options.maxConnections = 20_000
        options.tcpEstablishTimeout = second
        let run = try Run(Records.self, .everything, options)
        var packets: [Sent] = []
        for number in 0..<16_000 {
            var talk = Talk()
            talk.client = End(UInt32(number / 60_000 + 1), UInt16(number % 60_000 + 1))
            talk.say(">S")
            packets.append(Sent(talk.packets[0].bytes, at: start))
        }
        run.send(packets)
        var ended = 0
        for _ in 0..<100 {
            run.advance(to: 2 * second)
            #expect(run.log.ended.count - ended <= 512)
            ended = run.log.ended.count
        }
        #expect(ended == 16_000)
        let lateness = run.counters.lateness
        #expect(lateness.counts.indices.reduce(0) { $0 + lateness.counts[$1] } == 16_000)
        #expect(lateness.most == second)
        #expect(lateness.milliseconds(share: 0.99) == 1024)
    }

    @Test func `no deadline is missed by more than a tick of the wheel`() throws {
        let run = try Run(Records.self)
        for port in 1...50 as ClosedRange<UInt16> {
            var talk = Talk()
            talk.client.port = port
            talk.time += Int64(port) * 37_000_000
            talk.say(">S")
            run.send(talk)
        }
        for step in 0..<1000 as Range<Int64> { run.advance(to: step * 10_000_000) }
        #expect(run.log.ended.count == 50)
        #expect(run.counters.lateness.most <= Run.options.timeoutResolution + 10_000_000)
    }
}
