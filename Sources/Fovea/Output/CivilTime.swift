import Glibc
import Packets

/// A time by the calendar, UTC.
struct CivilTime {
    private let parts: tm
    private let microseconds: Int

    init(_ time: Timestamp) {
        let billion: Int64 = 1_000_000_000
        let rest = (time.nanoseconds % billion + billion) % billion
        var seconds = time_t((time.nanoseconds - rest) / billion)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        self.parts = parts
        microseconds = Int(rest / 1000)
    }

    /// - Parameter seconds: since 1970.
    init(seconds: Int64) { self.init(Timestamp(nanoseconds: min(max(seconds, -9_000_000_000), 9_000_000_000) * 1_000_000_000)) }

    /// 2026-01-02T03:04:05
    var dateTimeText: String { "\(date)T\(time(":"))" }

    /// 2026-01-02T03:04:05.123456+0000
    var eventText: String { "\(date)T\(time(":")).\(Self.digits(microseconds, 6))+0000" }

    /// 2026-01-02-03-04-05
    var fileText: String { "\(date)-\(time("-"))" }

    private var date: String { "\(Self.digits(Int(parts.tm_year) + 1900, 4))-\(Self.digits(Int(parts.tm_mon) + 1, 2))-\(Self.digits(Int(parts.tm_mday), 2))" }

    private func time(_ separator: String) -> String {
        [parts.tm_hour, parts.tm_min, parts.tm_sec].map { Self.digits(Int($0), 2) }.joined(separator: separator)
    }

    private static func digits(_ number: Int, _ count: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, count - text.count)) + text
    }
}
