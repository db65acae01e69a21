/// What a core spends its cycles on. Each cycle belongs to one stage: what a stage calls is not counted in it.
public enum PipelineStage: Int, CaseIterable, Sendable {
    /// Nothing has come from a port, or another core has the capture file.
    case waiting
    /// Frames come from the capture file, or from a port; where cores share it they are spread.
    case receiving
    case headers
    /// Which packets anybody could want; subscriptions of single packets.
    case packetFilters
    /// Connections are found, made, counted, timed out.
    case tracking
    /// What filters are asked of connections, packets and sessions.
    case decisions
    case reassembly
    case parsing
    case callbacks

    public var name: String {
        switch self {
        case .waiting: "waiting"
        case .receiving: "receiving"
        case .headers: "headers"
        case .packetFilters: "packet filters"
        case .tracking: "tracking"
        case .decisions: "connection filters"
        case .reassembly: "reassembly"
        case .parsing: "parsing"
        case .callbacks: "callbacks"
        }
    }
}

/// Counts cycles by stage, of a core that it belongs to: every stage says when it begins and when it ends.
///
/// The clock is read at each change of stage, which takes time itself: what it takes is measured at the start and left out.
public final class StageMeter {
    /// Cycles and beginnings by stage.
    private var cycles = [UInt64](repeating: 0, count: PipelineStage.allCases.count)
    private var entries = [UInt64](repeating: 0, count: PipelineStage.allCases.count)
    /// Nil between the stages.
    private var current: PipelineStage?
    private var since: UInt64 = 0
    private let clock: () -> UInt64
    /// Cycles between two looks at the clock.
    private var cost: UInt64 = 0

    /// - Parameter clock: the time-stamp counter, or any other that never goes back.
    public init(clock: @escaping () -> UInt64) {
        self.clock = clock
        var least = UInt64.max
        for _ in 0..<1000 {
            let inner = enter(.callbacks)
            least = min(least, passed)
            leave(to: inner)
        }
        cost = least
        for stage in PipelineStage.allCases { (cycles[stage.rawValue], entries[stage.rawValue]) = (0, 0) }
    }

    private var passed: UInt64 { clock() &- since }

    /// A stage begins. Gives the one that it interrupts, for `leave`.
    @discardableResult
    public func enter(_ stage: PipelineStage?) -> PipelineStage? {
        if let stage { entries[stage.rawValue] &+= 1 }
        return change(to: stage)
    }

    /// The stage at hand ends, and the one that it interrupted goes on.
    public func leave(to stage: PipelineStage?) { change(to: stage) }

    /// Receiving ends. If nothing has come, it was waiting.
    public func endReceiving(isEmpty: Bool) {
        if isEmpty {
            entries[PipelineStage.receiving.rawValue] &-= 1
            entries[PipelineStage.waiting.rawValue] &+= 1
            current = .waiting
        }
        change(to: nil)
    }

    @discardableResult
    private func change(to stage: PipelineStage?) -> PipelineStage? {
        let now = clock(), before = current
        if let before {
            let passed = now &- since
            cycles[before.rawValue] &+= passed > cost ? passed &- cost : 0
        }
        (current, since) = (stage, clock())
        return before
    }

    public func cycles(_ stage: PipelineStage) -> UInt64 { cycles[stage.rawValue] }
    /// How often it began.
    public func entries(_ stage: PipelineStage) -> UInt64 { entries[stage.rawValue] }
    public var allCycles: UInt64 { cycles.reduce(0, &+) }
}

extension ConnTracker {
    /// Does a stage's work; its cycles are counted where somebody wants to know.
    @inline(__always)
    mutating func staged<Answer>(_ stage: PipelineStage, _ work: (inout ConnTracker) -> Answer) -> Answer {
        meter == nil ? work(&self) : measured(stage, work)
    }

    @inline(never)
    private mutating func measured<Answer>(_ stage: PipelineStage, _ work: (inout ConnTracker) -> Answer) -> Answer {
        guard let meter else { return work(&self) }
        let outer = meter.enter(stage)
        defer { meter.leave(to: outer) }
        return work(&self)
    }
}
