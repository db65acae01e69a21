import Glibc

/// Tells when files are others than they were, by what they are and when they were written. A file that is being written is left alone until it rests.
struct FileWatch {
    static let pause = Duration.seconds(1)

    private struct Stamp: Equatable {
        var inode: UInt64
        var size: Int64
        var seconds: Int
        var nanoseconds: Int

        /// Nil where there is no file.
        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            (inode, size) = (UInt64(status.st_ino), Int64(status.st_size))
            (seconds, nanoseconds) = (status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
        }
    }

    private var known: [String: Stamp?]
    private var seen: [String: Stamp?] = [:]
    private var lastLook: ContinuousClock.Instant?

    init(_ files: [String]) { known = Self.stamps(files) }

    private static func stamps(_ files: some Sequence<String>) -> [String: Stamp?] {
        Dictionary(files.map { ($0, Stamp($0)) }, uniquingKeysWith: { $1 })
    }

    /// Whether a file is another than is known, and has been for two looks, which are `pause` apart.
    mutating func look(at now: ContinuousClock.Instant) -> Bool {
        if let lastLook, now - lastLook < Self.pause { return false }
        lastLook = now
        let stamps = Self.stamps(known.keys)
        defer { seen = stamps }
        return stamps != known && stamps == seen
    }

    /// What the files are now is what is known of them; to be called before they are read.
    mutating func renew() { known = Self.stamps(known.keys) }

    /// Looks at these files from now on. Of such as it has looked at before it knows what it knew.
    mutating func follow(_ files: [String]) {
        known = Self.stamps(files).merging(known.filter { files.contains($0.key) }) { $1 }
    }
}
