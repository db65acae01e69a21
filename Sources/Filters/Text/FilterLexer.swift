/// Cuts a filter's text into tokens; the last one is the end.
///
/// It works on UTF-8, so that no combining mark can hide a quotation mark.
struct FilterLexer {
    /// More is no filter but a mistake; long lists stand in files.
    static let maxByteCount = 1 << 20

    static let words: [String: Token.Kind] = [
        "and": .and, "or": .or, "not": .not, "exists": .exists, "in": .comparison(.isIn), "eq": .comparison(.equal), "ne": .comparison(.notEqual),
        "lt": .comparison(.less), "le": .comparison(.lessOrEqual), "gt": .comparison(.greater), "ge": .comparison(.greaterOrEqual),
        "contains": .comparison(.contains), "starts_with": .comparison(.startsWith), "ends_with": .comparison(.endsWith),
        "matches": .comparison(.matches),
    ]

    private static let signs: [String: Token.Kind] = [
        "&&": .and, "||": .or, "!": .not, "(": .open, ")": .close, "{": .openSet, "}": .closeSet, ",": .comma, "..": .range,
        "==": .comparison(.equal), "=": .comparison(.equal), "!=": .comparison(.notEqual), "<": .comparison(.less),
        "<=": .comparison(.lessOrEqual), ">": .comparison(.greater), ">=": .comparison(.greaterOrEqual), "~": .comparison(.matches),
    ]

    /// What other languages write, and what it is called here.
    private static let foreignSigns = [
        "=~": "~", "~=": "~", "!~": "not … ~", "===": "==", "!==": "!=", "<>": "!=", "=<": "<=", "=>": ">=", "&": "&&", "|": "||", "^^": "!=", "...": "..",
    ]

    private let text: String
    private let bytes: [UInt8]
    private var position = 0
    private var tokens: [Token] = []

    static func tokens(of text: String) throws(FilterError) -> [Token] {
        guard text.utf8.count <= maxByteCount else {
            let message = "a filter's text has at most \(maxByteCount) bytes; this has \(text.utf8.count)"
            throw FilterError(text: String(text.prefix(100)), column: 1, message: message)
        }
        var lexer = FilterLexer(text)
        while try lexer.skipBlanks() { try lexer.readToken() }
        lexer.append(.end, from: lexer.position)
        return lexer.tokens
    }

    private init(_ text: String) {
        self.text = text
        bytes = Array(text.utf8)
    }

    private mutating func append(_ kind: Token.Kind, from start: Int) {
        tokens.append(Token(kind: kind, text: String(decoding: bytes[start..<position], as: UTF8.self), offset: start))
    }

    // MARK: Between tokens

    /// Steps over blanks and comments; false at the end.
    private mutating func skipBlanks() throws(FilterError) -> Bool {
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: " "), 9...13: position += 1
            case UInt8(ascii: "#"): position = bytes[position...].firstIndex { $0 == 10 || $0 == 13 } ?? bytes.count
            case UInt8(ascii: "/") where has("/*"):
                guard let end = firstIndex(of: "*/", from: position + 2) else { throw error("this comment has no end; */ ends it") }
                position = end + 2
            case 0x80... where scalar.properties.isWhitespace: position += UTF8.width(scalar)
            default: return true
            }
        }
        return false
    }

    // MARK: Tokens

    private mutating func readToken() throws(FilterError) {
        let start = position
        switch bytes[start] {
        case UInt8(ascii: "\""), UInt8(ascii: "'"):
            return try readString(isRaw: false, from: start)
        case UInt8(ascii: "r") where has("r\"") || has("r'"):
            position += 1
            return try readString(isRaw: true, from: start)
        case UInt8(ascii: "$"):
            position += 1
            skipWord()
            guard position > start + 1 else { throw error("the name of a list follows a $", at: start) }
            return append(.list, from: start)
        default:
            skipWord()
            if position > start {
                let word = String(decoding: bytes[start..<position], as: UTF8.self)
                return append(Self.words[word] ?? .word, from: start)
            }
            try readSign()
        }
    }

    private mutating func readSign() throws(FilterError) {
        let start = position
        for length in [3, 2, 1] where start + length <= bytes.count {
            let sign = String(decoding: bytes[start..<start + length], as: UTF8.self)
            if let kind = Self.signs[sign] {
                position += length
                return append(kind, from: start)
            }
            if let meant = Self.foreignSigns[sign] {
                var refusal = error(length == 1 ? "unexpected character \"\(sign)\"" : "no operator is written \(sign)")
                refusal.suggestion = meant
                throw refusal
            }
        }
        throw error("unexpected character \"\(scalar)\"")
    }

    private mutating func readString(isRaw: Bool, from start: Int) throws(FilterError) {
        let quote = bytes[position]
        position += 1
        while position < bytes.count, bytes[position] != quote { position += !isRaw && bytes[position] == UInt8(ascii: "\\") ? 2 : 1 }
        guard position < bytes.count else { throw error("this string has no end; \(Character(UnicodeScalar(quote))) ends it", at: start) }
        position += 1
        append(.string(isRaw: isRaw), from: start)
    }

    /// Names, numbers, addresses and prefixes are words; of dots, two in a row are the range sign.
    private mutating func skipWord() {
        let start = position
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): break
            case UInt8(ascii: "_"), UInt8(ascii: ":"): break
            case UInt8(ascii: "/"): if has("/*") { return }
            case UInt8(ascii: "-"): if position == start { return }
            case UInt8(ascii: "."): if has("..") || position > 0 && bytes[position - 1] == UInt8(ascii: ".") { return }
            default: return
            }
            position += 1
        }
    }

    private func has(_ sign: StaticString) -> Bool {
        bytes[position...].starts(with: UnsafeBufferPointer(start: sign.utf8Start, count: sign.utf8CodeUnitCount))
    }

    private func firstIndex(of pair: String, from start: Int) -> Int? {
        let pair = Array(pair.utf8)
        return bytes.indices.dropFirst(start).first { $0 + 1 < bytes.count && bytes[$0] == pair[0] && bytes[$0 + 1] == pair[1] }
    }

    /// The one that begins here.
    private var scalar: UnicodeScalar { text.unicodeScalars[text.utf8.index(text.utf8.startIndex, offsetBy: position)] }

    private func error(_ message: String, at offset: Int? = nil) -> FilterError {
        FilterError(text: text, offset: offset ?? position, message: message)
    }
}
