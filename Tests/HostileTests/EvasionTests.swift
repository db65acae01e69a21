import Packets
import Testing
import Tracking

/// Packets that one host would take and another would not, so that whoever reads along may read something else. Nobody but the host knows: so what
/// differs must be told, never silently decided.
@Suite struct `Hostile evasion` {
    /// What an inserted segment has of its own, so that its receiver drops it. The TCP header begins at byte 34 of the frame.
    private static let disguises: [(name: String, change: @Sendable (inout Sent) -> Void)] = [
        ("nothing", { _ in }),
        ("a low TTL", { $0.bytes[22] = 1 }),
        ("a bad IP checksum", { $0.bytes[24] = 0xba }),
        ("a bad TCP checksum", { $0.bytes[50] = 0xba }),
        ("an acknowledgment of what was never sent", { $0.bytes.replaceSubrange(42..<46, with: [0x7f, 0, 0, 0]) }),
        ("no ACK", { $0.bytes[47] = TCPFlags.psh.rawValue }),
        ("no flag", { $0.bytes[47] = 0 }),
        ("an urgent pointer", { ($0.bytes[47], $0.bytes[53]) = (TCPFlags([.ack, .urg]).rawValue, 3) }),
        ("an old timestamp", { $0.addTCPOption([1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 1]) }),
        ("a wrong MD5 signature", { $0.addTCPOption([19, 18] + Octets(repeating: 0xbd, count: 16) + [1, 1]) }),
    ]

    // MARK: 21

    /// Other bytes before, or behind, those that the server reads.
    @Test(arguments: disguises.map(\.name), [false, true])
    func `case 21a an inserted segment is told as a conflict, whatever it is disguised as`(name: String, isFirst: Bool) throws {
        let disguise = Self.disguises.first { $0.name == name }!
        let after = try HostileCase(size: 40) { size in
            .crowd(size) { number in
                var talk = Talk(number: number)
                talk.payloads = (isFirst ? ["evil!", "good!"] : ["good!", "evil!"]).map { Octets($0.utf8) }
                talk.say(">S <SA >A >PA5 >PA5@1 <A >FA <FA >A")
                disguise.change(&talk.packets[isFirst ? 3 : 4])
                return talk
            }
        }.run()
        #expect(after.stories.count == 40)
        #expect(after.all { $0.conflicts.map(\.byteCount) } == [[5]])
        #expect(after.all { $0.record.originatorStream?.conflicts } == [1])
        #expect(after.all { $0.bytes.originator.count } == [5])
        #expect(after.counters[bytes: .overlapped] == 40 * 5)
    }

    @Test(arguments: OverlapPolicy.allCases) func `case 21b overlaps forward and backward are told`(policy: OverlapPolicy) throws {
        var options = HostileCase.options
        options.overlapPolicy = policy
        let after = try HostileCase(size: 40, options) { size in
            .crowd(size) { number in
                var talk = Talk(number: number)
                talk.payloads = ["bbbbbbbbbb", "ffffffffff", "cccccccccc", "0000"].map { Octets($0.utf8) }
                return talk.saying(">S <SA >A >PA10@10 >PA10@5 >PA10@15 >PA4@1 <A >FA@25 <FA >A")
            }
        }.run()
        #expect(after.all { $0.bytes.originator.count } == [24])
        #expect(after.all { $0.conflicts.count } == [2])
        #expect(after.all { $0.gaps.count } == [0])
    }

    @Test func `case 21c data far out of the window does not keep the stream from going on`() throws {
        let after = try HostileCase(size: 40, ">S <SA >A >PA5 <A >PA5@90000000 >PA5@6 <A <PA5 >PA5@11 <A >FA@16 <FA >A").run()
        #expect(after.all { $0.bytes.originator } == [Talk.bytes(1..<16)])
        #expect(after.all { $0.gaps.count } == [0])
        #expect(after.all(\.state) == [.sf])
        // Each of its bytes has a name: it lies outside any window, or behind the FIN.
        let account = after.counters
        #expect(account[bytes: .outOfWindow] + account[bytes: .afterEnd] + account[bytes: .unwanted] == 40 * 5)
    }

    // MARK: 22

    @Test(arguments: [">R@6", ">RA@6", ">FA@6"], disguises.map(\.name))
    func `case 22a what goes on after an end that the server did not believe is counted`(end: String, name: String) throws {
        let disguise = Self.disguises.first { $0.name == name }!
        let after = try HostileCase(size: 16) { size in
            .crowd(size) { number in
                var talk = Talk(">S <SA >A >PA5 <A \(end) >PA5@6 >PA5@11 <A#16 <PA9", number: number)
                let flags = talk.packets[5].bytes[47]
                disguise.change(&talk.packets[5])
                // The flag is what it is about.
                talk.packets[5].bytes[47] = flags
                return talk
            }
        }.run()
        #expect(after.stories.count == 16)
        // Ten bytes went on; if they are given out, all of them are, otherwise each is counted as what came after the end.
        let given = after.all { $0.bytes.originator.count }
        #expect(given == [5])
        #expect(after.all { $0.record.originatorStream?[.afterEnd] } == [10])
        #expect(after.all { $0.record.originator.payloadBytes } == [15])
    }

    @Test func `case 22b an acknowledgment of what was never sent is no end of the stream`() throws {
        let after = try HostileCase(size: 40, ">S <SA >A >PA5#90000 <PA5#80000 >PA5 <PA5 >A >FA <FA >A").run()
        #expect(after.all { $0.bytes.originator } == [Talk.bytes(1..<11)])
        #expect(after.all { $0.bytes.responder } == [Talk.bytes(1..<11, .responder)])
        #expect(after.all { $0.gaps.count } == [0])
    }

    @Test func `case 22c segments with and without timestamps are one stream`() throws {
        let after = try HostileCase(size: 40) { size in
            .crowd(size) { number in
                var talk = Talk(">S <SA >A >PA5 >PA5 >PA5 <A >FA <FA >A", number: number)
                for index in [0, 1, 2, 4] { talk.packets[index].addTCPOption([1, 1, 8, 10, 0, 0, 0, UInt8(index), 0, 0, 0, 1]) }
                return talk
            }
        }.run()
        #expect(after.all { $0.bytes.originator } == [Talk.bytes(1..<16)])
        #expect(after.all(\.state) == [.sf])
    }

    // MARK: 24

    @Test(arguments: [0, 1, 3, 5, 6, 0xffff] as [UInt16]) func `case 24 urgent data stays in its place, wherever the pointer points`(pointer: UInt16) throws {
        let after = try HostileCase(size: 40) { size in
            .crowd(size) { number in
                var talk = Talk(">S <SA >A >PA5 >PUA5 >PA5 <A >PUA1 >PUA5@22 >PA5@17 >FA@27 <FA >A", number: number)
                for index in talk.packets.indices where talk.packets[index].bytes[47] & TCPFlags.urg.rawValue != 0 {
                    talk.packets[index].bytes.replaceSubrange(52..<54, with: big(pointer))
                }
                return talk
            }
        }.run()
        #expect(after.all { $0.bytes.originator } == [Talk.bytes(1..<27)])
        #expect(after.all { $0.gaps.count + $0.conflicts.count } == [0])
    }
}
