/// What is wrong with a message, or was seen in it and no longer ought to be.
public struct HTTPProblems: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// A line ends in a line feed alone (RFC 9112 2.2).
    public static let bareLineFeed = HTTPProblems(rawValue: 1 << 0)
    /// A header goes on in another line (RFC 9112 5.2).
    public static let foldedHeader = HTTPProblems(rawValue: 1 << 1)
    /// Only the first 16 KiB of the head are kept.
    public static let headShortened = HTTPProblems(rawValue: 1 << 2)

    /// A blank stands between a header's name and its colon (RFC 9112 5.1).
    public static let spaceBeforeColon = HTTPProblems(rawValue: 1 << 3)
    /// A line of the head is no header.
    public static let badHeader = HTTPProblems(rawValue: 1 << 4)
    /// The first line says no version, or none that there is.
    public static let badVersion = HTTPProblems(rawValue: 1 << 5)
    /// Content-Length is no number, or one too large.
    public static let badLength = HTTPProblems(rawValue: 1 << 6)
    /// Content-Length is there several times, and not the same.
    public static let differingLengths = HTTPProblems(rawValue: 1 << 7)
    /// Both Content-Length and Transfer-Encoding say where the message ends (RFC 9112 6.3).
    public static let lengthAndEncoding = HTTPProblems(rawValue: 1 << 8)
    /// The last transfer encoding is not chunked.
    public static let unknownEncoding = HTTPProblems(rawValue: 1 << 9)
    /// What stands around a chunk cannot be read.
    public static let badChunk = HTTPProblems(rawValue: 1 << 10)
    /// The head is longer than 64 KiB.
    public static let headTooLong = HTTPProblems(rawValue: 1 << 11)
    /// The head's end was not seen.
    public static let headCut = HTTPProblems(rawValue: 1 << 12)
    /// The body's end was not seen.
    public static let bodyCut = HTTPProblems(rawValue: 1 << 13)
    /// Bytes of the body were not seen.
    public static let bodyGap = HTTPProblems(rawValue: 1 << 14)
    /// Bytes before the message belong to none, or cannot be read.
    public static let strayBytes = HTTPProblems(rawValue: 1 << 15)
    /// Bytes were lost between messages: the response may be that to another request.
    public static let uncertainPair = HTTPProblems(rawValue: 1 << 16)

    /// What is tolerated, or ours.
    static let harmless: HTTPProblems = [.bareLineFeed, .foldedHeader, .headShortened]

    private static let all: [(HTTPProblems, String)] = [
        (.bareLineFeed, "bareLineFeed"), (.foldedHeader, "foldedHeader"), (.headShortened, "headShortened"), (.spaceBeforeColon, "spaceBeforeColon"),
        (.badHeader, "badHeader"), (.badVersion, "badVersion"), (.badLength, "badLength"), (.differingLengths, "differingLengths"),
        (.lengthAndEncoding, "lengthAndEncoding"), (.unknownEncoding, "unknownEncoding"), (.badChunk, "badChunk"), (.headTooLong, "headTooLong"),
        (.headCut, "headCut"), (.bodyCut, "bodyCut"), (.bodyGap, "bodyGap"), (.strayBytes, "strayBytes"), (.uncertainPair, "uncertainPair"),
    ]

    /// As filters and lines have them.
    public var names: [String] { Self.all.filter { contains($0.0) }.map(\.1) }
}
