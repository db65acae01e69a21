/// Requests whose responses are to come, oldest first.
///
///     | answered, still sending | being answered | next | next | … 1024       overflow: given already, their responses are to come
///
/// A place is a number that stays the same whatever is taken.
struct HTTPQueue {
    struct Entry {
        var exchange: HTTPExchange
        let method: HTTPMethod
        var isRequestOver = false
        var hasResponse = false
        var isResponseOver = false

        /// Whether no response has begun, and one is still to come.
        fileprivate var isUnanswered: Bool { !hasResponse && exchange.absence == nil }
        fileprivate var isOver: Bool { isRequestOver && (hasResponse ? isResponseOver : exchange.absence != nil) }
    }

    /// Requests that are kept, bytes of their heads, and requests besides that are known to be answered before those that come.
    private static let mostEntries = 1024
    private static let mostBytes = 256 << 10
    private static let mostOverflow = 1 << 16

    /// From `front` on; the first has the place `base`.
    private var entries: [Entry] = []
    private var front = 0
    private var base = 0
    private var bytes = 0
    /// Entries from the front on that are known not to wait for a response.
    private var answered = 0
    private var overflow: [HTTPMethod] = []
    private var overflowFront = 0

    var heldBytes: Int { bytes + entries.capacity * MemoryLayout<Entry>.stride + overflow.capacity }
    var isOverfull: Bool { overflow.count - overflowFront > Self.mostOverflow }

    subscript(place: Int) -> Entry {
        _read { yield entries[place - base] }
        _modify { yield &entries[place - base] }
    }

    /// Makes an exchange for a request that comes.
    ///
    /// - Parameter byteCount: bytes that its head keeps.
    /// - Returns: its place; nil when there is no room, and only its method is kept.
    mutating func add(number: Int, _ method: HTTPMethod, byteCount: Int) -> Int? {
        guard overflow.isEmpty, entries.count - front < Self.mostEntries, bytes + byteCount <= Self.mostBytes else {
            overflow.append(method)
            return nil
        }
        bytes += byteCount
        entries.append(Entry(exchange: HTTPExchange(client: .originator, number: number), method: method))
        return base + entries.count - 1
    }

    /// The place of the request that is answered next.
    var nextUnanswered: Int? {
        mutating get {
            answered = max(answered, front)
            while answered < entries.count, !entries[answered].isUnanswered { answered += 1 }
            return answered < entries.count ? base + answered : nil
        }
    }

    /// The method of the next request that is answered, of those that found no room.
    mutating func takeOverflow() -> HTTPMethod? {
        guard overflowFront < overflow.count else { return nil }
        defer {
            overflowFront += 1
            if overflowFront == overflow.count { forgetOverflow() }
        }
        return overflow[overflowFront]
    }

    mutating func forgetOverflow() { (overflow, overflowFront) = ([], 0) }

    /// Whether nothing more is to come of the oldest.
    var isFirstOver: Bool { front < entries.count && entries[front].isOver }

    /// Moves the oldest behind others; false when there is none.
    mutating func moveFirst(to others: inout [HTTPExchange]) -> Bool {
        guard front < entries.count else { return false }
        if front == entries.count - 1 {
            others.append(entries.removeLast().exchange)
            base += front + 1
            entries.removeAll(keepingCapacity: entries.capacity <= 16)
            (front, answered, bytes) = (0, 0, 0)
            return true
        }
        others.append(entries[front].exchange)
        bytes -= entries[front].exchange.request?.head.keptCount ?? 0
        (entries[front].exchange.request, entries[front].exchange.response) = (nil, nil)
        front += 1
        // Seldom enough for the moving to cost nothing.
        if front > 64, front > entries.count / 2 {
            entries.removeFirst(front)
            (base, answered, front) = (base + front, max(0, answered - front), 0)
        }
        return true
    }
}

/// What of a request's method decides about its response.
enum HTTPMethod: UInt8 {
    case other, head, connect
    /// HTTP/0.9.
    case simple

    /// - Parameter line: the request's.
    init(_ line: RawSpan, _ parts: HTTPRequestLine) {
        if parts.version.isEmpty {
            self = .simple
        } else {
            self = line.begins(with: "HEAD ") ? .head : line.begins(with: "CONNECT ") ? .connect : .other
        }
    }
}
