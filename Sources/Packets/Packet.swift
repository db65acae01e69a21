/// A frame's headers, read once: plain data that filters, tracker and subscriptions share.
///
/// Addresses, ports and TCP's numbers are kept as the header has them, in network order, and put in order by whoever asks: most packets are refused,
/// or belong to connections of which nobody wants more than counts, and reading must cost next to nothing. Where a length is a
/// header's claim it has been checked against the lengths around it, so that payload never lies beyond the frame's captured bytes.
public struct Packet: BitwiseCopyable, Sendable {
    public var timestamp = Timestamp.zero
    /// Captured bytes of the frame.
    public var capturedLength: UInt32 = 0
    /// Bytes on the wire, from the link layer's header on.
    public var wireLength: UInt32 = 0
    /// IPv4: source and destination side by side in the first word. IPv6: two words each. Network order.
    @usableFromInline var addresses: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    /// `ports` below, `vlans` above: a flow's packets are told by both.
    @usableFromInline var portsAndVLANs: UInt64 = 0
    /// A TCP header's sequence and acknowledgment number, network order.
    @usableFromInline var numbers: UInt64 = 0
    /// A TCP header's data offset, flags and window, network order.
    @usableFromInline var flagsAndWindow: UInt32 = 0
    /// The IP packet's length by its own header, options and extension headers included; 0 unless it is IP.
    public var ipLength: UInt32 = 0
    /// Where the transport's payload begins in the frame.
    public var payloadOffset: UInt32 = 0
    /// The payload's length by the headers; Ethernet padding is no part of it.
    public var payloadLength: UInt32 = 0
    /// A flow key's word 5: IP version, protocol and tunnel; 0 unless it is IP.
    public var context: UInt64 = 0
    public var kind = Kind.notIP
    public var problem = PacketProblem.none
    /// The EtherType of what follows the link layer, 0 where the link layer has none.
    public var etherType: UInt16 = 0
    /// Where the IP header begins in the frame, and the transport's. 0 where there is none.
    public var networkOffset: UInt16 = 0
    public var transportOffset: UInt16 = 0
    // Of frames that are read layer by layer; of plain ones they are left as they were.
    /// The flow around the outermost tunnel.
    var outermost = OuterFlow()
    /// The innermost tunnel's id.
    var innermostID: UInt32 = 0
    /// Tunnels around the packet, and how often fragments were put together on the way to it.
    var layers: UInt8 = 0
    /// Whether the packet is a tunnel's, and what it carries could not be read.
    var hasUnopenedTunnel = false

    /// What a packet is to the engine.
    public enum Kind: UInt8, BitwiseCopyable, Sendable {
        /// Belongs to a flow: IP with a readable transport header, or of a protocol that has no ports.
        case flow
        /// The first fragment of an IP packet with a readable transport header: has ports as a flow has, and the rest of the packet elsewhere.
        case firstFragment
        /// No IP inside: ARP, LLDP, spanning tree …
        case notIP
        /// A later fragment of an IP packet, or a first one too short for its ports.
        case fragment
        /// Its headers do not hold together; `problem` says which.
        case malformed

        /// One comparison, for filters ask it of each packet.
        @inlinable @inline(__always) public var hasPorts: Bool { rawValue <= Kind.firstFragment.rawValue }
    }

    public init() {}

    /// Reads the frame's headers.
    public init(_ frame: Frame, opening tunnels: TunnelKinds = .all) {
        self.init()
        _ = withUnsafePointer(to: frame) { read($0, opening: tunnels) }
    }

    /// Reads the frame's headers in place. Nine frames of ten are whole, and Ethernet, IPv4 without options and TCP or UDP: they are read
    /// here in one go; all others layer by layer.
    ///
    /// - Parameter tunnels: those to be opened; of others the outer packet is all there is.
    @inlinable @inline(__always) @discardableResult
    public mutating func read(_ frame: UnsafePointer<Frame>, opening tunnels: TunnelKinds = .all) -> ReadingNotes {
        guard let plain = PlainIPv4(frame, opening: tunnels) else { return readOther(frame, opening: tunnels) }
        withUnsafeMutablePointer(to: &self) { $0.take(plain, of: frame) }
        return []
    }

