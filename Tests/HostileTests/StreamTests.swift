import Packets
import Testing
@testable import Tracking

@Suite struct `Hostile streams` {
    /// A segment: where it begins, and its text.
    typealias Piece = (place: Int, text: String)

    /// A handshake, these segments of the client's, and the end.
    private static func segments(_ pieces: [Piece], number: Int, firstNumber: UInt32 = 1000) -> Talk {
        var talk = Talk(number: number)
        talk.firstNumbers.client = firstNumber
        talk.say(">S <SA >A")
        for piece in pieces { talk.send(.originator, [.ack], place: piece.place, ack: 1, Octets(piece.text.utf8)) }
        let end = pieces.map { $0.place + $0.text.utf8.count }.max() ?? 1
        talk.say(">FA@\(end) <FA >A")
        return talk
    }

    // MARK: 20

    @Test(arguments: [
        (OverlapPolicy.bsd, "0AAAJJBCCCLLLMMMFFFGGHHIQ"), (.windows, "0AAAJBBCCCLDLMEEFFFGGHHIQ"), (.first, "0AAAJBBCCCLDLMEEFFFGGHHIQ"),
        (.linux, "0AAAJJBCCCLLLMMMFFFGGHHQQ"), (.oldLinux, "0AAAJJBKKKLLLMMMFFFGGHHQQ"), (.solaris, "0AJJJBBKKKLLLMMMFFFGGHHQQ"),
        (.last, "0AJJJJBKKKLLLMMMFNFGOPHQQ"),
    ]) func `case 20 overlaps are read as each kind of host does, wherever numbers begin`(policy: OverlapPolicy, text: String) throws {
        let pieces: [Piece] = [
            (2, "AAA"), (6, "BB"), (8, "CCC"), (12, "D"), (15, "EE"), (17, "FFF"), (20, "GG"), (22, "HH"), (24, "I"),
            (3, "JJJJ"), (8, "KKK"), (11, "LLL"), (14, "MMM"), (18, "N"), (21, "O"), (22, "P"), (24, "QQ"), (1, "0"),
        ]
        var options = HostileCase.options
        options.overlapPolicy = policy
        let numbers: [UInt32] = [0, 1, .max, .max - 10]
        let after = try HostileCase(size: 40, options) { .crowd($0) { Self.segments(pieces, number: $0, firstNumber: numbers[$0 % 4]) } }.run()
        #expect(after.stories.count == 40)
        #expect(after.all { $0.text(.originator) } == [text])
        #expect(after.all { $0.conflicts.isEmpty } == [false])
    }

    // MARK: 23

    @Test(arguments: OverlapPolicy.allCases, [false, true])
    func `case 23a other bytes for a place are told with their number, and whose count`(policy: OverlapPolicy, isEarlier: Bool) throws {
        var options = HostileCase.options
        options.overlapPolicy = policy
        // Held bytes 11..<21, and a newcomer that covers some of them.
        let newcomer: Piece = isEarlier ? (6, "nnnnnnnnnn") : (13, "nnnnnnnnnnnn")
        let pieces: [Piece] = [(11, "oooooooooo"), newcomer, (1, "0000000000000000")]
        let after = try HostileCase(size: 40, options) { size in
            .crowd(size) { Self.segments(Array(pieces.prefix(2)) + [(1, isEarlier ? "00000" : "0000000000")], number: $0) }
        }.run()
        let keepsNew = after.all { $0.text(.originator).contains(isEarlier ? "0nnnnnnnnnno" : "0oonnnnnnnnnnnn") }
        #expect(keepsNew.count == 1)
        let expected = StreamConflict(offset: isEarlier ? 10 : 12, byteCount: isEarlier ? 5 : 8, kept: keepsNew == [true] ? .later : .earlier)
        #expect(after.stories.allSatisfy { $0.conflicts == [expected] })
        #expect(after.counters.conflicts == 40)
        #expect(after.counters[bytes: .overlapped] == UInt64(40 * expected.byteCount))
    }

