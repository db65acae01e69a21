/// A frame's headers, read once: plain data that filters, tracker and subscriptions share.
///
/// Where a length is a header's claim it has been checked against the lengths around it, so that
/// `payloadOffset + payloadCaptured` never lies beyond the frame's captured bytes.
public struct Packet {
    /// Both directions of a flow have the same key. Without ports for a fragment, all zero for what is neither flow nor fragment.
    public var key = FlowKey()
    public var timestamp = Timestamp.zero
    /// Bytes on the wire, from the link layer's header on.
    public var wireLength: UInt32 = 0
    /// Captured bytes of the frame.
    public var capturedLength: UInt32 = 0
    /// The IP packet's length by its own header, options and extension headers included; 0 unless it is IP.
    public var ipLength: UInt32 = 0
    /// Where the transport's payload begins in the frame.
    public var payloadOffset: UInt32 = 0
    /// The payload's length by the headers; Ethernet padding is no part of it.
    public var payloadLength: UInt32 = 0
    /// How much of the payload was captured: `payloadLength`, or less when a snap length cut the frame.
    public var payloadCaptured: UInt32 = 0
    /// TCP only, as are the next three.
    public var sequence = SequenceNumber(0)
    public var acknowledgment = SequenceNumber(0)
    public var window: UInt16 = 0
    public var flags = TCPFlags(rawValue: 0)
    public var kind = Kind.notIP
    public var problem = PacketProblem.none
    /// Whether the key's endpoint `b` sent this packet.
    public var senderIsB = false
    /// The EtherType of what follows the link layer, 0 where the link layer has none.
    public var etherType: UInt16 = 0
    /// Where the IP header begins in the frame, and the transport's. 0 where there is none.
    public var networkOffset: UInt16 = 0
    public var transportOffset: UInt16 = 0

    /// What a packet is to the engine.
    public enum Kind: UInt8, Sendable {
        /// Belongs to a flow: IP with a readable transport header, or of a protocol that has no ports.
        case flow
        /// No IP inside: ARP, LLDP, spanning tree …
        case notIP
        /// A later fragment of an IP packet, or a first one too short for its ports.
        case fragment
        /// Its headers do not hold together; `problem` says which.
        case malformed
    }

    public init() {}

    /// Reads the frame's headers.
    @inline(__always)
    public init(_ frame: Frame) {
        self.init()
        read(frame)
    }

    public var transport: TransportProtocol { key.transport }
    public var isIPv4: Bool { key.isIPv4 }
    public var source: IPAddress { senderIsB ? key.addressB : key.addressA }
    public var destination: IPAddress { senderIsB ? key.addressA : key.addressB }
    public var sourcePort: UInt16 { senderIsB ? key.portB : key.portA }
    public var destinationPort: UInt16 { senderIsB ? key.portA : key.portB }

    /// Reads the frame's headers in place. Nine frames of ten are Ethernet, IPv4 without options and TCP or UDP: they are read
    /// here in one go; all others layer by layer.
    @inline(__always)
    public mutating func read(_ frame: Frame) {
        if !readPlain(frame) { readLayers(frame) }
    }

