import Containers
import Packets

/// What few connections have, kept beside the table so that the others need no room for it: by the entry's index, in memory that costs nothing until the
/// first connection has any.
struct ConnectionExtras: BitwiseCopyable {
    /// The flow around the tunnel, as the first packet had it.
    var outer = OuterFlow()
    /// The key's endpoint that sent the first packet.
    var firstSender = Endpoint.a
    /// `TunnelKind`; 0 outside of tunnels.
    var tunnel: UInt8 = 0
    /// The innermost tunnel's id, as the first packet had it.
    var tunnelID: UInt32 = 0
    /// ICMP errors about it, and the last one's type and code.
    var errors: UInt32 = 0
    var errorType: UInt8 = 0
    var errorCode: UInt8 = 0

    /// Bytes from one record to the next: a cache line each.
    static var stride: Int { 64 }
}

/// The extras of all connections.
struct ConnectionExtrasList: ~Copyable {
    private let memory: RawMemory
    /// Whether any connection has ever had some.
    private(set) var isUsed = false

    init(connections: Int) { memory = RawMemory(byteCount: connections * ConnectionExtras.stride) }

    /// Bytes reserved.
    var byteCount: Int { memory.byteCount }

    /// Those of the connection at an index; it has some from now on.
    mutating func use(_ index: Int) -> UnsafeMutablePointer<ConnectionExtras> {
        isUsed = true
        return pointer(index)
    }

    /// Those of the connection at an index, for reading; nil as long as no connection has any.
    func known(_ index: Int) -> UnsafePointer<ConnectionExtras>? { isUsed ? UnsafePointer(pointer(index)) : nil }

    /// A connection begins at an index: nothing remains of the one that had it before.
    mutating func begin(_ index: Int, _ packet: UnsafePointer<Packet>, from sender: Endpoint) {
        guard packet.pointee.isTunneled else {
            if isUsed { pointer(index).pointee = ConnectionExtras() }
            return
        }
        use(index).pointee = ConnectionExtras(
            outer: packet.pointee.outer ?? OuterFlow(), firstSender: sender, tunnel: packet.pointee.tunnel?.rawValue ?? 0,
            tunnelID: packet.pointee.tunnelID)
    }

    private func pointer(_ index: Int) -> UnsafeMutablePointer<ConnectionExtras> {
        (memory.start + index * ConnectionExtras.stride).assumingMemoryBound(to: ConnectionExtras.self)
    }
}
