import Packets
import Testing

@Suite struct `Packet: transport` {
    /// Both ways to the same header: the short one for plain frames and the one through the layers (an IPv4 option, IPv6).
    private func frames(_ number: UInt8, _ segment: Octets) -> [Octets] {
        [
            ethernet(0x0800, ipv4(number, segment)), ethernet(0x0800, ipv4(number, segment, options: [1, 1, 1, 1])),
            ethernet(0x86dd, ipv6(number, segment)),
        ]
    }

    @Test func `reads a TCP header`() {
        for frame in frames(6, tcp([1, 2, 3], from: 1, to: 65535, sequence: 0xffff_fffe, flags: 0xc2, options: [2, 4, 5, 180])) {
            let packet = read(frame)
            #expect(packet.transport == .tcp)
            #expect((packet.sourcePort, packet.destinationPort) == (1, 65535))
            #expect(packet.sequence == SequenceNumber(0xffff_fffe))
            #expect(packet.acknowledgment == SequenceNumber(2000))
            #expect(packet.window == 512)
            #expect(packet.flags == [.syn, .ece, .cwr])
            #expect(payload(packet, of: frame) == [1, 2, 3])
        }
    }

    @Test(arguments: 0...15) func `takes TCP data offsets from five to the segment's end`(words: Int) {
        for frame in frames(6, tcp(Octets(repeating: 9, count: 10), words: words)) {
            let packet = read(frame)
            if (5...7).contains(words) {
                #expect(packet.kind == .flow)
                #expect(Int(packet.payloadLength) == 30 - words * 4)
            } else {
                #expect(packet.kind == .malformed)
                #expect(packet.problem == .tcpBadDataOffset)
                #expect(packet.key == FlowKey())
            }
        }
    }

    @Test(arguments: 1..<20) func `refuses a TCP header that its packet cuts short`(size: Int) {
        for frame in frames(6, Octets(tcp().prefix(size))) {
            // Ethernet padding must not complete it.
            #expect(read(frame + Octets(repeating: 0, count: 30)).problem == .tcpHeaderCut)
        }
    }

    @Test(arguments: 0...12) func `takes UDP lengths from eight to the packet's end`(length: Int) {
        for frame in frames(17, udp([1, 2, 3], length: length)) {
            let packet = read(frame + Octets(repeating: 0, count: 20))
            if (8...11).contains(length) {
                #expect(packet.kind == .flow)
                #expect(Int(packet.payloadLength) == length - 8)
                #expect(packet.payloadCaptured == packet.payloadLength)
            } else {
                #expect(packet.kind == .malformed)
                #expect(packet.problem == .udpBadLength)
            }
        }
    }

    @Test(arguments: 1..<8) func `refuses a UDP header that its packet cuts short`(size: Int) {
        for frame in frames(17, Octets(udp().prefix(size))) {
            #expect(read(frame + Octets(repeating: 0, count: 40)).problem == .udpHeaderCut)
        }
    }

    /// Query and answer of RFC 792, 950, 1256; RFC 4443, 2710, 4861, 4620, 6275.
    @Test(arguments: [(8, 0), (13, 14), (15, 16), (10, 9), (17, 18)] as [(UInt8, UInt8)])
    func `an ICMP query and its answer are one flow`(query: UInt8, answer: UInt8) {
        let there = read(ethernet(0x0800, ipv4(1, icmp(query))))
        let back = read(ethernet(0x0800, ipv4(1, icmp(answer), from: 0xc000_0202, to: 0xc000_0201)))
        #expect(there.kind == .flow)
        #expect(there.key == back.key)
        #expect(there.senderIsB != back.senderIsB)
        #expect((there.sourcePort, there.destinationPort) == (UInt16(query), UInt16(answer)))
    }

    @Test(arguments: [(128, 129), (133, 134), (135, 136), (130, 131), (144, 145), (139, 140)] as [(UInt8, UInt8)])
    func `an ICMPv6 query and its answer are one flow`(query: UInt8, answer: UInt8) {
        let there = read(ethernet(0x86dd, ipv6(58, icmp(query))))
        let back = read(ethernet(0x86dd, ipv6(58, icmp(answer), from: 2, to: 1)))
        #expect(there.key == back.key)
        #expect(there.senderIsB != back.senderIsB)
    }

    @Test func `an ICMP message without an answer has its code in the port's place`() {
        let packet = read(ethernet(0x0800, ipv4(1, icmp(3, 13, ipv4(17, Octets(udp().prefix(8)))))))
        #expect((packet.sourcePort, packet.destinationPort) == (3, 13))
        #expect(packet.payloadLength == 28)
    }

    @Test(arguments: 1..<12) func `an ICMP message may quote as little as it likes`(size: Int) {
        for (number, type) in [(1, 0x0800), (58, 0x86dd)] as [(UInt8, Int)] {
            let message = Octets(icmp(3, 1).prefix(size))
            let packet = read(ethernet(type, number == 1 ? ipv4(1, message) : ipv6(58, message)) + [0, 0, 0, 0])
            #expect(packet.problem == (size < 4 ? .icmpHeaderCut : .none))
            #expect(Int(packet.payloadLength) == max(0, size - 8))
        }
    }

    @Test func `reads SCTP's ports`() {
        for frame in frames(132, sctp([0, 3, 0, 16])) {
            let packet = read(frame)
            #expect(packet.transport == .sctp)
            #expect((packet.sourcePort, packet.destinationPort) == (2905, 2906))
            #expect(payload(packet, of: frame) == [0, 3, 0, 16])
        }
        for frame in frames(132, Octets(sctp().prefix(11))) { #expect(read(frame).problem == .sctpHeaderCut) }
    }

    @Test(arguments: [50, 255, 2, 47, 89, 253] as [UInt8]) func `a protocol without ports is a flow of its addresses`(number: UInt8) {
        for frame in frames(number, [1, 2, 3, 4, 5]) {
            let packet = read(frame)
            #expect(packet.kind == .flow)
            #expect(packet.transport.rawValue == number)
            #expect((packet.sourcePort, packet.destinationPort) == (0, 0))
            #expect(payload(packet, of: frame) == [1, 2, 3, 4, 5])
        }
    }

    @Test(arguments: [0, 43, 44, 60] as [UInt8]) func `IPv6's extension numbers are protocols like others over IPv4`(number: UInt8) {
        let packet = read(ethernet(0x0800, ipv4(number, [1, 2, 3])))
        #expect(packet.kind == .flow)
        #expect(packet.transport.rawValue == number)
        #expect(packet.payloadLength == 3)
    }

    @Test(arguments: 54...74) func `a snap length cuts the payload, not its length`(captured: Int) {
        let frame = ethernet(0x0800, ipv4(6, tcp(Octets(0..<20))))
        let packet = read(Octets(frame.prefix(captured)), wireLength: frame.count)
        #expect(packet.kind == .flow)
        #expect(packet.payloadLength == 20)
        #expect(Int(packet.payloadCaptured) == captured - 54)
        #expect(Int(packet.capturedLength) == captured)
        #expect(Int(packet.wireLength) == frame.count)
    }

    @Test func `a snap length may cut TCP's options`() {
        let frame = ethernet(0x0800, ipv4(6, tcp(Octets(0..<20), options: Octets(repeating: 1, count: 40))))
        let packet = read(Octets(frame.prefix(60)), wireLength: frame.count)
        #expect(packet.kind == .flow)
        #expect(packet.payloadLength == 20)
        #expect(packet.payloadCaptured == 0)
        #expect(packet.payloadOffset <= 60)
    }
}
