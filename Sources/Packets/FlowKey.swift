/// Who talks with whom: two endpoints, the protocol, and where on the link (VLANs) or in which tunnel they do.
///
/// Both directions of a flow have the same key: the smaller endpoint comes first, as `a`. Which of them opened the
/// connection is a matter of its own (`Connection.originator`). Six words, so that comparing and hashing need no branch:
///
///     word  0, 1   address a: IPv6, or 0 and the IPv4 address
///     word  2, 3   address b
///     word  4      port a (16) · port b (16) · outer VLAN (16) · inner VLAN (16)
///     word  5      IP version (8) · protocol (8) · tunnel path (12) · tunnel kind (4) · tunnel id (32)
///
/// Kind and id are those of the innermost tunnel, the id only where both directions share it; the path is a digest of the tunnels around that,
/// 0 where there is none. All are 0 outside of tunnels.
/// The version keeps an IPv4 flow apart from the IPv6 flow with the same low words. VLAN id 0 means "no tag" (IEEE 802.1Q:
/// a priority tag names no VLAN). Of more than two tags the outer two count.
public struct FlowKey: Equatable, BitwiseCopyable, Sendable {
    public var words: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)

    @inlinable public init() { words = (0, 0, 0, 0, 0, 0) }

    @inlinable public static func == (left: Self, right: Self) -> Bool {
        let l = left.words, r = right.words
        return (l.0 ^ r.0) | (l.1 ^ r.1) | (l.2 ^ r.2) | (l.3 ^ r.3) | (l.4 ^ r.4) | (l.5 ^ r.5) == 0
    }

    @inlinable public var addressA: IPAddress { IPAddress(words.0, words.1, isIPv4: isIPv4) }
    @inlinable public var addressB: IPAddress { IPAddress(words.2, words.3, isIPv4: isIPv4) }
    @inlinable public var portA: UInt16 { UInt16(truncatingIfNeeded: words.4 >> 48) }
    @inlinable public var portB: UInt16 { UInt16(truncatingIfNeeded: words.4 >> 32) }
    /// 0 where there is no tag.
    @inlinable public var outerVLAN: UInt16 { UInt16(truncatingIfNeeded: words.4 >> 16) }
    @inlinable public var innerVLAN: UInt16 { UInt16(truncatingIfNeeded: words.4) }
    @inlinable public var isIPv4: Bool { words.5 >> 56 == 4 }
    @inlinable public var transport: TransportProtocol { TransportProtocol(rawValue: UInt8(truncatingIfNeeded: words.5 >> 48)) }
    /// The innermost tunnel that the flow lies in.
    @inlinable public var tunnel: TunnelKind? { TunnelKind(rawValue: UInt8(truncatingIfNeeded: words.5 >> 32 & 0xf)) }

    /// The flow's key without its VLANs, for links that tag the two directions differently.
    @inlinable public var withoutVLANs: FlowKey {
        var key = self
        key.words.4 &= 0xffff_ffff_0000_0000
        return key
    }

    /// The flow's key without its tunnel, for tunnels that only one direction takes, or that have another id each way.
    @inlinable public var withoutTunnel: FlowKey {
        var key = self
        key.words.5 &= 0xffff_0000_0000_0000
        return key
    }

    /// Hashes all six words with a secret seed (folded 64 × 64 → 128 bit products, as wyhash does), so that nobody outside
    /// can choose flows that collide.
    @inlinable @inline(__always)
    public func hash(seed: HashSeed) -> UInt64 {
        let x = Self.fold(words.1 ^ seed.words.0, words.3 ^ seed.words.1)
        let y = Self.fold(words.0 ^ seed.words.2, words.2 ^ seed.words.3)
        let z = Self.fold(words.4 ^ seed.words.3, words.5 ^ seed.words.0)
        return Self.fold(x ^ seed.words.1, y &+ z ^ seed.words.2)
    }

    @inlinable @inline(__always)
    static func fold(_ x: UInt64, _ y: UInt64) -> UInt64 {
        let product = x.multipliedFullWidth(by: y)
        return product.high ^ product.low
    }
}

/// The secret of a seeded hash.
public struct HashSeed: Sendable {
    public var words: (UInt64, UInt64, UInt64, UInt64)

    /// Four random words.
    public init() {
        words = (.random(in: 1...(.max)), .random(in: 1...(.max)), .random(in: 1...(.max)), .random(in: 1...(.max)))
    }

    /// A fixed seed, for tests and instruction counts.
    public init(_ word: UInt64) {
        words = (
            word ^ 0x9e37_79b9_7f4a_7c15, word ^ 0xbf58_476d_1ce4_e5b9, word ^ 0x94d0_49bb_1331_11eb, word ^ 0xd6e8_feb8_6659_fd93
        )
    }
}

/// An IP protocol number (IANA), the same space for IPv4's protocol and IPv6's next header.
public struct TransportProtocol: RawRepresentable, Equatable, Hashable, BitwiseCopyable, Sendable {
    public var rawValue: UInt8
    @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let icmp = TransportProtocol(rawValue: 1)
    public static let tcp = TransportProtocol(rawValue: 6)
    public static let udp = TransportProtocol(rawValue: 17)
    public static let icmpv6 = TransportProtocol(rawValue: 58)
    public static let sctp = TransportProtocol(rawValue: 132)
}

extension TransportProtocol: CustomStringConvertible {
    /// Zeek's word for it: `tcp`, `udp`, `icmp` (both versions), `sctp`, else the number.
    public var description: String {
        switch self {
        case .tcp: "tcp"
        case .udp: "udp"
        case .icmp, .icmpv6: "icmp"
        case .sctp: "sctp"
        default: "\(rawValue)"
        }
    }
}
