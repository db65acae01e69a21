/// What a client sent as a command's text, up to a limit.
public struct CommandText: Equatable, Sendable {
    /// Bytes that are kept of a text.
    public static let longest = 4096

    public let bytes: [UInt8]
    /// Whether there was more of it.
    public let isCut: Bool

    /// - Parameter isCut: whether the bytes are not all of it in any case.
    init(_ text: RawSpan, isCut: Bool = false) {
        self.isCut = isCut || text.byteCount > Self.longest
        bytes = text.extracting(first: min(text.byteCount, Self.longest)).copied
    }

    /// As UTF-8; what is none becomes U+FFFD.
    public var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// Why a command has no outcome, or not all of it is known.
public enum CommandProblem: UInt8, CaseIterable, Equatable, Sendable {
    /// The connection, or what could be read of it, ended before an answer came.
    case noAnswer
    /// Many commands were sent since without an answer to this one.
    case tooManyPending
    /// An error of a command before it made the server pass it over.
    case passedOver
    /// Bytes of the stream are lost, and with them where messages begin.
    case hole
    /// What follows is compressed or encrypted by the protocol itself, and cannot be read.
    case opaque
    /// An answer that does not hold together.
    case malformed

    /// As filters and records have it.
    public var name: String {
        switch self {
        case .noAnswer: "no_answer"
        case .tooManyPending: "too_many_pending"
        case .passedOver: "passed_over"
        case .hole: "hole"
        case .opaque: "opaque"
        case .malformed: "malformed"
        }
    }
}
