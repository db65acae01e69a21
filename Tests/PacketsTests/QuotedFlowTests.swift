import Packets
import Testing

@Suite struct `Quoted flows` {
    private typealias Flow = (key: FlowKey, senderIsB: Bool)

    private func quoted(_ frame: Octets) -> Flow? {
        let memory = GuardedMemory(room: frame.count)
        var raw = memory.frame(frame)
        var packet = Packet(raw)
        return Packet.quotedFlow(of: &packet, in: &raw)
    }

    /// An error from a router about a packet that went from 1 to 2.
    private func error4(_ type: UInt8, _ quote: Octets) -> Octets { ethernet(0x0800, ipv4(1, icmp(type, 1, quote), from: 9, to: 1)) }
    private func error6(_ type: UInt8, _ quote: Octets) -> Octets { ethernet(0x86dd, ipv6(58, icmp(type, 0, quote), from: 9, to: 1)) }

    private let segment = tcp(from: 50000, to: 443)

    @Test(arguments: [3, 4, 5, 11, 12] as [UInt8]) func `an ICMP error names the flow of what it quotes`(type: UInt8) throws {
        let sent = ipv4(6, segment, from: 1, to: 2)
        let flow = try #require(quoted(error4(type, Octets(sent.prefix(28)))))
        let packet = read(ethernet(0x0800, sent))
        #expect(flow.key == packet.key && flow.senderIsB == packet.senderIsB)
        let answer = ipv4(6, tcp(from: 443, to: 50000), from: 2, to: 1)
        let other = try #require(quoted(error4(type, Octets(answer.prefix(28)))))
        #expect(other.key == flow.key && other.senderIsB != flow.senderIsB)
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt8]) func `so does an ICMPv6 error, extension headers or not`(type: UInt8) throws {
        let key = read(ethernet(0x86dd, ipv6(6, segment))).key
        #expect(try #require(quoted(error6(type, Octets(ipv6(6, segment).prefix(48))))).key == key)
        #expect(try #require(quoted(error6(type, Octets(ipv6(0, option(next: 60, option(next: 6, segment))).prefix(64))))).key == key)
        #expect(try #require(quoted(error6(type, ipv6(44, fragment(next: 6, offset: 0, more: true, segment))))).key == key)
        #expect(quoted(error6(type, ipv6(44, fragment(next: 6, offset: 8, more: true, segment)))) == nil)
    }

    @Test(arguments: [0, 8, 13, 40] as [UInt8]) func `other messages quote nothing`(type: UInt8) {
        #expect(quoted(error4(type, ipv4(6, segment))) == nil)
        #expect(quoted(error6(type | 128, ipv6(6, segment))) == nil)
        #expect(quoted(ethernet(0x0800, ipv4(6, segment))) == nil)
        #expect(quoted(ethernet(0x0800, ipv4(17, udp(ipv4(6, segment))))) == nil)
    }

    @Test func `quotes cut anywhere are read or not, and never beyond the frame`() {
        let four = ipv4(17, udp([1, 2, 3, 4], from: 50000, to: 53), from: 1, to: 2, options: [1, 1, 1, 1])
        for length in 0...four.count { #expect((quoted(error4(3, Octets(four.prefix(length)))) != nil) == (length >= 28), "\(length)") }
        let six = ipv6(0, option(next: 44, fragment(next: 17, offset: 0, more: true, udp([1, 2], from: 50000, to: 53))))
        for length in 0...six.count { #expect((quoted(error6(1, Octets(six.prefix(length)))) != nil) == (length >= 60), "\(length)") }
        // Cut by a snap length, not by the router.
        let memory = GuardedMemory(room: 200), frame = error4(3, four)
        for length in 0...frame.count {
            var raw = memory.frame(frame.prefix(length), wireLength: frame.count)
            var packet = Packet(raw)
            #expect((Packet.quotedFlow(of: &packet, in: &raw) != nil) == (length >= 14 + 20 + 8 + 28), "\(length)")
        }
    }

    @Test func `a quote's own lengths mean nothing`() throws {
        let key = read(ethernet(0x0800, ipv4(6, segment, from: 1, to: 2))).key
        for total in [0, 40, 1500, 65535] {
            #expect(try #require(quoted(error4(3, Octets(ipv4(6, segment, from: 1, to: 2, totalLength: total).prefix(28))))).key == key)
        }
        #expect(quoted(error4(3, Octets(ipv4(6, segment, words: 4).prefix(28)))) == nil)
        #expect(quoted(error4(3, ipv6(6, segment))) == nil)
        #expect(quoted(error4(3, Octets(ipv4(6, segment, fragment: 3).prefix(28)))) == nil)
    }

    @Test func `protocols without ports, and queries`() throws {
        let esp = ipv4(50, [1, 2, 3, 4, 5, 6, 7, 8], from: 1, to: 2)
        #expect(try #require(quoted(error4(3, esp))).key == read(ethernet(0x0800, esp)).key)
        let echo = ipv4(1, icmp(8), from: 1, to: 2)
        #expect(try #require(quoted(error4(11, echo))).key == read(ethernet(0x0800, echo)).key)
        let both = ipv4(132, sctp(), from: 1, to: 2)
        #expect(try #require(quoted(error4(3, Octets(both.prefix(28))))).key == read(ethernet(0x0800, both)).key)
    }

    @Test func `the flow is looked for in the error's VLANs and tunnel`() throws {
        let sent = ipv4(6, segment, from: 1, to: 2)
        let error = ipv4(1, icmp(3, 1, sent), from: 9, to: 1)
        func frame(_ packet: Octets) -> Octets { ethernet(0x8100, tag(5, 0x0800, ipv4(47, gre(0x0800, packet, key: 77), from: 30, to: 31))) }
        let flow = try #require(quoted(frame(error)))
        #expect(flow.key == read(frame(sent)).key)
        #expect(flow.key.outerVLAN == 5 && flow.key.tunnel == .gre)
    }
}
