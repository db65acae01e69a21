// Frames whose headers lie where they lie in nine frames of ten.

/// A frame that is whole, and Ethernet, IPv4 without options and TCP or UDP, looked at so far that this is certain. Whoever finds by its ends that nobody
/// wants the packet need not write down what else it says.
///
///      0              14             34                    54
///     +--------------+--------------+---------------------+----------
///     | Ethernet II  | IPv4, 20     | TCP, 20 or UDP, 8   | payload
///     +--------------+--------------+---------------------+----------
public struct PlainIPv4 {
    /// The frame's, moved by the tags before the EtherType.
    @usableFromInline let bytes: UnsafeRawPointer
    @usableFromInline let vlans: UInt32
    @usableFromInline let ipLength: UInt32
    @usableFromInline let transport: PlainTransport

    /// Nil when the frame is of another kind or anything in it is unusual.
    ///
    /// - Parameters:
    ///   - shift: bytes of VLAN tags before the EtherType, which move everything behind the MAC addresses.
    ///   - vlans: what they say.
    @inlinable @inline(__always)
    init?(_ frame: UnsafePointer<Frame>, captured: UInt32, onWire: UInt32, opening tunnels: TunnelKinds, shift: UInt32 = 0, vlans: UInt32 = 0) {
        guard captured >= 54 &+ shift, frame.pointee.linkType == .ethernet else { return nil }
        let bytes = frame.pointee.bytes + Int(shift)
        // Loads of whole words: every offset lies below 54.
        let first = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 12, as: UInt64.self))
        // EtherType 0x0800, version 4, header of five words; neither an offset nor "more fragments".
        guard first >> 40 == 0x080045, bytes.loadUnaligned(fromByteOffset: 20, as: UInt16.self) & UInt16(bigEndian: 0x3fff) == 0 else { return nil }
        let totalLength = UInt32(truncatingIfNeeded: first >> 16) & 0xffff
        let end = totalLength &+ 14 &+ shift
        guard end <= onWire else { return nil }
        let number = bytes.load(fromByteOffset: 23, as: UInt8.self)
        guard let transport = PlainTransport(number, bytes, at: 34, shift: shift, end: end, captured: captured, tunnels) else { return nil }
        (self.bytes, self.vlans, ipLength, self.transport) = (bytes, vlans, totalLength, transport)
    }

    /// Of a frame without tags of which all was captured.
    @inlinable @inline(__always)
    public init?(_ frame: UnsafePointer<Frame>, opening tunnels: TunnelKinds) {
        let captured = frame.pointee.length
        guard captured == frame.pointee.wireLength else { return nil }
        self.init(frame, captured: captured, onWire: captured, opening: tunnels)
    }

    @inlinable @inline(__always)
    var context: UInt64 { UInt64(transport.number) << 48 | 4 << 56 }
    @inlinable @inline(__always)
    var addresses: UInt64 { bytes.loadUnaligned(fromByteOffset: 26, as: UInt64.self) }
    @inlinable @inline(__always)
    var portsAndVLANs: UInt64 { UInt64(bytes.loadUnaligned(fromByteOffset: 34, as: UInt32.self)) | UInt64(vlans) << 32 }

    /// Whether this packet goes a way, or comes back on it.
    @inlinable @inline(__always)
    public func follows(_ way: PacketWay) -> PacketContinuation { way.continuation(context, addresses, portsAndVLANs) }
}

/// TCP, or UDP that is no tunnel's, in a plain frame.
@usableFromInline struct PlainTransport {
    /// 6 or 17.
    @usableFromInline let number: UInt8
    @usableFromInline let payloadOffset: UInt32
    @usableFromInline let payloadLength: UInt32

    /// - Parameters:
    ///   - start: where its header begins, but for the tags.
    ///   - end: where the IP packet ends in the frame, of which so many bytes were captured: those of the shortest TCP header at least.
    @inlinable @inline(__always)
    init?(_ number: UInt8, _ bytes: UnsafeRawPointer, at start: Int, shift: UInt32, end: UInt32, captured: UInt32, _ tunnels: TunnelKinds) {
        let place = UInt32(truncatingIfNeeded: start) &+ shift
        if number == 6 {
            let headers = place &+ UInt32(bytes.load(fromByteOffset: start + 12, as: UInt8.self) >> 4) &* 4
            guard headers >= place &+ 20, headers <= end, headers <= captured else { return nil }
            (payloadOffset, payloadLength) = (headers, end &- headers)
        } else if number == 17 {
            let length = UInt32(UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: start + 4, as: UInt16.self)))
            guard length >= 8, length &+ place <= end, !tunnels.haveUDPPorts(bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self)) else { return nil }
            (payloadOffset, payloadLength) = (place &+ 8, length &- 8)
        } else {
            return nil
        }
        self.number = number
    }
}

extension Packet {
    /// What the headers say.
    @inlinable @inline(__always)
    mutating func take(_ plain: PlainIPv4) {
        take(plain.transport, plain.bytes, at: 34)
        addresses.0 = plain.addresses
        portsAndVLANs = plain.portsAndVLANs
        ipLength = plain.ipLength
        context = plain.context
    }

    /// False, with nothing promised of the fields, when the frame is not a `PlainIPv4`.
    @inlinable @inline(__always)
    mutating func readPlain(
        _ frame: UnsafePointer<Frame>, captured: UInt32, onWire: UInt32, opening tunnels: TunnelKinds = .all, shift: UInt32 = 0, vlans: UInt32 = 0
    ) -> Bool {
        guard let plain = PlainIPv4(frame, captured: captured, onWire: onWire, opening: tunnels, shift: shift, vlans: vlans) else { return false }
        notePlain(frame, captured: captured, onWire: onWire, start: 34, shift: shift, EtherType.ipv4)
        take(plain)
        return true
    }

