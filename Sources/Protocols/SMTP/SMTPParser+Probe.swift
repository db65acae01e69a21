extension SMTPParser {
    /// A server's greeting that names the protocol, for FTP's begins with 220 as well; or a client's first command.
    public static func probe(_ bytes: RawSpan) -> ProbeAnswer {
        guard bytes.byteCount > 0 else { return .unsure }
        return 0x30...0x39 ~= bytes.byte(0) ? probeGreeting(bytes) : probeCommand(bytes)
    }

    /// Octets in which a greeting names it.
    private static let longestGreeting = 512

    private static func probeGreeting(_ bytes: RawSpan) -> ProbeAnswer {
        let codes: [StaticString] = ["220", "421", "554"]
        guard codes.contains(where: { bytes.sharesStart($0) }) else { return .notMine }
        guard bytes.byteCount > 3 else { return .unsure }
        guard SMTPReplyLine(bytes) != nil else { return .notMine }
        let end = bytes.firstPlace(of: UInt8(ascii: "\n"))
        let head = bytes.extracting(0..<min(end ?? bytes.byteCount, longestGreeting))
        if greets(head) { return .mine }
        return end == nil && bytes.byteCount < longestGreeting ? .unsure : .notMine
    }

    private static func probeCommand(_ bytes: RawSpan) -> ProbeAnswer {
        let commands: [StaticString] = ["ehlo ", "helo ", "lhlo ", "mail from:", "rcpt to:"]
        for command in commands where bytes.sharesStart(command) {
            guard bytes.byteCount > command.utf8CodeUnitCount else { return .unsure }
            return 0x20...0x7e ~= bytes.byte(command.utf8CodeUnitCount) ? .mine : .notMine
        }
        return .notMine
    }

    /// Whether a line has SMTP, ESMTP or LMTP in it.
    static func greets(_ line: RawSpan) -> Bool {
        var place = 4
        while place + 4 <= line.byteCount {
            if line.extracting(place..<line.byteCount).beginsWithWord("smtp") || line.extracting(place..<line.byteCount).beginsWithWord("lmtp") { return true }
            place += 1
        }
        return false
    }
}

extension RawSpan {
    /// Whether it begins with a word in whatever case, or is the beginning of it.
    fileprivate func sharesStart(_ word: StaticString) -> Bool {
        for place in 0..<min(byteCount, word.utf8CodeUnitCount) {
            let byte = byte(place)
            guard (0x41...0x5a ~= byte ? byte | 0x20 : byte) == word.utf8Start[place] else { return false }
        }
        return true
    }
}
