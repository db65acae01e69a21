import Packets

/// A request and the final response to it. At least one of the two was seen.
public struct HTTPExchange: Equatable, Sendable {
    public internal(set) var request: HTTPRequest?
    public internal(set) var response: HTTPResponse?
    /// Why one of the two is missing; nil when both are there.
    public internal(set) var absence: HTTPAbsence?
    /// Who asked, by what was said.
    public internal(set) var client: Direction
    /// Which one it is of the connection's, 1…: Zeek's `trans_depth`.
    public internal(set) var number: Int
    public internal(set) var requestBody = HTTPBody()
    public internal(set) var responseBody = HTTPBody()
    /// How many responses of 1xx came before (RFC 9110 15.2), and what the last of them said.
    public internal(set) var interimCount = 0
    public internal(set) var interim: HTTPInterim?
    public internal(set) var requestProblems: HTTPProblems = []
    public internal(set) var responseProblems: HTTPProblems = []
    /// When the first byte of the request came, and of the response.
    public internal(set) var requested: Timestamp?
    public internal(set) var responded: Timestamp?

    public var problems: HTTPProblems { requestProblems.union(responseProblems) }
    /// Whether something is wrong that is not merely old.
    public var isMalformed: Bool { !problems.isSubset(of: .harmless) }

    /// Nanoseconds from the request's first byte to the response's; nil unless both were seen.
    public var latency: Int64? {
        guard let requested, let responded else { return nil }
        return responded - requested
    }
}

/// Why there is only a request, or only a response.
public enum HTTPAbsence: UInt8, CaseIterable, Sendable {
    /// None came before the connection ended, or before it was seen.
    case notSeen
    /// It fell into a hole, or the hole makes it unknown which one it is.
    case lostInGap
    /// More requests waited than are kept.
    case tooManyWaiting
    /// The connection went on in another protocol before.
    case handedOver
    /// What came could not be read.
    case unreadable
    /// HTTP/0.9, whose responses are a body and nothing else.
    case noHead
}

/// A response of 1xx.
public struct HTTPInterim: Equatable, Sendable {
    public let status: UInt16
    public let reason: String
}

/// What is known of a message's body; its bytes are not kept.
public struct HTTPBody: Equatable, Sendable {
    /// Bytes that were seen, without the framing of chunks, and those that were not and belong to it.
    public internal(set) var byteCount = 0
    public internal(set) var missingCount = 0
    /// By its first bytes; nil without a body, and for what is not known.
    public internal(set) var type: HTTPBodyType?
    /// SHA-256 of a body that is whole, where somebody asked for it (``SessionDepth/whole``).
    public internal(set) var digest: [UInt8]?
    /// The same as 64 lower-case digits.
    public var sha256: String? { digest?.span.bytes.hexadecimal }
}
