import Packets

/// A word, sign or string of a filter's text.
struct Token {
    enum Kind: Equatable {
        /// A name, number, address, prefix, duration or row of bytes.
        case word
        /// In quotation marks; those of a raw string have an `r` before them.
        case string(isRaw: Bool)
        /// `$name`.
        case list
        case and, or, not
        case open, close, openSet, closeSet, comma, range
        case comparison(Comparison)
        case exists
        case end
    }

    var kind: Kind
    /// As it stands in the filter's text, quotation marks included.
    var text: String
    /// Where it begins in the text's UTF-8.
    var offset: Int
}

extension Token {
    /// Whether it stands between a field and a value.
    var isOperator: Bool {
        switch kind {
        case .comparison, .exists: true
        default: false
        }
    }

    /// In quotation marks, cut to what an error message has room for.
    var quoted: String { "\"\(shown)\"" }

    /// As it stands, cut to what an error message has room for.
    var shown: String { text.count > 40 ? text.prefix(40) + "…" : text }

    /// What an error message says that it is.
    var noun: String {
        switch kind {
        case .end: return "the end"
        case .string: return "a string"
        case .list: return "a list"
        case .word:
            let noun = LiteralNoun(text)
            return noun == .name ? quoted : noun.rawValue
        default: return quoted
        }
    }
}

/// What is asked of a field's values, as written.
enum Comparison: String, CaseIterable {
    case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual, isIn
    case contains, startsWith, endsWith, matches
}
