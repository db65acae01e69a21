import Tracking

/// What a reload may not change.
extension RunPlan {
    /// Checks that another plan differs in filters and lists only, whatever the order of its subscriptions.
    ///
    /// - Returns: the other's filters, in the order of these entries.
    /// - Throws: `ConfigError`, which names what else differs: "conntrack.max_connections changed: that needs a restart".
    func filters(from other: RunPlan) throws(ConfigError) -> [Filter] {
        func refuse(_ change: String) throws(ConfigError) -> Never { throw ConfigError(path: nil, message: "\(change): that needs a restart") }

        if let setting = config.firstChange(in: other.config) { try refuse("\(setting) changed") }
        if let new = other.entries.first(where: { entry in !entries.contains { $0.name == entry.name } }) { try refuse("subscription \(new.name) is new") }
        var filters: [Filter] = []
        for entry in entries {
            guard let later = other.entries.first(where: { $0.name == entry.name }) else { try refuse("subscription \(entry.name) is gone") }
            if later.subscription != entry.subscription { try refuse("the type of subscription \(entry.name) changed") }
            if later.outputFile != entry.outputFile { try refuse("the output of subscription \(entry.name) changed") }
            if later.output != entry.output { try refuse("the format or the files of subscription \(entry.name) changed") }
            if later.delivery != entry.delivery { try refuse("how much subscription \(entry.name) gets changed") }
            if later.dispatch != entry.dispatch { try refuse("the core of subscription \(entry.name) changed") }
            filters.append(later.filter)
        }
        return filters
    }
}

/// Settings that differ are named one by one, by the names that they have in a file; of other types as a whole.
private protocol ConfigSection {}
extension Config: ConfigSection {}
extension Config.Source: ConfigSection {}
extension Config.Offline: ConfigSection {}
extension Config.Online: ConfigSection {}
extension Config.Mempool: ConfigSection {}
extension Config.Conntrack: ConfigSection {}

extension Config {
    /// The first setting, beside filters, lists and subscriptions, that is another one in the other configuration.
    func firstChange(in other: Config) -> String? {
        func rest(_ config: Config) -> Config {
            var rest = config
            (rest.filter, rest.lists, rest.subscriptions) = (nil, [:], [])
            return rest
        }
        let (before, after) = (rest(self), rest(other))
        // By reflection, so that no setting can be forgotten here.
        return before == after ? nil : Self.firstChange(before, after, at: []) ?? "a setting"
    }

    private static func firstChange(_ before: Any, _ after: Any, at place: [String]) -> String? {
        guard before is any ConfigSection, after is any ConfigSection else {
            return "\(before)" == "\(after)" ? nil : place.joined(separator: ".")
        }
        let (before, after) = (Mirror(reflecting: before), Mirror(reflecting: after))
        for (old, new) in zip(before.children, after.children) {
            guard let label = old.label, label == new.label else { return "the source" }
            // `source` is what a file has as [offline] or [online].
            let steps = label == "source" ? [] : [label.snakeCased]
            if let change = firstChange(old.value, new.value, at: place + steps) { return change }
        }
        return nil
    }
}
