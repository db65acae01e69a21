import Packets
import Testing
@testable import Tracking

/// HOSTILE case 8, and what an honest error is good for.
@Suite struct `ICMP errors` {
    private let client = End(1, 5000), server = End(2, 53), router: UInt32 = 99

    /// An error of a router that quotes so many bytes of a packet's IP header and payload.
    private func error(type: UInt8 = 3, code: UInt8 = 3, about frame: Octets, quoting count: Int = 28, at time: Int64) -> Sent {
        let quoted = Octets(frame.dropFirst(14).prefix(count))
        return Sent(ethernet(0x0800, ipv4(1, from: router, to: client.address, [type, code, 0, 0, 0, 0, 0, 0] + quoted)), at: time)
    }

    private func records(_ packets: [Sent]) throws -> (run: Run, flow: ConnectionRecord) {
        let run = try Run(Records.self)
        run.send(packets)
        run.drain()
        return (run, try #require(run.log.ended.first { $0.transport != .icmp && $0.transport != .icmpv6 }))
    }

    @Test func `are known to the flow that they quote, and are a flow themselves`() throws {
        let question = udpFrame(client, server)
        let (run, flow) = try records([Sent(question, at: start), error(about: question, at: start + 1), error(type: 11, code: 0, about: question, at: start + 2)])
        let noted = try #require(flow.icmpError)
        #expect((noted.count, noted.type, noted.code) == (2, 11, 0))
        #expect((flow.originator.packets, flow.responder.packets) == (1, 0))
        #expect((run.counters.matchedErrors, run.counters.unmatchedErrors) == (2, 0))
        #expect(run.counters[.tracked] == 3)
        #expect(run.log.ended.filter { $0.transport == .icmp }.count == 2)
    }

    @Test func `change neither time nor state of the flow`() throws {
        let question = udpFrame(client, server)
        let run = try Run(Records.self)
        run.send([Sent(question, at: start)])
        for second in 1...59 as ClosedRange<Int64> { run.send([error(about: question, at: start + second * 1_000_000_000)]) }
        run.advance(to: 61 * second)
        #expect(run.log.ended.map(\.endReason) == [.idle])
        #expect(run.log.ended[0].icmpError?.count == 59)
        #expect(run.log.ended[0].duration == 0)
    }

    @Test func `about what was never sent are nobody's`() throws {
        let question = udpFrame(client, server), answer = udpFrame(server, client)
        let (run, flow) = try records([Sent(question, at: start), error(about: answer, at: start + 1), error(about: udpFrame(client, End(7, 7)), at: start + 2)])
        #expect(flow.icmpError == nil)
        #expect((run.counters.matchedErrors, run.counters.unmatchedErrors) == (0, 2))
    }

    @Test func `of any length are survived, and matched as soon as the ports are there`() throws {
        let question = udpFrame(client, server)
        for count in 0...31 {
            let (run, _) = try records([Sent(question, at: start), error(about: question, quoting: count, at: start + 1)])
            #expect(run.counters.matchedErrors == (count >= 24 ? 1 : 0), "\(count) bytes quoted")
            #expect(run.counters.matchedErrors + run.counters.unmatchedErrors == 1)
        }
    }

    @Test func `find TCP in IPv6, too`() throws {
        var talk = Talk()
        talk.isIPv6 = true
        talk.say(">S")
        let quoted = Octets(talk.packets[0].bytes.dropFirst(14))
        let tooBig = ethernet(0x86dd, ipv6(58, from: router, to: talk.client.address, [2, 0, 0, 0, 0, 0, 5, 0] + quoted))
        let (run, flow) = try records(talk.packets + [Sent(tooBig, at: start + 1)])
        #expect(flow.transport == .tcp && flow.icmpError?.type == 2)
        #expect(run.counters.matchedErrors == 1)
    }

    @Test func `come and go with their connection, not with its place in the table`() throws {
        var options = Run.options
        options.maxConnections = 1
        let run = try Run(Records.self, .everything, options)
        let question = udpFrame(client, server)
        run.send([Sent(question, at: start)])
        run.send([error(about: question, at: start + 1)])
        for port in 1...20 as ClosedRange<UInt16> { run.send([Sent(udpFrame(End(3, port), server), at: start + 2)]) }
        run.drain()
        #expect(run.log.ended.filter { $0.icmpError != nil }.isEmpty == (run.counters.matchedErrors == 0))
        #expect(run.log.ended.filter { $0.originator.port != 5000 && $0.icmpError != nil }.isEmpty)
    }

    @Test func `in a flood, each of another type and code, leave the rest alone`() throws {
        let run = try Run(Records.self)
        var packets = [Sent(udpFrame(client, server), at: start)]
        for number in 0..<65_536 {
            let (type, code) = (UInt8(number >> 8), UInt8(number & 0xff))
            packets.append(Sent(ethernet(0x0800, ipv4(1, from: router, to: client.address, [type, code, 0, 0, 0, 0, 0, 0])), at: start + Int64(number)))
        }
        packets.append(Sent(udpFrame(server, client), at: start + 65_536))
        run.send(packets)
        run.drain()
        #expect(run.counters[.tracked] == 65_538)
        let flow = run.log.ended.filter { $0.transport == .udp }
        #expect(flow.reduce(0) { $0 + $1.originator.packets + $1.responder.packets } == 2)
        #expect(run.counters.connectionsPeak <= 1001)
    }
}
