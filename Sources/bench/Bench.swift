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

    @Flag(help: "Run what asks for sessions of one protocol, and of all, instead of the stages; best on a capture of mixed traffic.")
    var sessions = false

    @Flag(help: "Read the capture as a file, from start to end in each round, instead of replaying it from memory. With --counts: scenarios, in one pass.")
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
        guard !endurance else { return }
        let needsCapture = try file || scenarios().contains { $0.traffic == .capture }
        guard capture != nil || !needsCapture else { throw ValidationError("a capture, or --endurance") }
    }

    mutating func run() throws {
        if endurance {
            var trials = Endurance()
            let failures = try trials.run()
            try write(trials.objects)
            guard failures.isEmpty else { throw ExitCode(1) }
            return
        }
        if live { return try LivePorts(path: capture!, rounds: rounds, seconds: max(seconds, 0.5)).run() }
        if file, !counts {
            guard let packets else { return try write(FileReading(path: capture!, rounds: rounds).run()) }
            try FilePass(path: capture!).run(scenarios()[0], isWhole: packets > 0)
            return
        }
        let scenarios = try scenarios()
        for case .flows(let count) in Set(scenarios.map(\.traffic)) { try ManyFlows.make(count, at: ManyFlows.path(count, in: folder)) }
        if counts { return try judge(count(scenarios)) }

        let size = try CaptureSize(of: capture)
        let traffics = scenarios.map(\.traffic).reduce(into: [Traffic]()) { if !$0.contains($1) { $0.append($1) } }
        // EAL starts once, so its memory is that of all captures.
        try EAL.start(mainLcore: 0, workers: [], hugepages: hugepages, memory: traffics.reduce(0) { $0 + ($1.mbufs(size)?.bytes ?? 0) })
        let measurements = try traffics.flatMap { traffic in try measure(scenarios.filter { $0.traffic == traffic }, size) }
        if packets == nil { try judge(report(measurements)) }
    }

    /// Those of the flags, and those that are asked for by name besides.
    private func scenarios() throws -> [Scenario] {
        let chosen = try scenario.map { name in
            let known = Scenario.all
            guard let found = known.first(where: { $0.name == name }) else {
                throw ValidationError("no scenario \(name); there are \(known.map(\.name).joined(separator: ", "))")
            }
            return found
        }
        if sessions { return Scenario.sessions + chosen }
        if filters || flows { return (filters ? Scenario.filters : []) + (flows ? Scenario.flows : []) + chosen }
        return chosen.isEmpty ? file ? Scenario.ofFiles : Scenario.stages : chosen
    }

    private func judge(_ missed: [String]) throws {
        guard check, !missed.isEmpty else { return }
        print("missed: \(missed.joined(separator: ", "))")
        throw ExitCode(1)
    }

    /// An address that 1 % of the capture's packets have, as nearly as there is one; where a scenario's filters ask for it.
    private func address(for scenarios: [Scenario]) throws -> IPAddress? {
        let isAskedFor = scenarios.contains { if case .filters = $0.task { true } else { false } }
        return isAskedFor ? try LargeFilters.address(inShare: 0.01, of: capture!) : nil
    }

    /// Measures scenarios of one traffic.
    private func measure(_ scenarios: [Scenario], _ size: CaptureSize) throws -> [Measurement] {
        let traffic = scenarios[0].traffic
        switch traffic {
        case .capture: return try measure(scenarios, size, PortFrames(capture!, mbufs: traffic.mbufs(size)!))
        case .flows(let count): return try measure(scenarios, size, PortFrames(ManyFlows.path(count, in: folder), mbufs: traffic.mbufs(size)!))
        case .syns: return try measure(scenarios, size, SynFrames())
        }
    }

    /// In turns, so that a noisy neighbour disturbs them alike.
    private func measure(_ scenarios: [Scenario], _ size: CaptureSize, _ source: consuming some FrameSource & ~Copyable) throws -> [Measurement] {
        let address = try address(for: scenarios)
        var replay = Replay(source)
        let ceiling = scenarios[0].ceiling, traffic = ceiling.traffic
        if let packets {
            var work = try Work(scenarios[0], pace: traffic.pace(size), address: address)
            replay.run(packets: packets, &work)
            return []
        }
        let all = [ceiling] + scenarios.filter { $0.name != ceiling.name }
        var cycles = [[Double]](repeating: [], count: all.count)
        let works = try WorkList(all, pace: traffic.pace(size), address: address)
        // Touches what is touched for the first time, and fills tables.
        for index in all.indices { works.run(index, packets: 2 * traffic.connections, &replay) }
        for index in all.indices { _ = works.cycles(index, seconds: seconds / 4, &replay) }
        for _ in 0..<rounds {
            for index in all.indices { cycles[index].append(works.cycles(index, seconds: seconds, &replay)) }
        }
        return all.indices.map { index in
            Measurement(
                scenario: all[index], cycles: cycles[index], ceiling: cycles[0], hertz: Double(EAL.cyclesPerSecond), meanLength: traffic.meanLength(size),
                bursts: works.burstTimes(index, seconds: seconds, &replay), lostConnections: works.lostConnections(index))
        }
    }
}

/// Several scenarios' work, side by side; an array cannot hold what is not copyable.
private struct WorkList: ~Copyable {
    private let works: UnsafeMutablePointer<Work>
    private let count: Int

    init(_ scenarios: [Scenario], pace: Int64, address: IPAddress?) throws {
        works = .allocate(capacity: scenarios.count)
        count = scenarios.count
        for (index, scenario) in scenarios.enumerated() { (works + index).initialize(to: try Work(scenario, pace: pace, address: address)) }
    }

    deinit {
        works.deinitialize(count: count)
        works.deallocate()
    }

    func cycles(_ index: Int, seconds: Double, _ replay: inout Replay<some FrameSource & ~Copyable>) -> Double {
        replay.cycles(seconds: seconds, &works[index])
    }
    func run(_ index: Int, packets: Int, _ replay: inout Replay<some FrameSource & ~Copyable>) { replay.run(packets: packets, &works[index]) }
    func burstTimes(_ index: Int, seconds: Double, _ replay: inout Replay<some FrameSource & ~Copyable>) -> BurstTimes {
        replay.burstTimes(seconds: seconds, &works[index])
    }
    func lostConnections(_ index: Int) -> Int { works[index].lostConnections() }
}
