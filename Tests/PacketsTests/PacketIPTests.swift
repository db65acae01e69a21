import Packets
import Testing

@Suite struct `Packet: IPv4` {
    @Test func `reads a header without options`() {
        let packet = read(ethernet(0x0800, ipv4(6, tcp([1, 2, 3]))))
        #expect(packet.kind == .flow)
        #expect("\(packet.source)" == "192.0.2.1")
        #expect("\(packet.destination)" == "192.0.2.2")
        #expect(packet.transport == .tcp)
        #expect(packet.ipLength == 43)
        #expect(packet.networkOffset == 14)
        #expect(packet.transportOffset == 34)
    }

    @Test(arguments: 1...10) func `steps over options`(words: Int) {
        let frame = ethernet(0x0800, ipv4(6, tcp([1, 2, 3]), options: Octets(repeating: 1, count: words * 4)))
        let packet = read(frame)
        #expect(packet.sourcePort == 40000)
        #expect(Int(packet.transportOffset) == 34 + words * 4)
        #expect(payload(packet, of: frame) == [1, 2, 3])
    }

    @Test(arguments: 0..<5) func `refuses a header of fewer than five words`(words: Int) {
        let packet = read(ethernet(0x0800, ipv4(6, tcp([1, 2, 3]), words: words)))
        #expect(packet.kind == .malformed)
        #expect(packet.problem == .ipBadHeaderLength)
        #expect(packet.key == FlowKey())
    }

    @Test func `refuses a header longer than the packet or the frame`() {
        #expect(read(ethernet(0x0800, ipv4(6, tcp(), words: 15))).problem == .ipBadTotalLength)
        #expect(read(ethernet(0x0800, ipv4(6, [1, 2, 3], words: 6)), wireLength: 100).problem == .ipBadTotalLength)
        #expect(read(ethernet(0x0800, ipv4(6, [1, 2, 3], words: 6, totalLength: 60)), wireLength: 100).problem == .ipHeaderCut)
    }

    @Test(arguments: [1, 10, 19]) func `refuses a total length shorter than the header`(length: Int) {
        #expect(read(ethernet(0x0800, ipv4(6, tcp([1, 2, 3]), totalLength: length))).problem == .ipBadTotalLength)
        #expect(read(ethernet(0x0800, ipv4(17, udp([1, 2, 3]), options: [1, 1, 1, 1], totalLength: 23))).problem == .ipBadTotalLength)
    }

    /// As for a snap length: the header says what was sent, the frame what there is of it.
    @Test(arguments: [44, 1500, 65535]) func `a frame shorter than its packet is a cut frame`(length: Int) {
        let frame = ethernet(0x0800, ipv4(6, tcp([1, 2, 3]), totalLength: length))
        let packet = read(frame)
        #expect(packet.kind == .flow)
        #expect(Int(packet.payloadLength) == length - 40)
        #expect(payload(packet, of: frame) == [1, 2, 3])
    }

    @Test func `takes a total length of 0 for the rest of the frame`() {
        let frame = ethernet(0x0800, ipv4(6, tcp(Octets(repeating: 7, count: 3000)), totalLength: 0))
        let packet = read(frame)
        #expect(packet.kind == .flow)
        #expect(packet.ipLength == 3040)
        #expect(packet.payloadLength == 3000)
    }

    @Test(arguments: [5, 6, 15, 0]) func `refuses another version`(version: UInt8) {
        var frame = ethernet(0x0800, ipv4(6, tcp([1])))
        frame[14] = version << 4 | 5
        #expect(read(frame).problem == .ipBadVersion)
        frame[12...13] = [0x86, 0xdd]
        #expect(read(frame).problem == (version == 6 ? .ipv6ExtensionCut : .ipBadVersion))
    }

    /// A frame of 60 bytes is the shortest that Ethernet carries; drivers fill it with zeros or old memory.
    @Test(arguments: 0..<6) func `Ethernet padding is no payload`(size: Int) {
        let bytes = Octets(repeating: 0xaa, count: size)
        let segment = ethernet(0x0800, ipv4(6, tcp(bytes))) + Octets(repeating: 0xee, count: 6 - size + 4)
        #expect(payload(read(segment), of: segment) == bytes)
        let datagram = ethernet(0x0800, ipv4(17, udp(bytes))) + Octets(repeating: 0xee, count: 18 - size + 4)
        #expect(payload(read(datagram), of: datagram) == bytes)
        let echo = ethernet(0x0800, ipv4(1, icmp(8, 0, bytes))) + Octets(repeating: 0xee, count: 18 - size)
        #expect(payload(read(echo), of: echo) == bytes)
        let six = ethernet(0x86dd, ipv6(17, udp(bytes))) + Octets(repeating: 0xee, count: 10)
        #expect(payload(read(six), of: six) == bytes)
    }

