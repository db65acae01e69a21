import Packets

/// Finds the class of a text by hash: what maps of texts look things up with.
///
/// A value of plain pointers; its owner calls `deallocate`.
struct TextClassifier {
    private struct Entry {
        var hash: UInt64 = 0
        /// Where its bytes lie among all.
        var start = 0
        var count: UInt32 = 0
        /// 0: no entry.
        var classNumber: UInt32 = 0
    }

    private let place: TextMap.Place
    private let seed: HashSeed
    /// By hash, open addressing.
    private let entries: UnsafeMutablePointer<Entry>
    private let mask: Int
    private let bytes: UnsafeMutablePointer<UInt8>
    /// A bit for each length that a member's text has, 0...longest.
    private let lengths: UnsafeMutablePointer<UInt64>
    /// -1: there are none.
    private let longest: Int

    init(_ texts: [(text: [UInt8], class: UInt32)], at place: TextMap.Place, _ seed: HashSeed, _ builder: inout MemberClassBuilder) {
        self.place = place
        self.seed = seed
        longest = texts.lazy.map(\.text.count).max() ?? -1
        lengths = .allocate(capacity: longest / 64 + 1)
        lengths.initialize(repeating: 0, count: longest / 64 + 1)
        // At most half full, so that a search ends soon.
        let capacity = 1 << (Int.bitWidth - (2 * texts.count).leadingZeroBitCount)
        mask = capacity - 1
        entries = .allocate(capacity: capacity)
        entries.initialize(repeating: Entry(), count: capacity)
        bytes = .allocate(capacity: texts.reduce(1) { $0 + $1.text.count })
        var end = 0
        // Shorter ones first: what starts with a longer text starts with these, so the longer one's class has their members, too.
        for (text, number) in texts.sorted(by: { $0.text.count < $1.text.count }) {
            let shorter = text.withUnsafeBytes { classNumber(of: $0, ignoringCase: false) }
            (bytes + end).initialize(from: text, count: text.count)
            var hash = TextHash(seed)
            for byte in place == .end ? text.reversed() : text { hash.add(byte) }
            var index = Int(truncatingIfNeeded: hash.value) & mask
            while entries[index].classNumber != 0 { index = (index + 1) & mask }
            entries[index] = Entry(hash: hash.value, start: end, count: UInt32(text.count), classNumber: builder.union(shorter, number))
            lengths[text.count >> 6] |= 1 << UInt64(text.count & 63)
            end += text.count
        }
    }

    func deallocate() {
        entries.deallocate()
        bytes.deallocate()
        lengths.deallocate()
    }

    /// The class of a text: the union of those of all that it has in the place.
    func classNumber(of text: UnsafeRawBufferPointer, ignoringCase: Bool) -> UInt32 {
        if place == .whole, !hasLength(text.count) { return 0 }
        var most = min(text.count, longest)
        // The longest that fits has the members of all that do. A hash that misled, which is one in 2^64, is not the end.
        while let entry = longestEntry(in: text, most, ignoringCase) {
            if isEqual(entry, text, ignoringCase) { return entry.classNumber }
            most = Int(entry.count) - 1
        }
        return 0
    }

    @inline(__always)
    private func hasLength(_ length: Int) -> Bool { length <= longest && lengths[length >> 6] >> UInt64(length & 63) & 1 != 0 }

    /// Of those no longer than so many bytes.
    private func longestEntry(in text: UnsafeRawBufferPointer, _ most: Int, _ ignoringCase: Bool) -> Entry? {
        guard most >= 0 else { return nil }
        var found: Entry?
        var hash = TextHash(seed)
        for length in 0...most {
            if length > 0 { hash.add(byte(length - 1, of: text, ignoringCase)) }
            guard hasLength(length), place != .whole || length == text.count else { continue }
            var index = Int(truncatingIfNeeded: hash.value) & mask
            while entries[index].classNumber != 0 {
                if entries[index].hash == hash.value, entries[index].count == UInt32(length) {
                    found = entries[index]
                    break
                }
                index = (index + 1) & mask
            }
        }
        return found
    }

    /// The byte so many places from where the members' texts lie.
    @inline(__always)
    private func byte(_ place: Int, of text: UnsafeRawBufferPointer, _ ignoringCase: Bool) -> UInt8 {
        let byte = text[self.place == .end ? text.count - 1 - place : place]
        return ignoringCase ? byte.lowercasedASCII : byte
    }

    private func isEqual(_ entry: Entry, _ text: UnsafeRawBufferPointer, _ ignoringCase: Bool) -> Bool {
        let count = Int(entry.count), offset = place == .end ? text.count - count : 0
        for index in 0..<count {
            let byte = text[offset + index]
            guard bytes[entry.start + index] == (ignoringCase ? byte.lowercasedASCII : byte) else { return false }
        }
        return true
    }
}
