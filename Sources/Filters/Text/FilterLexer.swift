import Packets

/// A word or sign of a filter's text.
struct Token {
    enum Kind: Equatable {
        /// A name, number, address or prefix.
        case word
        case and, or, not
        case open, close, openSet, closeSet, comma, range
        case comparison(Comparison)
        case end
    }

    var kind: Kind
    var text: String
    /// In characters, from 1.
    var column: Int
}

extension Token {
    var isNumber: Bool { kind == .word && text.utf8.allSatisfy { (48...57).contains($0) } }

    /// The address, also of a prefix whose length is wrong.
    var address: IPAddress? { kind == .word ? IPAddress(text.prefix { $0 != "/" }) : nil }

    /// In quotation marks, cut to what an error message has room for.
    var quoted: String { "\"\(text.count > 40 ? text.prefix(40) + "…" : text[...])\"" }

    /// What an error message says that it is.
    var noun: String {
        if kind == .end { return "the end" }
        if isNumber { return "a number" }
        if address != nil { return text.contains("/") ? "a prefix" : "an address" }
        return quoted
    }
}

enum Comparison {
    case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual, isIn
}

/// Cuts a filter's text into tokens; the last one is the end.
enum FilterLexer {
    private static let words: [String: Token.Kind] = [
        "and": .and, "or": .or, "not": .not, "in": .comparison(.isIn), "eq": .comparison(.equal), "ne": .comparison(.notEqual),
        "lt": .comparison(.less), "le": .comparison(.lessOrEqual), "gt": .comparison(.greater), "ge": .comparison(.greaterOrEqual),
    ]

    private static let signs: [String: Token.Kind] = [
        "&&": .and, "||": .or, "!": .not, "(": .open, ")": .close, "{": .openSet, "}": .closeSet, ",": .comma, "..": .range,
        "==": .comparison(.equal), "=": .comparison(.equal), "!=": .comparison(.notEqual), "<": .comparison(.less),
        "<=": .comparison(.lessOrEqual), ">": .comparison(.greater), ">=": .comparison(.greaterOrEqual),
    ]

    static func tokens(of text: String) throws(FilterError) -> [Token] {
        let characters = Array(text)
        var tokens: [Token] = []
        var position = 0
        while position < characters.count {
            let start = position
            if characters[start].isWhitespace {
                position += 1
                continue
            }
            while position < characters.count, isPartOfWord(characters, at: position) { position += 1 }
            if position > start {
                let word = String(characters[start..<position])
                tokens.append(Token(kind: words[word] ?? .word, text: word, column: start + 1))
                continue
            }
            let candidates = [2, 1].map { String(characters[start...].prefix($0)) }
            guard let sign = candidates.first(where: { signs[$0] != nil }), let kind = signs[sign] else {
                throw FilterError(text: text, column: start + 1, message: "unexpected character \"\(characters[start])\"")
            }
            tokens.append(Token(kind: kind, text: sign, column: start + 1))
            position += sign.count
        }
        return tokens + [Token(kind: .end, text: "", column: characters.count + 1)]
    }

    /// Names, numbers, addresses and prefixes are words; of dots, two in a row are the range sign.
    private static func isPartOfWord(_ characters: [Character], at position: Int) -> Bool {
        switch characters[position] {
        case "a"..."z", "A"..."Z", "0"..."9", "_", ":", "/": characters[position].isASCII
        case ".": position + 1 == characters.count || characters[position + 1] != "." && (position == 0 || characters[position - 1] != ".")
        default: false
        }
    }
}
