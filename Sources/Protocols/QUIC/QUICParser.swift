import Packets

/// Finds the hellos with which a QUIC connection begins, in its Initial packets: one session, RFC 9000, RFC 9001 and RFC 9369.
///
/// Initials are encrypted with keys that anybody can have who has seen the first. They are opened until there are both hellos, and no more than 16 a side; of
/// all other packets the long headers are read, as long as they come. The session is there with the second hello, or when a side has closed; or at the end, or
/// after many datagrams, with what was seen by then. A client that tries again before anybody answers begins another.
public struct QUICParser: SessionParser {
    public static let service = Service.quic

    /// Exists from the first datagram until the last session is taken.
    private var reading: QUICReading?
    private var progress = ParserProgress.wantsMore

    public init() {}

    public static func probe(datagram: RawSpan) -> Bool { QUICProbe.isQUIC(datagram) }

    public mutating func feed(datagram: RawSpan, missing: Int, from sender: Direction, at time: Timestamp) -> ParserProgress {
        guard progress == .wantsMore || progress == .ready, datagram.byteCount > 0 else { return progress }
        let reading = reading ?? QUICReading()
        self.reading = reading
        reading.read(datagram, from: sender)
        progress = reading.isStrange ? .failed(.otherProtocol) : reading.isOver ? .done : reading.hasEarlier ? .ready : .wantsMore
        return progress
    }

    public mutating func reverseRoles() { reading?.reverseRoles() }

    public mutating func finish() {
        if progress == .wantsMore || progress == .ready { progress = .done }
    }

    public var heldBytes: Int { reading?.heldBytes ?? 0 }

    public mutating func nextSession() -> QUICHandshake? {
        if let earlier = reading?.takeEarlier() { return earlier }
        guard progress != .wantsMore, progress != .ready else { return nil }
        defer { reading = nil }
        return reading?.session
    }
}
