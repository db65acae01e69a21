import Packets

/// Headers beyond those of plain conversations, written from the outside in as those are, and headers that lie.

func mpls(_ labels: Int, _ payload: Octets) -> Octets { (0..<labels).flatMap { big(UInt32($0 + 16) << 12 | ($0 == labels - 1 ? 0x100 : 0) | 64) } + payload }

/// An IPv4 header with options, whose lengths are right unless they are given.
func ipv4(_ number: UInt8, options: Octets = [], words: UInt8? = nil, totalLength: UInt16? = nil, to: UInt32 = 0x0a00_0002, _ payload: Octets) -> Octets {
    let words = words ?? 5 + UInt8(options.count / 4)
    let lengths: Octets = [0x40 | words, 0] + big(totalLength ?? UInt16(20 + options.count + payload.count))
    return lengths + [0, 7, 0, 0, 64, number, 0, 0] + big(0x0a00_0001 as UInt32) + big(to) + options + payload
}

/// An IPv6 header whose payload length is right unless it is given.
func ipv6(_ next: UInt8, payloadLength: UInt16? = nil, _ payload: Octets) -> Octets {
    let whole = ipv6(next, from: 1, to: 2, payload)
    return Octets(whole[..<4]) + big(payloadLength ?? UInt16(payload.count)) + Octets(whole[6...])
}

/// A hop-by-hop, routing or destination options header of 8 bytes.
func option(next: UInt8, _ rest: Octets) -> Octets { [next, 0, 1, 4, 0, 0, 0, 0] + rest }

/// So many of one kind in a row.
func options(_ kind: UInt8, _ count: Int, last: UInt8, _ rest: Octets) -> Octets {
    (0..<count).reduce(rest) { bytes, number in option(next: number == 0 ? last : kind, bytes) }
}

func fragmentHeader(next: UInt8, offset: Int, more: Bool, id: UInt32 = 99, _ rest: Octets) -> Octets {
    [next, 0] + big(UInt16(offset) | (more ? 1 : 0)) + big(id) + rest
}

/// An authentication header with a check value of 12 bytes.
func authentication(next: UInt8, _ rest: Octets) -> Octets { [next, 4] + Octets(repeating: 0xaa, count: 22) + rest }

/// A TCP segment of the flow that has no meaning beyond its headers.
func tcp(_ payload: Octets = [], from: UInt16 = 1000, to: UInt16 = 2000, options: Octets = [], words: UInt8? = nil, flags: TCPFlags = .ack) -> Octets {
    var header = tcpHeader(from, to, sequence: 1, acknowledgment: 1, flags: flags)
    header[12] = (words ?? 5 + UInt8(options.count / 4)) << 4
    return header + options + payload
}

func udp(length: UInt16, _ payload: Octets = [1, 2, 3]) -> Octets { big(1000 as UInt16) + big(2000 as UInt16) + big(length) + [0, 0] + payload }

func icmp(_ type: UInt8, _ code: UInt8 = 0, id: UInt16 = 7, _ payload: Octets = []) -> Octets { [type, code, 0, 0] + big(id) + [0, 1] + payload }

func gre(_ content: Octets) -> Octets { [0, 0] + big(0x0800 as UInt16) + content }
func vxlan(_ frame: Octets) -> Octets { udp(50000, 4789, [8, 0, 0, 0, 0, 0, 9, 0] + frame) }
func gtpu(_ content: Octets) -> Octets { udp(50000, 2152, [0x30, 255] + big(UInt16(content.count)) + [0, 0, 0, 5] + content) }
