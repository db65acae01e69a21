import Packets
import Tracking

/// `data = "stream_hash"`: a line for each TCP connection that carried something, when it is over: SHA-256 of each direction's stream. Fields are those of
/// Zeek's files.log, a side each.
struct StreamHashData: StreamTrackable {
    static let name = "stream_hash"
    static let summary = "SHA-256 of each direction of TCP connections, when they are over"

    static func makeReport(_ context: ReportContext) throws -> LogWriter { try LogWriter(context) }

    private var originator = StreamDigest()
    private var responder = StreamDigest()

    init(_ connection: ConnectionRecord) {}

    mutating func stream(_ bytes: RawSpan, from sender: Direction, _ output: inout LogWriter) -> Verdict {
        switch sender {
        case .originator: originator.add(bytes)
        case .responder: responder.add(bytes)
        }
        return .more
    }

    mutating func gap(_ byteCount: Int, from sender: Direction, _ output: inout LogWriter) -> Verdict {
        switch sender {
        case .originator: originator.skip(byteCount)
        case .responder: responder.skip(byteCount)
        }
        return .more
    }

    mutating func reoriented(_ connection: ConnectionRecord, _ output: inout LogWriter) { swap(&originator, &responder) }

    consuming func ended(_ connection: ConnectionRecord, _ output: inout LogWriter) {
        let (orig, resp) = (originator, responder)
        guard orig.byteCount + resp.byteCount > 0 else { return }
        output.write { line in
            line.addIdentity(of: connection)
            line.add("service", connection.service == .none ? nil : connection.service.name)
            line.add("orig_seen_bytes", orig.byteCount)
            line.add("orig_missing_bytes", orig.missingBytes)
            line.add("orig_sha256", orig.sha256)
            line.add("resp_seen_bytes", resp.byteCount)
            line.add("resp_missing_bytes", resp.missingBytes)
            line.add("resp_sha256", resp.sha256)
        }
    }
}
