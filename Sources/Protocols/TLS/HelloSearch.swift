/// Looks for the hello in one direction's bytes, however they are cut.
///
///     segments    |          |   |                 |          |
///     records     | 22 ····· | 22 ··· | 21 · | 22 ···················· |
///     messages         | 1, length ········· continued |
///
/// Records and messages need not end where anything else does: of headers that are cut the bytes so far are kept, of the hello its body, of
/// everything else nothing.
struct HelloSearch {
    /// How the search ended.
    enum Outcome {
        case clientHello(TLSClientHello)
        case serverHello(TLSServerHello)
        case fatalAlert(TLSAlert)
        /// What came belongs behind the hello, or the hello has a hole.
        case missed
        /// So much came behind the hello that the other direction's is not to be expected any more.
        case longOver
        case failed(ParserFailure)
    }

    /// The longest hello that is kept.
    static let longestHello = 1 << 16
    /// How many bytes of a direction are looked at, at most.
    static let patience = 1 << 17

    // Ordered so that the small fields fill the gaps between the large ones.
    private var recordHeader = SplitInteger()
    private var recordType = TLSContentType.handshake
    private var isAtStart = true
    private(set) var isOver = false
    /// Whether a HelloRetryRequest went by.
    private(set) var sawRetry = false
    private var messageHeader = SplitInteger()
    private var message: MessageType?
    private var partialAlert = SplitInteger()
    private var patience = HelloSearch.patience
    /// How much of the record has not come yet.
    private var recordRest = 0
    private var messageLength = 0
    private var body: [UInt8] = []
    /// Memory of the hello so far, kept as a number because it is asked for with each chunk.
    private(set) var heldBytes = 0

    /// The messages that may stand at the beginning of a handshake, RFC 8446 4 and RFC 5246 7.4.
    private enum MessageType: UInt8 {
        case helloRequest = 0
        case clientHello = 1
        case serverHello = 2
        /// Only in drafts of TLS 1.3.
        case helloRetryRequest = 6
        /// No number on the wire: a ClientHello in SSL 2's format.
        case sslv2ClientHello = 255
    }

    /// Takes the direction's next bytes; nil while the search goes on.
    mutating func feed(_ bytes: RawSpan) -> Outcome? {
        let bytes = bytes.extracting(first: patience)
        patience -= bytes.byteCount
        if !isOver, let outcome = search(bytes) { return outcome }
        return patience > 0 ? nil : isOver ? .longOver : end(.failed(.tooLong))
    }

    /// Tells that so many bytes are lost.
    mutating func skip(_ byteCount: Int) -> Outcome? {
        patience -= min(max(byteCount, 0), patience)
        guard isOver else { return end(.missed) }
        return patience > 0 ? nil : .longOver
    }

    private mutating func search(_ bytes: RawSpan) -> Outcome? {
        var reader = ByteReader(bytes)
        while true {
            if recordRest == 0 {
                guard let bits = recordHeader.next(TLSRecordHeader.byteCount, from: &reader) else { return nil }
                if let failure = begin(bits) { return end(.failed(failure)) }
                continue  // it may be empty
            }
            guard !reader.isAtEnd else { return nil }
            let fragment = reader.bytes(upTo: recordRest)
            recordRest -= fragment.byteCount
            if let outcome = take(fragment) { return end(outcome) }
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
    private mutating func take(_ fragment: RawSpan) -> Outcome? {
        switch recordType {
        case .handshake: handshake(fragment)
        case .alert: alert(fragment)
        case .heartbeat: nil
        // TLS 1.3 between a HelloRetryRequest and the ServerHello, RFC 8446 D.4.
        case .changeCipherSpec: sawRetry ? nil : .missed
        case .applicationData: .missed
        }
    }

    private mutating func handshake(_ fragment: RawSpan) -> Outcome? {
        var reader = ByteReader(fragment)
        while true {
            if message == nil {
                guard let bits = messageHeader.next(4, from: &reader) else { return nil }
                // Other messages come later, or what looks like one is encrypted.
                guard let type = MessageType(rawValue: UInt8(bits >> 24)), type != .sslv2ClientHello else { return .missed }
                message = type
                messageLength = Int(bits & 0xffffff)
                guard messageLength <= Self.longestHello else { return .failed(.tooLong) }
                // RFC 5246 7.4.1.1: it has no body.
                guard type != .helloRequest || messageLength == 0 else { return .failed(.malformed) }
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

    private mutating func completeMessage(_ bytes: consuming [UInt8]) -> Outcome? {
        let type = message
        message = nil
        switch type {
        case .clientHello, .sslv2ClientHello:
            return TLSClientHello(bytes, isSSLv2: type == .sslv2ClientHello).map(Outcome.clientHello) ?? .failed(.malformed)
        case .serverHello:
            guard let hello = TLSServerHello(bytes) else { return .failed(.malformed) }
            guard hello.isHelloRetryRequest else { return .serverHello(hello) }
            sawRetry = true
        case .helloRetryRequest: sawRetry = true
        case .helloRequest, nil: break
        }
        return nil
    }

    /// RFC 8446 6: an alert is two bytes, level and description. Longer ones are encrypted.
    private mutating func alert(_ fragment: RawSpan) -> Outcome? {
        var reader = ByteReader(fragment)
        guard let bits = partialAlert.next(2, from: &reader) else { return nil }
        guard reader.isAtEnd, recordRest == 0 else { return .missed }
        return bits >> 8 == 2 ? .fatalAlert(TLSAlert(rawValue: UInt8(bits & 0xff))) : nil
    }

    private mutating func end(_ outcome: consuming Outcome) -> Outcome {
        isOver = true
        if heldBytes > 0 { body = [] }
        heldBytes = 0
        return outcome
    }
}
