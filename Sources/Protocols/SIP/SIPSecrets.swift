/// Takes out of a head what proves somebody to be who they say, before it is kept: of `Authorization` all but the scheme and the user's name, and passwords
/// in URIs (RFC 3261 19.1.1).
///
///     Authorization: Digest username="ann", realm="example.org", response="6629…"      Authorization: Digest username="ann"
///     To: <sip:ann:secret@example.org>                                                 To: <sip:ann@example.org>
struct SIPSecrets: ~Escapable {
    private let head: RawSpan
    private var kept: [UInt8] = []
    /// Up to where it has been copied.
    private var copied = 0

    /// A head's first 16 KiB without secrets.
    static func remove(from head: RawSpan) -> [UInt8] {
        var secrets = SIPSecrets(head.extracting(first: min(head.byteCount, HTTPHead.mostKept)))
        return secrets.copy()
    }

    @_lifetime(copy head)
    private init(_ head: RawSpan) {
        self.head = head
        kept.reserveCapacity(head.byteCount)
    }

    private mutating func copy() -> [UInt8] {
        takePasswords(0..<head.firstLine.byteCount)
        var reader = HTTPHeaderReader(head)
        while let field = reader.next() {
            if field.name.isEmpty {
                dropLine(field.value(in: head))
            } else if SIPHeader.isSecret(field.name, in: head) {
                takeCredentials(field.value(in: head))
            } else {
                takePasswords(field.value(in: head))
            }
        }
        drop(head.byteCount..<head.byteCount)
        return kept
    }

    /// The next place that is not kept.
    private mutating func drop(_ place: Range<Int>) {
        head.extracting(copied..<place.lowerBound).withUnsafeBytes { kept.append(contentsOf: $0) }
        copied = place.upperBound
    }

    /// A line that is no header may be anything.
    private mutating func dropLine(_ value: Range<Int>) {
        var start = value.lowerBound
        while start > copied, HTTPByte.isBlank(head.byte(start - 1)) { start -= 1 }
        drop(start..<(head.firstPlace(of: HTTPByte.lineFeed, from: value.upperBound).map { $0 + 1 } ?? head.byteCount))
    }

    private mutating func takeCredentials(_ value: Range<Int>) {
        let scheme = head.extracting(value).firstPlace(of: HTTPByte.blank) ?? value.count
        let rest = min(value.lowerBound + scheme + 1, value.upperBound)..<value.upperBound
        guard head.hasWord("digest", at: value.lowerBound..<value.lowerBound + scheme), let name = userName(rest) else { return drop(rest) }
        drop(rest.lowerBound..<name.lowerBound)
        drop(name.upperBound..<rest.upperBound)
    }

    /// `username="…"`, wherever it stands among the others.
    private func userName(_ value: Range<Int>) -> Range<Int>? {
        var (start, isQuoted, at) = (value.lowerBound, false, value.lowerBound)
        while at < value.upperBound {
            switch head.byte(at) {
            case UInt8(ascii: "\\") where isQuoted: at += 1
            case UInt8(ascii: "\""): isQuoted.toggle()
            case HTTPByte.comma where !isQuoted:
                if let name = userName(in: head.trimmed(start..<at)) { return name }
                start = at + 1
            default: break
            }
            at += 1
        }
        return userName(in: head.trimmed(start..<value.upperBound))
    }

    /// Of a parameter, up to the end of the name's quotes: behind them may be anything.
    private func userName(in part: Range<Int>) -> Range<Int>? {
        let word = "username=\"" as StaticString
        var at = part.lowerBound + word.utf8CodeUnitCount
        guard at <= part.upperBound, head.hasWord(word, at: part.lowerBound..<at) else { return nil }
        while at < part.upperBound {
            if head.byte(at) == UInt8(ascii: "\"") { return part.lowerBound..<at + 1 }
            at += head.byte(at) == UInt8(ascii: "\\") ? 2 : 1
        }
        return nil
    }

    /// `sip:user:password@`: from the second colon on.
    private mutating func takePasswords(_ place: Range<Int>) {
        var start = place.lowerBound
        while start < place.upperBound, let found = head.extracting(start..<place.upperBound).firstPlace(of: UInt8(ascii: "@")) {
            let at = start + found
            var (colon, place) = (at, at)
            scan: while place > start {
                place -= 1
                switch head.byte(place) {
                case HTTPByte.colon where isScheme(before: place, from: start):
                    // Where the password begins, or at the end for none.
                    drop(colon..<at)
                    break scan
                case HTTPByte.colon: colon = place
                case HTTPByte.blank, HTTPByte.tab, HTTPByte.lineFeed, UInt8(ascii: "<"), UInt8(ascii: "\""): break scan
                default: break
                }
            }
            start = at + 1
        }
    }

    /// `sip` or `sips`.
    private func isScheme(before colon: Int, from start: Int) -> Bool {
        for word in ["sip", "sips"] as [StaticString] {
            let begin = colon - word.utf8CodeUnitCount
            if begin >= start, head.hasWord(word, at: begin..<colon) { return true }
        }
        return false
    }
}
