import Packets

/// The time from each packet to the next, in nanoseconds: of the flow, whoever sent, and of each side's own packets. What Retina's `InterArrivals` keeps in two
/// lists that grow with the connection, and CICFlowMeter's Flow, Fwd and Bwd IAT, in constant memory.
///
/// A time that goes back is no time that passed: its gap is 0.
public struct InterArrivals: BitwiseCopyable, Sendable {
    public private(set) var flow = RunningStatistics()
    public private(set) var originator = RunningStatistics()
    public private(set) var responder = RunningStatistics()
    /// The first packet's time, and the second's; nil without one.
    public private(set) var first: Timestamp?
    public private(set) var second: Timestamp?
    private var last = Timestamp.zero
    private var originatorLast: Timestamp?
    private var responderLast: Timestamp?

    public init() {}

    /// The longest that neither side sent anything; Retina's `max_inactivity`. 0 of a single packet.
    public var longestSilence: Int64 { flow.maximum ?? 0 }

    /// - Parameter time: of a packet that `sender` sent.
    public mutating func add(_ time: Timestamp, from sender: Direction) {
        if first == nil {
            first = time
        } else {
            if second == nil { second = time }
            flow.add(last.gap(to: time))
        }
        last = time
        switch sender {
        case .originator:
            if let originatorLast { originator.add(originatorLast.gap(to: time)) }
            originatorLast = time
        case .responder:
            if let responderLast { responder.add(responderLast.gap(to: time)) }
            responderLast = time
        }
    }

    /// The originator is the other endpoint than was said so far.
    public mutating func reverseRoles() {
        swap(&originator, &responder)
        swap(&originatorLast, &responderLast)
    }
}

extension Timestamp {
    /// Nanoseconds from here to a later time; 0 to an earlier one. Times are a capture's claims, and may be anything.
    func gap(to later: Timestamp) -> Int64 {
        let (distance, overflow) = later.nanoseconds.subtractingReportingOverflow(nanoseconds)
        return later <= self ? 0 : overflow ? .max : distance
    }
}
