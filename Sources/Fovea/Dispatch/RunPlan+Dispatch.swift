import Tracking

/// Which subscriptions run on another core, and on which.
extension RunPlan {
    /// Where an entry's callbacks run. Reading a capture file can wait, and its results are to be the same each time: they run inline there.
    func dispatch(of entry: Entry) -> Dispatch { isOffline ? .inline : entry.dispatch }

    /// Those whose callbacks run on another core.
    var dispatchedEntries: [Entry] { entries.filter { dispatch(of: $0) != .inline } }

    /// The lcores that run them; none: threads of their own do.
    var dispatchCores: [Int] {
        guard case .online(let online) = config.source, !dispatchedEntries.isEmpty else { return [] }
        return online.dispatchCores.sorted()
    }

    /// What serves an entry on a core that captures.
    func makeSubscriber(for entry: Entry, _ order: SubscriberOrder) throws -> Subscriber {
        let subscriber = try entry.subscription._makeSubscriber(order)
        guard case .otherCore(let ring) = dispatch(of: entry) else { return subscriber }
        return DispatchedSubscriber(subscriber, ring: ring, maxConnections: order.maxConnections)
    }

    /// What the reader of a config file checks, for configs made in code.
    func checkDispatch(_ online: Config.Online) throws(ConfigError) {
        let cores = online.dispatchCores
        guard Set(cores).count == cores.count else { throw ConfigError(path: nil, message: "dispatch_cores: expected none twice") }
        for core in cores {
            if let reason = online.reasonAgainst(dispatchCore: core, mainCore: config.mainCore) {
                throw ConfigError(path: nil, message: "dispatch_cores: \(reason)")
            }
        }
        for entry in entries {
            guard case .otherCore(let ring) = entry.dispatch, !Dispatch.ringSizes.contains(ring) else { continue }
            throw ConfigError(path: nil, message: "\(entry.name): a ring of \(ring) bytes; expected an integer in \(Dispatch.ringSizes)")
        }
    }

    var dispatchWarnings: [String] {
        guard case .online(let online) = config.source, !online.dispatchCores.isEmpty, dispatchedEntries.isEmpty else { return [] }
        return ["dispatch_cores: no subscription asks for another core"]
    }

    /// Where they run, for people: "lcore 3", "a thread of its own".
    var dispatchPlace: String {
        let cores = dispatchCores.map(String.init)
        return cores.isEmpty ? "a thread of its own" : "\(cores.count == 1 ? "lcore" : "lcores") \(cores.joined(separator: ", "))"
    }
}

extension Config.Online {
    /// Why a core cannot run subscriptions; nil if it can.
    func reasonAgainst(dispatchCore core: Int, mainCore: Int) -> String? {
        if core == mainCore { return "\(core) is main_core" }
        return ports.first { $0.cores.contains(core) }.map { "\(core) polls \($0.device)" }
    }
}

extension Config.Subscription {
    /// Where the callbacks of a type run under this name.
    func dispatch(of type: AnySubscription) -> Dispatch {
        switch dispatch {
        case nil: type.dispatch
        case .no: .inline
        case .yes: type.dispatch == .inline ? .otherCore() : type.dispatch
        case .ring(let size): .otherCore(ring: size)
        }
    }
}
