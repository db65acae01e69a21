import Foundation

/// Instructions a packet, by callgrind: the difference between two runs of this program that differ in nothing but the packets.
extension Bench {
    private static let packetsOfRun = 200_000

    func printInstructions(_ scenarios: [Scenario]) throws {
        // valgrind trips over the debug information of a Swift program.
        let program = NSTemporaryDirectory() + "fovea-bench-\(getpid())"
        defer { try? FileManager.default.removeItem(atPath: program) }
        let strip = try Process.run(
            URL(fileURLWithPath: "/usr/bin/env"),
            arguments: ["strip", "--strip-debug", "-o", program, try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")])
        strip.waitUntilExit()
        if scenarios.contains(where: \.usesManyFlows) { try ManyFlows.make(at: manyFlows) }
        for scenario in scenarios {
            // A start long enough that tables are warm in both.
            let few = try instructions(program, scenario, packets: 2 * Self.packetsOfRun + (scenario.usesManyFlows ? ManyFlows.flows : 0))
            let many = try instructions(program, scenario, packets: 3 * Self.packetsOfRun + (scenario.usesManyFlows ? ManyFlows.flows : 0))
            print(
                scenario.title.padding(toLength: 36, withPad: " ", startingAt: 0)
                    + String(format: "%8.1f instructions/packet", Double(many - few) / Double(Self.packetsOfRun)))
        }
    }

    private func instructions(_ program: String, _ scenario: Scenario, packets: Int) throws -> Int {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, capture, "--scenario", scenario.rawValue, "--packets", "\(packets)"]
            + (scenario.usesManyFlows ? ["--many-flows", manyFlows] : [])
        let pipe = Pipe()
        process.standardError = pipe
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard let line = text.split(separator: "\n").first(where: { $0.contains("Collected :") }), let count = line.split(separator: " ").last.flatMap({ Int($0) })
        else { throw BenchError(description: "callgrind gave no count:\n\(text)") }
        return count
    }
}

struct BenchError: Error, CustomStringConvertible {
    var description: String
}
