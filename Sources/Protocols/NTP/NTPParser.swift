import Packets

/// NTP, RFC 5905: each message is a session, as in Zeek's ntp.log.
public struct NTPParser: SessionParser {
    public static let service = Service.ntp

    /// Datagrams in a row that are no messages, after which the flow is none of NTP.
    private static let mostStrangers: UInt8 = 8

    private var message: NTPMessage?
    private var strangers: UInt8 = 0

    public init() {}

    public static func probe(datagram: RawSpan) -> Bool { NTPProbe.judge(datagram) }

    public mutating func feed(datagram: RawSpan, missing: Int, from sender: Direction, at time: Timestamp) -> ParserProgress {
        guard let message = NTPMessage(datagram) else {
            strangers &+= 1
            return strangers < Self.mostStrangers ? .wantsMore : .failed(.otherProtocol)
        }
        strangers = 0
        self.message = message
        return .ready
    }

    public mutating func reverseRoles() {}
    public mutating func finish() {}

    public mutating func nextSession() -> NTPMessage? {
        defer { message = nil }
        return message
    }
}
