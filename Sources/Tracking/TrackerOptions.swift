import Packets

/// How connections are tracked on one core. Times are nanoseconds of packet time.
public struct TrackerOptions: Equatable, Sendable {
    /// Connections and tombstones at most, 1..<2³⁰.
    public var maxConnections = 1_000_000
    /// Segments' pages (2 KiB) held per direction behind a hole.
    public var maxOutOfOrder = 100
    /// Bytes for held segments.
    public var reassemblyMemory = 64 << 20
    /// Bytes that a parser's values may keep, all connections together.
    public var parserMemory = 64 << 20
    public var tcpInactivityTimeout: Int64 = 300_000_000_000
    public var udpInactivityTimeout: Int64 = 60_000_000_000
    public var otherInactivityTimeout: Int64 = 60_000_000_000
    /// For a TCP connection without an answer, from its last packet.
    public var tcpEstablishTimeout: Int64 = 5_000_000_000
    /// How long late packets of a closed connection still count to it.
    public var tcpClosingTimeout: Int64 = 5_000_000_000
    /// How long after that a late packet cannot make it anew.
    public var tcpTombstoneTimeout: Int64 = 60_000_000_000
    /// How finely timeouts are looked at.
    public var timeoutResolution: Int64 = 100_000_000
    /// Track TCP connections whose handshake was not seen.
    public var midstream = true
    /// Keep one tuple in two VLANs apart.
    public var vlanInKey = true
    /// Tunnels whose inner flows are tracked in place of the outer ones.
    public var tunnels = TunnelKinds.all
    /// Put datagrams together from their fragments. Without, a first fragment belongs to its flow and later ones to none.
    public var fragments = true
    /// Bytes for datagrams of which fragments are missing. Those that a burst completes lie elsewhere, in 4 MiB at most.
    public var fragmentMemory = 16 << 20
    /// How long a datagram may be incomplete, from its first fragment on.
    public var fragmentTimeout: Int64 = 30_000_000_000
    /// Keep one tuple in two tunnels apart.
    public var tunnelInKey = true

    public init() {}
}
