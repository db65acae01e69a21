import Foundation

/// What a packet costs in countable things, which are the same on any machine and under any load: two runs of this program under
/// valgrind's callgrind that differ in nothing but the packets, and the difference a packet.
struct Counts {
    var instructions = 0.0
    /// Calls of malloc and its kin.
    var allocations = 0.0
    /// Calls of swift_retain, swift_release and their kin.
    var references = 0.0

    /// The functions that count, by the names that callgrind gives them.
    private static let allocators: Set<String> = ["malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc", "memalign", "swift_slowAlloc"]
    private static let counters: Set<String> = [
        "swift_retain", "swift_release", "swift_retain_n", "swift_release_n", "swift_bridgeObjectRetain", "swift_bridgeObjectRelease",
        "swift_unknownObjectRetain", "swift_unknownObjectRelease", "swift_allocObject",
    ]

    init() {}

    /// Reads a callgrind profile: its total, and how often each function of interest was called.
    ///
    ///     cfn=(12) malloc        the callee, its name at the first mention only
    ///     calls=3 0              so often from here
    init(profile: String) throws {
        var names: [Substring: Substring] = [:]
        var callee: Substring = ""
        for line in profile.split(separator: "\n") {
            if line.hasPrefix("cfn=") || line.hasPrefix("fn=") {
                let parts = line.drop { $0 != "(" }.split(separator: " ", maxSplits: 1)
                guard let id = parts.first else { continue }
                if parts.count == 2 { names[id] = parts[1] }
                if line.hasPrefix("cfn=") { callee = names[id] ?? "" }
            } else if line.hasPrefix("calls="), let count = Double(line.dropFirst(6).prefix { $0 != " " }) {
                // A function that recurses is "name'2".
                let name = String(callee.prefix { $0 != "'" })
                if Self.allocators.contains(name) { allocations += count }
                if Self.counters.contains(name) { references += count }
            } else if line.hasPrefix("summary:") || line.hasPrefix("totals:"), let total = Double(line.split(separator: " ").last ?? "") {
                instructions = total
            }
        }
        guard instructions > 0 else { throw BenchError(description: "callgrind gave no profile") }
    }

    /// The difference to a shorter run, a packet.
    func more(than short: Counts, packets: Int) -> Counts {
        var difference = Counts()
        difference.instructions = (instructions - short.instructions) / Double(packets)
        difference.allocations = (allocations - short.allocations) / Double(packets)
        difference.references = (references - short.references) / Double(packets)
        return difference
    }
}

extension Bench {
    private static let packetsOfRun = 200_000

    /// Counts the scenarios and prints them. Gives those beyond their bounds.
    func count(_ scenarios: [Scenario]) throws -> [String] {
        // valgrind trips over the debug information of a Swift program.
        let folder = NSTemporaryDirectory() + "fovea-bench-\(getpid())/"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try execute("strip", "--strip-debug", "-o", folder + "bench", try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))

        var all: [Scenario] = []
        for scenario in scenarios { for one in [scenario.ceiling, scenario] where !all.contains(where: { $0.name == one.name }) { all.append(one) } }
        var counts: [String: Counts] = [:]
        for scenario in all {
            // Long enough that what is made once has been made in both.
            var start = 2 * Self.packetsOfRun
            if case .flows(let count) = scenario.traffic { start += 2 * count }
            let short = try profile(folder, scenario, packets: start)
            counts[scenario.name] = try profile(folder, scenario, packets: start + Self.packetsOfRun).more(than: short, packets: Self.packetsOfRun)
        }
        var missed: [String] = []
        for scenario in all {
            let count = counts[scenario.name]!
            let above = count.instructions - counts[scenario.ceiling.name]!.instructions
            let bound = scenario.instructionBound.map { above > Double($0) ? "  above \($0)" : "  at most \($0)" } ?? ""
            print(
                scenario.title.padding(toLength: 36, withPad: " ", startingAt: 0)
                    + String(
                        format: "%7.1f instructions/packet, %6.1f above receiving%@; %.3f allocations, %.3f reference counts", count.instructions, above, bound,
                        abs(count.allocations), abs(count.references)))
            // A start differs by a few from the next (hash seeds, the loader); a thousandth a packet is none.
            let allocates = max(count.allocations, count.references) > 0.001
            let isAbove = scenario.instructionBound.map { above > Double($0) } ?? false
            if isAbove || scenario.mustNotAllocate && allocates { missed.append(scenario.name) }
        }
        for scenario in all {
            guard let (name, bound) = scenario.smaller, let smaller = all.first(where: { $0.name == name }) else { continue }
            let times = counts[scenario.name]!.instructions / counts[name]!.instructions
            if isBeyond(scenario, smaller, times, "instructions", bound) { missed.append(scenario.name) }
        }
        return missed
    }

    private func profile(_ folder: String, _ scenario: Scenario, packets: Int) throws -> Counts {
        let file = folder + "profile"
        var arguments = ["valgrind", "--tool=callgrind", "--callgrind-out-file=\(file)", folder + "bench", capture!, "--scenario", scenario.name]
        arguments += ["--packets", "\(packets)", "--folder", self.folder]
        try execute(arguments)
        return try Counts(profile: String(contentsOfFile: file, encoding: .utf8))
    }

    private func execute(_ arguments: String...) throws { try execute(arguments) }

    private func execute(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        let pipe = Pipe()
        process.standardError = pipe
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw BenchError(description: "\(arguments[0]) failed:\n\(text)") }
    }
}

struct BenchError: Error, CustomStringConvertible {
    var description: String
}
