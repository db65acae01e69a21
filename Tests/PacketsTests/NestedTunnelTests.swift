import Packets
import Testing

@Suite struct `Tunnels: keys and nesting` {
    private func inner(_ from: Int, _ to: Int, _ source: Int = 1000, _ destination: Int = 2000) -> Octets {
        ipv4(17, udp([7, 8], from: source, to: destination), from: from, to: to)
    }

    /// A tunnel's frame of each kind, by its ends, its id and what it carries.
    private static let makers: [(kind: TunnelKind, make: @Sendable (Int, Int, Int, Octets) -> Octets)] = [
        (.ip, { from, to, _, inner in ethernet(0x0800, ipv4(4, inner, from: from, to: to)) }),
        (.gre, { from, to, id, inner in ethernet(0x0800, ipv4(47, gre(0x0800, inner, key: id), from: from, to: to)) }),
        (.erspan, { from, to, id, inner in ethernet(0x0800, ipv4(47, erspan(id, ethernet(0x0800, inner)), from: from, to: to)) }),
        (.vxlan, { from, to, id, inner in ethernet(0x0800, ipv4(17, vxlan(id, ethernet(0x0800, inner), from: 40000 + from), from: from, to: to)) }),
        (.geneve, { from, to, id, inner in ethernet(0x0800, ipv4(17, geneve(id, 0x0800, inner), from: from, to: to)) }),
        (.gtpu, { from, to, id, inner in ethernet(0x0800, ipv4(17, gtpu(id, inner), from: from, to: to)) }),
        (.pppoe, { _, _, id, inner in ethernet(0x8864, bytes([0x11, 0], be16(id), be16(inner.count + 2), be16(0x21), inner)) }),
    ]

    @Test(arguments: makers.indices) func `both directions have one key, and other ids another`(index: Int) {
        let (kind, make) = Self.makers[index]
        let there = read(make(1, 2, 7, inner(10, 20))), back = read(make(2, 1, 7, inner(20, 10, 2000, 1000)))
        #expect(there.tunnel == kind && back.tunnel == kind)
        #expect(there.key == back.key)
        #expect(there.senderIsB != back.senderIsB)
        let other = read(make(1, 2, 8, inner(10, 20)))
        // GTP-U's ids are the receivers', and IP in IP has none.
        #expect((other.key == there.key) == (kind == .gtpu || kind == .ip))
        #expect(other.tunnelID == (kind == .ip ? 0 : 8))
        #expect(other.key.withoutTunnel == read(ethernet(0x0800, inner(10, 20))).key)
        #expect(there.key != read(ethernet(0x0800, inner(10, 20))).key)
    }

