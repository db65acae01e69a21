import Packets

/// Frames written from the outside in: `ethernet(0x0800, ipv4(6, tcp("hello")))`. Every length and count is right unless it is given.
typealias Octets = [UInt8]

/// Reads a frame that ends where readable memory does.
func read(_ bytes: Octets, wireLength: Int? = nil, linkType: LinkType = .ethernet) -> Packet {
    let memory = GuardedMemory(room: max(bytes.count, 1))
    return Packet(memory.frame(bytes, wireLength: wireLength, linkType: linkType))
}

/// A number in network order.
func be16(_ value: Int) -> Octets { [UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value)] }
func be32(_ value: Int) -> Octets { bytes(be16(value >> 16), be16(value)) }

/// What the payload of a frame's packet is.
func payload(_ packet: Packet, of frame: Octets) -> Octets {
    Octets(frame[Int(packet.payloadOffset)..<Int(packet.payloadOffset + packet.payloadCaptured)])
}

/// One after the other; `+` over many arrays is more than the type checker takes.
func bytes(_ parts: Octets...) -> Octets { Octets(parts.joined()) }

// MARK: Link layer

func ethernet(_ type: Int, _ payload: Octets) -> Octets { bytes([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2], be16(type), payload) }

/// What follows a VLAN's EtherType: the tag, the next EtherType, the rest.
func tag(_ vlan: Int, _ type: Int, _ payload: Octets) -> Octets { bytes(be16(vlan), be16(type), payload) }

/// What follows an MPLS EtherType: labels, the last of which is marked.
func mpls(_ labels: [Int], _ payload: Octets) -> Octets {
    labels.enumerated().flatMap { be32($1 << 12 | ($0 == labels.count - 1 ? 0x100 : 0) | 64) } + payload
}

func pppoe(_ ppp: Int, _ payload: Octets) -> Octets { bytes([0x11, 0], be16(7), be16(payload.count + 2), be16(ppp), payload) }

/// An IEEE 802.3 frame with SNAP.
func snap(_ type: Int, _ payload: Octets) -> Octets { ethernet(payload.count + 8, bytes([0xaa, 0xaa, 3, 0, 0, 0], be16(type), payload)) }

// MARK: IP

func ipv4(
    _ number: UInt8, _ payload: Octets, from: Int = 0xc000_0201, to: Int = 0xc000_0202, options: Octets = [], words: Int? = nil,
    totalLength: Int? = nil, fragment: Int = 0
) -> Octets {
    let words = words ?? 5 + options.count / 4
    let totalLength = totalLength ?? 20 + options.count + payload.count
    return bytes(
        [UInt8(0x40 | words), 0], be16(totalLength), be16(1), be16(fragment), [64, number, 0, 0], be32(from), be32(to), options, payload
    )
}

func ipv6(_ next: UInt8, _ payload: Octets, from: Int = 1, to: Int = 2, payloadLength: Int? = nil) -> Octets {
    func address(_ host: Int) -> Octets { bytes(be32(0x2001_0db8), be32(0), be32(0), be32(host)) }
    return bytes(be32(0x6000_0000), be16(payloadLength ?? payload.count), [next, 64], address(from), address(to), payload)
}

/// A hop-by-hop, routing or destination options header of `units` times 8 bytes.
func option(next: UInt8, units: Int = 1, _ rest: Octets) -> Octets {
    bytes([next, UInt8(units - 1), 1, UInt8(units * 8 - 4)], Octets(repeating: 0, count: units * 8 - 4), rest)
}

func fragment(next: UInt8, offset: Int, more: Bool, _ rest: Octets) -> Octets {
    bytes([next, 0], be16(offset | (more ? 1 : 0)), be32(99), rest)
}

/// An authentication header with a check value of 12 bytes.
func authentication(next: UInt8, _ rest: Octets) -> Octets { bytes([next, 4], Octets(repeating: 0xaa, count: 22), rest) }

// MARK: Transport

func tcp(
    _ payload: Octets = [], from: Int = 40000, to: Int = 443, sequence: Int = 1000, flags: UInt8 = 0x18, options: Octets = [], words: Int? = nil
) -> Octets {
    let words = words ?? 5 + options.count / 4
    return bytes(be16(from), be16(to), be32(sequence), be32(2000), [UInt8(words << 4), flags], be16(512), [0, 0, 0, 0], options, payload)
}

func udp(_ payload: Octets = [], from: Int = 5353, to: Int = 53, length: Int? = nil) -> Octets {
    bytes(be16(from), be16(to), be16(length ?? 8 + payload.count), [0, 0], payload)
}

