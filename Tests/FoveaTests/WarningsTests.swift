import Logging
import Synchronization
import Testing
@testable import Fovea

@Suite struct Warning {
    private final class Lines: Sendable {
        let all = Mutex<[String]>([])
    }

    private struct Handler: LogHandler {
        let lines: Lines
        var logLevel = Logger.Level.trace
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let values = (event.metadata ?? [:]).map { "\($0)=\($1)" }.sorted().joined(separator: " ")
            lines.all.withLock { $0.append("\(event.message) \(values)") }
        }
    }

    private func warnings() -> (Warnings, Lines) {
        let lines = Lines()
        return (Warnings(Logger(label: "test") { _ in Handler(lines: lines) }), lines)
    }

    @Test func `comes when something happens, and says how often`() {
        var (warnings, lines) = warnings()
        var reading = Reading()
        let start = ContinuousClock.now
        warnings.look(at: reading, dropped: 0, start)
        #expect(lines.all.withLock { $0 }.isEmpty)
        reading.evicted = 7
        reading.emergencies = 1
        reading.connections = 100
        warnings.look(at: reading, dropped: 3, start)
        #expect(lines.all.withLock { $0 } == [
            "connection table nearly full connections=100 times=1", "connections evicted: the table was full connections=7",
            "packets dropped before they were seen packets=3",
        ])
    }

    @Test func `of one kind comes once in ten seconds, and leaves nothing out`() {
        var (warnings, lines) = warnings()
        var reading = Reading()
        let start = ContinuousClock.now
        for second in 0..<60 {
            reading.evicted += 1000
            warnings.look(at: reading, dropped: 0, start + .seconds(second))
        }
        let counts = lines.all.withLock { $0 }.map { Int($0.split(separator: "=").last!)! }
        #expect(counts == [1000, 10_000, 10_000, 10_000, 10_000, 10_000])
    }
}
