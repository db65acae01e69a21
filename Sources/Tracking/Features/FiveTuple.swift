import Packets

/// Who talks with whom, and over what: what of a connection stays the same from its first packet on, unless the originator turns out to be the other one.
public struct FiveTuple: Hashable, Sendable {
    public var originator: IPAddress
    public var originatorPort: UInt16
    public var responder: IPAddress
    public var responderPort: UInt16
    public var transport: TransportProtocol

    public init(_ connection: ConnectionRecord) {
        let (originator, responder) = (connection.originator, connection.responder)
        (self.originator, originatorPort) = (originator.address, originator.port)
        (self.responder, responderPort) = (responder.address, responder.port)
        transport = connection.transport
    }
}
