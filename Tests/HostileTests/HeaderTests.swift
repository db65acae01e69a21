import Packets
import Testing

@Suite struct `Hostile headers` {
    // MARK: 1

    private static let stacks: [(name: String, frame: Octets)] = {
        let segment = tcp([1, 2, 3], options: [2, 4, 5, 180, 1, 1, 4, 2])
        let plain = ipv4(6, options: [1, 1, 1, 1, 7, 4, 4, 0], segment)
        let extended = ipv6(0, option(next: 43, option(next: 60, option(next: 6, segment))))
        return [
            ("IPv4 options, TCP options", ethernet(0x0800, plain)), ("UDP", ethernet(0x0800, ipv4(17, udp(1, 2)))),
            ("VLAN", ethernet(0x0800, vlans: [5], plain)), ("VLAN × 2", ethernet(0x0800, vlans: [5, 6], plain)),
            ("VLAN × 3", ethernet(0x0800, vlans: [5, 6, 7], plain)), ("VLAN × 4", ethernet(0x86dd, vlans: [5, 6, 7, 8], extended)),
            ("MPLS", ethernet(0x8847, mpls(1, plain))), ("MPLS × 5", ethernet(0x8847, mpls(5, extended))), ("IPv6 extensions", ethernet(0x86dd, extended)),
        ]
    }()

    @Test(arguments: stacks.map(\.name)) func `case 01 every truncation of every header stack`(name: String) throws {
        let frame = Self.stacks.first { $0.name == name }!.frame
        let cuts = (0...frame.count).map { Octets(frame[..<$0]) }
        // As frames that are as short as that, and as what a snap length left.
        let attack = HostileCase(size: 8) { size in
            (0..<size).flatMap { _ in cuts.flatMap { [Sent($0, at: start), Sent($0, at: start, wireLength: frame.count)] } }
        }
        let after = try attack.run()
        #expect(after[.tracked] + after[.malformed] + after[.notIP] == after.attackPackets)
        // The whole one, twice; and those that a snap length cut in the payload.
        #expect(after[.tracked] >= 2 * 8)
        #expect(after[.malformed] >= 2 * 8 * 14)
        #expect(after.stories.count == 1)
    }

    // MARK: 2

    private static let lies: [(name: String, problem: PacketProblem, frame: Octets)] = [
        ("IPv4 total length below its header's", .ipBadTotalLength, ethernet(0x0800, ipv4(6, totalLength: 19, tcp()))),
        ("IPv4 header of four words", .ipBadHeaderLength, ethernet(0x0800, ipv4(6, words: 4, tcp()))),
        ("IPv4 header longer than its packet", .ipBadTotalLength, ethernet(0x0800, ipv4(6, words: 15, tcp()))),
        ("IPv6 payload length 0", .ipv6BadJumbogram, ethernet(0x86dd, ipv6(6, payloadLength: 0, tcp()))),
        ("IPv6 jumbogram that is none", .ipv6BadJumbogram, ethernet(0x86dd, ipv6(0, payloadLength: 0, [6, 0, 0xc2, 4, 0, 0, 0, 30] + tcp()))),
        ("UDP length below its header's", .udpBadLength, ethernet(0x0800, ipv4(17, udp(length: 7)))),
        ("UDP length beyond its packet", .udpBadLength, ethernet(0x0800, ipv4(17, udp(length: 12)))),
        ("TCP data offset of four words", .tcpBadDataOffset, ethernet(0x0800, ipv4(6, tcp(words: 4)))),
        ("TCP data offset beyond its segment", .tcpBadDataOffset, ethernet(0x0800, ipv4(6, tcp(words: 15)))),
    ]

    @Test(arguments: lies.map(\.name)) func `case 02a lengths that lie are refused, and counted by their lie`(name: String) throws {
        let lie = Self.lies.first { $0.name == name }!
        let after = try HostileCase(size: 400) { .repeated([lie.frame], $0) }.run()
        #expect(after[.malformed] == 400)
        #expect(after[lie.problem] == 400)
        #expect(after.stories.isEmpty)
    }

    @Test func `case 02b a total length beyond the frame is a cut frame`() throws {
        let after = try HostileCase(size: 400) { .repeated([ethernet(0x0800, ipv4(6, totalLength: 1500, tcp()))], $0) }.run()
        #expect(after[.tracked] + after[.malformed] == 400)
        #expect(after.all { $0.bytes.originator.count + $0.bytes.responder.count }.subtracting([0]).isEmpty)
    }