    @Test func `a first fragment belongs to its flow`() {
        let frame = ethernet(0x0800, ipv4(17, udp(Octets(repeating: 1, count: 16), length: 4008), fragment: 0x2000))
        let packet = read(frame)
        #expect(packet.kind == .firstFragment)
        #expect(packet.sourcePort == 5353)
        #expect(packet.payloadLength == 16)
    }

    @Test func `a first fragment too short for its ports is a fragment`() {
        for (number, size) in [(17, 7), (6, 8), (6, 19)] as [(UInt8, Int)] {
            let packet = read(ethernet(0x0800, ipv4(number, Octets(tcp().prefix(size)), fragment: 0x2000)))
            #expect(packet.kind == .fragment)
            #expect(packet.problem == .none)
            #expect(packet.key.portA == 0)
        }
    }

    @Test(arguments: [0x0001, 0x2001, 0x1fff, 0x3fff]) func `a later fragment has no ports, whatever it carries`(fragment: Int) {
        for number: UInt8 in [6, 17, 1, 132] {
            let packet = read(ethernet(0x0800, ipv4(number, tcp([1, 2, 3]), fragment: fragment)))
            #expect(packet.kind == .fragment)
            #expect(packet.transport.rawValue == number)
            #expect((packet.key.portA, packet.key.portB) == (0, 0))
            #expect(packet.payloadLength == 0)
            #expect("\(packet.source)" == "192.0.2.1")
        }
    }

    @Test(arguments: [0x4000, 0x8000, 0xc000]) func `the other fragment bits make no fragment`(bits: Int) {
        #expect(read(ethernet(0x0800, ipv4(6, tcp([1, 2, 3]), fragment: bits))).kind == .flow)
    }

    @Test func `steps over an authentication header`() {
        let frame = ethernet(0x0800, ipv4(51, authentication(next: 6, tcp([1, 2, 3]))))
        let packet = read(frame)
        #expect(packet.transport == .tcp)
        #expect(payload(packet, of: frame) == [1, 2, 3])
    }
}

@Suite struct `Packet: IPv6` {
    /// The packet of a UDP datagram with payload 1, 2, 3 behind extension headers, or why not.
    private func reading(_ first: UInt8, _ rest: Octets, payloadLength: Int? = nil) -> (packet: Packet, payload: Octets) {
        let frame = ethernet(0x86dd, ipv6(first, rest, payloadLength: payloadLength))
        let packet = read(frame)
        return (packet, payload(packet, of: frame))
    }

    private let datagram = udp([1, 2, 3])

    @Test func `reads a plain header`() {
        let (packet, payload) = reading(6, tcp([1, 2, 3]))
        #expect(packet.kind == .flow)
        #expect("\(packet.source)" == "2001:db8::1")
        #expect("\(packet.destination)" == "2001:db8::2")
        #expect((packet.sourcePort, packet.destinationPort) == (40000, 443))
        #expect(packet.ipLength == 63)
        #expect(packet.sequence == SequenceNumber(1000))
        #expect(payload == [1, 2, 3])
    }

    @Test(arguments: [0, 43, 60, 135, 139, 140] as [UInt8], [1, 2, 32]) func `steps over an extension header`(number: UInt8, units: Int) {
        let (packet, payload) = reading(number, option(next: 17, units: units, datagram))
        #expect(packet.kind == .flow)
        #expect(packet.transport == .udp)
        #expect(payload == [1, 2, 3])
        #expect(Int(packet.transportOffset) == 54 + units * 8)
    }

    @Test func `steps over an authentication header and all of them in a row`() {
        #expect(reading(51, authentication(next: 17, datagram)).payload == [1, 2, 3])
        let atomic = fragment(next: 51, offset: 0, more: false, authentication(next: 60, option(next: 17, datagram)))
        #expect(reading(0, option(next: 43, option(next: 60, option(next: 44, atomic)))).payload == [1, 2, 3])
    }

    @Test func `an atomic fragment is a whole packet`() {
        let (packet, payload) = reading(44, fragment(next: 6, offset: 0, more: false, tcp([1, 2, 3])))
        #expect(packet.kind == .flow)
        #expect(payload == [1, 2, 3])
        // Being whole, it must hold its header.
        #expect(reading(44, fragment(next: 6, offset: 0, more: false, Octets(tcp().prefix(10)))).packet.problem == .tcpHeaderCut)
    }

    @Test func `a first fragment belongs to its flow, if it has the ports`() {
        let first = reading(44, fragment(next: 17, offset: 0, more: true, udp([1, 2, 3], length: 3000)))
        #expect(first.packet.kind == .firstFragment)
        #expect(first.payload == [1, 2, 3])
        #expect(reading(44, fragment(next: 17, offset: 0, more: true, [1, 2, 3, 4])).packet.kind == .fragment)
    }