    /// Reads what is no `PlainIPv4`: cut frames, and those that are plain but for VLAN tags or IPv6; then all others.
    @inline(never)
    public mutating func readOther(_ frame: UnsafePointer<Frame>, opening tunnels: TunnelKinds) -> ReadingNotes {
        let (captured, onWire) = (frame.pointee.length, frame.pointee.wireLength)
        let isCut = captured < onWire
        if captured <= onWire {
            if isCut, readPlain(frame, captured: captured, onWire: onWire, opening: tunnels) { return .cut }
            if readNearlyPlain(frame, captured: captured, onWire: onWire, opening: tunnels) { return isCut ? .cut : [] }
        }
        let notes = readLayers(frame, opening: tunnels)
        return isCut ? notes.union(.cut) : notes
    }
}

// MARK: What the headers say

extension Packet {
    @inlinable public var isIPv4: Bool { context >> 56 == 4 }
    @inlinable public var transport: TransportProtocol { TransportProtocol(rawValue: UInt8(truncatingIfNeeded: context >> 48)) }

    /// Source and destination port, network order; 0 for a fragment.
    @inlinable @inline(__always) var ports: UInt32 {
        get { UInt32(truncatingIfNeeded: portsAndVLANs) }
        set { portsAndVLANs = portsAndVLANs & 0xffff_ffff_0000_0000 | UInt64(newValue) }
    }
    /// The outer VLAN id in the upper half, the inner one in the lower; 0 where there is no tag.
    @inlinable @inline(__always) public var vlans: UInt32 {
        get { UInt32(truncatingIfNeeded: portsAndVLANs >> 32) }
        set { portsAndVLANs = portsAndVLANs & 0xffff_ffff | UInt64(newValue) << 32 }
    }

    public var source: IPAddress {
        isIPv4 ? IPAddress(0, ipv4Source, isIPv4: true) : IPAddress(UInt64(bigEndian: addresses.0), UInt64(bigEndian: addresses.1), isIPv4: false)
    }
    public var destination: IPAddress {
        isIPv4 ? IPAddress(0, ipv4Destination, isIPv4: true) : IPAddress(UInt64(bigEndian: addresses.2), UInt64(bigEndian: addresses.3), isIPv4: false)
    }
    /// The low word of an IPv4 address, as a flow key has it.
    @inlinable @inline(__always) public var ipv4Source: UInt64 { UInt64(bigEndian: addresses.0) >> 32 }
    @inlinable @inline(__always) public var ipv4Destination: UInt64 { UInt64(bigEndian: addresses.0) & 0xffff_ffff }
    @inlinable @inline(__always) public var ipv6Source: (UInt64, UInt64) { (UInt64(bigEndian: addresses.0), UInt64(bigEndian: addresses.1)) }
    @inlinable @inline(__always) public var ipv6Destination: (UInt64, UInt64) { (UInt64(bigEndian: addresses.2), UInt64(bigEndian: addresses.3)) }
    @inlinable @inline(__always) public var sourcePort: UInt16 { UInt16(truncatingIfNeeded: UInt32(bigEndian: ports) >> 16) }
    @inlinable @inline(__always) public var destinationPort: UInt16 { UInt16(truncatingIfNeeded: UInt32(bigEndian: ports)) }

    /// Of TCP only, as are the next three.
    @inlinable @inline(__always) public var sequence: SequenceNumber { SequenceNumber(UInt32(truncatingIfNeeded: UInt64(bigEndian: numbers) >> 32)) }
    @inlinable @inline(__always) public var acknowledgment: SequenceNumber { SequenceNumber(UInt32(truncatingIfNeeded: UInt64(bigEndian: numbers))) }
    /// None for what is not TCP.
    @inlinable @inline(__always) public var flags: TCPFlags { TCPFlags(rawValue: UInt8(truncatingIfNeeded: UInt32(bigEndian: flagsAndWindow) >> 16)) }
    @inlinable @inline(__always) public var window: UInt16 { UInt16(truncatingIfNeeded: UInt32(bigEndian: flagsAndWindow)) }

