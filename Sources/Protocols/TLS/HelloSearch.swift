/// Looks for the hello in one direction's bytes, however they are cut, and for what follows it in the clear if somebody wants that.
///
///     segments    |          |   |                 |          |
///     records     | 22 ····· | 22 ··· | 21 · | 22 ···················· |
///     messages         | 1, length ········· continued |
///
/// Records and messages need not end where anything else does: of headers that are cut the bytes so far are kept, of the hello and of certificates the
/// body, of everything else nothing.
struct HelloSearch {
    /// What was found.
    enum Outcome {
        case clientHello(TLSClientHello)
        case serverHello(TLSServerHello)
        case fatalAlert(TLSAlert)
        case warning(TLSAlert)
        /// What came belongs behind the hello, or the hello has a hole.
        case missed
        /// So much came behind the hello that the other direction's is not to be expected any more.
        case longOver
        case failed(ParserFailure)

        // Behind the hello, where the search goes on.
        case certificates(TLSCertificateChain)
        case certificatesTooLong
        case serverKeyExchange([UInt8])
        case clientKeyExchange
        case certificateRequest
        /// A ChangeCipherSpec, and then the first record that is encrypted.
        case cipherChanged
        case encrypted
    }

    /// How far the direction has got.
    enum Phase: UInt8 {
        case hello, flight, cipherChanged
    }

    /// The longest hello that is kept.
    static let longestHello = 1 << 16
    /// How many bytes of a direction are looked at, at most.
    static let patience = 1 << 17
    /// The longest ServerKeyExchange that is read for its curve.
    static let longestKeyExchange = 1 << 12

    // Ordered so that the small fields fill the gaps between the large ones.
    private var recordHeader = SplitInteger()
    private var recordType = TLSContentType.handshake
    private var isAtStart = true
    private(set) var isOver = false
    /// Whether a HelloRetryRequest went by.
    private(set) var sawRetry = false
    private var messageHeader = SplitInteger()
    private var message: TLSMessageType?
    private var partialAlert = SplitInteger()
    /// Whether to go on behind the hello.
    private let goesOn: Bool
    private(set) var phase = Phase.hello
    /// Whether of the message at hand nothing is kept; its length counts down then.
    private var isSkipping = false
    private var patience = HelloSearch.patience
    /// How much of the record has not come yet.
    private var recordRest = 0
    private var messageLength = 0
    private var body: [UInt8] = []
    /// Memory of the message so far, kept as a number because it is asked for with each chunk.
    private(set) var heldBytes = 0

    @inline(__always)
    init(goesOn: Bool = false) { self.goesOn = goesOn }

    /// Takes the direction's next bytes up to the first thing that it finds, and leaves the rest; nil when there is nothing in them.
    mutating func feed(_ bytes: inout RawSpan) -> Outcome? {
        let allowed = bytes.extracting(first: patience)
        var reader = ByteReader(allowed)
        let outcome = isOver ? nil : search(&reader)
        if outcome != nil, !isOver {
            patience -= reader.offset
            bytes = bytes.extracting(reader.offset...)
            return outcome
        }
        patience -= allowed.byteCount
        bytes = bytes.extracting(first: 0)
        if let outcome { return outcome }
        return patience > 0 ? nil : isOver ? .longOver : end(phase == .hello ? .failed(.tooLong) : .longOver)
    }

    /// Tells that so many bytes are lost.
    mutating func skip(_ byteCount: Int) -> Outcome? {
        patience -= min(max(byteCount, 0), patience)
        guard isOver else { return end(.missed) }
        return patience > 0 ? nil : .longOver
    }

