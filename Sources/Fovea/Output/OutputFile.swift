import Glibc
import Synchronization

/// A file for results that is open, or standard output, a pipe, a device. Closed when nobody has it any more.
///
/// A file of a run is called `<path>.partial` until it is whole: only then has it the name that it is to have, so whoever finds a file of that name finds all
/// of it. What is no file, or a link to one, is written to as it is: `/dev/stdout` must stay what it is.
final class OutputFile: Sendable {
    /// What it goes by in messages.
    let path: String
    private let file: Int32
    /// Until it is whole.
    private let partial: String?
    /// A file: it can be cut where a piece was not written to its end.
    private let isRegular: Bool
    private let waitsForReaders: Bool
    /// Others write to standard output, too, and a piece may take more than one `write`.
    private static let turn = Mutex(())
    /// Of what somebody else reads no more is written at a time, which is what there is room for when there is any (`PIPE_BUF`).
    private static let mostAtOnce = 4096

    /// - Parameters:
    ///   - path: nil is standard output.
    ///   - untilWhole: not under its name before `finish`, and in the place of what was there; otherwise what there is goes on.
    init(_ path: String?, untilWhole: Bool) throws(OutputError) {
        self.path = path ?? "standard output"
        guard let path else {
            (file, partial) = (STDOUT_FILENO, nil)
            (isRegular, waitsForReaders) = Self.kind(of: STDOUT_FILENO)
            return
        }
        partial = untilWhole && Self.canBeReplaced(path) ? path + ".partial" : nil
        if partial != nil, unlink(path) != 0, errno != ENOENT { throw OutputError(path: path, code: errno) }
        let start = partial == nil ? O_APPEND : O_TRUNC
        file = Glibc.open(partial ?? path, O_WRONLY | O_CREAT | O_CLOEXEC | start, 0o644)
        guard file >= 0 else { throw OutputError(path: path, code: errno) }
        (isRegular, waitsForReaders) = Self.kind(of: file)
    }

    /// Whether writing there may have to wait until somebody reads: to a pipe, a terminal.
    static func waitsForReaders(_ path: String?) -> Bool {
        guard let path else { return kind(of: STDOUT_FILENO).waitsForReaders }
        var status = stat()
        return stat(path, &status) == 0 && kind(of: status).waitsForReaders
    }

    /// Whether there is a file, or nothing.
    fileprivate static func canBeReplaced(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & S_IFMT == S_IFREG : errno == ENOENT
    }

    private static func kind(of file: Int32) -> (isRegular: Bool, waitsForReaders: Bool) {
        var status = stat()
        return fstat(file, &status) == 0 ? kind(of: status) : (false, true)
    }

    private static func kind(of status: stat) -> (isRegular: Bool, waitsForReaders: Bool) {
        let isRegular = status.st_mode & S_IFMT == S_IFREG
        // Major number 1: /dev/null and the like.
        let isMemory = status.st_mode & S_IFMT == S_IFCHR && status.st_rdev >> 8 == 1
        return (isRegular, !isRegular && !isMemory)
    }

    deinit { if file != STDOUT_FILENO { close(file) } }

    /// Appends all of it or nothing; an errno. Of a pipe whose reader is slow it may be half.
    ///
    /// - Parameter mayWait: asked now and then while it waits for a reader; false: it waits no longer.
    func append(_ bytes: UnsafeRawBufferPointer, mayWait: () -> Bool = { true }) -> Int32 {
        guard file == STDOUT_FILENO else { return write(bytes, mayWait) }
        return Self.turn.withLock { _ in write(bytes, mayWait) }
    }

    private func write(_ bytes: UnsafeRawBufferPointer, _ mayWait: () -> Bool) -> Int32 {
        let end = isRegular ? lseek(file, 0, SEEK_END) : -1
        var count = 0
        while count < bytes.count {
            guard !waitsForReaders || awaitRoom(mayWait) else { return ETIMEDOUT }
            let most = waitsForReaders ? min(bytes.count - count, Self.mostAtOnce) : bytes.count - count
            let answer = Glibc.write(file, bytes.baseAddress! + count, most)
            if answer >= 0 {
                count += answer
            } else if errno != EINTR, errno != EAGAIN {
                let code = errno
                // Half a line would spoil the file for its readers.
                if count > 0, end >= 0 { ftruncate(file, end) }
                return code
            }
        }
        return 0
    }

    private func awaitRoom(_ mayWait: () -> Bool) -> Bool {
        var question = pollfd(fd: file, events: Int16(POLLOUT), revents: 0)
        while poll(&question, 1, 50) <= 0 {
            guard mayWait() else { return false }
        }
        return true
    }

    /// It is whole; an errno.
    func finish() -> Int32 {
        guard let partial else { return 0 }
        return rename(partial, path) == 0 ? 0 : errno
    }

    /// Nothing was written, and nothing will be.
    func discard() { if let partial { unlink(partial) } }
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
    /// Makes the folder, and removes what an earlier run has left in the files, wherever they are.
    static func prepare(_ folder: String?, files: [String]) throws(OutputError) {
        if let folder { try make(folder) }
        for path in Set(files) {
            // What is no file, a pipe or a terminal, has nothing to empty.
            guard truncate(path, 0) == 0 || errno == ENOENT || errno == EINVAL else { throw OutputError(path: path, code: errno) }
            guard !OutputFile.canBeReplaced(path) || unlink(path) == 0 || errno == ENOENT else { throw OutputError(path: path, code: errno) }
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
