import CDPDK
import Glibc

/// A DPDK port with its rx queues and their pools. Stops, closes and unplugs the device when the value goes away, before its pools.
public struct Port: ~Copyable {
    /// What to ask of a device.
    public struct Options {
        /// Those that poll it: one rx queue for each, unless they share queues (`Port.Spreading.software`).
        public var lcores: [Int]
        /// Nil: as the device can.
        public var spreader: Spreader?
        /// Mbufs that lcores hold at a time beside those in their bursts, as they do where they share queues.
        public var heldMbufs = 0
        public var mbufs = Mempools.Shape(capacity: 8192, cache: 256, room: 1536)
        /// Asked for; the device may round.
        public var descriptors = 4096
        /// The longest frame in bytes that is expected in one mbuf; devices may chain mbufs beyond.
        public var mtu = 1500
        public var promiscuous = true
        /// Spread flows by their ports, too, not by addresses alone. Cards know no ports of later fragments, so that fragments and their flow part then.
        public var spreadsByPorts = false

        public init(lcores: [Int]) { self.lcores = lcores }
    }

    /// Who sees to it that each flow comes to one lcore.
    public enum Spreader: String, CaseIterable, Sendable {
        /// The device, which has a queue for each.
        case device
        /// The lcores themselves, which share the device's queues.
        case software
    }

    /// How flows come to one lcore each.
    public enum Spreading: Equatable, Sendable {
        /// RSS with the symmetric key over these hash functions (RTE_ETH_RSS_*), by a redirection table of that many entries, 0: the device's own.
        case rss(functions: UInt64, redirectionTable: Int)
        /// The device has no RSS: each queue gets what the device gives it.
        case none
        /// The lcores share the queues, and spread packets among themselves.
        case software

        /// For logs.
        public var name: String {
            switch self {
            case .rss: isByPorts ? "rss, ports" : "rss, addresses"
            case .none: "none"
            case .software: "software"
            }
        }

        /// Whether flows between two hosts may come to several queues, and fragments to another than their flow.
        public var isByPorts: Bool {
            guard case .rss(let functions, _) = self else { return false }
            return shim_rss_has_ports(functions)
        }
    }

    public struct Statistics: Equatable, Sendable {
        public var packets: UInt64 = 0
        public var bytes: UInt64 = 0
        /// Dropped by the device: the queues were full.
        public var missed: UInt64 = 0
        public var errors: UInt64 = 0
        /// Dropped: the pool was empty.
        public var noBuffer: UInt64 = 0

        public init() {}

        /// Packets that came to the device and to nobody else.
        public var dropped: UInt64 { missed &+ errors &+ noBuffer }

        /// What was counted between two readings.
        public static func - (after: Self, before: Self) -> Self {
            var between = Self()
            between.packets = after.packets &- before.packets
            between.bytes = after.bytes &- before.bytes
            between.missed = after.missed &- before.missed
            between.errors = after.errors &- before.errors
            between.noBuffer = after.noBuffer &- before.noBuffer
            return between
        }
    }

    /// The devargs it was opened by.
    public let device: String
    public let driver: String
    public let spreading: Spreading
    public let descriptors: Int
    public let mtu: Int
    public let queueCount: Int
    let number: UInt16
    // Fields go away after `deinit` has run: the pools outlive the port.
    public let mempools: Mempools

    /// Opens a device by its devargs: a PCI address (`0000:3b:00.0`) or a virtual device (`net_pcap0,rx_pcap=file.pcap`).
    ///
    /// - Throws: `DPDKError` with the call: rte_dev_probe for a device that does not exist, rte_eth_dev_configure for more queues than it has,
    ///   rte_eth_rx_queue_setup for a pool too small for it.
    public init(device: String, _ options: Options) throws(DPDKError) {
        let sockets = options.lcores.map(EAL.socket(of:))
        let mempools = try Mempools(options.mbufs, sockets: Set(sockets))
        let number = try Self.attach(device)
        let queues: Queues
        var setup: shim_port_setup
        do {
            queues = Queues(device, options, try Self.ability(of: number, device))
            setup = try Self.start(number, device, options, queues, sockets.map { mempools.pool(on: $0) })
        } catch {
            shim_port_detach(number)
            throw error
        }
        self.number = number
        driver = withUnsafeBytes(of: &setup.driver) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        descriptors = Int(setup.descriptors)
        mtu = Int(setup.mtu)
        let ofDevice: Spreading =
            setup.rss_hash_functions == 0
            ? .none : .rss(functions: setup.rss_hash_functions, redirectionTable: Int(setup.redirection_table_size))
        spreading = queues.areShared ? .software : ofDevice
        queueCount = queues.count
        self.device = device
        self.mempools = mempools
    }

