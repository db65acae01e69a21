import Packets

/// The engine's time at a packet, as whoever reads all packets has worked it out.
public struct PacketTime: BitwiseCopyable, Sendable {
    /// Never negative; the complement while a leap is in question, and this time is the packet's alone.
    private let bits: Int64

    @inline(__always)
    init(_ now: Int64, isAstray: Bool) { bits = isAstray ? ~now : now }

    /// Nanoseconds.
    @inline(__always)
    var now: Int64 { bits >= 0 ? bits : ~bits }
    @inline(__always)
    var isAstray: Bool { bits < 0 }
}

/// Keeps the time of a capture, for all cores that take its packets: a core that went by its own packets alone would have another time than the next, and
/// end connections at another moment. So who reads the packets says how late it is at each, and between which two of them time reaches a tick: then
/// every core ends what is overdue, whatever packets it has had.
public struct Timekeeper: ~Copyable {
    private var clock = PacketClock()
    private let tick: Int64
    /// The ticks' number that has been told of.
    private var told: Int64 = -1
    private var first = Int64.max
    private var last = Int64.min

    /// - Parameter options: whose `timeoutResolution` is the time between two ticks.
    public init(_ options: TrackerOptions) { tick = max(1, options.timeoutResolution) }

    /// Takes the times of frames, from one of a burst's on, and fills in how late it is at each.
    ///
    /// - Returns: the first with which time reaches another tick, of which cores must be told before they get it (`Pipeline.pass`); the burst's count when
    ///   there is none. To be called again from the one behind it on.
    public mutating func see(_ frames: UnsafeBufferPointer<Frame>, from start: Int, _ times: UnsafeMutablePointer<PacketTime>) -> Int {
        for place in start..<frames.count {
            let time = frames[place].timestamp.nanoseconds
            (first, last) = (min(first, time), max(last, time))
            _ = clock.see(time)
            clock.rest()
            times[place] = PacketTime(clock.now, isAstray: clock.isAstray)
            if reachesTick() { return place }
        }
        return frames.count
    }

    /// Time passes without packets, by a clock that can be trusted.
    ///
    /// - Returns: whether it reaches another tick, of which cores must be told.
    mutating func advance(to time: Timestamp) -> Bool {
        clock.advance(to: time.nanoseconds)
        return reachesTick()
    }

    /// Whether time is at another tick than has been told of. It may also have gone back.
    @inline(__always)
    private mutating func reachesTick() -> Bool {
        guard UInt64(bitPattern: clock.steady &- told) >= UInt64(tick) else { return false }
        told = clock.steady - clock.steady % tick
        return true
    }

    /// The time that is believed.
    public var steady: Timestamp { Timestamp(nanoseconds: max(0, clock.steady)) }

    /// The earliest and the latest packet's time, believed or not; nil before the first.
    public var span: (first: Timestamp, last: Timestamp)? {
        first <= last ? (Timestamp(nanoseconds: first), Timestamp(nanoseconds: last)) : nil
    }

    /// Leaps believed, and packets whose leap was not.
    public var leaps: UInt64 { clock.leaps }
    public var strays: UInt64 { clock.strays }
}
