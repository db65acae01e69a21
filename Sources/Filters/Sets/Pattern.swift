/// A regular expression that was found to be a good one.
public struct Pattern: Hashable, Sendable {
    public let text: String
    public let ignoresCase: Bool

    /// - Throws: `PatternError` when the text is no regular expression.
    public init(_ text: String, ignoresCase: Bool = false) throws(PatternError) {
        self.text = text
        self.ignoresCase = ignoresCase
    }

    public func matches(_ bytes: [UInt8]) -> Bool { false }
}

/// Why a text is no regular expression.
public struct PatternError: Error, Equatable, Sendable {
    public var message: String
    /// Where in the text, in characters from 0, if it is known.
    public var offset: Int?
}
