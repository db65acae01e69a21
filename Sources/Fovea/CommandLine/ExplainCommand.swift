import ArgumentParser
import Capture
import Filters
import Packets
import Tracking

struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Says how subscriptions come to their decisions: what is asked when, and what a card could do.",
        discussion: """
            For each stage at which more is known: what a connection must be to go on. What a card could pick out are frames of whole packets outside of \
            tunnels; with --device it is asked whether it would. With --profile the subscriptions run on a capture, their results going nowhere: what each stage \
            costs, and what each filter lets through to the next.
            """)

    @Argument(help: "A configuration (TOML).", completion: .file(extensions: ["toml"]))
    var config: String?

    @Option(help: ArgumentHelp("A filter to explain in place of a configuration's: 'tcp.port == 443'.", valueName: "text"))
    var filter: String?

    @Option(help: ArgumentHelp("Asks this DPDK device what it would do by itself: a PCI address, net_tap0.", valueName: "devargs"))
    var device: String?

    @Option(help: ArgumentHelp("Measures on this capture file, pcap or pcapng.", valueName: "file"), completion: .file())
    var profile: String?

    @Option(help: ArgumentHelp("text or json.", valueName: "format"))
    var format = ListCommand.Format.text

    func validate() throws {
        guard (config == nil) != (filter == nil) else { throw ValidationError("give a configuration, or --filter") }
    }

    func run() throws {
        let (explanations, profile) = try reportingErrors { (try self.explanations(), try self.measure()) }
        if let profile { return print(format == .text ? (explanations.map(\.text) + [profile.description]).joined(separator: "\n\n") : profile.json) }
        switch format {
        case .text: print(explanations.map(\.text).joined(separator: "\n\n"))
        case .json: print("[\n" + explanations.map(\.json).joined(separator: ",\n") + "\n]")
        }
    }

    private func explanations() throws -> [FilterExplanation] {
        let filters = try self.filters()
        guard let device else { return filters.map { FilterExplanation(name: $0.name, $0.filter, verdicts: nil) } }
        let verdicts = try self.verdicts(of: device, filters.map(\.filter))
        return zip(filters, verdicts).map { FilterExplanation(name: $0.name, $0.filter, verdicts: $1) }
    }

    private func filters() throws -> [(name: String, filter: Filter)] {
        if let config { return try RunPlan(Config(contentsOf: config), subscriptions: FoveaCommand.subscriptions).entries.map { ($0.name, $0.filter) } }
        do throws(FilterError) {
            return [("--filter", try Filter(parsing: filter ?? ""))]
        } catch {
            throw ConfigError(path: nil, message: "--filter: \(error)")
        }
    }

    /// The subscriptions' costs on a capture, if there is one. A filter alone has its connections' records made.
    private func measure() throws -> Profile? {
        guard let profile else { return nil }
        var config = try self.config.map { path throws(ConfigError) in try Config(contentsOf: path) } ?? Config(offline: .init(pcap: profile))
        if let filter {
            var subscription = Config.Subscription(LocatedText(ConnectionData.name))
            subscription.filter = LocatedText(filter, path: "--filter")
            config.subscriptions = [subscription]
        }
        return try RunPlan(config, subscriptions: FoveaCommand.subscriptions).profile(profile)
    }

    /// The device's answers to each filter's rules, nil where it would take one.
    private func verdicts(of device: String, _ filters: [Filter]) throws -> [[String?]] {
        let mbufs = Mempools.Shape(capacity: 2048, cache: 0, room: 2048)
        if EAL.setup == nil {
            try EAL.start(mainLcore: 0, workers: [1], hugepages: false, memory: mbufs.bytes, usesPCI: !device.hasPrefix("net_"))
        }
        var options = Port.Options(lcores: [1])
        (options.mbufs, options.descriptors) = (mbufs, 512)
        let port = try Port(device: device, options)
        return filters.map { filter in FlowRule.rules(for: filter)?.map { port.validate($0) } ?? [] }
    }
}
