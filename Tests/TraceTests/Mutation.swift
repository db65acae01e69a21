import TestSupport
import Packets

/// A few consecutive frames of a capture, and what may go wrong with them on the way.
struct Mutation {
    struct Piece {
        var bytes: [UInt8]
        var wireLength: UInt32
        var timestamp: Timestamp
        var linkType: LinkType
    }

    private static let linkTypes: [LinkType] = [.ethernet, .raw, .null, .loop, .linuxSLL, .linuxSLL2, .ipv4, .ipv6]

    private(set) var pieces: [Piece]
    private var random: SeededGenerator

    /// Picks the frames and changes them, all by the seed.
    init(of recordings: [Recording], seed: UInt64) {
        random = SeededGenerator(seed: seed)
        let recording = recordings.filter { !$0.records.isEmpty }.randomElement(using: &random)!
        // Half of the time from the start, where handshakes are.
        let start = Bool.random(using: &random) ? 0 : Int.random(in: 0..<recording.records.count, using: &random)
        let count = Int.random(in: 1...48, using: &random)
        pieces = recording.records[start...].prefix(count).map { record in
            Piece(
                bytes: Array(recording.bytes[record.bytes]), wireLength: record.wireLength, timestamp: record.timestamp, linkType: recording.linkType)
        }
        for _ in 0..<Int.random(in: 1...6, using: &random) { mutate() }
    }

    private mutating func mutate() {
        let place = pieces.indices.randomElement(using: &random)!
        switch Int.random(in: 0..<12, using: &random) {
        case 0: for _ in 0..<Int.random(in: 1...8, using: &random) { flipBit(of: place) }
        case 1, 2: writeNumber(to: place)
        case 3: cut(place)
        case 4: pieces.insert(pieces[place], at: Int.random(in: place...pieces.count, using: &random))
        case 5: pieces.swapAt(place, pieces.indices.randomElement(using: &random)!)
        case 6: jump(at: place)
        case 7: lie(about: place)
        case 8: writeFlags(to: place)
        case 9: splice(place)
        case 10: pieces[place].linkType = Self.linkTypes.randomElement(using: &random)!
        default: pieces.shuffle(using: &random)
        }
    }

    /// Mostly of the headers.
    private mutating func offset(in place: Int) -> Int? {
        let count = pieces[place].bytes.count
        guard count > 0 else { return nil }
        return Int.random(in: 0..<(Bool.random(using: &random) ? min(count, 100) : count), using: &random)
    }

    private mutating func flipBit(of place: Int) {
        if let offset = offset(in: place) { pieces[place].bytes[offset] ^= 1 << UInt8.random(in: 0..<8, using: &random) }
    }

    /// Overwrites a number of two or four bytes: of a length, where lengths lie behind an Ethernet header, or any other.
    private mutating func writeNumber(to place: Int) {
        // Types, IPv4's and IPv6's lengths, TCP's numbers, UDP's length, a TLS record's and message's behind 20 or 32 bytes of TCP.
        let lengths = [12, 16, 18, 20, 38, 42, 46, 54, 57, 58, 60, 61, 69, 71, 72, 73]
        guard let offset = Bool.random(using: &random) ? lengths.randomElement(using: &random) : offset(in: place) else { return }
        let values: [UInt32] = [0, 1, 0x7fff, 0x8000, 0xffff, UInt32.random(in: 0...64, using: &random), UInt32.random(in: 0...(.max), using: &random)]
        var value = values.randomElement(using: &random)!
        for index in offset..<offset + (Bool.random(using: &random) ? 2 : 4) where index < pieces[place].bytes.count {
            pieces[place].bytes[index] = UInt8(truncatingIfNeeded: value >> 8)
            value <<= 8
        }
    }

    /// By the snap length, or on the wire.
    private mutating func cut(_ place: Int) {
        pieces[place].bytes.removeLast(.random(in: 0...pieces[place].bytes.count, using: &random))
        if Bool.random(using: &random) { pieces[place].wireLength = UInt32(pieces[place].bytes.count) }
    }

    /// The capture gives another length on the wire.
    private mutating func lie(about place: Int) {
        let lengths: [UInt32] = [0, 1, .max, UInt32(pieces[place].bytes.count / 2), UInt32.random(in: 0...(.max), using: &random)]
        pieces[place].wireLength = lengths.randomElement(using: &random)!
    }

    /// From here on time is another.
    private mutating func jump(at place: Int) {
        let spans: [Int64] = [1, 1_000_000_000, 6_000_000_000, 400_000_000_000, 1 << 50, .max, Int64.random(in: 0...(.max), using: &random)]
        let nanoseconds = spans.randomElement(using: &random)!
        let isBack = Bool.random(using: &random)
        for index in pieces.indices[place...] { pieces[index].timestamp = pieces[index].timestamp + (isBack ? 0 &- nanoseconds : nanoseconds) }
    }

    /// TCP's flags behind Ethernet and IPv4, or IPv6.
    private mutating func writeFlags(to place: Int) {
        let offset = Bool.random(using: &random) ? 47 : 67
        if offset < pieces[place].bytes.count { pieces[place].bytes[offset] = .random(in: 0...(.max), using: &random) }
    }

    /// The start of one frame with the end of another.
    private mutating func splice(_ place: Int) {
        let other = pieces.indices.randomElement(using: &random)!
        guard let start = offset(in: place), let end = offset(in: other) else { return }
        pieces[place].bytes = Array((pieces[place].bytes[..<start] + pieces[other].bytes[end...]).prefix(GuardedFrames.room))
        pieces[place].wireLength = max(pieces[place].wireLength, UInt32(pieces[place].bytes.count))
    }
}
