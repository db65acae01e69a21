import Packets
import Tracking

/// The file's keys. Each line takes one, with its range; the defaults are the properties' initial values.
extension Config {
    /// `path` is what errors call the text.
    public init(parsing text: String, path: String) throws(ConfigError) {
        var table = try ConfigTable(parsing: text, path: path)
        self.init(&table)
        try table.finish()
    }

    public init(contentsOf path: String) throws(ConfigError) {
        try self.init(parsing: ConfigFile.text(path), path: path)
    }

    private init(_ table: inout ConfigTable) {
        source = Source(&table)
        table.take("main_core", into: &mainCore, in: lcores)
        table.take("nb_memory_channels", into: &nbMemoryChannels, in: 1...32)
        table.take("suppress_dpdk_output", into: &suppressDPDKOutput)
        table.take("hugepages", into: &hugepages)
        table.take("output", into: &output)
        (format, compress, rotateSize, rotateInterval) = table.takeOutputOptions()
        table.takeSize("output_buffer", into: &outputBuffer, in: 1 << 20...1 << 40)
        table.take("filter", into: &filter)
        table.take("lists", into: &lists) { $0.takeLists() }
        table.takeSize("memory_budget", into: &memoryBudget, in: 1 << 20...1 << 46)
        table.takeChoice("reload", into: &reload)
        table.take("mempool", into: &mempool, Mempool.init)
        table.take("conntrack", into: &conntrack, Conntrack.init)
        table.take("tunnels", into: &tunnels, Tunnels.init)
        table.take("subscriptions", into: &subscriptions, Subscription.init, distinct: "name", \.name.text)

        guard case .online(let online) = source else { return }
        for (number, port) in online.ports.enumerated() {
            guard let index = port.cores.firstIndex(of: mainCore) else { continue }
            table.report("\(mainCore) is main_core, which polls no queue", at: "online", "ports", .index(number), "cores", .index(index))
        }
        for (index, core) in online.dispatchCores.enumerated() {
            guard let reason = online.reasonAgainst(dispatchCore: core, mainCore: mainCore) else { continue }
            table.report(reason, at: "online", "dispatch_cores", .index(index))
        }
    }
}

/// What DPDK can number with `--lcores`.
private let lcores = 0...1023
/// An mbuf's data room is a UInt16: 65,535 less 128 of headroom, rounded down to 16.
private let longestFrame = 65_392
/// Ethernet header, two VLAN tags and the checksum surround an MTU.
private let frameOverhead = 26
private let aDayInMilliseconds = 86_400_000

extension Config.Source {
    fileprivate init(_ table: inout ConfigTable) {
        table.expectOne(of: "offline", "online")
        let offline = table.take("offline", Config.Offline.init)
        let online = table.take("online", Config.Online.init)
        if let offline, online == nil {
            self = .offline(offline)
        } else if let online, offline == nil {
            self = .online(online)
        } else {
            self = .offline(.init(pcap: ""))
        }
    }
}

extension Config.Mempool {
    fileprivate init(_ table: inout ConfigTable) {
        table.take("capacity", into: &capacity, in: 64...16_777_215)
        let largestCache = min(512, capacity * 2 / 3)
        cacheSize = min(cacheSize, largestCache)
        table.take("cache_size", into: &cacheSize, in: 0...largestCache)
    }
}

extension Config.Offline {
    fileprivate init(_ table: inout ConfigTable) {
        self.init(pcap: table.require("pcap"))
        table.take("mtu", into: &mtu, in: 64...longestFrame)
        table.take("workers", into: &workers, in: Config.Offline.workerCounts)
    }
}

