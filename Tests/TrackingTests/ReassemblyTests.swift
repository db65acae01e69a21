import Packets
import TestSupport
import Testing
@testable import Tracking

/// One direction's segments, in any order, and what is to become of them.
private struct Scramble {
    var talk = Talk()
    /// Bytes of the stream.
    var length: Int
    /// Captured payload bytes.
    var sent = 0
    /// Which of the stream's bytes were sent at all.
    var isSent: [Bool]
    var random: SeededGenerator

    init(length: Int, firstNumber: UInt32, seed: UInt64) {
        self.length = length
        random = SeededGenerator(seed: seed)
        isSent = Array(repeating: false, count: length)
        talk.firstNumbers = (firstNumber, firstNumber &+ 77)
        // A window as large as the streams are.
        talk.say(">S <SA~65535 >A")
    }

    /// Cuts the stream into segments of random lengths that may overlap; some come twice, some never.
    func segments(longest: Int, overlap: Int, repeats: Int, losses: Int) -> (Self, [Range<Int>]) {
        var scramble = self
        var ranges: [Range<Int>] = []
        var place = 0
        while place < length {
            let end = min(length, place + Int.random(in: 1...longest, using: &scramble.random))
            ranges.append(max(0, place - Int.random(in: 0...overlap, using: &scramble.random))..<end)
            place = end
        }
        for _ in 0..<repeats { ranges.append(ranges.randomElement(using: &scramble.random)!) }
        for _ in 0..<losses { ranges.remove(at: .random(in: ranges.indices, using: &scramble.random)) }
        return (scramble, ranges)
    }

    mutating func send(_ range: Range<Int>, captured: Int? = nil, _ direction: Direction = .originator) {
        talk.send(direction, [.ack, .psh], place: range.lowerBound + 1, ack: 1, Talk.bytes(range.lowerBound + 1..<range.upperBound + 1, direction))
        let count = min(captured ?? range.count, range.count)
        if count < range.count { talk.packets[talk.packets.count - 1] = talk.packets.last!.cut(to: 54 + count) }
        sent += count
        for place in range.prefix(count) { isSent[place] = true }
    }

    var last: Int { isSent.lastIndex(of: true).map { $0 + 1 } ?? 0 }
}

@Suite struct `TCP reassembly` {
    static let firstNumbers: [UInt32] = [0, 1, 1 << 31 - 1, 1 << 31, 1 << 31 + 1, .max, .max - 9, .max - 1500]

    private func expectStream(_ run: Run, _ direction: Direction = .originator, at place: SourceLocation = #_sourceLocation, _ expected: (Int) -> UInt8?) {
        let found = run.log.stream(direction)
        if let wrong = found.indices.first(where: { found[$0] != expected($0) }) {
            Issue.record("byte \(wrong) of \(found.count) is \(found[wrong] as Any) instead of \(expected(wrong) as Any)", sourceLocation: place)
        }
    }

