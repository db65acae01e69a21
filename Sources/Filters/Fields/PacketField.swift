import Packets

/// What single packets have beside their flow's key: numbers of the headers, and the payload.
public enum PacketField: UInt8, CaseIterable, Sendable {
    case frameLength, capturedLength, etherType
    case ethernetSource, ethernetDestination
    /// IPv4's time to live, IPv6's hop limit.
    case hopLimit
    /// The whole packet's, and what follows IPv6's first header.
    case ipLength, ipv6PayloadLength
    case dscp, isFragment
    case tcpFlags, tcpWindow, tcpSequence, tcpAcknowledgment
    case fin, syn, reset, push, ack, urgent, ece, cwr
    case icmpType, icmpCode
    case payloadLength
    /// Header and payload.
    case udpLength
    case tunnelKind, tunnelID
    /// Bytes; all others are numbers.
    case payload

    /// What `number` gives for a packet that has no such field. No field's value is that large.
    static let absent = UInt64.max

    /// The field's value in a packet, or `absent`.
    @inline(never)
    func number(_ packet: UnsafePointer<Packet>, _ frame: UnsafePointer<Frame>) -> UInt64 {
        let isTCP = packet.pointee.transport == .tcp && packet.pointee.kind.hasPorts
        func flag(_ flag: TCPFlags) -> UInt64 { isTCP ? packet.pointee.flags.contains(flag) ? 1 : 0 : Self.absent }
        switch self {
        case .frameLength: return UInt64(packet.pointee.wireLength)
        case .capturedLength: return UInt64(packet.pointee.capturedLength)
        case .etherType: return packet.pointee.etherType == 0 ? Self.absent : UInt64(packet.pointee.etherType)
        case .ethernetDestination: return mac(frame, at: 0)
        case .ethernetSource: return mac(frame, at: 6)
        case .hopLimit: return ipByte(packet, frame, ipv4: 8, ipv6: 7)
        case .dscp:
            guard packet.pointee.context != 0 else { return Self.absent }
            let first = ipByte(packet, frame, ipv4: 0, ipv6: 0), second = ipByte(packet, frame, ipv4: 1, ipv6: 1)
            guard first != Self.absent, second != Self.absent else { return Self.absent }
            return packet.pointee.isIPv4 ? second >> 2 : (first & 0xf) << 2 | second >> 6
        case .ipLength: return packet.pointee.context == 0 ? Self.absent : UInt64(packet.pointee.ipLength)
        case .ipv6PayloadLength:
            guard packet.pointee.context != 0, !packet.pointee.isIPv4, packet.pointee.ipLength >= 40 else { return Self.absent }
            return UInt64(packet.pointee.ipLength) - 40
        case .isFragment:
            guard packet.pointee.context != 0 else { return Self.absent }
            return packet.pointee.kind == .fragment || packet.pointee.kind == .firstFragment ? 1 : 0
        case .tcpFlags: return isTCP ? UInt64(packet.pointee.flags.rawValue) : Self.absent
        case .tcpWindow: return isTCP ? UInt64(packet.pointee.window) : Self.absent
        case .tcpSequence: return isTCP ? UInt64(packet.pointee.sequence.rawValue) : Self.absent
        case .tcpAcknowledgment: return isTCP ? UInt64(packet.pointee.acknowledgment.rawValue) : Self.absent
        case .fin: return flag(.fin)
        case .syn: return flag(.syn)
        case .reset: return flag(.rst)
        case .push: return flag(.psh)
        case .ack: return flag(.ack)
        case .urgent: return flag(.urg)
        case .ece: return flag(.ece)
        case .cwr: return flag(.cwr)
        case .icmpType: return icmpByte(packet, frame, at: 0)
        case .icmpCode: return icmpByte(packet, frame, at: 1)
        case .payloadLength: return packet.pointee.kind.hasPorts ? UInt64(packet.pointee.payloadLength) : Self.absent
        case .udpLength:
            guard packet.pointee.kind.hasPorts, packet.pointee.transport == .udp else { return Self.absent }
            return UInt64(packet.pointee.payloadLength) + 8
        case .tunnelKind: return packet.pointee.tunnel.map { UInt64($0.rawValue) } ?? Self.absent
        case .tunnelID: return packet.pointee.isTunneled ? UInt64(packet.pointee.tunnelID) : Self.absent
        case .payload: return Self.absent
        }
    }

    private func mac(_ frame: UnsafePointer<Frame>, at offset: Int) -> UInt64 {
        guard frame.pointee.linkType == .ethernet, Int(frame.pointee.length) >= offset + 6 else { return Self.absent }
        return (0..<6).reduce(0) { $0 << 8 | UInt64(frame.pointee.bytes.load(fromByteOffset: offset + $1, as: UInt8.self)) }
    }

    private func ipByte(_ packet: UnsafePointer<Packet>, _ frame: UnsafePointer<Frame>, ipv4: Int, ipv6: Int) -> UInt64 {
        let offset = Int(packet.pointee.networkOffset) + (packet.pointee.isIPv4 ? ipv4 : ipv6)
        guard packet.pointee.context != 0, offset < Int(frame.pointee.length) else { return Self.absent }
        return UInt64(frame.pointee.bytes.load(fromByteOffset: offset, as: UInt8.self))
    }

    private func icmpByte(_ packet: UnsafePointer<Packet>, _ frame: UnsafePointer<Frame>, at offset: Int) -> UInt64 {
        let place = Int(packet.pointee.transportOffset) + offset
        guard packet.pointee.kind.hasPorts, packet.pointee.transport == .icmp || packet.pointee.transport == .icmpv6, place < Int(frame.pointee.length) else {
            return Self.absent
        }
        return UInt64(frame.pointee.bytes.load(fromByteOffset: place, as: UInt8.self))
    }
}

/// A packet together with its frame's bytes: what tests of single packets look at.
public struct FramedPacket {
    public let packet: UnsafePointer<Packet>
    public let frame: UnsafePointer<Frame>

    @inline(__always)
    public init(_ packet: UnsafePointer<Packet>, _ frame: UnsafePointer<Frame>) {
        self.packet = packet
        self.frame = frame
    }

    /// The transport's payload as far as it was captured.
    var payload: UnsafeRawBufferPointer? {
        guard packet.pointee.kind.hasPorts, packet.pointee.payloadLength > 0 else { return nil }
        return UnsafeRawBufferPointer(start: frame.pointee.bytes + Int(packet.pointee.payloadOffset), count: Int(packet.pointee.payloadCaptured))
    }

    /// The field's values, as a test of fields has them.
    public func values(of field: PacketField) -> [FieldValue] {
        if field == .payload { return payload.map { [.bytes(Array($0))] } ?? [] }
        let number = field.number(packet, frame)
        return number == PacketField.absent ? [] : [.integer(number)]
    }
}
