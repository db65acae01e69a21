import Foundation

/// What a scenario cost in the rounds of a run.
struct Measurement {
    let scenario: Scenario
    /// TSC cycles a packet, by round; and those of its ceiling, measured beside them.
    let cycles: [Double]
    let ceiling: [Double]
    let hertz: Double
    /// Bytes of a packet on the wire, on average.
    let meanLength: Double
    let bursts: BurstTimes
    /// Connections that were established before its packets came, and were given up for them.
    let lostConnections: Int

    var middle: Double { cycles.median }
    var ratio: Double { zip(ceiling, cycles).map { $0 / $1 }.median }
    var packetsPerSecond: Double { hertz / middle }
    var bitsPerSecond: Double { packetsPerSecond * meanLength * 8 }
    /// Packets a second, its ceiling's time left out.
    var netRate: Double { hertz / zip(cycles, ceiling).map { $0 - $1 }.median }
    var misses: Bool { scenario.threshold.map { ratio < $0 } ?? scenario.rate.map { netRate < $0 || lostConnections > 0 } ?? false }
    /// Seconds.
    func burst(share: Double) -> Double { bursts.cycles(share: share) / hertz }

    static let heading = "".padding(toLength: 36, withPad: " ", startingAt: 0) + "cycles/packet  Mpackets/s    Gbit/s   ratio   burst, µs: 50 %    99 %  99.9 %"

    var line: String {
        let threshold = scenario.threshold.map { misses ? "  below \($0)" : "  at least \($0)" } ?? ""
        return scenario.title.padding(toLength: 36, withPad: " ", startingAt: 0)
            + String(
                format: "%13.1f  %10.2f  %8.2f   %5.3f  %15.1f  %6.1f  %6.1f", middle, packetsPerSecond / 1e6, bitsPerSecond / 1e9, ratio,
                burst(share: 0.5) * 1e6, burst(share: 0.99) * 1e6, burst(share: 0.999) * 1e6) + threshold
    }

    /// Of a scenario that has a rate to reach.
    var rateLine: String? {
        guard let rate = scenario.rate else { return nil }
        let verdict = netRate < rate ? "below" : "at least"
        return String(
            format: "%.2f M new connections a second, %.0f ns each, making their packets left out  %@ %.0f M; established connections given up: %d",
            netRate / 1e6, 1e9 / netRate, verdict, rate / 1e6, lostConnections)
    }

    /// For programs: units as the names say.
    var object: [String: Any] {
        var object: [String: Any] = [
            "scenario": scenario.name, "title": scenario.title, "cycles_per_packet": middle, "packets_per_second": packetsPerSecond,
            "bits_per_second": bitsPerSecond, "ratio": ratio,
            "burst_seconds": ["p50": burst(share: 0.5), "p99": burst(share: 0.99), "p99.9": burst(share: 0.999)],
        ]
        if scenario.rate != nil { (object["new_connections_per_second"], object["lost_connections"]) = (netRate, lostConnections) }
        return object
    }
}

extension [Double] {
    var median: Double { sorted()[count / 2] }
}

extension Bench {
    /// Prints measurements. Gives the names of the scenarios that miss their threshold.
    func report(_ measurements: [Measurement]) throws -> [String] {
        print(Measurement.heading)
        for measurement in measurements { print(measurement.line) }
        for line in measurements.compactMap(\.rateLine) { print(line) }
        var missed = measurements.filter(\.misses).map(\.scenario.name)
        for measurement in measurements {
            guard let (name, bound) = measurement.scenario.smaller, let base = measurements.first(where: { $0.scenario.name == name }) else { continue }
            let times = zip(measurement.cycles, base.cycles).map { $0 / $1 }.median
            if isBeyond(measurement.scenario, base.scenario, times, "cycles", bound) { missed.append(measurement.scenario.name) }
        }
        try write(measurements.map(\.object))
        if let picture { try Picture.ofStages(measurements).write(toFile: picture, atomically: true, encoding: .utf8) }
        return missed
    }

    /// What was measured, for programs, where somebody asked for that.
    func write(_ objects: [[String: Any]]) throws {
        guard let json else { return }
        let data = try JSONSerialization.data(withJSONObject: objects, options: [.prettyPrinted, .sortedKeys])
        try data.write(to: URL(fileURLWithPath: json))
    }

    /// Whether a scenario costs more than it may of what a smaller filter costs, and says so.
    func isBeyond(_ scenario: Scenario, _ smaller: Scenario, _ times: Double, _ unit: String, _ bound: Double) -> Bool {
        let verdict = (times > bound ? "above" : "at most") + " \(bound)"
        print("\(scenario.title) : \(smaller.title)".padding(toLength: 62, withPad: " ", startingAt: 0) + String(format: "%6.3f in \(unit)  ", times) + verdict)
        return times > bound
    }
}
