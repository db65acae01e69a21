import Filters
import Packets

/// Finds the hellos with which a DTLS association begins, versions 1.0 (RFC 4347), 1.2 (RFC 6347) and 1.3 (RFC 9147): one session, as of TLS.
///
/// Datagrams may be late, lost or doubled, and STUN and RTP may come between them (RFC 7983). The client's hello that counts is the last, which answers a
/// HelloVerifyRequest; the session is there with the server's, with a fatal alert, or when the flow ends or goes on for long without.
///
/// Where somebody wants all that is said in the clear (``SessionDepth/whole``), both sides are read on until they are encrypted, as TLS' are.
public struct DTLSParser: SessionParser {
    public static let service = Service.dtls

    /// Datagrams in which the hellos are looked for. To begin to put a hello together is as much as several of them.
    private static let patience: UInt8 = 100
    private static let assemblyCost: UInt8 = 10

    var handshake = TLSHandshake()
    /// Of each side at most one hello, and of what lies behind them one of a kind.
    private var assemblies: [DTLSAssembly] = []
    /// Memory of the hellos found, and of the certificates.
    var foundBytes = 0
    var progress = ParserProgress.wantsMore
    private var patience = DTLSParser.patience
    /// The last ClientHello's.
    private var clientSequence: UInt16 = 0
    let isWhole: Bool
    /// The sides whose records are encrypted.
    var encrypted: DTLSSides = []

    public init() { self.init(depth: .opening) }

    public init(depth: SessionDepth) {
        isWhole = depth == .whole
        handshake.transport = .datagrams
    }

    // MARK: Recognising

    /// A datagram is DTLS when it begins with a hello, or is nothing but records that can only come later.
    public static func probe(datagram: RawSpan) -> Bool {
        var reader = ByteReader(datagram)
        guard let first = DTLSRecord(&reader), first.sequenceHead == 0 else { return false }
        if first.type == .handshake, first.epoch == 0 { return beginsHello(first.fragment) }
        var rest = ByteReader(datagram)
        while !rest.isAtEnd {
            guard let record = DTLSRecord(&rest), record.sequenceHead == 0, record.epoch < 256, canComeLater(record) else { return false }
        }
        return true
    }

    private static func beginsHello(_ record: RawSpan) -> Bool {
        var reader = ByteReader(record)
        guard let fragment = DTLSFragment(&reader), fragment.bytes.byteCount > 0 else { return false }
        guard (1...3).contains(fragment.type), fragment.sequence < 16,
            (fragment.type == 3 ? 3...258 : 38...DTLSAssembly.longest).contains(fragment.length)
        else { return false }
        guard fragment.offset == 0 else { return reader.isAtEnd }
        var body = ByteReader(fragment.bytes)
        guard let version = body.uint16() else { return reader.isAtEnd }
        return TLSVersion(rawValue: version).isDTLS
    }

    private static func canComeLater(_ record: borrowing DTLSRecord) -> Bool {
        switch record.type {
        case .changeCipherSpec: record.epoch == 0 && record.fragment.byteCount == 1
        case .alert: record.epoch == 0 ? record.fragment.byteCount == 2 : record.fragment.byteCount > 2
        case .handshake, .applicationData, .heartbeat: record.epoch > 0 && record.fragment.byteCount > 8
        }
    }

    // MARK: Feeding

    public mutating func feed(_ bytes: RawSpan, from sender: Direction) -> ParserProgress { .failed(.otherProtocol) }

    public mutating func feed(datagram: RawSpan, missing: Int, from sender: Direction, at time: Timestamp) -> ParserProgress {
        guard progress == .wantsMore else { return progress }
        var reader = ByteReader(datagram)
        while progress == .wantsMore, let record = DTLSRecord(&reader) {
            if record.epoch == 0 { take(record, from: sender) } else if isWhole { takeEncrypted(from: sender) }
        }
        if isWhole, progress == .wantsMore, handshake.version == .dtls13, !reader.isAtEnd, isUnified(&reader) { takeEncrypted(from: sender) }
        spend(1)
        return progress
    }

    private mutating func spend(_ cost: UInt8) {
        patience -= min(patience, cost)
        if patience == 0, progress == .wantsMore { progress = .done }
    }

