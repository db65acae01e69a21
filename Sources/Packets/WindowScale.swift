/// TCP's window scale option, RFC 7323 section 2: how many bits the sender of a SYN shifts its windows by, if the other side has the option, too.
///
///      +---------+---------+---------+
///      | kind 3  | length 3|  shift  |
///      +---------+---------+---------+
public struct WindowScale: Equatable {
    /// 0...14; a larger one counts as 14.
    public var shift: UInt8

    @usableFromInline init(shift: UInt8) { self.shift = min(14, shift) }

    /// Nil unless it is there, before an option that does not hold together.
    ///
    /// - Parameter options: what lies between a TCP header's 20 bytes and its payload.
    @inlinable @inline(__always)
    public init?(_ options: UnsafeRawBufferPointer) {
        // Nearly all SYNs have one of two layouts, told by their first bytes.
        if options.count >= 12, let start = options.baseAddress {
            let first = UInt64(bigEndian: start.loadUnaligned(as: UInt64.self))
            // Maximum segment size, no operation, window scale: Windows, macOS, the BSDs.
            if first & 0xffff_0000_ffff_ff00 == 0x0204_0000_0103_0300 {
                self.init(shift: UInt8(truncatingIfNeeded: first))
                return
            }
            // Maximum segment size, selective acknowledgments, timestamps, no operation, window scale: Linux.
            if first & 0xffff_0000_ffff_ffff == 0x0204_0000_0402_080a, options.count >= 20 {
                let last = UInt32(bigEndian: start.loadUnaligned(fromByteOffset: 16, as: UInt32.self))
                if last & 0xffff_ff00 == 0x0103_0300 {
                    self.init(shift: UInt8(truncatingIfNeeded: last))
                    return
                }
            }
        }
        self.init(searching: options)
    }

    /// Looks through the options one by one.
    @usableFromInline @inline(never)
    init?(searching options: UnsafeRawBufferPointer) {
        guard let start = options.baseAddress else { return nil }
        var place = 0
        // Where three bytes are left there may be one.
        while place &+ 3 <= options.count {
            let kind = start.load(fromByteOffset: place, as: UInt8.self)
            if kind > 1 {
                let length = Int(start.load(fromByteOffset: place &+ 1, as: UInt8.self))
                if kind == 3, length == 3 {
                    shift = min(14, start.load(fromByteOffset: place &+ 2, as: UInt8.self))
                    return
                }
                guard length >= 2 else { return nil }
                place &+= length
            } else {
                guard kind == 1 else { return nil }
                place &+= 1
            }
        }
        return nil
    }

    /// Of a TCP packet.
    @inlinable @inline(__always)
    public init?(_ packet: UnsafePointer<Packet>, _ frame: UnsafePointer<Frame>) {
        let start = Int(packet.pointee.transportOffset) + 20
        let end = min(Int(packet.pointee.payloadOffset), Int(frame.pointee.length))
        guard start < end else { return nil }
        self.init(UnsafeRawBufferPointer(start: frame.pointee.bytes + start, count: end - start))
    }
}
