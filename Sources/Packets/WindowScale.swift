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
    public init?(_ options: UnsafeRawBufferPointer) {
        guard var place = options.baseAddress else { return nil }
        let end = place + options.count
        // An option of two bytes or more begins here.
        while end - place >= 2 {
            let (kind, length) = (place.load(as: UInt8.self), place.load(fromByteOffset: 1, as: UInt8.self))
            if kind == 1 {
                place += 1
                continue
            }
            guard kind != 0, length >= 2, Int(length) <= end - place else { return nil }
            if kind == 3, length == 3 {
                shift = min(14, place.load(fromByteOffset: 2, as: UInt8.self))
                return
            }
            place += Int(length)
        }
        return nil
    }

    /// Of a TCP packet.
    public init?(_ packet: UnsafePointer<Packet>, _ frame: UnsafePointer<Frame>) {
        let start = Int(packet.pointee.transportOffset) + 20
        let end = min(Int(packet.pointee.payloadOffset), Int(frame.pointee.length))
        guard start < end else { return nil }
        self.init(UnsafeRawBufferPointer(start: frame.pointee.bytes + start, count: end - start))
    }
}
