import Glibc

/// Zeroed memory of a fixed size that costs nothing until it is touched: pages come from the kernel on first use, in huge pages where
/// it has them, because a table of millions of entries is bound by its TLB misses. Given back when the value goes away.
///
/// Little of it is the heap's: a mapping costs three calls of the kernel and a fault for each page, and AddressSanitizer sees an end only in the heap.
///
/// Not generic on purpose: a generic `~Copyable` type may lose its `deinit` (swiftlang/swift #89686); the generic containers hold one of these.
public struct RawMemory: ~Copyable {
    public let start: UnsafeMutableRawPointer
    public let byteCount: Int
    private let mapping: UnsafeMutableRawPointer
    /// 0: from the heap.
    private let mappedCount: Int

    private static var page: Int { 4096 }
    private static var hugePage: Int { 2 << 20 }
    /// From here on a mapping of its own, as malloc has it.
    private static var leastMapped: Int { 128 << 10 }

    /// Traps when the machine has no address space left: tables are made at start, never on the packet path.
    public init(byteCount: Int) {
        precondition(byteCount >= 0 && byteCount < 1 << 46, "a table's size is beyond any machine's")
        self.byteCount = byteCount
        guard byteCount >= Self.leastMapped else {
            start = .allocate(byteCount: byteCount, alignment: Self.page)
            start.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
            mapping = start
            mappedCount = 0
            return
        }
        let isLarge = byteCount >= 2 * Self.hugePage
        let count = byteCount + (isLarge ? Self.hugePage : 0)
        let pointer = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let pointer, pointer != MAP_FAILED else { preconditionFailure("no memory for a table of \(byteCount) bytes") }
        mapping = pointer
        mappedCount = count
        start = isLarge ? pointer.alignedUp(toMultipleOf: Self.hugePage) : pointer
        if isLarge { madvise(start, byteCount, 14 /* MADV_HUGEPAGE */) }
    }

    deinit {
        if mappedCount > 0 { munmap(mapping, mappedCount) } else { mapping.deallocate() }
    }

    /// The memory as an array of a plain type.
    public func bound<T: BitwiseCopyable>(to type: T.Type) -> UnsafeMutablePointer<T> {
        start.bindMemory(to: type, capacity: byteCount / MemoryLayout<T>.stride)
    }
}