extension Config.Online {
    fileprivate init(_ table: inout ConfigTable) {
        self.init(ports: [])
        table.takeSeconds("duration", into: &duration, in: 1...31_536_000)
        table.take("promiscuous", into: &promiscuous)
        table.take("nb_rxd", into: &nbRxd, in: 32...32_768)
        table.take("mtu", into: &mtu, in: 68...longestFrame - frameOverhead)
        table.takeChoice("rss", into: &rss)
        table.take("dispatch_cores", into: &dispatchCores, in: lcores)
        for (index, core) in dispatchCores.enumerated() where dispatchCores[..<index].contains(core) {
            table.report("\(core) is there twice", at: "dispatch_cores", .index(index))
        }
        table.take("dpdk_supl_args", into: &dpdkSuplArgs)
        table.take("ports", into: &ports, Config.Port.init, distinct: "device", \.deviceName)
        table.requireElements("ports")
    }
}

extension Config.Port {
    fileprivate init(_ table: inout ConfigTable) {
        self.init(device: table.require("device"), cores: [])
        table.take("cores", into: &cores, in: lcores)
        table.requireElements("cores")
        table.takeChoice("spread", into: &spread)
        for (index, core) in cores.enumerated() where cores[..<index].contains(core) {
            table.report("\(core) is there twice", at: "cores", .index(index))
        }
    }
}

extension Config.Conntrack {
    fileprivate init(_ table: inout ConfigTable) {
        table.take("max_connections", into: &maxConnections, in: 1...100_000_000)
        table.refuse("max_out_of_order", "is now reassembly_per_direction, in bytes")
        table.takeSize("reassembly_memory", into: &reassemblyMemory, in: 64 << 10...1 << 40)
        table.takeSize("reassembly_per_connection", into: &reassemblyPerConnection, in: 4 << 10...1 << 40)
        table.takeSize("reassembly_per_direction", into: &reassemblyPerDirection, in: 4 << 10...1 << 40)
        table.takeMilliseconds("hole_timeout", into: &holeTimeout, in: 1...aDayInMilliseconds)
        table.takeCase("overlap_policy", into: &overlapPolicy)
        table.takeSize("parser_memory", into: &parserMemory, in: 64 << 10...1 << 40)
        table.takeSize("history_memory", into: &historyMemory, in: 64 << 10...1 << 40)
        table.take("emergency_threshold", into: &emergencyThreshold, in: 50...100)
        table.takeMilliseconds("tcp_inactivity_timeout", into: &tcpInactivityTimeout, in: 1...aDayInMilliseconds)
        table.takeMilliseconds("udp_inactivity_timeout", into: &udpInactivityTimeout, in: 1...aDayInMilliseconds)
        table.takeMilliseconds("other_inactivity_timeout", into: &otherInactivityTimeout, in: 1...aDayInMilliseconds)
        table.takeMilliseconds("tcp_establish_timeout", into: &tcpEstablishTimeout, in: 1...aDayInMilliseconds)
        table.takeMilliseconds("tcp_closing_timeout", into: &tcpClosingTimeout, in: 0...aDayInMilliseconds)
        table.takeMilliseconds("tcp_tombstone_timeout", into: &tcpTombstoneTimeout, in: 0...aDayInMilliseconds)
        table.takeMilliseconds("timeout_resolution", into: &timeoutResolution, in: 1...60_000)
        table.take("midstream", into: &midstream)
        table.take("vlan_in_key", into: &vlanInKey)
        table.take("fragments", into: &fragments)
        table.takeSize("fragment_memory", into: &fragmentMemory, in: 256 << 10...1 << 40)
        table.takeMilliseconds("fragment_timeout", into: &fragmentTimeout, in: 1...aDayInMilliseconds)
    }
}

extension Config.Tunnels {
    fileprivate init(_ table: inout ConfigTable) {
        var isEnabled = true
        table.take("enabled", into: &isEnabled)
        for kind in TunnelKind.allCases {
            var isOpened = true
            table.take(kind.name, into: &isOpened)
            if !isOpened || !isEnabled { kinds.remove(TunnelKinds(kind)) }
        }
        table.take("in_key", into: &inKey)
    }
}

