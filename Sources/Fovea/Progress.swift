/// A bar on the terminal while a capture file is read:
///
///      47 %  ▕█████████▌          ▏  3.21 M packets/s   18.4 Gbit/s  12 s left
struct ProgressBar {
    private let byteCount: Int
    private let start: ContinuousClock.Instant
    private var lastShown: ContinuousClock.Instant

    private static let width = 24

    /// - Parameter byteCount: of the file; 0 when it is not known.
    init(byteCount: Int, start: ContinuousClock.Instant) {
        self.byteCount = byteCount
        self.start = start
        lastShown = start
    }

    mutating func show(_ reading: Reading, at now: ContinuousClock.Instant) {
        guard now - lastShown >= .milliseconds(100) else { return }
        lastShown = now
        let seconds = (now - start).inSeconds
        let rates = "\(Figures.scaled(Double(reading.packets) / seconds)) packets/s  \(Figures.scaled(Double(reading.bytes) * 8 / seconds))bit/s"
        guard byteCount > 0, reading.position > 0 else { return write("\(Figures.grouped(reading.packets)) packets  \(rates)") }
        let share = min(1, Double(reading.position) / Double(byteCount))
        let left = Int((seconds * (1 - share) / share).rounded(.up))
        write("\(Figures.padded(Int(share * 100), to: 3)) %  ▕\(bar(share))▏  \(rates)  \(Figures.time(left)) left")
    }

    func clear() { StandardError.write("\r\u{1b}[K") }

    private func write(_ text: String) { StandardError.write("\r\u{1b}[K\(text)") }

    private func bar(_ share: Double) -> String {
        let eighths = Int(share * Double(Self.width * 8))
        let full = String(repeating: "█", count: eighths / 8)
        let part = eighths % 8 == 0 ? "" : String(Array("▏▎▍▌▋▊▉")[eighths % 8 - 1])
        return full + part + String(repeating: " ", count: Self.width - full.count - part.count)
    }
}

/// A line a second while ports are listened to:
///
///     00:00:12   1.21 M packets/s   8.4 Gbit/s   0 dropped   23,112 connections
struct LiveLines {
    private let ports: [OpenPort]
    private let start: ContinuousClock.Instant
    private var last: ContinuousClock.Instant
    private var lastReading = Reading()
    private var lastDropped: UInt64 = 0

    init(ports: [OpenPort], start: ContinuousClock.Instant) {
        self.ports = ports
        self.start = start
        last = start
    }

    mutating func show(_ reading: Reading, at now: ContinuousClock.Instant) {
        let seconds = (now - last).inSeconds
        guard seconds >= 1 else { return }
        let dropped = ports.reduce(0) { $0 + $1.statistics.dropped }
        let packets = Figures.scaled(Double(reading.packets &- lastReading.packets) / seconds)
        let bits = Figures.scaled(Double(reading.bytes &- lastReading.bytes) * 8 / seconds)
        let drops = Figures.grouped(dropped &- lastDropped)
        StandardError.write(
            "\(Figures.clock(Int((now - start).inSeconds)))  \(packets) packets/s  \(bits)bit/s  \(drops) dropped  "
                + "\(Figures.grouped(reading.connections)) connections\n")
        (last, lastReading, lastDropped) = (now, reading, dropped)
    }
}
