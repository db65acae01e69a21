import Protocols
import Testing
import Tracking
@testable import Fovea

/// TLS names: reassembly, a parser, and a value for each connection.
private struct Names: SessionTrackable {
    typealias Parser = TLSParser
    var words = (0, 0, 0, 0)
    init(_ connection: ConnectionRecord) {}
    mutating func session(_ handshake: TLSHandshake, of connection: ConnectionRecord, _ report: inout NoReport) -> Verdict { .done }
    consuming func ended(_ connection: ConnectionRecord, _ report: inout NoReport) {}
}

@Suite struct `Memory budget` {
    private func plan(_ connections: Int, budget: Int) throws -> RunPlan {
        var config = Config(offline: .init(pcap: "nothing.pcap"))
        config.conntrack.maxConnections = connections
        config.memoryBudget = budget
        return try RunPlan(config, subscriptions: [Names.self])
    }

    private func memory(_ plan: RunPlan) throws -> EngineMemory {
        let order = SubscriberOrder(
            filter: .everything, context: ReportContext(subscription: "test", lcore: 0, outputFolder: nil), maxConnections: plan.config.conntrack.maxConnections)
        return Pipeline(plan.trackerOptions, subscribers: [try Names._makeSubscriber(order)]).memory
    }

    @Test func `holds a million connections and all buffers by default`() throws {
        let plan = try RunPlan(Config(offline: .init(pcap: "nothing.pcap")), subscriptions: [Names.self])
        #expect(plan.config.conntrack.maxConnections == 1_000_000)
        try plan.check(memory(plan))
    }

    @Test func `counts all that is reserved`() throws {
        let memory = try memory(plan(100_000, budget: 1 << 40))
        // Entries of 256 bytes and what finds them, at least; the value's 32 bytes; the segments' and the parser's budgets.
        #expect(memory.connections > 100_000 * (256 + 16))
        #expect((100_001 * 32...100_001 * 32 + 64).contains(memory.subscriptions))
        #expect(memory.parsers >= 100_000 * MemoryLayout<TLSParser>.stride)
        #expect(memory.segments > 60 << 20 && memory.segments <= 64 << 20)
        #expect(memory.messages == 64 << 20)
        #expect(memory.total == memory.parts.reduce(0) { $0 + $1.bytes })
    }

    @Test(arguments: [256, 300, 512, 777, 1024]) func `names a table that would fit, and that fits`(mebibytes: Int) throws {
        let tooLarge = try plan(10_000_000, budget: mebibytes << 20)
        let error = try #require(throws: ConfigError.self) { try tooLarge.check(memory(tooLarge)) }
        #expect(error.message.hasPrefix("memory_budget is "))
        let words = error.message.split(separator: " ")
        let place = try #require(words.lastIndex(of: "="))
        let fitting = try #require(Int(words[place + 1]))
        #expect(fitting > 10_000)
        let smaller = try plan(fitting, budget: mebibytes << 20)
        try smaller.check(memory(smaller))
    }
}
