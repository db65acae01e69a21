/// A header that is asked for by name, and its compact form, RFC 3261 7.3.3, where it has one.
public struct SIPHeader: Sendable {
    let name: StaticString
    /// A lower-case letter; 0 for none.
    let compact: UInt8

    init(_ name: StaticString, _ compact: Unicode.Scalar = "\0") { (self.name, self.compact) = (name, UInt8(ascii: compact)) }

    public static let callID = SIPHeader("call-id", "i"), contact = SIPHeader("contact", "m"), contentEncoding = SIPHeader("content-encoding", "e")
    public static let contentLength = SIPHeader("content-length", "l"), contentType = SIPHeader("content-type", "c"), cSeq = SIPHeader("cseq")
    public static let authorization = SIPHeader("authorization"), date = SIPHeader("date"), event = SIPHeader("event", "o"), expires = SIPHeader("expires")
    public static let from = SIPHeader("from", "f"), maxForwards = SIPHeader("max-forwards"), proxyAuthorization = SIPHeader("proxy-authorization")
    public static let referTo = SIPHeader("refer-to", "r"), replyTo = SIPHeader("reply-to"), server = SIPHeader("server"), subject = SIPHeader("subject", "s")
    public static let supported = SIPHeader("supported", "k"), to = SIPHeader("to", "t"), userAgent = SIPHeader("user-agent"), via = SIPHeader("via", "v")
    public static let warning = SIPHeader("warning")

    /// Headers with what proves somebody to be who they say.
    private static let secrets = [authorization, proxyAuthorization, SIPHeader("authentication-info"), SIPHeader("proxy-authentication-info")]

    static func isSecret(_ name: Range<Int>, in head: RawSpan) -> Bool { secrets.contains { $0.isNamed(name, in: head) } }

    /// Whether a header's name in a head is this one's.
    @inline(__always)
    func isNamed(_ place: Range<Int>, in head: RawSpan) -> Bool {
        if place.count == 1 { return compact != 0 && HTTPByte.lower(head.byte(place.lowerBound)) == compact }
        return place.count == name.utf8CodeUnitCount && head.hasWord(name, at: place)
    }
}

/// A header's value up to its first comma: what stands before its parameters, and these, RFC 3261 7.3.1.
///
///     "Ann, of sales" <sip:ann@example.org;transport=tcp>;tag=1a2b, <sip:…
///     ╰────────────────── main ──────────────────────────╯╰─ parameters ─╯
///
/// Commas, semicolons and whatever else in quotes and in `<>` mean nothing.
struct SIPValue {
    private(set) var main: Range<Int>
    /// Between `<>`; nil where there are none.
    private(set) var bracketed: Range<Int>?
    /// Of the parameter that was asked for; nil without one, and empty for one that has no value.
    private(set) var parameter: Range<Int>?

    /// - Parameters:
    ///   - place: the value, in `head`.
    ///   - parameter: what to look for, in lower case.
    init(_ head: RawSpan, _ place: Range<Int>, parameter wanted: StaticString) {
        main = place
        var (at, end, start, equals): (Int, Int, Int, Int?) = (place.lowerBound, place.upperBound, place.lowerBound, nil)
        var (isMain, isQuoted, opening): (Bool, Bool, Int?) = (true, false, nil)
        while at < end {
            let byte = head.byte(at)
            if isQuoted {
                if byte == UInt8(ascii: "\\") { at += 1 } else if byte == UInt8(ascii: "\"") { isQuoted = false }
            } else if let begin = opening {
                if byte == UInt8(ascii: ">") {
                    if bracketed == nil { bracketed = begin..<at }
                    opening = nil
                }
            } else {
                switch byte {
                case UInt8(ascii: "\""): isQuoted = true
                case UInt8(ascii: "<"): opening = at + 1
                case UInt8(ascii: "=") where equals == nil: equals = at
                case HTTPByte.semicolon:
                    close(head, isMain, start, equals, at, wanted)
                    (isMain, start, equals) = (false, at + 1, nil)
                case HTTPByte.comma: end = at
                default: break
                }
            }
            at += 1
        }
        close(head, isMain, start, equals, end, wanted)
    }

    private mutating func close(_ head: RawSpan, _ isMain: Bool, _ start: Int, _ equals: Int?, _ end: Int, _ wanted: StaticString) {
        if isMain {
            main = head.trimmed(start..<end)
        } else if parameter == nil, head.hasWord(wanted, at: head.trimmed(start..<(equals ?? end))) {
            parameter = head.trimmed((equals.map { $0 + 1 } ?? end)..<end)
        }
    }
}
