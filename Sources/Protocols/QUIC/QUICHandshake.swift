import Packets

/// The start of a QUIC connection: what its long headers say, and the two hellos, RFC 9000 and RFC 9001. At least one packet with a long header was seen,
/// or Google's own from before.
public struct QUICHandshake: Equatable, Sendable {
    /// Of the first packet: the client's wish.
    public internal(set) var version: QUICVersion
    /// Of the last packet that was no Version Negotiation: what both speak, if the server has answered.
    public internal(set) var lastVersion: QUICVersion
    /// What a server has offered in a Version Negotiation packet; the first 16.
    public internal(set) var offeredVersions: [QUICVersion] = []
    /// Where the client sent its first packet to: of its own making, and what Initials' keys follow from.
    public internal(set) var initialDestination: QUICConnectionID?
    /// The client's own.
    public internal(set) var clientID: QUICConnectionID?
    /// The server's own; after a Retry the one that it has kept.
    public internal(set) var serverID: QUICConnectionID?
    /// Bytes of the token in the client's first Initial that has one: of a Retry, or of an earlier connection.
    public internal(set) var tokenLength = 0
    /// Whether the server has sent a Retry, and whether its tag shows it to be an answer to the client's Initial (nil: it cannot be known).
    public internal(set) var isRetried = false
    public internal(set) var retryIsGenuine: Bool?
    /// What kinds of packets were seen until the session was complete.
    public internal(set) var packetTypes: QUICPacketTypes = []
    /// What happened, in Zeek's letters.
    public internal(set) var history = QUICHistory()
    /// The client's offer. Its JA4 has the letter "q".
    public internal(set) var clientHello: TLSClientHello?
    /// The server's choice: not a HelloRetryRequest.
    public internal(set) var serverHello: TLSServerHello?
    /// Whether the server asked for another ClientHello.
    public internal(set) var helloRetried = false
    /// Why a side gave up, if one did before there were both hellos.
    public internal(set) var close: QUICClose?
    /// Who has closed.
    public internal(set) var closer: Direction?
    /// Who is the client, by what it sent: not the originator when a connection was picked up in the middle and taken the wrong way round.
    public internal(set) var client = Direction.originator
    /// What is wrong.
    public internal(set) var problems: QUICProblems = []

    /// The name of the server that the client asked for (SNI).
    public var serverName: String? { clientHello?.serverName }

    /// The application protocols that the client offers (ALPN). Which one is taken is said encrypted.
    public var offeredProtocols: [String] { clientHello?.offeredProtocols ?? [] }

    /// Whether the client sent data before the server's answer, RFC 9001 4.6.
    public var hasEarlyData: Bool { packetTypes.contains(.zeroRTT) }
}

/// Kinds of packets, RFC 9000 17.
public struct QUICPacketTypes: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    public static let initial = QUICPacketTypes(rawValue: 1)
    public static let zeroRTT = QUICPacketTypes(rawValue: 2)
    public static let handshake = QUICPacketTypes(rawValue: 4)
    public static let retry = QUICPacketTypes(rawValue: 8)
    public static let versionNegotiation = QUICPacketTypes(rawValue: 16)
    /// With a short header.
    public static let oneRTT = QUICPacketTypes(rawValue: 32)
    /// Of a version whose types are not known.
    public static let unknown = QUICPacketTypes(rawValue: 64)

    init(_ type: QUICPacketType) { self.init(rawValue: 1 << type.rawValue) }

    static let names = ["initial", "0rtt", "handshake", "retry", "version_negotiation", "1rtt", "unknown"]

    /// "initial", "handshake", …
    public var names: [String] { Self.names.indices.filter { rawValue & 1 << UInt8($0) != 0 }.map { Self.names[$0] } }
}

/// What is wrong with a handshake, as far as it was seen.
public struct QUICProblems: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Initials came, and none could be opened: of another version, damaged, or their connection's first was not seen.
    public static let undecipherable = QUICProblems(rawValue: 1)
    /// CRYPTO frames overlap with different bytes; the first counts.
    public static let overlap = QUICProblems(rawValue: 2)
    /// A CRYPTO frame lies further away, or is one piece more, than what is kept; or a message is longer.
    public static let tooFar = QUICProblems(rawValue: 4)
    /// A frame that has no place in an Initial, or does not hold together.
    public static let frame = QUICProblems(rawValue: 8)
    /// A message that is no hello, or one that does not hold together.
    public static let hello = QUICProblems(rawValue: 16)
    /// An Initial was not captured to its end, and could not be opened.
    public static let cut = QUICProblems(rawValue: 32)
    /// More Initials came than are opened.
    public static let tooMany = QUICProblems(rawValue: 64)

    private static let names = ["undecipherable", "overlap", "too_far", "frame", "hello", "cut", "too_many"]

    public var names: [String] { Self.names.indices.filter { rawValue & 1 << UInt8($0) != 0 }.map { Self.names[$0] } }
}

/// What happened in a handshake, in the order in which it was seen, as Zeek's quic.log has it: I an Initial, H a Handshake packet, Z 0-RTT, R a Retry, C a
/// CONNECTION_CLOSE, S a hello, U a version that is not known; besides these V a Version Negotiation. Capital letters are the client's. The first 32.
public struct QUICHistory: Hashable, Sendable {
    enum Event: UInt8 {
        case initial, zeroRTT, handshake, retry, versionNegotiation, close, hello, unknownVersion
    }

    // Four bits each, the latest lowest: the event, and who.
    private var bits: UInt128 = 0
    private var count: UInt8 = 0

    mutating func add(_ event: Event, from sender: Direction) {
        guard count < 32 else { return }
        bits = bits << 4 | UInt128(event.rawValue << 1 | sender.rawValue)
        count += 1
    }

    mutating func reverseRoles() {
        for place in 0..<count { bits ^= 1 << UInt128(4 * place) }
    }

    /// - Parameter client: who has the capital letters.
    public func text(client: Direction) -> String {
        let letters = Array("izhrvcsu".utf8)
        return String(
            decoding: (0..<count).reversed().map { place in
                let bits = UInt8(truncatingIfNeeded: bits >> UInt128(4 * place)) & 15
                return letters[Int(bits >> 1)] & (bits & 1 == client.rawValue ? 0xdf : 0xff)
            }, as: UTF8.self)
    }
}