    @Test(arguments: [("as long", "evil evil evil evil", 19), ("longer", "evil evil evil evil evil", 19), ("shorter", "evil evil evil evi", 16)])
    func `case 23b other bytes for what has been given out are told, and change nothing`(name: String, repeated: String, compared: Int) throws {
        let after = try HostileCase(size: 40) { size in
            .crowd(size) { Self.segments([(1, "good good good good"), (1, repeated)], number: $0) }
        }.run()
        #expect(after.all { String($0.text(.originator).prefix(19)) } == ["good good good good"])
        #expect(after.all { $0.conflicts.map(\.byteCount) } == [[compared]])
        #expect(after.all { $0.conflicts.map(\.kept) } == [[.earlier]])
    }

    // MARK: 25

    /// Single bytes, from the last to the first, and then the FIN that they lie before.
    private static func reverse(_ count: Int) -> [Sent] {
        var talk = Talk(">S <SA >A", number: 0)
        talk.time = start
        for place in (1...count).reversed() { talk.send(.originator, [.ack], place: place, ack: 1, [Talk.byte(place, .originator)]) }
        return talk.packets
    }

    @Test func `case 25 single bytes in reverse order take linear time and little room`() throws {
        let after = try HostileCase(size: 3000) { Self.reverse($0) }.run()
        #expect(after.stories.first { $0.record.responder.port == 443 }?.bytes.originator == Talk.bytes(1..<3001))
        #expect(after.counters.reassemblyPeak <= 3 * UInt64(SegmentPages.cost))
        #expect(after.counters.gaps == 0)
    }

    // MARK: 26

    @Test func `case 26a a hole that is never filled costs one gap, however much lies behind it`() throws {
        let after = try HostileCase(size: 600) { size in
            var talk = Talk(">S <SA >A", number: 0).withWindowScale(14)
            for number in 0..<size { talk.send(.originator, [.ack], place: 2 + number * 1000, ack: 1, Octets(repeating: UInt8(number & 255), count: 1000)) }
            return talk.packets
        }.run()
        let story = try #require(after.stories.first)
        #expect(story.bytes.originator.count == 600_000)
        #expect(story.gaps.map(\.count) == [1])
        #expect(story.gaps.first?.place == 0)
        #expect(after.counters.reassemblyPeak <= UInt64(HostileCase.options.reassemblyPerDirection))
        #expect(after.counters.holesGivenUp == 1)
    }

    @Test func `case 26b such holes in many connections share one budget`() throws {
        let after = try HostileCase(size: 300) { size in
            .crowd(size) { number in
                var talk = Talk(">S <SA >A", number: number)
                for round in 0..<8 { talk.send(.originator, [.ack], place: 2 + round * 1000, ack: 1, Octets(repeating: UInt8(round), count: 1000)) }
                return talk
            }
        }.run()
        #expect(after.all { $0.bytes.originator.count } == [8000])
        #expect(after.all { $0.gaps.map(\.count) } == [[1]])
        #expect(after.counters.reassemblyPeak > UInt64(HostileCase.options.reassemblyMemory) * 9 / 10)
        #expect(after.counters.holesGivenUp > 100)
    }

    @Test func `case 26c a hole is given up after its time, and bytes that come then are late`() throws {
        let after = try HostileCase(size: 40, ">S <SA >A >PA5@6 +11 <A >PA5@1 >PA5@11 >FA <FA").run()
        #expect(after.all { $0.bytes.originator } == [Talk.bytes(6..<16)])
        #expect(after.all { $0.gaps.map(\.count) } == [[5]])
        #expect(after.counters[bytes: .late] == 40 * 5)
        #expect(after.counters.holesTimedOut == 40)
    }

    // MARK: 27

