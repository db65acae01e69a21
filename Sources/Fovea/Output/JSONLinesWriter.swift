import Glibc
import Synchronization
import Tracking

/// Where a subscription's lines go: one JSON object a line, to the file that the run has for it or to standard output. Several subscriptions may write to
/// one place: a line of one that the config gave a name of its own ends in `"subscription"` there.
///
/// One for each core, made with its report. Lines are gathered and written in large pieces, whole lines only, so that several cores append to
/// one file without tearing each other's. What the disk refuses is counted, and told at the end; from then on nothing more is written.
///
/// It may be a subscription's whole report:
///
///     static func makeReport(_ context: ReportContext) throws -> JSONLinesWriter { try JSONLinesWriter(context) }
public final class JSONLinesWriter: SubscriptionReport {
    /// What it goes by in messages.
    public let path: String
    private let label: String?
    private let file: Int32
    private var buffer: [UInt8] = []
    private var object = JSONObject()
    /// Lines gathered since the last flush.
    private var pending: UInt64 = 0
    /// Lines written, and lines that could not be.
    public private(set) var written: UInt64 = 0
    public private(set) var refused: UInt64 = 0
    private var refusal: Int32 = 0

    private static let pieceSize = 64 << 10
    /// Cores take turns: a piece may take more than one `write`.
    private static let turn = Mutex(())

    /// - Throws: `OutputError` when the file cannot be opened.
    public init(_ context: ReportContext) throws(OutputError) {
        label = context.label
        if let path = context.outputFile {
            self.path = path
            file = Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
            guard file >= 0 else { throw OutputError(path: path, code: errno) }
        } else {
            path = "standard output"
            file = STDOUT_FILENO
        }
        buffer.reserveCapacity(Self.pieceSize + 2 * JSONObject.longestString)
    }

    deinit {
        flush()
        if file != STDOUT_FILENO { close(file) }
    }

    /// Writes one line.
    public func write(_ fill: (inout JSONObject) -> Void) {
        object.open()
        fill(&object)
        object.add("subscription", label)
        object.close()
        buffer += object.bytes
        buffer.append(UInt8(ascii: "\n"))
        pending += 1
        if buffer.count >= Self.pieceSize { flush() }
    }

    /// Hands what is gathered to the system.
    public func flush() {
        guard pending > 0 else { return }
        if refusal == 0 { refusal = Self.turn.withLock { _ in append() } }
        if refusal == 0 { written += pending } else { refused += pending }
        pending = 0
        buffer.removeAll(keepingCapacity: true)
    }

    /// Appends the buffer, all of it or nothing; an errno.
    private func append() -> Int32 {
        let end = file == STDOUT_FILENO ? -1 : lseek(file, 0, SEEK_END)
        return buffer.withUnsafeBytes { bytes in
            var count = 0
            while count < bytes.count {
                let answer = Glibc.write(file, bytes.baseAddress! + count, bytes.count - count)
                if answer >= 0 {
                    count += answer
                } else if errno != EINTR {
                    let code = errno
                    // Half a line would spoil the file for its readers.
                    if count > 0, end >= 0 { ftruncate(file, end) }
                    return code
                }
            }
            return 0
        }
    }

    public func merge(_ other: JSONLinesWriter) {
        other.flush()
        flush()
        written += other.written
        refused += other.refused
        refusal = refusal == 0 ? other.refusal : refusal
    }

    /// - Throws: `OutputError` when lines could not be written.
    public func finish() throws(OutputError) {
        flush()
        if refused > 0 { throw OutputError(path: path, code: refusal, lines: refused) }
    }
}

/// What could not be written, and why.
public struct OutputError: Error, Equatable, CustomStringConvertible {
    public var path: String
    /// An errno.
    public var code: Int32
    /// Lines lost.
    public var lines: UInt64 = 0

    public var description: String {
        let text = "\(path): \(String(cString: strerror(code)))"
        return lines == 0 ? text : "\(text); \(Figures.grouped(lines)) \(lines == 1 ? "line" : "lines") not written"
    }
}

/// The folder for result files.
enum OutputFolder {
    /// Makes the folder, and empties what an earlier run has left in the files, wherever they are.
    static func prepare(_ folder: String?, files: [String]) throws(OutputError) {
        if let folder { try make(folder) }
        for path in Set(files) {
            // What is no file, a pipe or a terminal, has nothing to empty.
            guard truncate(path, 0) == 0 || errno == ENOENT || errno == EINVAL else { throw OutputError(path: path, code: errno) }
        }
    }

    private static func make(_ folder: String) throws(OutputError) {
        var end = folder.startIndex
        while end != folder.endIndex {
            end = folder[folder.index(after: end)...].firstIndex(of: "/") ?? folder.endIndex
            let parent = String(folder[..<end])
            guard mkdir(parent, 0o755) == 0 || errno == EEXIST else { throw OutputError(path: parent, code: errno) }
        }
    }
}