    private mutating func search(_ reader: inout ByteReader) -> Outcome? {
        while true {
            if recordRest == 0 {
                guard let bits = recordHeader.next(TLSRecordHeader.byteCount, from: &reader) else { return nil }
                if let failure = begin(bits) { return end(.failed(failure)) }
                continue  // it may be empty
            }
            guard !reader.isAtEnd else { return nil }
            var fragment = ByteReader(reader.bytes(upTo: recordRest))
            recordRest -= fragment.count
            if let outcome = take(&fragment) {
                recordRest += fragment.count
                reader.stepBack(fragment.count)
                return settle(outcome)
            }
        }
    }

    /// Begins the record whose header this is.
    private mutating func begin(_ bits: UInt64) -> ParserFailure? {
        defer { isAtStart = false }
        if let header = TLSRecordHeader(bits) {
            recordType = header.type
            recordRest = header.length
        } else if isAtStart, let hello = SSLv2HelloHeader(bits) {
            recordType = .handshake
            message = .sslv2ClientHello
            messageLength = hello.length
            recordRest = hello.length - 2
            body = [UInt8(hello.version >> 8), UInt8(hello.version & 0xff)]
            heldBytes = body.capacity
        } else {
            return .otherProtocol
        }
        return nil
    }

    /// Takes a part of the record.
    @inline(__always)
    private mutating func take(_ fragment: inout ByteReader) -> Outcome? {
        switch recordType {
        case .handshake: return handshake(&fragment)
        case .alert: return phase == .cipherChanged ? .encrypted : alert(&fragment)
        case .heartbeat: return nil
        case .changeCipherSpec:
            // TLS 1.3 between a HelloRetryRequest and the ServerHello, RFC 8446 D.4.
            if phase == .hello { return sawRetry ? nil : .missed }
            guard phase == .flight else { return nil }
            phase = .cipherChanged
            _ = fragment.bytes(fragment.count)
            return .cipherChanged
        case .applicationData: return phase == .hello ? .missed : .encrypted
        }
    }

    private mutating func handshake(_ reader: inout ByteReader) -> Outcome? {
        while true {
            if message == nil {
                guard let bits = messageHeader.next(4, from: &reader) else { return nil }
                if let outcome = begin(message: bits, recordRest + reader.count) { return outcome }
            }
            if isSkipping {
                messageLength -= reader.bytes(upTo: messageLength).byteCount
                guard messageLength == 0 else { return nil }
                isSkipping = false
                message = nil
                continue
            }
            let part = reader.bytes(upTo: messageLength - body.count)
            // The usual case: all of it at once.
            if body.isEmpty, part.byteCount == messageLength {
                if let outcome = completeMessage(part.copied) { return outcome }
                continue
            }
            if body.isEmpty {
                body = part.copied  // no byte of capacity more
            } else {
                part.withUnsafeBytes { body.append(contentsOf: $0) }
            }
            heldBytes = body.capacity
            guard body.count == messageLength else { return nil }
            let bytes = body
            body = []
            heldBytes = 0
            if let outcome = completeMessage(bytes) { return outcome }
        }
    }

    /// Begins the message whose header this is.
    ///
    /// - Parameter recordRest: bytes of the record behind the header.
    @inline(__always)
    private mutating func begin(message bits: UInt64, _ recordRest: Int) -> Outcome? {
        messageLength = Int(bits & 0xffffff)
        if phase != .hello { return beginLater(TLSMessageType(rawValue: UInt8(bits >> 24)), recordRest) }
        // Other messages come later, or what looks like one is encrypted.
        guard let type = TLSMessageType(first: UInt8(bits >> 24)) else { return .missed }
        message = type
        guard messageLength <= Self.longestHello else { return .failed(.tooLong) }
        // RFC 5246 7.4.1.1: it has no body.
        guard type != .helloRequest || messageLength == 0 else { return .failed(.malformed) }
        return nil
    }

