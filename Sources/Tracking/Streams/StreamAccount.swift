/// What became of a byte of TCP payload. Each byte that is handed to reassembly has one outcome, or is held: so they sum up.
public enum ByteOutcome: Int, CaseIterable, Sendable {
    /// Given to parsers and subscriptions in order.
    case delivered
    /// Was there before: given out, or held with the same value.
    case retransmitted
    /// Lost to another value at the same place: the newcomer's where the held byte counts, the held one's where the newcomer's does; and copies of
    /// bytes given out that were found to differ.
    case overlapped
    /// Came after its place had been told as a gap, or lies before the place where the stream was picked up.
    case late
    /// No receiver would have taken it: farther ahead of its stream or behind it than any window reaches, in a SYN that was not answered.
    case outOfWindow
    /// Lies behind its stream's end, which a FIN or a RST said, or came after the connection's report.
    case afterEnd
    /// Was on the wire, and cut off by a snap length.
    case notCaptured
    /// Nobody wanted the stream, or no longer.
    case unwanted

    /// A short text for the summary.
    public var text: String {
        switch self {
        case .delivered: "delivered in order"
        case .retransmitted: "there before"
        case .overlapped: "lost to other bytes"
        case .late: "too late for their gap"
        case .outOfWindow: "outside any window"
        case .afterEnd: "after their stream's end"
        case .notCaptured: "not captured"
        case .unwanted: "of streams nobody wanted"
        }
    }
}

/// What went through one direction of a TCP connection, byte for byte. Once the connection is over, the outcomes sum up to its payload bytes.
public struct StreamAccount: BitwiseCopyable, Sendable {
    /// Bytes by `ByteOutcome`.
    var outcomes = InlineArray<8, UInt64>(repeating: 0)
    /// Holes in the stream, and the bytes in them: they never came, or too late.
    public internal(set) var gaps: UInt64 = 0
    public internal(set) var gapBytes: UInt64 = 0
    /// Segments that brought nothing new.
    public internal(set) var retransmittedSegments: UInt64 = 0
    /// Segments that brought something new, and bytes that were there before.
    public internal(set) var overlappingSegments: UInt64 = 0
    /// Segments that came before bytes in front of them.
    public internal(set) var outOfOrderSegments: UInt64 = 0
    /// Overlaps with different bytes, as `StreamTrackable.conflict` is told of them.
    public internal(set) var conflicts: UInt64 = 0

    init() {}

    public subscript(outcome: ByteOutcome) -> UInt64 { outcomes[outcome.rawValue] }

    /// Positions of the stream that have been passed.
    var passed: UInt64 { self[.delivered] &+ gapBytes }

    /// Bytes with an outcome.
    @inline(__always)
    var total: UInt64 {
        // Said one by one, for a loop over an inline array is not unrolled.
        (outcomes[0] &+ outcomes[1]) &+ (outcomes[2] &+ outcomes[3]) &+ (outcomes[4] &+ outcomes[5]) &+ (outcomes[6] &+ outcomes[7])
    }
}
