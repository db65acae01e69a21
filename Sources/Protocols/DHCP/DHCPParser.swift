import Packets

/// Puts together what one flow has of each DHCP transaction, RFC 2131: messages of one id. An exchange is given once it is acknowledged or refused, or given
/// back; with no message for some seconds, or in the end, it is what was seen.
public struct DHCPParser: SessionParser {
    public static let service = Service.dhcp

    /// Nanoseconds that an exchange waits for its next message: clients repeat theirs after 4, 8 and 16 seconds (RFC 2131 4.1).
    public static let patience: Int64 = 20_000_000_000
    /// Exchanges that wait, messages that are kept of each, and bytes of all: the broadcast flow of a large network has many. More make the oldest give up.
    private static let mostExchanges = 256
    private static let mostMessages = 16
    private static let mostBytes = 256 << 10
    /// Datagrams in a row that are no messages, after which the flow is none of DHCP.
    private static let mostStrangers: UInt8 = 8

    /// Oldest first.
    private var exchanges: [DHCPExchange] = []
    private var exchangeBytes = 0
    private var sessions = Queue<DHCPExchange>()
    private var strangers: UInt8 = 0

    public init() {}

    /// A header, the cookie behind it, and a message type among the options.
    public static func probe(datagram: RawSpan) -> Bool {
        guard datagram.byteCount >= DHCPMessage.headerLength, datagram.uint32(236) == DHCPMessage.cookie else { return false }
        return DHCPMessage(datagram, isCut: false) != nil
    }

    public mutating func feed(datagram: RawSpan, missing: Int, from sender: Direction, at time: Timestamp) -> ParserProgress {
        guard let message = DHCPMessage(datagram, isCut: missing > 0) else {
            strangers &+= 1
            return strangers < Self.mostStrangers ? progress : .failed(.otherProtocol)
        }
        strangers = 0
        while let oldest = exchanges.first, time - oldest.ended > Self.patience { giveUpOldest() }
        take(message, at: time)
        return progress
    }

    private mutating func take(_ message: DHCPMessage, at time: Timestamp) {
        let type = message.type
        if let place = exchanges.lastIndex(where: { $0.id == message.id && $0.messages[0].hardwareAddress == message.hardwareAddress }) {
            // To the back, where the youngest are.
            var exchange = exchanges.remove(at: place)
            exchange.messageCount += 1
            exchange.ended = time
            if exchange.messages.count < Self.mostMessages {
                exchangeBytes += message.byteCount
                exchange.messages.append(message)
            }
            exchanges.append(exchange)
        } else {
            exchanges.append(DHCPExchange(message, at: time))
            exchangeBytes += message.byteCount
        }
        if [DHCPType.acknowledgment, DHCPType.refusal, DHCPType.decline, DHCPType.release].contains(type) { give(exchanges.count - 1) }
        while exchanges.count > Self.mostExchanges || exchangeBytes > Self.mostBytes { giveUpOldest() }
    }

    public mutating func reverseRoles() {}

    public mutating func finish() {
        while !exchanges.isEmpty { giveUpOldest() }
    }

    public var heldBytes: Int { exchangeBytes }

    private var progress: ParserProgress { !sessions.isEmpty ? .ready : .wantsMore }

    public mutating func nextSession() -> DHCPExchange? { sessions.popFirst() }

    private mutating func giveUpOldest() { give(0) }

    private mutating func give(_ place: Int) {
        let exchange = exchanges.remove(at: place)
        exchangeBytes -= exchange.byteCount
        sessions.append(exchange)
    }
}
