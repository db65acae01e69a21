/// Tells DNS messages by what they are: a header whose bits and counts fit each other, and a first question or record that holds together.
enum DNSProbe {
    /// - Parameters:
    ///   - message: its beginning.
    ///   - length: its whole length.
    static func judge(_ message: RawSpan, length: Int) -> ProbeAnswer {
        guard message.byteCount >= DNSMessage.headerLength else { return couldBegin(message) ? .unsure : .notMine }
        guard couldBegin(message) else { return .notMine }
        let isResponse = message.byte(2) & 0x80 != 0
        let (questions, answers) = (Int(message.uint16(4)), Int(message.uint16(6)))
        let others = Int(message.uint16(8)) + Int(message.uint16(10))
        // A question takes 5 bytes at least, a record 11.
        guard 5 * questions + 11 * (answers + others) <= length - DNSMessage.headerLength else { return .notMine }
        if questions > 0 { return judgeEntry(message, length, isResponse, isQuestion: true) }
        if answers + others > 0 { return isResponse || opcode(message) == 6 ? judgeEntry(message, length, isResponse, isQuestion: false) : .notMine }
        // An error without the question, or a keepalive (RFC 8490).
        return isResponse && length == DNSMessage.headerLength && 1...10 ~= message.byte(3) & 15 ? .mine : .notMine
    }

    private static func opcode(_ message: RawSpan) -> UInt8 { message.byte(2) >> 3 & 15 }

    /// As far as there are bytes of the header.
    private static func couldBegin(_ message: RawSpan) -> Bool {
        guard message.byteCount > 2 else { return true }
        // Query, inverse query, status, notify, update, stateful operations; 5 is NetBIOS' registration as well, which its names tell.
        guard 0b0111_0111 >> opcode(message) & 1 != 0 else { return false }
        let isResponse = message.byte(2) & 0x80 != 0
        // A query has no error and no authority.
        guard isResponse || message.byteCount < 4 || message.byte(3) & 0x8f == 0 else { return false }
        // Z has been zero since 1987.
        return message.byteCount < 4 || message.byte(3) & 0x40 == 0
    }

    /// The first question or record.
    private static func judgeEntry(_ message: RawSpan, _ length: Int, _ isResponse: Bool, isQuestion: Bool) -> ProbeAnswer {
        let start = DNSMessage.headerLength
        guard let end = DNSName.end(in: message, at: start) else { return message.byteCount < min(length, start + 256) ? .unsure : .notMine }
        // A name first in its message has nothing to point to; what stands behind it is not looked at, for it may not have come.
        let names = message.extracting(..<end)
        guard message.byte(start) < 64, !isNetBIOS(message, start),
            DNSName.plainEnd(in: names, at: start) ?? DNSName.soundEnd(in: names, at: start) != nil
        else { return .notMine }
        guard end + 4 <= message.byteCount else { return end + 4 <= length ? .unsure : .notMine }
        let (type, number) = (message.uint16(end), message.uint16(end + 2))
        guard type != 0, DNSClass.isKnown(number) || type == DNSType.opt else { return .notMine }
        guard !isQuestion else { return .mine }
        guard end + 10 <= message.byteCount else { return end + 10 <= length ? .unsure : .notMine }
        return end + 10 + Int(message.uint16(end + 8)) <= length ? .mine : .notMine
    }

    /// NetBIOS' name service has DNS' format, and names of half-bytes as letters from A to P (RFC 1001 14.1).
    private static func isNetBIOS(_ message: RawSpan, _ start: Int) -> Bool {
        guard message.byte(start) == 32, start + 33 <= message.byteCount else { return false }
        return (start + 1..<start + 33).allSatisfy { (0x41...0x50).contains(message.byte($0)) }
    }
}
