import Glibc
import Packets

/// Segments behind a hole: into which page a byte goes, and which of two counts that claim one place.
///
/// A held segment is a run of bytes that are present, from a place where one begins to the next such place or the first byte that is not there. What
/// a newcomer takes from it makes it shorter, or two.
extension Reassembly {
    /// What became of a segment so far: all its bytes are held or were, but those from `done` on.
    struct Placement {
        /// Bytes from the segment's first on that need no more care.
        var done = 0
        /// Bytes that were held already, the same.
        var repeated = 0
        /// Overlaps with other bytes, by whose counted.
        var heldKept = Overlap()
        var heldReplaced = Overlap()
        /// Whether the byte before `done` is one that this segment put there.
        fileprivate var isWriting = false
        /// The held segment that it has come to, up to where, and whether its own bytes count.
        fileprivate var oldEnd = SequenceNumber(0)
        fileprivate var hasOld = false
        fileprivate var prefersNew = false
    }

    /// Bytes that came twice, and were not the same.
    struct Overlap {
        /// Where the first such overlap begins.
        var start = SequenceNumber(0)
        /// Bytes in these overlaps, and how many of them are not the same.
        var byteCount = 0
        var differing = 0

        mutating func add(_ place: SequenceNumber, _ count: Int, differing: Int) {
            if byteCount == 0 { start = place }
            byteCount += count
            self.differing += differing
        }
    }

    /// Keeps a segment that lies behind a hole, from `placement.done` on, as far as there is room.
    mutating func hold(
        _ stream: Int, _ sequence: SequenceNumber, _ segment: UnsafeRawBufferPointer, at time: Int64, _ placement: inout Placement
    ) {
        while placement.done < segment.count {
            let position = sequence + placement.done
            guard let page = page(of: position, stream, at: time) else { return }
            if position - streams[stream].firstHeld < 0 { streams[stream].firstHeld = position }
            let end = min(segment.count, placement.done &+ SegmentPages.size &- position.placeInPage)
            // Most lie behind all that is held.
            if position.placeInPage >= Int(pages[page].pointee.end) { fill(page, position.placeInPage, segment, end, &placement) }
            while placement.done < end {
                if pages.present(page)[(sequence + placement.done).placeInPage] {
                    meetHeld(page, sequence, segment, end, &placement)
                } else {
                    let place = (sequence + placement.done).placeInPage
                    let behind = pages.present(page).first(true, in: place..<place + end - placement.done)
                    fill(page, place, segment, placement.done + behind - place, &placement)
                }
            }
        }
        // What is left of the last held segment that it took from begins behind it.
        guard placement.isWriting else { return }
        let behind = sequence + segment.count
        let cursor = streams[stream].cursor
        if cursor == streams[stream].tail, behind - (pages[cursor].pointee.number.start + Int(pages[cursor].pointee.end)) >= 0 { return }
        let (page, isThere) = find(PageNumber(of: behind), stream)
        if isThere, pages.present(page)[behind.placeInPage] { pages.begins(page).insert(behind.placeInPage) }
    }

    /// Bytes that are not there yet, up to this one of the segment's.
    @inline(__always)
    private mutating func fill(_ page: UInt32, _ place: Int, _ segment: UnsafeRawBufferPointer, _ end: Int, _ placement: inout Placement) {
        let count = end &- placement.done
        pages.present(page).insert(place..<place &+ count)
        pages[page].pointee.count &+= UInt16(truncatingIfNeeded: count)
        pages[page].pointee.end = max(pages[page].pointee.end, UInt16(truncatingIfNeeded: place &+ count))
        held &+= count
        write(page, place..<place &+ count, segment, &placement)
    }

    /// Bytes that are held already.
    private mutating func meetHeld(
        _ page: UInt32, _ sequence: SequenceNumber, _ segment: UnsafeRawBufferPointer, _ end: Int, _ placement: inout Placement
    ) {
        let position = sequence + placement.done
        let place = position.placeInPage
        var places = place..<place + end - placement.done
        if policy.looksAtBounds {
            if !placement.hasOld || placement.oldEnd - position <= 0 {
                let old = heldSegment(page, position)
                placement.prefersNew = policy.prefersNew(.init(start: sequence, end: sequence + segment.count), over: old)
                placement.oldEnd = old.end
                placement.hasOld = true
            }
            places = places.clamped(to: place..<place + (placement.oldEnd - position))
        } else {
            placement.prefersNew = policy == .last
            places = place..<pages.present(page).first(false, in: places)
        }
        let differing = differingBytes(pages.bytes(page) + place, segment.baseAddress! + placement.done, places.count)
        placement.repeated += places.count - differing
        guard placement.prefersNew else {
            if differing > 0 { placement.heldKept.add(position, places.count, differing: differing) }
            placement.isWriting = false
            placement.done += places.count
            return
        }
        if differing > 0 { placement.heldReplaced.add(position, places.count, differing: differing) }
        pages.begins(page).remove(places)
        write(page, places, segment, &placement)
    }

