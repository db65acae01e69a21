import Tracking

/// Where a subscription's lines go: one a line, in the format that the run has for it, to the file that it has for it or to standard output. Several
/// subscriptions may write to one place: a line of one that the config gave a name of its own ends in `"subscription"` there.
///
/// One for each core, made with its report. Lines are gathered and handed on in large pieces, whole lines only; a thread of the run writes them
/// (`OutputThread`). Live they go as soon as there is a piece, and when that thread is so far behind that there is no room for it the piece is dropped, counted
/// and told; of a capture they are put in the order of what happened (`LineMerger`), and the core waits. What the disk refuses is counted, and told at the
/// end; from then on nothing more is written.
///
/// It may be a subscription's whole report:
///
///     static func makeReport(_ context: ReportContext) throws -> LogWriter { try LogWriter(context) }
public final class LogWriter: SubscriptionReport {
    private let label: String?
    private let route: Route
    private let counts: LineCounts
    private var piece = LinePiece()
    private var line: LogLine
    /// Lines gathered since the last flush.
    private var pending: UInt64 = 0

    private enum Route {
        /// Of no run: JSON, behind what there is.
        case file(OutputFile)
        /// To the thread.
        case live(LiveQueue)
        /// Where lines are put in order.
        case ordered(LineQueue)
    }

    static let pieceSize = 64 << 10

    /// - Throws: `OutputError` when the file cannot be opened.
    public init(_ context: ReportContext) throws(OutputError) {
        label = context.label
        if let lines = context.lines as? CoreLines {
            let side = try lines.makeSide(context)
            (route, counts) = (side.queue.map(Route.ordered) ?? .live(side.live!), side.counts)
            line = LogLine(side.encoder)
            reserve()
            lines.add(self)
        } else {
            (route, counts) = (.file(try OutputFile(context.outputFile, untilWhole: false)), LineCounts())
            line = LogLine()
            reserve()
        }
    }

    deinit { flush() }

    private func reserve() { piece.bytes.reserveCapacity(Self.pieceSize + 2 * LogLine.longestString) }

    /// What it goes by in messages.
    public var path: String {
        switch route {
        case .file(let file): file.path
        case .live(let queue): queue.path
        case .ordered(let queue): queue.path
        }
    }
    /// Lines written so far, lines that could not be, and lines for which there was no room; in a run those of all cores.
    public var written: UInt64 { counts.written }
    public var refused: UInt64 { counts.refused }
    public var dropped: UInt64 { counts.dropped }

    /// Writes one line.
    public func write(_ fill: (inout LogLine) -> Void) {
        line.open()
        fill(&line)
        line.add("subscription", label)
        line.close()
        line.append(to: &piece.bytes)
        piece.bytes.append(UInt8(ascii: "\n"))
        switch route {
        case .file: break
        case .live(let queue): if queue.needsTimes { piece.lines.append(LinePiece.Line(position: .endOfRun, time: line.time, end: piece.bytes.count)) }
        case .ordered(let queue): piece.lines.append(LinePiece.Line(position: queue.position.current, time: line.time, end: piece.bytes.count))
        }
        if let field = line.strayField { counts.count(stray: field) }
        pending += 1
        if piece.bytes.count >= Self.pieceSize { flush() }
    }

    /// Hands on what is gathered: to be written, or to be put in order.
    public func flush() {
        switch route {
        case .ordered(let queue):
            queue.handOver(piece)
            piece = LinePiece()
            if pending > 0 { reserve() }
        case .live(let queue):
            if pending > 0 {
                queue.offer(piece, lines: pending, counts)
                piece = LinePiece()
                reserve()
            }
        case .file(let file): if pending > 0 { append(to: file) }
        }
        pending = 0
    }

    private func append(to file: OutputFile) {
        let code = counts.refusal == 0 ? piece.bytes.withUnsafeBytes { file.append($0) } : counts.refusal
        if code == 0 { counts.count(written: pending) } else { counts.count(refused: pending, code) }
        piece.bytes.removeAll(keepingCapacity: true)
    }

    public func merge(_ other: LogWriter) {
        other.flush()
        flush()
        if other.counts !== counts { counts.add(other.counts) }
    }

    /// - Throws: `OutputError` when lines could not be written; in a run that is seen later, and stands in its summary.
    public func finish() throws(OutputError) {
        flush()
        guard case .file = route, counts.refused > 0 else { return }
        throw OutputError(path: path, code: counts.refusal, lines: counts.refused)
    }
}
