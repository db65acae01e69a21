import Synchronization

/// A bounded ring of messages between two threads: one writes, one reads, neither waits for the other. Messages are of any length, lie in one piece, aligned
/// to 16 bytes, and come out in the order in which they went in.
///
///     read ▼                            ▼ written
///     ─────┬────────┬──────────┬────────┬──────────────┐
///          │ n │ …  │ m │   …  │ k │ …  │     free     │      what does not fit before the end leaves a 0 there and begins anew
///     ─────┴────────┴──────────┴────────┴──────────────┘
///
/// There are two words that both sides use, each on a cache line of its own and each stored by one side alone:
///
/// - `written`: the writer stores it, releasing, after the message's bytes; the reader loads it, acquiring, before it looks at them. So what the reader sees
///   of a message is all of it.
/// - `read`: the reader stores it, releasing, when it is done with a message; the writer loads it, acquiring, before it writes where that was. So nothing is
///   written over that is still looked at.
///
/// Each side keeps the other's word as it last saw it, and looks again only when by that the ring is full, or empty.
///
/// Unchecked: what is not atomic belongs to one side, as it says.
public final class MessageRing: @unchecked Sendable {
    /// In bytes, a power of two.
    public let byteCount: Int
    private let memory: RawMemory
    private let start: UnsafeMutableRawPointer

    private let linesBefore = Padding()
    private let written = Atomic(0)
    // The writer's.
    private var end = 0
    private var reserved = 0
    private var lastRead = 0
    private let linesBetween = Padding()
    private let read = Atomic(0)
    // The reader's.
    private var next = 0
    private var messageEnd = 0
    private var lastWritten = 0
    private var most = 0
    private let linesBehind = Padding()

    /// Before each message its length, and room to keep it aligned.
    public static let overhead = 16

    /// Two lines, for they are fetched in pairs.
    private struct Padding { private let line = Line(), other = Line() }
    private struct Line { private let bytes: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0, 0) }

    /// All of it is reserved and touched here: the writer never meets a page that the kernel has yet to find.
    ///
    /// - Parameter byteCount: at least; what is no power of two is rounded up.
    public init(byteCount: Int) {
        precondition(byteCount <= 1 << 40, "a ring of at most 1 TiB")
        var size = 4096
        while size < byteCount { size *= 2 }
        self.byteCount = size
        memory = RawMemory(byteCount: size)
        start = memory.start
        for page in stride(from: 0, to: size, by: 4096) { start.storeBytes(of: 0, toByteOffset: page, as: UInt64.self) }
    }

    /// The longest message that there will always be room for once the reader is done with others, wherever the ring begins anew.
    public var longest: Int { byteCount / 2 - Self.overhead }

    // MARK: The writer's side

    /// Room for a message, which counts once it is published. Nil: the ring is full, or the message longer than any may be.
    @inline(__always)
    public func reserve(_ count: Int) -> UnsafeMutableRawPointer? {
        guard count <= longest else { return nil }
        let whole = (count &+ 2 &* Self.overhead &- 1) & ~(Self.overhead &- 1)
        let place = end & (byteCount &- 1)
        let rest = byteCount &- place
        let skipped = rest < whole ? rest : 0
        let newEnd = end &+ skipped &+ whole
        if newEnd &- lastRead > byteCount {
            lastRead = read.load(ordering: .acquiring)
            if newEnd &- lastRead > byteCount { return nil }
        }
        if skipped > 0 { start.storeBytes(of: 0, toByteOffset: place, as: Int.self) }
        let message = start + (skipped > 0 ? 0 : place)
        message.storeBytes(of: whole, as: Int.self)
        reserved = newEnd
        return message + Self.overhead
    }

    /// Hands over what has been written where `reserve` said.
    @inline(__always)
    public func publish() {
        end = reserved
        written.store(end, ordering: .releasing)
    }

    // MARK: The reader's side

    /// The oldest message, valid until `release`; nil when there is none.
    public func first() -> UnsafeMutableRawPointer? {
        if next == lastWritten {
            lastWritten = written.load(ordering: .acquiring)
            if next == lastWritten { return nil }
            most = max(most, lastWritten &- next)
        }
        var place = next & (byteCount &- 1)
        if start.load(fromByteOffset: place, as: Int.self) == 0 {
            next &+= byteCount &- place
            place = 0
        }
        messageEnd = next &+ start.load(fromByteOffset: place, as: Int.self)
        return start + place + Self.overhead
    }

    /// The message that `first` gave is done with.
    public func release() {
        next = messageEnd
        read.store(next, ordering: .releasing)
    }

    /// The most bytes that have waited, as the reader found them.
    public var peak: Int { most }
}