    /// Whether the flow lies in a tunnel.
    @inlinable @inline(__always) public var isTunneled: Bool { context & Self.tunnelMask != 0 }
    /// The innermost tunnel that the flow lies in.
    public var tunnel: TunnelKind? { TunnelKind(rawValue: UInt8(truncatingIfNeeded: context >> 32 & 0xf)) }
    /// The innermost tunnel's id as its header has it: a VNI, a key, a session, a TEID; 0 where there is none.
    public var tunnelID: UInt32 { isTunneled ? innermostID : 0 }
    /// The flow around the outermost tunnel, which is the one that the frame has on the wire; nil where there is none.
    public var outer: OuterFlow? { isTunneled && !outermost.isEmpty ? outermost : nil }

    /// How much of the payload was captured: `payloadLength`, or less when a snap length cut the frame.
    @inlinable @inline(__always) public var payloadCaptured: UInt32 { min(payloadLength, capturedLength &- payloadOffset) }

    /// The flow's key: without ports for a fragment, all zero for what is neither flow nor fragment.
    public var key: FlowKey { withUnsafePointer(to: self) { $0.flow.key } }
    /// Whether the key's endpoint `b` sent this packet.
    public var senderIsB: Bool { withUnsafePointer(to: self) { $0.flow.senderIsB } }
}

/// What is asked for each packet of a burst in place: a method of the value would be handed a copy of it.
extension UnsafePointer<Packet> {
    /// The flow's key, and whether its endpoint `b` sent this packet.
    @inlinable @inline(__always)
    public var flow: (key: FlowKey, senderIsB: Bool) { pointee.isIPv4 ? ipv4Flow : ipv6Flow }

    @inlinable @inline(__always)
    var ipv4Flow: (key: FlowKey, senderIsB: Bool) {
        let both = UInt64(bigEndian: pointee.addresses.0)
        let ports = UInt64(UInt32(bigEndian: pointee.ports))
        let from = (both >> 32) << 16 | ports >> 16
        let to = (both & 0xffff_ffff) << 16 | ports & 0xffff
        let senderIsB = from > to
        let a = senderIsB ? to : from
        let b = senderIsB ? from : to
        var key = FlowKey()
        key.words = (0, a >> 16, 0, b >> 16, (a & 0xffff) << 48 | (b & 0xffff) << 32 | UInt64(pointee.vlans), pointee.context)
        return (key, senderIsB)
    }

    @usableFromInline
    var ipv6Flow: (key: FlowKey, senderIsB: Bool) {
        let (from, to) = (pointee.ipv6Source, pointee.ipv6Destination)
        let senderIsB = (from.0, from.1, pointee.sourcePort) > (to.0, to.1, pointee.destinationPort)
        let (a, b) = senderIsB ? (to, from) : (from, to)
        let ports = UInt64(UInt32(bigEndian: pointee.ports))
        let portWord = senderIsB ? (ports & 0xffff) << 48 | (ports >> 16) << 32 : ports << 32
        var key = FlowKey()
        key.words = (a.0, a.1, b.0, b.1, portWord | UInt64(pointee.vlans), pointee.context)
        return (key, senderIsB)
    }

    /// How packets of the packet's flow look on their way, and on the way back, where it is IPv4: what tells that one continues another without a look at that.
    @inlinable @inline(__always)
    public var way: PacketWay {
        guard pointee.isIPv4 else { return PacketWay() }
        let (addresses, ends) = (pointee.addresses.0, pointee.portsAndVLANs)
        let (ports, vlans) = (pointee.ports, ends & 0xffff_ffff_0000_0000)
        return PacketWay(
            context: pointee.context, addresses: addresses, ends: ends, addressesBack: addresses << 32 | addresses >> 32,
            endsBack: vlans | UInt64(ports << 16 | ports >> 16))
    }

    /// Whether this packet goes a way, or comes back on it.
    @inlinable @inline(__always)
    public func follows(_ way: PacketWay) -> PacketContinuation { way.continuation(pointee.context, pointee.addresses.0, pointee.portsAndVLANs) }

    /// Whether this packet has the same two ends as another, and then whether the same one sent it, without working out a key: packets come in
    /// trains.
    @inlinable @inline(__always)
    public func continues(_ other: Self) -> PacketContinuation {
        guard pointee.context == other.pointee.context, pointee.vlans == other.pointee.vlans else { return .no }
        guard pointee.isIPv4 else { return continuesIPv6(other) }
        let (addresses, ports) = (other.pointee.addresses.0, other.pointee.ports)
        if pointee.addresses.0 == addresses, pointee.ports == ports { return .sameWay }
        return pointee.addresses.0 == addresses << 32 | addresses >> 32 && pointee.ports == ports << 16 | ports >> 16 ? .back : .no
    }

