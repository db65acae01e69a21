import Packets
import Testing
@testable import Tracking

@Suite struct `A nearly full table` {
    private func options(_ connections: Int, threshold: Int = 90) -> TrackerOptions {
        var options = Run.options
        options.maxConnections = connections
        options.emergencyThreshold = threshold
        return options
    }

    /// A talk of a client of its own, beginning so long after the tests' start.
    private func talk(_ number: Int, _ text: String, at time: Int64) -> Talk {
        var talk = Talk()
        talk.client = End(UInt32(0x0a01_0000 + number), 5000)
        talk.time = start + time
        talk.say(text)
        return talk
    }

    @Test func `ends attempts that have been silent for a tenth of their time, and says so`() throws {
        let run = try Run(Records.self, .everything, options(100))
        for number in 0..<90 { run.send(talk(number, ">S", at: Int64(number))) }
        #expect(run.counters.emergencies == 0 && run.log.ended.isEmpty)
        // The 91st passes the threshold, 0.6 s later: a tenth of the 5 s is over for all others.
        run.send(talk(90, ">S", at: 600_000_000))
        #expect(run.counters.emergencies == 1)
        #expect(run.log.ended.map(\.endReason) == [.emergency, .emergency])
        for number in 91..<130 { run.send(talk(number, ">S", at: 600_000_000 + Int64(number))) }
        // Two for each newcomer, until a fifth of the table below the threshold is free; then it is over.
        #expect(run.counters[.emergency] == 44)
        #expect(run.counters[EndReason.evicted] == 0)
        run.drain()
        let events = run.log.emergencies
        try #require(events.count == 2)
        #expect(events[0] == EmergencyEvent(kind: .entered, time: Timestamp(nanoseconds: start + 600_000_000), connections: 91))
        #expect(events[1].kind == .left(nanoseconds: Int64(run.counters.emergencyTime), endedEarly: run.counters[.emergency]))
        #expect(events[1].connections < 72 && run.counters.emergencyTime < 1000)
    }

    @Test func `leaves established connections their time`() throws {
        let run = try Run(Records.self, .everything, options(100))
        for number in 0..<95 { run.send(talk(number, ">S <SA >A >PA5", at: Int64(number))) }
        for number in 95..<300 { run.send(talk(number, ">S", at: 100 * second + Int64(number) * 1_000_000)) }
        run.drain()
        let established = run.log.ended.filter { $0.originator.packets == 3 }
        #expect(established.count == 95)
        #expect(established.allSatisfy { $0.endReason == .drained })
        #expect(run.counters.emergencies == 1)
    }

    @Test func `can be switched off`() throws {
        let run = try Run(Records.self, .everything, options(10, threshold: 100))
        for number in 0..<50 { run.send(talk(number, ">S", at: Int64(number) * second / 5)) }
        run.drain()
        #expect(run.counters.emergencies == 0 && run.counters[EndReason.emergency] == 0)
        #expect(run.log.emergencies.isEmpty)
    }

    @Test func `does not depend on how packets fall into bursts`() throws {
        func ended(_ burst: Int) throws -> [String] {
            let run = try Run(Records.self, .everything, options(64))
            run.send((0..<600).flatMap { talk($0, $0 % 3 == 0 ? ">S <SA >A" : ">S", at: Int64($0) * 9_000_000).packets }, burst: burst)
            run.drain()
            return run.log.ended.map(\.text).sorted()
        }
        let expected = try ended(1)
        #expect(try ended(7) == expected)
        #expect(try ended(64) == expected)
    }
}