    @Test func `a fragment in an atomic fragment, or around one, stays a fragment`() {
        let short = Octets(tcp().prefix(8))
        for inner in [true, false] {
            let nested = fragment(next: 44, offset: 0, more: !inner, fragment(next: 6, offset: 0, more: inner, short))
            #expect(reading(44, nested).packet.kind == .fragment)
        }
    }

    @Test(arguments: [8, 16, 0xfff8]) func `a later fragment has no ports`(offset: Int) {
        for more in [true, false] {
            let packet = reading(44, fragment(next: 17, offset: offset, more: more, datagram)).packet
            #expect(packet.kind == .fragment)
            #expect(packet.transport == .udp)
            #expect((packet.key.portA, packet.key.portB) == (0, 0))
        }
    }

    @Test func `refuses headers that lie in the padding behind the packet`() {
        for offset in [0, 8] {
            let packet = reading(44, fragment(next: 17, offset: offset, more: false, datagram), payloadLength: 4).packet
            #expect(packet.kind == .malformed)
            #expect(packet.problem == .ipv6ExtensionCut)
        }
        #expect(reading(60, option(next: 17, datagram), payloadLength: 7).packet.problem == .ipv6ExtensionCut)
        #expect(reading(51, authentication(next: 17, datagram), payloadLength: 20).packet.problem == .ipv6ExtensionCut)
        #expect(reading(17, datagram, payloadLength: 7).packet.problem == .udpHeaderCut)
    }

    @Test func `refuses an extension header longer than the packet`() {
        var long = option(next: 17, datagram)
        long[1] = 255
        #expect(reading(60, long).packet.problem == .ipv6ExtensionCut)
    }

    @Test(arguments: [31, 32, 40, 1000]) func `refuses a chain of more than thirty-one extension headers`(count: Int) {
        var chain = option(next: 17, datagram)
        for _ in 1..<count { chain = option(next: 60, chain) }
        let (packet, payload) = reading(60, chain)
        if count <= 31 {
            #expect(payload == [1, 2, 3])
        } else {
            #expect(packet.kind == .malformed)
            #expect(packet.problem == .ipv6TooManyExtensions)
        }
    }

    @Test func `a packet that ends after its headers is a flow of protocol 59`() {
        let packet = reading(59, []).packet
        #expect(packet.kind == .flow)
        #expect(packet.transport.rawValue == 59)
        #expect(packet.payloadLength == 0)
    }

    @Test func `an unknown header is a flow of its number`() {
        #expect(reading(253, [1, 2, 3]).packet.transport.rawValue == 253)
        #expect(reading(60, option(next: 253, [1, 2, 3])).payload == [1, 2, 3])
    }

    @Test func `refuses a payload length of 0 where something follows`() {
        #expect(reading(17, datagram, payloadLength: 0).packet.problem == .ipv6BadJumbogram)
        #expect(reading(0, option(next: 17, datagram), payloadLength: 0).packet.problem == .ipv6BadJumbogram)
    }

    @Test func `refuses a payload length beyond the frame`() {
        #expect(reading(17, datagram, payloadLength: datagram.count + 1).packet.problem == .ipBadTotalLength)
    }

    /// RFC 2675: a hop-by-hop option in place of the length.
    private func jumbogram(_ length: Int, _ rest: Octets) -> Octets { bytes([17, 0, 0xc2, 4], be32(length), rest) }

    @Test func `reads a jumbogram`() {
        let rest = udp(Octets(repeating: 5, count: 70_000), length: 0)
        let (packet, payload) = reading(0, jumbogram(rest.count + 8, rest), payloadLength: 0)
        #expect(packet.kind == .flow)
        #expect(Int(packet.ipLength) == 40 + 8 + rest.count)
        #expect(payload.count == 70_000)
        #expect(packet.sourcePort == 5353)
    }

    @Test func `refuses jumbograms that are short, or beyond the frame`() {
        let rest = udp(Octets(repeating: 5, count: 70_000), length: 0)
        #expect(reading(0, jumbogram(65535, rest), payloadLength: 0).packet.problem == .ipv6BadJumbogram)
        #expect(reading(0, jumbogram(0, rest), payloadLength: 0).packet.problem == .ipv6BadJumbogram)
        #expect(reading(0, jumbogram(rest.count + 9, rest), payloadLength: 0).packet.problem == .ipBadTotalLength)
        #expect(reading(0, jumbogram(0xffff_ffff, rest), payloadLength: 0).packet.problem == .ipBadTotalLength)
    }

    @Test func `reads a frame that a card has yet to cut`() {
        let (packet, payload) = reading(6, tcp(Octets(repeating: 5, count: 100_000)), payloadLength: 0)
        #expect(packet.kind == .flow)
        #expect(payload.count == 100_000)
    }
}
