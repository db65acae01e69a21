import Glibc
import Logging
import Packets

/// A place that results go to, as the thread that writes them has it: one file, or one after the other, each with head and foot, compressed if that is wanted.
///
///     lines ──▶ [ head │ lines … │ foot ] ──▶ block of 256 KiB ──compress──▶ names.jsonl.gz.partial ──whole──▶ names.jsonl.gz
///
/// Where files begin and what stands in them depends on the lines alone, not on when they come: on their bytes, and on the times that they speak of, of which
/// the latest so far counts. What a compressed file is made of is sound at each block's end, and a file that the system writes no more of ends there.
///
/// After a refusal nothing more is written: what comes is counted and let go.
///
/// Unchecked: the main core makes it, the thread has it from its launch on.
final class OutputPlace: @unchecked Sendable {
    let layout: OutputLayout
    /// Nil: standard output.
    private let path: String?
    private let logger: Logger
    /// Whether to wait for a reader.
    private let mayWait: @Sendable () -> Bool
    private let compressor: Compressor?

    private var file: OutputFile?
    /// Lines' bytes in the file, with head and foot.
    private var fileSize = 0
    private var hasHead = false
    private var hasLines = false
    /// The latest time so far.
    private var time = Int64.min
    /// When the file's interval is over.
    private var fileEnd = Int64.max
    /// The last rotated file's name, and how many had it before.
    private var lastName = ""
    private var sameNames = 0
    /// What is to be compressed.
    private var block = Block()
    private var refusal: Int32 = 0
    private static let blockSize = 256 << 10

    private struct Block {
        var bytes: [UInt8] = []
        var shares: [OutputPiece.Share] = []
    }

    /// - Throws: `OutputError` when the file cannot be opened.
    init(_ path: String?, _ layout: OutputLayout, _ logger: Logger, mayWait: @escaping @Sendable () -> Bool) throws(OutputError) {
        (self.path, self.layout, self.logger, self.mayWait) = (path, layout, logger, mayWait)
        compressor = layout.options.compress.map(Compressor.init)
        if !layout.options.rotates { file = try OutputFile(path, untilWhole: true) }
    }

    /// A run that did not begin leaves nothing.
    func discard() { file?.discard() }

    // MARK: Lines

    func take(_ piece: OutputPiece) {
        guard layout.options.rotates else {
            for mark in piece.marks { begin(mark.time) }
            return append(piece.bytes[...], piece.shares)
        }
        var start = 0
        var first = 0
        for (index, mark) in piece.marks.enumerated() {
            let lineStart = index == 0 ? 0 : piece.marks[index - 1].end
            let now = max(time, mark.time)
            if file != nil, isOver(at: now, fileSize + lineStart - start, adding: mark.end - lineStart) {
                append(piece, start..<lineStart, first..<index)
                finishFile()
                (start, first) = (lineStart, index)
            }
            begin(mark.time)
        }
        append(piece, start..<piece.bytes.count, first..<piece.marks.count)
    }

    private func isOver(at now: Int64, _ size: Int, adding line: Int) -> Bool {
        guard hasLines else { return false }
        if now >= fileEnd { return true }
        return layout.options.rotateSize.map { size + line > $0 } ?? false
    }

    /// A line that speaks of a time is about to follow.
    private func begin(_ lineTime: Int64) {
        time = max(time, lineTime)
        if file == nil, refusal == 0 { openNext() }
        if !hasHead {
            hasHead = true
            append(layout.head(time > .min ? civil : nil)[...], [])
        }
        hasLines = true
    }

    private var civil: CivilTime { CivilTime(Timestamp(nanoseconds: max(0, time))) }

    /// A part of a piece: its lines of those places.
    private func append(_ piece: OutputPiece, _ bytes: Range<Int>, _ lines: Range<Int>) {
        guard !bytes.isEmpty else { return }
        var shares: [OutputPiece.Share] = []
        var line = lines.lowerBound
        for share in piece.shares where share.end > bytes.lowerBound && line < lines.upperBound {
            let end = min(share.end, bytes.upperBound)
            let before = line
            while line < lines.upperBound, piece.marks[line].end <= end { line += 1 }
            shares.append(OutputPiece.Share(counts: share.counts, lines: UInt64(line - before), end: end - bytes.lowerBound))
        }
        append(piece.bytes[bytes], shares)
    }

    private func append(_ bytes: ArraySlice<UInt8>, _ shares: [OutputPiece.Share]) {
        guard refusal == 0 else { return refuse(shares) }
        fileSize += bytes.count
        guard compressor != nil else { return bytes.withUnsafeBytes { write($0, shares) } }
        let start = block.bytes.count
        block.bytes += bytes
        for share in shares { block.shares.append(OutputPiece.Share(counts: share.counts, lines: share.lines, end: start + share.end)) }
        while block.bytes.count >= Self.blockSize, refusal == 0 { writeBlock(upTo: blockEnd) }
    }

