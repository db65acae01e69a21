import Packets

/// How one direction's TCP segments came: in order or behind others, once or again, and how much never did. Told from the headers alone, so nothing is
/// reassembled for it and nothing of the payload kept.
///
///     came        ▮▮▮▮▮▮▮▮      ▮▮▮▮▮▮▮▮▮▮    ▮▮▮▮▮▮
///                 lowest  │ hole│         │hole│    next
///     a segment       ▮▮▮ retransmitted
///                         ▮▮▮▮ out of order: new, and lies before what came
///
/// The first bytes that are seen, or a SYN before them, are where the direction begins. Up to `mostHoles` holes are told apart; of more, the
/// lowest is forgotten: what still comes for it then counts as retransmitted. So the counts are exact while no more are open than that.
public struct SegmentCounts: BitwiseCopyable, Sendable {
    public static var mostHoles: Int { 8 }
    /// A segment that lies farther from the others than the largest window (RFC 7323 section 2.3) belongs to something else.
    private static var farthest: Int { 1 << 30 }

    /// Segments with payload.
    public private(set) var payloadPackets: UInt64 = 0
    /// Segments that brought nothing new, as nProbe's `RETRANSMITTED_IN_PKTS`; and bytes that were there before, whichever segment brought them.
    public private(set) var retransmittedPackets: UInt64 = 0
    public private(set) var retransmittedBytes: UInt64 = 0
    /// Segments that brought something new after what lies behind it, RFC 4737's reordered packets; nProbe's `OOORDER_IN_PKTS`. That a lost segment was sent
    /// anew looks the same where it was lost before it was seen.
    public private(set) var outOfOrderPackets: UInt64 = 0
    /// Bytes in front of those that came, which have not come: Zeek's `missed_bytes`.
    public private(set) var missingBytes: UInt64 = 0
    /// Segments from outside any window; they are in no other count but the first.
    public private(set) var strayPackets: UInt64 = 0
    /// Holes beyond those that can be told apart.
    public private(set) var forgottenHoles: UInt64 = 0

    // Places in the direction's bytes; 0 is where it was picked up.
    private var lowest = 0
    private var next = 0
    private var nextNumber = SequenceNumber(0)
    private var isPlaced = false
    /// Whether a SYN said where it begins.
    private var beginsAtLowest = false
    private var holeCount = 0
    /// In order.
    private var holes = InlineArray<8, Hole>(repeating: Hole(start: 0, end: 0))

    private struct Hole: BitwiseCopyable {
        var start: Int
        var end: Int
    }

    public init() {}

    /// Takes the direction's next packet, TCP or not.
    public mutating func add(_ packet: Packet) {
        let length = Int(packet.payloadLength)
        guard packet.transport == .tcp else {
            if length > 0 { payloadPackets &+= 1 }
            return
        }
        let isSYN = packet.flags.contains(.syn)
        guard length > 0 || isSYN else { return }
        let number = packet.sequence + (isSYN ? 1 : 0)
        if isSYN, payloadPackets == 0 || !isPlaced {
            place(at: number)
            beginsAtLowest = true
        }
        guard length > 0 else { return }
        payloadPackets &+= 1
        if !isPlaced { place(at: number) }
        let start = next + (number - nextNumber)
        if start == next { return advance(to: start + length) }
        guard abs(start - next) < Self.farthest else {
            strayPackets &+= 1
            return
        }
        if start > next {
            missingBytes &+= UInt64(start - next)
            insert(Hole(start: next, end: start), at: holeCount)
            advance(to: start + length)
        } else {
            fill(start, start + length)
        }
    }

    private mutating func place(at number: SequenceNumber) {
        (lowest, next, holeCount, missingBytes) = (0, 0, 0, 0)
        nextNumber = number
        isPlaced = true
    }

    private mutating func advance(to end: Int) {
        nextNumber = nextNumber + (end - next)
        next = end
    }

    /// A segment that begins before the highest place.
    private mutating func fill(_ start: Int, _ end: Int) {
        var newBefore = 0
        if start < lowest, !beginsAtLowest {
            newBefore = min(end, lowest) - start
            if end < lowest {
                missingBytes &+= UInt64(lowest - end)
                insert(Hole(start: end, end: lowest), at: 0)
            }
            lowest = start
        }
        var index = 0
        while index < holeCount, holes[index].start < end {
            let hole = holes[index]
            let (from, to) = (max(start, hole.start), min(end, hole.end))
            guard from < to else {
                index += 1
                continue
            }
            newBefore += to - from
            missingBytes &-= UInt64(to - from)
            switch (hole.start < from, to < hole.end) {
            case (false, false): remove(at: index)
            case (false, true): holes[index].start = to
            case (true, false): holes[index].end = from
            case (true, true):
                holes[index].end = from
                insert(Hole(start: to, end: hole.end), at: index + 1)
            }
            if holes[index].start < to { index += 1 }
        }
        let newBehind = max(0, end - next)
        if newBehind > 0 { advance(to: end) }
        let repeated = end - start - newBefore - newBehind
        retransmittedBytes &+= UInt64(repeated)
        if newBefore + newBehind == 0 { retransmittedPackets &+= 1 }
        if newBefore > 0 { outOfOrderPackets &+= 1 }
    }

    /// The lowest hole makes room.
    private mutating func insert(_ hole: Hole, at place: Int) {
        var place = place
        if holeCount == Self.mostHoles {
            forgottenHoles &+= 1
            guard place > 0 else { return }
            remove(at: 0)
            place -= 1
        }
        var index = holeCount
        while index > place {
            holes[index] = holes[index - 1]
            index -= 1
        }
        holes[place] = hole
        holeCount += 1
    }

    private mutating func remove(at place: Int) {
        holeCount -= 1
        for index in place..<holeCount { holes[index] = holes[index + 1] }
    }
}
