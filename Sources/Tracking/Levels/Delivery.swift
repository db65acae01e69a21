/// Which of the packets that it is about a subscription gets.
public enum PacketSelection: Equatable, Sendable {
    case all
    /// So many of each connection, and no more.
    case first(Int)
    /// Of each connection the first of every so many: `every(100)` gives the 1st, the 101st, the 201st.
    case every(Int)
}

/// How often a connection ticks. Both sides count together, from the connection's first packet on. A tick comes with the packet that reaches the next
/// multiple, so a silent connection does not tick; who reaches several at once ticks once.
public enum TickInterval: Equatable, Sendable {
    case packets(Int)
    /// Of frames on the wire.
    case bytes(Int)
    /// Of packet time.
    case time(Duration)

    public static func seconds(_ count: Double) -> TickInterval { .time(.seconds(count)) }

    /// What is counted, and how many of it lie between two ticks; never 0.
    var step: (unit: TickUnit, count: UInt64) {
        switch self {
        case .packets(let count): (.packets, UInt64(max(1, count)))
        case .bytes(let count): (.bytes, UInt64(max(1, count)))
        case .time(let time): (.nanoseconds, UInt64(min(9e18, max(1, time / .nanoseconds(1)))))
        }
    }
}

/// What ticks are counted in.
enum TickUnit {
    case packets, bytes, nanoseconds
}

/// How far a connection has come, by each unit.
struct TickClock {
    var packets: UInt64
    var bytes: UInt64
    var nanoseconds: UInt64

    func count(_ unit: TickUnit) -> UInt64 {
        switch unit {
        case .packets: packets
        case .bytes: bytes
        case .nanoseconds: nanoseconds
        }
    }
}

/// What is kept of a connection while a subscription's filter cannot tell yet: when it then matches, the subscription gets that first.
///
/// Kept is the beginning. Where several subscriptions ask, the largest of their budgets holds for all; and all connections of a core share
/// `TrackerOptions.historyMemory`.
public struct HistoryBudget: Equatable, Sendable {
    public var packets: Int
    /// Of frames, as captured, and of stream payload.
    public var bytes: Int

    public init(packets: Int = 1000, bytes: Int = 64 << 10) {
        self.packets = packets
        self.bytes = bytes
    }

    /// Enough for both.
    func union(_ other: HistoryBudget) -> HistoryBudget {
        HistoryBudget(packets: max(packets, other.packets), bytes: max(bytes, other.bytes))
    }
}

/// How much of what its type conforms to a subscription gets in this run; nil is as the type says.
public struct Delivery: Equatable, Sendable {
    public var packets: PacketSelection?
    public var tick: TickInterval?
    /// Of each direction's stream.
    public var bytes: Int?
    public var history: HistoryBudget?

    public init() {}
}
