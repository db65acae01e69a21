import Packets
import Testing
import Tracking

@Suite struct `Hostile handshakes and ends` {
    // MARK: 15

    /// A conversation, and what the originator's stream is: bytes of its talk from one place to another.
    typealias Exchange = (text: String, bytes: Range<Int>)

    @Test(arguments: [
        // The later SYN is the one that is answered.
        (">S >S@500 <SA#501 >A@501 >PA5@501 <A >FA <FA", 501..<506),
        // Another SYN into a connection that stands.
        (">S <SA >A >S@500 >PA5@1 <A >FA@6 <FA", 1..<6), (">S <SA >S@500 >A@1 >PA5@1 <A >FA@6 <FA", 1..<6),
        (">S <SA >A >PA5 >S@90000 >PA5@6 <A >FA@11 <FA", 1..<11),
    ] as [Exchange])
    func `case 15a a SYN with another number begins the stream anew only if it is answered`(exchange: Exchange) throws {
        let after = try HostileCase(size: 40, exchange.text).run()
        #expect(after.all { $0.bytes.originator } == [Talk.bytes(exchange.bytes)])
        #expect(after.all { $0.gaps.filter { $0.sender == .originator }.count } == [0])
        #expect(after.all(\.state) == [.sf])
    }

    @Test func `case 15b a SYN-ACK with another number changes nothing of a stream that began`() throws {
        let after = try HostileCase(size: 40, ">S <SA <SA@700 >A#1 <PA5@1 >A <PA5@6 >FA <FA@11").run()
        #expect(after.all { $0.bytes.responder } == [Talk.bytes(1..<11, .responder)])
        #expect(after.all { $0.gaps.count } == [0])
    }

    @Test func `case 15c a SYN-ACK that was not the first and is answered loses no byte`() throws {
        let after = try HostileCase(size: 40, ">S <SA <SA@700 >A#701 <PA5@701 >A <PA5 >FA <FA").run()
        // Whether the stream begins there or a gap leads there.
        #expect(after.all { Octets($0.bytes.responder.suffix(10)) } == [Talk.bytes(701..<711, .responder)])
    }

    @Test(arguments: [
        ("of four steps", ">S <A#1 <S >SA <A >PA5 <PA5 >FA <FA"), ("of five steps", ">S <A#1 <S >SA <SA@0 >A >PA5 <PA5 >FA <FA"),
        ("simultaneous", ">S <S >SA <SA >PA5 <PA5 >FA <FA"),
    ]) func `case 15d a split or simultaneous open has the originator who began`(name: String, text: String) throws {
        let after = try HostileCase(size: 40, text).run()
        #expect(after.stories.count == 40)
        #expect(after.all { $0.record.responder.port } == [443])
        #expect(after.all { $0.bytes.originator } == [Talk.bytes(1..<6)])
        #expect(after.all { $0.bytes.responder } == [Talk.bytes(1..<6, .responder)])
        #expect(after.all(\.state) == [.sf])
    }

    @Test(arguments: [
        ("taken", ">S20 <SA#21 >A >PA5 <A >FA <FA"), ("not taken, and sent again", ">S20 <SA#1 >A@1 >PA20@1 >PA5 <A >FA <FA"),
        ("not taken, and sent again in parts", ">S20 <SA#1 >A@1 >PA10@1 >PA15@11 <A >FA <FA"),
    ]) func `case 15e data in a SYN is the stream's beginning, once`(name: String, text: String) throws {
        let after = try HostileCase(size: 40, text).run()
        #expect(after.all { $0.bytes.originator } == [Talk.bytes(1..<26)])
        #expect(after.all { $0.gaps.count + $0.conflicts.count } == [0])
        #expect(after.all(\.state) == [.sf])
    }

    @Test func `case 15f data in a SYN that the server did not take is counted, and what comes in its place is the stream`() throws {
        let after = try HostileCase(size: 40) { size in
            .crowd(size) { number in
                var talk = Talk(number: number)
                talk.payloads = [Octets(repeating: 0x41, count: 20), Octets(repeating: 0x42, count: 20)]
                talk.say(">S20 <SA#1 >A@1 >PA20@1 <A >FA <FA")
                return talk
            }
        }.run()
        #expect(after.all { $0.bytes.originator } == [Octets(repeating: 0x42, count: 20)])
        #expect(after.counters[bytes: .outOfWindow] == 40 * 20)
    }

