import Packets

/// Bytes a window of time in each direction, and how they spread over the windows: the throughput features of work on the quality of encrypted video, in
/// one-second windows unless given (Bronzino, Schmitt, Ayoubi, Martins, Teixeira and Feamster, "Inferring Streaming Video Quality from Encrypted Traffic",
/// SIGMETRICS 2020).
///
/// Windows begin with the first packet and follow each other without a break: one in which nothing came counts as 0. A packet whose time lies before the
/// window at hand counts in that.
public struct Throughput: BitwiseCopyable, Sendable {
    /// Bytes on the wire of each window, without the one at hand until `end`.
    public private(set) var up = RunningStatistics()
    public private(set) var down = RunningStatistics()
    /// Of the window at hand.
    private var upBytes: Int64 = 0
    private var downBytes: Int64 = 0
    private var start: Timestamp?
    private let window: Int64

    /// - Parameter window: nanoseconds.
    public init(window: Int64 = 1_000_000_000) { self.window = max(1, window) }

    public mutating func add(_ packet: Packet, from sender: Direction) {
        if let start {
            let passed = start.gap(to: packet.timestamp) / window
            if passed > 0 {
                end()
                up.add(0, times: UInt64(passed - 1))
                down.add(0, times: UInt64(passed - 1))
                self.start = start + passed * window
            }
        } else {
            start = packet.timestamp
        }
        switch sender {
        case .originator: upBytes &+= Int64(packet.wireLength)
        case .responder: downBytes &+= Int64(packet.wireLength)
        }
    }

    /// Counts the window at hand. To be called at the connection's end, and nothing after it.
    public mutating func end() {
        guard start != nil else { return }
        up.add(upBytes)
        down.add(downBytes)
        (upBytes, downBytes) = (0, 0)
    }

    /// The originator is the other endpoint than was said so far.
    public mutating func reverseRoles() {
        swap(&up, &down)
        swap(&upBytes, &downBytes)
    }
}
