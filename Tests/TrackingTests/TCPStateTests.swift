import Packets
import Testing
@testable import Tracking

@Suite struct `TCP states` {
    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var talk: String
        var state: ConnectionState
        var history: String
        var end = EndReason.drained
    }

    static let cases = [
        Case(testDescription: "an attempt", talk: ">S", state: .s0, history: "S"),
        Case(testDescription: "an attempt, three times", talk: ">S +1 >S +2 >S", state: .s0, history: "S"),
        Case(testDescription: "established", talk: ">S <SA >A", state: .s1, history: "ShA"),
        Case(testDescription: "a whole connection", talk: ">S <SA >A >PA5 <A <PA7 >A >FA <FA >A", state: .sf, history: "ShADadFf", end: .fin),
        Case(testDescription: "closed by the responder first", talk: ">S <SA >A <PA7 <FA >A >FA <A", state: .sf, history: "ShAdfFa", end: .fin),
        Case(testDescription: "rejected", talk: ">S <RA", state: .rej, history: "Sr", end: .rst),
        Case(testDescription: "half closed by the originator", talk: ">S <SA >A >FA <A", state: .s2, history: "ShAFa"),
        Case(testDescription: "half closed by the responder", talk: ">S <SA >A <FA >A", state: .s3, history: "ShAf"),
        Case(testDescription: "aborted by the originator", talk: ">S <SA >A >PA5 >R", state: .rsto, history: "ShADR", end: .rst),
        Case(testDescription: "aborted by the responder", talk: ">S <SA >A >PA5 <RA", state: .rstr, history: "ShADr", end: .rst),
        Case(testDescription: "a SYN scan", talk: ">S <SA >R", state: .rsto, history: "ShR", end: .rst),
        Case(testDescription: "aborted before the answer", talk: ">S >R", state: .rstos0, history: "SR", end: .rst),
        Case(testDescription: "half of a rejection", talk: "<SA <R", state: .rstrh, history: "hr", end: .rst),
        Case(testDescription: "half of a half-open", talk: ">S >F", state: .sh, history: "SF"),
        Case(testDescription: "half of an answer", talk: "<SA <FA", state: .shr, history: "hf"),
        Case(testDescription: "midstream", talk: ">PA5 <PA7", state: .oth, history: "Dd"),
        Case(testDescription: "midstream to the end", talk: ">PA5 <PA7 >FA <FA >A", state: .sf, history: "DdFfA", end: .fin),
        Case(testDescription: "the SYN was missed", talk: "<SA >A >PA5 <PA7", state: .s1, history: "hADd"),
        Case(testDescription: "the SYN-ACK was missed", talk: ">S <A >A >PA5", state: .oth, history: "SaAD"),
        Case(testDescription: "simultaneous open", talk: ">S <S >SA <SA >PA5", state: .s1, history: "SsD"),
        Case(testDescription: "split handshake, four steps", talk: ">S <A <S >SA <A", state: .s1, history: "Sas"),
        Case(testDescription: "split handshake, three steps", talk: ">S <S >SA <A", state: .s1, history: "Ssa"),
        Case(testDescription: "a SYN with data", talk: ">S10 <SA#11 >A >PA5", state: .s1, history: "ShAD"),
        Case(testDescription: "SYN and SYN-ACK again", talk: ">S >S <SA <SA >A <SA >S", state: .s1, history: "ShA"),
        Case(testDescription: "a SYN with another number", talk: ">S >S@700 <SA#701 >A", state: .s1, history: "SShA"),
        Case(testDescription: "an established connection's SYN with another number", talk: ">S <SA >A >PA5 <A >S@7000 >PA5@6", state: .s1, history: "ShADaS"),
        Case(testDescription: "FIN with data", talk: ">S <SA >A >FPA5 <FPA7 >A", state: .sf, history: "ShAFf", end: .fin),
        Case(testDescription: "FIN again", talk: ">S <SA >A >FA@1 >FA@1 <FA@1 <FA@1", state: .sf, history: "ShAFf", end: .fin),
        Case(testDescription: "FIN before missing data", talk: ">S <SA >A >FA@6 <FA >PA5@1", state: .sf, history: "ShAFfDT", end: .fin),
        Case(testDescription: "data again", talk: ">S <SA >A >PA5 >PA5@1 <A", state: .s1, history: "ShADTa"),
        Case(testDescription: "a window of zero", talk: ">S <SA >A >PA5 <A~0", state: .s1, history: "ShADaw"),
        Case(testDescription: "acknowledged and never seen", talk: ">S <SA >A <A#600", state: .s1, history: "ShAaG"),
        Case(testDescription: "RST after both FINs", talk: ">S <SA >A >FA <FA >R", state: .rsto, history: "ShAFfR", end: .fin),
        Case(testDescription: "a null scan", talk: ">-", state: .oth, history: ""),
        Case(testDescription: "a Christmas tree", talk: ">FPU", state: .sh, history: "F"),
        Case(testDescription: "a Christmas tree, answered", talk: ">FPU <RA", state: .rstr, history: "Fr", end: .rst),
        Case(testDescription: "SYN and FIN at once", talk: ">SF", state: .sh, history: "Q"),
        Case(testDescription: "SYN and RST at once", talk: ">SR", state: .rstos0, history: "Q", end: .rst),
        Case(testDescription: "FIN and RST at once", talk: ">S <SA >A >FR", state: .rsto, history: "ShAI", end: .rst),
    ]

    /// With the originator as the key's first endpoint and as its second.
    @Test(arguments: cases, [false, true]) func `come out as Zeek names them`(exchange: Case, swapped: Bool) throws {
        let record = try Run.record(exchange.talk, swapped: swapped)
        #expect(record.state == exchange.state)
        #expect(record.history == exchange.history)
        #expect(record.endReason == exchange.end)
        #expect(record.originator.port == 40000)
        #expect(record.responder.port == 443)
    }

    @Test func `a history has room for 23 letters`() throws {
        let record = try Run.record((0..<40).map { ">S@\($0 * 10)" }.joined(separator: " "))
        #expect(record.history == String(repeating: "S", count: 23))
        #expect(record.originator.packets == 40)
    }

    @Test func `a packet to oneself is one endpoint's`() throws {
        var talk = Talk()
        talk.client = End(0x0a00_0001, 139)
        talk.server = talk.client
        talk.say(">S <SA >A <FA <R")
        let records = try Run.records(talk)
        #expect(records.count == 1)
        #expect(records[0].originator.packets + records[0].responder.packets == 5)
        #expect(records[0].originator.address == records[0].responder.address)
    }
}

