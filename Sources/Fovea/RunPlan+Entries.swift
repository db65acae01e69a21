import Filters
import Tracking

/// A subscription's type, whether or not its values can be copied.
public typealias AnySubscription = any (Subscription & ~Copyable).Type

/// Which subscriptions a run serves: what the config asks for, each with its type, its filter and its output.
extension RunPlan {
    public struct Entry {
        /// The config's for it, or its type's.
        public let name: String
        public let subscription: AnySubscription
        /// The config's or the type's, and the global one.
        public let filter: Filter
        /// The file for its results; nil: standard output.
        public let outputFile: String?
        /// How much of what its type conforms to it gets.
        public let delivery: Delivery
        /// Where its callbacks run while traffic is live.
        public let dispatch: Dispatch
        /// Whether others write there, too, and its name is not its type's.
        let isLabeled: Bool
    }

    /// - Parameter lines: of the core, where lines are put in order.
    func context(of entry: Entry, lcore: Int, lines: CoreLines? = nil) -> ReportContext {
        var context = ReportContext(subscription: entry.name, lcore: lcore, outputFolder: config.output)
        context.outputFile = entry.outputFile
        context.delivery = entry.delivery
        context.label = entry.isLabeled ? entry.name : nil
        context.place = entries.firstIndex { $0.name == entry.name } ?? 0
        context.lines = lines
        return context
    }

    static func entries(_ config: Config, _ types: [AnySubscription]) throws(ConfigError) -> [Entry] {
        for (index, type) in types.enumerated() where types[..<index].contains(where: { $0.name == type.name }) {
            throw ConfigError(path: nil, message: "two subscriptions are called \(type.name)")
        }
        let lists = try config.filterLists()
        let global = try config.filter.map { text throws(ConfigError) in try filter(text, lists) } ?? .everything
        var wishes = config.subscriptions
        if wishes.isEmpty { wishes = types.map { Config.Subscription(LocatedText($0.name)) } }

        var names: Set<String> = []
        var chosen: [(name: String, type: AnySubscription, filter: Filter, file: String?, delivery: Delivery, dispatch: Dispatch)] = []
        for wish in wishes {
            let name = wish.name.text
            guard names.insert(name).inserted else { throw wish.name.error("\(name) is there twice") }
            let type = try wish.subscription(among: types)
            let filter = try wish.filter.map { text throws(ConfigError) in try Self.filter(text, lists) }
            do {
                try FilterPlan.check((filter ?? type.filter) && global)
            } catch {
                throw (wish.filter ?? wish.name).error("filter: \(error)")
            }
            if type._needs.contains(.packets), ((filter ?? type.filter) && global).asksForConnections {
                throw (wish.filter ?? config.filter ?? wish.name).error(
                    "filter: \(name) looks at packets one by one, and this asks for what is known of their connections; connection_packet waits for that")
            }
            let file = try wish.outputFile(folder: config.output)
            chosen.append((name, type, (filter ?? type.filter) && global, file, try wish.delivery(of: type._needs), wish.dispatch(of: type)))
        }
        let writers = Dictionary(chosen.map { ($0.file, 1) }, uniquingKeysWith: +)
        return chosen.map { name, type, filter, file, delivery, dispatch in
            Entry(
                name: name, subscription: type, filter: filter, outputFile: file, delivery: delivery, dispatch: dispatch,
                isLabeled: name != type.name && writers[file, default: 0] > 1)
        }
    }

    private static func filter(_ text: LocatedText, _ lists: FilterLists) throws(ConfigError) -> Filter {
        do {
            return try Filter(parsing: text.text, lists: lists)
        } catch {
            throw text.error("filter: \(error)")
        }
    }
}

extension Config {
    /// The lists, those in files read.
    func filterLists() throws(ConfigError) -> FilterLists {
        var filterLists = FilterLists()
        for (name, list) in lists.sorted(by: { $0.key < $1.key }) {
            switch list {
            case .values(let values): filterLists.add(name, values: values.map(\.text), origin: values.first?.path)
            case .file(let path):
                do {
                    filterLists.add(name, file: path.text, text: try ConfigFile.bytes(path.text, longest: ConfigFile.longestList))
                } catch {
                    throw path.error("lists.\(name): \(error)")
                }
            }
        }
        return filterLists
    }
}

extension Config.Subscription {
    /// Its type: the one that it names, or else the one that is called as it is.
    fileprivate func subscription(among types: [AnySubscription]) throws(ConfigError) -> AnySubscription {
        if let type, data != nil { throw type.error("type: \(name.text) has data, too; expected one of them") }
        if let type { return try find(type.text, among: types) { type.error("type: there is no subscription \($0)") } }
        if let data { return try find(data.text, among: DataTypes.all) { data.error("data: there is no data type \($0)") } }
        if let type = (types + DataTypes.all).first(where: { $0.name == name.text }) { return type }
        // A name of the reader's own is no misspelling.
        guard filter == nil || name.text.nearest(in: types.map { $0.name }) != nil else {
            throw name.error("\(name.text.shown) is no subscription of the program's: expected type = or data = to say what it is to give")
        }
        return try find(name.text, among: types) { name.error("there is no subscription \($0)") }
    }

    /// - Parameter error: of a message that begins with the name.
    private func find(_ name: String, among types: [AnySubscription], _ error: (String) -> ConfigError) throws(ConfigError) -> AnySubscription {
        if let type = types.first(where: { $0.name == name }) { return type }
        let known = types.map { $0.name }
        throw error(name.shown + (name.nearest(in: known).map { "; did you mean \($0)?" } ?? ", only \(known.joined(separator: ", "))"))
    }

    /// - Parameter needs: what its type conforms to, of which it can ask for less and for nothing else.
    fileprivate func delivery(of needs: Needs) throws(ConfigError) -> Delivery {
        if let packets, needs.isDisjoint(with: [.packets, .connectionPackets]) { throw packets.error("packets: \(name.text) gets no packets") }
        if let every, !needs.contains(.ticks) { throw every.error("every: \(name.text) does not tick") }
        if let bytes, !needs.contains(.stream) { throw bytes.error("bytes: \(name.text) gets no stream") }
        if let history, needs.isDisjoint(with: [.connectionPackets, .stream]) {
            throw history.error("history: \(name.text) gets neither connections' packets nor streams")
        }
        var delivery = Delivery()
        (delivery.packets, delivery.tick, delivery.bytes, delivery.history) = (packets?.value, every?.value, bytes?.value, history?.value)
        return delivery
    }

    /// Where its results go: nil for standard output. A file's name alone lies in the folder, as the default `<name>.jsonl` does; a path is as all others are.
    fileprivate func outputFile(folder: String?) throws(ConfigError) -> String? {
        guard let output else { return try folder.map { folder throws(ConfigError) in "\(folder)/\(try fileName(name, name.text + ".jsonl"))" } }
        if output.text == "-" { return nil }
        if output.text.contains("/") { return output.text }
        let file = try fileName(output, output.text)
        return folder.map { "\($0)/\(file)" } ?? file
    }

    private func fileName(_ place: LocatedText, _ name: String) throws(ConfigError) -> String {
        let isGood = !name.hasPrefix(".") && !name.contains("/") && name.utf8.count <= 255 && name.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f }
        guard isGood, name != "summary.json" else {
            throw place.error("\(name.shown) cannot be the name of a result file\(output == nil ? "; give it an output" : "")")
        }
        return name
    }
}