    private mutating func write(_ page: UInt32, _ places: Range<Int>, _ segment: UnsafeRawBufferPointer, _ placement: inout Placement) {
        (pages.bytes(page) + places.lowerBound).copyMemory(from: segment.baseAddress! + placement.done, byteCount: places.count)
        if !placement.isWriting { pages.begins(page).insert(places.lowerBound) }
        placement.isWriting = true
        placement.done += places.count
    }

    private func differingBytes(_ held: UnsafeRawPointer, _ new: UnsafeRawPointer, _ count: Int) -> Int {
        guard memcmp(held, new, count) != 0 else { return 0 }
        return (0..<count).count { held.load(fromByteOffset: $0, as: UInt8.self) != new.load(fromByteOffset: $0, as: UInt8.self) }
    }

    // MARK: Where it is

    /// The held segment that has this byte.
    private mutating func heldSegment(_ page: UInt32, _ position: SequenceNumber) -> OverlapPolicy.Segment {
        var first = page
        var start = pages.begins(page).last(upTo: position.placeInPage)
        while start == nil, pages[first].pointee.previous != 0 {
            first = pages[first].pointee.previous
            start = pages.begins(first).last(upTo: SegmentPages.size - 1)
        }
        var last = page
        var end = heldEnd(page, from: position.placeInPage + 1)
        while end == SegmentPages.size {
            let next = pages[last].pointee.next
            guard next != 0, pages[next].pointee.number.distance(from: pages[last].pointee.number) == 1, !pages.begins(next)[0] else { break }
            last = next
            end = heldEnd(next, from: 0)
        }
        return .init(start: pages[first].pointee.number.start + (start ?? 0), end: pages[last].pointee.number.start + end)
    }

    /// The first place in a page that does not belong to the segment that has the byte before.
    private mutating func heldEnd(_ page: UInt32, from place: Int) -> Int {
        let end = pages.present(page).first(false, in: place..<SegmentPages.size)
        return pages.begins(page).first(true, in: place..<end)
    }

    /// The page of a byte, a new one if need be; nil when there is no room for that.
    private mutating func page(of position: SequenceNumber, _ stream: Int, at time: Int64) -> UInt32? {
        let number = PageNumber(of: position)
        let (found, isThere) = find(number, stream)
        if isThere {
            streams[stream].cursor = found
            return found
        }
        guard shortage(stream) == nil, let page = pages.take() else { return nil }
        let head = streams[stream].head
        let next = found == 0 ? head : pages[found].pointee.next
        // Bytes in the first hole make it no younger.
        let opened = found == 0 && head != 0 ? pages[head].pointee.time : time
        pages[page].pointee = .init(time: opened, number: number, previous: found, next: next, count: 0, end: 0)
        if found == 0 { streams[stream].head = page } else { pages[found].pointee.next = page }
        if next == 0 { streams[stream].tail = page } else { pages[next].pointee.previous = page }
        streams[stream].cursor = page
        streams[stream].pages += 1
        if head == 0 {
            streams[stream].firstHeld = position
            openHole(stream)
        }
        return page
    }

    /// The page of this number, or the one before where it would be; 0: none. Most are the last or lie behind it.
    @inline(__always)
    private mutating func find(_ number: PageNumber, _ stream: Int) -> (page: UInt32, isThere: Bool) {
        let tail = streams[stream].tail
        guard tail != 0 else { return (0, false) }
        let behind = number.distance(from: pages[tail].pointee.number)
        return behind < PageNumber.count / 2 ? (tail, behind == 0) : search(number, stream)
    }

    /// Begins at the page last touched: segments mostly come near each other.
    @inline(never)
    private mutating func search(_ number: PageNumber, _ stream: Int) -> (page: UInt32, isThere: Bool) {
        let base = PageNumber(of: streams[stream].next)
        let distance = number.distance(from: base)
        var page = streams[stream].cursor
        while page != 0, pages[page].pointee.number.distance(from: base) > distance { page = pages[page].pointee.previous }
        guard page != 0 else { return (0, false) }
        while true {
            let next = pages[page].pointee.next
            guard next != 0, pages[next].pointee.number.distance(from: base) <= distance else { break }
            page = next
        }
        return (page, pages[page].pointee.number == number)
    }
}
