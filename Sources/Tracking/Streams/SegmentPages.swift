import Containers
import Packets

/// The pool of pages that held segments lie in. A page is 2 KiB of the sequence circle, aligned: which page a byte belongs to is its sequence number
/// divided by 2048, and since that divides 2³², nothing changes where the circle begins anew.
///
///     page n       0 ··· present ██████░░██████████░░░░░░ 2047
///                  0 ··· begins  █░░░░░░░█░░░░█░░░░░░░░░░        a segment begins here: overlap policies ask for it
///
/// However small the segments, a page costs the same: 300,000 single bytes in reverse order lie in 147 pages.
struct SegmentPages: ~Copyable {
    /// Bytes a page holds.
    static let size = 2048
    /// What it costs: its bytes, two bits for each, and its record.
    static let cost = size + 2 * wordCount * 8 + MemoryLayout<Page>.stride
    private static let wordCount = size / 64

    /// A page of one stream, in a list in sequence order. Indices are plus one; 0: none.
    struct Page: BitwiseCopyable {
        /// The packets' time when the bytes behind the hole in front of it began to wait.
        var time: Int64
        var number: PageNumber
        var previous: UInt32
        /// In the free list, too.
        var next: UInt32
        /// Bytes present.
        var count: UInt16
        /// None is present from this place on.
        var end: UInt16
    }

    private let records: UnsafeMutablePointer<Page>
    private let bits: UnsafeMutablePointer<UInt64>
    private let memory: UnsafeMutableRawPointer
    private let recordMemory: RawMemory
    private let bitMemory: RawMemory
    private let byteMemory: RawMemory
    let capacity: Int
    /// Pages that were ever used; those beyond are untouched memory.
    private var used: UInt32 = 0
    private var free: UInt32 = 0
    /// Pages in use, and the most there ever were.
    private(set) var count = 0
    private(set) var peak = 0

    /// - Parameter budget: bytes, all told.
    init(budget: Int) {
        capacity = Int(UInt32(clamping: budget / Self.cost))
        recordMemory = RawMemory(byteCount: (capacity + 1) * MemoryLayout<Page>.stride)
        records = recordMemory.bound(to: Page.self)
        bitMemory = RawMemory(byteCount: capacity * 2 * Self.wordCount * 8)
        bits = bitMemory.bound(to: UInt64.self)
        byteMemory = RawMemory(byteCount: capacity * Self.size)
        memory = byteMemory.start
    }

    /// Bytes reserved.
    var byteCount: Int { recordMemory.byteCount + bitMemory.byteCount + byteMemory.byteCount }

    @inline(__always)
    var isFull: Bool { count == capacity }

    @inline(__always)
    subscript(_ page: UInt32) -> UnsafeMutablePointer<Page> { records + Int(page) }

    @inline(__always)
    func bytes(_ page: UInt32) -> UnsafeMutableRawPointer { memory + Int(page &- 1) &* Self.size }
    @inline(__always)
    func present(_ page: UInt32) -> PageBits { PageBits(words: words(page)) }
    @inline(__always)
    func begins(_ page: UInt32) -> PageBits { PageBits(words: words(page) + Self.wordCount) }
    @inline(__always)
    private func words(_ page: UInt32) -> UnsafeMutablePointer<UInt64> { bits + 2 &* Self.wordCount &* Int(page &- 1) }

    /// An empty page; nil when all are in use.
    mutating func take() -> UInt32? {
        guard !isFull else { return nil }
        var page = free
        if page != 0 {
            free = records[Int(page)].next
            present(page).removeAll()
            begins(page).removeAll()
        } else {
            used += 1
            page = used
        }
        count += 1
        peak = max(peak, count)
        return page
    }

    mutating func give(_ page: UInt32) {
        records[Int(page)].next = free
        free = page
        count -= 1
    }
}

/// Which page of the sequence circle.
struct PageNumber: Equatable, BitwiseCopyable {
    static let count: UInt32 = 1 << 21

    private var rawValue: UInt32

    init(of sequence: SequenceNumber) { rawValue = sequence.rawValue / UInt32(SegmentPages.size) }

    /// Where the page begins.
    var start: SequenceNumber { SequenceNumber(rawValue &* UInt32(SegmentPages.size)) }

    /// Pages from `first` on, once round the circle.
    func distance(from first: PageNumber) -> UInt32 { (rawValue &- first.rawValue) & (Self.count - 1) }
}

extension SequenceNumber {
    /// Its place in its page.
    var placeInPage: Int { Int(rawValue & UInt32(SegmentPages.size - 1)) }
}

/// A bit for each byte of a page.
struct PageBits {
    fileprivate let words: UnsafeMutablePointer<UInt64>

    subscript(_ place: Int) -> Bool { words[place >> 6] >> UInt64(place & 63) & 1 != 0 }

    func insert(_ place: Int) { words[place >> 6] |= 1 << UInt64(place & 63) }

    func removeAll() { words.update(repeating: 0, count: SegmentPages.size / 64) }

    func insert(_ range: Range<Int>) { set(range, .max) }
    func remove(_ range: Range<Int>) { set(range, 0) }

    /// Sets the bits of a range to those of a word that has the same everywhere.
    private func set(_ range: Range<Int>, _ bits: UInt64) {
        guard !range.isEmpty else { return }
        let (first, last) = (range.lowerBound >> 6, (range.upperBound - 1) >> 6)
        let head = UInt64.max << UInt64(range.lowerBound & 63), tail = UInt64.max >> UInt64(63 - (range.upperBound - 1) & 63)
        let mask = first == last ? head & tail : head
        words[first] = words[first] & ~mask | bits & mask
        guard first < last else { return }
        (words + first + 1).update(repeating: bits, count: last - first - 1)
        words[last] = words[last] & ~tail | bits & tail
    }

    func count(in range: Range<Int>) -> Int {
        var (sum, place) = (0, range.lowerBound)
        while place < range.upperBound {
            let end = min(range.upperBound, (place | 63) + 1)
            sum += ((words[place >> 6] >> UInt64(place & 63)) << UInt64(64 - (end - place))).nonzeroBitCount
            place = end
        }
        return sum
    }

    /// The first place in the range whose bit is this; the range's end if there is none.
    func first(_ bit: Bool, in range: Range<Int>) -> Int {
        guard !range.isEmpty else { return range.upperBound }
        let flip: UInt64 = bit ? 0 : .max
        var index = range.lowerBound >> 6
        var word = (words[index] ^ flip) & (.max << UInt64(range.lowerBound & 63))
        while word == 0 {
            index += 1
            guard index << 6 < range.upperBound else { return range.upperBound }
            word = words[index] ^ flip
        }
        return min(index << 6 + word.trailingZeroBitCount, range.upperBound)
    }

    /// The last place up to and including this one whose bit is set.
    func last(upTo place: Int) -> Int? {
        var index = place >> 6
        var word = words[index] & (.max >> UInt64(63 - place & 63))
        while word == 0 {
            guard index > 0 else { return nil }
            index -= 1
            word = words[index]
        }
        return index << 6 + 63 - word.leadingZeroBitCount
    }
}
