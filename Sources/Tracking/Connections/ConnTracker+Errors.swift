import Packets

/// ICMP errors and the flows they are about. The error itself is a packet of a flow of its own, as any ICMP; here the connection whose packet it quotes
/// learns of it, so that a record says "port unreachable" where it would only show silence.
extension ConnTracker {
    /// A packet that is neither TCP nor UDP: notes an ICMP error where it belongs. Changes nothing of a connection's state or time, for anybody can
    /// send one.
    @inline(never)
    mutating func noteError(_ packet: UnsafePointer<Packet>, _ frame: UnsafePointer<Frame>) {
        guard notesErrors, packet.pointee.isICMPError else { return }
        guard let (slot, sender) = quotedConnection(packet, frame) else { return counters.unmatchedErrors &+= 1 }
        // Nobody answers what was not sent.
        guard table.pointer(to: slot).side(sender).pointee.packets > 0 else { return counters.unmatchedErrors &+= 1 }
        counters.matchedErrors &+= 1
        let extras = extras.use(Int(slot.index))
        extras.pointee.errors = min(extras.pointee.errors, .max - 1) + 1
        let start = frame.pointee.bytes + Int(packet.pointee.transportOffset)
        (extras.pointee.errorType, extras.pointee.errorCode) = (start.load(as: UInt8.self), start.load(fromByteOffset: 1, as: UInt8.self))
    }

    /// The connection of the packet that an error quotes, and who sent that.
    private mutating func quotedConnection(_ packet: UnsafePointer<Packet>, _ frame: UnsafePointer<Frame>) -> (slot: Table.Slot, sender: Endpoint)? {
        guard let quoted = Packet.quotedFlow(of: packet, in: frame) else { return nil }
        let key = options.pointee.connectionKey(quoted.key)
        guard let slot = table.find(key, hash: table.hash(of: key)), table.pointer(to: slot).pointee.phase != .tombstone else { return nil }
        return (slot, quoted.senderIsB ? .b : .a)
    }
}
