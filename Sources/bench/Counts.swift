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
        var all: [Scenario] = []
        for scenario in scenarios { for one in [scenario.ceiling, scenario] where !all.contains(where: { $0.name == one.name }) { all.append(one) } }
        let counts = try measureCounts(all)
        let sessions = try countSessions(all), packets = sessions.isEmpty ? 0 : try CaptureSize(of: capture).packets
        var missed: [String] = []
        for scenario in all {
            let count = counts[scenario.name]!
            let above = count.instructions - counts[scenario.ceiling.name]!.instructions
            let bound = file ? nil : InstructionBounds.bound(scenario, capture: capture ?? "")
            let isAbove = bound.map { above > Double($0) } ?? false
            var verdict = bound.map { (isAbove ? "  above " : "  at most ") + "\($0)" } ?? ""
            if check, bound == nil, scenario.isBounded { verdict = "  no bound for this capture" }
            print(
                scenario.title.padding(toLength: 38, withPad: " ", startingAt: 0)
                    + String(
                        format: "%7.1f instructions/packet, %6.1f above \(file ? "reading" : "receiving")%@; %.3f allocations, %.3f reference counts",
                        count.instructions, above, verdict, abs(count.allocations), abs(count.references))
                    + (sessions[scenario.name].map { ofSessions($0, allocations: count.allocations * Double(packets)) } ?? ""))
            // A start differs by a few from the next (hash seeds, the loader); a thousandth a packet is none.
            let allocates = max(count.allocations, count.references) > 0.001
            if isAbove || scenario.mustNotAllocate && allocates { missed.append(scenario.name) }
        }
        for scenario in all {
            guard let (name, bound) = scenario.smaller, let smaller = all.first(where: { $0.name == name }) else { continue }
            let times = counts[scenario.name]!.instructions / counts[name]!.instructions
            if isBeyond(scenario, smaller, times, "instructions", bound) { missed.append(scenario.name) }
        }
        try write(
            all.map { scenario in
                let count = counts[scenario.name]!
                return [
                    "scenario": scenario.name, "title": scenario.title, "instructions_per_packet": count.instructions,
                    "above_receiving": count.instructions - counts[scenario.ceiling.name]!.instructions, "allocations_per_packet": abs(count.allocations),
                    "references_per_packet": abs(count.references),
                ]
            })
        return missed
    }

    private func ofSessions(_ count: Int, allocations: Double) -> String {
        String(format: "; %d sessions, %.1f allocations each", count, allocations / Double(max(1, count)))
    }

    /// Of one pass over a file, the sessions of those scenarios that have some, by name.
    private func countSessions(_ scenarios: [Scenario]) throws -> [String: Int] {
        guard file else { return [:] }
        let pass = FilePass(path: capture!)
        return try Dictionary(uniqueKeysWithValues: scenarios.filter(\.hasSessions).map { ($0.name, try pass.run($0, isWhole: true)) })
    }

    /// Two runs for each, as many at a time as there are cores: of a capture that is replayed a shorter and a longer one, both long enough that what is made
    /// once has been made; of a file one that reads it to the end and one that does not.
    private func measureCounts(_ scenarios: [Scenario]) throws -> [String: Counts] {
        let inFile = file ? try CaptureSize(of: capture).packets : 0
        let folder = NSTemporaryDirectory() + "fovea-bench-\(getpid())/"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        // valgrind trips over the debug information of a Swift program.
        let program = folder + "bench"
        try Command("strip", ["--strip-debug", "-o", program, FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")], folder).finish()

        var running: [Command] = []
        var profiles: [(scenario: Scenario, files: [String])] = []
        for scenario in scenarios {
            let start = file ? 0 : 2 * Self.packetsOfRun + 2 * scenario.traffic.connections
            let files = [start, start + (file ? inFile : Self.packetsOfRun)].map { packets in (packets, "\(folder)\(scenario.name)-\(packets)") }
            for (packets, file) in files {
                if running.count >= ProcessInfo.processInfo.activeProcessorCount { try running.removeFirst().finish() }
                var arguments = ["--tool=callgrind", "--callgrind-out-file=\(file)", program, "--scenario", scenario.name]
                arguments += ["--packets", "\(packets)", "--folder", self.folder] + (self.file ? ["--file"] : []) + [capture].compactMap(\.self)
                running.append(try Command("valgrind", arguments, folder))
            }
            profiles.append((scenario, files.map(\.1)))
        }
        for command in running { try command.finish() }
        return Dictionary(
            uniqueKeysWithValues: try profiles.map { scenario, files in
                let counts = try files.map { try Counts(profile: String(contentsOfFile: $0, encoding: .utf8)) }
                return (scenario.name, counts[1].more(than: counts[0], packets: file ? inFile : Self.packetsOfRun))
            })
    }
}

/// A program that runs beside this one. What it prints is shown if it fails.
private final class Command {
    private let name: String
    private let process = Process()
    private let output: FileHandle

    /// - Parameter folder: for its output.
    init(_ name: String, _ arguments: [String], _ folder: String) throws {
        self.name = name
        let path = "\(folder)\(UUID()).output"
        guard FileManager.default.createFile(atPath: path, contents: nil) else { throw BenchError(description: "\(path) cannot be written") }
        output = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [name] + arguments
        process.standardError = output
        process.standardOutput = FileHandle.nullDevice
        try process.run()
    }

    func finish() throws {
        process.waitUntilExit()
        guard process.terminationStatus != 0 else { return }
        try output.seek(toOffset: 0)
        throw BenchError(description: "\(name) failed:\n\(String(decoding: output.availableData, as: UTF8.self))")
    }
}

struct BenchError: Error, CustomStringConvertible {
    var description: String
}