    /// The stream's bytes, cut so that numbers wrap in a segment, between two, in a hole, at the FIN.
    @Test(arguments: [">PA10 >PA10 >FA", ">PA10@11 >PA10@1 >FA@21", ">FA@21 >PA5@16 >PA10@1 >PA5@11", ">PA1 >PA18 >FPA1", ">PA10@11 >PA15@1 >FA@21"])
    func `case 27 numbers that wrap anywhere change nothing`(text: String) throws {
        let after = try HostileCase(size: 50) { size in
            .crowd(size) { number in
                var talk = Talk(number: number)
                talk.firstNumbers = (UInt32.max - UInt32(number % 25), UInt32.max - UInt32(number % 3))
                return talk.saying(">S <SA >A \(text) <A <PA9@1 >A#10 <FA >A")
            }
        }.run()
        #expect(after.stories.count == 50)
        #expect(after.all { $0.bytes.originator } == [Talk.bytes(1..<21)])
        #expect(after.all { $0.bytes.responder } == [Talk.bytes(1..<10, .responder)])
        #expect(after.all { $0.gaps.count } == [0])
        #expect(after.all(\.state) == [.sf])
    }

    // MARK: 28

    @Test(arguments: [
        ("keep-alives without data", ">S <SA >A >PA5 <A >A@5 <A >A@5 <A >PA5@6 <A >FA <FA", 1..<11, 0),
        ("keep-alives of a byte", ">S <SA >A >PA5 <A >PA1@5 <A >PA1@5 <A >PA5@6 <A >FA <FA", 1..<11, 2),
        ("probes of a closed window", ">S <SA >A >PA5 <A~0 >PA1@6 <A#6~0 >PA1@6 <A#6~0 >PA1@6 <A >PA4@7 >FA <FA", 1..<11, 2),
        ("repeats without need", ">S <SA >A >PA5 >PA5 <A >PA5@1 >PA5@6 >PA10@1 <A >FA <FA", 1..<11, 20),
    ]) func `case 28a what a host sends again is given out once`(name: String, text: String, bytes: Range<Int>, again: UInt64) throws {
        let after = try HostileCase(size: 40, text).run()
        #expect(after.all { $0.bytes.originator } == [Talk.bytes(bytes)])
        #expect(after.all { $0.record.originatorStream![.retransmitted] } == [again])
        #expect(after.all { $0.gaps.count + $0.conflicts.count } == [0])
        #expect(after.all(\.state) == [.sf])
    }

    @Test func `case 28b what is acknowledged and was never seen is a gap of its length`() throws {
        let after = try HostileCase(size: 40, ">S <SA >A >PA5 <A#505 >PA5@505 <A >FA <FA").run()
        #expect(after.all { $0.bytes.originator } == [Talk.bytes(1..<6) + Talk.bytes(505..<510)])
        #expect(after.all { $0.gaps.map(\.count) } == [[499]])
        #expect(after.all { $0.gaps.map(\.place) } == [[5]])
        #expect(after.all { $0.record.history.contains("G") } == [true])
    }

    // MARK: 29

    @Test(arguments: [false, true]) func `case 29 segments of all sizes are one stream`(isReversed: Bool) throws {
        var options = HostileCase.options
        options.reassemblyMemory = 8 << 20
        options.reassemblyPerConnection = 4 << 20
        options.reassemblyPerDirection = 4 << 20
        let sizes = [0, 1, 2, 536, 1460, 9000, 16_384, 65_000, 0, 3, 65_400, 1]
        let after = try HostileCase(size: 4, options) { size in
            .crowd(size) { number in
                var talk = Talk(">S <SA >A", number: number).withWindowScale(14)
                var place = 1
                var pieces = sizes.map { size in
                    defer { place += size }
                    return (place, Octets(repeating: UInt8(size & 255), count: size))
                }
                if isReversed { pieces.reverse() }
                for (place, bytes) in pieces { talk.send(.originator, [.ack], place: place, ack: 1, bytes) }
                return talk.saying("<A#\(place) >FA@\(place) <FA >A")
            }
        }.run()
        #expect(after.all { $0.bytes.originator } == [sizes.flatMap { Octets(repeating: UInt8($0 & 255), count: $0) }])
        #expect(after.all { $0.gaps.count } == [0])
        #expect(after.all(\.state) == [.sf])
    }
}