    ///      0              14             34                    54
    ///     +--------------+--------------+---------------------+----------
    ///     | Ethernet II  | IPv4, 20     | TCP, 20 or UDP, 8   | payload
    ///     +--------------+--------------+---------------------+----------
    ///
    /// False, with nothing promised of the fields, when the frame is of another kind or anything in it is unusual.
    @inline(__always)
    mutating func readPlain(_ frame: Frame) -> Bool {
        let bytes = frame.bytes
        guard frame.length >= 54, frame.linkType == .ethernet else { return false }
        // Loads of whole words: every offset lies below 54.
        let first = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 12, as: UInt64.self))
        let fragment = UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 20, as: UInt16.self))
        // EtherType 0x0800, version 4, header of five words; neither offset nor "more fragments".
        guard first >> 40 == 0x080045, fragment & 0x3fff == 0 else { return false }
        let totalLength = UInt32(first >> 16 & 0xffff)
        let protocolNumber = bytes.load(fromByteOffset: 23, as: UInt8.self)
        let source = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 26, as: UInt32.self))
        let destination = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 30, as: UInt32.self))
        let ports = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 34, as: UInt32.self))
        guard totalLength &+ 14 <= frame.wireLength else { return false }

        let headers: UInt32
        if protocolNumber == TransportProtocol.tcp.rawValue {
            let numbers = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 38, as: UInt64.self))
            let rest = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 46, as: UInt32.self))
            let headerLength = (rest >> 28) &* 4
            headers = 34 &+ headerLength
            guard headerLength >= 20, headers <= totalLength &+ 14, headers <= frame.length else { return false }
            sequence = SequenceNumber(UInt32(truncatingIfNeeded: numbers >> 32))
            acknowledgment = SequenceNumber(UInt32(truncatingIfNeeded: numbers))
            flags = TCPFlags(rawValue: UInt8(truncatingIfNeeded: rest >> 16))
            window = UInt16(truncatingIfNeeded: rest)
            payloadLength = totalLength &+ 14 &- headers
        } else if protocolNumber == TransportProtocol.udp.rawValue {
            let length = UInt32(UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 38, as: UInt16.self)))
            guard length >= 8, length &+ 20 <= totalLength else { return false }
            headers = 42
            payloadLength = length &- 8
            (sequence, acknowledgment, window, flags) = (SequenceNumber(0), SequenceNumber(0), 0, TCPFlags(rawValue: 0))
        } else {
            return false
        }
        payloadOffset = headers
        payloadCaptured = min(payloadLength, frame.length &- headers)
        setIPv4Key(source: source, destination: destination, ports: ports, vlans: 0, protocolNumber: protocolNumber)
        timestamp = frame.timestamp
        wireLength = max(frame.wireLength, frame.length)
        capturedLength = frame.length
        ipLength = totalLength
        kind = .flow
        problem = .none
        etherType = EtherType.ipv4
        networkOffset = 14
        transportOffset = 34
        return true
    }

    @inline(__always)
    mutating func setIPv4Key(source: UInt32, destination: UInt32, ports: UInt32, vlans: UInt32, protocolNumber: UInt8) {
        let from = UInt64(source) << 16 | UInt64(ports >> 16)
        let to = UInt64(destination) << 16 | UInt64(ports & 0xffff)
        senderIsB = from > to
        let a = senderIsB ? to : from
        let b = senderIsB ? from : to
        key.words = (0, a >> 16, 0, b >> 16, (a & 0xffff) << 48 | (b & 0xffff) << 32 | UInt64(vlans), 4 << 56 | UInt64(protocolNumber) << 48)
    }

    mutating func setIPv6Key(source: (UInt64, UInt64), destination: (UInt64, UInt64), ports: UInt32, vlans: UInt32, protocolNumber: UInt8) {
        let sourcePort = UInt64(ports >> 16), destinationPort = UInt64(ports & 0xffff)
        senderIsB = (source.0, source.1, sourcePort) > (destination.0, destination.1, destinationPort)
        let a = senderIsB ? destination : source
        let b = senderIsB ? source : destination
        let portWord = senderIsB ? destinationPort << 48 | sourcePort << 32 : sourcePort << 48 | destinationPort << 32
        key.words = (a.0, a.1, b.0, b.1, portWord | UInt64(vlans), 6 << 56 | UInt64(protocolNumber) << 48)
    }
}

/// Why a packet's headers do not hold together.
public enum PacketProblem: UInt8, CaseIterable, Sendable {
    case none
    case linkHeaderCut
    case tooManyLinkHeaders
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
    static let vlans: [UInt16] = [0x8100, 0x88a8, 0x9100, 0x9200]
    static let mpls: [UInt16] = [0x8847, 0x8848]
    static let pppoeSession: UInt16 = 0x8864
    /// TrustSec's tag, between the Ethernet header and what it carries.
    static let ciscoMetadata: UInt16 = 0x8909
}
