import Capture
import Filters

/// What there is to know of a filter before traffic comes.
struct FilterExplanation {
    let name: String
    let filter: Filter
    /// Ascending, each with what must hold by then.
    let stages: [(stage: FilterStage, required: Filter)]
    /// Nil: every frame may be wanted, or too many rules would be needed.
    let rules: [FlowRule]?
    /// Parts of it that can never hold.
    let contradictions: [FilterContradiction]
    /// A device's answers to the rules, nil where it would take one; nil when none was asked.
    let verdicts: [String?]?

    init(name: String, _ filter: Filter, verdicts: [String?]?) {
        self.name = name
        self.filter = filter
        stages = filter.stages.map { ($0, filter.required(at: $0)) }
        rules = FlowRule.rules(for: filter)
        contradictions = filter.contradictions
        self.verdicts = verdicts
    }

    /// Of these protocols sessions are parsed.
    private var parsers: [String] { filter.services.map(\.name).sorted() }

    /// A line for each distinct answer of the device.
    private var verdictLines: [String] {
        guard let verdicts, !verdicts.isEmpty else { return [] }
        return Dictionary(grouping: verdicts.map { $0 ?? "taken" }, by: \.self).map { "\($0.key) (\($0.value.count))" }.sorted()
    }

    var text: String {
        var lines = [(name, "\(filter)")]
        for contradiction in contradictions { lines.append((contradiction.isWhole ? "  never" : "  dead part", "\(contradiction)")) }
        for (stage, required) in stages { lines.append(("  \(stage)", required == .everything ? "all go on" : "\(required)")) }
        if !parsers.isEmpty { lines.append(("  parsers", parsers.joined(separator: ", "))) }
        if let rules {
            if rules.isEmpty { lines.append(("  card", "drops all: no frame can be wanted")) }
            for rule in rules { lines.append(("  card", "\(rule)")) }
        } else {
            lines.append(("  card", "cannot choose: every frame may be wanted, or too many rules would be needed"))
        }
        for line in verdictLines { lines.append(("  device", line)) }
        let width = max(12, lines.map(\.0.count).max() ?? 0)
        return lines.map { "\(Figures.rightPadded($0.0, to: width))  \($0.1)" }.joined(separator: "\n")
    }

    var json: String {
        LogLine.text { object in
            object.add("name", name)
            object.add("filter", "\(filter)")
            object.add("contradiction", contradictions.contains(where: \.isWhole))
            object.add("contradictions", contradictions.map(\.description))
            object.add("stages", stages.map { "\($0.stage)" })
            object.add("required", stages.map { "\($0.required)" })
            object.add("parsers", parsers)
            if let rules { object.add("rules", rules.map(\.description)) }
            if let verdicts { object.add("device", verdicts.map { $0 ?? "taken" }) }
        }
    }
}

extension FlowRule {
    /// Rules that a card needs to pick out the frames of all connections that a filter can want; nil when there is no saying, or no end of them.
    static func rules(for filter: Filter, limit: Int = 64) -> [FlowRule]? {
        guard let patterns = filter.framePatterns(limit: limit) else { return nil }
        let rules = patterns.flatMap { pattern in
            blocks(pattern.sourcePort).flatMap { source in
                blocks(pattern.destinationPort).map { destination in
                    var rule = FlowRule()
                    (rule.ipVersion, rule.transport) = (pattern.ipVersion, pattern.transport)
                    (rule.source, rule.destination) = (pattern.source, pattern.destination)
                    (rule.sourcePort, rule.destinationPort) = (source, destination)
                    return rule
                }
            }
        }
        return rules.count <= limit ? rules : nil
    }

    private static func blocks(_ range: ClosedRange<UInt16>?) -> [PortBits?] { range.map(PortBits.covering) ?? [nil] }
}
