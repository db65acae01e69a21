import Packets

/// Sets of what a packet can be of: IP version and protocol together, or not IP.
struct ProtocolSet {
    /// By protocol number, a bit each.
    private var ipv4 = SIMD4<UInt64>(repeating: .max)
    private var ipv6 = SIMD4<UInt64>(repeating: .max)
    private var others = true

    static let all = ProtocolSet()
    static let none = all.complement
    /// Those with ports.
    static let ported = [TransportProtocol.tcp, .udp, .sctp].reduce(none) { $0.union(transport($1)) }

    /// - Parameter version: 4 or 6; nothing is of another.
    static func ipVersion(_ version: UInt8) -> Self {
        var set = none
        if version == 4 { set.ipv4 = all.ipv4 }
        if version == 6 { set.ipv6 = all.ipv6 }
        return set
    }

    /// Of both IP versions.
    static func transport(_ transport: TransportProtocol) -> Self {
        var set = none
        set.ipv4[Int(transport.rawValue >> 6)] = 1 << UInt64(transport.rawValue & 63)
        set.ipv6 = set.ipv4
        return set
    }

    static let notIP = ipVersion(4).union(ipVersion(6)).complement

    var isEmpty: Bool { !others && ipv4 == SIMD4() && ipv6 == SIMD4() }

    var complement: Self {
        var set = self
        (set.ipv4, set.ipv6, set.others) = (~ipv4, ~ipv6, !others)
        return set
    }

    func union(_ other: Self) -> Self {
        var set = self
        (set.ipv4, set.ipv6, set.others) = (ipv4 | other.ipv4, ipv6 | other.ipv6, others || other.others)
        return set
    }

    func intersection(_ other: Self) -> Self {
        var set = self
        (set.ipv4, set.ipv6, set.others) = (ipv4 & other.ipv4, ipv6 & other.ipv6, others && other.others)
        return set
    }
}