    /// What is the same of all plain frames, but for where their transport's header begins.
    @inlinable @inline(__always)
    mutating func notePlain(_ frame: UnsafePointer<Frame>, captured: UInt32, onWire: UInt32, start: UInt16, shift: UInt32, _ type: UInt16) {
        timestamp = frame.pointee.timestamp
        capturedLength = captured
        wireLength = onWire
        kind = .flow
        problem = .none
        etherType = type
        networkOffset = 14 &+ UInt16(truncatingIfNeeded: shift)
        transportOffset = start &+ UInt16(truncatingIfNeeded: shift)
    }

    /// - Parameter start: where the transport's header begins, but for the tags.
    @inlinable @inline(__always)
    mutating func take(_ transport: PlainTransport, _ bytes: UnsafeRawPointer, at start: Int) {
        if transport.number == 6 {
            numbers = bytes.loadUnaligned(fromByteOffset: start + 4, as: UInt64.self)
            flagsAndWindow = bytes.loadUnaligned(fromByteOffset: start + 12, as: UInt32.self)
        } else {
            (numbers, flagsAndWindow) = (0, 0)
        }
        (payloadOffset, payloadLength) = (transport.payloadOffset, transport.payloadLength)
    }

    /// The same behind one or two VLAN tags, and with IPv6.
    mutating func readNearlyPlain(_ frame: UnsafePointer<Frame>, captured: UInt32, onWire: UInt32, opening tunnels: TunnelKinds = .all) -> Bool {
        guard captured >= 62, frame.pointee.linkType == .ethernet else { return false }
        let bytes = frame.pointee.bytes
        var type = UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 12, as: UInt16.self))
        var (shift, vlans) = (0 as UInt32, 0 as UInt32)
        while EtherType.isVLAN(type), shift < 8 {
            let tag = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 14 + Int(shift), as: UInt32.self))
            vlans |= (tag >> 16 & 0xfff) << (shift == 0 ? 16 : 0)
            type = UInt16(truncatingIfNeeded: tag)
            shift &+= 4
        }
        switch type {
        case EtherType.ipv4: return shift > 0 && readPlain(frame, captured: captured, onWire: onWire, opening: tunnels, shift: shift, vlans: vlans)
        case EtherType.ipv6: return readPlainIPv6(frame, captured: captured, onWire: onWire, opening: tunnels, shift: shift, vlans: vlans)
        default: return false
        }
    }

    ///      0              14                       54                    74
    ///     +--------------+------------------------+---------------------+----------
    ///     | Ethernet II  | IPv6, 40               | TCP, 20 or UDP, 8   | payload
    ///     +--------------+------------------------+---------------------+----------
    private mutating func readPlainIPv6(
        _ frame: UnsafePointer<Frame>, captured: UInt32, onWire: UInt32, opening tunnels: TunnelKinds, shift: UInt32, vlans: UInt32
    ) -> Bool {
        guard captured >= 74 &+ shift else { return false }
        let bytes = frame.pointee.bytes + Int(shift)
        // Version, class and flow; the payload's length; the next header; the hop limit.
        let first = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 14, as: UInt64.self))
        let length = UInt32(truncatingIfNeeded: first >> 16) & 0xffff
        let end = 54 &+ shift &+ length
        guard first >> 60 == 6, length > 0, end <= onWire else { return false }
        let number = UInt8(truncatingIfNeeded: first >> 8)
        guard let transport = PlainTransport(number, bytes, at: 54, shift: shift, end: end, captured: captured, tunnels) else { return false }
        take(transport, bytes, at: 54)
        notePlain(frame, captured: captured, onWire: onWire, start: 54, shift: shift, EtherType.ipv6)
        addresses = bytes.loadUnaligned(fromByteOffset: 22, as: (UInt64, UInt64, UInt64, UInt64).self)
        portsAndVLANs = UInt64(bytes.loadUnaligned(fromByteOffset: 54, as: UInt32.self)) | UInt64(vlans) << 32
        ipLength = length &+ 40
        context = UInt64(number) << 48 | 6 << 56
        return true
    }
}

extension UnsafeMutablePointer<Packet> {
    /// Writes down what a plain frame says that has no tags and is whole: what is the same of all of them in one word, and the frame's time and lengths as they
    /// lie there.
    @inlinable @inline(__always)
    public func take(_ plain: PlainIPv4, of frame: UnsafePointer<Frame>) {
        let timeAndLengths = (UnsafeRawPointer(frame) + Frame.timeOffset).loadUnaligned(as: SIMD2<UInt64>.self)
        UnsafeMutableRawPointer(self).storeBytes(of: timeAndLengths, toByteOffset: Packet.timeOffset, as: SIMD2<UInt64>.self)
        UnsafeMutableRawPointer(self).storeBytes(of: Packet.plainIPv4, toByteOffset: Packet.kindOffset, as: UInt64.self)
        pointee.take(plain)
    }
}

extension Packet {
    // Where timestamp and both lengths lie one behind the other, here and in a frame, and where kind, problem, EtherType and both offsets do; tested.
    @inlinable @inline(__always) static var timeOffset: Int { 0 }
    @inlinable @inline(__always) static var kindOffset: Int { 88 }
    @inlinable @inline(__always) static var plainIPv4: UInt64 {
        UInt64(Kind.flow.rawValue) | UInt64(PacketProblem.none.rawValue) << 8 | UInt64(EtherType.ipv4) << 16 | 14 << 32 | 34 << 48
    }
}

extension Frame {
    @inlinable @inline(__always) static var timeOffset: Int { 16 }
}
