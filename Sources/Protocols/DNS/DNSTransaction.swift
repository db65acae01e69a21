import Packets

/// A DNS question and what was answered to it. At least one of the two was seen.
public struct DNSTransaction: Equatable, Sendable {
    /// Nil where an answer came to a question that was not seen, and for what multicast DNS announces.
    public let query: DNSMessage?
    /// Nil where no answer came: not before the connection ended, not within `DNSParser.patience`, or because many questions were asked since.
    public let response: DNSMessage?
    /// Who asked, or was answered.
    public internal(set) var client: Direction
    /// When the query was seen, and the response.
    public let queried: Timestamp?
    public let answered: Timestamp?

    /// Nanoseconds from query to response; nil unless both were seen.
    public var latency: Int64? {
        guard let queried, let answered else { return nil }
        return answered - queried
    }

    public var id: UInt16 { message.id }
    /// What is asked; nil for what repeats no question.
    public var question: DNSQuestion? { query?.question ?? response?.question }

    /// The response, or else the query.
    var message: DNSMessage {
        guard let message = response ?? query else { preconditionFailure("one of them was seen") }
        return message
    }
}
