import Packets

/// The start of a TLS connection: what the client offered, what the server chose. At least one of the two was seen.
public struct TLSHandshake: Equatable, Sendable {
    /// The first that the client sent: after a HelloRetryRequest there is another, which says the same but for the key share.
    public internal(set) var clientHello: TLSClientHello?
    /// The one that counts: not a HelloRetryRequest.
    public internal(set) var serverHello: TLSServerHello?
    /// Who is the client, by what it said. Not the originator when a connection was picked up midstream and taken the wrong way round.
    public internal(set) var client = Direction.originator
    /// Whether the server asked for another ClientHello.
    public internal(set) var helloRetried = false
    /// The fatal alert that came in place of a hello.
    public internal(set) var alert: TLSAlert?

    /// The name of the server that the client asked for (SNI).
    public var serverName: String? { clientHello?.serverName }

    /// The version agreed on.
    public var version: TLSVersion? { serverHello?.selectedVersion }

    /// The cipher suite agreed on.
    public var cipherSuite: UInt16? { serverHello?.cipherSuite }

    /// The application protocol agreed on (ALPN), if it was said in the clear.
    public var applicationProtocol: String? { serverHello?.applicationProtocol }

    /// The application protocols that the client offered (ALPN).
    public var offeredProtocols: [String] { clientHello?.offeredProtocols ?? [] }
}
