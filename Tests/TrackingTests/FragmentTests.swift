import Filters
import Packets
import Testing
@testable import Tracking

@Suite struct `Fragments` {
    private let payload = pattern(100)
    private var datagram: Octets { udp(5000, 53, payload) }

    @Test(arguments: [false, true]) func `come together in any order`(isIPv6: Bool) throws {
        for borders in [[40, 80], [24, 56, 104]] {
            for order in permutations(Cutter(isIPv6: isIPv6).frames(datagram, at: borders)) {
                for burst in [1, 2, 64] {
                    let run = try Run.payloads(order, burst: burst)
                    #expect(run.log.payloads == [payload])
                    #expect(run.counters.datagrams == 1)
                    #expect(run.counters[.tracked] == UInt64(order.count))
                }
            }
        }
    }

    @Test(arguments: [false, true]) func `come together whatever the border`(isIPv6: Bool) throws {
        for border in stride(from: 8, to: datagram.count, by: 8) {
            for order in permutations(Cutter(isIPv6: isIPv6).frames(datagram, at: [border])) {
                #expect(try Run.payloads(order).log.payloads == [payload], "\(border)")
            }
        }
    }

    @Test(arguments: [false, true]) func `all count in their connection, with packets that are none`(isIPv6: Bool) throws {
        var cutter = Cutter(isIPv6: isIPv6)
        let ip = isIPv6 ? ipv6(17, from: cutter.from, to: cutter.to, datagram) : ipv4(17, from: cutter.from, to: cutter.to, datagram)
        var sent = [Sent(ethernet(isIPv6 ? 0x86dd : 0x0800, ip), at: start)]
        for (number, frame) in cutter.frames(datagram, at: [48, 96]).enumerated() {
            sent.append(Sent(frame.bytes, at: start + Int64(number + 1) * second))
        }
        cutter.from = 0x0a00_0002
        cutter.to = 0x0a00_0001
        let answer = udp(53, 5000, [1, 2, 3, 4, 5, 6, 7, 8, 9])
        sent += cutter.frames(answer, at: [8]).map { Sent($0.bytes, at: start + 5 * second) }
        let run = try Run.payloads(sent)
        try #require(run.log.ended.count == 1)
        let record = run.log.ended[0]
        #expect((record.originator.packets, record.responder.packets) == (4, 2))
        let sizes = sent.map { UInt64($0.bytes.count) }
        #expect(record.originator.frameBytes == sizes[..<4].reduce(0, +))
        #expect(record.originator.ipBytes == sizes[..<4].reduce(0) { $0 + $1 - 14 })
        #expect(record.originator.payloadBytes == 200)
        #expect(record.responder.frameBytes == sizes[4...].reduce(0, +))
        #expect((record.originator.first.nanoseconds, record.originator.last.nanoseconds) == (start, start + 3 * second))
        #expect(run.counters[.tracked] == 6)
    }

    @Test func `a first packet in fragments begins where its first fragment came`() throws {
        let frames = Cutter().frames(datagram, at: [40, 80]).enumerated().map { Sent($1.bytes, at: start + Int64(2 - $0) * second) }
        let record = try Run.payloads(frames).log.ended[0]
        #expect((record.originator.first.nanoseconds, record.originator.last.nanoseconds) == (start, start + 2 * second))
        #expect(record.originator.packets == 3)
    }

    @Test func `a TCP segment in fragments is one of its stream`() throws {
        var talk = Talk(">S <SA >A >PA600 <A >PA10")
        let whole = talk.packets.remove(at: 3)
        let segment = Octets(whole.bytes[34...])
        var cutter = Cutter()
        (cutter.number, cutter.from, cutter.to, cutter.time) = (6, talk.client.address, talk.server.address, whole.time)
        talk.packets.insert(contentsOf: cutter.frames(segment, at: [8, 24, 304]).reversed(), at: 3)
        let run = try Run(Streams.self)
        run.send(talk)
        run.drain()
        #expect(run.log.stream(.originator) == Talk.bytes(1..<611).map { $0 })
        #expect(run.log.ended[0].originator.packets == 7)
    }

