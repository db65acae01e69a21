/// Where a subscription's results are to go and what they are to be like, as the config says it.
struct OutputWish {
    let name: LocatedText
    /// Nil: standard output.
    let file: String?
    let options: OutputOptions
    let log: LogSchema?
    /// Where it says what is asked for first, for errors.
    private let place: LocatedText

    init(_ wish: Config.Subscription, _ type: AnySubscription, _ config: Config) throws(ConfigError) {
        name = wish.name
        place = wish.output ?? wish.name
        // A type whose values cannot be copied may be one, too, for all the compiler says.
        log = ((type as Any) as? any LoggedSubscription.Type)?.log
        var options = OutputOptions()
        let format = wish.format ?? config.format
        options.format = format?.value ?? .jsonl
        options.compress = (wish.compress ?? config.compress)?.value
        options.rotateSize = (wish.rotateSize ?? config.rotateSize)?.value
        options.rotateInterval = (wish.rotateInterval ?? config.rotateInterval)?.value
        if options.format != .jsonl, log == nil {
            let (wanted, free) = (options.format.rawValue.shown, OutputFormat.jsonl.rawValue.shown)
            throw format!.error("format: \(type.name) has no columns, which \(wanted) needs; only \(free) does not")
        }
        if options.format == .eve, log?.event == nil {
            throw format!.error("format: \(OutputFormat.eve.rawValue.shown) has no event for what \(type.name) gives")
        }
        self.options = options
        file = try Self.file(wish, type, log, options, config.output)
        guard file == nil, options.rotates else { return }
        let size = wish.rotateSize ?? config.rotateSize, interval = wish.rotateInterval ?? config.rotateInterval
        let (key, error) = size.map { ("rotate_size", $0.error) } ?? ("rotate_interval", interval!.error)
        throw error("\(key): \(name.text) writes to standard output, which is one; give it an output")
    }

    func layout(isShared: Bool) -> OutputLayout {
        guard options.format.isTable, let log else { return OutputLayout(options: options) }
        return OutputLayout(options: options, path: log.path, columns: log.columns(withSubscription: isShared))
    }

    /// That those who write to one place agree on what is there.
    static func check(_ wishes: [OutputWish]) throws(ConfigError) {
        var first: [String?: OutputWish] = [:]
        for wish in wishes {
            guard let other = first[wish.file] else {
                first[wish.file] = wish
                continue
            }
            let both = "\(wish.name.text) and \(other.name.text) write to \(wish.file ?? "standard output")"
            if wish.options != other.options { throw wish.place.error("output: \(both), and ask for different files") }
            if wish.options.format.isTable, !wish.hasColumns(of: other) {
                let hint = wish.file == nil ? "give them a folder or outputs" : "give them outputs"
                let format = wish.options.format.rawValue.shown
                throw wish.place.error("output: \(both), and have different columns, of which \(format) has one set a file; \(hint)")
            }
        }
    }

    private func hasColumns(of other: OutputWish) -> Bool {
        func names(_ wish: OutputWish) -> [String] { wish.log?.columns.map { "\($0.name)" } ?? [] }
        return names(self) == names(other)
    }

    // MARK: Files

    /// Where its results go: nil for standard output. A file's name alone lies in the folder, as the default of the format does; a path is as all others are.
    private static func file(
        _ wish: Config.Subscription, _ type: AnySubscription, _ log: LogSchema?, _ options: OutputOptions, _ folder: String?
    ) throws(ConfigError) -> String? {
        guard let output = wish.output else {
            guard let folder else { return nil }
            return "\(folder)/\(try fileName(usualName(wish.name.text, type, log, options.format), wish, options))"
        }
        if output.text == "-" { return nil }
        if output.text.contains("/") { return output.text }
        let file = try fileName(output.text, wish, options)
        return folder.map { "\($0)/\(file)" } ?? file
    }

    private static func usualName(_ name: String, _ type: AnySubscription, _ log: LogSchema?, _ format: OutputFormat) -> String {
        switch format {
        case .jsonl: "\(name).jsonl"
        case .csv: "\(name).csv"
        case .zeek: "\(name == type.name ? log?.path ?? name : name).log"
        // Suricata's one file for all.
        case .eve: "eve.json"
        }
    }

    private static func fileName(_ name: String, _ wish: Config.Subscription, _ options: OutputOptions) throws(ConfigError) -> String {
        let suffix = options.compress?.suffix ?? ""
        let whole = name.hasSuffix(suffix) ? name : name + suffix
        let isPlain = whole.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f }
        let isGood = !whole.hasPrefix(".") && !whole.contains("/") && whole.utf8.count <= 255 && isPlain
        guard isGood, whole != "summary.json" else {
            throw (wish.output ?? wish.name).error("\(name.shown) cannot be the name of a result file\(wish.output == nil ? "; give it an output" : "")")
        }
        return whole
    }
}