func sctp(_ payload: Octets = [0, 3, 0, 4]) -> Octets { bytes(be16(2905), be16(2906), be32(1), be32(2), payload) }

func icmp(_ type: UInt8, _ code: UInt8 = 0, _ payload: Octets = [1, 2, 3, 4]) -> Octets { bytes([type, code, 0, 0, 0, 7, 0, 1], payload) }

// MARK: Tunnels

func gre(_ type: Int, _ content: Octets, checksum: Bool = false, key: Int? = nil, sequence: Int? = nil, version: Int = 0) -> Octets {
    let flags = (checksum ? 0x8000 : 0) | (key == nil ? 0 : 0x2000) | (sequence == nil ? 0 : 0x1000) | version
    return bytes(be16(flags), be16(type), checksum ? [1, 2, 0, 0] : [], key.map(be32) ?? [], sequence.map(be32) ?? [], content)
}

func erspan(_ session: Int, _ frame: Octets) -> Octets { gre(0x88be, bytes(be32(1 << 28 | 7 << 16 | session), be32(0), frame), sequence: 1) }

func vxlan(_ network: Int, _ frame: Octets, from: Int = 50000) -> Octets { udp(bytes([8, 0, 0, 0], be32(network << 8), frame), from: from, to: 4789) }

func geneve(_ network: Int, _ type: Int, _ content: Octets, options: Octets = []) -> Octets {
    udp(bytes([UInt8(options.count / 4), 0], be16(type), be32(network << 8), options, content), from: 50000, to: 6081)
}

/// `flags`: E, S and N, in which case `extensions` begin with the type of the next.
func gtpu(_ teid: Int, _ content: Octets, flags: UInt8 = 0, extensions: Octets = []) -> Octets {
    let rest = flags == 0 ? content : bytes([0, 1, 0], extensions, content)
    return udp(bytes([0x30 | flags, 255], be16(rest.count), be32(teid), rest), from: 50000, to: 2152)
}

func teredo(_ packet: Octets, from: Int = 50000, to: Int = 3544) -> Octets { udp(packet, from: from, to: to) }

/// What a Teredo server puts in front: an authentication header, and where the packet came from.
let teredoAuthentication: Octets = bytes([0, 1, 2, 3, 1, 2, 1, 2, 3], Octets(repeating: 9, count: 8), [0])
let teredoOrigin: Octets = [0, 0, 0xab, 0xcd, 1, 2, 3, 4]

private let atomic = fragment(next: 51, offset: 0, more: false, authentication(next: 17, udp([1, 2])))

/// One frame of each kind that has a reading of its own, tunnels aside.
private let plainStacks: [(name: String, link: LinkType, bytes: Octets)] = [
    ("Ethernet, IPv4, TCP", .ethernet, ethernet(0x0800, ipv4(6, tcp([1, 2, 3, 4, 5], options: [2, 4, 5, 180])))),
    ("Ethernet, IPv4, UDP", .ethernet, ethernet(0x0800, ipv4(17, udp(Octets(0..<30))))),
    ("IPv4 options", .ethernet, ethernet(0x0800, ipv4(17, udp([9]), options: [1, 1, 1, 1, 7, 4, 4, 0]))),
    ("IPv4 fragment", .ethernet, ethernet(0x0800, ipv4(17, udp([9], length: 4000), fragment: 0x2000))),
    ("VLAN × 4", .ethernet, ethernet(0x88a8, tag(5, 0x8100, tag(6, 0x9100, tag(7, 0x8100, tag(8, 0x0800, ipv4(6, tcp([1])))))))),
    ("MPLS × 3", .ethernet, ethernet(0x8847, mpls([16, 17, 18], ipv4(6, tcp([1]))))),
    ("PPPoE in QinQ", .ethernet, ethernet(0x8100, tag(5, 0x8100, tag(6, 0x8864, pppoe(0x57, ipv6(17, udp([1]))))))),
    ("SNAP", .ethernet, snap(0x0800, ipv4(6, tcp([1, 2])))),
    ("IPv6, TCP", .ethernet, ethernet(0x86dd, ipv6(6, tcp([1, 2, 3])))),
    ("IPv6 extensions", .ethernet, ethernet(0x86dd, ipv6(0, option(next: 43, option(next: 60, units: 2, option(next: 44, atomic)))))),
    ("IPv6 later fragment", .ethernet, ethernet(0x86dd, ipv6(44, fragment(next: 17, offset: 1448, more: true, [1, 2, 3])))),
    ("ICMP", .ethernet, ethernet(0x0800, ipv4(1, icmp(8)))),
    ("ICMPv6", .ethernet, ethernet(0x86dd, ipv6(58, icmp(128)))),
    ("ICMP error", .ethernet, ethernet(0x0800, ipv4(1, icmp(3, 1, ipv4(6, tcp([1, 2, 3]), options: [1, 1, 1, 1]))))),
    ("ICMPv6 error", .ethernet, ethernet(0x86dd, ipv6(58, icmp(1, 4, ipv6(0, option(next: 44, fragment(next: 17, offset: 0, more: true, udp([1])))))))),
    ("SCTP", .ethernet, ethernet(0x0800, ipv4(132, sctp()))),
    ("Cooked", .linuxSLL, bytes(Octets(repeating: 0, count: 14), be16(0x0800), ipv4(6, tcp([1])))),
    ("Cooked 2", .linuxSLL2, bytes(be16(0x86dd), Octets(repeating: 0, count: 18), ipv6(6, tcp([1])))),
    ("Null", .null, bytes([30, 0, 0, 0], ipv6(17, udp([1])))),
    ("Raw", .raw, ipv4(17, udp([1, 2, 3]))),
]

