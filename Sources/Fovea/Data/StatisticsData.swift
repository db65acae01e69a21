import Packets
import Tracking

/// `data = "connection_statistics"`: a line for each connection, when it is over: its record, and how its packets came.
struct StatisticsData: PacketTrackable {
    static let name = "connection_statistics"
    static let summary = "connections with how their packets came: times between them, sizes, out of order, retransmitted"
    /// So that what came before the filter could tell counts, too.
    static let history: HistoryBudget? = HistoryBudget()

    static func makeReport(_ context: ReportContext) throws -> LogWriter { try LogWriter(context) }

    private var statistics = FlowStatistics()

    init(_ connection: ConnectionRecord) {}

    mutating func packet(_ packet: Packet, _ frame: RawSpan, from sender: Direction, _ output: inout LogWriter) -> Verdict {
        statistics.add(packet, from: sender)
        return .more
    }

    mutating func reoriented(_ connection: ConnectionRecord, _ output: inout LogWriter) { statistics.reverseRoles() }

    consuming func ended(_ connection: ConnectionRecord, _ output: inout LogWriter) {
        output.write { line in
            line.addRecord(connection)
            line.addStatistics(statistics)
        }
    }
}

extension LogLine {
    /// How a connection's packets came. Times are seconds, sizes bytes of payload.
    public mutating func addStatistics(_ statistics: FlowStatistics) {
        let times = statistics.interArrivals
        add("max_inactivity", seconds: times.longestSilence)
        if let first = times.first, let second = times.second { add("second_pkt", seconds: second - first) }
        add(seconds: times.flow, "flow_iat_min", "flow_iat_mean", "flow_iat_max", "flow_iat_std")
        add(seconds: times.originator, "orig_iat_min", "orig_iat_mean", "orig_iat_max", "orig_iat_std")
        add(seconds: times.responder, "resp_iat_min", "resp_iat_mean", "resp_iat_max", "resp_iat_std")
        add(statistics.payloadSizes, "flow_len_min", "flow_len_mean", "flow_len_max", "flow_len_std")
        let (orig, resp) = (statistics.originator, statistics.responder)
        add(orig.payloadSizes, "orig_len_min", "orig_len_mean", "orig_len_max", "orig_len_std")
        add(resp.payloadSizes, "resp_len_min", "resp_len_mean", "resp_len_max", "resp_len_std")
        add("orig_data_pkts", orig.segments.payloadPackets)
        add("resp_data_pkts", resp.segments.payloadPackets)
        // The rest is TCP's.
        guard orig.firstWindow != nil || resp.firstWindow != nil else { return }
        add("orig_ooo_pkts", orig.segments.outOfOrderPackets)
        add("resp_ooo_pkts", resp.segments.outOfOrderPackets)
        add("orig_rxmit_pkts", orig.segments.retransmittedPackets)
        add("resp_rxmit_pkts", resp.segments.retransmittedPackets)
        add("orig_rxmit_bytes", orig.segments.retransmittedBytes)
        add("resp_rxmit_bytes", resp.segments.retransmittedBytes)
        add("orig_hole_bytes", orig.segments.missingBytes)
        add("resp_hole_bytes", resp.segments.missingBytes)
        add("orig_stray_pkts", orig.segments.strayPackets)
        add("resp_stray_pkts", resp.segments.strayPackets)
        add("orig_tcp_flags", orig.flags.rawValue)
        add("resp_tcp_flags", resp.flags.rawValue)
        if let window = orig.firstWindow { add("orig_init_win", window) }
        if let window = resp.firstWindow { add("resp_init_win", window) }
        add("orig_zero_win_pkts", orig.zeroWindows)
        add("resp_zero_win_pkts", resp.zeroWindows)
    }

    /// Nothing of no numbers.
    mutating func add(
        _ numbers: RunningStatistics, _ minimum: StaticString, _ mean: StaticString, _ maximum: StaticString, _ deviation: StaticString
    ) {
        guard numbers.count > 0 else { return }
        add(minimum, numbers.minimum!)
        add(mean, numbers.mean!.inThousandths)
        add(maximum, numbers.maximum!)
        add(deviation, numbers.standardDeviation!.inThousandths)
    }

    /// The same of nanoseconds, in seconds.
    mutating func add(
        seconds numbers: RunningStatistics, _ minimum: StaticString, _ mean: StaticString, _ maximum: StaticString, _ deviation: StaticString
    ) {
        guard numbers.count > 0 else { return }
        add(minimum, seconds: numbers.minimum!)
        add(mean, seconds: numbers.mean!.inWhole)
        add(maximum, seconds: numbers.maximum!)
        add(deviation, seconds: numbers.standardDeviation!.inWhole)
    }
}

extension Double {
    /// As near as three decimals come.
    var inThousandths: Double { (self * 1000).rounded() / 1000 }
    /// As near as integers come.
    fileprivate var inWhole: Int64 { Int64(max(-9e18, min(9e18, rounded()))) }
}
