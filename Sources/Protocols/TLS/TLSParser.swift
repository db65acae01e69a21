import Packets

/// Finds the hellos with which a TLS connection begins: one session, from SSL 2's format of the ClientHello to TLS 1.3.
///
/// Each direction is searched on its own until its hello is found, and then not looked at any more; what the message is, not who sent it,
/// says which side is the client. The session is there with the second hello; with a fatal alert, a failure or the end it is what was seen
/// by then.
public struct TLSParser: SessionParser {
    public static let service = Service.tls
    public static var beginsLater: Bool { true }

    private var originator = HelloSearch()
    private var responder = HelloSearch()
    private var handshake = TLSHandshake()
    private var progress = ParserProgress.wantsMore
    /// Memory of the hellos found.
    private var helloBytes = 0

    public init() {}

    public mutating func feed(_ bytes: RawSpan, from sender: Direction) -> ParserProgress {
        guard progress == .wantsMore else { return progress }
        switch sender {
        case .originator: take(originator.feed(bytes), from: sender)
        case .responder: take(responder.feed(bytes), from: sender)
        }
        return progress
    }

    public mutating func skip(_ byteCount: Int, from sender: Direction) -> ParserProgress {
        guard progress == .wantsMore else { return progress }
        switch sender {
        case .originator: take(originator.skip(byteCount), from: sender)
        case .responder: take(responder.skip(byteCount), from: sender)
        }
        return progress
    }

    public mutating func reverseRoles() {
        swap(&originator, &responder)
        handshake.client = handshake.client.opposite
    }

    public mutating func finish() {
        if progress == .wantsMore { progress = .done }
    }

    public var heldBytes: Int { originator.heldBytes + responder.heldBytes + helloBytes }

    public mutating func nextSession() -> TLSHandshake? {
        guard prepareSession() else { return nil }
        defer { handshake = TLSHandshake() }
        return handshake
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
        guard progress != .wantsMore, handshake.clientHello != nil || handshake.serverHello != nil else { return false }
        handshake.helloRetried = originator.sawRetry || responder.sawRetry
        helloBytes = 0
        return true
    }

    private mutating func take(_ outcome: consuming HelloSearch.Outcome?, from sender: Direction) {
        switch outcome {
        case nil: return
        case .clientHello(let hello):
            guard handshake.clientHello == nil else { return progress = .failed(.unexpected) }
            handshake.clientHello = hello
            helloBytes += hello.bytes.byteCount
            handshake.client = sender
        case .serverHello(let hello):
            guard handshake.serverHello == nil else { return progress = .failed(.unexpected) }
            handshake.serverHello = hello
            helloBytes += hello.bytes.byteCount
            handshake.client = sender.opposite
        case .fatalAlert(let alert):
            handshake.alert = alert
            return progress = .done
        case .failed(let failure): return progress = .failed(failure)
        case .longOver: return progress = .done
        case .missed: break
        }
        if originator.isOver && responder.isOver { progress = .done }
    }
}
