import Tracking

/// Where a subscription's lines go: one JSON object a line, to the file that the run has for it or to standard output. Several subscriptions may write to
/// one place: a line of one that the config gave a name of its own ends in `"subscription"` there.
///
/// One for each core, made with its report. Lines are gathered and written in large pieces, whole lines only: live as soon as there is a piece, so that
/// several cores append to one file without tearing each other's; of a capture in the order of what happened (`LineMerger`). What the disk refuses is
/// counted, and told at the end; from then on nothing more is written.
///
/// It may be a subscription's whole report:
///
///     static func makeReport(_ context: ReportContext) throws -> JSONLinesWriter { try JSONLinesWriter(context) }
public final class JSONLinesWriter: SubscriptionReport {
    private let label: String?
    private let file: OutputFile
    /// Where lines are put in order.
    private let queue: LineQueue?
    private var piece = LinePiece()
    private var object = JSONObject()
    /// Lines gathered since the last flush.
    private var pending: UInt64 = 0
    private var tally = LineTally()

    static let pieceSize = 64 << 10

    /// - Throws: `OutputError` when the file cannot be opened.
    public init(_ context: ReportContext) throws(OutputError) {
        label = context.label
        if let lines = context.lines as? CoreLines {
            let queue = try lines.makeQueue(to: context.outputFile, place: context.place)
            (self.queue, file) = (queue, queue.file)
            reserve()
            lines.add(self)
        } else {
            (queue, file) = (nil, try OutputFile(context.outputFile))
            reserve()
        }
    }

    deinit { flush() }

    private func reserve() { piece.bytes.reserveCapacity(Self.pieceSize + 2 * JSONObject.longestString) }

    /// What it goes by in messages.
    public var path: String { file.path }
    /// Lines written, and lines that could not be.
    public var written: UInt64 { sum.written }
    public var refused: UInt64 { sum.refused }

    private var sum: LineTally { queue.map { tally + $0.tally } ?? tally }

    /// Writes one line.
    public func write(_ fill: (inout JSONObject) -> Void) {
        object.open()
        fill(&object)
        object.add("subscription", label)
        object.close()
        piece.bytes += object.bytes
        piece.bytes.append(UInt8(ascii: "\n"))
        if let queue { piece.lines.append(LinePiece.Line(position: queue.position.current, end: piece.bytes.count)) }
        pending += 1
        if piece.bytes.count >= Self.pieceSize { flush() }
    }

    /// Hands on what is gathered: to the system, or to be put in order.
    public func flush() {
        if let queue {
            queue.handOver(piece)
            piece = LinePiece()
            if pending > 0 { reserve() }
        } else if pending > 0 {
            if tally.refusal == 0 { tally.refusal = file.append(piece.bytes) }
            tally.count(pending)
            piece.bytes.removeAll(keepingCapacity: true)
        }
        pending = 0
    }

    public func merge(_ other: JSONLinesWriter) {
        other.flush()
        flush()
        tally = tally + other.sum
    }

    /// - Throws: `OutputError` when lines could not be written.
    public func finish() throws(OutputError) {
        flush()
        let sum = sum
        if sum.refused > 0 { throw OutputError(path: path, code: sum.refusal, lines: sum.refused) }
    }
}

/// What became of lines.
struct LineTally {
    var written: UInt64 = 0
    var refused: UInt64 = 0
    /// Why the first were refused; an errno, 0: none were.
    var refusal: Int32 = 0

    mutating func count(_ lines: UInt64) {
        if refusal == 0 { written += lines } else { refused += lines }
    }

    static func + (left: LineTally, right: LineTally) -> LineTally {
        LineTally(
            written: left.written + right.written, refused: left.refused + right.refused, refusal: left.refusal == 0 ? right.refusal : left.refusal)
    }
}
