import ArgumentParser
import Logging

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs subscriptions on a capture file or on ports.",
        discussion: """
            Results go to standard output as JSON lines, or to files, and in other formats if so asked; how it went goes to standard error. What is given \
            here overrides the configuration. SIGHUP has the filters and lists of the configuration read again, while everything else goes on; with reload \
            = "watch" in it a change of its files does, too.
            """)

    @Argument(help: "A configuration (TOML). Not needed with --capture or --device.", completion: .file(extensions: ["toml"]))
    var config: String?

    @Option(help: ArgumentHelp("Read this capture file, pcap or pcapng; - is standard input.", valueName: "file"), completion: .file())
    var capture: String?

    @Option(help: ArgumentHelp("Cores that share the work on a capture file. Results do not depend on it.", valueName: "count"))
    var workers: Int?

    @Option(help: ArgumentHelp("Listen to this device: a PCI address, or a virtual device such as net_af_packet0,iface=eth0.", valueName: "device"))
    var device: String?

    @Option(
        help: ArgumentHelp(
            "The lcores that poll the device, a queue each if it can spread flows: 1,2,3. The one after the main core unless given.", valueName: "list"))
    var cores: CoreList?

    @Option(help: ArgumentHelp("Listen for so long.", valueName: "seconds"))
    var duration: Int?

    @Option(help: ArgumentHelp("And-ed with the filters of all subscriptions: 'tcp.port == 443'.", valueName: "text"))
    var filter: String?

    @Option(help: ArgumentHelp("Run this one only; may be given more than once.", valueName: "name"))
    var subscription: [String] = []

    @Option(
        help: ArgumentHelp("Write results to <folder>/<subscription>.jsonl, or as the format calls its files.", valueName: "folder"), completion: .directory)
    var output: String?

    @Option(
        help: ArgumentHelp(
            "Write results as jsonl, zeek, eve or csv, of all subscriptions for which the configuration says nothing else.", valueName: "format"))
    var format: OutputFormat?

    @Option(help: ArgumentHelp("Connections on a core at most.", valueName: "count"))
    var maxConnections: Int?

    @Flag(help: "Count cycles by stage, which takes some of them, and print a table of them at the end.")
    var stages = false

    @Flag(name: .shortAndLong, help: "Print neither progress nor summary.")
    var quiet = false

    @Option(help: ArgumentHelp("trace, debug, info, notice, warning, error or critical.", valueName: "level"))
    var logLevel = LogLevel.notice

    func validate() throws {
        guard config != nil || capture != nil || device != nil else { throw ValidationError("give a configuration, --capture or --device") }
        guard capture == nil || device == nil else { throw ValidationError("--capture and --device cannot be used together") }
        guard cores == nil || device != nil else { throw ValidationError("--cores is for --device") }
        guard workers == nil || device == nil else { throw ValidationError("--workers is for a capture file, not for --device") }
        if let workers, !Config.Offline.workerCounts.contains(workers) { throw ValidationError("--workers: expected an integer in 1...64") }
        guard duration == nil || capture == nil else { throw ValidationError("--duration is for ports, not for --capture") }
        if let duration, !(1...31_536_000).contains(duration) { throw ValidationError("--duration: expected an integer in 1...31536000") }
        if let maxConnections, !(1...100_000_000).contains(maxConnections) { throw ValidationError("--max-connections: expected an integer in 1...100000000") }
    }

    func run() throws {
        let level = logLevel.level
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        let summary = try reportingErrors {
            var options = RunOptions()
            options.showsProgress = !quiet
            options.handlesSignals = true
            options.countsStages = stages
            // What the command line says stays in force.
            options.reload = config.map { file in Reload(file: file) { try makeConfig() } }
            return try Fovea.run(makeConfig(), subscriptions: FoveaCommand.subscriptions, options)
        }
        if quiet {
            for trouble in summary.failures + summary.problems { StandardError.write("\(trouble)\n") }
        } else {
            StandardError.write(summary.description)
        }
        if let table = summary.stageTable { StandardError.write((quiet ? "" : "\n") + table) }
        guard summary.exitStatus == .success else { throw ExitCode(summary.exitStatus.rawValue) }
    }

    /// The configuration with what the command line says in its place.
    private func makeConfig() throws(ConfigError) -> Config {
        var config = try self.config.map { path throws(ConfigError) in try Config(contentsOf: path) } ?? Config(offline: .init(pcap: ""))
        if let capture {
            var offline = Config.Offline(pcap: capture)
            if case .offline(let configured) = config.source { (offline.mtu, offline.workers) = (configured.mtu, configured.workers) }
            config.source = .offline(offline)
        }
        if let workers {
            guard case .offline(var offline) = config.source else { throw ConfigError(path: "--workers", message: "the configuration listens to ports") }
            offline.workers = workers
            config.source = .offline(offline)
        }
        if let device {
            var online = Config.Online(ports: [])
            if case .online(let configured) = config.source { online = configured }
            online.ports = [Config.Port(device: device, cores: cores?.numbers ?? [config.mainCore + 1])]
            config.source = .online(online)
        }
        if let duration {
            guard case .online(var online) = config.source else { throw ConfigError(path: "--duration", message: "the configuration reads a capture file") }
            online.duration = .seconds(duration)
            config.source = .online(online)
        }
        if let filter { config.filter = LocatedText(filter, path: "--filter") }
        if !subscription.isEmpty {
            config.subscriptions = subscription.map { name in
                config.subscriptions.first { $0.name.text == name } ?? Config.Subscription(LocatedText(name, path: "--subscription"))
            }
        }
        if let output { config.output = output }
        if let format { config.format = Located(format, path: "--format") }
        if let maxConnections { config.conntrack.maxConnections = maxConnections }
        return config
    }
}

/// "1,2,3"
struct CoreList: ExpressibleByArgument {
    let numbers: [Int]

    init?(argument: String) {
        let words = argument.split(separator: ",", omittingEmptySubsequences: false)
        numbers = words.compactMap { Int($0) }.filter { (0...1023).contains($0) }
        guard numbers.count == words.count else { return nil }
    }

    var defaultValueDescription: String { numbers.map(String.init).joined(separator: ",") }
}

extension OutputFormat: ExpressibleByArgument {}

struct LogLevel: ExpressibleByArgument {
    let level: Logger.Level

    static let notice = LogLevel(level: .notice)

    init(level: Logger.Level) { self.level = level }

    init?(argument: String) {
        guard let level = Logger.Level(rawValue: argument) else { return nil }
        self.level = level
    }

    var defaultValueDescription: String { level.rawValue }
    static var allValueStrings: [String] { Logger.Level.allCases.map(\.rawValue) }
}
