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
            tunnels; with --device it is asked whether it would. With --profile the subscriptions run on a capture, their results going nowhere: what each \
            stage costs, and what each filter lets through to the next.
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
        let (explanations, engine, profile) = try reportingErrors {
            let plan = try config.map { try RunPlan(Config(contentsOf: $0), subscriptions: FoveaCommand.subscriptions) }
            return (try self.explanations(plan), try plan.map(EngineExplanation.init), try self.measure(plan))
        }
        let texts = explanations.map(\.text) + [engine?.text].compactMap(\.self)
        if let profile { return print(format == .text ? (texts + [profile.description]).joined(separator: "\n\n") : profile.json) }
        switch format {
        case .text: print(texts.joined(separator: "\n\n"))
        case .json: print("[\n" + (explanations.map(\.json) + (engine?.json ?? [])).joined(separator: ",\n") + "\n]")
        }
    }

    private func explanations(_ plan: RunPlan?) throws -> [FilterExplanation] {
        let filters = try plan.map { $0.entries.map { ($0.name, $0.filter) } } ?? [("--filter", filterOfOption())]
        guard let device else { return filters.map { FilterExplanation(name: $0.0, $0.1, verdicts: nil) } }
        let verdicts = try self.verdicts(of: device, filters.map(\.1))
        return zip(filters, verdicts).map { FilterExplanation(name: $0.0, $0.1, verdicts: $1) }
    }

    private func filterOfOption() throws -> Filter {
        do throws(FilterError) {
            return try Filter(parsing: filter ?? "")
        } catch {
            throw ConfigError(path: nil, message: "--filter: \(error)")
        }
    }

    /// The subscriptions' costs on a capture, if there is one. A filter alone has its connections' records made.
    private func measure(_ plan: RunPlan?) throws -> Profile? {
        guard let profile else { return nil }
        if let plan { return try plan.profile(profile) }
        var config = Config(offline: .init(pcap: profile))
        var subscription = Config.Subscription(LocatedText(ConnectionData.name))
        subscription.filter = LocatedText(filter ?? "", path: "--filter")
        config.subscriptions = [subscription]
        return try RunPlan(config, subscriptions: []).profile(profile)
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
