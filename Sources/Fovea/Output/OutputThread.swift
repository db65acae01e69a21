import Capture
import Containers
import Glibc
import Synchronization

/// Writes results, so that no core waits for a disk or for whoever reads a pipe. A run has one for its files, and one for each pipe: files do not wait for
/// readers.
///
///     core 1 ──ring──▶ ┐
///     core 2 ──ring──▶ ├ this thread: compresses, rotates, writes ──▶ places
///     merger ──ring──▶ ┘
///
/// What waits is bounded: in pieces by each ring, in bytes by `OutputRoom`. Where a piece finds no room, a core that captures drops it, and one that reads a
/// capture file waits.
///
/// Whoever hands something on wakes nobody, for that would be a call of the kernel: the thread looks again after a millisecond at most.
final class OutputThread: Sendable {
    /// Whether the run is to end even if nobody reads what it writes.
    private let mayGiveUp: @Sendable () -> Bool
    private let thread: LcoreThread
    private let work = Mutex(Work())
    private let progress = Atomic<UInt64>(0)
    private let isClosed = Atomic(false)
    private let isAbandoned = Atomic(false)
    private let hasBegun = Atomic(false)
    fileprivate let isOver = Atomic(false)

    /// Unchecked: added to before the launch, the thread's from then on.
    private struct Work: @unchecked Sendable {
        var channels: [OutputChannel] = []
        var places: [OutputPlace] = []
    }

    /// Of one ring, before others have their turn.
    private static let piecesAtOnce = 32
    /// Microseconds: a piece takes a core longer to fill than the shortest, and each pause is a call of the kernel.
    private static let shortestPause: UInt32 = 100
    private static let longestPause: UInt32 = 1000
    /// How long a run waits at its end for a reader that reads nothing.
    private static let patience = Duration.seconds(2)

    init(core: Int, mayGiveUp: @escaping @Sendable () -> Bool) {
        self.mayGiveUp = mayGiveUp
        thread = LcoreThread(core, .plain)
    }

    /// Whether to wait for a reader.
    var mayWait: Bool { !isAbandoned.load(ordering: .relaxed) }

    func add(_ place: OutputPlace) { work.withLock { $0.places.append(place) } }
    func add(_ channel: OutputChannel) { work.withLock { $0.channels.append(channel) } }

    func launch() throws(DPDKError) {
        let work = work.withLock { $0 }
        hasBegun.store(true, ordering: .relaxed)
        try thread.launch { self.run(work) }
    }

    var isRunning: Bool { thread.isRunning }

    /// What has been handed on is the last.
    func close() { isClosed.store(true, ordering: .releasing) }

    /// When it does not run any more.
    func end() {
        thread.wait()
        isOver.store(true, ordering: .relaxed)
        let hasBegun = hasBegun.load(ordering: .relaxed)
        work.withLock { work in
            if !hasBegun { for place in work.places { place.discard() } }
            work = Work()
        }
    }

    private func run(_ work: Work) {
        var pause = Self.shortestPause
        while true {
            // In this order: whatever was handed on before it was closed is in the rings then.
            let isLast = isClosed.load(ordering: .acquiring)
            var isIdle = true
            for channel in work.channels where channel.write(atMost: Self.piecesAtOnce) > 0 { isIdle = false }
            if !isIdle {
                pause = Self.shortestPause
            } else if isLast {
                break
            } else {
                usleep(pause)
                pause = min(2 * pause, Self.longestPause)
            }
        }
        for place in work.places { place.close() }
    }

    fileprivate func noteProgress() { progress.wrappingAdd(1, ordering: .relaxed) }

    /// Of those who wait for it. It ends when the run may give up and nothing has been written for a while.
    struct Patience {
        private let thread: OutputThread
        private var progress: UInt64
        private var since = ContinuousClock.now
        private var step: UInt32 = 10

        init(_ thread: OutputThread) {
            self.thread = thread
            progress = thread.progress.load(ordering: .relaxed)
        }

        /// - Returns: whether to go on.
        mutating func pause() -> Bool {
            usleep(step)
            step = min(2 * step, 500)
            return look()
        }