    @Test func `case 02c Ethernet padding is no payload`() throws {
        let padding = Octets(repeating: 0xee, count: 20)
        let after = try HostileCase(size: 100) { size in
            .repeated([ethernet(0x0800, ipv4(6, tcp())) + padding, ethernet(0x0800, ipv4(17, udp(3, 4, [1]))) + padding], size)
        }.run()
        #expect(after.stories.map { $0.record.originator.payloadBytes }.sorted() == [0, 100])
        #expect(after.stories.allSatisfy { !$0.bytes.originator.contains(0xee) })
    }

    // MARK: 3

    @Test(arguments: [16, 100]) func `case 03a VLAN tags without end are refused`(depth: Int) throws {
        let frame = ethernet(0x0800, vlans: (0..<UInt16(depth)).map { $0 + 1 }, ipv4(6, tcp()))
        let after = try HostileCase(size: 400) { .repeated([frame], $0) }.run()
        #expect(after[.tooManyLinkHeaders] == 400)
    }

    @Test func `case 03b the same tuple in two VLANs, or in QinQ the other way round, is two flows`() throws {
        let tags: [[UInt16]] = [[], [1], [2], [1, 2], [2, 1]]
        let after = try HostileCase(size: 100) { size in
            .repeated(tags.map { ethernet(0x0800, vlans: $0, ipv4(6, tcp())) }, size)
        }.run()
        #expect(after.stories.count == tags.count)
        #expect(after.all { [$0.record.vlans.outer, $0.record.vlans.inner] } == [[0, 0], [1, 0], [2, 0], [1, 2], [2, 1]])
        #expect(after.all { $0.record.originator.packets } == [100])
    }

    // MARK: 4

    private static let bombs: [(name: String, wrap: @Sendable (Octets) -> Octets)] = [
        ("GRE", { ipv4(47, gre($0)) }), ("IP in IP", { ipv4(4, $0) }), ("VXLAN in GTP-U", { ipv4(17, gtpu(ipv4(17, vxlan(ethernet(0x0800, $0))))) }),
    ]

    @Test(arguments: bombs.map(\.name), [4, 50]) func `case 04 tunnels in tunnels end at sixteen layers`(name: String, depth: Int) throws {
        let wrap = Self.bombs.first { $0.name == name }!.wrap
        let inner = ipv4(6, to: 0x0a00_0009, tcp())
        let frame = ethernet(0x0800, (0..<depth).reduce(inner) { bytes, _ in wrap(bytes) })
        let after = try HostileCase(size: 200) { .repeated([frame], $0) }.run()
        if depth == 4 {
            #expect(after[.tracked] == 200)
            #expect(after.all { [$0.record.originator.port, $0.record.responder.port] } == [[1000, 2000]])
        } else {
            #expect(after[.tooManyTunnels] == 200)
            #expect(after.stories.isEmpty)
        }
    }

    // MARK: 5

    @Test(arguments: [0, 60] as [UInt8], [31, 40]) func `case 05a extension headers without end are refused`(kind: UInt8, count: Int) throws {
        let frame = ethernet(0x86dd, ipv6(kind, options(kind, count, last: 6, tcp())))
        let after = try HostileCase(size: 400) { .repeated([frame], $0) }.run()
        #expect(after[.tracked] == (count == 31 ? 400 : 0))
        #expect(after[.ipv6TooManyExtensions] == (count == 31 ? 0 : 400))
    }

    private static let chains: [(name: String, transport: UInt8, frame: Octets)] = [
        ("an unknown header", 200, ethernet(0x86dd, ipv6(200, Octets(repeating: 9, count: 40)))),
        ("an unknown header behind others", 253, ethernet(0x86dd, ipv6(0, option(next: 60, option(next: 253, [1, 2, 3, 4]))))),
        ("authentication", 6, ethernet(0x86dd, ipv6(51, authentication(next: 6, tcp([1]))))),
        ("destination options on both sides of a routing header", 6, ethernet(0x86dd, ipv6(60, option(next: 43, option(next: 60, option(next: 6, tcp([1]))))))),
        ("hop-by-hop options where they do not belong", 6, ethernet(0x86dd, ipv6(60, option(next: 0, option(next: 6, tcp([1])))))),
        ("an atomic fragment", 6, ethernet(0x86dd, ipv6(44, fragmentHeader(next: 6, offset: 0, more: false, tcp([1]))))),
        ("an atomic fragment in an atomic fragment", 6,
            ethernet(0x86dd, ipv6(44, fragmentHeader(next: 44, offset: 0, more: false, fragmentHeader(next: 6, offset: 0, more: false, tcp([1])))))),
        ("no next header", 59, ethernet(0x86dd, ipv6(59, [1, 2, 3, 4]))),
    ]