extension Config.Subscription {
    fileprivate init(_ table: inout ConfigTable) {
        self.init(table.require("name"))
        table.take("type", into: &type)
        table.take("data", into: &data)
        table.take("filter", into: &filter)
        table.takeFilled("output", into: &output)
        (format, compress, rotateSize, rotateInterval) = table.takeOutputOptions()
        table.take("packets", into: &packets, #""all", or as "first 10" or "every 100""#, PacketSelection.init)
        table.take("every", into: &every, #"seconds, packets or bytes: "10 s", "1000 packets", "1 MiB""#, TickInterval.init)
        table.take("bytes", into: &bytes, #"bytes, as a string such as "64 KiB""#) { byteCount($0).flatMap { $0 > 0 ? $0 : nil } }
        history = table.takeLocated("history") { HistoryBudget(&$0) }
        table.takeSwitchOrSize("dispatch", in: Dispatch.ringSizes) { isOn, size in dispatch = size.map(DispatchWish.ring) ?? (isOn ? .yes : .no) }
    }
}

extension ConfigTable {
    /// Of all subscriptions, or of one.
    fileprivate mutating func takeOutputOptions() -> (Located<OutputFormat>?, Located<Compression>?, Located<Int>?, Located<Duration>?) {
        func words<Choice: CaseIterable & RawRepresentable<String>>(_ type: Choice.Type) -> String {
            type.allCases.map(\.rawValue.shown).joined(separator: " or ")
        }
        var format: Located<OutputFormat>?
        take("format", into: &format, words(OutputFormat.self), OutputFormat.init(rawValue:))
        var compress: Located<Compression>?
        take("compress", into: &compress, words(Compression.self), Compression.init(rawValue:))
        var size: Int?
        takeSize("rotate_size", into: &size, in: 4 << 10...1 << 40)
        var interval: Located<Duration>?
        take("rotate_interval", into: &interval, #"a time from "1 s" to "366 d", such as "1 h""#, Duration.init(rotation:))
        return (format, compress, size.map { locate($0, at: "rotate_size") }, interval)
    }
}

extension HistoryBudget {
    fileprivate init(_ table: inout ConfigTable) {
        self.init()
        table.take("packets", into: &packets, in: 0...1_000_000_000)
        table.takeSize("bytes", into: &bytes, in: 0...1 << 40)
    }
}

// MARK: Words

extension PacketSelection {
    /// "all", "first 10", "every 100".
    init?(_ text: String) {
        if text == "all" {
            self = .all
            return
        }
        guard let words = text.wholeMatch(of: /(first|every) +([0-9]{1,9})/), let count = Int(words.2), count > 0 else { return nil }
        self = words.1 == "first" ? .first(count) : .every(count)
    }
}

extension Duration {
    /// "1 h"; whole seconds of up to a leap year.
    fileprivate init?(rotation text: String) {
        guard case .time(let interval)? = TickInterval(text), interval.nanoseconds % 1_000_000_000 == 0 else { return nil }
        guard (1...366 * 86400).contains(interval.nanoseconds / 1_000_000_000) else { return nil }
        self = interval
    }
}

extension TickInterval {
    /// "10 s", "500 ms", "1000 packets", "1 MiB".
    init?(_ text: String) {
        guard let words = text.wholeMatch(of: /([0-9]{1,9}(?:\.[0-9]{1,9})?) *([A-Za-z]+)/), let number = Double(words.1), number > 0 else { return nil }
        let seconds: [Substring: Double] = ["ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400]
        if let unit = seconds[words.2] {
            let nanoseconds = number * unit * 1e9
            guard nanoseconds >= 1, nanoseconds < 9e18 else { return nil }
            self = .time(.nanoseconds(Int64(nanoseconds)))
        } else if words.2 == "packets", let count = Int(words.1) {
            self = .packets(count)
        } else if let bytes = byteCount(text) {
            self = .bytes(bytes)
        } else {
            return nil
        }
    }
}