@Suite struct `TCP resets` {
    /// How a talk goes on after it: state, resets refused.
    private func state(_ text: String, swapped: Bool) throws -> (ConnectionState, UInt64) {
        let run = try Run(Records.self)
        run.send(Talk(text, swapped: swapped))
        run.drain()
        try #require(run.log.ended.count == 1)
        return (run.log.ended[0].state, run.counters.refusedResets)
    }

    @Test(arguments: [
        (">S <SA >A >PA5 <A >R@500000", ConnectionState.s1), (">S <SA >A >PA5 <A >R@5", .s1), (">S <SA >A >PA5 <A <R@-1", .s1),
        (">S <SA >A >PA5 <A <R@2000", .s1), (">S <RA#2", .s0), (">S <RA#0", .s0), (">S <R", .s0), (">S >R@9", .s0),
        (">S <SA >A >PA5 <A >R@-2000000000", .s1),
    ], [false, true]) func `that the other side would not believe change nothing, and are counted`(talk: (text: String, state: ConnectionState), swapped: Bool) throws {
        #expect(try state(talk.text, swapped: swapped) == (talk.state, 1))
    }

    @Test(arguments: [
        (">S <SA >A >PA5 <A >R@6", ConnectionState.rsto), (">S <SA >A >PA5 <A >R@1030", .rsto), (">S <SA >A >PA5 >R@1", .rsto),
        (">S <SA >A >PA5 <A <R@1", .rstr), (">S10 <RA#1", .rej), (">S10 <RA#11", .rej), (">R", .rstos0), (">PA5 <R", .rstrh),
        (">S <SA >A >FA <FA >R@2", .rsto),
    ], [false, true]) func `inside the window end the connection`(talk: (text: String, state: ConnectionState), swapped: Bool) throws {
        #expect(try state(talk.text, swapped: swapped) == (talk.state, 0))
    }

    @Test func `refused ones do not keep a true one from its effect`() throws {
        let run = try Run(Records.self)
        run.send(">S <SA >A >PA5 <A >R@500000 >R@6")
        #expect(run.counters.refusedResets == 1)
        run.advance(to: 6 * second)
        #expect(run.log.ended.map(\.endReason) == [.rst])
    }
}
