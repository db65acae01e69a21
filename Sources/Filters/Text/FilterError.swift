/// What is wrong with a filter's text, for the person who wrote it.
///
///     column 13: tcp.port is an integer; 10.0.0.1 is an IPv4 address
///         tcp.port == 10.0.0.1
///                     ^
public struct FilterError: Error, Equatable, Sendable {
    /// The whole text of the filter.
    public var text: String
    /// Where in the text, in characters, from 1.
    public var column: Int
    public var message: String
    /// The known name nearest to one that nobody knows.
    public var suggestion: String?
}

extension FilterError {
    /// `offset`: in the text's UTF-8.
    init(text: String, offset: Int, message: String, suggestion: String? = nil) {
        let before = String(decoding: text.utf8.prefix(offset), as: UTF8.self)
        self.init(text: text, column: before.count + 1, message: message, suggestion: suggestion)
    }
}

extension FilterError: CustomStringConvertible {
    /// Characters shown of a long text, and how many of them before the column.
    private static let shown = 100, shownBefore = 60

    public var description: String {
        let characters = Array(text)
        let start = max(0, column - 1 - Self.shownBefore)
        let end = min(characters.count, start + Self.shown)
        let excerpt = String(characters[min(start, end)..<end].map(\.printable))
        let before = start > 0 ? "…" : "", after = end < characters.count ? "…" : ""
        let indent = String(repeating: " ", count: max(0, column - 1 - start) + before.count)
        return """
            column \(column): \(message)\(suggestion.map { "; did you mean \($0)?" } ?? "")
                \(before)\(excerpt)\(after)
                \(indent)^
            """
    }
}

extension Character {
    /// Itself, or a blank for line ends and terminal controls, which would tear caret and text apart.
    fileprivate var printable: Character {
        unicodeScalars.contains { $0.properties.generalCategory == .control } || isNewline ? " " : self
    }
}
