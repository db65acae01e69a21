import Glibc

/// A regular file's bytes, read a block at a time to where the last bytes of the block before can be put in front of it, so that what is cut by a
/// block's end lies in one piece all the same.
///
///     memory   [ ……… carried | block, as read(2) gave it ]
///                    ▲ start                    end ▲          what has not been taken yet
///
/// - One block that stays in the core's cache, filled by read(2), costs less than mapping the file: 1 million packets of 717 bytes mean from the page
///   cache took 36 ms with blocks of 256 or 512 KiB, 55 ms with 4 MiB (beyond the cache), 132...175 ms mapped, in windows or as a whole, populated or not
///   (every header is a cache miss then, and every page a fault); of 90 bytes mean 6.4, 9 and 11...17 ms. And a file that is cut while it is mapped
///   kills whoever reads it (SIGBUS); read(2) merely comes to the end.
/// - Bytes are valid until `readOn`, unless whoever wants them for longer gives it other memory to carry on in.
package struct FileBlocks: ~Copyable {
    /// Bytes that a call of read(2) asks for.
    package static var blockSize: Int { 256 << 10 }
    /// Most bytes that can be had in one piece; a record of `CaptureFile.longestFrame` and its header are less.
    package static var longestPiece: Int { 512 << 10 }
    /// Of the memory of a block, with what is put in front of it.
    package static var byteCount: Int { longestPiece + blockSize }

    private let file: Int32
    private let blockSize: Int
    private var memory: UnsafeMutableRawPointer
    /// Where it begins.
    private let ownMemory: UnsafeMutableRawPointer
    private var start = Self.longestPiece
    private var end = Self.longestPiece
    /// Where in the file `end` lies.
    private var endInFile: Int
    /// What lies behind `longestPiece` in the memory already.
    private var ahead: BlocksAhead.Block?

    /// - Parameters:
    ///   - file: a regular file's descriptor; closed when the value goes away.
    ///   - blockSize: at most `blockSize`.
    init(of file: Int32, at position: Int, blockSize: Int) {
        self.file = file
        self.blockSize = min(max(1, blockSize), Self.blockSize)
        endInFile = position
        memory = .allocate(byteCount: Self.byteCount, alignment: 4096)
        ownMemory = memory
    }

    deinit {
        close(file)
        ownMemory.deallocate()
    }

    /// Reads for others the blocks that come next.
    var blocksAhead: BlocksAhead { BlocksAhead(file: file, next: endInFile, blockSize: blockSize) }

    /// Goes on in other memory, of `byteCount` bytes, which nobody touches until the next such call. What is left of the block must be less than
    /// `longestPiece`.
    ///
    /// - Parameter ahead: what has been read into that memory already; it need not be what comes next.
    mutating func carryOn(in other: UnsafeMutableRawPointer, _ ahead: BlocksAhead.Block?) {
        let carried = count
        precondition(carried < Self.longestPiece)
        memcpy(other + Self.longestPiece - carried, memory + start, carried)
        memory = other
        self.ahead = ahead
        (start, end) = (Self.longestPiece - carried, Self.longestPiece)
    }

    /// The first byte that has not been taken.
    @inline(__always)
    var bytes: UnsafeRawPointer { UnsafeRawPointer(memory + start) }

    /// How many lie there in one piece.
    @inline(__always)
    var count: Int { end &- start }

    /// Where in the file `bytes` begins.
    @inline(__always)
    var position: Int { endInFile &- (end &- start) }

    /// - Parameter taken: at most `count`.
    @inline(__always)
    mutating func take(_ taken: Int) {
        precondition(taken >= 0 && taken <= end &- start)
        start &+= taken
    }

    /// Takes bytes that may not have been read yet, without reading them.
    mutating func skip(_ skipped: Int) {
        guard skipped > count else { return take(skipped) }
        endInFile = position + skipped
        start = end
    }

    /// Reads a block behind what is there, of which less than `longestPiece` may be left. Pointers to bytes before are no longer valid.
    ///
    /// - Returns: false at the file's end.
    mutating func readOn() throws(CaptureDamage) -> Bool {
        let carried = count
        precondition(carried < Self.longestPiece)
        let place = memory + Self.longestPiece
        memmove(place - carried, memory + start, carried)
        start = Self.longestPiece - carried
        end = Self.longestPiece
        let count: Int
        if let ahead, ahead.position == endInFile { count = ahead.count } else { count = try read(into: place, blockSize, at: endInFile) }
        ahead = nil
        end += count
        endInFile += count
        return count > 0
    }

    /// Reads a few bytes beyond those that are there.
    ///
    /// - Parameter distance: from `bytes`.
    func peek(at distance: Int) throws(CaptureDamage) -> UInt32? {
        var value: UInt32 = 0
        return try read(into: &value, 4, at: position + distance) == 4 ? value : nil
    }

    /// How many bytes the file has from `bytes` on.
    func countToEnd() -> Int {
        var status = stat()
        guard fstat(file, &status) == 0 else { return count }
        return max(count, Int(status.st_size) - position)
    }

    private func read(into target: UnsafeMutableRawPointer, _ count: Int, at position: Int) throws(CaptureDamage) -> Int {
        while true {
            let answer = pread(file, target, count, position)
            if answer >= 0 { return answer }
            if errno != EINTR { throw CaptureDamage("error reading dump file: \(String(cString: strerror(errno)))") }
        }
    }
}

/// Reads a file's blocks before it is their turn, on any number of cores at once: where the next ones begin is known, unless something is skipped.
///
/// Valid as long as the file that it is of.
package struct BlocksAhead {
    /// Bytes that have been read, at least one.
    package struct Block {
        let position: Int
        let count: Int
    }

    fileprivate let file: Int32
    /// Where in the file the next block begins.
    package let next: Int
    package let blockSize: Int

    /// - Parameter memory: of `FileBlocks.byteCount` bytes, in which `FileBlocks` is to carry on.
    /// - Returns: nil when there is nothing, or it cannot be read: whoever reads the file finds out why.
    package func read(into memory: UnsafeMutableRawPointer, at position: Int) -> Block? {
        let count = pread(file, memory + FileBlocks.longestPiece, blockSize, position)
        return count > 0 ? Block(position: position, count: count) : nil
    }
}

/// What is wrong with a capture file, in libpcap's words where it knows the case.
struct CaptureDamage: Error {
    let message: String
    init(_ message: String) { self.message = message }

    /// - Parameters:
    ///   - format: nothing, or "pcapng ".
    ///   - part: nothing, or which part of a record.
    static func truncated(_ wanted: Int, got: Int, format: String = "", part: String = "") -> CaptureDamage {
        CaptureDamage("truncated \(format)dump file; tried to read \(wanted) \(part)bytes, only got \(got)")
    }
}
