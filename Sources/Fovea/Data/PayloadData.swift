import Packets
import Tracking

/// `data = "payload"`: a line for each packet with payload of connections that match, with the bytes as text: as they came, of any protocol.
struct PayloadData: PacketTrackable {
    static let name = "payload"
    static let choosesPackets = true
    static let summary = "packets' payload, a line a packet, as text; not put in order"

    static func makeReport(_ context: ReportContext) throws -> LogWriter { try LogWriter(context) }

    private let uid: String

    init(_ connection: ConnectionRecord) { uid = connection.uid }

    mutating func packet(_ packet: Packet, _ frame: RawSpan, from sender: Direction, _ output: inout LogWriter) -> Verdict {
        let start = Int(packet.payloadOffset), end = min(start + Int(packet.payloadCaptured), frame.byteCount)
        guard packet.payloadLength > 0, start <= end else { return .more }
        let bytes = frame.extracting(start..<end)
        output.write { line in
            line.add("ts", packet.timestamp)
            line.add("uid", uid)
            line.add("is_orig", sender == .originator)
            line.add("len", packet.payloadLength)
            line.add("data", utf8: bytes)
        }
        return .more
    }

    consuming func ended(_ connection: ConnectionRecord, _ output: inout LogWriter) {}
}
