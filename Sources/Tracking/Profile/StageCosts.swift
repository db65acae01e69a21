/// What stages took, of a core or of several together.
public struct StageCosts: Equatable, Sendable {
    private var allCycles = [UInt64](repeating: 0, count: PipelineStage.allCases.count)
    private var allTimes = [UInt64](repeating: 0, count: PipelineStage.allCases.count)

    public init() {}

    /// - Parameters:
    ///   - packets: that came.
    ///   - tracked: that came to the tracker.
    public init(_ meter: StageMeter, packets: UInt64, tracked: UInt64) {
        for stage in PipelineStage.allCases {
            allCycles[stage.rawValue] = meter.cycles(stage)
            allTimes[stage.rawValue] =
                switch stage {
                case .receiving, .headers, .packetFilters: packets
                case .tracking: tracked
                case .waiting, .decisions, .reassembly, .parsing, .callbacks: meter.entries(stage)
                }
        }
    }

    public mutating func add(_ other: StageCosts) {
        for index in allCycles.indices {
            allCycles[index] &+= other.allCycles[index]
            allTimes[index] &+= other.allTimes[index]
        }
    }

    public func cycles(_ stage: PipelineStage) -> UInt64 { allCycles[stage.rawValue] }
    /// Packets that the stage was at work for; how often it began, of stages that not every packet comes to.
    public func times(_ stage: PipelineStage) -> UInt64 { allTimes[stage.rawValue] }
    public var cycles: UInt64 { allCycles.reduce(0, &+) }
}
