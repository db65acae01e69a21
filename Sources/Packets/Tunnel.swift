/// What carries packets inside other packets. A packet's flow is the innermost; the kind of the innermost tunnel around it stands in the flow's key.
public enum TunnelKind: UInt8, CaseIterable, BitwiseCopyable, Sendable {
    /// IP right in IP: protocols 4 (RFC 2003) and 41 (6in4, RFC 4213; IPv6 in IPv6, RFC 2473).
    case ip = 1
    /// RFC 2784 and 2890. PPTP's version 1 is not opened.
    case gre
    /// Type II: mirrored Ethernet frames in GRE.
    case erspan
    case vxlan
    case geneve
    /// User packets of mobile networks, 3GPP TS 29.281.
    case gtpu
    case teredo
    /// A link-layer session; there is no flow around it.
    case pppoe

    /// As configs and logs call it.
    public var name: String { "\(self)" }

    /// Whether both directions of a flow have the same id: a VNI, a GRE key, a session. GTP-U's TEID is the receiver's own.
    var sharesID: Bool { self != .gtpu }
}

/// The kinds of tunnels that are opened while headers are read.
public struct TunnelKinds: OptionSet, BitwiseCopyable, Sendable {
    public let rawValue: UInt16
    /// A bit for each UDP port that one of them is sent to, by the port's bits 2...7: what a plain UDP packet is asked. 0 when there is none.
    @usableFromInline let portBits: UInt64

    public init(rawValue: UInt16) {
        self.rawValue = rawValue
        portBits = Self.ports.reduce(0) { rawValue & 1 << UInt16($1.kind.rawValue) == 0 ? $0 : $0 | 1 << UInt64($1.port >> 2 & 63) }
    }

    public init(_ kind: TunnelKind) { self.init(rawValue: 1 << UInt16(kind.rawValue)) }

    public static let all = TunnelKinds(rawValue: TunnelKind.allCases.reduce(0) { $0 | 1 << UInt16($1.rawValue) })

    func contains(_ kind: TunnelKind) -> Bool { rawValue & 1 << UInt16(kind.rawValue) != 0 }

    @usableFromInline static var teredoPort: UInt16 { 3544 }
    private static let ports: [(kind: TunnelKind, port: UInt16)] = [(.vxlan, 4789), (.geneve, 6081), (.gtpu, 2152), (.teredo, teredoPort)]

    /// Whether UDP ports (network order) are those of a tunnel. Most that are not are told by one bit of the destination: without its two lowest bits it
    /// keeps the ports of other well-known protocols apart from these.
    @inlinable @inline(__always)
    func haveUDPPorts(_ ports: UInt32) -> Bool {
        let ports = UInt32(littleEndian: ports)
        if portBits &>> UInt64(ports >> 26) & 1 != 0 { return areTunnels(ports) }
        return UInt16(truncatingIfNeeded: ports) == Self.teredoPort.bigEndian ? areTunnels(ports) : false
    }

    @usableFromInline @inline(never)
    func areTunnels(_ ports: UInt32) -> Bool { udpKind(ports.byteSwapped) != nil }

    /// The tunnel that UDP ports stand for, source in the upper half. All but Teredo are sent to their port, whatever port they come from.
    func udpKind(_ ports: UInt32) -> TunnelKind? {
        let (source, destination) = (ports >> 16, ports & 0xffff)
        let kind: TunnelKind
        switch destination {
        case 4789: kind = .vxlan
        case 6081: kind = .geneve
        case 2152: kind = .gtpu
        default:
            guard source == Self.teredoPort || destination == Self.teredoPort else { return nil }
            kind = .teredo
        }
        return contains(kind) ? kind : nil
    }
}

/// The flow that a packet in a tunnel has on the wire: that of its outermost IP header, as the packet was sent.
public struct OuterFlow: BitwiseCopyable, Sendable {
    /// As `Packet` has them.
    private var addresses: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    private var ports: UInt32 = 0
    /// 4 or 6; 0 where there is no such flow.
    private var version: UInt8 = 0
    public private(set) var transport = TransportProtocol(rawValue: 0)

    public init() {}

    init(_ packet: Packet) {
        addresses = packet.addresses
        ports = packet.ports
        version = packet.isIPv4 ? 4 : 6
        transport = packet.transport
    }

    /// Whether it is none.
    public var isEmpty: Bool { version == 0 }
    public var isIPv4: Bool { version == 4 }
    public var source: IPAddress {
        isIPv4
            ? IPAddress(0, UInt64(bigEndian: addresses.0) >> 32, isIPv4: true)
            : IPAddress(UInt64(bigEndian: addresses.0), UInt64(bigEndian: addresses.1), isIPv4: false)
    }
    public var destination: IPAddress {
        isIPv4
            ? IPAddress(0, UInt64(bigEndian: addresses.0) & 0xffff_ffff, isIPv4: true)
            : IPAddress(UInt64(bigEndian: addresses.2), UInt64(bigEndian: addresses.3), isIPv4: false)
    }
    /// 0 for what has no ports: GRE, IP in IP.
    public var sourcePort: UInt16 { UInt16(truncatingIfNeeded: UInt32(bigEndian: ports) >> 16) }
    public var destinationPort: UInt16 { UInt16(truncatingIfNeeded: UInt32(bigEndian: ports)) }
}
