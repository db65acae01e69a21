import Containers
import Filters

/// The plan that filters are asked by, and what it remembers of connections.
struct ActiveFilters: ~Copyable {
    private let owner: FilterPlan
    private let plan: Unmanaged<FilterPlan>
    private let latches: RawMemory
    private let latchWords: Int
    /// Who has to be asked again as packets, and who when sessions, come.
    let packetAskers: MemberSet
    let streamAskers: MemberSet
    let sessionAskers: MemberSet
    let hasFacts: Bool
    let hasConnectionFacts: Bool
    let hasSessionFacts: Bool

    init(_ plan: FilterPlan, connections: Int) {
        owner = plan
        self.plan = .passUnretained(plan)
        latchWords = plan.latchWords
        latches = RawMemory(byteCount: connections * latchWords * MemoryLayout<UInt64>.stride)
        (packetAskers, streamAskers, sessionAskers) = (plan.packetAskers, plan.streamAskers, plan.sessionAskers)
        (hasFacts, hasConnectionFacts, hasSessionFacts) = (plan.hasFacts, plan.hasConnectionFacts, plan.hasSessionFacts)
    }

    /// Bytes reserved.
    var byteCount: Int { latches.byteCount }

    /// Calls the plan, without a reference counted.
    @inline(__always)
    func with<Answer>(_ body: (FilterPlan) -> Answer) -> Answer { plan._withUnsafeGuaranteedRef(body) }

    @inline(__always)
    func latches(_ index: Int) -> UnsafeMutablePointer<UInt64>? {
        latchWords == 0 ? nil : latches.start.assumingMemoryBound(to: UInt64.self) + index * latchWords
    }

    /// A connection begins at an index: nothing is remembered of it.
    @inline(__always)
    func begin(_ index: Int) {
        for word in 0..<latchWords { latches.start.assumingMemoryBound(to: UInt64.self)[index * latchWords + word] = 0 }
    }
}
