import Packets
import Testing
@testable import Tracking

@Suite struct `Conflicting segments` {
    private func run(_ text: String, _ payloads: [Octets], _ policy: OverlapPolicy = .first) throws -> Run {
        var options = Run.options
        options.overlapPolicy = policy
        let run = try Run(Streams.self, .everything, options)
        var talk = Talk()
        talk.payloads = payloads
        talk.say(text)
        run.send(talk)
        run.drain()
        #expect(Int(run.counters.conflicts) == run.log.conflicts.count)
        #expect(run.log.ended[0].originatorStream?.conflicts == run.counters.conflicts)
        return run
    }

    @Test(arguments: OverlapPolicy.allCases) func `are told of with place, length and who counts`(_ policy: OverlapPolicy) throws {
        let found = try run(">S <SA >A >PA1@11 >PA1@11 >PA10@1", [[1, 2, 3, 4], [1, 9, 3, 8], Talk.bytes(1..<11)], policy)
        let isLater = [.last, .oldLinux, .solaris].contains(policy)
        #expect(found.log.conflicts == [StreamConflict(offset: 10, byteCount: 4, kept: isLater ? .later : .earlier)])
        #expect(found.log.stream(.originator).suffix(4) == (isLater ? [1, 9, 3, 8] : [1, 2, 3, 4]))
        #expect((found.counters[bytes: .overlapped], found.counters[bytes: .retransmitted]) == (2, 2))
    }

    /// One that loses to one held segment and replaces another is two conflicts.
    @Test func `are told of once for each way they end`() throws {
        let found = try run(">S <SA >A >PA1@11 >PA1@17 >PA1@13 >PA10@1", [[1, 1, 1, 1], [2, 2, 2, 2], [3, 3, 3, 3, 3, 3], Talk.bytes(1..<11)], .bsd)
        #expect(found.log.conflicts == [StreamConflict(offset: 12, byteCount: 2, kept: .earlier), StreamConflict(offset: 16, byteCount: 2, kept: .later)])
        #expect(found.log.stream(.originator).suffix(10) == [1, 1, 1, 1, 3, 3, 3, 3, 2, 2])
    }

    @Test func `the same bytes again are none`() throws {
        #expect(try run(">S <SA >A >PA20@11 >PA30@6 >PA10@1 >PA20@1 >PA30@11", []).log.conflicts == [])
    }

    /// Bytes given out are known by their hashes.
    @Test(arguments: [
        // As long, longer, shorter but with a head to compare.
        (40, 40, 40), (40, 60, 40), (40, 20, 16), (40, 16, 16),
        // Too short to say anything.
        (40, 15, 0),
    ]) func `with bytes given out are told of where a repeat begins as they did`(lengths: (first: Int, again: Int, compared: Int)) throws {
        let first = Talk.bytes(1..<1 + lengths.first)
        for byte in [0, min(lengths.again, 16) - 1] {
            var again = Talk.bytes(1..<1 + lengths.again)
            again[byte] ^= 1
            let found = try run(">S <SA >A >PA1@1 >PA1@1", [first, again])
            #expect(found.log.conflicts == (lengths.compared == 0 ? [] : [StreamConflict(offset: 0, byteCount: lengths.compared, kept: .earlier)]))
            #expect(found.log.stream(.originator).prefix(lengths.first).map { $0! } == first)
            #expect(Int(found.counters[bytes: .overlapped]) == lengths.compared)
        }
    }

    @Test func `four segments are remembered, and no more`() throws {
        for count in 1...6 {
            let text = ">S <SA >A " + (0..<count).map { ">PA20@\(1 + 20 * $0)" }.joined(separator: " ")
            let payloads = (0..<count).map { Talk.bytes(1 + 20 * $0..<21 + 20 * $0) } + [Octets(repeating: 0, count: 20)]
            #expect(try run(text + " >PA20@1", payloads).log.conflicts.count == (count <= 4 ? 1 : 0))
        }
    }

    @Test func `say where they are on both sides of the circle's end`() throws {
        var talk = Talk()
        talk.firstNumbers.client = .max - 9
        talk.payloads = [Octets(repeating: 1, count: 20), Octets(repeating: 2, count: 20)]
        talk.say(">S <SA >A >PA1@3 >PA1@3 >PA2@1 >PA5@1000001")
        let run = try Run(Streams.self)
        run.send(talk)
        #expect(run.log.conflicts == [StreamConflict(offset: 2, byteCount: 20, kept: .earlier)])
    }

    @Test(arguments: [Verdict.done, .unsubscribe]) func `may end a connection's stream`(verdict: Verdict) throws {
        let run = try Run(Streams.self)
        run.log.verdict = { if case .conflict = $0 { verdict } else { .more } }
        var talk = Talk()
        talk.payloads = [[1, 2, 3], [3, 2, 1]]
        talk.say(">S <SA >A >PA1@11 >PA1@11 >PA10@1")
        run.send(talk)
        #expect(run.log.events.count == 1)
        #expect(run.pipeline.tracker.reassembly.heldPages == 0)
        run.drain()
    }

    /// Nobody sees the stream itself: nothing is remembered of what was given out.
    @Test func `with bytes given out are no work for parsers alone`() throws {
        let run = try Run(TLSNames.self, .everything)
        var talk = Talk()
        talk.payloads = [Octets(repeating: 1, count: 20), Octets(repeating: 2, count: 20)]
        talk.say(">S <SA >A >PA1@1 >PA1@1")
        run.send(talk)
        run.drain()
        #expect(run.counters.conflicts == 0)
        #expect(run.counters[bytes: .retransmitted] == 20)
    }
}
