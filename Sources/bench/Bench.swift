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

    @Option(help: "Where captures of many flows are made.")
    var folder = NSTemporaryDirectory()

    @Flag(help: "Run what has one and ten million flows, instead of the stages; takes 6 GB of memory.")
    var flows = false

    @Flag(help: "Run what asks for the cost of large filters, instead of the stages; best on a capture of mixed traffic.")
    var filters = false

    @Flag(help: "Read the capture as a file, from its start to its end in each round, instead of replaying it from memory.")
    var file = false

    @Flag(help: "Run one and two cores on ports that have always more to give, instead of the stages.")
    var live = false

    @Option(help: ArgumentHelp("Scenarios to run, unless given all stages or filters: \(Scenario.all.map(\.name).joined(separator: ", ")).", valueName: "name"))
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

    @Option(help: ArgumentHelp("Write what was measured there as JSON, too.", valueName: "file"))
    var json: String?

    @Option(help: ArgumentHelp("Draw it there (SVG).", valueName: "file"))
    var picture: String?

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
        if live { return try LivePorts(path: capture!, rounds: rounds, seconds: max(seconds, 0.5)).run() }
        if file { return try FileReading(path: capture!, rounds: rounds).run() }
        let chosen = try scenario.map { name in
            let known = Scenario.all
            guard let found = known.first(where: { $0.name == name }) else {
                throw ValidationError("no scenario \(name); there are \(known.map(\.name).joined(separator: ", "))")
            }
            return found
        }
        let scenarios = chosen.isEmpty ? (filters ? Scenario.filters : flows ? Scenario.flows : Scenario.stages) : chosen
        for case .flows(let count) in Set(scenarios.map(\.traffic)) { try ManyFlows.make(count, at: ManyFlows.path(count, in: folder)) }
        if counts { return try judge(count(scenarios)) }

        let size = try CaptureSize(of: capture!)
        let traffics = scenarios.map(\.traffic).reduce(into: [Traffic]()) { if !$0.contains($1) { $0.append($1) } }
        // EAL starts once, so its memory is that of all captures.
        try EAL.start(mainLcore: 0, workers: [], hugepages: hugepages, memory: traffics.reduce(0) { $0 + $1.mbufs(size).bytes })
        if let packets {
            var replay = try replay(scenarios[0].traffic, size)
            var work = try Work(scenarios[0], address: address())
            replay.run(packets: packets, &work)
            return
        }
        let measurements = try traffics.flatMap { traffic in try measure(scenarios.filter { $0.traffic == traffic }, size) }
        try judge(report(measurements))
    }

    private func judge(_ missed: [String]) throws {
        guard check, !missed.isEmpty else { return }
        print("missed: \(missed.joined(separator: ", "))")
        throw ExitCode(1)
    }

    /// An address that 1 % of the capture's packets have, as nearly as there is one.
    private func address() throws -> IPAddress { try LargeFilters.address(inShare: 0.01, of: capture!) }

    private func replay(_ traffic: Traffic, _ size: CaptureSize) throws -> Replay {
        let path =
            switch traffic {
            case .capture: capture!
            case .flows(let count): ManyFlows.path(count, in: folder)
            }
        return try Replay(path, mbufs: traffic.mbufs(size), pace: traffic.pace(size))
    }

    /// Measures scenarios of one traffic in turns, so that a noisy neighbour disturbs them alike.
    private func measure(_ scenarios: [Scenario], _ size: CaptureSize) throws -> [Measurement] {
        let ceiling = scenarios[0].ceiling
        let all = [ceiling] + scenarios.filter { $0.name != ceiling.name }
        var replay = try replay(ceiling.traffic, size)
        var cycles = [[Double]](repeating: [], count: all.count)
        let works = try WorkList(all, address: address())
        // Touches what is touched for the first time: of many flows each one's entry.
        if case .flows(let count) = ceiling.traffic { for index in all.indices { works.run(index, packets: 2 * count, &replay) } }
        for index in all.indices { _ = works.cycles(index, seconds: seconds / 4, &replay) }
        for _ in 0..<rounds {
            for index in all.indices { cycles[index].append(works.cycles(index, seconds: seconds, &replay)) }
        }
        return all.indices.map { index in
            Measurement(
                scenario: all[index], cycles: cycles[index], ceiling: cycles[0], hertz: Double(EAL.cyclesPerSecond), meanLength: ceiling.traffic.meanLength(size),
                bursts: works.burstTimes(index, seconds: seconds, &replay))
        }
    }
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
    func run(_ index: Int, packets: Int, _ replay: inout Replay) { replay.run(packets: packets, &works[index]) }
    func burstTimes(_ index: Int, seconds: Double, _ replay: inout Replay) -> BurstTimes { replay.burstTimes(seconds: seconds, &works[index]) }
}
