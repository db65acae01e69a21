import Foundation
import TestSupport
import Testing

@testable import Fovea

@Suite struct `Configuration` {
    @Test func `has defaults for all but the source`() throws {
        let config = try Config(parsing: #"offline.pcap = "x.pcap""#, path: "c.toml")
        #expect(config == Config(offline: .init(pcap: "x.pcap")))
        #expect(config.mainCore == 0)
        #expect(config.nbMemoryChannels == 1)
        #expect(config.suppressDPDKOutput)
        #expect(!config.hugepages)
        #expect(config.output == nil)
        #expect(config.filter == nil)
        #expect(config.reload == .signal)
        #expect(config.subscriptions == [])
        #expect(config.mempool.capacity == 8192)
        #expect(config.mempool.cacheSize == 256)
        #expect(config.conntrack.maxConnections == 1_000_000)
        #expect(config.conntrack.reassemblyPerConnection == 2_097_152)
        #expect(config.conntrack.reassemblyPerDirection == 1_048_576)
        #expect(config.conntrack.holeTimeout == .seconds(10))
        #expect(config.conntrack.overlapPolicy == .first)
        #expect(config.conntrack.reassemblyMemory == 67_108_864)
        #expect(config.conntrack.historyMemory == 67_108_864)
        #expect(config.conntrack.tcpInactivityTimeout == .milliseconds(300_000))
        #expect(config.conntrack.udpInactivityTimeout == .milliseconds(60_000))
        #expect(config.conntrack.otherInactivityTimeout == .milliseconds(60_000))
        #expect(config.conntrack.tcpEstablishTimeout == .milliseconds(5_000))
        #expect(config.conntrack.tcpClosingTimeout == .milliseconds(5_000))
        #expect(config.conntrack.tcpTombstoneTimeout == .milliseconds(60_000))
        #expect(config.conntrack.timeoutResolution == .milliseconds(100))
        #expect(config.conntrack.midstream)
        #expect(config.conntrack.vlanInKey)
        #expect(config.conntrack.fragments)
        #expect(config.conntrack.fragmentMemory == 16_777_216)
        #expect(config.conntrack.fragmentTimeout == .milliseconds(30_000))
        #expect(config.tunnels.kinds == .all)
        #expect(config.tunnels.inKey)
        #expect(config.offline?.mtu == 9702)
    }

    @Test func `has defaults for all of a port but its device and cores`() throws {
        let config = try Config(parsing: "[[online.ports]]\ndevice = 'net_null0'\ncores = [1]", path: "c.toml")
        let online = try #require(config.online)
        #expect(config == Config(online: .init(ports: [.init(device: "net_null0", cores: [1])])))
        #expect(online.duration == nil)
        #expect(online.promiscuous)
        #expect(online.nbRxd == 4096)
        #expect(online.mtu == 1500)
        #expect(online.rss == .addresses)
        #expect(online.dpdkSuplArgs == [])
    }

    @Test func `takes every key`() throws {
        let config = try Config(parsing: everyKey, path: "c.toml")
        var online = Config.Online(ports: [
            .init(device: "0000:3b:00.0", cores: [1, 2]), .init(device: "net_pcap0,rx_pcap=x.pcap", cores: [2]),
        ])
        online.ports[1].spread = .software
        online.duration = .seconds(60)
        online.promiscuous = false
        online.nbRxd = 1024
        online.mtu = 9000
        online.rss = .ports
        online.dpdkSuplArgs = ["--log-level", "8"]
        var expected = Config(online: online)
        expected.mainCore = 3
        expected.nbMemoryChannels = 4
        expected.suppressDPDKOutput = false
        expected.hugepages = true
        expected.output = "results"
        expected.filter = LocatedText("ipv4", path: "c.toml", line: 6)
        expected.mempool.capacity = 65536
        expected.mempool.cacheSize = 512
        expected.conntrack.maxConnections = 11
        expected.conntrack.reassemblyPerConnection = 64 << 10
        expected.conntrack.reassemblyPerDirection = 12_000
        expected.conntrack.holeTimeout = .milliseconds(13)
        expected.conntrack.overlapPolicy = .oldLinux
        expected.conntrack.reassemblyMemory = 1 << 20
        expected.conntrack.emergencyThreshold = 80
        expected.memoryBudget = 3 << 30
        expected.reload = .watch
        expected.conntrack.tcpInactivityTimeout = .milliseconds(14)
        expected.conntrack.udpInactivityTimeout = .milliseconds(15)
        expected.conntrack.otherInactivityTimeout = .milliseconds(16)
        expected.conntrack.tcpEstablishTimeout = .milliseconds(17)
        expected.conntrack.tcpClosingTimeout = .milliseconds(18)
        expected.conntrack.tcpTombstoneTimeout = .milliseconds(19)
        expected.conntrack.timeoutResolution = .milliseconds(20)
        expected.conntrack.midstream = false
        expected.conntrack.vlanInKey = false
        expected.conntrack.fragments = false
        expected.conntrack.fragmentMemory = 2 << 20
        expected.conntrack.fragmentTimeout = .milliseconds(21)
        expected.tunnels.kinds = [TunnelKinds(.ip), TunnelKinds(.vxlan)]
        expected.tunnels.inKey = false
        expected.subscriptions = [
            .init(LocatedText("server_names", path: "c.toml", line: 59)),
            .init(LocatedText("packet_counter", path: "c.toml", line: 61), filter: LocatedText("udp or\nicmp", path: "c.toml", line: 62)),
        ]
        #expect(config == expected)
    }

    @Test func `takes lists of values, each with its line, and lists in files`() throws {
        let text = "offline.pcap = 'x'\n[lists]\nhosts = ['192.0.2.1',\n'10.0.0.0/8']\nports = [80, '1000-2000']\nnone = []\nbad = { file = 'bad.txt' }\n[lists.worse]\nfile = 'w'"
        func located(_ text: String, _ line: Int) -> LocatedText { LocatedText(text, path: "c.toml", line: line) }
        #expect(try Config(parsing: text, path: "c.toml").lists == [
            "hosts": .values([located("192.0.2.1", 3), located("10.0.0.0/8", 4)]), "ports": .values([located("80", 5), located("1000-2000", 5)]),
            "none": .values([]), "bad": .file(located("bad.txt", 7)), "worse": .file(located("w", 9)),
        ])
    }

    @Test func `takes thousands of addresses, whose dots are no key's`() throws {
        let addresses = (0..<5000).map { "'10.0.\($0 / 256).\($0 % 256)'" }.joined(separator: ", ")
        let config = try Config(parsing: "offline.pcap = 'x'\nlists.all = [\(addresses)]", path: "c.toml")
        guard case .values(let values) = config.lists["all"] else { throw ConfigError(path: nil, message: "no list") }
        #expect(values.count == 5000)
        #expect(values.last?.text == "10.0.19.135")
    }

    @Test func `takes all that can be said of a subscription`() throws {
        let text = "offline.pcap = 'x'\n[[subscriptions]]\nname = 'a b'\ntype = 'server_names'\nfilter = 'ipv4'\noutput = '-'\n[[subscriptions]]\nname = 'c'\ndata = 'tls'"
        func located(_ text: String, _ line: Int) -> LocatedText { LocatedText(text, path: "c.toml", line: line) }
        var first = Config.Subscription(located("a b", 3), filter: located("ipv4", 5)), second = Config.Subscription(located("c", 8))
        first.type = located("server_names", 4)
        first.output = located("-", 6)
        second.data = located("tls", 9)
        #expect(try Config(parsing: text, path: "c.toml").subscriptions == [first, second])
    }

    @Test(arguments: [
        ("all", PacketSelection.all), ("first 10", .first(10)), ("every  100", .every(100)), ("first 0", nil), ("every", nil), ("first 10 packets", nil), ("10", nil),
        ("first 99999999999999999999", nil), ("every -1", nil), ("", nil),
    ])
    func `knows which packets a subscription wants`(text: String, selection: PacketSelection?) throws {
        #expect(PacketSelection(text) == selection)
    }

    @Test(arguments: [
        ("10 s", TickInterval.time(.seconds(10))), ("1.5s", .time(.milliseconds(1500))), ("250 ms", .time(.milliseconds(250))), ("2 m", .time(.seconds(120))),
        ("1 d", .time(.seconds(86_400))), ("1000 packets", .packets(1000)), ("1 MiB", .bytes(1 << 20)), ("9000 B", .bytes(9000)), ("0 s", nil), ("0.0000001 ms", nil),
        ("10", nil), ("s", nil), ("1.5 packets", nil), ("0 packets", nil), ("999999999 d", nil), ("1 parsec", nil), ("1e3 s", nil), ("-1 s", nil), ("0 B", nil),
    ])
    func `knows how often a connection ticks`(text: String, interval: TickInterval?) {
        #expect(TickInterval(text) == interval)
    }

    @Test func `takes how much a subscription gets`() throws {
        let text = "offline.pcap = 'x'\n[[subscriptions]]\nname = 'a'\npackets = 'first 10'\nevery = '10 s'\nhistory = {}\n[[subscriptions]]\nname = 'b'\nhistory = { packets = 5, bytes = '1 KiB' }"
        let config = try Config(parsing: text, path: "c.toml")
        #expect(config.subscriptions[0].packets == Located(.first(10), path: "c.toml", line: 4))
        #expect(config.subscriptions[0].every == Located(.seconds(10), path: "c.toml", line: 5))
        #expect(config.subscriptions[0].history == Located(HistoryBudget(), path: "c.toml", line: 6))
        #expect(config.subscriptions[1].history?.value == HistoryBudget(packets: 5, bytes: 1024))
        #expect(config.subscriptions[1].packets == nil && config.subscriptions[1].every == nil)
    }

    @Test func `opens no tunnel if they are not enabled`() throws {
        #expect(try Config(parsing: "offline.pcap = 'x'\ntunnels.enabled = false", path: "c.toml").tunnels.kinds == [])
        #expect(try Config(parsing: "offline.pcap = 'x'\ntunnels = { enabled = false, gre = true }", path: "c.toml").tunnels.kinds == [])
    }

    @Test func `takes cores that share a capture`() throws {
        let config = try Config(parsing: "main_core = 3\n[offline]\npcap = 'x'\nworkers = 4\n[[subscriptions]]\nname = 'tls'", path: "c.toml")
        #expect(config.offline?.workers == 4)
        let plan = try RunPlan(config, subscriptions: [])
        #expect(plan.lcores == [4, 5, 6, 7])
        #expect(plan.description.contains(" lcores 4, 5, 6, 7\n"), "\(plan.description)")
        #expect(Config(offline: .init(pcap: "x")).offline?.workers == 1)
        var many = Config.Offline(pcap: "x")
        many.workers = 65
        let error = #expect(throws: ConfigError.self) { try RunPlan(Config(offline: many), subscriptions: DataTypes.all) }
        #expect(error?.message == "workers: expected an integer in 1...64, found 65")
    }

    @Test func `takes an offline mtu`() throws {
        #expect(try Config(parsing: "[offline]\npcap = 'x'\nmtu = 1500", path: "c.toml").offline?.mtu == 1500)
    }

    @Test(arguments: [
        ("65536", 65536), (#""65536 B""#, 65536), (#""512 KiB""#, 512 << 10), (#""64MiB""#, 64 << 20),
        (#""1 GiB""#, 1 << 30), (#""1 TiB""#, 1 << 40),
    ])
    func `takes sizes in bytes or with a unit`(size: String, bytes: Int) throws {
        let config = try Config(parsing: "offline.pcap = 'x'\nconntrack.reassembly_memory = \(size)", path: "c.toml")
        #expect(config.conntrack.reassemblyMemory == bytes)
    }

    @Test func `gives a small pool a small cache`() throws {
        #expect(try Config(parsing: "offline.pcap = 'x'\nmempool.capacity = 64", path: "c.toml").mempool.cacheSize == 42)
    }

    @Test func `lets a core poll queues of several ports`() throws {
        let config = try Config(parsing: "[online]\nports = [{device = 'a', cores = [1]}, {device = 'b', cores = [1, 2]}]", path: "c.toml")
        #expect(config.online?.ports.map(\.cores) == [[1], [1, 2]])
    }

    @Test(arguments: ["offline", "online", "vdev"])
    func `loads as shipped`(name: String) throws {
        let config = try Config(contentsOf: root + "configs/\(name).toml")
        #expect(config.subscriptions.map(\.name.text) == ["server_names", "connection_log", "packet_counter"])
        switch name {
        case "offline": #expect(config.offline?.pcap == "Tests/Traces/tls.pcap")
        case "online": #expect(config.online?.ports == [.init(device: "0000:3b:00.0", cores: [1, 2])])
        default: #expect(config.online?.ports == [.init(device: "net_pcap0,rx_pcap=Tests/Traces/tls.pcap", cores: [1])])
        }
    }

    @Test func `knows where a filter stands`() throws {
        let config = try Config(contentsOf: root + "configs/offline.toml")
        let filter = try #require(config.subscriptions.last?.filter)
        #expect(filter.error("expected a protocol").description.hasSuffix("configs/offline.toml:\(filter.line!): expected a protocol"))
        #expect(LocatedText("tpc", path: "--filter").error("no such protocol").description == "--filter: no such protocol")
        #expect(("tpc" as LocatedText).error("no such protocol").description == "no such protocol")
    }

    /// Cuts, repeats, flips and mixes up pieces of a good text. What comes out is read or refused, at a line that exists.
    @Test(arguments: 0..<100 as Range<UInt64>)
    func `reads or refuses whatever stands there`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<10 {
            let text = everyKey.mutated(&random)
            do {
                _ = try Config(parsing: text, path: "c.toml")
            } catch {
                #expect(error.path == "c.toml")
                #expect(!error.message.isEmpty)
                let last = text.utf8.count { $0 == UInt8(ascii: "\n") } + 1
                #expect((1...last).contains(error.line ?? 1), "\(error) in \(text)")
            }
        }
    }
}

