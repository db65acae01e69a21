/// What stands between a string token's quotation marks.
struct StringToken {
    private let content: [UInt8]
    private let isRaw: Bool
    /// Where the content begins in the filter's text.
    private let offset: Int

    /// Nil for a token that is no string.
    init?(_ token: Token) {
        guard case .string(let isRaw) = token.kind else { return nil }
        self.isRaw = isRaw
        content = Array(token.text.utf8.dropFirst(isRaw ? 2 : 1).dropLast())
        offset = token.offset + (isRaw ? 2 : 1)
    }

    /// Why an escape cannot be read, and where in the filter's text.
    struct BadEscape: Error {
        var message: String
        var offset: Int
    }

    /// Its bytes: UTF-8, and those that `\xNN` names.
    func bytes() throws(BadEscape) -> [UInt8] {
        if isRaw { return content }
        var bytes: [UInt8] = []
        var index = 0
        while index < content.count {
            guard content[index] == UInt8(ascii: "\\"), index + 1 < content.count else {
                bytes.append(content[index])
                index += 1
                continue
            }
            switch content[index + 1] {
            case UInt8(ascii: "n"): bytes.append(10)
            case UInt8(ascii: "r"): bytes.append(13)
            case UInt8(ascii: "t"): bytes.append(9)
            case let quoted where quoted == UInt8(ascii: "\\") || quoted == UInt8(ascii: "\"") || quoted == UInt8(ascii: "'"): bytes.append(quoted)
            case UInt8(ascii: "x"):
                guard index + 3 < content.count, let high = content[index + 2].hexValue, let low = content[index + 3].hexValue else {
                    throw BadEscape(message: "two hexadecimal digits follow \\x", offset: offset + index)
                }
                bytes.append(high << 4 | low)
                index += 2
            default:
                throw BadEscape(message: "no such escape; a backslash is written \\\\, or the whole string r\"…\"", offset: offset + index)
            }
            index += 2
        }
        return bytes
    }

    /// A regular expression, in which only backslashes and quotation marks need escapes: `"\.org"` is `\.org`.
    var pattern: String { String(decoding: patternBytes.map(\.byte), as: UTF8.self) }

    /// Where a pattern's character stands in the filter's text.
    func offset(ofPatternCharacter number: Int) -> Int {
        let bytes = patternBytes
        let characters = String(decoding: bytes.map(\.byte), as: UTF8.self)
        let byte = characters.prefix(max(0, number)).utf8.count
        return byte < bytes.count ? bytes[byte].offset : offset + content.count
    }

    private var patternBytes: [(byte: UInt8, offset: Int)] {
        var bytes: [(byte: UInt8, offset: Int)] = []
        var index = 0
        while index < content.count {
            let isEscape = !isRaw && content[index] == UInt8(ascii: "\\") && index + 1 < content.count
            if isEscape, [UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "'")].contains(content[index + 1]) { index += 1 }
            bytes.append((content[index], offset + index))
            index += 1
        }
        return bytes
    }
}