    @Test(arguments: [("SYN and FIN", ">SF"), ("no flag", ">-@5"), ("FIN, URG and PSH", ">FPU@5"), ("all flags", ">SFRPUA"), ("FIN", ">F@5"), ("ACK", ">A@5")])
    func `case 15g scans are connections without an answer`(name: String, text: String) throws {
        let after = try HostileCase(size: 400, text).run()
        #expect(after.stories.count == 400)
        #expect(after[.tracked] == 400)
        #expect(after.all { [.sf, .s1, .s2, .s3, .rsto, .rstr].contains($0.state) } == [false])
    }

    // MARK: 16

    @Test(arguments: [
        (">PA5@1000 <A@9 >PA5 <PA7@9 >A", OriginatorEvidence.firstPacket), ("<SA >A <PA5 >PA5", .synAck), (">PA5@1000 >PA5", .firstPacket), (">S >A >PA5 >FA", .syn),
        ("<SA <PA7 <FA", .synAck),
    ]) func `case 16 midstream and one-sided traffic has the best originator there is, and its bytes`(text: String, evidence: OriginatorEvidence) throws {
        let after = try HostileCase(size: 40, text).run()
        #expect(after.stories.count == 40)
        #expect(after.all { $0.record.originatorEvidence } == [evidence])
        #expect(after.all { $0.record.responder.port } == [443])
        #expect(after.all { $0.record.originatorStream![.delivered] == $0.record.originator.payloadBytes } == [true])
        #expect(after.all { $0.record.responderStream![.delivered] == $0.record.responder.payloadBytes } == [true])
        #expect(after.all { $0.gaps.count } == [0])
    }

    // MARK: 17

    @Test(arguments: [
        ">S <SA >A >PA5 <A >FPA10 <A <FA >A", ">S <SA >A >FPA10@6 >PA5@1 <A <FA >A", ">S <SA >A >FPA5@11 >PA5@6 >PA5@1 <A <FA >A", ">S <SA >A >FA@16 <FA >PA15@1 >A",
    ]) func `case 17a a FIN ends the stream behind its own bytes and those that come after it`(text: String) throws {
        let after = try HostileCase(size: 40, text).run()
        #expect(after.all { $0.bytes.originator } == [Talk.bytes(1..<16)])
        #expect(after.all { $0.gaps.count } == [0])
        #expect(after.all(\.state) == [.sf])
    }

    @Test(arguments: ["<R@100000", "<R@0", ">R@900000", ">RA@1000000000", "<RA@2147483640"])
    func `case 17b a RST outside the window ends nothing, and is counted`(reset: String) throws {
        let after = try HostileCase(size: 40, ">S <SA >A >PA5 <A <PA5 >A \(reset) >PA5 <PA5 >FA <FA >A").run()
        #expect(after.counters.refusedResets == 40)
        #expect(after.all(\.state) == [.sf])
        #expect(after.all(\.end) == [.fin])
        #expect(after.all { $0.bytes.originator } == [Talk.bytes(1..<11)])
        #expect(after.all { $0.bytes.responder } == [Talk.bytes(1..<11, .responder)])
    }

    @Test func `case 17c data in a RST is none of the stream, and is counted`() throws {
        let after = try HostileCase(size: 40, ">S <SA >A >PA5 <A <PA5 >A >RA9").run()
        #expect(after.all(\.end) == [.rst])
        #expect(after.all { $0.bytes.originator } == [Talk.bytes(1..<6)])
        #expect(after.all { $0.record.originatorStream?[.afterEnd] } == [9])
    }

    @Test(arguments: [(">S <SA >A >PA5 <A >RA >PA9 <PA9@1", EndReason.rst), (">S <SA >A >PA5 <A >FA <FA >PA9 <PA9@2", .fin)])
    func `case 17d data after the end is counted, and given to nobody`(text: String, end: EndReason) throws {
        let after = try HostileCase(size: 40, text).run()
        #expect(after.all(\.end) == [end])
        #expect(after.all { $0.bytes.originator } == [Talk.bytes(1..<6)])
        #expect(after.all { $0.bytes.responder } == [[]])
        #expect(after.counters[bytes: .afterEnd] == 40 * 18)
    }
}
