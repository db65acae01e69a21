import Packets
import Tracking

/// `data = "chunk"`: a line for each chunk that a client asks for over one connection and gets, told from sizes and directions alone; see `ChunkDetection`.
struct ChunkData: PacketTrackable {
    static let name = "chunk"
    static let summary = "what clients ask for and get, a line a chunk, told from packets' sizes and directions: size, latency, duration"
    static let history: HistoryBudget? = HistoryBudget()

    static func makeReport(_ context: ReportContext) throws -> LogWriter { try LogWriter(context) }

    private var ends: FiveTuple
    private let uid: String
    private var chunks = ChunkDetection()

    init(_ connection: ConnectionRecord) {
        ends = FiveTuple(connection)
        uid = connection.uid
    }

    mutating func packet(_ packet: Packet, _ frame: RawSpan, from sender: Direction, _ output: inout LogWriter) -> Verdict {
        if let chunk = chunks.add(packet, from: sender) { write(chunk, &output) }
        return .more
    }

    mutating func reoriented(_ connection: ConnectionRecord, _ output: inout LogWriter) {
        ends = FiveTuple(connection)
        chunks.reverseRoles()
    }

    consuming func ended(_ connection: ConnectionRecord, _ output: inout LogWriter) {
        if let chunk = chunks.end() { write(chunk, &output) }
    }

    private func write(_ chunk: ChunkDetection.Chunk, _ output: inout LogWriter) {
        output.write { line in
            line.addIdentity(of: ends, uid: uid, at: chunk.requested)
            line.add("ttfb", seconds: chunk.latency)
            line.add("duration", seconds: chunk.duration)
            line.add("pkts", chunk.packets)
            line.add("bytes", chunk.bytes)
        }
    }
}
