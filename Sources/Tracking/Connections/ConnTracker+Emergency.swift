import Packets

/// What a nearly full table does before it has to evict: from a share of its entries on it gives those that are nobody's loss - attempts, closed ones,
/// one-sided ones, whichever are most - a tenth of their time. Established connections keep all of theirs; only a full table gives them up, and last.
///
///     entries   0 ───────── leave ─────── enter ──── capacity
///                              ◀─ emergency ─▶           evict, by Rank
///
/// It is looked at for each new connection, so that nothing depends on how packets fall into bursts.
struct Emergency {
    /// The share of its time that a connection has left.
    static let haste: Int64 = 10
    /// Connections that make room for a new one at most, so that no packet waits for many.
    static let endingsPerNewcomer = 2

    private let enter: Int
    private let leave: Int
    private(set) var isOn = false
    /// Entries beyond which somebody must look.
    private(set) var watchAbove: Int
    private var began: Int64 = 0
    private var endedBefore: UInt64 = 0

    /// - Parameter threshold: percent of the table's entries, 1...100; at 100 there is no emergency.
    init(capacity: Int, threshold: Int) {
        enter = threshold >= 100 ? .max : capacity / 100 * threshold + capacity % 100 * threshold / 100
        leave = enter == .max ? 0 : enter - capacity / 5
        watchAbove = enter
    }

    fileprivate func isOver(_ count: Int) -> Bool { isOn && count < leave }

    fileprivate mutating func start(_ now: Int64, ended: UInt64) {
        (isOn, watchAbove, began, endedBefore) = (true, 0, now, ended)
    }

    /// - Returns: how long it was, and how many connections it ended.
    fileprivate mutating func stop(_ now: Int64, ended: UInt64) -> (nanoseconds: Int64, connections: UInt64) {
        (isOn, watchAbove) = (false, enter)
        return (max(0, now &- began), ended &- endedBefore)
    }
}

/// The table became nearly full, or has room again.
public struct EmergencyEvent: Equatable, Sendable {
    public enum Kind: Equatable, Sendable {
        case entered
        /// After so many nanoseconds, and connections that it ended before their time.
        case left(nanoseconds: Int64, endedEarly: UInt64)
    }

    public var kind: Kind
    public var time: Timestamp
    /// Connections and tombstones in the core's table.
    public var connections: Int
}

extension ConnTracker {
    /// Makes room for a new connection before there is none; begins and ends the emergency. It goes by the time that is believed, for one odd
    /// time is no reason to end anybody.
    mutating func relieve(_ newcomer: Rank) {
        if emergency.isOver(table.count) { return leaveEmergency() }
        if !emergency.isOn {
            emergency.start(clock.steady, ended: counters[.emergency])
            counters.emergencies &+= 1
            tell(.entered)
        }
        for _ in 0..<Emergency.endingsPerNewcomer {
            let rank = rankToGiveUp(newcomer)
            guard rank != .established, let slot = table.front(of: Table.Order(rank)) else { return }
            let connection = table.pointer(to: slot)
            guard clock.steady &- connection.pointee.touched >= connection.timeout(options) / Emergency.haste else { return }
            giveUp(slot, connection, .emergency)
        }
    }

    /// There is room again, or the run is over.
    mutating func leaveEmergency() {
        guard emergency.isOn else { return }
        let (nanoseconds, endedEarly) = emergency.stop(clock.steady, ended: counters[.emergency])
        counters.emergencyTime &+= UInt64(nanoseconds)
        tell(.left(nanoseconds: nanoseconds, endedEarly: endedEarly))
    }

    private mutating func tell(_ kind: EmergencyEvent.Kind) {
        let event = EmergencyEvent(kind: kind, time: Timestamp(nanoseconds: clock.steady), connections: table.count)
        for number in 0..<subscribers.count { subscribers.with(number) { $0.emergency(event) } }
    }
}
