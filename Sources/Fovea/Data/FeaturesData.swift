import Packets
import Tracking

/// `data = "features"`: a line for each connection, when it is over, with what models are fed with. `packets = "first 100"` has all of it told from so many
/// packets.
struct FeaturesData: PacketTrackable {
    static let name = "features"
    static let summary = "features of connections for learning: first packets' sizes and gaps, size histograms, entropy, bursts, throughput, chunks"
    static let history: HistoryBudget? = HistoryBudget()

    static func makeReport(_ context: ReportContext) throws -> LogWriter { try LogWriter(context) }

    private var features = FlowFeatures()

    init(_ connection: ConnectionRecord) {}

    mutating func packet(_ packet: Packet, _ frame: RawSpan, from sender: Direction, _ output: inout LogWriter) -> Verdict {
        features.add(packet, frame, from: sender)
        return .more
    }

    mutating func reoriented(_ connection: ConnectionRecord, _ output: inout LogWriter) { features.reverseRoles() }

    consuming func ended(_ connection: ConnectionRecord, _ output: inout LogWriter) {
        features.end()
        output.write { line in
            line.addIdentity(of: connection)
            line.add("proto", connection.transport.description)
            line.add("service", connection.service == .none ? nil : connection.service.name)
            line.add("duration", seconds: connection.duration)
            line.add("orig_pkts", connection.originator.packets)
            line.add("resp_pkts", connection.responder.packets)
            line.add("orig_bytes", connection.originator.payloadBytes)
            line.add("resp_bytes", connection.responder.payloadBytes)
            line.addFeatures(features)
        }
    }
}

extension LogLine {
    /// - Parameter features: of which the end has been counted.
    public mutating func addFeatures(_ features: FlowFeatures) {
        addSequence(features.packets)
        add("orig_size_bins", features.originatorSizes.counts)
        add("resp_size_bins", features.responderSizes.counts)
        addSample(features.originatorSample, "orig_entropy", "orig_entropy_bytes")
        addSample(features.responderSample, "resp_entropy", "resp_entropy_bytes")
        let (orig, resp) = (features.bursts.originator, features.bursts.responder)
        add("orig_bursts", orig.bursts.count)
        add(orig.bursts, "orig_burst_bytes_min", "orig_burst_bytes_mean", "orig_burst_bytes_max", "orig_burst_bytes_std")
        add("resp_bursts", resp.bursts.count)
        add(resp.bursts, "resp_burst_bytes_min", "resp_burst_bytes_mean", "resp_burst_bytes_max", "resp_burst_bytes_std")
        add("orig_idles", orig.silences.count)
        add(seconds: orig.silences, "orig_idle_min", "orig_idle_mean", "orig_idle_max", "orig_idle_std")
        add("resp_idles", resp.silences.count)
        add(seconds: resp.silences, "resp_idle_min", "resp_idle_mean", "resp_idle_max", "resp_idle_std")
        add("windows", features.throughput.up.count)
        add(features.throughput.up, "up_window_bytes_min", "up_window_bytes_mean", "up_window_bytes_max", "up_window_bytes_std")
        add(features.throughput.down, "down_window_bytes_min", "down_window_bytes_mean", "down_window_bytes_max", "down_window_bytes_std")
        add("chunks", features.chunkSizes.count)
        add(features.chunkSizes, "chunk_bytes_min", "chunk_bytes_mean", "chunk_bytes_max", "chunk_bytes_std")
        add(seconds: features.chunkLatencies, "chunk_ttfb_min", "chunk_ttfb_mean", "chunk_ttfb_max", "chunk_ttfb_std")
        add(seconds: features.chunkDurations, "chunk_duration_min", "chunk_duration_mean", "chunk_duration_max", "chunk_duration_std")
        add(seconds: features.chunkGaps, "chunk_gap_min", "chunk_gap_mean", "chunk_gap_max", "chunk_gap_std")
    }

    /// The first packets with payload, in three lists. Directions are NFStream's: 0 from the originator, 1 from the responder. Gaps are microseconds: in
    /// milliseconds most would be 0.
    public mutating func addSequence<let capacity: Int>(_ packets: PacketSequence<capacity>) {
        let entries = packets.entries
        add("splt_direction", entries.map { $0.sender == .originator ? 0 : 1 })
        add("splt_size", entries.map(\.size))
        add("splt_gap_us", entries.map(\.gap))
    }

    private mutating func addSample<let capacity: Int>(_ sample: PayloadSample<capacity>, _ entropy: StaticString, _ count: StaticString) {
        guard let bits = sample.entropy else { return }
        add(entropy, bits.inThousandths)
        add(count, sample.count)
    }
}
