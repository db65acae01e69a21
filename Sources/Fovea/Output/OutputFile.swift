import Glibc
import Synchronization

/// A place for results that is open: a file, or standard output. Closed when nobody has it any more.
final class OutputFile: Sendable {
    /// What it goes by in messages.
    let path: String
    private let file: Int32
    /// Cores take turns: a piece may take more than one `write`.
    private static let turn = Mutex(())

    /// - Parameter path: nil is standard output.
    init(_ path: String?) throws(OutputError) {
        self.path = path ?? "standard output"
        file = path.map { Glibc.open($0, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644) } ?? STDOUT_FILENO
        guard file >= 0 else { throw OutputError(path: self.path, code: errno) }
    }

    deinit { if file != STDOUT_FILENO { close(file) } }

    /// Appends all of it or nothing; an errno.
    func append(_ bytes: [UInt8]) -> Int32 {
        Self.turn.withLock { _ in
            let end = file == STDOUT_FILENO ? -1 : lseek(file, 0, SEEK_END)
            return bytes.withUnsafeBytes { bytes in
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
