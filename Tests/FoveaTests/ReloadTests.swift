import Foundation
import Testing
import Tracking
@testable import Fovea

@Suite struct `Changes of a configuration` {
    private struct Web: Trackable {
        static let filter: Filter = .tcp && .port(80)
        init(_ connection: ConnectionRecord) {}
        consuming func ended(_ connection: ConnectionRecord, _ report: inout NoReport) {}
    }
    private struct Everything: PacketSubscription, ~Copyable {
        static func packet(_ packet: Packet, _ frame: RawSpan, _ report: inout NoReport) {}
    }

    private static let start = "offline.pcap = 'x'\n"

    private func plan(_ text: String) throws -> RunPlan {
        try RunPlan(Config(parsing: Self.start + text, path: "c.toml"), subscriptions: [Web.self, Everything.self])
    }

    private func filters(_ before: String, _ after: String) throws -> [Filter] { try plan(before).filters(from: plan(after)) }

    private static let two = "[[subscriptions]]\nname = 'a'\ndata = 'tls'\n[[subscriptions]]\nname = 'web'\n"

    @Test func `of filters and lists are taken`() throws {
        #expect(try filters(Self.two, "filter = 'ipv4'\n" + Self.two) == [.tls && .ipv4, .tcp && .port(80) && .ipv4])
        let lists = "lists.l = ['192.0.2.1']\nlists.m = [1]\n" + Self.two + "filter = 'ip.addr in $l'"
        let changed = lists.replacing("192.0.2.1", with: "192.0.2.2")
        #expect(try filters(lists, changed) == plan(changed).entries.map(\.filter))
        #expect(try filters(lists, changed) != plan(lists).entries.map(\.filter))
        #expect(try filters(lists, Self.two) == [.tls, .tcp && .port(80)])
    }

    @Test func `leave a type its own filter unless they give another`() throws {
        #expect(try filters(Self.two + "filter = 'udp'", Self.two) == [.tls, .tcp && .port(80)])
        #expect(try filters(Self.two, Self.two + "filter = 'udp'") == [.tls, .udp])
        #expect(try filters("", "filter = 'ipv4'") == [.tcp && .port(80) && .ipv4, .ipv4])
    }

    @Test func `that only move or say the same in other words are none`() throws {
        let other = "# a comment\n\n[[subscriptions]]\nname = 'web'\ntype = 'web'\n[[subscriptions]]\nfilter = 'udp'\nname = 'a'\ndata = 'tls'\noutput = '-'\n"
        #expect(try filters(Self.two, other) == [.udp, .tcp && .port(80)])
    }

    @Test(arguments: [
        ("[conntrack]\nmax_connections = 7", "conntrack.max_connections changed"), ("[conntrack]\ntcp_inactivity_timeout = 7", "conntrack.tcp_inactivity_timeout changed"),
        ("[conntrack]\noverlap_policy = 'linux'", "conntrack.overlap_policy changed"), ("[mempool]\ncache_size = 7", "mempool.cache_size changed"),
        ("suppress_dpdk_output = false", "suppress_dpdk_output changed"), ("nb_memory_channels = 2", "nb_memory_channels changed"),
        ("memory_budget = '1 GiB'", "memory_budget changed"), ("reload = 'watch'", "reload changed"), ("offline.mtu = 100", "offline.mtu changed"),
        ("[tunnels]\nvxlan = false", "tunnels changed"), ("output = 'o'", "output changed"),
        ("[[subscriptions]]\nname = 'everything'", "subscription web is gone"),
        ("[[subscriptions]]\nname = 'web'\n[[subscriptions]]\nname = 'tls'", "subscription tls is new"),
        ("[[subscriptions]]\nname = 'web'\ntype = 'everything'\n[[subscriptions]]\nname = 'everything'", "the type of subscription web changed"),
        ("[[subscriptions]]\nname = 'web'\noutput = 'w'\n[[subscriptions]]\nname = 'everything'", "the output of subscription web changed"),
        (
            "[[subscriptions]]\nname = 'web'\n[[subscriptions]]\nname = 'everything'\npackets = 'first 3'",
            "how much subscription everything gets changed"
        ),
    ])
    func `of anything else are refused by name`(after: String, change: String) throws {
        let error = #expect(throws: ConfigError.self) { try filters("", after) }
        #expect(error?.description == "\(change): that needs a restart")
    }

    @Test func `of the source are refused by name`() throws {
        var online = Config.Online(ports: [.init(device: "net_null0", cores: [1])])
        let before = Config(online: online)
        online.duration = .seconds(3)
        #expect(before.firstChange(in: Config(online: online)) == "online.duration")
        online.duration = nil
        online.ports[0].cores = [2]
        #expect(before.firstChange(in: Config(online: online)) == "online.ports")
        #expect(before.firstChange(in: Config(offline: .init(pcap: "x"))) == "the source")
        #expect(before.firstChange(in: before) == nil)
    }
}