/// The package's folder.
let root = #filePath.split(separator: "/").dropLast(3).reduce("/") { $0 + $1 + "/" }

let everyKey = """
    main_core = 3
    nb_memory_channels = 4
    suppress_dpdk_output = false
    hugepages = true
    output = "results"
    filter = 'ipv4'
    memory_budget = "3 GiB"
    reload = "watch"
    [mempool]
    capacity = 65_536
    cache_size = 0x200 # 512

    [online]
    duration = 60
    promiscuous = false
    nb_rxd = 1024
    mtu = 9000
    rss = "ports"
    dpdk_supl_args = ["--log-level", "8"]
    ports = [
        { device = "0000:3b:00.0", cores = [1, 2] },
        { device = 'net_pcap0,rx_pcap=x.pcap', cores = [2], spread = "software" },
    ]

    [conntrack]
    max_connections = 11
    reassembly_per_connection = "64 KiB"
    reassembly_per_direction = 12000
    hole_timeout = 13
    overlap_policy = "old_linux"
    reassembly_memory = "1 MiB"
    emergency_threshold = 80
    tcp_inactivity_timeout = 14
    udp_inactivity_timeout = 15
    other_inactivity_timeout = 16
    tcp_establish_timeout = 17
    tcp_closing_timeout = 18
    tcp_tombstone_timeout = 19
    timeout_resolution = 20
    midstream = false
    vlan_in_key = false
    fragments = false
    fragment_memory = "2 MiB"
    fragment_timeout = 21

    [tunnels]
    enabled = true
    ip = true
    gre = false
    erspan = false
    vxlan = true
    geneve = false
    gtpu = false
    teredo = false
    pppoe = false
    in_key = false

    [[subscriptions]]
    name = "server_names"
    [[subscriptions]]
    name = "packet_counter"
    filter = '''
    udp or
    icmp'''
    """

