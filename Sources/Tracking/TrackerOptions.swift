import Packets

/// How connections are tracked on one core. Times are nanoseconds of packet time.
public struct TrackerOptions: Equatable, Sendable {
    /// Connections and tombstones at most, 1..<2³⁰.
    public var maxConnections = 1_000_000
    /// Bytes for held segments: of all connections, of one, and of one direction of it.
    public var reassemblyMemory = 64 << 20
    public var reassemblyPerConnection = 2 << 20
    public var reassemblyPerDirection = 1 << 20
    /// How long bytes wait for those missing before them.
    public var holeTimeout: Int64 = 10_000_000_000
    /// Which of two segments counts that have different bytes for one place.
    public var overlapPolicy = OverlapPolicy.first
    /// Bytes that a parser's values may keep, all connections together.
    public var parserMemory = 64 << 20
    /// Bytes for what connections brought while filters could not tell of them, where subscriptions ask for that (`HistoryBudget`).
    public var historyMemory = 64 << 20
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
    /// Percent of `maxConnections` from which on silent connections have a tenth of their time; 100 switches that off.
    public var emergencyThreshold = 90
    /// Track TCP connections whose handshake was not seen.
    public var midstream = true
    /// Keep one tuple in two VLANs apart.
    public var vlanInKey = true
    /// Tunnels whose inner flows are tracked in place of the outer ones.
    public var tunnels = TunnelKinds.all
    /// Keep one tuple in two tunnels apart.
    public var tunnelInKey = true
    /// Put datagrams together from their fragments. Without, a first fragment belongs to its flow and later ones to none.
    public var fragments = true
    /// Bytes for datagrams of which fragments are missing. Those that a burst completes lie elsewhere, in 4 MiB at most.
    public var fragmentMemory = 16 << 20
    /// How long a datagram may be incomplete, from its first fragment on.
    public var fragmentTimeout: Int64 = 30_000_000_000

    public init() {}

    /// What of a flow's key tells connections apart.
    func connectionKey(_ key: FlowKey) -> FlowKey {
        let key = vlanInKey ? key : key.withoutVLANs
        return tunnelInKey ? key : key.withoutTunnel
    }
}
