import Packets
import Testing

@Suite struct `Tunnels` {
    private let inner = ipv4(17, udp([7, 8], from: 1000, to: 2000), from: 0x0a00_0001, to: 0x0a00_0002)

    /// What a frame is when nothing in it is opened.
    private func readOuter(_ frame: Octets) -> Packet {
        let memory = GuardedMemory(room: frame.count)
        return Packet(memory.frame(frame), opening: [])
    }

    /// Whether the frame is read as if there were no tunnels, and what the reader notes.
    private func expectOuter(_ frame: Octets, notes: ReadingNotes, at place: SourceLocation = #_sourceLocation) {
        let memory = GuardedMemory(room: frame.count)
        var frame = memory.frame(frame)
        var packet = Packet()
        #expect(packet.read(&frame) == notes, sourceLocation: place)
        let outer = Packet(frame, opening: [])
        #expect(packet.kind == outer.kind, sourceLocation: place)
        #expect(packet.key == outer.key, sourceLocation: place)
        #expect(packet.payloadOffset == outer.payloadOffset && packet.payloadLength == outer.payloadLength, sourceLocation: place)
        #expect(packet.tunnel == nil && packet.outer == nil && packet.tunnelID == 0, sourceLocation: place)
    }

    @Test(arguments: tunnelStacks.indices) func `the inner flow is the flow`(index: Int) throws {
        let stack = tunnelStacks[index]
        let packet = read(stack.bytes), outer = readOuter(stack.bytes)
        #expect(packet.kind == .flow, "\(stack.name)")
        #expect(packet.transport == .tcp && packet.sourcePort == 40000 && packet.destinationPort == 443, "\(stack.name)")
        #expect(payload(packet, of: stack.bytes) == [1, 2, 3], "\(stack.name)")
        #expect(packet.payloadLength == 3 && packet.ipLength == (packet.isIPv4 ? 43 : 63))
        let trailer = stack.name.hasSuffix("trailers") ? 8 : 0
        #expect(Int(packet.transportOffset) == stack.bytes.count - 23 - trailer)
        #expect(Int(packet.networkOffset) == stack.bytes.count - Int(packet.ipLength) - trailer)
        #expect(packet.etherType == (packet.isIPv4 ? EtherType.ipv4 : EtherType.ipv6))
        #expect(Int(packet.wireLength) == stack.bytes.count)
        #expect(packet.tunnel == stack.kind && packet.key.tunnel == stack.kind, "\(stack.name)")
        #expect(packet.tunnelID == stack.id, "\(stack.name)")
        guard stack.kind != .pppoe else {
            #expect(packet.outer == nil)
            return
        }
        let around = try #require(packet.outer)
        #expect(around.transport == outer.transport && around.isIPv4 == outer.isIPv4)
        #expect(around.source == outer.source && around.destination == outer.destination)
        #expect(around.sourcePort == outer.sourcePort && around.destinationPort == outer.destinationPort)
    }

