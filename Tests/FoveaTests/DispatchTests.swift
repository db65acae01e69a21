import Foundation
import Logging
import Synchronization
import Testing
import Tracking

@testable import Fovea

@Suite struct `Dispatch, as asked for` {
    private struct Slow: Trackable {
        static let dispatch = Dispatch.otherCore(ring: 1 << 20)
        init(_ connection: ConnectionRecord) {}
        consuming func ended(_ connection: ConnectionRecord, _ report: inout NoReport) {}
    }

    private struct Fast: Trackable {
        init(_ connection: ConnectionRecord) {}
        consuming func ended(_ connection: ConnectionRecord, _ report: inout NoReport) {}
    }

    private static let online = "[[online.ports]]\ndevice = 'net_null0'\ncores = [1, 2]\n"

    private func plan(_ text: String) throws -> RunPlan { try RunPlan(Config(parsing: text, path: "x.toml"), subscriptions: [Slow.self, Fast.self]) }

    private func dispatch(_ key: String, of name: String) throws -> Dispatch {
        let plan = try plan(Self.online + "[[subscriptions]]\nname = '\(name)'\n\(key)\n")
        return plan.dispatch(of: plan.entries[0])
    }

    @Test func `is the type's wish, or the configuration's`() throws {
        #expect(try dispatch("", of: "slow") == .otherCore(ring: 1 << 20))
        #expect(try dispatch("dispatch = true", of: "slow") == .otherCore(ring: 1 << 20))
        #expect(try dispatch("dispatch = false", of: "slow") == .inline)
        #expect(try dispatch("dispatch = '32 MiB'", of: "slow") == .otherCore(ring: 32 << 20))
        #expect(try dispatch("", of: "fast") == .inline)
        #expect(try dispatch("dispatch = true", of: "fast") == .otherCore(ring: Dispatch.ringSize))
        #expect(try dispatch("dispatch = 262144", of: "fast") == .otherCore(ring: 256 << 10))
    }

    @Test func `is not for capture files`() throws {
        let plan = try plan("offline.pcap = 'x'")
        #expect(plan.entries[0].dispatch == .otherCore(ring: 1 << 20))
        #expect(plan.entries.map { plan.dispatch(of: $0) } == [.inline, .inline])
        let order = SubscriberOrder(filter: .everything, context: plan.context(of: plan.entries[0], lcore: 1), maxConnections: 10)
        #expect(try !(plan.makeSubscriber(for: plan.entries[0], order) is DispatchedSubscriber))
    }

    @Test func `has cores, or threads`() throws {
        let alone = try plan(Self.online), cores = try plan("online.dispatch_cores = [5, 4]\n" + Self.online)
        #expect(alone.dispatchCores.isEmpty && alone.dispatchPlace == "a thread of its own")
        #expect(cores.dispatchCores == [4, 5] && cores.dispatchPlace == "lcores 4, 5")
        #expect("\(cores)".contains("slow        eth  (on lcores 4, 5)"))
        #expect(cores.lcores == [1, 2] && cores.warnings.isEmpty)
        let idle = try plan("online.dispatch_cores = [4]\n" + Self.online + "[[subscriptions]]\nname = 'fast'")
        #expect(idle.dispatchCores.isEmpty && idle.warnings == ["dispatch_cores: no subscription asks for another core"])
    }

    @Test(arguments: [
        ("online.dispatch_cores = [3, 3]\n", "x.toml:1: dispatch_cores: 3 is there twice"),
        ("online.dispatch_cores = [0]\n", "x.toml:1: dispatch_cores: 0 is main_core"),
        ("online.dispatch_cores = [3, 2]\n", "x.toml:1: dispatch_cores: 2 polls net_null0"),
        ("online.dispatch_cores = 3\n", "x.toml:1: dispatch_cores: expected an array of integers, found 3"),
    ])
    func `on a core that has other work is refused`(text: String, message: String) {
        let error = #expect(throws: ConfigError.self) { try plan(text + Self.online) }
        #expect(error?.description == message)
    }

    @Test(arguments: ["262143", "'64 KiB'", "'a lot'", "[]", "-1"]) func `with a ring that cannot be is refused`(size: String) {
        let error = #expect(throws: ConfigError.self) { try dispatch("dispatch = \(size)", of: "fast") }
        let shown = size == "[]" ? "an array" : size.replacing("'", with: "\"")
        let expected = "true, false, or bytes, an integer in 262144...68719476736 or a string such as \"64 MiB\""
        #expect(error?.description == "x.toml:6: dispatch: expected \(expected), found \(shown)")
    }

    @Test func `in code is checked, too`() throws {
        struct Tiny: Trackable {
            static let dispatch = Dispatch.otherCore(ring: 100)
            init(_ connection: ConnectionRecord) {}
            consuming func ended(_ connection: ConnectionRecord, _ report: inout NoReport) {}
        }
        var online = Config.Online(ports: [.init(device: "net_null0", cores: [1])])
        let ring = #expect(throws: ConfigError.self) { try RunPlan(Config(online: online), subscriptions: [Tiny.self]) }
        #expect(ring?.message == "tiny: a ring of 100 bytes; expected an integer in 262144...68719476736")
        online.dispatchCores = [1]
        let core = #expect(throws: ConfigError.self) { try RunPlan(Config(online: online), subscriptions: [Fast.self]) }
        #expect(core?.message == "dispatch_cores: 1 polls net_null0")
    }

    @Test func `is nothing that a reload can change`() throws {
        let before = try plan(Self.online)
        for (text, message) in [
            (Self.online + "[[subscriptions]]\nname = 'slow'\ndispatch = false\n[[subscriptions]]\nname = 'fast'", "the core of subscription slow changed"),
            ("online.dispatch_cores = [3]\n" + Self.online, "online.dispatch_cores changed"),
        ] {
            let error = #expect(throws: ConfigError.self) { try before.filters(from: plan(text)) }
            #expect(error?.message.contains(message) == true)
        }
    }

    @Test func `tells its losses by subscription, and in the summary`() throws {
        var summary = RunSummary(try plan(Self.online), wallTime: .seconds(1), wasInterrupted: false)
        var counts = DispatchCounts()
        (counts.delivered, counts.late, counts.dropped, counts.droppedBytes, counts.cutConnections, counts.ringPeak) = (100, 20, 3, 4000, 2, 1 << 20)
        summary.dispatch = [DispatchSummary(subscription: "slow", ring: 1 << 20, counts: counts)]
        #expect(summary.dispatchDropped == 3)
        for line in [
            "slow, on another core .* 123\n", "callbacks called .* 100\n", "after it wanted no more .* 20\n", "lost: the ring was full .* 3\n",
            "cut short .* 2\n", "1.0 MiB  of 1.0 MiB\n",
        ] {
            #expect(try summary.description.firstMatch(of: Regex(line)) != nil, "\(line)")
        }
        let object = try #require(try JSONSerialization.jsonObject(with: Data(summary.json.utf8)) as? [String: Any])
        #expect(object["dispatch_dropped"] as? Int == 3)
        let entry = try #require((object["dispatch"] as? [[String: Any]])?.first)
        #expect(entry["subscription"] as? String == "slow" && entry["dispatch_dropped"] as? Int == 3 && entry["cut_connections"] as? Int == 2)
        #expect(entry["dropped_bytes"] as? Int == 4000 && entry["late"] as? Int == 20 && entry["delivered"] as? Int == 100 && entry["ring"] as? Int == 1 << 20)
    }
}
