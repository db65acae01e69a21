import Packets

/// What a stream remembers of what it has passed: the last four holes that were given up, so that bytes that come too late are known as such, and
/// hashes of the last four pieces given out, so that a repeat with other bytes is.
struct StreamPast: BitwiseCopyable {
    private static let count = 4
    /// Bytes at a piece's beginning that have a hash of their own.
    private static let headLength = 16

    private struct Hole: BitwiseCopyable {
        var start = SequenceNumber(0)
        var count: UInt32 = 0
    }

    private struct Piece: BitwiseCopyable {
        var start = SequenceNumber(0)
        var count: UInt32 = 0
        var hash: UInt64 = 0
        var headHash: UInt64 = 0
    }

    private var holes = InlineArray<4, Hole>(repeating: Hole())
    private var pieces = InlineArray<4, Piece>(repeating: Piece())
    private var nextHole: UInt8 = 0
    private var nextPiece: UInt8 = 0

    mutating func addHole(_ start: SequenceNumber, _ count: Int) {
        holes[Int(nextHole)] = Hole(start: start, count: UInt32(clamping: count))
        nextHole = (nextHole &+ 1) % UInt8(Self.count)
    }

    mutating func addPiece(_ start: SequenceNumber, _ bytes: UnsafeRawBufferPointer, _ seed: UInt64) {
        let head = UnsafeRawBufferPointer(rebasing: bytes.prefix(Self.headLength))
        pieces[Int(nextPiece)] = Piece(start: start, count: UInt32(clamping: bytes.count), hash: Self.hash(bytes, seed), headHash: Self.hash(head, seed))
        nextPiece = (nextPiece &+ 1) % UInt8(Self.count)
    }

    /// How many bytes of a range were given up.
    func givenUp(_ start: SequenceNumber, _ count: Int) -> Int {
        var sum = 0
        for index in holes.indices where holes[index].count > 0 {
            let first = max(0, holes[index].start - start)
            let last = min(count, holes[index].start - start + Int(holes[index].count))
            sum += max(0, last - first)
        }
        return sum
    }

    /// How many of these bytes, compared as one, are known not to be those that were given out at their place: 0, when nothing is known.
    func conflict(_ start: SequenceNumber, _ bytes: UnsafeRawBufferPointer, _ seed: UInt64) -> Int {
        for index in pieces.indices where pieces[index].count > 0 && pieces[index].start == start {
            let piece = pieces[index]
            let isWhole = bytes.count >= Int(piece.count)
            guard isWhole || bytes.count >= Self.headLength else { continue }
            let compared = UnsafeRawBufferPointer(rebasing: bytes.prefix(isWhole ? Int(piece.count) : Self.headLength))
            if Self.hash(compared, seed) != (isWhole ? piece.hash : piece.headHash) { return compared.count }
        }
        return 0
    }

    /// A hash that nobody who does not know the seed can make the same for other bytes: eight at a time, by a multiplication of full width.
    private static func hash(_ bytes: UnsafeRawBufferPointer, _ seed: UInt64) -> UInt64 {
        let key = seed | 1
        var hash = seed ^ UInt64(bytes.count)
        func mix(_ word: UInt64) {
            let product = (hash ^ word).multipliedFullWidth(by: key)
            hash = (product.high ^ product.low) &+ key.byteSwapped
        }
        var place = 0
        while place + 8 <= bytes.count {
            mix(bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))
            place += 8
        }
        var rest: UInt64 = 0
        while place < bytes.count {
            rest = rest << 8 | UInt64(bytes[place])
            place += 1
        }
        mix(rest)
        return hash
    }
}