    @Test func `kinds are told apart, and what they lie in`() {
        let packet = inner(10, 20)
        let frames = [
            ethernet(0x0800, packet), ethernet(0x0800, ipv4(4, packet)), ethernet(0x0800, ipv4(47, gre(0x0800, packet))),
            ethernet(0x0800, ipv4(4, ipv4(47, gre(0x0800, packet)))), ethernet(0x0800, ipv4(47, gre(0x0800, ipv4(47, gre(0x0800, packet))))),
            ethernet(0x0800, ipv4(47, gre(0x0800, ipv4(47, gre(0x0800, packet)), key: 5))), ethernet(0x8864, pppoe(0x21, ipv4(47, gre(0x0800, packet)))),
        ]
        let keys = frames.map { read($0).key }
        for (index, key) in keys.enumerated() {
            for other in keys[..<index] { #expect(key != other) }
            #expect(key.withoutTunnel == keys[0])
        }
    }

    /// Wraps a packet in so many tunnels, each around the last.
    private func nested(_ depth: Int, _ packet: Octets, in wrap: (Octets) -> Octets) -> Octets {
        var packet = packet
        for _ in 0..<depth { packet = wrap(packet) }
        return ethernet(0x0800, packet)
    }

    private static let wraps: [@Sendable (Octets) -> Octets] = [
        { ipv4(4, $0) }, { ipv4(47, gre(0x0800, $0, key: 1)) }, { ipv4(17, vxlan(1, ethernet(0x0800, $0))) }, { ipv4(17, gtpu(1, $0)) },
        { ipv4(17, gtpu(1, ipv4(17, vxlan(1, ethernet(0x8100, tag(3, 0x0800, $0)))))) },
    ]

    @Test(arguments: wraps.indices, [1, 2, 14, 15, 16, 17, 50, 400]) func `fifteen tunnels are opened, and more are hostile`(wrap: Int, depth: Int) {
        let isDouble = wrap == 4
        let frame = nested(isDouble ? (depth + 1) / 2 : depth, inner(10, 20), in: Self.wraps[wrap])
        let tunnels = isDouble ? (depth + 1) / 2 * 2 : depth
        let packet = read(frame)
        if tunnels <= 15 {
            #expect(packet.kind == .flow && packet.destinationPort == 2000)
            #expect(packet.outer != nil)
        } else if frame.count < 65000 {
            #expect(packet.kind == .malformed && packet.problem == .tooManyTunnels)
            #expect(packet.key == FlowKey() && packet.tunnel == nil && packet.outer == nil)
        }
    }

    @Test func `what is unreadable far inside leaves the innermost flow that can be read`() {
        let frame = ethernet(0x0800, ipv4(47, gre(0x0800, ipv4(4, [0x45, 0, 0]), key: 9)))
        let memory = GuardedMemory(room: frame.count)
        var raw = memory.frame(frame)
        var packet = Packet()
        #expect(packet.read(&raw) == .unopenedTunnel)
        #expect(packet.kind == .flow && packet.transport.rawValue == 4)
        #expect(packet.tunnel == .gre && packet.tunnelID == 9)
    }

    // MARK: Datagrams put together

    private func readDatagram(_ datagram: Octets, inside fragment: Packet) -> Packet {
        let memory = GuardedMemory(room: datagram.count)
        var frame = memory.frame(datagram, linkType: .raw)
        var packet = Packet()
        packet.readDatagram(&frame, inside: fragment)
        return packet
    }

    @Test func `a datagram stands where its fragments stood`() throws {
        let piece = ipv4(17, Octets(repeating: 1, count: 8), from: 10, to: 20, fragment: 0x2000)
        let fragment = read(ethernet(0x8100, tag(5, 0x0800, ipv4(47, gre(0x0800, piece, key: 3), from: 1, to: 2))))
        let datagram = inner(10, 20)
        let packet = readDatagram(datagram, inside: fragment)
        let whole = read(ethernet(0x8100, tag(5, 0x0800, ipv4(47, gre(0x0800, datagram, key: 3), from: 1, to: 2))))
        #expect(packet.kind == .flow)
        #expect(packet.key == whole.key && packet.tunnel == .gre && packet.tunnelID == 3 && packet.key.outerVLAN == 5)
        #expect(packet.outer?.source == whole.outer?.source && packet.outer?.transport.rawValue == 47)
        #expect(packet.timestamp == fragment.timestamp)
        #expect(packet.networkOffset == 0 && payload(packet, of: datagram) == [7, 8])
    }

    @Test func `tunnels in a datagram are opened`() throws {
        let fragment = read(ethernet(0x0800, ipv4(17, Octets(repeating: 1, count: 16), from: 1, to: 2, fragment: 0x2001)))
        let packet = readDatagram(ipv4(17, gtpu(4, inner(10, 20)), from: 1, to: 2), inside: fragment)
        #expect(packet.tunnel == .gtpu && packet.tunnelID == 4 && packet.destinationPort == 2000)
        #expect(try #require(packet.outer).destinationPort == 2152)
    }

    @Test func `datagrams in datagrams come to an end`() {
        var fragment = read(ethernet(0x0800, ipv4(4, Octets(repeating: 1, count: 16), fragment: 0x2001)))
        var depth = 0
        while fragment.kind == .fragment, depth < 100 {
            fragment = readDatagram(ipv4(4, ipv4(4, Octets(repeating: 1, count: 16), fragment: 0x2001)), inside: fragment)
            depth += 1
        }
        #expect(fragment.problem == .tooManyTunnels)
        #expect(depth < 16)
    }
}
