import Containers
import Filters

/// What of a connection is wanted beside its packets, bytes and sessions.
struct LevelWants: OptionSet {
    var rawValue: UInt8
    /// Somebody waits for it to be established.
    static let establishment = LevelWants(rawValue: 1)
    static let ticks = LevelWants(rawValue: 2)
    /// Somebody who cannot tell yet may want the packets, the bytes, that have come until then.
    static let packetHistory = LevelWants(rawValue: 4)
    static let streamHistory = LevelWants(rawValue: 8)
}

/// Who wants to be told of moments in connections' lives, or wants what came before its time; and for each connection what that needs, beside the table:
/// memory that costs nothing unless some subscription asks.
struct LevelTable: ~Copyable {
    struct Entry: BitwiseCopyable {
        var wants: LevelWants
        /// Those who waited for it have been told.
        var isEstablished: Bool
        /// When the next tick of any subscription is due, in each unit; `never` where there is none.
        var due: (packets: UInt64, bytes: UInt64, nanoseconds: UInt64)

        static let never = UInt64.max
    }

    /// Whether some subscription asks for any of it.
    let isOn: Bool
    let establishedMembers: MemberSet
    let tickMembers: MemberSet
    let packetHistoryMembers: MemberSet
    let streamHistoryMembers: MemberSet
    private let memory: RawMemory
    var histories: Histories

    init(_ subscribers: [Subscriber], connections: Int, historyMemory: Int) {
        let wordCount = MemberSet.wordCount(of: subscribers.count)
        func members(_ isMember: (Subscriber) -> Bool) -> MemberSet {
            let set = MemberSet.allocate(wordCount: wordCount)
            for (number, subscriber) in subscribers.enumerated() where isMember(subscriber) { set.insert(number) }
            return set
        }
        establishedMembers = members { $0.needs.contains(.establishment) }
        tickMembers = members { $0.tick != nil }
        packetHistoryMembers = members { $0.history != nil && $0.needs.contains(.connectionPackets) }
        streamHistoryMembers = members { $0.history != nil && $0.needs.contains(.stream) }
        isOn = subscribers.contains { $0.needs.contains(.establishment) || $0.tick != nil || $0.history != nil }
        memory = RawMemory(byteCount: isOn ? connections * MemoryLayout<Entry>.stride : 0)
        var budget: HistoryBudget?
        for case let wanted? in subscribers.map(\.history) { budget = budget?.union(wanted) ?? wanted }
        histories = Histories(connections: connections, budget, memory: historyMemory)
    }

    deinit {
        for set in [establishedMembers, tickMembers, packetHistoryMembers, streamHistoryMembers] { set.deallocate() }
    }

    /// Bytes reserved for connections, without what is kept of them.
    var byteCount: Int { memory.byteCount + histories.byteCount }

    @inline(__always)
    subscript(_ index: Int) -> UnsafeMutablePointer<Entry> { memory.start.assumingMemoryBound(to: Entry.self) + index }

    /// A connection begins at an index: nothing remains of the one that had it before.
    func begin(_ index: Int) {
        guard isOn else { return }
        self[index].pointee = Entry(wants: [], isEstablished: false, due: (Entry.never, Entry.never, Entry.never))
    }
}