/// Those, and the tunnels.
let headerStacks = plainStacks + tunnelStacks.map { ($0.name, LinkType.ethernet, $0.bytes) }

/// One frame of each kind of tunnel, and what each is: all carry TCP from port 40000 to 443 with a payload of three bytes.
let tunnelStacks: [(name: String, kind: TunnelKind, id: UInt32, bytes: Octets)] = [
    ("IPv4 in IPv4", .ip, 0, ethernet(0x0800, ipv4(4, inner4))),
    ("IPv6 in IPv4", .ip, 0, ethernet(0x0800, ipv4(41, inner6))),
    ("IPv6 in IPv6", .ip, 0, ethernet(0x86dd, ipv6(60, option(next: 41, inner6)))),
    ("GRE", .gre, 0, ethernet(0x0800, ipv4(47, gre(0x0800, inner4)))),
    ("GRE with all there is", .gre, 77, ethernet(0x86dd, ipv6(47, gre(0x86dd, inner6, checksum: true, key: 77, sequence: 5)))),
    ("Ethernet in GRE", .gre, 5, ethernet(0x0800, ipv4(47, gre(0x6558, ethernet(0x8100, tag(9, 0x0800, inner4)), key: 5)))),
    ("MPLS in GRE", .gre, 0, ethernet(0x0800, ipv4(47, gre(0x8847, mpls([16, 17], inner4))))),
    ("ERSPAN", .erspan, 100, ethernet(0x0800, ipv4(47, erspan(100, ethernet(0x0800, inner4))))),
    ("VXLAN", .vxlan, 5000, ethernet(0x0800, ipv4(17, vxlan(5000, ethernet(0x0800, inner4))))),
    ("Geneve with Ethernet", .geneve, 6000, ethernet(0x0800, ipv4(17, geneve(6000, 0x6558, ethernet(0x86dd, inner6), options: [0, 1, 2, 1, 9, 9, 9, 9])))),
    ("Geneve with IP", .geneve, 7, ethernet(0x86dd, ipv6(17, geneve(7, 0x0800, inner4)))),
    ("GTP-U", .gtpu, 0x1234_5678, ethernet(0x0800, ipv4(17, gtpu(0x1234_5678, inner4)))),
    ("GTP-U with extensions", .gtpu, 9, ethernet(0x0800, ipv4(17, gtpu(9, inner6, flags: 4, extensions: [0x85, 1, 0, 7, 0xc0, 2, 1, 2, 3, 4, 5, 6, 0])))),
    ("Teredo", .teredo, 0, ethernet(0x0800, ipv4(17, teredo(inner6)))),
    ("Teredo from a server", .teredo, 0, ethernet(0x0800, ipv4(17, teredo(bytes(teredoAuthentication, teredoOrigin, inner6), from: 3544, to: 50000)))),
    ("Teredo with trailers", .teredo, 0, ethernet(0x0800, ipv4(17, teredo(bytes(inner6, [1, 4, 5, 6, 7, 8, 3, 0]))))),
    ("PPPoE", .pppoe, 7, ethernet(0x8864, pppoe(0x21, inner4))),
    ("GRE in IP in VXLAN", .gre, 3, ethernet(0x0800, ipv4(17, vxlan(1, ethernet(0x0800, ipv4(41, ipv6(47, gre(0x0800, inner4, key: 3)))))))),
]

private let inner4 = ipv4(6, tcp([1, 2, 3]), from: 0x0a00_0001, to: 0x0a00_0002)
private let inner6 = ipv6(6, tcp([1, 2, 3]), from: 0x11, to: 0x12)
