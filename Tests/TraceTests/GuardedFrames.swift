import Packets

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Room for a burst of frames, each right before a page that nobody may read: reading past a frame's end ends the test run, in any build.
struct GuardedFrames: ~Copyable {
    static let count = 64
    /// Bytes that a frame may have.
    static let room = 1 << 17

    private let start: UnsafeMutableRawPointer
    private let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    private var stride: Int { Self.room + page }

    init() {
        let byteCount = Self.count * (Self.room + page)
        guard let area = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), area != MAP_FAILED else {
            preconditionFailure("no memory for frames")
        }
        start = area
        for slot in 0..<Self.count { precondition(mprotect(start + slot * stride + Self.room, page, PROT_NONE) == 0) }
    }

    deinit { munmap(start, Self.count * stride) }

    /// Calls the body with the frames of these pieces, 64 at most.
    func withFrames(_ pieces: ArraySlice<Mutation.Piece>, _ body: (UnsafeBufferPointer<Frame>) -> Void) {
        var frames: [Frame] = []
        for (slot, piece) in pieces.enumerated() {
            let first = start + slot * stride + (Self.room - piece.bytes.count)
            UnsafeMutableRawBufferPointer(start: first, count: piece.bytes.count).copyBytes(from: piece.bytes)
            frames.append(
                Frame(
                    bytes: UnsafeRawPointer(first), timestamp: piece.timestamp, length: UInt32(piece.bytes.count), wireLength: piece.wireLength,
                    linkType: piece.linkType))
        }
        frames.withUnsafeBufferPointer(body)
    }
}
