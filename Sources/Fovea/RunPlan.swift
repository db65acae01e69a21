import Capture
import Tracking

/// What a run will do: which subscriptions with which filters, on which lcores. Making one finds whatever is wrong with a config
/// without looking at the machine.
public struct RunPlan {
    public let config: Config
    public let entries: [Entry]
    /// Those that the config can name.
    let types: [AnySubscription]

    /// - Parameter subscriptions: those that the config can name, beside `DataTypes`; if it names none, all of them run.
    public init(_ config: Config, subscriptions: [AnySubscription]) throws(ConfigError) {
        self.config = config
        types = subscriptions
        entries = try Self.entries(config, subscriptions)
        guard !entries.isEmpty else { throw ConfigError(path: nil, message: "no subscription to run") }
        try checkPorts()
    }

    /// What the reader of a config file checks, for configs made in code.
    private func checkPorts() throws(ConfigError) {
        guard case .online(let online) = config.source else {
            guard Config.Offline.workerCounts.contains(workers) else {
                throw ConfigError(path: nil, message: "workers: expected an integer in 1...64, found \(workers)")
            }
            return
        }
        guard !online.ports.isEmpty else { throw ConfigError(path: nil, message: "no port to listen to") }
        for port in online.ports {
            guard !port.cores.isEmpty, Set(port.cores).count == port.cores.count else {
                throw ConfigError(path: nil, message: "\(port.device): cores: expected at least one, and none twice")
            }
            guard !port.cores.contains(config.mainCore) else {
                throw ConfigError(path: nil, message: "\(port.device): cores: \(config.mainCore) is main_core, which polls no queue")
            }
        }
        try checkDispatch(online)
    }

    /// What is odd about the config and yet can run: filters that can never match, in whole or in part.
    var warnings: [String] {
        entries.flatMap { entry in
            entry.filter.contradictions.map { "\(entry.name): \($0.isWhole ? "its filter never matches" : "a part of its filter never holds"): \($0)" }
        } + dispatchWarnings
    }

    /// Whether the engine that was made for a core stays within its budget.
    func check(_ memory: EngineMemory) throws(ConfigError) {
        guard memory.total > config.memoryBudget else { return }
        let parts = memory.parts.map { "\($0.name) \(Figures.bytes($0.bytes))" }.joined(separator: ", ")
        // A little less, for buckets come in powers of two.
        let perConnection = (memory.total - memory.fixed) / config.conntrack.maxConnections * 21 / 20 + 1
        let fitting = (config.memoryBudget - memory.fixed) / perConnection
        throw ConfigError(
            path: nil,
            message: "memory_budget is \(Figures.bytes(config.memoryBudget)) a core, and these settings need \(Figures.bytes(memory.total)): \(parts)"
                + (fitting > 0 ? "; max_connections = \(fitting) would fit" : ""))
    }

    var isOffline: Bool { if case .offline = config.source { true } else { false } }

    /// Cores that share a capture file.
    var workers: Int { if case .offline(let offline) = config.source { offline.workers } else { 1 } }

    /// The lcores that poll. Offline those after the main core.
    public var lcores: [Int] {
        switch config.source {
        case .offline: (1...max(1, workers)).map { config.mainCore + $0 }
        case .online(let online): Set(online.ports.flatMap(\.cores)).sorted()
        }
    }
}

// MARK: For DPDK

extension RunPlan {
    /// The mbufs of a port.
    func mbufs(_ online: Config.Online) -> Mempools.Shape {
        // The Ethernet header, two VLAN tags and the checksum surround an MTU. Less than 2048 some drivers refuse.
        let room = max(2048, online.mtu + 26)
        return Mempools.Shape(capacity: config.mempool.capacity + heldMbufs(online), cache: config.mempool.cacheSize, room: (room + 63) / 64 * 64)
    }

    /// Mbufs of a port that cores may hold where some share queues, beside those of `mempool.capacity`. Whether they do shows when the ports are open, and
    /// EAL must be told before.
    func heldMbufs(_ online: Config.Online) -> Int {
        online.ports.contains { $0.cores.count > 1 && $0.spread != .device } ? SharedQueues.mostMbufs : 0
    }

    /// Memory that its pools need, given a machine of one NUMA node; DPDK has more nodes' pools in huge pages.
    func poolMemory(_ online: Config.Online) -> Int { online.ports.count * mbufs(online).bytes }

    var usesPCI: Bool {
        guard case .online(let online) = config.source else { return false }
        return online.ports.contains { !$0.device.hasPrefix("net_") && !$0.device.hasPrefix("eth_") && !$0.device.hasPrefix("vdev:") }
    }

    var trackerOptions: TrackerOptions {
        let conntrack = config.conntrack
        var options = TrackerOptions()
        options.maxConnections = conntrack.maxConnections
        options.emergencyThreshold = conntrack.emergencyThreshold
        options.reassemblyMemory = conntrack.reassemblyMemory
        options.reassemblyPerConnection = conntrack.reassemblyPerConnection
        options.reassemblyPerDirection = conntrack.reassemblyPerDirection
        options.holeTimeout = conntrack.holeTimeout.nanoseconds
        options.overlapPolicy = conntrack.overlapPolicy
        options.parserMemory = conntrack.parserMemory
        options.historyMemory = conntrack.historyMemory
        options.tcpInactivityTimeout = conntrack.tcpInactivityTimeout.nanoseconds
        options.udpInactivityTimeout = conntrack.udpInactivityTimeout.nanoseconds
        options.otherInactivityTimeout = conntrack.otherInactivityTimeout.nanoseconds
        options.tcpEstablishTimeout = conntrack.tcpEstablishTimeout.nanoseconds
        options.tcpClosingTimeout = conntrack.tcpClosingTimeout.nanoseconds
        options.tcpTombstoneTimeout = conntrack.tcpTombstoneTimeout.nanoseconds
        options.timeoutResolution = conntrack.timeoutResolution.nanoseconds
        options.midstream = conntrack.midstream
        options.vlanInKey = conntrack.vlanInKey
        options.fragments = conntrack.fragments
        options.fragmentMemory = conntrack.fragmentMemory
        options.fragmentTimeout = conntrack.fragmentTimeout.nanoseconds
        options.tunnels = config.tunnels.kinds
        options.tunnelInKey = config.tunnels.inKey
        return options
    }
}

extension Duration {
    /// Whole nanoseconds; those of a config are a year at most.
    var nanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }

    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
