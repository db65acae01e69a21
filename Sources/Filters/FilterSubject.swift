import Packets

/// What a program looks at: a packet, or a flow by its key alone. Every answer is one load, made where it is needed.
struct FilterSubject {
    let key: UnsafePointer<FlowKey>
    /// Nil for a flow.
    private let packet: UnsafePointer<Packet>?

    @inline(__always)
    init(_ packet: UnsafePointer<Packet>) {
        // A packet begins with its key (tested). A key path would say so, but keeps the match from being inlined elsewhere.
        key = UnsafeRawPointer(packet).assumingMemoryBound(to: FlowKey.self)
        self.packet = packet
    }

    @inline(__always)
    init(_ key: UnsafePointer<FlowKey>) {
        self.key = key
        packet = nil
    }

    /// Whether it has ports and can have a service: a fragment has neither.
    @inline(__always)
    var isFlow: Bool {
        guard let packet else { return true }
        return packet.pointee.kind == .flow
    }

    @inline(__always)
    var isARP: Bool {
        guard let packet else { return false }
        return packet.pointee.kind == .notIP && packet.pointee.etherType == EtherType.arp
    }
}
