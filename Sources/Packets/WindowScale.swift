/// TCP's window scale option, RFC 7323 section 2: how many bits the sender of a SYN shifts its windows by, if the other side has the option, too.
///
///      +---------+---------+---------+
///      | kind 3  | length 3|  shift  |
///      +---------+---------+---------+
public struct WindowScale: Equatable {
    /// 0...14; a larger one counts as 14.
    public var shift: UInt8

    /// Nil unless it is there, before an option that does not hold together.
    ///
    /// - Parameter options: what lies between a TCP header's 20 bytes and its payload.
    public init?(_ options: RawSpan) {
        var place = 0
        while place < options.byteCount {
            let kind = options.unsafeLoad(fromByteOffset: place, as: UInt8.self)
            if kind == 0 { return nil }
            if kind == 1 {
                place += 1
                continue
            }
            guard place + 1 < options.byteCount else { return nil }
            let length = Int(options.unsafeLoad(fromByteOffset: place + 1, as: UInt8.self))
            guard length >= 2, place + length <= options.byteCount else { return nil }
            if kind == 3, length == 3 {
                shift = min(14, options.unsafeLoad(fromByteOffset: place + 2, as: UInt8.self))
                return
            }
            place += length
        }
        return nil
    }

    /// Of a TCP packet.
    public init?(_ packet: UnsafePointer<Packet>, _ frame: UnsafePointer<Frame>) {
        let start = Int(packet.pointee.transportOffset) + 20
        let end = min(Int(packet.pointee.payloadOffset), Int(frame.pointee.length))
        guard start < end else { return nil }
        self.init(RawSpan(_unsafeStart: frame.pointee.bytes + start, byteCount: end - start))
    }
}
