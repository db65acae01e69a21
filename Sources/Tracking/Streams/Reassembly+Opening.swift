import Packets

/// How streams begin and how far ahead of them a segment is believed: what SYNs say.
extension Reassembly {
    /// A SYN, or an answer to one, was seen.
    mutating func noteSyn(_ stream: Int, _ scale: WindowScale?) {
        streams[stream].hasSyn = true
        streams[stream].scale = scale.map { $0.shift + 1 } ?? 0
    }

    /// How far beyond what comes next, or what the receiver has acknowledged, a segment may end: twice the window, for it may have been larger when the
    /// segment left, and 64 KiB. Any window that there can be, unless both SYNs were seen and said how windows are scaled.
    ///
    /// - Parameter window: the receiver's, as in its last header.
    mutating func reach(_ stream: Int, window: UInt16) -> Int {
        guard streams[stream].hasSyn, streams[stream ^ 1].hasSyn else { return Self.maxWindow }
        let isScaled = streams[stream].scale > 0 && streams[stream ^ 1].scale > 0
        return 2 * (Int(window) << Int(isScaled ? streams[stream ^ 1].scale - 1 : 0)) + 65_536
    }

    // MARK: Data in a SYN

    /// Whether the data of a SYN waits for an answer (TCP Fast Open, RFC 7413): a receiver may take it or not, and if not it comes again.
    mutating func isOpening(_ stream: Int) -> Bool { !streams[stream].hasBegun && holds(stream) }

    /// Keeps a SYN's data until it is known whether the receiver took it.
    ///
    /// - Returns: what found room, and what was there already.
    mutating func holdOpening(_ stream: Int, _ sequence: SequenceNumber, _ data: UnsafeRawBufferPointer, at time: Int64) -> Placement {
        streams[stream].next = sequence
        var placement = Placement()
        hold(stream, sequence, data, at: time, &placement)
        return placement
    }

    /// Begins a stream whose SYN had data, of which so many bytes were taken.
    ///
    /// - Returns: how many were not.
    mutating func beginOpening(_ stream: Int, taken: Int) -> Int {
        let first = streams[stream].next
        let refused = cutHeld(stream, from: first + max(0, taken))
        begin(stream, at: first)
        return refused
    }

    /// Forgets what is held from a place on.
    private mutating func cutHeld(_ stream: Int, from place: SequenceNumber) -> Int {
        var cut = 0
        while streams[stream].tail != 0 {
            let page = streams[stream].tail
            let first = max(0, place - pages[page].pointee.number.start)
            guard first < SegmentPages.size else { break }
            let places = first..<SegmentPages.size
            let count = pages.present(page).count(in: places)
            cut += count
            held -= count
            pages.present(page).remove(places)
            pages.begins(page).remove(places)
            pages[page].pointee.count -= UInt16(count)
            pages[page].pointee.end = min(pages[page].pointee.end, UInt16(first))
            guard pages[page].pointee.count == 0 else { break }
            unlinkTail(stream)
        }
        return cut
    }

    private mutating func unlinkTail(_ stream: Int) {
        let page = streams[stream].tail
        let previous = pages[page].pointee.previous
        streams[stream].tail = previous
        streams[stream].cursor = previous
        streams[stream].pages -= 1
        if previous == 0 { streams[stream].head = 0 } else { pages[previous].pointee.next = 0 }
        pages.give(page)
        if previous == 0 { closeHole(stream) }
    }
}
