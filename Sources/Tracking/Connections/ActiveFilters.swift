import Containers
import Filters
import Packets

/// The plans that filters are asked by, and what is remembered of connections for them: made aside, and put in the place of others between two bursts.
///
/// A new plan is for new connections. Those that are there already (elders) keep what has been decided for them, and all their packets, even such as the
/// new filters would not let in; for subscriptions that had not decided yet the new filter is asked from then on, as if the connection began.
public final class FilterEdition {
    let plan: FilterPlan
    let packetFilters: PacketFilters
    private let memory: RawMemory
    /// A connection's words: what the plan remembers, and the two marks below.
    let wordCount: Int
    /// Parsers that the filters ask for and the engine does not have.
    let stages: [ParserStage]
    private let messageBytes: Int

    private static let hasBegun: UInt64 = 1
    private static let isRenewed: UInt64 = 2

    /// - Parameters:
    ///   - filters: of the subscriptions that a pipeline has, in its order.
    ///   - parsed: `Pipeline.parsedServices`, of the pipeline that it is for.
    /// - Throws: `FilterPlanError`
    public convenience init(
        _ filters: [Filter], for subscribers: [Subscriber], _ options: TrackerOptions, parsed: [Service]
    ) throws(FilterPlanError) {
        try self.init(filters, for: subscribers, options, parsed: parsed, isFirst: false)
    }

    /// - Parameter isFirst: there are no connections from before, and the tracker has made the parsers.
    init(
        _ filters: [Filter], for subscribers: [Subscriber], _ options: TrackerOptions, parsed: [Service] = [], isFirst: Bool
    ) throws(FilterPlanError) {
        precondition(filters.count == subscribers.count, "a filter for each subscriber")
        let both = zip(subscribers, filters)
        let trackers = both.filter { $0.0.needs.contains(.connections) }
        let choosers = trackers.enumerated().filter { $0.element.0.needs.contains(.singlePackets) }.map(\.offset)
        plan = try FilterPlan(trackers.map(\.1), singlePackets: Set(choosers))
        packetFilters = PacketFilters(both.filter { $0.0.needs.contains(.packets) }.map(\.1))
        wordCount = max(plan.latchWords, isFirst ? 0 : 1)
        let capacity = ConnTracker.capacity(options.maxConnections)
        memory = RawMemory(byteCount: capacity * wordCount * MemoryLayout<UInt64>.stride)
        var stages = ParserStages(capacity: capacity, budget: options.parserMemory)
        if !isFirst { for service in plan.services where !parsed.contains(service) { stages.addStage(for: service) } }
        self.stages = stages.stages
        messageBytes = self.stages.count * options.parserMemory
    }

    /// Bytes reserved, but for the parsers that it brings, which are the engine's from then on.
    var byteCount: Int { memory.byteCount }

    /// What an engine that takes it can come to hold, and the edition before besides, until that is taken apart.
    public func memory(with engine: EngineMemory) -> EngineMemory {
        var sum = engine
        sum.connections += byteCount
        sum.parsers += stages.reduce(0) { $0 + $1.byteCount }
        sum.messages += messageBytes
        return sum
    }

    @inline(__always)
    fileprivate func words(_ index: Int) -> UnsafeMutablePointer<UInt64>? {
        wordCount == 0 ? nil : memory.start.assumingMemoryBound(to: UInt64.self) + index * wordCount
    }

    @inline(__always)
    fileprivate func begin(_ index: Int) {
        guard let words = words(index) else { return }
        words[0] = Self.hasBegun
        for word in 1..<max(1, wordCount) { words[word] = 0 }
    }

    /// Whether the connection was there before the edition.
    fileprivate func isElder(_ index: Int) -> Bool { words(index).map { $0[0] & Self.hasBegun == 0 } ?? false }

    /// Marks an elder as one that the new filters have been asked about; false if it was marked.
    fileprivate func renew(_ index: Int) -> Bool {
        guard let words = words(index), words[0] & (Self.hasBegun | Self.isRenewed) == 0 else { return false }
        words[0] = Self.isRenewed
        return true
    }

    fileprivate func forget(_ index: Int) { words(index)?[0] = 0 }
}

/// The edition in force, without a reference counted for each look at it.
struct ActiveFilters: ~Copyable {
    private(set) var edition: FilterEdition
    private var reference: Unmanaged<FilterEdition>
    private var plan: Unmanaged<FilterPlan>
    /// Who has to be asked again as packets, and who when sessions, come; who chooses single packets.
    private(set) var packetAskers: MemberSet
    private(set) var sessionAskers: MemberSet
    private(set) var packetChoosers: MemberSet
    private(set) var asksProgramsAlone = false
    let programs: UnsafePointer<FilterProgram>
    private(set) var hasFacts = false
    private(set) var hasConnectionFacts = false
    private(set) var hasSessionFacts = false
    private var remembers = false

    init(_ edition: FilterEdition) {
        self.edition = edition
        reference = .passUnretained(edition)
        let plan = edition.plan
        self.plan = .passUnretained(plan)
        (packetAskers, sessionAskers, packetChoosers) = (plan.packetAskers, plan.sessionAskers, plan.packetChoosers)
        (asksProgramsAlone, programs) = (plan.asksProgramsAlone, plan.program(0))
        (hasFacts, hasConnectionFacts, hasSessionFacts) = (plan.hasFacts, plan.hasConnectionFacts, plan.hasSessionFacts)
        remembers = edition.wordCount > 0
    }

    /// Bytes reserved.
    var byteCount: Int { edition.byteCount }

    /// Calls the plan.
    @inline(__always)
    func with<Answer>(_ body: (FilterPlan) -> Answer) -> Answer { plan._withUnsafeGuaranteedRef(body) }

    @inline(__always)
    func latches(_ index: Int) -> UnsafeMutablePointer<UInt64>? { remembers ? reference._withUnsafeGuaranteedRef { $0.words(index) } : nil }

    /// A connection begins at an index: nothing is remembered of it.
    @inline(__always)
    func begin(_ index: Int) { if remembers { reference._withUnsafeGuaranteedRef { $0.begin(index) } } }

    func isElder(_ index: Int) -> Bool { reference._withUnsafeGuaranteedRef { $0.isElder(index) } }
    func renew(_ index: Int) -> Bool { reference._withUnsafeGuaranteedRef { $0.renew(index) } }
    func forget(_ index: Int) { reference._withUnsafeGuaranteedRef { $0.forget(index) } }
}
