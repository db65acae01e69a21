/// Cuts a direction of a TCP connection into messages, each behind its length in two bytes (RFC 1035 4.2.2).
///
///     | length | message    | length | mess ~~ a hole ~~ ge | length | message          a hole within a message: its length says where the next one is
///     | length | mess ~~ a hole ~~ ? ? ?                                             beyond it: what comes first behind it must look like a message
struct DNSFraming {
    private enum State {
        /// Nothing is known of where a message begins: first bytes are gathered until they tell.
        case gathering
        case synchronised
        /// They did not look like a message; there is another chance behind the next hole.
        case lost
    }

    private var state = State.gathering
    /// The bytes of the message at hand, its length's two included; or the first ones, until they tell.
    private var buffer: [UInt8] = []
    /// Bytes of a message that is not whole any more, still to come.
    private var toDrop = 0
    /// Whether messages have been found.
    private(set) var hasSynchronised = false

    /// A length, a header, the longest name, and a record's fields before its data.
    private static let longestHead = 2 + 12 + 256 + 10

    var heldBytes: Int { buffer.count }
    /// Whether what came does not look like messages.
    var isStrange: Bool { state == .lost }

    /// - Returns: false when what comes cannot be messages.
    mutating func feed(_ bytes: RawSpan, _ give: (RawSpan) -> Void) -> Bool {
        switch state {
        case .synchronised: return cut(bytes, give)
        case .lost: return true
        case .gathering: break
        }
        // In one piece, as most are.
        if buffer.isEmpty, let answer = Self.judge(bytes) {
            settle(answer)
            return answer == .lost || cut(bytes, give)
        }
        var reader = ByteReader(bytes)
        reader.bytes(upTo: Self.longestHead - buffer.count).withUnsafeBytes { buffer.append(contentsOf: $0) }
        guard let answer = Self.judge(buffer.span.bytes) else { return true }
        settle(answer)
        let head = buffer
        buffer = []
        guard answer == .synchronised else { return true }
        return cut(head.span.bytes, give) && cut(reader.bytes(upTo: reader.count), give)
    }

    /// What first bytes tell; nil while they are too few.
    private static func judge(_ head: RawSpan) -> State? {
        switch DNSParser.probe(head) {
        case .mine: .synchronised
        case .unsure: head.byteCount < longestHead ? nil : .lost
        case .notMine: .lost
        }
    }

    private mutating func settle(_ answer: State) {
        state = answer
        if answer == .synchronised { hasSynchronised = true }
    }

    private mutating func cut(_ bytes: RawSpan, _ give: (RawSpan) -> Void) -> Bool {
        var reader = ByteReader(bytes)
        toDrop -= reader.bytes(upTo: toDrop).byteCount
        while !reader.isAtEnd {
            if buffer.isEmpty {
                let rest = reader
                if let message = reader.vector16() {
                    guard message.byteCount >= DNSMessage.headerLength else { return false }
                    give(message)
                    continue
                }
                reader = rest
            }
            while buffer.count < 2, let byte = reader.uint8() { buffer.append(byte) }
            guard buffer.count >= 2 else { return true }
            let length = Int(buffer[0]) << 8 | Int(buffer[1])
            guard length >= DNSMessage.headerLength else { return false }
            reader.bytes(upTo: 2 + length - buffer.count).withUnsafeBytes { buffer.append(contentsOf: $0) }
            guard buffer.count == 2 + length else { return true }
            give(buffer.span.bytes.extracting(2...))
            buffer.removeAll(keepingCapacity: length < 4096)
        }
        return true
    }

    /// So many bytes will not come.
    mutating func skip(_ byteCount: Int) {
        guard byteCount > 0 else { return }
        // A message's rest is known only with its length.
        let rest = state != .synchronised ? 0 : buffer.count >= 2 ? 2 + (Int(buffer[0]) << 8 | Int(buffer[1])) - buffer.count : toDrop
        buffer = []
        toDrop = max(0, rest - byteCount)
        if byteCount > rest { state = .gathering }
    }
}
