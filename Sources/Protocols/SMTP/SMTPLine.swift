/// What a client's line asks for, RFC 5321 4.1.1, RFC 3030, RFC 3207, RFC 4954.
enum SMTPCommand: UInt8 {
    case helo, mail, recipient, data, chunk, startTLS, authentication, reset, quit
    /// Another that there is.
    case other
    /// What a client answers to the server's challenges.
    case authenticationLine
    /// Not a line, but the end of a mail, which has a reply of its own.
    case endOfMail

    /// Nil for what is no command.
    init?(_ line: RawSpan) {
        let verb = line.extracting(0..<(line.firstPlace(of: UInt8(ascii: " ")) ?? line.byteCount)).withoutBlanks
        switch verb.byteCount {
        case 4:
            if verb.isWord("ehlo") || verb.isWord("helo") || verb.isWord("lhlo") { self = .helo }
            else if verb.isWord("mail") { self = .mail }
            else if verb.isWord("rcpt") { self = .recipient }
            else if verb.isWord("data") { self = .data }
            else if verb.isWord("bdat") { self = .chunk }
            else if verb.isWord("auth") { self = .authentication }
            else if verb.isWord("rset") { self = .reset }
            else if verb.isWord("quit") { self = .quit }
            else if verb.isWord("noop") || verb.isWord("vrfy") || verb.isWord("expn") || verb.isWord("help") || verb.isWord("etrn") || verb.isWord("turn") {
                self = .other
            }
            else { return nil }
        case 8 where verb.isWord("starttls"): self = .startTLS
        // Exchange's and Postfix' own: X-ANONYMOUSTLS, XCLIENT, XFORWARD.
        case 3... where verb.beginsWithWord("x"): self = .other
        default: return nil
        }
    }
}

/// A line of a server's reply, RFC 5321 4.2.
///
///     250-mail.example.org     more lines follow
///     250 SMTPUTF8             the last
struct SMTPReplyLine {
    var code: UInt16
    var isLast: Bool
    /// Where its text begins.
    var text: Int

    init?(_ line: RawSpan) {
        guard line.byteCount >= 3 else { return nil }
        code = 0
        for place in 0..<3 {
            guard 0x30...0x39 ~= line.byte(place) else { return nil }
            code = code * 10 + UInt16(line.byte(place) & 15)
        }
        guard 200...599 ~= code else { return nil }
        switch line.byteCount > 3 ? line.byte(3) : UInt8(ascii: " ") {
        case UInt8(ascii: "-"): isLast = false
        case UInt8(ascii: " "), UInt8(ascii: "\r"): isLast = true
        default: return nil
        }
        text = min(4, line.byteCount)
    }
}
