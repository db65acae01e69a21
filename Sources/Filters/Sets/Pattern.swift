import Synchronization

/// A regular expression that Hyperscan found to be a good one: PCRE's, less what cannot be searched for in linear time (back-references, look-around).
///
/// It is searched for anywhere, `.` is any byte, and one that fits the empty text is found in any. A pattern is about bytes, unless it has to be about
/// characters: when it has some that are not ASCII, names Unicode's properties, or begins with `(*UTF8)` or `(*UCP)`. For such a one, what is no
/// UTF-8 is U+FFFD.
public struct Pattern: Sendable {
    public let text: String
    /// ASCII's case; Unicode's when it is about characters.
    public let ignoresCase: Bool
    private let alone: PatternAlone

    /// Takes a millisecond or two, and seconds until the largest are refused: it is compiled, because some of what Hyperscan cannot do shows only then.
    ///
    /// - Throws: `PatternError` when the text is no regular expression, or none that Hyperscan has.
    public init(_ text: String, ignoresCase: Bool = false) throws(PatternError) {
        self.text = text
        self.ignoresCase = ignoresCase
        alone = PatternAlone(try PatternSet(compiling: [(text, ignoresCase)]))
    }

    /// A pattern for bytes that lie anywhere: `contains`.
    public init(containing bytes: [UInt8], ignoresCase: Bool = false) throws(PatternError) {
        try self.init(Self.text(containing: bytes), ignoresCase: ignoresCase)
    }

    static func text(containing bytes: [UInt8]) -> String {
        bytes.reduce(into: "") { $0 += "\\x" + String($1 >> 4, radix: 16) + String($1 & 0xf, radix: 16) }
    }

    /// One at a time: a core that has many patterns or much to search has a `PatternScanner` of its own.
    public func matches(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBytes { alone.matches($0) } }
}

extension Pattern: Hashable {
    public static func == (left: Self, right: Self) -> Bool { left.text == right.text && left.ignoresCase == right.ignoresCase }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(text)
        hasher.combine(ignoresCase)
    }
}

/// A single pattern, compiled, and the memory to search with, for one at a time.
private final class PatternAlone: @unchecked Sendable {
    private let scanner: PatternScanner
    private let turn = Mutex(())

    init(_ set: PatternSet) { scanner = PatternScanner(set) }

    func matches(_ bytes: UnsafeRawBufferPointer) -> Bool {
        turn.withLock { _ in
            var isFound = false
            scanner.scan(bytes) { _ in isFound = true }
            return isFound
        }
    }
}

/// Why a text is no regular expression.
public struct PatternError: Error, Equatable, Sendable {
    /// Hyperscan's words.
    public var message: String
    /// Where in the text, in characters from 0, if it is known.
    public var offset: Int?
}

extension PatternError {
    /// Hyperscan counts in bytes, and only in words: "Unmatched parentheses at index 1."
    init(_ message: String, in text: String) {
        self.message = message
        guard let index = message.firstRange(of: "index ").flatMap({ Int(message[$0.upperBound...].prefix { $0.isNumber }) }) else { return }
        offset = text.utf8.index(text.startIndex, offsetBy: index, limitedBy: text.endIndex).map { text.distance(from: text.startIndex, to: $0) }
    }
}
