import Capture
import Foundation
import Fovea
import Packets
import Testing

/// `configs/questions.toml`, run as it is.
extension `Capture` {
    /// In the place of the program's own.
    private struct Names: SessionTrackable {
        typealias Parser = TLSParser
        typealias Report = LogWriter
        static let name = "server_names"

        static func makeReport(_ context: ReportContext) throws -> LogWriter { try LogWriter(context) }
        init(_ connection: ConnectionRecord) {}
        mutating func session(_ session: TLSHandshake, of connection: ConnectionRecord, _ report: inout LogWriter) -> Verdict {
            report.write { line in
                line.addIdentity(of: connection)
                line.add("name", session.serverName)
            }
            return .unsubscribe
        }
        consuming func ended(_ connection: ConnectionRecord, _ report: inout LogWriter) {}
    }

    private struct Line: Decodable {
        var ts: Double
        var uid: String?
        var len: Int?
        var src: String?
        var tcp_flags: String?
        var conn_state: String?
        var server_name: String?
        var subscription: String?
    }

    private func lines(_ path: String) throws -> [Line] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
    }

    @Test func `questions without a line of Swift are answered, each in a file of its own`() throws {
        try DPDK.start()
        let folder = try TemporaryFolder()
        var config = try Config(contentsOf: trace("../../configs/questions.toml"))
        config.source = .offline(.init(pcap: trace("tls.pcap")))
        config.output = folder.path
        for index in config.subscriptions.indices where config.subscriptions[index].output?.text == "-" {
            config.subscriptions[index].output = LocatedText("\(folder.path)/standard output")
        }
        let summary = try Fovea.run(config, subscriptions: [Names.self])
        #expect(summary.counters.isBalanced)
        #expect(summary.problems.isEmpty)
        let connections = try lines("\(folder.path)/not to the usual ports.jsonl")
        #expect(connections.count == 12)
        #expect(connections.allSatisfy { $0.uid != nil && $0.conn_state != nil && $0.subscription == nil })
        let packets = try lines("\(folder.path)/standard output")
        #expect(packets.count == 58)
        #expect(packets.allSatisfy { $0.uid == nil && $0.src?.contains(":") == true && $0.len ?? 0 >= 74 })
        #expect(Set(packets.compactMap(\.tcp_flags)).isSuperset(of: ["S", "SA", "A"]))
        #expect(try lines("\(folder.path)/names over IPv6.jsonl").count == 3)
        #expect(try lines("\(folder.path)/mail.jsonl").isEmpty)
        // The first six of each of seven, the handshakes before any name included.
        let history = try Dictionary(grouping: lines("\(folder.path)/packets to example.org.jsonl"), by: \.uid).values
        #expect(history.count == 7)
        #expect(history.allSatisfy { $0.prefix(3).map(\.tcp_flags) == ["S", "SA", "A"] && $0.count == 6 })
        let ticks = try Dictionary(grouping: lines("\(folder.path)/large ones as they go.jsonl"), by: \.uid)
        #expect(Set(ticks.keys) == Set(connections.map(\.uid)))
        #expect(ticks.values.contains { $0.count > 2 })
    }

    @Test func `lines of a session know its connection, and in a shared file whose they are`() throws {
        try DPDK.start()
        let folder = try TemporaryFolder()
        var config = Config(offline: .init(pcap: trace("tls.pcap")))
        config.output = folder.path
        config.conntrack.maxConnections = 1000
        config.subscriptions = ["all", "some", "tls", "connection"].map { Config.Subscription(LocatedText($0)) }
        for index in 0..<3 { config.subscriptions[index].output = "lines" }
        for index in 0..<2 { config.subscriptions[index].data = "tls" }
        config.subscriptions[1].filter = "ipv6"
        let summary = try Fovea.run(config, subscriptions: [])
        #expect(summary.problems.isEmpty)

        let all = try lines("\(folder.path)/lines"), connections = try lines("\(folder.path)/connection.jsonl")
        #expect(Dictionary(grouping: all, by: \.subscription).mapValues(\.count) == ["all": 11, "some": 3, nil: 11])
        let known = Set(connections.map(\.uid))
        #expect(all.allSatisfy { known.contains($0.uid) && $0.conn_state == nil })
        #expect(Set(all.map(\.uid)).count == 11)
    }

    @Test func `a run empties the files of the one before, and no other`() throws {
        try DPDK.start()
        let folder = try TemporaryFolder()
        var config = Config(offline: .init(pcap: trace("tls.pcap")))
        config.conntrack.maxConnections = 1000
        config.subscriptions = [Config.Subscription("tls")]
        config.subscriptions[0].output = LocatedText("\(folder.path)/a")
        let other = try folder.write("other".utf8, as: "b")
        for _ in 0..<2 {
            _ = try Fovea.run(config, subscriptions: [])
            #expect(try lines("\(folder.path)/a").count == 11)
        }
        #expect(try String(contentsOfFile: other, encoding: .utf8) == "other")
        config.subscriptions[0].output = LocatedText("\(folder.path)/none/a")
        let error = #expect(throws: OutputError.self) { try Fovea.run(config, subscriptions: []) }
        #expect(error?.description == "\(folder.path)/none/a: No such file or directory")
    }
}
