import Foundation
import Testing

@testable import Fovea

@Suite struct `Run plan` {
    private struct ServerNames: SessionTrackable {
        typealias Parser = TLSParser
        static let filter: Filter = .tls
        init(_ connection: ConnectionRecord) {}
        mutating func session(_ session: TLSHandshake, of connection: ConnectionRecord, _ report: inout NoReport) -> Verdict { .done }
        consuming func ended(_ connection: ConnectionRecord, _ report: inout NoReport) {}
    }

    private struct Everything: PacketSubscription, ~Copyable {
        static func packet(_ packet: Packet, _ frame: RawSpan, _ report: inout NoReport) {}
    }

    private static var subscriptions: [AnySubscription] { [ServerNames.self, Everything.self] }

    private func plan(_ text: String) throws -> RunPlan {
        try RunPlan(Config(parsing: "offline.pcap = 'x'\n" + text, path: "x.toml"), subscriptions: Self.subscriptions)
    }

    @Test func `runs all subscriptions when none is named`() throws {
        let plan = try plan("")
        #expect(plan.entries.map { $0.subscription.name } == ["server_names", "everything"])
        #expect(plan.entries.map(\.filter) == [.tls, .everything])
        #expect(plan.lcores == [1])
    }

    @Test func `a filter of the config replaces the type's, the global one comes on top`() throws {
        let plan = try plan("filter = 'ipv4'\n[[subscriptions]]\nname = 'everything'\nfilter = 'tcp'\n[[subscriptions]]\nname = 'server_names'")
        #expect(plan.entries.map(\.filter) == [.tcp && .ipv4, .tls && .ipv4])
    }

    @Test(arguments: [
        ("[[subscriptions]]\nname = 'server_name'", "x.toml:3: there is no subscription \"server_name\"; did you mean server_names?"),
        ("[[subscriptions]]\nname = 'tftp'", "x.toml:3: there is no subscription \"tftp\", only server_names, everything"),
        ("[[subscriptions]]\nname = 'a'\ntype = 'server_name'", "x.toml:4: type: there is no subscription \"server_name\"; did you mean server_names?"),
        ("[[subscriptions]]\nname = 'a'\ntype = 'tls'", "x.toml:4: type: there is no subscription \"tls\", only server_names, everything"),
        ("[[subscriptions]]\nname = 'a'\ndata = 'packets'", "x.toml:4: data: there is no data type \"packets\"; did you mean packet?"),
        ("[[subscriptions]]\nname = 'a'\ntype = 'everything'\ndata = 'tls'", "x.toml:4: type: a has data, too; expected one of them"),
        (
            "[[subscriptions]]\nname = 'bad hosts'\nfilter = 'tcp'",
            "x.toml:3: \"bad hosts\" is no subscription of the program's: expected type = or data = to say what it is to give"
        ),
        ("[[subscriptions]]\nname = 'tls'\npackets = 'all'", "x.toml:4: packets: tls gets no packets"),
        ("[[subscriptions]]\nname = 'connection'\nevery = '1 s'", "x.toml:4: every: connection does not tick"),
        ("[[subscriptions]]\nname = 'packet'\nhistory = {}", "x.toml:4: history: packet gets neither connections' packets nor streams"),
        ("output = 'o'\n[[subscriptions]]\nname = 'a/b'\ndata = 'tls'", "x.toml:4: \"a/b.jsonl\" cannot be the name of a result file; give it an output"),
        ("output = 'o'\n[[subscriptions]]\nname = '.'\ndata = 'tls'", "x.toml:4: \"..jsonl\" cannot be the name of a result file; give it an output"),
        ("output = 'o'\n[[subscriptions]]\nname = 'tls'\noutput = 'summary.json'", "x.toml:5: \"summary.json\" cannot be the name of a result file"),
        ("filter = 'tcp.prot == 3'", "x.toml:2: filter: column 1: no protocol or field is called \"tcp.prot\"; did you mean tcp.port?\n    tcp.prot == 3\n    ^"),
        ("[[subscriptions]]\nname = 'everything'\nfilter = 'tcp and'", "x.toml:4: filter: column 8: expected a protocol or field, found the end\n    tcp and\n           ^"),
    ])
    func `says where a config is wrong`(text: String, message: String) {
        let error = #expect(throws: ConfigError.self) { try plan(text) }
        #expect(error?.description == message)
    }

