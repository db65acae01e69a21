import ArgumentParser

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Reads a configuration and says what would run. Opens nothing but the configuration.")

    @Argument(help: "A configuration (TOML).", completion: .file(extensions: ["toml"]))
    var config: String

    func run() throws {
        try reportingErrors {
            let plan = try RunPlan(Config(contentsOf: config), subscriptions: FoveaCommand.subscriptions)
            print(plan, terminator: "")
            for warning in plan.warnings { StandardError.write("warning: \(warning)\n") }
        }
    }
}

extension RunPlan: CustomStringConvertible {
    /// What would run, for people.
    public var description: String {
        var lines: [(String, String)] = []
        switch config.source {
        case .offline(let offline):
            lines.append(("reads", offline.pcap))
            lines.append(("on", "\(lcores.count == 1 ? "lcore" : "lcores") \(lcores.map(String.init).joined(separator: ", "))"))
        case .online(let online):
            for port in online.ports {
                lines.append(("listens to", port.device))
                lines.append(("on", "\(port.cores.count == 1 ? "lcore" : "lcores") \(port.cores.map(String.init).joined(separator: ", "))\(port.spreading)"))
            }
            lines.append(("for", online.duration.map { Figures.time(Int($0.inSeconds)) } ?? "as long as nobody stops it"))
        }
        lines.append(("writes to", config.output.map { "\($0)/\(config.format?.value.usualFile ?? OutputFormat.jsonl.usualFile)" } ?? "standard output"))
        lines.append(("tracks", "\(Figures.grouped(config.conntrack.maxConnections)) connections on a core at most"))
        for entry in entries { lines.append((entry.name, entry.shown(in: config.output, dispatch: dispatch(of: entry) == .inline ? nil : dispatchPlace))) }
        let width = lines.map(\.0.count).max() ?? 0
        return lines.map { "\(Figures.rightPadded($0.0, to: width))  \($0.1)\n" }.joined()
    }
}

extension Config.Port {
    /// How flows come to one of several cores each.
    fileprivate var spreading: String {
        guard cores.count > 1 else { return "" }
        return switch spread {
        case .device: ", a queue each"
        case .software: ", spread by software"
        case nil: ", a queue each; spread by software if the device cannot do it"
        }
    }
}

extension RunPlan.Entry {
    /// The filter, then what is not as its name says: `tls.sni … (tls to names.txt)`.
    fileprivate func shown(in folder: String?, dispatch: String?) -> String {
        let usual = folder.map { "\($0)/\(name).jsonl" }
        let type = subscription.name == name ? nil : subscription.name
        let place = outputFile == usual ? nil : "to \(outputFile ?? "standard output")"
        let format = output.format == .jsonl ? nil : "as \(output.format.rawValue)"
        let notes = [type, place, format, dispatch.map { "on \($0)" }].compactMap(\.self).joined(separator: " ")
        return notes.isEmpty ? "\(filter)" : "\(filter)  (\(notes))"
    }
}
