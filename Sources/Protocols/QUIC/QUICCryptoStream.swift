/// One side's TLS messages out of CRYPTO frames, RFC 9000 7.5 and 19.6, whatever their order. What came first counts where two overlap.
///
///     offset   0            ready       island          island
///     bytes    |############|···········|######|········|####|
///              ^ next message                     ╰ at most `reach` beyond `ready` ╯
struct QUICCryptoStream {
    /// Bytes of a side's messages that are read, at most.
    static let longest = 1 << 16
    /// How far bytes may come before others.
    static let reach = 1 << 14
    /// Pieces that are kept before what belongs in front of them.
    private static let mostIslands = 256

    /// What is wrong with a frame.
    enum Complaint {
        /// It lies too far away, or is one piece too many: it is left out.
        case tooFar
        /// It has other bytes than came before.
        case differs
    }

    private var bytes: [UInt8] = []
    /// So many bytes are there from the beginning on.
    private var ready = 0
    /// Where others are there: ascending, and none touches another.
    private var islands: [Range<Int>] = []
    /// Where the next message begins.
    private var next = 0

    var heldBytes: Int { bytes.capacity + islands.capacity * MemoryLayout<Range<Int>>.stride }

    /// Takes a frame's bytes.
    mutating func insert(_ data: RawSpan, at offset: UInt64) -> Complaint? {
        guard offset <= UInt64(Self.longest - min(data.byteCount, Self.longest)), data.byteCount <= Self.longest else { return .tooFar }
        let (start, end) = (Int(offset), Int(offset) + data.byteCount)
        guard end <= ready + Self.reach || start <= ready else { return .tooFar }
        if islands.isEmpty, start == ready {
            if bytes.isEmpty { bytes = data.copied } else { data.withUnsafeBytes { bytes.append(contentsOf: $0) } }
            ready = end
            return nil
        }
        var differs = false
        if start < ready { differs = !isSame(start..<min(end, ready), data, start) }
        if end > ready {
            guard let isSame = add(max(start, ready)..<end, data, start) else { return .tooFar }
            if !isSame { differs = true }
        }
        return differs ? .differs : nil
    }

    /// Adds what lies beyond `ready`: whether it is the same where something was; nil if it would be a piece too many.
    private mutating func add(_ range: Range<Int>, _ data: RawSpan, _ start: Int) -> Bool? {
        let first = islands.partitioningIndex { $0.upperBound >= range.lowerBound }
        var last = first
        while last < islands.count, islands[last].lowerBound <= range.upperBound { last += 1 }
        let isNew = first == last && range.lowerBound > ready
        guard !isNew || islands.count < Self.mostIslands else { return nil }
        if bytes.count < range.upperBound { bytes.append(contentsOf: repeatElement(0, count: range.upperBound - bytes.count)) }
        var place = range.lowerBound
        var isSame = true
        var whole = range
        for island in islands[first..<last] {
            if place < island.lowerBound { copy(place..<min(island.lowerBound, range.upperBound), data, start) }
            let common = range.clamped(to: island)
            if !self.isSame(common, data, start) { isSame = false }
            place = max(place, island.upperBound)
            whole = min(whole.lowerBound, island.lowerBound)..<max(whole.upperBound, island.upperBound)
        }
        if place < range.upperBound { copy(place..<range.upperBound, data, start) }
        if whole.lowerBound <= ready {
            ready = whole.upperBound
            islands.removeSubrange(first..<last)
        } else {
            islands.replaceSubrange(first..<last, with: CollectionOfOne(whole))
        }
        return isSame
    }

    private mutating func copy(_ range: Range<Int>, _ data: RawSpan, _ start: Int) {
        let part = data.extracting(range.lowerBound - start..<range.upperBound - start)
        bytes.withUnsafeMutableBytes { all in
            part.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: all[range]).copyMemory(from: $0) }
        }
    }

    private func isSame(_ range: Range<Int>, _ data: RawSpan, _ start: Int) -> Bool {
        guard !range.isEmpty else { return true }
        let part = data.extracting(range.lowerBound - start..<range.upperBound - start)
        return bytes.withUnsafeBytes { all in part.withUnsafeBytes { $0.elementsEqual(all[range]) } }
    }

    enum Message {
        /// A handshake message's type, and what follows its length.
        case whole(type: UInt8, [UInt8])
        /// Longer than what is read.
        case tooLong
    }

    /// The next message that is there as a whole.
    mutating func nextMessage() -> Message? {
        guard ready - next >= 4 else { return nil }
        let length = Int(bytes[next + 1]) << 16 | Int(bytes[next + 2]) << 8 | Int(bytes[next + 3])
        guard next + 4 + length <= Self.longest else { return .tooLong }
        guard ready - next >= 4 + length else { return nil }
        defer { next += 4 + length }
        return .whole(type: bytes[next], Array(bytes[next + 4..<next + 4 + length]))
    }
}

extension [Range<Int>] {
    /// The first of which something holds that holds of all behind it.
    fileprivate func partitioningIndex(where holds: (Range<Int>) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if holds(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
