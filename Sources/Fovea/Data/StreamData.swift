import Packets
import Tracking

/// `data = "stream"`: a line for each piece of TCP payload in order, with the bytes as text; and for each gap. Its time is that of the connection's beginning.
struct StreamData: StreamTrackable {
    static let name = "stream"
    static let summary = "TCP payload in order, a line a piece, as text"

    static func makeReport(_ context: ReportContext) throws -> LogWriter { try LogWriter(context) }

    private let uid: String
    private let began: Timestamp
    private var originatorOffset: UInt64 = 0
    private var responderOffset: UInt64 = 0

    init(_ connection: ConnectionRecord) { (uid, began) = (connection.uid, connection.first) }

    mutating func stream(_ bytes: RawSpan, from sender: Direction, _ output: inout LogWriter) -> Verdict {
        let offset = advance(bytes.byteCount, sender)
        output.write { line in
            addPlace(to: &line, sender, offset)
            line.add("len", bytes.byteCount)
            line.add("data", utf8: bytes)
        }
        return .more
    }

    mutating func gap(_ byteCount: Int, from sender: Direction, _ output: inout LogWriter) -> Verdict {
        let offset = advance(byteCount, sender)
        output.write { line in
            addPlace(to: &line, sender, offset)
            line.add("gap", byteCount)
        }
        return .more
    }

    mutating func reoriented(_ connection: ConnectionRecord, _ output: inout LogWriter) { swap(&originatorOffset, &responderOffset) }

    consuming func ended(_ connection: ConnectionRecord, _ output: inout LogWriter) {}

    /// Where the direction's next bytes lie in its stream.
    private mutating func advance(_ byteCount: Int, _ sender: Direction) -> UInt64 {
        switch sender {
        case .originator:
            defer { originatorOffset += UInt64(byteCount) }
            return originatorOffset
        case .responder:
            defer { responderOffset += UInt64(byteCount) }
            return responderOffset
        }
    }

    private func addPlace(to line: inout LogLine, _ sender: Direction, _ offset: UInt64) {
        line.add("ts", began)
        line.add("uid", uid)
        line.add("is_orig", sender == .originator)
        line.add("offset", offset)
    }
}
