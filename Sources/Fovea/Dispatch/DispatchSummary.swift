import Tracking

/// What became of what was sent to another core for a subscription's sake.
public struct DispatchSummary: Sendable {
    public let subscription: String
    /// Bytes of a ring; each core that captured had one.
    public let ring: Int
    /// Of all cores.
    public let counts: DispatchCounts

    /// For the summary as JSON.
    var figures: [String: Any] {
        [
            "subscription": subscription, "ring": ring, "ring_peak": counts.ringPeak, "delivered": counts.delivered, "late": counts.late,
            "dispatch_dropped": counts.dropped, "dropped_bytes": counts.droppedBytes, "cut_connections": counts.cutConnections,
        ]
    }
}
