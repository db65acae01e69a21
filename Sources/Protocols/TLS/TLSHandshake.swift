import Packets

/// The start of a TLS connection: what the client offered, what the server chose. At least one of the two was seen.
///
/// What lies behind the hellos - certificates, whether the handshake came to its end - is there where somebody asked for it (``SessionDepth/whole``).
public struct TLSHandshake: Equatable, Sendable {
    /// The first that the client sent: after a HelloRetryRequest there is another, which says the same but for the key share. Of DTLS the last, which has
    /// the server's cookie.
    public internal(set) var clientHello: TLSClientHello?
    /// The one that counts: not a HelloRetryRequest.
    public internal(set) var serverHello: TLSServerHello?
    /// The certificates that each side sent in the clear, that is before TLS 1.3. A side may send none, which is a chain without any.
    public internal(set) var serverCertificates: TLSCertificateChain? {
        get { certificates?.server }
        set { certificates = TLSCertificates(server: newValue, client: certificates?.client) }
    }
    public internal(set) var clientCertificates: TLSCertificateChain? {
        get { certificates?.client }
        set { certificates = TLSCertificates(server: certificates?.server, client: newValue) }
    }
    /// One reference for both: most sessions have none, and each costs whoever copies a session.
    private var certificates: TLSCertificates?
    /// Who is the client, by what it said. Not the originator when a connection was picked up midstream and taken the wrong way round.
    public internal(set) var client = Direction.originator
    /// What carries it.
    public internal(set) var transport = TLSTransport.tcp
    /// The fatal alert that ended it, in place of a hello or behind the hellos.
    public internal(set) var alert: TLSAlert?
    /// The last alert that was only a warning.
    public internal(set) var warning: TLSAlert?
    var flags: Flags = []
    /// Named in a ServerKeyExchange: 0 if there was none.
    var keyExchangeGroup: UInt16 = 0

    struct Flags: OptionSet, Sendable {
        var rawValue: UInt16

        static let retried = Flags(rawValue: 1)
        /// Somebody asked for what lies behind the hellos.
        static let isWhole = Flags(rawValue: 2)
        static let certificateRequested = Flags(rawValue: 4)
        static let clientKeyExchanged = Flags(rawValue: 8)
        static let changedWithoutKeyExchange = Flags(rawValue: 16)
        /// A side sends what is encrypted, and then the other does, too.
        static let oneIsEncrypted = Flags(rawValue: 32)
        static let established = Flags(rawValue: 64)
        static let certificatesTooLong = Flags(rawValue: 128)
        static let hasGap = Flags(rawValue: 256)
    }

    /// Whether the server asked for another ClientHello: with another key share (HelloRetryRequest), or in DTLS with its cookie.
    public var helloRetried: Bool { flags.contains(.retried) }

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

    /// The group of the key exchange, from the server's key share, or before TLS 1.3 from its ServerKeyExchange.
    public var group: UInt16? { serverHello?.keyShareGroup ?? (keyExchangeGroup == 0 ? nil : keyExchangeGroup) }

    /// Whether the server wants a certificate of the client, before TLS 1.3.
    public var certificateRequested: Bool { flags.contains(.certificateRequested) }

    /// Whether both sides went over to what they agreed on, as Zeek's `established`; nil where nobody asked for what lies behind the hellos.
    public var isEstablished: Bool? { flags.contains(.isWhole) ? flags.contains(.established) : nil }

    /// Whether the server took up an earlier session: in TLS 1.3 by choosing a pre-shared key (RFC 8446 4.2.11), before by repeating the client's
    /// session id (RFC 5246 7.4.1.2, RFC 5077 3.4), or, seen only behind the hellos, by changing ciphers without a key exchange for a ticket. Nil unless both
    /// hellos were seen.
    public var isResumed: Bool? {
        guard let clientHello, let serverHello else { return nil }
        if serverHello.selectedVersion.isAtLeastTLS13 { return serverHello.selectedPSK != nil }
        let id = serverHello.sessionID.copied, offered = clientHello.sessionID.copied
        if !id.isEmpty, id == offered, id.contains(where: { $0 != 0 }) { return true }
        return offered.isEmpty && clientHello.sessionTicketLength ?? 0 > 0 && flags.contains(.changedWithoutKeyExchange)
    }

    /// What is wrong with it.
    public var problems: [TLSProblem] {
        var problems: [TLSProblem] = []
        if clientHello?.hasDuplicateExtensions == true || serverHello?.extensions.haveDuplicates == true { problems.append(.duplicateExtensions) }
        if flags.contains(.certificatesTooLong) { problems.append(.certificatesTooLong) }
        for chain in [serverCertificates, clientCertificates] {
            if let problem = chain?.problem, !problems.contains(problem) { problems.append(problem) }
        }
        if flags.contains(.hasGap) { problems.append(.gap) }
        return problems
    }
}

/// What may be wrong with a handshake that could be read nevertheless.
public enum TLSProblem: String, CaseIterable, Sendable {
    /// An extension came twice in a hello; the first is what is read.
    case duplicateExtensions = "duplicate_extensions"
    /// More than 64 KiB of certificates: none of them was kept.
    case certificatesTooLong = "certificates_too_long"
    /// More than 32 certificates: the first 32 were kept.
    case tooManyCertificates = "too_many_certificates"
    /// A Certificate message whose lengths do not fit each other; it is read as far as they do.
    case malformedCertificates = "malformed_certificates"
    /// Bytes behind a hello, in the clear or not, that were not seen.
    case gap
}
