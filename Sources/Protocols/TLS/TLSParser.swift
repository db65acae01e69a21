import Filters
import Packets

/// Finds the hellos with which a TLS connection begins: one session, from SSL 2's format of the ClientHello to TLS 1.3.
///
/// Each direction is searched on its own until its hello is found, and then not looked at any more; what the message is, not who sent it,
/// says which side is the client. The session is there with the second hello; with a fatal alert, a failure or the end it is what was seen
/// by then.
///
/// Where somebody wants all that is said in the clear (``SessionDepth/whole``), both directions are read on until they are encrypted, and the session is
/// there then: with the certificates of both, before TLS 1.3, and whether the handshake came to its end.
public struct TLSParser: SessionParser {
    public static let service = Service.tls
    public static var beginsLater: Bool { true }

    private var originator: HelloSearch
    private var responder: HelloSearch
    private var handshake = TLSHandshake()
    private var progress = ParserProgress.wantsMore
    private let isWhole: Bool
    /// Memory of the hellos found, and the certificates.
    private var foundBytes = 0

    public init() { self.init(depth: .opening) }

    @inline(__always)
    public init(depth: SessionDepth) {
        isWhole = depth == .whole
        originator = HelloSearch(goesOn: isWhole)
        responder = HelloSearch(goesOn: isWhole)
    }

    public mutating func feed(_ bytes: RawSpan, from sender: Direction) -> ParserProgress {
        guard progress.isToGoOn else { return progress }
        var rest = bytes
        while true {
            switch sender {
            case .originator: take(originator.feed(&rest), from: sender)
            case .responder: take(responder.feed(&rest), from: sender)
            }
            guard rest.byteCount > 0, progress.isToGoOn else { return progress }
        }
    }

    public mutating func skip(_ byteCount: Int, from sender: Direction) -> ParserProgress {
        guard progress.isToGoOn else { return progress }
        if isWhole, byteCount > 0, isInTheClear(sender) { handshake.flags.insert(.hasGap) }
        switch sender {
        case .originator: take(originator.skip(byteCount), from: sender)
        case .responder: take(responder.skip(byteCount), from: sender)
        }
        return progress
    }

    /// Whether what the side sends next may be in the clear, behind its hello.
    private func isInTheClear(_ sender: Direction) -> Bool {
        let search = sender == .originator ? originator : responder
        return !search.isOver && search.phase != .hello
    }

    public mutating func reverseRoles() {
        swap(&originator, &responder)
        handshake.client = handshake.client.opposite
    }

    public mutating func finish() {
        if progress == .wantsMore { progress = .done }
    }

    public var heldBytes: Int { originator.heldBytes + responder.heldBytes + foundBytes }

    public mutating func nextSession() -> TLSHandshake? {
        guard prepareSession() else { return nil }
        defer { handshake = TLSHandshake() }
        return handshake
    }

    /// Where nothing is kept there is nothing to give back, which is most: each empty array and each hello that is not there would be asked.
    public static func _stop(_ parser: UnsafeMutablePointer<TLSParser>) {
        if parser.pointee.isWhole || parser.pointee.heldBytes > 0 { parser.deinitialize(count: 1) }
    }

    /// Moves the session out, where `nextSession` counts references to all that a copy holds.
    public static func _takeSession(from parser: UnsafeMutablePointer<TLSParser>, into session: UnsafeMutablePointer<TLSHandshake>) -> Bool {
        guard parser.pointee.prepareSession() else { return false }
        withUnsafeMutablePointer(to: &parser.pointee.handshake) {
            session.moveInitialize(from: $0, count: 1)
            $0.initialize(to: TLSHandshake())
        }
        return true
    }

    /// Whether there is a session, which then is complete.
    private mutating func prepareSession() -> Bool {
        guard !progress.isToGoOn, handshake.clientHello != nil || handshake.serverHello != nil else { return false }
        if originator.sawRetry || responder.sawRetry { handshake.flags.insert(.retried) }
        if isWhole { handshake.flags.insert(.isWhole) }
        foundBytes = 0
        return true
    }

    private mutating func take(_ outcome: consuming HelloSearch.Outcome?, from sender: Direction) {
        switch outcome {
        case nil: return
        case .clientHello(let hello):
            guard handshake.clientHello == nil else { return progress = .failed(.unexpected) }
            handshake.clientHello = hello
            foundBytes += hello.bytes.byteCount
            handshake.client = sender
        case .serverHello(let hello):
            guard handshake.serverHello == nil else { return progress = .failed(.unexpected) }
            handshake.serverHello = hello
            foundBytes += hello.bytes.byteCount
            handshake.client = sender.opposite
        case .fatalAlert(let alert):
            handshake.alert = alert
            return progress = .done
        case .failed(let failure): return progress = .failed(failure)
        case .longOver: return progress = .done
        case .missed: break
        case .warning(let alert): handshake.warning = alert
        case .some(let later): takeFlight(later, from: sender)
        }
        if originator.isOver && responder.isOver { progress = .done }
    }

    /// Takes what lies behind a side's hello.
    @inline(never)
    private mutating func takeFlight(_ outcome: consuming HelloSearch.Outcome, from sender: Direction) {
        switch outcome {
        case .certificates(let chain):
            // Once; of a renegotiation nothing is in the clear.
            if sender == handshake.client {
                guard handshake.clientCertificates == nil else { return }
                handshake.clientCertificates = chain
            } else {
                guard handshake.serverCertificates == nil else { return }
                handshake.serverCertificates = chain
            }
            foundBytes += chain.byteCount
        case .certificatesTooLong: handshake.flags.insert(.certificatesTooLong)
        case .certificateRequest: handshake.flags.insert(.certificateRequested)
        case .clientKeyExchange: handshake.flags.insert(.clientKeyExchanged)
        case .serverKeyExchange(let bytes): handshake.keyExchangeGroup = Self.namedGroup(bytes)
        case .cipherChanged:
            if sender == handshake.client, !handshake.flags.contains(.clientKeyExchanged) { handshake.flags.insert(.changedWithoutKeyExchange) }
        case .encrypted: handshake.flags.insert(handshake.flags.contains(.oneIsEncrypted) ? .established : .oneIsEncrypted)
        default: break
        }
    }

    /// The group of an ECDHE ServerKeyExchange, RFC 8422 5.4; 0 when it is of another kind, as far as can be told without the cipher suite.
    ///
    ///     | 3 | group | length of the point | point …
    static func namedGroup(_ message: [UInt8]) -> UInt16 {
        var reader = ByteReader(message.span.bytes)
        guard reader.uint8() == 3, let group = reader.uint16(), let length = reader.uint8(), length >= 32, reader.count >= Int(length) else { return 0 }
        return group
    }
}