        @discardableResult
        mutating func look() -> Bool {
            let now = ContinuousClock.now
            let count = thread.progress.load(ordering: .relaxed)
            if count != progress || !thread.mayGiveUp() { (progress, since) = (count, now) }
            if now - since > OutputThread.patience { thread.isAbandoned.store(true, ordering: .relaxed) }
            return thread.mayWait && !thread.isOver.load(ordering: .relaxed)
        }
    }
}

/// Room for what waits to be written to a place, and with all other places of the run. One piece there is always room for, and for no more than half of all:
/// a place that nobody reads does not take the others' room.
final class OutputRoom: Sendable {
    /// Of all places.
    final class Whole: Sendable {
        let limit: Int
        let waiting = Atomic(0)

        init(limit: Int) { self.limit = limit }
    }

    private let whole: Whole
    private let waiting = Atomic(0)

    init(of whole: Whole) { self.whole = whole }

    func reserve(_ count: Int) -> Bool {
        let here = waiting.wrappingAdd(count, ordering: .relaxed).oldValue
        let before = whole.waiting.wrappingAdd(count, ordering: .relaxed).oldValue
        if here == 0 || here + count <= whole.limit / 2 && before + count <= whole.limit { return true }
        release(count)
        return false
    }

    func release(_ count: Int) {
        waiting.wrappingSubtract(count, ordering: .relaxed)
        whole.waiting.wrappingSubtract(count, ordering: .relaxed)
    }
}

/// A way to the thread for one who has pieces for one place: a core, or those who take turns in one `LineMerger`.
///
/// Unchecked: the place is the thread's, the ring has two sides.
final class OutputChannel: @unchecked Sendable {
    /// Whether its place has a use for the times that lines speak of.
    let needsTimes: Bool
    /// What the place goes by in messages.
    let path: String
    private let thread: OutputThread
    private let place: OutputPlace
    private let room: OutputRoom
    /// Of references: a hundred and some pieces.
    private let ring = MessageRing(byteCount: 4096)

    init(_ thread: OutputThread, _ place: OutputPlace, _ room: OutputRoom, path: String) {
        (self.thread, self.place, self.room, self.path) = (thread, place, room, path)
        needsTimes = place.layout.options.rotates || place.layout.options.format.isTable
    }

    deinit { while write(atMost: .max, drops: true) > 0 {} }

    /// Hands on a piece if there is room for it.
    func offer(_ piece: OutputPiece) -> Bool {
        guard !thread.isOver.load(ordering: .relaxed), room.reserve(piece.bytes.count) else { return false }
        guard let message = ring.reserve(MemoryLayout<UnsafeRawPointer>.size) else {
            room.release(piece.bytes.count)
            return false
        }
        message.storeBytes(of: Unmanaged.passRetained(piece).toOpaque(), as: UnsafeMutableRawPointer.self)
        ring.publish()
        return true
    }

    /// Hands on a piece, and waits for room. It is dropped if there will be none.
    func put(_ piece: OutputPiece) {
        guard !offer(piece) else { return }
        var patience = OutputThread.Patience(thread)
        while patience.pause() {
            if offer(piece) { return }
        }
        piece.drop()
    }

    /// The thread's side.
    ///
    /// - Returns: pieces written.
    fileprivate func write(atMost most: Int, drops: Bool = false) -> Int {
        var count = 0
        while count < most, let message = ring.first() {
            let piece = Unmanaged<OutputPiece>.fromOpaque(message.load(as: UnsafeMutableRawPointer.self)).takeRetainedValue()
            ring.release()
            if drops { piece.drop() } else { place.take(piece) }
            room.release(piece.bytes.count)
            thread.noteProgress()
            count += 1
        }
        return count
    }
}

/// A live writer's way to the thread.
final class LiveQueue {
    private let channel: OutputChannel

    init(_ channel: OutputChannel) { self.channel = channel }

    var path: String { channel.path }
    var needsTimes: Bool { channel.needsTimes }

    /// Hands on lines, or drops them.
    func offer(_ lines: LinePiece, lines count: UInt64, _ counts: LineCounts) {
        let piece = OutputPiece()
        piece.bytes = lines.bytes
        piece.count(count, counts)
        piece.marks = lines.lines.map { OutputPiece.Mark(end: $0.end, time: $0.time) }
        if !channel.offer(piece) { piece.drop() }
    }
}
