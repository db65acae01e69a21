import ArgumentParser
import Tracking

struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the subscriptions of this program, and the data types that a configuration can ask for.")

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, json
    }

    @Option(help: ArgumentHelp("text or json.", valueName: "format"))
    var format = Format.text

    func run() {
        let types = FoveaCommand.subscriptions
        switch format {
        case .text:
            print(types.map { text(of: $0) }.joined(separator: "\n"))
            print("\ndata types, for data = in a configuration's [[subscriptions]]:\n")
            print(DataTypes.all.map { text(of: $0) }.joined(separator: "\n"))
        case .json:
            let objects = types.map { json(of: $0, kind: "subscription") } + DataTypes.all.map { json(of: $0, kind: "data") }
            print("[\n" + objects.joined(separator: ",\n") + "\n]")
        }
    }

    private func text(of subscription: AnySubscription) -> String {
        let needs = subscription._needs.names.joined(separator: ", ")
        let dispatch = subscription.dispatch == .inline ? "" : "\n    runs    on another core"
        return """
            \(subscription.name)
                \(subscription.summary.isEmpty ? "(no summary)" : subscription.summary)
                needs   \(needs)
                filter  \(subscription.filter)\(dispatch)
            """
    }

    private func json(of subscription: AnySubscription, kind: String) -> String {
        LogLine.text { object in
            object.add("name", subscription.name)
            object.add("kind", kind)
            object.add("summary", subscription.summary)
            object.add("needs", subscription._needs.names)
            object.add("filter", subscription.filter.description)
            object.add("dispatched", subscription.dispatch != .inline)
        }
    }
}

extension Needs {
    /// In words, for `fovea list`.
    var names: [String] {
        let names: [(Needs, String)] = [
            (.packets, "packets"), (.connections, "connections"), (.connectionPackets, "packets of connections"), (.stream, "reassembly"),
            (.sessions, "sessions"), (.establishment, "establishment"), (.ticks, "ticks"),
        ]
        return names.compactMap { contains($0.0) ? $0.1 : nil }
    }
}