@Suite struct `Watched files` {
    /// A folder that is gone with the value.
    private final class Folder {
        let path = NSTemporaryDirectory() + "fovea-watch-\(UUID().uuidString)"
        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: path) }

        func write(_ text: String, as name: String) throws { try Data(text.utf8).write(to: URL(filePath: "\(path)/\(name)")) }
    }

    private let start = ContinuousClock.now
    private func look(_ watch: inout FileWatch, at second: Double) -> Bool { watch.look(at: start + .seconds(second)) }

    @Test func `are others once they have been at rest`() throws {
        let folder = try Folder()
        try folder.write("one", as: "a")
        var watch = FileWatch(["\(folder.path)/a", "\(folder.path)/b"])
        #expect((0..<4).map { look(&watch, at: Double($0)) } == [false, false, false, false])
        try folder.write("three", as: "a")
        #expect(!look(&watch, at: 4))
        // Still being written; then at rest.
        try folder.write("three and four", as: "a")
        #expect(!look(&watch, at: 5))
        #expect(look(&watch, at: 6))
        watch.renew()
        #expect((7..<10).map { look(&watch, at: Double($0)) } == [false, false, false])
    }

    @Test func `may come and go`() throws {
        let folder = try Folder()
        try folder.write("one", as: "a")
        var watch = FileWatch(["\(folder.path)/a", "\(folder.path)/b"])
        try folder.write("one", as: "b")
        #expect([0, 1].map { look(&watch, at: $0) } == [false, true])
        watch.renew()
        try FileManager.default.removeItem(atPath: "\(folder.path)/a")
        #expect([2, 3].map { look(&watch, at: $0) } == [false, true])
    }

    @Test func `are not looked at more than once a second`() throws {
        let folder = try Folder()
        var watch = FileWatch(["\(folder.path)/a"])
        #expect(!look(&watch, at: 0))
        try folder.write("one", as: "a")
        #expect([0.1, 0.9, 1, 1.5, 1.9, 2].map { look(&watch, at: $0) } == [false, false, false, false, false, true])
    }

    @Test func `are known as they were before they were read`() throws {
        let folder = try Folder()
        try folder.write("one", as: "a")
        var watch = FileWatch(["\(folder.path)/a"])
        // A change between its reading and the lists'.
        watch.renew()
        try folder.write("three", as: "a")
        watch.follow(["\(folder.path)/a", "\(folder.path)/b"])
        #expect([0, 1].map { look(&watch, at: $0) } == [false, true])
        watch.follow(["\(folder.path)/b"])
        #expect([2, 3].map { look(&watch, at: $0) } == [false, false])
    }
}

@Suite struct `Reload requests` {
    @Test func `that nobody has come to are one`() {
        let reload = Reload { Config(offline: .init(pcap: "x")) }
        #expect(!reload.takeRequest())
        for _ in 0..<3 { reload.request() }
        #expect(reload.takeRequest())
        #expect(!reload.takeRequest())
        #expect(reload.outcome == Reload.State())
    }

    @Test(arguments: [("afterEnd", "after_end"), ("notIP", "not_ip"), ("ipv6ExtensionCut", "ipv6_extension_cut"), ("suppressDPDKOutput", "suppress_dpdk_output"), ("x", "x")])
    func `name settings as a file does`(name: String, key: String) { #expect(name.snakeCased == key) }
}

@Suite struct `Filters on their way to a core` {
    private func edition() throws -> FilterEdition { try FilterEdition([], for: [], TrackerOptions(), parsed: []) }

    @Test func `are taken once, and those before come back`() throws {
        let mailbox = FilterMailbox()
        #expect(!mailbox.hasMail && mailbox.take() == nil && mailbox.collect() == nil)
        weak var posted: FilterEdition?
        weak var before: FilterEdition?
        do {
            let edition = try edition()
            posted = edition
            mailbox.post(edition)
        }
        #expect(mailbox.hasMail && posted != nil)
        do {
            let taken = try #require(mailbox.take())
            #expect(taken === posted && !mailbox.hasMail && mailbox.take() == nil)
            let old = try edition()
            before = old
            mailbox.giveBack(FilterMailbox.Replaced(old, EngineMemory(), [.tls]))
        }
        #expect(posted == nil && before != nil)
        #expect(mailbox.collect()?.services == [.tls])
        #expect(mailbox.collect() == nil && before == nil)
    }

    @Test func `are let go when nobody takes them`() throws {
        weak var withdrawn: FilterEdition?
        weak var left: FilterEdition?
        weak var notCollected: FilterEdition?
        do {
            let mailbox = FilterMailbox()
            do {
                let edition = try edition()
                withdrawn = edition
                mailbox.post(edition)
            }
            mailbox.withdraw()
            #expect(withdrawn == nil && !mailbox.hasMail)
            let (last, old) = (try edition(), try edition())
            (left, notCollected) = (last, old)
            mailbox.post(last)
            mailbox.giveBack(FilterMailbox.Replaced(old, EngineMemory(), []))
        }
        #expect(left == nil && notCollected == nil)
    }
}