    private static func attach(_ device: String) throws(DPDKError) -> UInt16 {
        var number: UInt16 = 0
        try dpdk("rte_dev_probe", of: device, shim_port_attach(device, &number))
        return number
    }

    private static func ability(of number: UInt16, _ device: String) throws(DPDKError) -> Ability {
        var ability = shim_port_ability()
        try dpdk("rte_eth_dev_info_get", of: device, shim_port_read_ability(number, &ability))
        return Ability(maxQueues: Int(ability.max_queues), hasRSS: ability.has_rss)
    }

    private static func start(
        _ number: UInt16, _ device: String, _ options: Options, _ queues: Queues, _ pools: [UnsafeMutableRawPointer]
    ) throws(DPDKError) -> shim_port_setup {
        // A card keeps its descriptors filled with mbufs: with too few of them it would run dry without a word.
        // DPDK's caches grow to one and a half their size.
        let cached = (options.lcores.count + 1) * options.mbufs.cache * 3 / 2
        let needed = (options.descriptors + Burst.capacity) * queues.count + cached + options.heldMbufs
        if !isVirtual(device), options.mbufs.capacity < needed {
            throw DPDKError(call: "mempool of \(options.mbufs.capacity) mbufs, at least \(needed) needed", code: -ENOBUFS, subject: device)
        }
        var wish = shim_port_wish(
            queues: UInt16(clamping: queues.count), descriptors: UInt16(clamping: options.descriptors), mtu: UInt16(clamping: options.mtu),
            promiscuous: options.promiscuous, rss_by_ports: options.spreadsByPorts)
        var setup = shim_port_setup()
        var call: UnsafePointer<CChar>? = nil
        let answer = shim_port_start(number, &wish, pools, &setup, &call)
        var step = call.map { String(cString: $0) } ?? "rte_eth_dev_start"
        if answer == -ERANGE, wish.queues > setup.max_queues { step += " with \(wish.queues) rx queues of \(setup.max_queues)" }
        try dpdk(step, of: device, answer)
        return setup
    }

    static func isVirtual(_ device: String) -> Bool { device.hasPrefix("net_") }

    deinit { shim_port_detach(number) }

    /// One of its queues; must not outlive the port.
    public func queue(_ index: Int) -> RxQueue {
        let isReplay = device.contains("infinite_rx=1")
        return RxQueue(
            shim_queue(
                port: number, queue: UInt16(index),
                // net_pcap stamps microseconds, but not what it replays for ever. Cards count in units of their own that need their clock, so
                // there the burst's time counts.
                timestamp_unit: driver == "net_pcap" && !isReplay ? 1000 : 0, jumbo_pool: mempools.jumbo),
            isLive: driver != "net_pcap" || !device.contains("rx_pcap=") || isReplay)
    }

    /// - Throws: `DPDKError` of rte_eth_stats_get.
    public func statistics() throws(DPDKError) -> Statistics {
        var raw = shim_port_stats()
        try dpdk("rte_eth_stats_get", of: device, shim_port_read_stats(number, &raw))
        var statistics = Statistics()
        statistics.packets = raw.packets
        statistics.bytes = raw.bytes
        statistics.missed = raw.missed
        statistics.errors = raw.errors
        statistics.noBuffer = raw.no_buffer
        return statistics
    }

    /// The device's own counters by name (rte_eth_xstats_get).
    public func extendedStatistics() throws(DPDKError) -> [(name: String, value: UInt64)] {
        let count = try dpdk("rte_eth_xstats_get", of: device, shim_port_read_xstats(number, 0, nil, nil))
        guard count > 0 else { return [] }
        var values = [UInt64](repeating: 0, count: Int(count))
        let length = Int(shim_xstat_name_size)
        var names = [UInt8](repeating: 0, count: Int(count) * length)
        try dpdk("rte_eth_xstats_get", of: device, shim_port_read_xstats(number, UInt32(count), &names, &values))
        return values.indices.map { (String(decoding: names[$0 * length..<($0 + 1) * length].prefix { $0 != 0 }, as: UTF8.self), values[$0]) }
    }

    /// Whether the link is up, and its speed in megabits a second, 0 when unknown.
    public func link() throws(DPDKError) -> (isUp: Bool, megabits: Int) {
        var megabits: UInt32 = 0
        var isUp = false
        try dpdk("rte_eth_link_get_nowait", of: device, shim_port_read_link(number, &megabits, &isUp))
        return (isUp, Int(megabits))
    }
}