    @Test(arguments: chains.map(\.name)) func `case 05b other chains are a flow of what stands at their end`(name: String) throws {
        let chain = Self.chains.first { $0.name == name }!
        let after = try HostileCase(size: 200) { .repeated([chain.frame], $0) }.run()
        #expect(after[.tracked] == 200)
        #expect(after.all { $0.record.transport.rawValue } == [chain.transport])
        #expect(after.all { $0.record.responder.port } == [chain.transport == 6 ? 2000 : 0])
    }

    @Test func `case 05c an extension header that is longer than its packet is refused`() throws {
        let frame = ethernet(0x86dd, ipv6(0, [6, 200, 1, 4, 0, 0, 0, 0] + tcp()))
        let after = try HostileCase(size: 200) { .repeated([frame], $0) }.run()
        #expect(after[.ipv6ExtensionCut] == 200)
    }

    // MARK: 8

    @Test func `case 08a ICMP errors that quote cut packets are known to their flow as soon as the ports are there, and change nothing of it`() throws {
        // A connection, and a port unreachable for each length of a quote of its SYN.
        func attack(_ size: Int) -> [Sent] {
            .crowd(size) { number in
                var talk = Talk(">S <SA >A >PA10 <A", number: number)
                let quoted = Octets(talk.packets[0].bytes[14...])
                let (client, server) = (talk.client.address, talk.server.address)
                for length in 0...quoted.count {
                    talk.packets.append(Sent(ethernet(0x0800, ipv4(1, from: server, to: client, icmp(3, 3, Octets(quoted[..<length])))), at: talk.time))
                }
                talk.say(">PA10 <A >FA <FA >A")
                return talk
            }
        }
        let after = try HostileCase(size: 32) { attack($0) }.run()
        let connections = after.stories.filter { $0.record.transport == .tcp }
        #expect(connections.count == 32)
        #expect(Set(connections.map { $0.bytes.originator }) == [Talk.bytes(1..<21)])
        #expect(Set(connections.map(\.state)) == [.sf])
        // An IPv4 header, and eight bytes with the ports and the sequence number, or only the ports.
        #expect(after.counters.matchedErrors >= 32 * (40 - 28 + 1))
        #expect(after.counters.matchedErrors <= 32 * (40 - 24 + 1))
        #expect(after.counters.matchedErrors + after.counters.unmatchedErrors == 32 * 41)
    }

    @Test func `case 08b a flood of ICMP with ever other types, codes and ids is bounded`() throws {
        var options = HostileCase.options
        options.maxConnections = 500
        func message(_ number: Int) -> Octets {
            let message = icmp(UInt8(number & 255), UInt8(number >> 8), id: UInt16(number))
            return ethernet(0x0800, ipv4(1, from: 0x0a00_0001 + UInt32(number >> 4), to: 0x0a00_0002, message))
        }
        let after = try HostileCase(size: 3000, options) { [Sent].calm($0) + .frames((0..<$0).map(message)) + .calm($0) }.run()
        #expect(after[.tracked] == 9000)
        #expect(after.counters[.evicted] + after.counters[.emergency] > 2000)
    }

    // MARK: 9

    @Test(arguments: [132, 50, 255, 0, 33] as [UInt8]) func `case 09 a protocol without a parser is a flow of its number`(number: UInt8) throws {
        let payload: Octets = big(2905 as UInt16) + big(2906 as UInt16) + Octets(repeating: 1, count: 20)
        let after = try HostileCase(size: 200) { .repeated([ethernet(0x0800, ipv4(number, payload))], $0) }.run()
        #expect(after[.tracked] == 200)
        #expect(after.all { $0.record.transport.rawValue } == [number])
        #expect(after.all { $0.record.responder.port } == [number == 132 ? 2906 : 0])
    }
}
