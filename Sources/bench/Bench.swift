import ArgumentParser
import Capture
import Foundation
import Packets

/// Replays captures from memory on one core and prints what each stage costs, as TSC cycles a packet, packets a second, and the share of
/// what receiving and freeing alone reach.
@main
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "bench", abstract: "Measures what each stage of the packet path costs.")

    @Argument(help: "The capture of few flows; best 73 TLS connections (Retina's tls_ciphers.pcap).")
    var capture: String?

    @Flag(help: "Run what is too large for a unit test, without a capture: floods, holes, storms. Exits with 1 when one fails.")
    var endurance = false

    @Option(help: "Where the capture of 400,000 flows is made.")
    var manyFlows = NSTemporaryDirectory() + "fovea-400000-flows.pcap"

    @Flag(help: "Run what asks for the cost of large filters, instead of the stages; best on a capture of mixed traffic.")
    var filters = false

    @Flag(help: "Read the capture as a file, from its start to its end in each round, instead of replaying it from memory.")
    var file = false

    @Option(help: ArgumentHelp("Scenarios to run, unless given all stages or filters: \(Scenario.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "name"))
    var scenario: [String] = []

    @Option(help: "Rounds; a scenario's ratio is the median of its rounds', each against the ceiling measured beside it.")
    var rounds = 9

    @Option(help: "Seconds a scenario and round.")
    var seconds = 0.2

    @Flag(help: "Use huge pages.")
    var hugepages = false

    @Flag(help: "Count instructions, allocations and reference counts a packet with valgrind's callgrind, instead of time.")
    var counts = false

    @Flag(help: "Exit with 1 when a scenario misses its threshold.")
    var check = false

    @Option(help: .hidden)
    var packets: Int?

    func validate() throws {
        guard endurance || capture != nil else { throw ValidationError("a capture, or --endurance") }
    }

    mutating func run() throws {
        if endurance {
            var trials = Endurance()
            guard try trials.run().isEmpty else { throw ExitCode(1) }
            return
        }
        if file { return try FileReading(path: capture!, rounds: rounds).run() }
        let known = Scenario.allCases
        let chosen = try scenario.map { name in
            guard let found = Scenario(rawValue: name) else { throw ValidationError("no scenario \(name); there are \(known.map(\.rawValue).joined(separator: ", "))") }
            return found
        }
        let scenarios = chosen.isEmpty ? (filters ? Scenario.filters : Scenario.stages) : chosen
        if scenarios.contains(where: \.usesManyFlows) { try ManyFlows.make(at: manyFlows) }
        if counts { return try judge(count(scenarios)) }

        // EAL starts once, so its memory is that of both captures.
        try EAL.start(mainLcore: 0, workers: [], hugepages: hugepages, memory: fewFlows.bytes + manyFlowsShape.bytes)
        if let packets {
            var replay = try replay(scenarios[0])
            var work = try Work(scenarios[0], address: address())
            replay.run(packets: packets, &work)
            return
        }
        try judge(measure(scenarios.filter { !$0.usesManyFlows }) + measure(scenarios.filter(\.usesManyFlows)))
    }

    private func judge(_ missed: [Scenario]) throws {
        guard check, !missed.isEmpty else { return }
        print("missed: \(missed.map(\.rawValue).joined(separator: ", "))")
        throw ExitCode(1)
    }

    /// An address that 1 % of the capture's packets have, as nearly as there is one.
    private func address() throws -> IPAddress { try LargeFilters.address(inShare: 0.01, of: capture!) }
    private var fewFlows: Mempools.Shape { .init(capacity: 8192, cache: 256, room: 9728) }
    private var manyFlowsShape: Mempools.Shape { .init(capacity: ManyFlows.flows + 4096, cache: 256, room: 128) }

    private func replay(_ scenario: Scenario) throws -> Replay {
        // The small capture's lap is 0.1 s of packet time, so that closed connections and their tombstones (2 ms) are gone by the next; the large
        // one's is 40 ms, as at 10 million packets a second.
        scenario.usesManyFlows ? try Replay(manyFlows, mbufs: manyFlowsShape, pace: 100) : try Replay(capture!, mbufs: fewFlows, pace: 100_000)
    }

    /// Measures scenarios of one capture in turns, so that a noisy neighbour disturbs them alike. Gives those below their threshold.
    private func measure(_ scenarios: [Scenario]) throws -> [Scenario] {
        guard let first = scenarios.first else { return [] }
        let all = scenarios.contains(first.ceiling) ? scenarios : [first.ceiling] + scenarios
        var replay = try replay(first)
        var cycles: [Scenario: [Double]] = [:]
        let works = try WorkList(all, address: address())
        for index in all.indices { _ = works.cycles(index, seconds: seconds / 4, &replay) }  // touches what is touched for the first time
        for _ in 0..<rounds {
            for (index, scenario) in all.enumerated() { cycles[scenario, default: []].append(works.cycles(index, seconds: seconds, &replay)) }
        }
        var missed: [Scenario] = []
        let hertz = Double(EAL.cyclesPerSecond)
        for scenario in all {
            let ratios = zip(cycles[scenario.ceiling]!, cycles[scenario]!).map { $0 / $1 }
            let (middle, ratio) = (median(cycles[scenario]!), median(ratios))
            let threshold = scenario.threshold.map { ratio < $0 ? "  below \($0)" : "  at least \($0)" } ?? ""
            print(
                scenario.title.padding(toLength: 36, withPad: " ", startingAt: 0)
                    + String(format: "%8.1f cycles/packet %8.2f Mpackets/s   ratio %5.3f", middle, hertz / middle / 1e6, ratio) + threshold)
            if let threshold = scenario.threshold, ratio < threshold { missed.append(scenario) }
        }
        for scenario in all {
            guard let (smaller, bound) = scenario.smaller, let base = cycles[smaller] else { continue }
            let times = median(zip(cycles[scenario]!, base).map { $0 / $1 })
            if isBeyond(scenario, times, "cycles", bound) { missed.append(scenario) }
        }
        return missed
    }

    /// Whether a scenario costs more than it may of what a smaller filter costs, and says so.
    func isBeyond(_ scenario: Scenario, _ times: Double, _ unit: String, _ bound: Double) -> Bool {
        let title = "\(scenario.title) : \(scenario.smaller!.scenario.title)"
        let verdict = (times > bound ? "above" : "at most") + " \(bound)"
        print(title.padding(toLength: 62, withPad: " ", startingAt: 0) + String(format: "%6.3f in \(unit)  ", times) + verdict)
        return times > bound
    }

    private func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
}

/// Several scenarios' work, side by side; an array cannot hold what is not copyable.
private struct WorkList: ~Copyable {
    private let works: UnsafeMutablePointer<Work>
    private let count: Int

    init(_ scenarios: [Scenario], address: IPAddress) throws {
        works = .allocate(capacity: scenarios.count)
        count = scenarios.count
        for (index, scenario) in scenarios.enumerated() { (works + index).initialize(to: try Work(scenario, address: address)) }
    }

    deinit {
        works.deinitialize(count: count)
        works.deallocate()
    }

    func cycles(_ index: Int, seconds: Double, _ replay: inout Replay) -> Double { replay.cycles(seconds: seconds, &works[index]) }
}
