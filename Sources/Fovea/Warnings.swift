import Logging

/// Log lines for what goes wrong, while it goes wrong. Of each kind at most one in ten seconds, whatever an attacker does: a line says how often it has
/// happened since the last one.
struct Warnings {
    static let pause = Duration.seconds(10)

    private let logger: Logger
    private var tables = Limit(), evictions = Limit(), holes = Limit(), drops = Limit()
    /// By subscription.
    private var dispatch: [String: Limit] = [:]
    private var outputs: [String: Limit] = [:]

    init(_ logger: Logger) { self.logger = logger }

    /// What has been counted of one kind, and what of it has been told.
    private struct Limit {
        private var told: UInt64 = 0
        private var last: ContinuousClock.Instant?

        /// How often it has happened since it was told of; nil when there is nothing to tell, or it is too early.
        mutating func news(_ count: UInt64, at now: ContinuousClock.Instant) -> UInt64? {
            guard count > told else { return nil }
            if let last, now - last < Warnings.pause { return nil }
            defer { (told, last) = (count, now) }
            return count - told
        }
    }

    mutating func look(
        at reading: Reading, dropped: UInt64, dispatchLosses: [(name: String, count: UInt64)] = [], outputLosses: [(name: String, count: UInt64)] = [],
        _ now: ContinuousClock.Instant
    ) {
        if let times = tables.news(reading.emergencies, at: now) {
            logger.warning("connection table nearly full", metadata: ["times": "\(times)", "connections": "\(reading.connections)"])
        }
        if let count = evictions.news(reading.evicted, at: now) {
            logger.warning("connections evicted: the table was full", metadata: ["connections": "\(count)"])
        }
        if let count = holes.news(reading.holesGivenUp, at: now) {
            logger.warning("holes in streams given up: no room behind them", metadata: ["holes": "\(count)"])
        }
        if let count = drops.news(dropped, at: now) {
            logger.warning("packets dropped before they were seen", metadata: ["packets": "\(count)"])
        }
        for (name, lost) in dispatchLosses {
            guard let count = dispatch[name, default: Limit()].news(lost, at: now) else { continue }
            logger.warning("callbacks lost: the ring to their core was full", metadata: ["subscription": "\(name)", "callbacks": "\(count)"])
        }
        for (name, lost) in outputLosses {
            guard let count = outputs[name, default: Limit()].news(lost, at: now) else { continue }
            logger.warning("lines dropped: they come faster than they are written", metadata: ["subscription": "\(name)", "lines": "\(count)"])
        }
    }
}