    @Test(arguments: tunnelStacks.indices) func `a kind that is not to be opened is an outer flow`(index: Int) {
        let stack = tunnelStacks[index]
        let packet = readOuter(stack.bytes)
        #expect(packet.kind == .flow && packet.tunnel == nil && packet.outer == nil && !packet.isTunneled)
        if stack.kind == .pppoe { #expect(packet.transport == .tcp) } else { #expect(packet.transport != .tcp) }
        let memory = GuardedMemory(room: stack.bytes.count)
        let others = Packet(memory.frame(stack.bytes), opening: TunnelKinds.all.subtracting(TunnelKinds(stack.kind)))
        #expect(others.tunnel != stack.kind)
    }

    /// Cut anywhere, a tunnel's packet stays with the outer flow as soon as that can be read.
    @Test(arguments: tunnelStacks.indices) func `no truncation loses the outer flow`(index: Int) {
        let stack = tunnelStacks[index]
        let memory = GuardedMemory(room: stack.bytes.count)
        for length in 0..<stack.bytes.count {
            for wireLength in [length, stack.bytes.count] {
                let frame = memory.frame(stack.bytes.prefix(length), wireLength: wireLength)
                let outer = Packet(frame, opening: []), packet = Packet(frame)
                guard outer.kind == .flow else { continue }
                #expect(packet.kind == .flow, "\(stack.name), \(length) of \(wireLength) bytes")
                #expect(packet.key == outer.key || packet.isTunneled, "\(stack.name), \(length) of \(wireLength) bytes")
            }
        }
    }

    @Test func `VLANs are those of the innermost Ethernet header`() {
        func tagged(_ packet: Octets) -> Octets { ethernet(0x8100, tag(5, 0x0800, packet)) }
        #expect(read(tagged(ipv4(4, inner))).key.outerVLAN == 5)
        #expect(read(tagged(ipv4(47, gre(0x0800, inner)))).key.outerVLAN == 5)
        #expect(read(tagged(ipv4(17, vxlan(1, ethernet(0x0800, inner))))).key.outerVLAN == 0)
        let both = read(tagged(ipv4(17, vxlan(1, ethernet(0x88a8, tag(8, 0x8100, tag(9, 0x0800, inner)))))))
        #expect(both.key.outerVLAN == 8 && both.key.innerVLAN == 9)
    }

    // MARK: What is no tunnel

    @Test(arguments: [4788, 4790, 6080, 2153, 3545, 53, 443, 4785]) func `the same bytes on other ports are a UDP flow`(port: Int) {
        for content in [bytes([8, 0, 0, 0], be32(256), ethernet(0x0800, inner)), bytes([0, 0], be16(0x0800), be32(256), inner), ipv6(17, udp([1]))] {
            expectOuter(ethernet(0x0800, ipv4(17, udp(content, from: 50000, to: port))), notes: [])
            // Only Teredo's servers and relays answer from the port.
            expectOuter(ethernet(0x0800, ipv4(17, udp(content, from: port == 443 ? 4789 : port, to: 50000))), notes: [])
        }
    }

    @Test func `other UDP on a tunnel's port is a UDP flow`() {
        let frame = ethernet(0x0800, inner)
        let payloads: [(Int, Octets)] = [
            (4789, []), (4789, [8, 0, 0]), (4789, Octets("GET / HTTP/1.1\r\n\r\n".utf8)), (4789, bytes([0, 0, 0, 0], be32(256), frame)),
            (4789, bytes([8, 0, 0, 0], be32(257), frame)),
            (6081, bytes([0x40, 0], be16(0x0800), be32(256), inner)), (6081, bytes([0, 0x80], be16(0x0800), be32(256), inner)),
            (6081, bytes([0, 0], be16(0x0806), be32(256), inner)), (6081, bytes([0x3f, 0], be16(0x0800), be32(256), inner)),
            (2152, bytes([0x30, 1], be16(inner.count), be32(1), inner)), (2152, bytes([0x30, 255], be16(inner.count + 1), be32(1), inner)),
            (2152, bytes([0x30, 255], be16(inner.count - 1), be32(1), inner)), (2152, bytes([0x50, 255], be16(inner.count), be32(1), inner)),
            // An extension header of length 0 would never end.
            (2152, bytes([0x34, 255], be16(inner.count + 8), be32(1), [0, 0, 0, 1, 0, 0, 0, 1], inner)),
            (3544, bytes(ipv6(17, udp([1])), [0])), (3544, Octets(ipv6(17, udp([1])).dropLast())), (3544, bytes(ipv6(17, udp([1])), [1, 2, 0])),
            (3544, inner), (3544, [0, 1]),
            (3544, teredoOrigin),
        ]
        for (port, payload) in payloads { expectOuter(ethernet(0x0800, ipv4(17, udp(payload, from: 50000, to: port))), notes: []) }
    }

    @Test func `what carries no IP is a flow of its own`() {
        expectOuter(ethernet(0x0800, ipv4(47, gre(0x0806, inner))), notes: [])
        expectOuter(ethernet(0x0800, ipv4(47, gre(0, []))), notes: [])
        // PPTP, RFC 1701's routing, and ERSPAN without its header.
        expectOuter(ethernet(0x0800, ipv4(47, gre(0x880b, inner, key: 1, version: 1))), notes: [])
        expectOuter(ethernet(0x0800, ipv4(47, bytes(be16(0x4000), be16(0x0800), be32(0), inner))), notes: [])
        expectOuter(ethernet(0x0800, ipv4(47, gre(0x88be, ethernet(0x0800, inner)))), notes: [])
        expectOuter(ethernet(0x0800, ipv4(47, gre(0x6558, ethernet(0x0806, Octets(repeating: 0, count: 28))))), notes: [])
        expectOuter(ethernet(0x0800, ipv4(17, vxlan(1, ethernet(0x0806, Octets(repeating: 0, count: 28))))), notes: [])
        expectOuter(ethernet(0x0800, ipv4(17, gtpu(1, Octets(repeating: 0, count: 28)))), notes: [])
    }

    @Test func `what cannot be read inside is noted`() {
        expectOuter(ethernet(0x0800, ipv4(4, Octets(inner.prefix(19)))), notes: .unopenedTunnel)
        expectOuter(ethernet(0x0800, ipv4(4, ipv6(17, udp([1])))), notes: .unopenedTunnel)
        expectOuter(ethernet(0x0800, ipv4(41, inner)), notes: .unopenedTunnel)
        expectOuter(ethernet(0x0800, ipv4(47, gre(0x0800, ipv4(17, udp([1], length: 4))))), notes: .unopenedTunnel)
        expectOuter(ethernet(0x0800, ipv4(17, vxlan(1, ethernet(0x0800, ipv4(6, tcp(words: 3)))))), notes: .unopenedTunnel)
        expectOuter(ethernet(0x0800, ipv4(17, vxlan(1, [1, 2, 3]))), notes: .unopenedTunnel)
        // A packet that claims to be longer than what carries it.
        expectOuter(bytes(ethernet(0x0800, ipv4(4, ipv4(17, udp([1]), totalLength: 30))), [0, 0, 0, 0]), notes: .unopenedTunnel)
    }

    @Test func `padding behind a tunnel is no payload of what it carries`() {
        let frame = bytes(ethernet(0x0800, ipv4(4, ipv4(6, tcp(), from: 1, to: 2))), Octets(repeating: 0xee, count: 6))
        #expect(read(frame).transport == .tcp)
        #expect(read(frame).payloadLength == 0)
        let loose = ethernet(0x0800, ipv4(4, bytes(ipv4(6, tcp([5]), from: 1, to: 2), [0xee, 0xee])))
        #expect(payload(read(loose), of: loose) == [5])
    }

    @Test func `a tunnel is not opened in a first fragment, and fragments are found inside`() {
        let first = read(ethernet(0x0800, ipv4(4, inner, fragment: 0x2000)))
        #expect(first.tunnel == nil && first.transport.rawValue == 4)
        let later = read(ethernet(0x0800, ipv4(47, gre(0x0800, ipv4(17, [1, 2, 3, 4, 5, 6, 7, 8], from: 1, to: 2, fragment: 5), key: 3))))
        #expect(later.kind == .fragment)
        #expect(later.tunnel == .gre && later.tunnelID == 3 && later.key.words.1 == 1)
    }

    @Test(arguments: [0, 50, 132, 253, 255] as [UInt8]) func `a protocol without ports is a flow all the same`(number: UInt8) {
        let content: Octets = number == 132 ? sctp() : [1, 2, 3, 4]
        let packet = read(ethernet(0x0800, ipv4(number, content)))
        #expect(packet.kind == .flow && packet.problem == .none)
        #expect(packet.transport.rawValue == number)
        #expect(packet.tunnel == nil)
        if number != 132 { #expect(packet.sourcePort == 0 && packet.destinationPort == 0 && packet.payloadLength == 4) }
    }
}