    @Test(arguments: 0..<240 as Range<UInt64>) func `gives the stream back whatever the order`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let longest = [3, 60, 700, 1460].randomElement(using: &random)!
        let scramble = Scramble(length: Int.random(in: 1...30 * longest, using: &random), firstNumber: Self.firstNumbers[Int(seed) % 8], seed: seed)
        var (scrambled, ranges) = scramble.segments(longest: longest, overlap: seed % 3 == 0 ? 0 : longest, repeats: Int(seed % 5), losses: 0)
        ranges.shuffle(using: &random)
        for range in ranges { scrambled.send(range) }
        let run = try Run(Streams.self)
        run.send(scrambled.talk.packets, burst: Int.random(in: 1...64, using: &random))
        #expect(run.log.stream(.originator).count == scrambled.length)
        expectStream(run) { Talk.byte($0 + 1, .originator) }
        #expect(run.log.gaps == [])
        #expect(run.pipeline.tracker.reassembly.heldPages == 0)
        #expect(run.counters.streamBytes == scrambled.length)
        #expect(run.counters.streamBytes + run.counters[bytes: .retransmitted] == scrambled.sent)
        run.drain()
    }

    @Test(arguments: 0..<60 as Range<UInt64>) func `tells of a hole at the end, and of its length`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let scramble = Scramble(length: 12_000, firstNumber: Self.firstNumbers[Int(seed) % 8], seed: seed)
        var (scrambled, ranges) = scramble.segments(longest: 700, overlap: 0, repeats: 3, losses: 6)
        ranges.shuffle(using: &random)
        for range in ranges { scrambled.send(range) }
        let run = try Run(Streams.self)
        run.send(scrambled.talk)
        run.drain()
        #expect(run.log.stream(.originator).count == scrambled.last)
        expectStream(run) { scrambled.isSent[$0] ? Talk.byte($0 + 1, .originator) : nil }
        #expect(run.counters.gapBytes == scrambled.isSent.prefix(scrambled.last).count { !$0 })
        #expect(run.counters.gaps == run.log.gaps.count)
        #expect(run.counters.streamBytes + run.counters.gapBytes == scrambled.last)
        #expect(run.counters.streamBytes + run.counters[bytes: .retransmitted] == scrambled.sent)
    }

    /// Whatever is given up or not captured, what comes stands at its place.
    @Test(arguments: 0..<120 as Range<UInt64>) func `keeps to its budget, and to the places of bytes`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var options = Run.options
        let share = [1, 2, 5, 100].randomElement(using: &random)!
        options.reassemblyPerDirection = share * SegmentPages.cost
        let budget = [1, 3, 8].randomElement(using: &random)!
        options.reassemblyMemory = budget * SegmentPages.cost
        let longest = [20, 700, 2500].randomElement(using: &random)!
        let scramble = Scramble(length: 40 * longest, firstNumber: Self.firstNumbers[Int(seed) % 8], seed: seed)
        var (scrambled, ranges) = scramble.segments(longest: longest, overlap: Int(seed % 2) * longest, repeats: 10, losses: 5)
        for _ in 0..<30 { ranges.swapAt(.random(in: ranges.indices, using: &random), .random(in: ranges.indices, using: &random)) }
        for range in ranges { scrambled.send(range, captured: seed % 4 == 0 ? Int.random(in: 0...2 * longest, using: &random) : nil) }
        let run = try Run(Streams.self, .everything, options)
        for packet in scrambled.talk.packets {
            run.send([packet])
            #expect(run.pipeline.tracker.reassembly.heldPages <= min(share, budget))
        }
        run.drain()
        #expect(run.log.stream(.originator).count >= scrambled.last)
        let found = run.log.stream(.originator)
        expectStream(run) { found[$0] == nil ? nil : Talk.byte($0 + 1, .originator) }
        #expect(run.counters.streamBytes == found.count { $0 != nil })
        #expect(run.counters.gapBytes == found.count { $0 == nil })
        #expect(run.counters.streamBytes + run.counters[bytes: .retransmitted] + run.counters[bytes: .late] == scrambled.sent)
        #expect(run.counters.reassemblyPeak <= options.reassemblyMemory)
    }

    @Test(.timeLimit(.minutes(1))) func `single bytes in reverse order take linear time and little room`() throws {
        let count = 300_000
        // Without the SYN-ACK any window may be.
        var talk = Talk(">S >A")
        var options = Run.options
        options.holeTimeout = 1000 * second
        let run = try Run(Streams.self, .everything, options)
        for place in (0..<count).reversed() {
            talk.send(.originator, [.ack, .psh], place: place + 1, ack: 1, [Talk.byte(place + 1, .originator)])
            guard talk.packets.count >= 10_000 || place == 0 else { continue }
            run.send(talk)
            talk.packets = []
        }
        #expect(run.log.stream(.originator).count == count)
        expectStream(run) { Talk.byte($0 + 1, .originator) }
        #expect(run.log.gaps == [])
        #expect(run.counters.reassemblyPeak <= 150 * SegmentPages.cost)
    }

    @Test func `bytes that a snap length cut off are a gap at once`() throws {
        var talk = Talk(">S <SA >A >PA1000 >PA10 <PA500")
        talk.packets[3] = talk.packets[3].cut(to: 54 + 300)
        talk.packets[5] = talk.packets[5].cut(to: 54)
        let run = try Run(Streams.self)
        run.send(talk)
        #expect(
            run.log.events.map(\.event) == [
                .bytes(.originator, Talk.bytes(1..<301)), .gap(.originator, 700), .bytes(.originator, Talk.bytes(1001..<1011)), .gap(.responder, 500),
            ])
    }

    @Test(arguments: [
        // A SYN's data, acknowledged or not.
        (">S10 <SA#11 >PA5", 15), (">S10 <SA#1 >PA10@1 >PA5@11", 15), (">S10 >S10 <SA#11 >PA5", 15),
        // FIN with data, and before it.
        (">S <SA >A >FPA5", 5), (">S <SA >A >FPA5@6 >PA5@1", 10), (">S <SA >A >FA@6 <FA >PA5@1", 5), (">S <SA >A >PA5@6 >FA@11 <FA >A >PA5@1", 10),
        // Keep-alives repeat the last byte, or none.
        (">S <SA >A >PA5 >A1@5 >A@5 >PA5@6", 10),
        // The handshake was missed: the first segment begins it.
        ("<SA >A >PA5", 5), (">PA5 >PA5", 10),
        // RST, refused and not; behind it nothing counts.
        (">S <SA >A >PA5 >R@500000 >PA5", 10), (">S <SA >A >PA5 >R >PA5", 5), (">S <SA >A >PA5 >R20", 5),
        // SYNs with other numbers on an established connection.
        (">S <SA >A >PA5 >S@7000 <SA >PA5@6", 10), (">S <SA >A >PA5 >S10@5 >PA5@6", 10),
    ]) func `brings what a host would have read`(talk: (text: String, count: Int)) throws {
        let run = try Run(Streams.self)
        run.send(talk.text)
        run.drain()
        #expect(run.log.stream(.originator).count == talk.count)
        expectStream(run) { Talk.byte($0 + 1, .originator) }
    }

    /// Which of two SYNs counts is for the other side to say.
    @Test(arguments: [
        (">S >S@700 <SA#701 >A >PA5@701", 701), (">S >S@700 <SA#1 >A@1 >PA5@1", 1), (">S@700 >S@0 <SA#1 >PA5@1", 1), (">S >S@700 >PA5@701", 701),
        (">S >S@700 <SA#9999 >PA5@1", 1), (">S >S@1000000000 <SA#1000000001 >PA5@1000000001", 1_000_000_001),
        (">S >S@-1500000000 <SA#-1499999999 >PA5@-1499999999", -1_499_999_999),
    ]) func `begins behind the SYN that was answered`(talk: (text: String, first: Int)) throws {
        let run = try Run(Streams.self)
        run.send(talk.text)
        #expect(run.log.events.map(\.event) == [.bytes(.originator, Talk.bytes(talk.first..<talk.first + 5))])
        run.drain()
        #expect(run.log.ended.count == 1)
    }

    @Test func `what lies beyond any window is counted and not waited for`() throws {
        let run = try Run(Streams.self)
        run.send(">S <SA >A >PA5 >PA5@1500000000 >PA5@-1500000000 >PA5@6")
        #expect(run.log.stream(.originator).count == 10)
        #expect(run.counters[bytes: .outOfWindow] == 10)
        #expect(run.pipeline.tracker.reassembly.heldPages == 0)
    }

    @Test func `the first copy of a byte counts`() throws {
        var talk = Talk()
        talk.payloads = [[9, 9, 9, 9], [1, 1, 1, 1, 1, 1, 1, 1], [2, 2, 2, 2, 2, 2, 2, 2]]
        talk.say(">S <SA >A >PA4@5 >PA8@3 >PA8@1")
        let run = try Run(Streams.self)
        run.send(talk)
        #expect(run.log.stream(.originator) == [2, 2, 1, 1, 9, 9, 9, 9, 1, 1])
        #expect((run.counters[bytes: .delivered], run.counters[bytes: .retransmitted], run.counters[bytes: .overlapped]) == (10, 0, 10))
    }

    @Test func `both directions of IPv6 connections in VLANs, too`() throws {
        var talk = Talk()
        talk.isIPv6 = true
        talk.vlans = [5, 6]
        talk.say(">S <SA >A >PA300@301 <PA70 >PA300@1 <PA30")
        let run = try Run(Streams.self)
        run.send(talk)
        #expect(run.log.stream(.originator).map { $0! } == Talk.bytes(1..<601))
        #expect(run.log.stream(.responder).map { $0! } == Talk.bytes(1..<101, .responder))
        run.drain()
        #expect(run.log.ended[0].vlans == (5, 6))
    }
}
