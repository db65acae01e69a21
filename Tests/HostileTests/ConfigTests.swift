import Filters
import Testing

@testable import Fovea

@Suite struct `Hostile configurations` {
    private static let good = "offline.pcap = 'x'\n"

    @Test(arguments: [
        "max_conections = 1", "[conntrack]\nmax_connections = 1\nmax_connection = 2", "[nothing]", "'' = 1", "\"\\u0000\" = 1",
        "[[offline.pcap]]", "[conntrack.more]",
    ]) func `case 43a a key that is none is named with its line`(text: String) {
        let error = #expect(throws: ConfigError.self) { try Config(parsing: Self.good + text, path: "c.toml") }
        #expect(error?.description.isEmpty == false)
    }

    @Test(arguments: ["-1", "-9223372036854775808", "9223372036854775807", "1e400", "nan", "-0.0", "'-5'", "[]", "{}"])
    func `case 43b a number that is none, or negative, or too large, is refused`(value: String) {
        for key in ["conntrack.max_connections", "mempool.capacity", "conntrack.tcp_inactivity_timeout", "main_core"] {
            #expect(throws: ConfigError.self) { try Config(parsing: Self.good + "\(key) = \(value)", path: "c.toml") }
        }
    }

    @Test(arguments: ["tcp.prot == 3", "tcp and", "((((((((((", "ip.addr == 300.1.1.1", "tcp.port == 99999", "!", "\u{0}", String(repeating: "(", count: 100_000)])
    func `case 43c a filter that is none is refused`(filter: String) {
        #expect(throws: FilterError.self) { try Filter(parsing: filter) }
    }

    @Test func `case 43d asking to stop twice, from many threads, is asking once`() async {
        let stop = StopRequest()
        await withTaskGroup { group in for _ in 0..<8 { group.addTask { stop.request() } } }
        #expect(stop.isRequested)
        stop.request()
        #expect(stop.isRequested)
    }
}
