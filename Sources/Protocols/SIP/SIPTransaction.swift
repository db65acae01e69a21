import Packets

/// A request and the final response to it, RFC 3261 17. At least one of the two was seen; ACK has none. What is sent again over UDP is of the same transaction.
public struct SIPTransaction: Equatable, Sendable {
    public internal(set) var request: SIPMessage?
    public internal(set) var response: SIPMessage?
    /// Who asked, or was answered: either side of a connection may.
    public internal(set) var client: Direction
    /// When the request was first seen, and the final response.
    public internal(set) var requested: Timestamp?
    public internal(set) var responded: Timestamp?
    /// Responses of 1xx that came before, and the status of the last of them; 0 for none.
    public internal(set) var provisionalCount: UInt32 = 0
    public internal(set) var provisionalStatus: UInt16 = 0
    /// How often the request was sent again before it was answered for good.
    public internal(set) var retransmissions: UInt32 = 0

    /// Nanoseconds from the request to its final response; nil unless both were seen.
    public var latency: Int64? {
        guard let requested, let responded else { return nil }
        return responded - requested
    }

    /// What the response is to, if the request was not seen.
    public var method: String? { request?.method ?? response?.sequence?.split(whereSeparator: { $0 == " " || $0 == "\t" }).last.map(String.init) }
    public var callID: String? { message.callID }
    /// Whether something is wrong with either.
    public var isMalformed: Bool { request?.problem != nil || response?.problem != nil }

    /// The request, or else the response: they have most of what names the transaction in common.
    var message: SIPMessage {
        guard let message = request ?? response else { preconditionFailure("one of them was seen") }
        return message
    }

    var keptCount: Int { (request?.keptCount ?? 0) + (response?.keptCount ?? 0) }
}
