import ArgumentParser
import Filters
import Tracking

struct FieldsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fields", abstract: "Lists what filters can ask for.",
        discussion: """
            The stage is when a field's value is known at the earliest: with a packet's headers, a connection's first packet, the discovery of its \
            protocol, a parsed session, or the connection's end.
            """)

    @Argument(help: ArgumentHelp("Only fields whose name, or other name, begins like this: tls.", valueName: "prefix"))
    var prefix = ""

    @Option(help: ArgumentHelp("text or json.", valueName: "format"))
    var format = ListCommand.Format.text

    func run() throws {
        let fields = FieldCatalog.standard.fields.filter { ([$0.name] + $0.aliases).contains { $0.hasPrefix(prefix) } }
        guard !fields.isEmpty else { throw ValidationError("no field begins with \"\(prefix)\"") }
        switch format {
        case .text: print(fields.map { text(of: $0) }.joined(separator: "\n"))
        case .json: print("[\n" + fields.map { json(of: $0) }.joined(separator: ",\n") + "\n]")
        }
    }

    /// A line that can be searched for, and what else there is to know below it.
    private func text(of field: Field) -> String {
        let head = [(field.name, 34), (field.type.word, 14), ("\(field.stage)", 12)].map { $0 + String(repeating: " ", count: max(1, $1 - $0.count)) }
        var lines = [head.joined() + field.summary, "    " + field.example]
        if !field.aliases.isEmpty { lines.append("    also \(field.aliases.joined(separator: ", "))") }
        // All of a few; TLS has hundreds of cipher suites, of which JSON tells.
        let values = field.valuesInOrder, shown = values.count > 20 ? 4 : values.count
        if shown > 0 { lines.append("    values " + values.prefix(shown).joined(separator: ", ") + (values.count > shown ? " … (\(values.count))" : "")) }
        return lines.joined(separator: "\n")
    }

    private func json(of field: Field) -> String {
        LogLine.text { object in
            object.add("name", field.name)
            object.add("aliases", field.aliases)
            object.add("type", field.type.word)
            object.add("stage", "\(field.stage)")
            object.add("summary", field.summary)
            object.add("example", field.example)
            object.add("values", field.valuesInOrder)
        }
    }
}

extension Field {
    /// The names of its values, the least number's first.
    fileprivate var valuesInOrder: [String] { valueNames.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.map(\.key) }
}

extension FieldType {
    fileprivate var word: String {
        switch self {
        case .integer: "integer"
        case .boolean: "boolean"
        case .duration: "duration"
        case .address(nil): "address"
        case .address(let version?): "IPv\(version) address"
        case .mac: "MAC address"
        case .string: "string"
        case .name: "name"
        case .bytes: "bytes"
        }
    }
}