    @Test func `runs a type several times, under names and with filters of its own`() throws {
        let plan = try plan(
            "filter = 'ipv4'\n[[subscriptions]]\nname = 'mail'\ntype = 'server_names'\nfilter = 'tcp.port == 993'\n[[subscriptions]]\nname = 'web'\ntype = 'server_names'\n"
                + "[[subscriptions]]\nname = 'server_names'")
        #expect(plan.entries.map(\.name) == ["mail", "web", "server_names"])
        #expect(plan.entries.map { $0.subscription.name } == ["server_names", "server_names", "server_names"])
        #expect(plan.entries.map(\.filter) == [try Filter(parsing: "tcp.port == 993") && .ipv4, .tls && .ipv4, .tls && .ipv4])
    }

    @Test func `data types need no type of the program's, which comes first where both have a name`() throws {
        struct TLS: PacketSubscription {
            static let name = "tls"
            static func packet(_ packet: Packet, _ frame: RawSpan, _ report: inout NoReport) {}
        }
        let config = try Config(parsing: "offline.pcap = 'x'\n[[subscriptions]]\nname = 'tls'\n[[subscriptions]]\nname = 'packet'\n[[subscriptions]]\nname = 'a'\ndata = 'tls'", path: "")
        #expect(try RunPlan(config, subscriptions: []).entries.map { $0.subscription == DataTypes.all[0] } == [false, true, false])
        #expect(try RunPlan(config, subscriptions: []).entries.map(\.filter) == [.tls, .everything, .tls])
        #expect(try RunPlan(config, subscriptions: [TLS.self]).entries.map(\.filter) == [.everything, .everything, .tls])
    }

    @Test func `single packets are not asked what their connections tell`() throws {
        for filter in ["tls", "tls.sni exists", "tcp and conn.pkts > 3", "not tls"] {
            let error = #expect(throws: ConfigError.self) { try self.plan("[[subscriptions]]\nname = 'packet'\nfilter = '\(filter)'") }
            #expect(error?.description.contains("packet looks at packets one by one") == true, "\(filter)")
            _ = try plan("[[subscriptions]]\nname = 'connection_packet'\nfilter = '\(filter)'")
        }
        _ = try plan("[[subscriptions]]\nname = 'packet'\nfilter = 'ip.src == 10.0.0.1 and tcp.flags.syn'")
    }

    @Test func `no data type is there twice, or without a summary`() {
        #expect(Set(DataTypes.all.map { $0.name }).count == DataTypes.all.count)
        #expect(DataTypes.all.allSatisfy { !$0.summary.isEmpty })
    }

