import Glibc

/// Zeroed memory of a fixed size that costs nothing until it is touched: pages come from the kernel on first use, in huge pages where
/// it has them, because a table of millions of entries is bound by its TLB misses. Given back when the value goes away.
///
/// Not generic on purpose: a generic `~Copyable` type may lose its `deinit` (swiftlang/swift #89686); the generic containers hold one of these.
public struct RawMemory: ~Copyable {
    public let start: UnsafeMutableRawPointer
    public let byteCount: Int
    private let mapping: UnsafeMutableRawPointer
    private let mappedCount: Int

    private static var hugePage: Int { 2 << 20 }

    /// Traps when the machine has no address space left: tables are made at start, never on the packet path.
    public init(byteCount: Int) {
        precondition(byteCount >= 0 && byteCount < 1 << 46, "a table's size is beyond any machine's")
        let isLarge = byteCount >= 2 * Self.hugePage
        let count = max(byteCount, 1) + (isLarge ? Self.hugePage : 0)
        let pointer = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let pointer, pointer != MAP_FAILED else { preconditionFailure("no memory for a table of \(byteCount) bytes") }
        mapping = pointer
        mappedCount = count
        start = isLarge ? pointer.alignedUp(toMultipleOf: Self.hugePage) : pointer
        self.byteCount = byteCount
        if isLarge { madvise(start, byteCount, 14 /* MADV_HUGEPAGE */) }
    }

    deinit { munmap(mapping, mappedCount) }

    /// The memory as an array of a plain type.
    public func bound<T: BitwiseCopyable>(to type: T.Type) -> UnsafeMutablePointer<T> {
        start.bindMemory(to: type, capacity: byteCount / MemoryLayout<T>.stride)
    }
}
