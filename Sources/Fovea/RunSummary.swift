import Capture
import Packets
import Tracking

/// What became of a run: every packet, every connection, every limit that was reached. Its `description` is what the command line prints.
public struct RunSummary: Sendable {
    public let config: Config
    /// All cores together.
    public internal(set) var counters = Counters()
    public internal(set) var lcores: [LcoreSummary] = []
    /// Of an offline run.
    public internal(set) var file: FileSummary?
    /// Of an online one.
    public internal(set) var ports: [PortSummary] = []
    /// Of subscriptions whose callbacks ran on another core.
    public internal(set) var dispatch: [DispatchSummary] = []
    /// Of subscriptions that write lines.
    public internal(set) var outputs: [OutputSummary] = []
    public let wallTime: Duration
    /// Whether a signal or a `StopRequest` ended it before its own end.
    public let wasInterrupted: Bool
    /// Of the time-stamp counter, as measured.
    public internal(set) var cyclesPerSecond = 0.0
    /// Reloads whose filters were in force, and those that were refused.
    public internal(set) var reloads = 0
    public internal(set) var refusedReloads = 0
    /// Why captures could not be read to their end.
    public internal(set) var failures: [String] = []
    /// What could not be written, and what else subscriptions say went wrong.
    public internal(set) var problems: [String] = []

    init(_ plan: RunPlan, wallTime: Duration, wasInterrupted: Bool) {
        config = plan.config
        self.wallTime = wallTime
        self.wasInterrupted = wasInterrupted
    }

    mutating func add(_ lcore: LcoreSummary, failures: [String]) {
        counters.add(lcore.counters)
        lcores.append(lcore)
        self.failures += failures
    }

    /// What the stages of all cores took, if it was to be counted.
    public var stages: StageCosts? {
        let counted = lcores.compactMap(\.stages)
        return counted.isEmpty ? nil : counted.reduce(into: StageCosts()) { $0.add($1) }
    }

    /// The first and last packet's time.
    public var first: Timestamp? { lcores.compactMap(\.first).min() }
    public var last: Timestamp? { lcores.compactMap(\.last).max() }
    /// Nanoseconds from the first packet to the last.
    public var packetTime: Int64 {
        guard let first, let last else { return 0 }
        return last - first
    }

    /// Packets that got lost before a core saw them: no mbuf was free, a queue was full, or the device could not read them.
    public var dropped: UInt64 { ports.reduce(0) { $0 + $1.statistics.dropped } }

    /// Callbacks that were lost on their way to another core, of all subscriptions.
    public var dispatchDropped: UInt64 { dispatch.reduce(0) { $0 + $1.counts.dropped } }

    /// Lines that found no room on their way to their files, of all subscriptions.
    public var outputDropped: UInt64 { outputs.reduce(0) { $0 + $1.dropped } }

    /// Mbufs that were not given back: a bug, here or in a driver.
    public var lostMbufs: Int { ports.reduce(0) { $0 + $1.mbufs.before - $1.mbufs.after } }

    /// What the command line exits with.
    public var exitStatus: ExitStatus { failures.isEmpty ? (problems.isEmpty ? .success : .failure) : .badCapture }
}

/// One core's part.
public struct LcoreSummary: Sendable {
    public let lcore: Int
    public let counters: Counters
    public let memory: EngineMemory
    public let first: Timestamp?
    public let last: Timestamp?
    /// What its stages took, if it was to be counted.
    public internal(set) var stages: StageCosts?
}

/// A capture file as it was read.
public struct FileSummary: Sendable {
    public let path: String
    public let byteCount: Int
}

/// A port as it was listened to.
public struct PortSummary: Sendable {
    public let device: String
    public let driver: String
    /// That poll it.
    public let cores: [Int]
    public let queues: Int
    public let spreading: Port.Spreading
    /// What the device counted during the run.
    public let statistics: Port.Statistics
    public let mbufs: PoolSummary

    var duties: QueueDuties.Port { QueueDuties.Port(cores: cores, queues: queues, areShared: spreading == .software) }
}

/// Mbufs that nobody held before the run and after it: the same number, unless some got lost.
public struct PoolSummary: Equatable, Sendable {
    public let capacity: Int
    public let before: Int
    public let after: Int
}

/// What the command line exits with.
public enum ExitStatus: Int32, Sendable {
    case success = 0
    /// Results could not be written, or another thing went wrong.
    case failure = 1
    case badConfig = 2
    case badCapture = 3
    /// A port or the memory for it could not be had.
    case badPort = 4

    /// For an error that kept a run from starting.
    public init(for error: any Error) {
        switch error {
        case is ConfigError: self = .badConfig
        case is CaptureFileError: self = .badCapture
        case is DPDKError: self = .badPort
        default: self = .failure
        }
    }
}