    /// Behind the last line that ends within a block's size, or behind the first one.
    private var blockEnd: Int {
        let newline = UInt8(ascii: "\n")
        let end = block.bytes[..<Self.blockSize].lastIndex(of: newline) ?? block.bytes[Self.blockSize...].firstIndex(of: newline)
        return end.map { $0 + 1 } ?? block.bytes.count
    }

    private func writeBlock(upTo end: Int) {
        guard let compressor else { return }
        var (whole, rest): ([OutputPiece.Share], [OutputPiece.Share]) = ([], [])
        var start = 0
        for share in block.shares {
            defer { start = share.end }
            if share.end <= end {
                whole.append(share)
            } else if start >= end {
                rest.append(OutputPiece.Share(counts: share.counts, lines: share.lines, end: share.end - end))
            } else {
                let lines = UInt64(block.bytes[start..<end].count { $0 == UInt8(ascii: "\n") })
                whole.append(OutputPiece.Share(counts: share.counts, lines: lines, end: end))
                rest.append(OutputPiece.Share(counts: share.counts, lines: share.lines - lines, end: share.end - end))
            }
        }
        let output = block.bytes.withUnsafeBytes { compressor.compress(UnsafeRawBufferPointer(rebasing: $0[..<end])) }
        block.bytes.removeSubrange(..<end)
        block.shares = rest
        if let output { output.withUnsafeBytes { write($0, whole) } } else { refuse(whole, ENOMEM) }
    }

    private func write(_ bytes: UnsafeRawBufferPointer, _ shares: [OutputPiece.Share]) {
        let code = file?.append(bytes, mayWait: mayWait) ?? EBADF
        guard code == 0 else { return refuse(shares, code) }
        for share in shares { share.counts.count(written: share.lines) }
    }

    /// The system takes no more: told once.
    private func refuse(_ shares: [OutputPiece.Share], _ code: Int32) {
        if refusal == 0 {
            refusal = code
            // Nobody reads it, and the run is over: that is no fault of the place.
            if code != ETIMEDOUT {
                let place = file?.path ?? path ?? "standard output"
                logger.error("results cannot be written", metadata: ["to": "\(place)", "reason": "\(String(cString: strerror(code)))"])
            }
        }
        refuse(shares)
        refuse(block.shares)
        block = Block()
    }

    private func refuse(_ shares: [OutputPiece.Share]) {
        for share in shares {
            if refusal == ETIMEDOUT { share.counts.count(dropped: share.lines) } else { share.counts.count(refused: share.lines, refusal) }
        }
    }

    // MARK: Files

    private func openNext() {
        var name = path
        if let path, layout.options.rotates { name = rotatedName(of: path) }
        do {
            file = try OutputFile(name, untilWhole: true)
            if let interval = layout.options.rotateInterval {
                let length = interval.nanoseconds
                let start = max(0, time) / length * length
                fileEnd = start > .max - length ? .max : start + length
            }
        } catch {
            refuse([], error.code)
        }
    }

    /// `conn.log.gz` of a time is `conn.2026-01-02-03-04-05.log.gz`; the next of the same second `conn.2026-01-02-03-04-05-1.log.gz`.
    private func rotatedName(of path: String) -> String {
        var start = max(0, time)
        if let interval = layout.options.rotateInterval, layout.options.rotateSize == nil { start = start / interval.nanoseconds * interval.nanoseconds }
        let text = CivilTime(Timestamp(nanoseconds: start)).fileText
        sameNames = text == lastName ? sameNames + 1 : 0
        lastName = text
        let nameStart = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        let (folder, name) = (path[..<nameStart], path[nameStart...])
        let suffix = layout.options.compress.map(\.suffix).flatMap { name.hasSuffix($0) ? $0 : nil } ?? ""
        let stem = name.dropLast(suffix.count)
        let dot = stem.lastIndex(of: ".") ?? stem.endIndex
        return "\(folder)\(stem[..<dot]).\(text)\(sameNames > 0 ? "-\(sameNames)" : "")\(stem[dot...])\(suffix)"
    }

    /// Puts an end to the file, and gives it its name.
    private func finishFile() {
        guard let file else { return }
        if refusal == 0 {
            append((hasLines ? layout.foot(time > .min ? civil : nil) : hasHead ? [] : layout.head(nil))[...], [])
            // Nothing is a file, too, but no compressed one.
            if compressor != nil, refusal == 0, !block.bytes.isEmpty || fileSize == 0 { writeBlock(upTo: block.bytes.count) }
        }
        // What lacks something keeps the name that says so.
        if refusal == 0 {
            let code = file.finish()
            if code != 0 { refuse([], code) }
        }
        self.file = nil
        (fileSize, hasHead, hasLines, fileEnd) = (0, false, false, .max)
    }

    /// Nothing more comes.
    func close() { finishFile() }
}
