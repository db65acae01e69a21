import Packets
import Testing
@testable import Tracking

@Suite struct `Overlap policies` {
    /// A segment: where it begins, and its text.
    typealias Piece = (place: Int, text: String)

    /// The stream that held segments make, the first byte of which comes last, at its place 1.
    private func stream(_ policy: OverlapPolicy, _ pieces: [Piece], firstNumber: UInt32 = 1000, last: Piece = (1, "0")) throws -> String {
        var options = Run.options
        options.overlapPolicy = policy
        let run = try Run(Streams.self, .everything, options)
        var talk = Talk()
        talk.firstNumbers.client = firstNumber
        talk.say(">S <SA >A")
        for piece in pieces + [last] { talk.send(.originator, [.ack], place: piece.place, ack: 1, Octets(piece.text.utf8)) }
        run.send(talk)
        run.drain()
        return String(decoding: run.log.stream(.originator).map { $0 ?? UInt8(ascii: ".") }, as: UTF8.self)
    }

    /// Novak and Sturges' own scenario, with what each kind of host makes of it (as in Suricata's stream-tcp-list tests).
    @Test(arguments: [
        (OverlapPolicy.bsd, "0AAAJJBCCCLLLMMMFFFGGHHIQ"), (.windows, "0AAAJBBCCCLDLMEEFFFGGHHIQ"), (.first, "0AAAJBBCCCLDLMEEFFFGGHHIQ"),
        (.linux, "0AAAJJBCCCLLLMMMFFFGGHHQQ"), (.oldLinux, "0AAAJJBKKKLLLMMMFFFGGHHQQ"), (.solaris, "0AJJJBBKKKLLLMMMFFFGGHHQQ"),
        (.last, "0AJJJJBKKKLLLMMMFNFGOPHQQ"),
    ], [0, 1, .max, .max - 10, .max - 2046, 1 << 31 - 5] as [UInt32])
    func `read Novak and Sturges' scenario as their hosts do`(_ expected: (policy: OverlapPolicy, text: String), firstNumber: UInt32) throws {
        let pieces: [Piece] = [
            (2, "AAA"), (6, "BB"), (8, "CCC"), (12, "D"), (15, "EE"), (17, "FFF"), (20, "GG"), (22, "HH"), (24, "I"),
            (3, "JJJJ"), (8, "KKK"), (11, "LLL"), (14, "MMM"), (18, "N"), (21, "O"), (22, "P"), (24, "QQ"),
        ]
        #expect(try stream(expected.policy, pieces, firstNumber: firstNumber) == expected.text)
    }

    /// How a held segment, `o`, and a newcomer, `n`, lie to each other; who counts for policies that prefer the old one, and what the others say.
    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var old: Range<Int>
        var new: Range<Int>
        /// Whose bytes both have are the newcomer's.
        var newFor: Set<OverlapPolicy>
    }

    @Test(arguments: [
        Case(testDescription: "begins before, ends within", old: 10..<20, new: 5..<15, newFor: [.last, .bsd, .linux, .oldLinux]),
        Case(testDescription: "begins before, ends with it", old: 10..<20, new: 5..<20, newFor: [.last, .bsd, .linux, .oldLinux, .solaris]),
        Case(testDescription: "begins before, ends behind", old: 10..<20, new: 5..<25, newFor: [.last, .bsd, .linux, .oldLinux, .solaris]),
        Case(testDescription: "begins with it, ends within", old: 10..<20, new: 10..<15, newFor: [.last]),
        Case(testDescription: "the same", old: 10..<20, new: 10..<20, newFor: [.last, .oldLinux, .solaris]),
        Case(testDescription: "begins with it, ends behind", old: 10..<20, new: 10..<25, newFor: [.last, .linux, .oldLinux, .solaris]),
        Case(testDescription: "begins within, ends within", old: 10..<20, new: 12..<18, newFor: [.last]),
        Case(testDescription: "begins within, ends with it", old: 10..<20, new: 12..<20, newFor: [.last]),
        Case(testDescription: "begins within, ends behind", old: 10..<20, new: 12..<25, newFor: [.last, .solaris]),
    ], OverlapPolicy.allCases)
    func `know before, same and after`(_ sample: Case, policy: OverlapPolicy) throws {
        let found = try stream(policy, [
            (sample.old.lowerBound, String(repeating: "o", count: sample.old.count)), (sample.new.lowerBound, String(repeating: "n", count: sample.new.count)),
        ])
        let letters = (1..<max(sample.old.upperBound, sample.new.upperBound)).map { place -> Character in
            switch (sample.old.contains(place), sample.new.contains(place)) {
            case (true, true): sample.newFor.contains(policy) ? "n" : "o"
            case (true, false): "o"
            case (false, true): "n"
            case (false, false): place == 1 ? "0" : "."
            }
        }
        #expect(found == String(letters))
    }

    /// A newcomer that decides once what a held segment of several pages is to it.
    @Test(arguments: OverlapPolicy.allCases) func `do not change their mind at a page's end`(_ policy: OverlapPolicy) throws {
        let old = String(repeating: "o", count: 5000)
        let found = try stream(policy, [(2000, old), (2500, String(repeating: "n", count: 5000))], last: (1, String(repeating: "0", count: 1999)))
        let border = policy == .last || policy == .solaris ? 2500 : 7000
        #expect(found == String(repeating: "0", count: 1999) + String(repeating: "o", count: border - 2000) + String(repeating: "n", count: 7500 - border))
    }

    /// What a newcomer leaves of a held segment is a segment of its own to the next.
    @Test func `look at what is left of a segment`() throws {
        // The second takes the first's middle: what is left behind it begins with the third, which is longer.
        #expect(try stream(.linux, [(10, "aaaaaaaaaa"), (9, "bbbbb"), (14, "ccccccc")]) == "0.......bbbbbccccccc")
        #expect(try stream(.bsd, [(10, "aaaaaaaaaa"), (9, "bbbbb"), (14, "ccccccc")]) == "0.......bbbbbaaaaaac")
        #expect(try stream(.solaris, [(10, "aaaaaa"), (12, "bbbbbb"), (8, "cccc"), (10, "dddd")]) == "0......ccddbbbbbb")
    }

    @Test(arguments: OverlapPolicy.allCases) func `leave what has been given out`(_ policy: OverlapPolicy) throws {
        #expect(try stream(policy, [(1, "aaaa"), (1, "bbbbbb"), (7, "c")], last: (3, "dddddd")) == "aaaabbcd")
    }

    /// The segment that closes the hole has a say in what lies behind it.
    @Test(arguments: OverlapPolicy.allCases) func `ask the segment that closes the hole`(_ policy: OverlapPolicy) throws {
        let found = try stream(policy, [(5, "oooo")], last: (1, "nnnnnnnnn"))
        #expect(found == (policy == .first || policy == .windows ? "nnnnoooon" : "nnnnnnnnn"))
    }
}
