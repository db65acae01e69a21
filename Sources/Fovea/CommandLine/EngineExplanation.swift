import Filters
import Packets
import Tracking

/// Which parts of a core's engine a run would switch on, for which subscriptions' sake, and within which bounds.
struct EngineExplanation {
    struct Part {
        let name: String
        /// Why it is off; nil when it is on.
        var whyOff: String?
        /// Those that need it, with what for, where there are several reasons.
        var subscriptions: [String] = []
        /// By the config's keys, and `bytes` for what is reserved at the start. In bytes, but for `max_connections`.
        var bounds: [(key: StaticString, value: Int)] = []
    }

    private(set) var parts: [Part] = []
    /// Why a run would not begin: it needs more memory than its budget.
    private(set) var refusal: String?

    /// Makes an engine as the run would, and takes it apart again. Nothing is opened or written.
    init(_ plan: RunPlan) throws {
        let subscribers = try plan.entries.map { entry in
            var order = SubscriberOrder(
                filter: entry.filter, context: plan.context(of: entry, lcore: plan.lcores[0]), maxConnections: plan.config.conntrack.maxConnections)
            order.makesReport = false
            return try plan.makeSubscriber(for: entry, order)
        }
        let engine = Pipeline(plan.trackerOptions, subscribers: subscribers)
        let memory = engine.memory, conntrack = plan.config.conntrack
        let both = Array(zip(plan.entries.map(\.name), subscribers)), trackers = both.filter { $0.1.needs.contains(.connections) }
        func names(_ isOne: (Subscriber) -> Bool) -> [String] { trackers.filter { isOne($0.1) }.map(\.0) }

        add(
            "connections", for: trackers.map(\.0), orOff: "no subscription tracks connections",
            [("max_connections", conntrack.maxConnections), ("bytes", memory.connections)])
        for service in Service.allCases where service != .none {
            let receivers = Set(engine.receivers(of: service)), parsers = max(1, engine.parsedServices.count)
            let subscriptions = trackers.enumerated().compactMap { number, tracker in
                receivers.contains(number) ? "\(tracker.0) (its sessions)" : tracker.1.filter.services.contains(service) ? "\(tracker.0) (its filter)" : nil
            }
            add(
                "parser of \(service.name)", for: subscriptions, orOff: "no subscription asks for its sessions, and no filter for what they tell",
                [("parser_memory", conntrack.parserMemory), ("bytes", memory.parsers / parsers)])
        }
        add(
            "reassembly", for: names { !$0.needs.isDisjoint(with: [.stream, .sessions]) || $0.filter.needsService },
            orOff: "no subscription asks for streams or sessions, and no filter for application protocols",
            [
                ("reassembly_memory", conntrack.reassemblyMemory), ("reassembly_per_connection", conntrack.reassemblyPerConnection),
                ("reassembly_per_direction", conntrack.reassemblyPerDirection),
            ])
        add(
            "history", for: names { $0.history != nil }, orOff: "no subscription asks for what came before its filter could tell",
            [("history_memory", conntrack.historyMemory)])
        add(
            "fragments", for: conntrack.fragments ? trackers.map(\.0) : [],
            orOff: conntrack.fragments ? "no subscription tracks connections" : "fragments = false",
            [("fragment_memory", conntrack.fragmentMemory), ("bytes", memory.fragments)])
        add("values", for: memory.subscriptions > 0 ? trackers.map(\.0) : [], orOff: "no subscription keeps any", [("bytes", memory.subscriptions)])
        let dispatched = plan.dispatchedEntries.map { "\($0.name) (on \(plan.dispatchPlace))" }
        add(
            "other cores", for: dispatched, orOff: plan.isOffline ? "a capture file's callbacks run inline" : "no subscription asks for one",
            [("bytes", memory.rings)])
        parts.append(Part(name: "memory", bounds: [("memory_budget", plan.config.memoryBudget), ("bytes", memory.total)]))
        do { try plan.check(memory) } catch { refusal = error.message }
    }

    private mutating func add(_ name: String, for subscriptions: [String], orOff reason: String, _ bounds: [(key: StaticString, value: Int)]) {
        parts.append(
            subscriptions.isEmpty ? Part(name: name, whyOff: reason) : Part(name: name, subscriptions: subscriptions, bounds: bounds))
    }

    var text: String {
        let width = max(12, (parts.map(\.name.count).max() ?? 0) + 2)
        let lines = parts.map { "  \(Figures.rightPadded($0.name, to: width))\($0.text)" } + (refusal.map { ["  \($0)"] } ?? [])
        return "on each core\n" + lines.joined(separator: "\n")
    }

    /// An object for each part.
    var json: [String] {
        parts.map { part in
            LogLine.text { object in
                object.add("part", part.name)
                object.add("on", part.whyOff == nil)
                object.add("why_off", part.whyOff)
                if !part.subscriptions.isEmpty { object.add("subscriptions", part.subscriptions) }
                for (key, value) in part.bounds { object.add(key, value) }
                if part.name == "memory" { object.add("refusal", refusal) }
            }
        }
    }
}

extension EngineExplanation.Part {
    fileprivate var text: String {
        if let whyOff { return "off: \(whyOff)" }
        let figures = bounds.map { key, value in
            switch "\(key)" {
            case "max_connections": "max_connections \(Figures.grouped(value))"
            case "bytes": "\(Figures.bytes(value)) reserved"
            default: "\(key) \(Figures.bytes(value))"
            }
        }
        return figures.joined(separator: ", ") + (subscriptions.isEmpty ? "" : "; for \(subscriptions.joined(separator: ", "))")
    }
}
