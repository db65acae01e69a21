import Packets

/// What an lcore polls, behind one face: a port's queue or a capture file.
///
/// Not an enum, because Swift cannot change an enum's payload in place.
public struct CaptureSource: ~Copyable {
    private var queue: RxQueue?
    private var file: CaptureFile?
    /// Whether time passes when nothing comes.
    public let isLive: Bool
    /// Whether frames bring no time of their own and `fill` must be told it.
    public let needsClock: Bool

    public static func port(_ queue: consuming RxQueue) -> CaptureSource {
        let (isLive, needsClock) = (queue.isLive, queue.needsClock)
        return CaptureSource(queue: queue, file: nil, isLive: isLive, needsClock: needsClock)
    }

    public static func file(_ file: consuming CaptureFile) -> CaptureSource {
        CaptureSource(queue: nil, file: file, isLive: false, needsClock: false)
    }

    private init(queue: consuming RxQueue?, file: consuming CaptureFile?, isLive: Bool, needsClock: Bool) {
        self.queue = queue
        self.file = file
        self.isLive = isLive
        self.needsClock = needsClock
    }

    /// Fills a burst with what there is; it may hold frames whatever the answer.
    @inline(__always)
    public mutating func fill(_ burst: inout Burst, at time: Timestamp) -> CaptureState {
        if let state = queue?.fill(&burst, at: time) { return state }
        return file!.fill(&burst)
    }

    /// Bytes of the file read so far; 0 of a port.
    public var position: Int {
        switch file {
        case .some(let file): file.position
        case nil: 0
        }
    }
}

/// The sources that one lcore polls in turn. Those that are closed stand behind the open ones.
public struct CaptureSources: ~Copyable {
    private let sources: UnsafeMutablePointer<CaptureSource>
    private let capacity: Int
    private var count = 0
    public private(set) var openCount = 0
    public private(set) var isLive = false
    public private(set) var needsClock = false

    public init(capacity: Int) {
        self.capacity = capacity
        sources = .allocate(capacity: capacity)
    }

    /// A capture file alone.
    public init(_ file: consuming CaptureFile) {
        self.init(capacity: 1)
        append(.file(file))
    }

    deinit {
        sources.deinitialize(count: count)
        sources.deallocate()
    }

    public mutating func append(_ source: consuming CaptureSource) {
        precondition(count < capacity && openCount == count)
        isLive = isLive || source.isLive
        needsClock = needsClock || source.needsClock
        (sources + count).initialize(to: source)
        count += 1
        openCount += 1
    }

    @inline(__always)
    public mutating func fill(_ index: Int, _ burst: inout Burst, at time: Timestamp) -> CaptureState {
        precondition(index < openCount)
        return sources[index].fill(&burst, at: time)
    }

    /// Polls this one no more; another open one has its index now.
    public mutating func close(_ index: Int) {
        precondition(index < openCount)
        openCount -= 1
        swap(index, openCount)
    }

    private func swap(_ one: Int, _ other: Int) {
        guard one != other else { return }
        let source = (sources + one).move()
        (sources + one).moveInitialize(from: sources + other, count: 1)
        (sources + other).initialize(to: source)
    }

    public var position: Int { (0..<count).reduce(0) { $0 + sources[$1].position } }
}
