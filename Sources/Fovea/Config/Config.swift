import Capture
import Packets
import Tracking

/// What a run needs to know: where packets come from, how much memory it may take, which subscriptions it serves.
///
/// Read from a TOML file (`Config+Keys.swift` names the keys and their ranges), or built in code:
///
///     var config = Config(offline: .init(pcap: "Tests/Traces/tls.pcap"))
///     config.conntrack.maxConnections = 10_000
///
/// Key names are Retina's where the idea is. File names are relative to the working directory.
public struct Config: Equatable, Sendable {
    public var source: Source
    /// The core that starts the others and prints; it polls no queue of a port.
    public var mainCore = 0
    /// Of the machine; DPDK spreads its pools over them.
    public var nbMemoryChannels = 1
    public var suppressDPDKOutput = true
    /// False: DPDK takes ordinary pages (`--no-huge`), which needs neither set-up nor root.
    public var hugepages = false
    /// The folder for result files; nil is the standard output.
    public var output: String?
    /// How results are written, where a subscription does not say it for itself; nil: as JSON lines.
    public var format: Located<OutputFormat>?
    /// How files with results are compressed; nil: not at all.
    public var compress: Located<Compression>?
    /// Bytes of lines, before they are compressed, after which a file's next one begins; nil: whatever its size.
    public var rotateSize: Located<Int>?
    /// How much packet time a file has, from a multiple of it on; nil: all.
    public var rotateInterval: Located<Duration>?
    /// Bytes of results that may wait to be written, half of them in one place.
    public var outputBuffer = 64 << 20
    /// And-ed with every subscription's own.
    public var filter: LocatedText?
    /// Bytes that the engine may come to hold on a core, all its tables and buffers together; the run does not start when its settings need more.
    public var memoryBudget = 2 << 30
    /// When a run whose configuration is a file reads its filters and lists again.
    public var reload = ReloadTrigger.signal
    public var mempool = Mempool()
    public var conntrack = Conntrack()
    public var tunnels = Tunnels()
    /// By name, which a filter has behind `$`.
    public var lists: [String: List] = [:]
    /// In the order of the file. Empty if it names none.
    public var subscriptions: [Subscription] = []

    public init(offline: Offline) {
        source = .offline(offline)
    }

    public init(online: Online) {
        source = .online(online)
    }

    /// A run reads one capture file, or it listens to ports.
    public enum Source: Equatable, Sendable {
        case offline(Offline)
        case online(Online)
    }

    /// What makes a run read its filters and lists again.
    ///
    /// The default is what Suricata's users know: rules change when somebody says so, not while a list is being copied, whose first half is a list, too.
    /// Zeek's users, whose input files are read again when they change, may have that.
    public enum ReloadTrigger: String, CaseIterable, Sendable {
        /// SIGHUP, or a request of the program's.
        case signal
        /// That, and the configuration's file or a list's: when it is another than before, and has been at rest for a second.
        case watch
    }

    /// `[mempool]`: the buffers that ports' frames live in; each NUMA node in use gets its own pool.
    public struct Mempool: Equatable, Sendable {
        /// In mbufs. Ports keep `nbRxd` of them a queue.
        public var capacity = 8192
        /// Mbufs that a core keeps for itself. DPDK allows two thirds of `capacity` at most; the default obeys.
        public var cacheSize = 256

        public init() {}
    }

    /// `[offline]`
    public struct Offline: Equatable, Sendable {
        /// The capture file: pcap or pcapng.
        public var pcap: String
        /// Retina's configurations say here what an mbuf holds. Taken, and of no effect: a file's frames lie in no mbuf.
        public var mtu = 9702
        /// Cores that share the work. Results are the same for any number of them, unless a table or a budget, which each core has for itself, gets full.
        public var workers = 1
        static let workerCounts = 1...64

        public init(pcap: String) {
            self.pcap = pcap
        }
    }

    /// `[online]`
    public struct Online: Equatable, Sendable {
        /// How long to listen; nil is until a signal.
        public var duration: Duration?
        public var promiscuous = true
        /// Receive descriptors a queue.
        public var nbRxd = 4096
        /// In bytes, without the Ethernet header.
        public var mtu = 1500
        public var rss = RSS.addresses
        /// Handed to DPDK as they are.
        public var dpdkSuplArgs: [String] = []
        /// Lcores for the callbacks of subscriptions that ask for another core. None: threads that share `mainCore`.
        public var dispatchCores: [Int] = []
        public var ports: [Port]

        public init(ports: [Port]) {
            self.ports = ports
        }
    }

    /// What of a packet a card spreads flows over its queues by. Both directions of a flow come to the same core either way.
    public enum RSS: String, CaseIterable, Sendable {
        /// Fragments of a datagram meet each other and the rest of their flow: cards know no ports for later fragments. All flows between two hosts share
        /// a core, too.
        case addresses
        /// Spreads flows between two hosts. A flow that has fragments falls to two cores, where its datagrams come together without it.
        case ports
    }

    /// `[[online.ports]]`
    public struct Port: Equatable, Sendable {
        /// A PCI address (`0000:3b:00.0`) or a virtual device with its arguments (`net_pcap0,rx_pcap=x.pcap`).
        public var device: String
        /// The port has one receive queue for each, or they share its packets. A core may poll several ports.
        public var cores: [Int]
        /// Who spreads flows over the cores. Nil: the device, by RSS, if it has so many queues; otherwise the cores themselves.
        public var spread: Spreader?
        public typealias Spreader = Capture.Port.Spreader

