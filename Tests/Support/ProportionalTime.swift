import Testing

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The processor's time for this thread: what else the machine does is not in it, but for what that does to caches.
public enum ProcessorTime {
    public static func seconds(_ body: () throws -> Void) rethrows -> Double {
        let start = now
        try body()
        return now - start
    }

    private static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

/// Whether much of something takes no longer than in proportion to what little of it takes, but for a factor that a machine with other work needs: for four
/// times as much ten times as long. What grows with the square takes sixteen times.
public enum ProportionalTime {
    /// How much longer than in proportion.
    private static let slack = 2.5

    /// Runs both until it is so, and a few times at most: the best of each counts.
    ///
    /// - Parameter proportion: how many times as much the second is.
    /// - Returns: nil, or how long they took.
    public static func complaint(_ proportion: Double, little: () throws -> Void, much: () throws -> Void) rethrows -> String? {
        var (short, long) = (Double.infinity, Double.infinity)
        for _ in 0..<6 {
            short = min(short, try ProcessorTime.seconds(little))
            long = min(long, try ProcessorTime.seconds(much))
            if long <= proportion * slack * short { return nil }
        }
        return "\(short) s, and \(long) for \(proportion) times as much"
    }

    /// Expects it of what is made of an input, a fourth of it first.
    public static func expect<Input>(
        _ size: Int, of input: (Int) throws -> Input, sourceLocation: SourceLocation = #_sourceLocation, _ body: (Input) throws -> Void
    ) rethrows {
        let (little, much) = (try input(size / 4), try input(size))
        if let complaint = try complaint(4, little: { try body(little) }, much: { try body(much) }) {
            Issue.record("\(complaint)", sourceLocation: sourceLocation)
        }
    }
}
