/// A mail's text, as it comes behind DATA or BDAT: finds its end, RFC 5321 4.5.2, and reads its header.
///
///     From: Ann <a@example.org> CR LF
///     Subject: a long CR LF
///      subject CR LF                          a line that begins with a blank goes on with the one before
///     CR LF                                   the header's end
///     ..hidden CR LF                          a dot at a line's start is sent twice
///     . CR LF                                 the mail's end
struct SMTPContent {
    /// What of a header's line is kept; and of all lines together, which is where the header is taken to be over.
    private static let longestLine = 1000
    private static let longestHeader: UInt32 = 64 << 10

    /// Of the line at hand, up to its third byte.
    private enum Start: UInt8 { case nothing, dot, dotReturn, other }

    private var start = Start.nothing
    private var lastWasReturn = false
    /// Whether CR LF stands before the line at hand.
    private var isProperLine = true
    private var isInHeader = true
    /// The field that the next line may go on with.
    private var field: SMTPTransaction.Field?
    private var headerLength: UInt32 = 0
    private(set) var isEmpty = true

    /// Reads up to the mail's end, if it is there.
    ///
    /// - Parameters:
    ///   - line: where a line of the header gathers that is not there at once.
    ///   - isStuffed: whether a line of one dot is its end, and not its length.
    /// - Returns: whether it has ended.
    mutating func feed(_ reader: inout ByteReader, _ line: inout [UInt8], isStuffed: Bool, into mail: inout SMTPTransaction) -> Bool {
        isEmpty = isEmpty && reader.isAtEnd
        while !reader.isAtEnd {
            let ahead = reader
            let rest = reader.bytes(upTo: reader.count)
            let end = rest.firstPlace(of: UInt8(ascii: "\n"))
            let piece = rest.extracting(0..<(end ?? rest.byteCount))
            reader = ahead
            _ = reader.bytes(piece.byteCount + (end == nil ? 0 : 1))
            mail.messageLength &+= UInt64(piece.byteCount + (end == nil ? 0 : 1))
            look(at: piece)
            if isInHeader { gather(piece, &line, isStuffed) }
            guard end != nil else { return false }
            if isStuffed, start == .dot || start == .dotReturn {
                if isProperLine, start == .dotReturn {
                    // The end's own line is not the mail's.
                    mail.messageLength &-= min(mail.messageLength, 3)
                    return true
                }
                mail.problem = mail.problem ?? .smuggling
            }
            if isInHeader { takeHeaderLine(&line, into: &mail) }
            (start, isProperLine, lastWasReturn) = (.nothing, lastWasReturn, false)
        }
        return false
    }

    /// Bytes of it are missing: the line at hand is not the end.
    mutating func skip() {
        (start, isInHeader, field, isEmpty) = (.other, false, nil, false)
    }

    private mutating func look(at piece: RawSpan) {
        guard piece.byteCount > 0 else { return }
        for place in 0..<min(piece.byteCount, 3) {
            switch (start, piece.byte(place)) {
            case (.nothing, UInt8(ascii: ".")): start = .dot
            case (.dot, UInt8(ascii: "\r")): start = .dotReturn
            default: start = .other
            }
        }
        lastWasReturn = piece.byte(piece.byteCount - 1) == UInt8(ascii: "\r")
    }

    private mutating func gather(_ piece: RawSpan, _ line: inout [UInt8], _ isStuffed: Bool) {
        headerLength &+= UInt32(clamping: piece.byteCount + 1)
        piece.extracting(0..<min(piece.byteCount, Self.longestLine - line.count)).withUnsafeBytes { line.append(contentsOf: $0) }
    }

    private mutating func takeHeaderLine(_ line: inout [UInt8], into mail: inout SMTPTransaction) {
        defer { line.removeAll(keepingCapacity: true) }
        let bytes = line.span.bytes
        let end = bytes.byteCount > 0 && bytes.byte(bytes.byteCount - 1) == UInt8(ascii: "\r") ? bytes.byteCount - 1 : bytes.byteCount
        guard end > 0, headerLength <= Self.longestHeader else { return isInHeader = false }
        if bytes.byte(0) == UInt8(ascii: " ") || bytes.byte(0) == UInt8(ascii: "\t") {
            if let field { mail.extend(field, bytes.extracting(0..<end)) }
            return
        }
        guard let colon = bytes.firstPlace(of: UInt8(ascii: ":")), colon < end else { return field = nil }
        field = Self.field(bytes.extracting(0..<colon))
        guard let field else { return }
        let value = bytes.extracting(colon + 1..<end)
        mail.add(field, value.withoutBlanks)
    }

    private static func field(_ name: RawSpan) -> SMTPTransaction.Field? {
        guard name.byteCount >= 2 else { return nil }
        switch name.byteCount {
        case 2: return name.isWord("to") ? .to : name.isWord("cc") ? .cc : nil
        case 4: return name.isWord("from") ? .from : name.isWord("date") ? .date : nil
        case 7: return name.isWord("subject") ? .subject : nil
        case 8: return name.isWord("reply-to") ? .replyTo : name.isWord("received") ? .received : name.isWord("x-mailer") ? .userAgent : nil
        case 10: return name.isWord("message-id") ? .messageID : name.isWord("user-agent") ? .userAgent : nil
        case 11: return name.isWord("in-reply-to") ? .inReplyTo : nil
        case 16: return name.isWord("x-originating-ip") ? .originatingAddress : nil
        default: return nil
        }
    }
}

extension RawSpan {
    /// Whether it is a word, in whatever case.
    ///
    /// - Parameter word: in lower case.
    func isWord(_ word: StaticString) -> Bool { byteCount == word.utf8CodeUnitCount && beginsWithWord(word) }

    func beginsWithWord(_ word: StaticString) -> Bool {
        guard byteCount >= word.utf8CodeUnitCount else { return false }
        for place in 0..<word.utf8CodeUnitCount {
            let byte = byte(place)
            guard (0x41...0x5a ~= byte ? byte | 0x20 : byte) == word.utf8Start[place] else { return false }
        }
        return true
    }

    /// Without blanks, tabs and carriage returns at its ends.
    var withoutBlanks: RawSpan {
        @_lifetime(copy self)
        get {
            var (start, end) = (0, byteCount)
            while start < end, isBlank(start) { start += 1 }
            while start < end, isBlank(end - 1) { end -= 1 }
            return extracting(start..<end)
        }
    }

    private func isBlank(_ place: Int) -> Bool { [UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r")].contains(byte(place)) }
}
