import Packets
import Tracking

/// `data = "byte_stream"`: the streams of each TCP connection as files, `<uid>.orig` and `<uid>.resp` in a folder of the subscription's name in the run's
/// output folder, each with the first MiB of its direction, or as many bytes as `bytes` says; and a line for each connection, when it is over. Bytes lie in a
/// file where they lie in the stream: a gap reads as zeros.
///
/// Without an output folder there are lines and no files. Disks take their time: live, it is to run on another core (`dispatch = true`).
struct ByteStreamData: StreamTrackable {
    static let name = "byte_stream"
    static let summary = "TCP streams, each direction's first MiB in a file; a line for each connection, when it is over"

    static let streamDepth: Int? = 1 << 20

    static func makeReport(_ context: ReportContext) throws -> Report {
        let folder = context.outputFolder.map { "\($0)/\(context.subscription)" }
        return Report(output: try LogWriter(context), files: try folder.map { try StreamFiles(folder: $0) })
    }

    struct Report: SubscriptionReport {
        var output: LogWriter
        let files: StreamFiles?
        /// Of cores that were merged into this one.
        private var refusal: (path: String, code: Int32)?

        init(output: LogWriter, files: StreamFiles?) { (self.output, self.files) = (output, files) }

        mutating func merge(_ other: Report) {
            refusal = refusal ?? other.refusal ?? other.files?.refusal
            output.merge(other.output)
        }

        func flush() { output.flush() }

        func finish() throws {
            try output.finish()
            if let refusal = files?.refusal ?? refusal { throw OutputError(path: refusal.path, code: refusal.code) }
        }
    }

    /// One direction.
    private struct Side {
        /// Where its next bytes lie.
        var place: UInt64 = 0
        var written: UInt64 = 0
        var missing: UInt64 = 0
        var file = StreamFiles.File()

        mutating func write(_ bytes: RawSpan, to files: StreamFiles?, named name: @autoclosure () -> String) {
            if let files {
                files.write(bytes, at: place, to: &file, name: name())
                if !file.isRefused { written += UInt64(bytes.byteCount) }
            }
            place += UInt64(bytes.byteCount)
        }

        mutating func skip(_ count: Int) {
            missing += UInt64(count)
            place += UInt64(count)
        }
    }

    private let uid: String
    private var originator = Side()
    private var responder = Side()

    init(_ connection: ConnectionRecord) { uid = connection.uid }

    mutating func stream(_ bytes: RawSpan, from sender: Direction, _ report: inout Report) -> Verdict {
        let uid = uid
        switch sender {
        case .originator: originator.write(bytes, to: report.files, named: "\(uid).orig")
        case .responder: responder.write(bytes, to: report.files, named: "\(uid).resp")
        }
        return .more
    }

    mutating func gap(_ byteCount: Int, from sender: Direction, _ report: inout Report) -> Verdict {
        switch sender {
        case .originator: originator.skip(byteCount)
        case .responder: responder.skip(byteCount)
        }
        return .more
    }

    mutating func reoriented(_ connection: ConnectionRecord, _ report: inout Report) {
        swap(&originator, &responder)
        report.files?.rename(&originator.file, to: "\(uid).swap")
        report.files?.rename(&responder.file, to: "\(uid).resp")
        report.files?.rename(&originator.file, to: "\(uid).orig")
    }

    consuming func ended(_ connection: ConnectionRecord, _ report: inout Report) {
        report.files?.close(&originator.file)
        report.files?.close(&responder.file)
        let (orig, resp) = (originator, responder)
        guard orig.place + resp.place > 0 else { return }
        report.output.write { line in
            line.addIdentity(of: connection)
            line.add("service", connection.service == .none ? nil : connection.service.name)
            line.add("orig_file", orig.file.name)
            line.add("orig_file_bytes", orig.written)
            line.add("orig_gap_bytes", orig.missing)
            line.add("resp_file", resp.file.name)
            line.add("resp_file_bytes", resp.written)
            line.add("resp_gap_bytes", resp.missing)
        }
    }
}
