import Packets

/// The engine's time, made of packets' timestamps, some of which lie: a broken clock, a damaged record, captures put behind one another.
///
/// Small steps are believed at once, and time does not go back for packets that change places. A leap - more than `ahead` forward, more than
/// `back` backward - is believed once so many packets in a row agree on it; until then `now` is right for the packet at hand and `steady` stands still,
/// so that one wrong record ends no connection by mistake.
///
///     … 12:00:01   12:00:02   2036   12:00:02 …      stray: nothing times out
///     … 12:00:01   12:00:02   next day, eight in a row      believed: what was silent for that long is over
struct PacketClock {
    /// A gap longer than this is looked at twice. Nanoseconds, as all times here.
    static let ahead: Int64 = 30_000_000_000
    /// Captures that were merged may be minutes apart all along.
    static let back: Int64 = 3_600_000_000_000
    /// Packets in a row that make a leap believed. Backward it takes more: for late packets time simply stands.
    static let agreementAhead = 8
    static let agreementBack = 64
    /// Far beyond any date, and far enough from the end of the numbers to add timeouts to.
    private static let latest: Int64 = 1 << 62

    /// The packet's time, or the latest before it.
    private(set) var now: Int64 = .min
    /// `now` without what is not believed yet.
    private(set) var steady: Int64 = .min
    /// Whether a leap is in question.
    private(set) var isAstray = false
    /// The upper bits of `now`, which a packet's time shares unless it must be looked at: a window of 34 seconds. Shared by none while a leap is in
    /// question.
    private var window: Int64 = .min
    private static let windowBits: Int64 = 35
    /// The time that a leap would lead to, and packets in a row that agree.
    private var stray: Int64 = 0
    private var agreeing = 0
    /// Leaps believed, and packets whose leap was not.
    private(set) var leaps: UInt64 = 0
    private(set) var strays: UInt64 = 0

    /// Takes the next packet's time.
    ///
    /// - Returns: false when it has gone back for good, and deadlines must be counted from there.
    @inline(__always)
    mutating func see(_ time: Int64) -> Bool {
        guard time &>> Self.windowBits == window else { return judge(time) }
        now = max(now, time)
        return true
    }

    /// Goes on to a time not before `now` and not beyond a leap, which is not in question.
    @inline(__always)
    mutating func proceed(to time: Int64) { now = time }

    /// A packet of another window, or after which time may stand still for long.
    @inline(never)
    private mutating func judge(_ time: Int64) -> Bool {
        let time = min(max(time, 0), Self.latest)
        if steady == .min {
            settle(time)
            return true
        }
        rest()
        let step = time - steady
        if step >= -Self.back, step <= Self.ahead {
            // Back to normal: what strayed was alone.
            strays &+= UInt64(agreeing)
            settle(max(steady, time))
            return true
        }
        (isAstray, window) = (true, .min)
        let isAhead = step > 0
        // Whatever comes after a leap agrees with it, however far; an earlier time is the better guess.
        let agrees = agreeing > 0 && isAhead == (stray > steady) && (isAhead ? time >= stray - Self.ahead : abs(time - stray) <= Self.back)
        if agrees {
            agreeing += 1
        } else {
            strays &+= UInt64(agreeing)
            (stray, agreeing) = (time, 1)
        }
        now = max(steady, time)
        guard agreeing >= (isAhead ? Self.agreementAhead : Self.agreementBack) else { return true }
        leaps &+= 1
        settle(isAhead && time - stray > Self.back ? stray : time)
        return isAhead
    }

    private mutating func settle(_ time: Int64) {
        (now, steady, agreeing, isAstray) = (time, time, 0, false)
        window = time &>> Self.windowBits
    }

    /// Goes by the time that somebody else has worked out (`Timekeeper`).
    @inline(__always)
    mutating func follow(_ time: PacketTime) {
        (now, isAstray) = (time.now, time.isAstray)
        rest()
    }

    /// It is so late, and believed, be that before `now`.
    mutating func settle(at time: Int64) { settle(min(max(time, 0), Self.latest)) }

    /// The burst is over: what counts from here on is what is believed.
    @inline(__always)
    mutating func rest() {
        if !isAstray { steady = now }
    }

    /// Time passes without packets, by a clock that can be trusted.
    mutating func advance(to time: Int64) {
        let time = min(max(time, 0), Self.latest)
        rest()
        if time > steady { settle(time) }
    }
}