extension Config {
    var offline: Offline? { if case .offline(let offline) = source { offline } else { nil } }
    var online: Online? { if case .online(let online) = source { online } else { nil } }
}

/// What a TOML parser finds hard.
private let hostilePieces = [
    "\n[", "\n[[", "\n[.", "]]", "\"\"\"", "\'\'\'", "\\", "\\u0000", "1979-05-27 0", "1979-05-27T07:32:00Z", "07:32", "-", "0x", "1e5", "-inf", "a.b.c",
    "\r\n", "\u{FEFF}", "\u{A0}", "é", "\nonline = {", "conntrack.", "99999999999999999999", "= [[", "{a={",
]

extension String {
    func mutated(_ random: inout SeededGenerator) -> String {
        var bytes = Array(utf8)
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let start = Int.random(in: 0..<bytes.count, using: &random)
            let piece = start..<min(bytes.count, start + Int.random(in: 1...12, using: &random))
            let at = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0 where piece.count < bytes.count: bytes.removeSubrange(piece)
            case 1: bytes.insert(contentsOf: bytes[piece], at: at)
            case 2: bytes[at] = "[]{}=.,#\"'\\\n\r\t 01a-_\0\u{7F}".utf8.randomElement(using: &random)!
            case 3: bytes.insert(contentsOf: hostilePieces.randomElement(using: &random)!.utf8, at: at)
            default: bytes.swapAt(start, at)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