    @Test func `have the outcome of their datagram`() throws {
        let frames = Cutter().frames(datagram, at: [40, 80])
        func counters(_ filter: Filter, singles: Bool = false) throws -> Counters {
            let run = try Run([Run.Listener(Payloads.self, filter)] + (singles ? [Run.Listener(Singles.self)] : []))
            run.send(frames)
            run.drain()
            if singles { #expect(run.logs[1].singles.count == 3) }
            return run.counters
        }
        #expect(try counters(.udp && .port(53))[.tracked] == 3)
        #expect(try counters(.udp && .port(54))[.filtered] == 3)
        #expect(try counters(.udp && .port(54), singles: true)[.delivered] == 3)
        // UDP's length says more than there is.
        let lying = Cutter().frames([0, 1, 0, 2, 0xff, 0xff, 0, 0] + payload, at: [40])
        let malformed = try Run.payloads(lying).counters
        #expect(malformed[.malformed] == 2)
        #expect(malformed[.udpBadLength] == 2)
        #expect(try Run.payloads([frames[0], frames[2]]).counters[.fragment] == 2)
    }

    @Test func `left alone, first ones belong to their flow, and later ones to none`() throws {
        var options = Run.options
        options.fragments = false
        let run = try Run.payloads(Cutter().frames(datagram, at: [40, 80]), options)
        #expect(run.log.payloads == [Octets(payload[..<32])])
        #expect((run.counters[.tracked], run.counters[.fragment], run.counters.datagrams) == (1, 2, 0))
    }

    @Test func `stay as they are for subscriptions of packets`() throws {
        let run = try Run(Singles.self)
        run.send(Cutter().frames(datagram, at: [40, 80]))
        #expect(run.log.singles.count == 3)
        #expect((run.counters[.delivered], run.counters[.fragment], run.counters.datagrams) == (1, 2, 0))
    }

    @Test(arguments: [1, 2, 5, 15, 16]) func `carry other fragments, as deep as layers go`(depth: Int) throws {
        var cutter = Cutter(isIPv6: true)
        var body = datagram
        var frames: [Sent] = []
        for level in 1...depth {
            cutter.id = UInt32(level)
            frames.append(cutter.frame(Piece(0, Octets(body[..<8]), more: true)))
            if level == depth { frames.append(cutter.frame(Piece(8, Octets(body[8...]), more: false))) }
            // The second fragment is what the next two carry.
            body = [cutter.number, 0] + big(8 as UInt16) + big(cutter.id) + body[8...]
            cutter.number = 44
        }
        let run = try Run.payloads(frames)
        #expect(run.log.payloads == (depth < 16 ? [payload] : []))
        #expect(run.counters[depth < 16 ? .tracked : .malformed] == UInt64(depth + 1))
        #expect(run.counters[.tooManyTunnels] == (depth < 16 ? 0 : 17))
    }

    @Test func `carry a tunnel, and lie in one`() throws {
        let inner = ethernet(0x0800, ipv4(17, from: 1, to: 2, udp(7, 9, payload)))
        let vxlan: Octets = [8, 0, 0, 0, 0, 0, 42, 0]
        let outer = try Run.payloads(Cutter().frames(udp(50000, 4789, vxlan + inner), at: [8, 64]))
        #expect(outer.log.payloads == [payload])
        #expect(outer.log.ended[0].originator.port == 7)
        #expect(outer.counters[.tracked] == 3)

        func tunnel(_ id: UInt8, _ piece: Octets) -> Sent {
            let header: Octets = [8, 0, 0, 0, 0, 0, id, 0]
            return Sent(udpFrame(End(0xc000_0201, 50000), End(0xc000_0202, 4789), header + piece), at: start)
        }
        let pieces = Cutter().frames(datagram, at: [40]).map(\.bytes)
        #expect(try Run.payloads(pieces.map { tunnel(42, $0) }).log.payloads == [payload])
        // Halves in two tunnels are no whole.
        #expect(try Run.payloads([tunnel(42, pieces[0]), tunnel(43, pieces[1])]).counters[.fragment] == 2)
    }
}
