import Testing

@testable import Fovea

@Suite struct `Run plan` {
    private struct ServerNames: SessionTrackable {
        typealias Parser = TLSParser
        static let filter: Filter = .tls
        init(_ connection: ConnectionRecord) {}
        mutating func session(_ session: TLSHandshake, _ report: inout NoReport) -> Verdict { .done }
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
        ("[[subscriptions]]\nname = 'dhcp'", "x.toml:3: there is no subscription \"dhcp\", only server_names, everything"),
        ("filter = 'tcp.prot == 3'", "x.toml:2: filter: column 1: no protocol or field is called \"tcp.prot\"; did you mean tcp.port?\n    tcp.prot == 3\n    ^"),
        ("[[subscriptions]]\nname = 'everything'\nfilter = 'tcp and'", "x.toml:4: filter: column 8: expected a protocol or field, found the end\n    tcp and\n           ^"),
    ])
    func `says where a config is wrong`(text: String, message: String) {
        let error = #expect(throws: ConfigError.self) { try plan(text) }
        #expect(error?.description == message)
    }

    @Test func `checks configs made in code`() {
        func refusal(_ ports: [Config.Port]) -> String? {
            #expect(throws: ConfigError.self) { try RunPlan(Config(online: .init(ports: ports)), subscriptions: Self.subscriptions) }?.message
        }
        #expect(refusal([]) == "no port to listen to")
        #expect(refusal([.init(device: "net_null0", cores: [0])]) == "net_null0: cores: 0 is main_core, which polls no queue")
        #expect(refusal([.init(device: "net_null0", cores: [1, 1])]) == "net_null0: cores: expected at least one, and none twice")
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