    @usableFromInline @inline(never)
    func continuesIPv6(_ other: Self) -> PacketContinuation {
        let (mine, its) = (pointee.addresses, other.pointee.addresses)
        let (ports, itsPorts) = (pointee.ports, other.pointee.ports)
        if mine == its, ports == itsPorts { return .sameWay }
        return mine == (its.2, its.3, its.0, its.1) && ports == itsPorts << 16 | itsPorts >> 16 ? .back : .no
    }
}

/// What there is to count about a frame beside what its packet says.
public struct ReadingNotes: OptionSet, Sendable {
    public var rawValue: UInt8
    @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Only a part of it was captured.
    public static let cut = ReadingNotes(rawValue: 1)
    /// It is a tunnel's, and what the tunnel carries could not be read: the outer flow is its flow.
    public static let unopenedTunnel = ReadingNotes(rawValue: 2)
    /// It is no flow's packet as it stands: `kind` says what it is.
    public static let noFlow = ReadingNotes(rawValue: 4)
}

/// What the packets of a flow have in common; see `way`.
public struct PacketWay: BitwiseCopyable {
    /// 0, which no flow's packet has, for none.
    @usableFromInline var context: UInt64 = 0
    @usableFromInline var addresses: UInt64 = 0
    /// `portsAndVLANs`.
    @usableFromInline var ends: UInt64 = 0
    @usableFromInline var addressesBack: UInt64 = 0
    @usableFromInline var endsBack: UInt64 = 0

    @inlinable public init() {}
    @inlinable init(context: UInt64, addresses: UInt64, ends: UInt64, addressesBack: UInt64, endsBack: UInt64) {
        (self.context, self.addresses, self.ends, self.addressesBack, self.endsBack) = (context, addresses, ends, addressesBack, endsBack)
    }

    @inlinable @inline(__always) public var isEmpty: Bool { context == 0 }

    /// How a packet with these follows one that goes this way.
    @inlinable @inline(__always)
    func continuation(_ context: UInt64, _ addresses: UInt64, _ ends: UInt64) -> PacketContinuation {
        guard context == self.context else { return .no }
        if addresses == self.addresses, ends == self.ends { return .sameWay }
        return addresses == addressesBack && ends == endsBack ? .back : .no
    }
}

/// How a packet follows another.
public enum PacketContinuation: UInt8, Sendable {
    /// It is of another flow.
    case no
    /// The same side sent it.
    case sameWay
    case back
}

/// Why a packet's headers do not hold together.
public enum PacketProblem: UInt8, CaseIterable, BitwiseCopyable, Sendable {
    case none
    case linkHeaderCut
    case tooManyLinkHeaders
    case tooManyTunnels
    case ipHeaderCut
    case ipBadVersion
    case ipBadHeaderLength
    case ipBadTotalLength
    case ipv6ExtensionCut
    case ipv6TooManyExtensions
    case ipv6BadJumbogram
    case tcpHeaderCut
    case tcpBadDataOffset
    case udpHeaderCut
    case udpBadLength
    case icmpHeaderCut
    case sctpHeaderCut
}

/// The EtherTypes (IEEE 802 numbers) that the reader follows.
public enum EtherType {
    public static let ipv4: UInt16 = 0x0800
    public static let arp: UInt16 = 0x0806
    public static let ipv6: UInt16 = 0x86dd
    /// 802.1Q, 802.1ad and the two that came before it.
    @inline(__always)
    static func isVLAN(_ type: UInt16) -> Bool { type == 0x8100 || type == 0x88a8 || type == 0x9100 || type == 0x9200 }
    static let mpls: [UInt16] = [0x8847, 0x8848]
    static let pppoeSession: UInt16 = 0x8864
    /// What GRE and Geneve call an Ethernet frame, and GRE a mirrored one.
    static let transparentBridging: UInt16 = 0x6558
    static let erspan: UInt16 = 0x88be
    /// TrustSec's tag, between the Ethernet header and what it carries.
    static let ciscoMetadata: UInt16 = 0x8909
}