    @Test func `filters know the lists of the config and those in files`() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "list-\(UUID().uuidString).txt").path
        try "# bad ones\n192.0.2.0/24  # a net\n\n2001:db8::1\r\n".write(toFile: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: file) }
        let lists = "[lists]\nports = [443, '8000..8080']\nbad = { file = '\(file)' }\n"
        let plan = try plan(lists + "[[subscriptions]]\nname = 'everything'\nfilter = 'addr in $bad and tcp.port in $ports'")
        #expect(plan.entries.map(\.filter.description) == ["addr in $bad and tcp.port in $ports"])

        func refusal(_ text: String) -> String? { #expect(throws: ConfigError.self) { try self.plan(text) }?.description }
        #expect(refusal(lists + "[[subscriptions]]\nname = 'everything'\nfilter = 'tcp.port in $bad'")?.contains("x.toml:7: filter: ") == true)
        #expect(refusal(lists + "[[subscriptions]]\nname = 'everything'\nfilter = 'tcp.port in $bad'")?.contains("line 2") == true)
        #expect(refusal("lists.gone = { file = '\(file).gone' }") == "x.toml:2: lists.gone: \(file).gone: No such file or directory")
        #expect(refusal("filter = 'tcp.port in $port'\nlists.ports = [1]")?.contains("did you mean $ports?") == true)
    }

    @Test func `subscriptions get as much as they ask for`() throws {
        let plan = try plan(
            "[[subscriptions]]\nname = 'packet'\npackets = 'every 10'\n[[subscriptions]]\nname = 'connection_tick'\nevery = '1 s'\n"
                + "[[subscriptions]]\nname = 'stream'\nhistory = { bytes = 1000 }\n[[subscriptions]]\nname = 'tls'")
        var deliveries = [Delivery](repeating: Delivery(), count: 4)
        deliveries[0].packets = .every(10)
        deliveries[1].tick = .seconds(1)
        deliveries[2].history = HistoryBudget(bytes: 1000)
        #expect(plan.entries.map(\.delivery) == deliveries)
        #expect(plan.entries.map { plan.context(of: $0, lcore: 1).delivery } == deliveries)
    }

    private static let outputs = """
        [[subscriptions]]
        name = "everything"
        [[subscriptions]]
        name = "a"
        data = "tls"
        [[subscriptions]]
        name = "b"
        data = "tls"
        output = "-"
        [[subscriptions]]
        name = "c"
        data = "tls"
        output = "both.jsonl"
        [[subscriptions]]
        name = "d"
        data = "tls"
        output = "both.jsonl"
        [[subscriptions]]
        name = "e"
        data = "tls"
        output = "/tmp/e"
        """

    @Test func `results lie in the folder, or where a subscription's output says`() throws {
        func outputs(_ text: String) throws -> [String?] { try plan(text + Self.outputs).entries.map(\.outputFile) }
        #expect(try outputs("output = 'o'\n") == ["o/everything.jsonl", "o/a.jsonl", nil, "o/both.jsonl", "o/both.jsonl", "/tmp/e"])
        #expect(try outputs("") == [nil, nil, nil, "both.jsonl", "both.jsonl", "/tmp/e"])
    }

    @Test func `lines say whose they are where several write and a name is not the type's`() throws {
        func labels(_ text: String) throws -> [String?] {
            let plan = try plan(text + Self.outputs)
            return plan.entries.map { plan.context(of: $0, lcore: 1).label }
        }
        #expect(try labels("output = 'o'\n") == [nil, nil, nil, "c", "d", nil])
        #expect(try labels("") == [nil, "a", "b", "c", "d", nil])
    }

    @Test func `checks configs made in code`() {
        func refusal(_ ports: [Config.Port]) -> String? {
            #expect(throws: ConfigError.self) { try RunPlan(Config(online: .init(ports: ports)), subscriptions: Self.subscriptions) }?.message
        }
        #expect(refusal([]) == "no port to listen to")
        #expect(refusal([.init(device: "net_null0", cores: [0])]) == "net_null0: cores: 0 is main_core, which polls no queue")
        #expect(refusal([.init(device: "net_null0", cores: [1, 1])]) == "net_null0: cores: expected at least one, and none twice")
    }

    @Test func `says how the cores of a port get their packets`() throws {
        func text(_ cores: [Int], _ spread: Config.Port.Spreader? = nil) throws -> String {
            var port = Config.Port(device: "net_null0", cores: cores)
            port.spread = spread
            return try RunPlan(Config(online: .init(ports: [port])), subscriptions: Self.subscriptions).description
        }
        #expect(try text([1]).contains(" lcore 1\n"))
        #expect(try text([1, 2]).contains(" lcores 1, 2, a queue each; spread by software if the device cannot do it\n"))
        #expect(try text([1, 2], .device).contains(" lcores 1, 2, a queue each\n"))
        #expect(try text([1, 2], .software).contains(" lcores 1, 2, spread by software\n"))
    }

    /// EAL is told before ports are open, and only then shows who spreads.
    @Test func `has mbufs for what cores may share`() throws {
        func capacity(_ cores: [Int], _ spread: Config.Port.Spreader? = nil) throws -> Int {
            var port = Config.Port(device: "net_null0", cores: cores)
            port.spread = spread
            let online = Config.Online(ports: [port])
            return try RunPlan(Config(online: online), subscriptions: Self.subscriptions).mbufs(online).capacity
        }
        #expect(try capacity([1]) == 8192 && capacity([1, 2], .device) == 8192)
        #expect(try capacity([1, 2]) == 8192 + SharedQueues.mostMbufs && capacity([1, 2], .software) == 8192 + SharedQueues.mostMbufs)
    }

    @Test func `only a PCI address needs the bus`() throws {
        func usesPCI(_ device: String) throws -> Bool {
            try RunPlan(Config(online: .init(ports: [.init(device: device, cores: [1])])), subscriptions: Self.subscriptions).usesPCI
        }
        #expect(try usesPCI("0000:3b:00.0"))
        #expect(try !usesPCI("net_pcap0,rx_pcap=x.pcap"))
    }
}

@Suite struct `Figures` {
    @Test(arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (-1_234_567, "-1,234,567")])
    func `groups digits by three`(number: Int, text: String) {
        #expect(Fovea.Figures.grouped(number) == text)
    }

    @Test(arguments: [
        (0, "   0 "), (999.4, " 999 "), (999.6, "1.00 k"), (12_345, "12.3 k"), (123_456, " 123 k"), (3_214_000, "3.21 M"), (99.95e6, " 100 M"), (1e15, "1000 T"),
    ])
    func `scales to three digits`(number: Double, text: String) {
        #expect(Fovea.Figures.scaled(number) == text)
    }
}
