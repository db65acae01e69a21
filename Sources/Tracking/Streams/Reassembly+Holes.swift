/// Streams that wait for missing bytes, in the order in which their first hole began to be waited for: when memory runs out it is the oldest hole of the
/// core that is given up, and holes that stay open too long are found at the front.
extension Reassembly {
    /// Which limit keeps a stream from another page.
    enum Shortage {
        case direction, connection, core
    }

    mutating func shortage(_ stream: Int) -> Shortage? {
        if streams[stream].pages >= maxPagesPerDirection { return .direction }
        if streams[stream].pages &+ streams[stream ^ 1].pages >= maxPagesPerConnection { return .connection }
        return pages.isFull ? .core : nil
    }

    /// The stream whose hole is to be given up so that this one gets a page: itself, its connection's other one or another connection's, whichever has
    /// waited longest of those that share the limit.
    mutating func oldestHole(for shortage: Shortage, _ stream: Int) -> Int {
        switch shortage {
        case .direction: return stream
        case .connection:
            let other = stream ^ 1
            guard holds(other) else { return stream }
            return holds(stream) && openedAt(stream) <= openedAt(other) ? stream : other
        case .core: return oldestHole == 0 ? stream : Int(oldestHole) - 1
        }
    }

    /// The first stream in the order whose hole has been open since this time or before.
    @inline(__always)
    func overdueHole(since time: Int64) -> Int? {
        guard oldestHole != 0 else { return nil }
        let stream = Int(oldestHole) - 1
        return openedAt(stream) <= time ? stream : nil
    }

    /// Whether a stream's first hole has been open since this time or before.
    mutating func isOverdue(_ stream: Int, since time: Int64) -> Bool { holds(stream) && openedAt(stream) <= time }

    /// When the first bytes behind the first hole came; of a stream that holds some.
    @inline(__always)
    func openedAt(_ stream: Int) -> Int64 { pages[streams[stream].head].pointee.time }

    mutating func openHole(_ stream: Int) {
        earliestHole = min(earliestHole, openedAt(stream))
        streams[stream].olderHole = newestHole
        streams[stream].newerHole = 0
        if newestHole == 0 { oldestHole = UInt32(stream + 1) } else { streams[Int(newestHole) - 1].newerHole = UInt32(stream + 1) }
        newestHole = UInt32(stream + 1)
    }

    mutating func closeHole(_ stream: Int) {
        let (older, newer) = (streams[stream].olderHole, streams[stream].newerHole)
        if older == 0 { oldestHole = newer } else { streams[Int(older) - 1].newerHole = newer }
        if newer == 0 { newestHole = older } else { streams[Int(newer) - 1].olderHole = older }
        (streams[stream].olderHole, streams[stream].newerHole) = (0, 0)
    }

    /// The first hole is closed, and the next is the first.
    mutating func reopenHole(_ stream: Int) {
        guard newestHole != UInt32(stream + 1) else { return earliestHole = min(earliestHole, openedAt(stream)) }
        closeHole(stream)
        openHole(stream)
    }
}