    public mutating func reverseRoles() {
        for place in assemblies.indices { assemblies[place].sender = assemblies[place].sender.opposite }
        handshake.client = handshake.client.opposite
        encrypted = encrypted.reversed
    }

    public mutating func finish() {
        if progress == .wantsMore { progress = .done }
    }

    public var heldBytes: Int { assemblies.reduce(foundBytes) { $0 + $1.byteCount } }

    public mutating func nextSession() -> TLSHandshake? {
        guard progress != .wantsMore, handshake.clientHello != nil || handshake.serverHello != nil else { return nil }
        defer { handshake = TLSHandshake() }
        if isWhole { handshake.flags.insert(.isWhole) }
        assemblies = []
        foundBytes = 0
        return handshake
    }

    // MARK: Messages

    private mutating func take(_ record: borrowing DTLSRecord, from sender: Direction) {
        var reader = ByteReader(record.fragment)
        switch record.type {
        case .handshake: while progress == .wantsMore, let fragment = DTLSFragment(&reader) { take(fragment, from: sender) }
        case .alert:
            guard let level = reader.uint8(), let description = reader.uint8(), reader.isAtEnd else { return }
            let alert = TLSAlert(rawValue: description)
            guard level == 2 else { return handshake.warning = alert }
            handshake.alert = alert
            progress = .done
        case .changeCipherSpec: if isWhole { takeCipherChange(from: sender) }
        case .applicationData, .heartbeat: break
        }
    }

    private mutating func take(_ fragment: borrowing DTLSFragment, from sender: Direction) {
        switch TLSMessageType(rawValue: fragment.type) {
        case .clientHello, .serverHello: break
        case .helloVerifyRequest: return handshake.flags.formUnion(.retried)
        case let type: guard isWhole, wantsFlight(type, fragment.length, from: sender) else { return }
        }
        guard fragment.length <= DTLSAssembly.longest || fragment.type > 2 else { return progress = .failed(.tooLong) }
        // The usual case: all of it at once.
        if fragment.bytes.byteCount == fragment.length { return complete(fragment.bytes.copied, fragment, from: sender) }
        let place = assemblies.firstIndex { $0.sender == sender && ($0.type == fragment.type || $0.type <= 2 && fragment.type <= 2) }
        if let place, assemblies[place].fits(fragment) {
            if let message = assemblies[place].take(fragment) {
                assemblies.remove(at: place)
                complete(message, fragment, from: sender)
            }
            return
        }
        // Of an earlier message nothing is missed any more.
        if let place {
            guard assemblies[place].sequence < fragment.sequence else { return }
            assemblies.remove(at: place)
        }
        spend(Self.assemblyCost)
        guard progress == .wantsMore else { return }
        var assembly = DTLSAssembly(sender, type: fragment.type, sequence: fragment.sequence, length: fragment.length)
        _ = assembly.take(fragment)
        assemblies.append(assembly)
    }

    private mutating func complete(_ message: consuming [UInt8], _ fragment: borrowing DTLSFragment, from sender: Direction) {
        if fragment.type == TLSMessageType.clientHello.rawValue {
            guard handshake.clientHello == nil || fragment.sequence > clientSequence else { return }
            guard let hello = TLSClientHello(message, .dtls) else { return progress = .failed(.malformed) }
            foundBytes += hello.bytes.byteCount - (handshake.clientHello?.bytes.byteCount ?? 0)
            handshake.clientHello = hello
            setClient(sender)
            clientSequence = fragment.sequence
        } else if fragment.type == TLSMessageType.serverHello.rawValue {
            guard let hello = TLSServerHello(message) else { return progress = .failed(.malformed) }
            guard !hello.isHelloRetryRequest else { return handshake.flags.formUnion(.retried) }
            guard handshake.serverHello == nil else { return }
            foundBytes += hello.bytes.byteCount
            handshake.serverHello = hello
            setClient(sender.opposite)
        } else {
            return completeFlight(message, fragment, from: sender)
        }
        if !isWhole, handshake.clientHello != nil, handshake.serverHello != nil { progress = .done }
    }
}
