import Packets

/// What stands at the beginning of each message to another core. Behind it, as the kind has it: a record, a packet's headers, bytes, a session.
struct DispatchMessage {
    enum Kind: UInt8 {
        /// `PacketSubscription`: the packet's headers, then its bytes.
        case single
        // Of a connection; with a record: `start`, `established`, `tick`, `reoriented`, `end`, and `session`, which has the session behind that.
        case start, established, tick, reoriented, end, session
        /// Its headers, then its bytes.
        case packet
        case stream
        /// `count` bytes.
        case gap
        case conflict
        /// The connection's value is to be dropped: it was cut short, or the filter does not want the connection any more.
        case drop
        /// The core's, of no connection.
        case emergency
    }

    var kind: Kind
    var sender: Direction
    /// The connection's, in the capturing core's table.
    var index: Int32
    /// Bytes behind the headers, or in a gap.
    var count: Int
    /// Tells the connection from others that have had the index.
    var generation: UInt64

    /// A multiple of 16, so that what follows is aligned.
    static let byteCount = 32
    static var recordByteCount: Int { (MemoryLayout<ConnectionRecord>.size + 15) & ~15 }
    static var packetByteCount: Int { (MemoryLayout<Packet>.size + 15) & ~15 }
}

/// Where the parts of a message lie.
extension UnsafeMutableRawPointer {
    var message: DispatchMessage { load(as: DispatchMessage.self) }
    var body: UnsafeMutableRawPointer { self + DispatchMessage.byteCount }
    var record: UnsafePointer<ConnectionRecord> { UnsafePointer(body.assumingMemoryBound(to: ConnectionRecord.self)) }
    var packet: UnsafePointer<Packet> { UnsafePointer(body.assumingMemoryBound(to: Packet.self)) }
    var bodyBehindRecord: UnsafeMutableRawPointer { body + DispatchMessage.recordByteCount }
    var bodyBehindPacket: UnsafeMutableRawPointer { body + DispatchMessage.packetByteCount }
}