        public init(device: String, cores: [Int]) {
            self.device = device
            self.cores = cores
        }

        /// What DPDK tells devices apart by: without arguments, and without the PCI domain that everyone leaves out.
        var deviceName: String {
            let name = device.prefix { $0 != "," }.lowercased()
            return name.hasPrefix("0000:") ? String(name.dropFirst(5)) : name
        }
    }

    /// `[conntrack]`: limits are for each core; a core shares nothing with another.
    public struct Conntrack: Equatable, Sendable {
        public var maxConnections = 1_000_000
        /// Percent of `maxConnections` from which on the table counts as nearly full, and gives silent connections a tenth of their time; 100: never.
        public var emergencyThreshold = 90
        /// Bytes of held segments: over all connections, of one, and of one direction of it.
        public var reassemblyMemory = 64 << 20
        public var reassemblyPerConnection = 2 << 20
        public var reassemblyPerDirection = 1 << 20
        /// How long segments wait for missing bytes before them.
        public var holeTimeout: Duration = .seconds(10)
        /// Which of two segments counts that have different bytes for one place.
        public var overlapPolicy = OverlapPolicy.first
        /// Bytes that parsers may keep of unfinished messages, a core and protocol.
        public var parserMemory = 64 << 20
        /// Bytes that a core keeps of connections for subscriptions that ask for what came before their filter could tell (`history`).
        public var historyMemory = 64 << 20
        /// How long a connection may be silent.
        public var tcpInactivityTimeout: Duration = .seconds(300)
        public var udpInactivityTimeout: Duration = .seconds(60)
        /// For what has neither TCP nor UDP on top.
        public var otherInactivityTimeout: Duration = .seconds(60)
        /// How long a TCP connection may stay without an answer.
        public var tcpEstablishTimeout: Duration = .seconds(5)
        /// How long late packets of a closed connection still count to it.
        public var tcpClosingTimeout: Duration = .seconds(5)
        /// After that, how long a late packet can not re-create it.
        public var tcpTombstoneTimeout: Duration = .seconds(60)
        /// A timeout may strike this much late.
        public var timeoutResolution: Duration = .milliseconds(100)
        /// Track TCP connections whose handshake was not seen.
        public var midstream = true
        /// The same endpoints in two VLANs are two connections.
        public var vlanInKey = true
        /// Put IP datagrams together from their fragments. Without, a first fragment belongs to its flow, and later ones to none.
        public var fragments = true
        /// Bytes for datagrams that are not complete.
        public var fragmentMemory = 16 << 20
        /// How long a datagram may be incomplete, from its first fragment on; the default is Linux's.
        public var fragmentTimeout: Duration = .seconds(30)

        public init() {}
    }

    /// `[tunnels]`: which of them are opened, so that the flows inside are what is filtered and tracked.
    public struct Tunnels: Equatable, Sendable {
        /// A key each, all true if nothing is said; `enabled = false` opens none.
        public var kinds = TunnelKinds.all
        /// The same endpoints in two tunnels are two connections.
        public var inKey = true

        public init() {}
    }

    /// Of `[lists]`: values for filters to hold fields against, `ip.addr in $internal`.
    public enum List: Equatable, Sendable {
        case values([LocatedText])
        /// `{ file = "path" }`: a value a line; `#` begins a comment.
        case file(LocatedText)
    }

    /// `[[subscriptions]]`
    public struct Subscription: Equatable, Sendable {
        /// No two have the same.
        public var name: LocatedText
        /// The subscription that it is, by its type's name; nil: the one that has this one's name. The same may be there several times, under names and
        /// with filters of their own.
        public var type: LocatedText?
        /// Instead of a type: what of the matching traffic is to be written, by `DataTypes`' names.
        public var data: LocatedText?
        /// Replaces the filter of the subscription's type.
        public var filter: LocatedText?
        /// The file for its results: a name in the folder `output`, or a path, or "-" for standard output. Nil: as the format has it, `<name>.jsonl`.
        public var output: LocatedText?
        /// How they are written, compressed, and spread over files; nil: as for all.
        public var format: Located<OutputFormat>?
        public var compress: Located<Compression>?
        public var rotateSize: Located<Int>?
        public var rotateInterval: Located<Duration>?
        /// Which packets, of a type that gets packets: "all", "first 10", "every 100".
        public var packets: Located<PacketSelection>?
        /// How often, of a type that ticks: "10 s", "1000 packets", "1 MiB".
        public var every: Located<TickInterval>?
        /// How much of each direction's stream, of a type that gets streams.
        public var bytes: Located<Int>?
        /// What is kept of a connection while the filter cannot tell yet, for a type that gets its packets or its stream.
        public var history: Located<HistoryBudget>?
        /// Whether its callbacks run on another core; nil: as its type says.
        public var dispatch: DispatchWish?

        public enum DispatchWish: Equatable, Sendable {
            case no, yes
            /// With a ring of so many bytes for each core that captures.
            case ring(Int)
        }

        public init(_ name: LocatedText, filter: LocatedText? = nil) {
            self.name = name
            self.filter = filter
        }
    }
}
