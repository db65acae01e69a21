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
        /// What that file is like.
        public var output: OutputOptions { layout.options }
        let layout: OutputLayout
        /// What its lines consist of, if its type says so.
        let log: LogSchema?
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
        var chosen: [(wish: Config.Subscription, type: AnySubscription, filter: Filter, output: OutputWish, delivery: Delivery)] = []
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
            let output = try OutputWish(wish, type, config)
            chosen.append((wish, type, (filter ?? type.filter) && global, output, try wish.delivery(of: type._needs)))
        }
        try OutputWish.check(chosen.map(\.output))
        let writers = Dictionary(chosen.map { ($0.output.file, 1) }, uniquingKeysWith: +)
        return chosen.map { wish, type, filter, output, delivery in
            let isShared = writers[output.file, default: 0] > 1
            return Entry(
                name: wish.name.text, subscription: type, filter: filter, outputFile: output.file, layout: output.layout(isShared: isShared), log: output.log,
                delivery: delivery, dispatch: wish.dispatch(of: type), isLabeled: wish.name.text != type.name && isShared)
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
}
