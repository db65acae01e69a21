import Glibc

/// Numbers as people read them.
enum Figures {
    /// 1,234,567
    static func grouped(_ number: some BinaryInteger) -> String {
        var text = ""
        let digits = String(number.magnitude)
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return number < 0 ? "-" + text : text
    }

    /// Three digits and a unit's letter, of equal length: "3.21 M", "18.4 G", " 207 ".
    static func scaled(_ number: Double) -> String {
        guard number.isFinite else { return "   ? " }
        var number = number
        var unit = ""
        for next in ["k", "M", "G", "T"] where number >= 999.5 {
            number /= 1000
            unit = next
        }
        let digits = unit.isEmpty || number >= 99.95 ? 0 : number >= 9.995 ? 1 : 2
        return leftPadded(decimal(number, digits), to: 4) + " " + unit
    }

    /// A share in percent: " 12.3 %".
    static func percent(_ part: UInt64, of whole: UInt64) -> String {
        whole == 0 ? "" : leftPadded(decimal(Double(part) * 100 / Double(whole), 1), to: 5) + " %"
    }

    static func decimal(_ number: Double, _ digits: Int) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let value = UInt64(clamping: Int64((number * scale).rounded()))
        guard digits > 0 else { return String(value) }
        let fraction = String(value % UInt64(scale))
        return "\(value / UInt64(scale)).\(String(repeating: "0", count: digits - fraction.count))\(fraction)"
    }

    /// "12 s", "3 min 20 s", "2 h 5 min"
    static func time(_ seconds: Int) -> String {
        if seconds < 60 { return "\(seconds) s" }
        return seconds < 3600 ? "\(seconds / 60) min \(seconds % 60) s" : "\(seconds / 3600) h \(seconds % 3600 / 60) min"
    }

    /// Of a length of time, with three digits or so: "8.473 s", "12.4 ms".
    static func duration(_ seconds: Double) -> String {
        seconds < 1 ? "\(decimal(seconds * 1000, seconds < 0.1 ? 1 : 0)) ms" : seconds < 3600 ? "\(decimal(seconds, 3)) s" : time(Int(seconds))
    }

    /// "00:01:12"
    static func clock(_ seconds: Int) -> String {
        [seconds / 3600, seconds / 60 % 60, seconds % 60].map { ($0 < 10 ? "0" : "") + String($0) }.joined(separator: ":")
    }

    /// "24.0 KiB"
    static func bytes(_ count: some BinaryInteger) -> String {
        var number = Double(count)
        var unit = "bytes"
        for next in ["KiB", "MiB", "GiB", "TiB"] where number >= 1024 {
            number /= 1024
            unit = next
        }
        return unit == "bytes" ? "\(count) bytes" : "\(decimal(number, 1)) \(unit)"
    }

    static func padded(_ number: Int, to width: Int) -> String { leftPadded(String(number), to: width) }

    static func leftPadded(_ text: String, to width: Int) -> String { String(repeating: " ", count: max(0, width - text.count)) + text }
    static func rightPadded(_ text: String, to width: Int) -> String { text + String(repeating: " ", count: max(0, width - text.count)) }
}

/// Where progress, summary and errors go: results have standard output for themselves.
enum StandardError {
    static func write(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Glibc.write(STDERR_FILENO, UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[rest.indices]).baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return }
                rest = rest.dropFirst(count)
            }
        }
    }
}
