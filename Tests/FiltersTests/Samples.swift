import TestSupport
import Filters
@testable import Packets

extension FlowKey {
    init(_ a: (String, UInt16), _ b: (String, UInt16), _ transport: TransportProtocol, vlans: (UInt16, UInt16) = (0, 0)) {
        let from = IPAddress(a.0)!, to = IPAddress(b.0)!
        let links = UInt64(a.1) << 48 | UInt64(b.1) << 32 | UInt64(vlans.0) << 16 | UInt64(vlans.1)
        self.init()
        words = (from.high, from.low, to.high, to.low, links, (from.isIPv4 ? 4 : 6) << 56 | UInt64(transport.rawValue) << 48)
    }
}

extension Packet {
    /// A packet from the key's endpoint `a`, be it the smaller one or not, to `b`.
    init(_ key: FlowKey, _ kind: Kind = .flow) {
        self.init()
        let words = key.words
        addresses = key.isIPv4 ? ((words.1 << 32 | words.3).bigEndian, 0, 0, 0) : (words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian)
        ports = UInt32(truncatingIfNeeded: words.4 >> 32).bigEndian
        vlans = UInt32(truncatingIfNeeded: words.4)
        context = words.5
        self.kind = kind
        etherType = key.isIPv4 ? EtherType.ipv4 : EtherType.ipv6
    }

    static var arp: Packet {
        var packet = Packet()
        packet.etherType = EtherType.arp
        return packet
    }

    /// From worlds so small that random filters hit: few addresses, ports and VLANs.
    static func random(using random: inout SeededGenerator) -> Packet {
        switch Int.random(in: 0..<10, using: &random) {
        case 0: return .arp
        case 1:
            var packet = Packet()
            packet.kind = .malformed
            packet.etherType = EtherType.arp
            return packet
        case let draw:
            let transports = [TransportProtocol.tcp, .tcp, .udp, .sctp, .icmp, .icmpv6, TransportProtocol(rawValue: 47)]
            let addresses = Bool.random(using: &random) ? Self.ipv4Addresses : Self.ipv6Addresses
            func end() -> (String, UInt16) {
                (addresses.randomElement(using: &random)!, draw == 2 ? 0 : UInt16([0, 1, 80, 443, 65535].randomElement(using: &random)!))
            }
            let key = FlowKey(
                end(), end(), transports.randomElement(using: &random)!,
                vlans: (UInt16.random(in: 0...2, using: &random), UInt16.random(in: 0...2, using: &random))
            )
            return Packet(key, draw == 2 ? .fragment : draw == 3 ? .firstFragment : .flow)
        }
    }

    static let ipv4Addresses = ["10.0.0.1", "10.0.0.2", "10.200.0.1", "192.0.2.1", "255.255.255.255", "0.0.0.0"]
    static let ipv6Addresses = ["2001:db8::1", "2001:db8::2", "2001:db8:0:1::1", "fe80::1", "::", "::a00:1"]
}

extension Filter {
    func match(_ packet: Packet, source: Endpoint? = nil, service: Service? = nil) -> Match {
        var packet = packet
        let program = FilterProgram(self)
        return program.match(&packet, source: source, service: service)
    }

    func match(_ key: FlowKey, source: Endpoint? = nil, service: Service? = nil) -> Match {
        var key = key
        let program = FilterProgram(self)
        return program.match(&key, source: source, service: service)
    }
}
