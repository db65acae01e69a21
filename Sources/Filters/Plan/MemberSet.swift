/// A set of a plan's filters by their numbers, as a view of words that lie in somebody's memory: a bit each. Copying a view copies no bits.
public struct MemberSet: BitwiseCopyable, Sequence {
    @usableFromInline nonisolated(unsafe) let words: UnsafeMutablePointer<UInt64>
    /// Words, 1 or more.
    @usableFromInline let wordCount: Int

    @inlinable @inline(__always)
    public init(_ words: UnsafeMutablePointer<UInt64>, wordCount: Int) {
        self.words = words
        self.wordCount = wordCount
    }

    /// A set in memory of its own, which whoever asked for it gives back with `deallocate`.
    public static func allocate(wordCount: Int) -> MemberSet {
        let words = UnsafeMutablePointer<UInt64>.allocate(capacity: wordCount)
        words.initialize(repeating: 0, count: wordCount)
        return MemberSet(words, wordCount: wordCount)
    }

    public func deallocate() { words.deallocate() }

    /// Whether all of it is the one word.
    @inlinable @inline(__always) public var isWord: Bool { wordCount == 1 }
    /// Its members, of a set of one word.
    @inlinable @inline(__always) public var word: UInt64 { words[0] }

    /// Words for so many members.
    @inlinable public static func wordCount(of members: Int) -> Int { Swift.max(1, (members + 63) / 64) }

    // Most plans have one word. A loop of one round costs twice what is done in it.

    @inlinable @inline(__always)
    public var isEmpty: Bool { wordCount == 1 ? words[0] == 0 : isEmptyOfMany }
    @usableFromInline @inline(never)
    var isEmptyOfMany: Bool {
        for index in 0..<wordCount where words[index] != 0 { return false }
        return true
    }

    @inlinable @inline(__always)
    public func contains(_ member: Int) -> Bool { words[member >> 6] >> UInt64(member & 63) & 1 != 0 }
    @inlinable @inline(__always)
    public func insert(_ member: Int) { words[member >> 6] |= 1 << UInt64(member & 63) }
    @inlinable @inline(__always)
    public func remove(_ member: Int) { words[member >> 6] &= ~(1 << UInt64(member & 63)) }

    @inlinable @inline(__always)
    public func overlaps(_ other: MemberSet) -> Bool { wordCount == 1 ? words[0] & other.words[0] != 0 : overlapsMany(other) }
    @usableFromInline @inline(never)
    func overlapsMany(_ other: MemberSet) -> Bool {
        for index in 0..<wordCount where words[index] & other.words[index] != 0 { return true }
        return false
    }

    @inlinable @inline(__always)
    public func removeAll() { if wordCount == 1 { words[0] = 0 } else { removeAllOfMany() } }
    @usableFromInline @inline(never)
    func removeAllOfMany() { for index in 0..<wordCount { words[index] = 0 } }
    @inlinable @inline(__always)
    public func assign(_ other: MemberSet) { if wordCount == 1 { words[0] = other.words[0] } else { assignMany(other) } }
    @usableFromInline @inline(never)
    func assignMany(_ other: MemberSet) { for index in 0..<wordCount { words[index] = other.words[index] } }
    @inlinable @inline(__always)
    public func formUnion(_ other: MemberSet) { if wordCount == 1 { words[0] |= other.words[0] } else { formUnionMany(other) } }
    @usableFromInline @inline(never)
    func formUnionMany(_ other: MemberSet) { for index in 0..<wordCount { words[index] |= other.words[index] } }
    @inlinable @inline(__always)
    public func formIntersection(_ other: MemberSet) { if wordCount == 1 { words[0] &= other.words[0] } else { formIntersectionMany(other) } }
    @usableFromInline @inline(never)
    func formIntersectionMany(_ other: MemberSet) { for index in 0..<wordCount { words[index] &= other.words[index] } }
    public func subtract(_ other: MemberSet) { for index in 0..<wordCount { words[index] &= ~other.words[index] } }
    /// Takes out the members of another set, those in `kept` excepted.
    func subtract(_ other: MemberSet, but kept: MemberSet) {
        for index in 0..<wordCount { words[index] &= ~other.words[index] | kept.words[index] }
    }

    /// Of those members that are in `chosen`, keeps those in `kept`, and puts those in `moved` into `other`.
    public func split(by chosen: MemberSet, keeping kept: MemberSet, moving moved: MemberSet, to other: MemberSet) {
        for index in 0..<wordCount {
            let these = words[index] & chosen.words[index]
            other.words[index] |= these & moved.words[index]
            words[index] = words[index] & ~chosen.words[index] | these & kept.words[index]
        }
    }

    /// The members that are in both, as they stand when the walk comes to their word.
    @inlinable @inline(__always)
    public func intersection(_ other: MemberSet) -> Intersection { Intersection(self, other) }

    @inlinable @inline(__always)
    public func makeIterator() -> Intersection { Intersection(self, self) }

    /// Numbers, ascending. What is removed while the walk goes on may still come if it is in the word at hand.
    public struct Intersection: Sequence, IteratorProtocol {
        @usableFromInline let left: MemberSet
        @usableFromInline let right: MemberSet
        @usableFromInline var rest: UInt64
        @usableFromInline var word = 0

        @inlinable @inline(__always)
        init(_ left: MemberSet, _ right: MemberSet) {
            self.left = left
            self.right = right
            rest = left.words[0] & right.words[0]
        }

        @inlinable @inline(__always)
        public mutating func next() -> Int? {
            while rest == 0 {
                word += 1
                guard word < left.wordCount else { return nil }
                rest = left.words[word] & right.words[word]
            }
            defer { rest &= rest &- 1 }
            return word << 6 | rest.trailingZeroBitCount
        }
    }
}
