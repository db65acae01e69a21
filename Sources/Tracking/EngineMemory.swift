/// The most memory that one core's engine can come to hold, in bytes: all of it is reserved when the engine is made, and its pages are touched as
/// they are needed.
///
/// Not in here: mbufs, which DPDK's pools hold (`[mempool]`), and what a subscription's own values and report allocate.
public struct EngineMemory: Equatable, Sendable {
    /// The connection table, timers, streams' states and extras.
    public var connections = 0
    /// Bytes of segments that wait for missing ones.
    public var segments = 0
    /// Fragments that wait for the rest of their datagram.
    public var fragments = 0
    /// Messages that parsers keep while they are not complete.
    public var messages = 0
    /// What connections brought before filters could tell of them.
    public var histories = 0
    /// The parsers' values.
    public var parsers = 0
    /// The subscriptions' values.
    public var subscriptions = 0
    /// Rings to other cores.
    public var rings = 0

    public init() {}

    public var total: Int { fixed + connections + parsers + subscriptions }
    /// What does not grow with the number of connections.
    public var fixed: Int { segments + fragments + messages + histories + rings }

    /// Each part with a short name, for people.
    public var parts: [(name: String, bytes: Int)] {
        [
            ("connections", connections), ("segments", segments), ("fragments", fragments), ("messages", messages), ("histories", histories),
            ("parsers", parsers), ("subscriptions", subscriptions), ("rings", rings),
        ].filter { $0.1 > 0 }
    }
}

extension ConnTracker {
    /// The engine's memory but for fragments, which are none of the tracker's.
    var memory: EngineMemory {
        var memory = EngineMemory()
        memory.connections = table.byteCount + wheel.byteCount + extras.byteCount + reassembly.streamByteCount + members.byteCount + filters.byteCount
            + levels.byteCount + candidates.byteCount
        memory.histories = levels.histories.poolByteCount
        memory.segments = reassembly.pages.byteCount
        for number in 0..<parsers.count {
            memory.parsers += parsers.with(number) { $0.byteCount }
            memory.messages += options.pointee.parserMemory
        }
        for number in 0..<subscribers.count {
            memory.subscriptions += subscribers.with(number) { $0.byteCount }
            memory.rings += subscribers.with(number) { $0.ringByteCount }
        }
        return memory
    }
}