    /// The same behind the hello, where nearly all is skipped.
    private mutating func beginLater(_ type: TLSMessageType?, _ recordRest: Int) -> Outcome? {
        // Behind a ChangeCipherSpec only the ClientHello that a HelloRetryRequest asked for is in the clear.
        if phase == .cipherChanged, type != .clientHello || messageLength < 38 || messageLength < recordRest { return .encrypted }
        guard let type, type != .sslv2ClientHello, messageLength <= Self.patience else { return .missed }
        message = type
        switch type {
        case .certificate: isSkipping = messageLength > TLSCertificateChain.longestMessage
        case .serverKeyExchange: isSkipping = messageLength > Self.longestKeyExchange
        default: isSkipping = true
        }
        switch type {
        case .certificate where isSkipping: return .certificatesTooLong
        case .certificateRequest: return .certificateRequest
        case .clientKeyExchange: return .clientKeyExchange
        default: return nil
        }
    }

    @inline(__always)
    private mutating func completeMessage(_ bytes: consuming [UInt8]) -> Outcome? {
        let type = message
        message = nil
        switch type {
        case .clientHello, .sslv2ClientHello:
            return TLSClientHello(bytes, type == .sslv2ClientHello ? .sslv2 : .tls).map(Outcome.clientHello) ?? .failed(.malformed)
        case .serverHello:
            guard let hello = TLSServerHello(bytes) else { return .failed(.malformed) }
            guard hello.isHelloRetryRequest else { return .serverHello(hello) }
            sawRetry = true
        case .helloRetryRequest: sawRetry = true
        case .certificate: return .certificates(TLSCertificateChain(bytes))
        case .serverKeyExchange: return .serverKeyExchange(bytes)
        default: break
        }
        return nil
    }

    /// RFC 8446 6: an alert is two bytes, level and description. Longer ones are encrypted.
    private mutating func alert(_ reader: inout ByteReader) -> Outcome? {
        guard let bits = partialAlert.next(2, from: &reader) else { return nil }
        guard reader.isAtEnd, recordRest == 0 else { return .missed }
        let alert = TLSAlert(rawValue: UInt8(bits & 0xff))
        return bits >> 8 == 2 ? .fatalAlert(alert) : .warning(alert)
    }

    /// Something was found: is it the last?
    @inline(__always)
    private mutating func settle(_ outcome: consuming Outcome) -> Outcome {
        switch outcome {
        case .clientHello, .serverHello:
            guard goesOn else { return end(outcome) }
            phase = .flight
            return outcome
        case .warning, .certificates, .certificatesTooLong, .serverKeyExchange, .clientKeyExchange, .certificateRequest, .cipherChanged: return outcome
        case .fatalAlert, .missed, .longOver, .failed, .encrypted: return end(outcome)
        }
    }

    @inline(__always)
    private mutating func end(_ outcome: consuming Outcome) -> Outcome {
        isOver = true
        if heldBytes > 0 { body = [] }
        heldBytes = 0
        return outcome
    }
}

/// Handshake messages that go by in the clear, RFC 8446 4 and RFC 5246 7.4.
enum TLSMessageType: UInt8 {
    case helloRequest = 0
    case clientHello = 1
    case serverHello = 2
    /// DTLS alone: RFC 6347 4.2.1.
    case helloVerifyRequest = 3
    case newSessionTicket = 4
    /// Only in drafts of TLS 1.3.
    case helloRetryRequest = 6
    case certificate = 11
    case serverKeyExchange = 12
    case certificateRequest = 13
    case serverHelloDone = 14
    case certificateVerify = 15
    case clientKeyExchange = 16
    case certificateURL = 21
    case certificateStatus = 22
    case supplementalData = 23
    /// No number on the wire: a ClientHello in SSL 2's format.
    case sslv2ClientHello = 255

    /// One that a handshake may begin with.
    @inline(__always)
    init?(first number: UInt8) {
        switch number {
        case Self.clientHello.rawValue: self = .clientHello
        case Self.serverHello.rawValue: self = .serverHello
        case Self.helloRequest.rawValue: self = .helloRequest
        case Self.helloRetryRequest.rawValue: self = .helloRetryRequest
        default: return nil
        }
    }
}
