import Fovea

/// How large TCP connections get: each one's stream bytes, counted while they pass, into a histogram by powers of two.
struct FlowSizes: StreamTrackable {
    static let filter: Filter = .tcp
    static let summary = "TCP connections by payload size"

    static func makeReport(_ context: ReportContext) throws -> Histogram { Histogram() }

    private var bytes = 0
    private var missing = 0

    init(_ connection: ConnectionRecord) {}

    mutating func stream(_ bytes: RawSpan, from sender: Direction, _ histogram: inout Histogram) -> Verdict {
        self.bytes += bytes.byteCount
        return .more
    }

    mutating func gap(_ byteCount: Int, from sender: Direction, _ histogram: inout Histogram) -> Verdict {
        missing += byteCount
        return .more
    }

    consuming func ended(_ connection: ConnectionRecord, _ histogram: inout Histogram) { histogram.add(bytes, missing: missing) }

    struct Histogram: SubscriptionReport {
        private var connections: [Int: Int] = [:]
        private var missing = 0

        mutating func add(_ bytes: Int, missing: Int) {
            connections[bytes == 0 ? 0 : Int.bitWidth - bytes.leadingZeroBitCount, default: 0] += 1
            self.missing += missing
        }

        mutating func merge(_ other: Histogram) {
            connections.merge(other.connections, uniquingKeysWith: +)
            missing += other.missing
        }

        mutating func finish() throws {
            for (power, count) in connections.sorted(by: { $0.key < $1.key }) {
                print("{\"bytes_below\":\(power == 0 ? 1 : 1 << power),\"connections\":\(count)}")
            }
        }
    }
}
