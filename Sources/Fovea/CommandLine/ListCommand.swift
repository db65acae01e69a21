import ArgumentParser
import Tracking

struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Lists the subscriptions of this program.")

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, json
    }

    @Option(help: ArgumentHelp("text or json.", valueName: "format"))
    var format = Format.text

    func run() {
        let subscriptions = FoveaCommand.subscriptions
        switch format {
        case .text: print(subscriptions.map { text(of: $0) }.joined(separator: "\n"))
        case .json: print("[\n" + subscriptions.map { json(of: $0) }.joined(separator: ",\n") + "\n]")
        }
    }

    private func text(of subscription: AnySubscription) -> String {
        let needs = subscription._needs.names.joined(separator: ", ")
        return """
            \(subscription.name)
                \(subscription.summary.isEmpty ? "(no summary)" : subscription.summary)
                needs   \(needs)
                filter  \(subscription.filter)
            """
    }

    private func json(of subscription: AnySubscription) -> String {
        JSONObject.text { object in
            object.add("name", subscription.name)
            object.add("summary", subscription.summary)
            object.add("needs", subscription._needs.names)
            object.add("filter", subscription.filter.description)
        }
    }
}

extension Needs {
    /// In words, for `fovea list`.
    var names: [String] {
        let names: [(Needs, String)] = [
            (.packets, "packets"), (.connections, "connections"), (.connectionPackets, "packets of connections"), (.stream, "reassembly"),
            (.sessions, "sessions"),
        ]
        return names.compactMap { contains($0.0) ? $0.1 : nil }
    }
}
