import Packets

/// The messages of one transaction id that one flow has. A client that has no address yet sends to all, and the answer comes in another flow: then each side is
/// an exchange of its own. Renewals, and what relays pass on, have both in one.
public struct DHCPExchange: Equatable, Sendable {
    /// In their order, at least one; of very many the first.
    public internal(set) var messages: [DHCPMessage]
    /// All that there were.
    public internal(set) var messageCount = 1
    /// When the first and the last of them were seen.
    public let began: Timestamp
    public internal(set) var ended: Timestamp

    init(_ message: DHCPMessage, at time: Timestamp) { (messages, began, ended) = ([message], time, time) }

    public var id: UInt32 { messages[0].id }
    /// The client's, such as 02:00:00:00:00:01.
    public var hardwareAddress: String {
        let digits = Array("0123456789abcdef")
        return messages[0].hardwareAddress.map { "\(digits[Int($0 >> 4)])\(digits[Int($0 & 15)])" }.joined(separator: ":")
    }
    public var hostName: String? { last { $0.isReply ? nil : $0.text(DHCPOption.hostName) } }
    public var clientName: String? { last { $0.isReply ? nil : $0.fullyQualifiedName } }
    public var domainName: String? { last { $0.isReply ? $0.text(DHCPOption.domainName) : nil } }
    public var requestedAddress: IPAddress? { last { $0.address(option: DHCPOption.requestedAddress) } }
    /// What the server has given, or else offered.
    public var assignedAddress: IPAddress? {
        last { $0.type == DHCPType.acknowledgment ? $0.yourAddress : nil } ?? last { $0.isReply ? $0.yourAddress : nil }
    }
    /// The address that the client has had before.
    public var clientAddress: IPAddress? { last { $0.clientAddress } }
    public var serverAddress: IPAddress? { last { $0.address(option: DHCPOption.serverIdentifier) } }
    public var relay: IPAddress? { last { $0.relay } }
    /// Seconds for which the address may be kept.
    public var leaseTime: UInt32? { last { $0.isReply ? $0.seconds(option: DHCPOption.leaseTime) : nil } }
    /// Why the client gives an address back, or the server none.
    public var clientMessage: String? { last { $0.isReply ? nil : $0.text(DHCPOption.text) } }
    public var serverMessage: String? { last { $0.isReply ? $0.text(DHCPOption.text) : nil } }
    /// What the client is, in its vendor's words.
    public var vendorClass: String? { last { $0.isReply ? nil : $0.text(DHCPOption.vendorClass) } }
    /// Options that the client asks for, in its order: systems differ in it.
    public var requestedOptions: [UInt8] { last { $0.isReply ? nil : $0.option(DHCPOption.parameterRequestList) } ?? [] }
    /// Whether a message was not captured whole, or has options that run over its end.
    public var isMalformed: Bool { messages.contains { !$0.isWhole } }

    private func last<Value>(_ read: (DHCPMessage) -> Value?) -> Value? {
        for message in messages.reversed() { if let value = read(message) { return value } }
        return nil
    }

    var byteCount: Int { messages.reduce(0) { $0 + $1.byteCount } }
}
