/// Reads a direction's messages.
///
///     | length | requestID | responseTo | opcode |                    16 bytes, little-endian
///     OP_MSG        flags | 0 | document | 1 | length | name | document … | checksum?
///     OP_QUERY      flags | collection | skip, count | document | …
///     OP_REPLY      flags | cursor | from | count | document …
struct MongoDBReader {
    static let headerLength = 16
    /// Servers take 48,000,000 bytes, and a little for what is around documents.
    private static let longestMessage = 48_000_000 + (16 << 10)
    static let noReply: UInt32 = 2
    private static let hasChecksum: UInt32 = 1
    /// Bits that whoever does not know them must refuse: all below 16 but these.
    static let unknownFlags: UInt32 = 0xfffc

    struct Message {
        var requestID: UInt32
        var responseTo: UInt32
        var opcode: UInt32
        var flags: UInt32 = 0
        var facts = MongoDBDocument.Facts()
        /// Documents beside the first.
        var documents: UInt32 = 0
        /// Of older messages: database and collection.
        var fullName: String?
        var returned: UInt32?
        var problem: CommandProblem?
    }

    private enum State {
        case header
        case flags
        case section
        case document
        /// A section of documents: its length, and the bytes of it still to come.
        case sequenceLength
        case sequenceName(Int)
        case sequence(Int)
        case skipInSequence(Int, left: Int)
        case fullName
        case queryNumbers
        case replyNumbers
        /// Nothing more is wanted.
        case rest
    }

    private var state = State.header
    /// Bytes of the message that have not come.
    private var left = 0
    private var head: [UInt8] = []
    private var message: Message?
    private var document: MongoDBDocument?

    var heldBytes: Int { head.count + (document?.heldBytes ?? 0) }

    /// - Returns: why it cannot be read on; nil if it can.
    mutating func feed(_ reader: inout ByteReader, _ give: (Message) -> Bool) -> ParserFailure? {
        while !reader.isAtEnd {
            if case .header = state {
                var header: Header?
                guard take(Self.headerLength, &reader, { header = Self.header($0) }) else { return nil }
                guard let header else { return .malformed }
                begin(header)
            }
            var part = ByteReader(reader.bytes(upTo: left))
            left -= part.count
            while !part.isAtEnd { step(&part) }
            if left == 0, !finish(give) { return nil }
        }
        return nil
    }

    /// So many bytes will not come.
    ///
    /// - Returns: whether they are all of a message whose length is known.
    mutating func skip(_ byteCount: Int, _ give: (Message) -> Bool) -> Bool {
        guard message != nil, byteCount <= left else { return false }
        left -= byteCount
        message?.problem = .hole
        state = .rest
        if left == 0 { _ = finish(give) }
        return true
    }

    typealias Header = (length: Int, requestID: UInt32, responseTo: UInt32, opcode: UInt32)

    /// What a header may be.
    static func header(_ bytes: RawSpan) -> Header? {
        var reader = ByteReader(bytes)
        guard let length = reader.littleEndian(4), let request = reader.littleEndian(4), let response = reader.littleEndian(4),
            let opcode = reader.littleEndian(4)
        else { return nil }
        let code = UInt32(truncatingIfNeeded: opcode)
        guard length > headerLength + 4, length <= longestMessage, MongoDBOpcode.isKnown(code) else { return nil }
        return (Int(length), UInt32(truncatingIfNeeded: request), UInt32(truncatingIfNeeded: response), code)
    }

    private mutating func begin(_ header: Header) {
        left = header.length - Self.headerLength
        message = Message(requestID: header.requestID, responseTo: header.responseTo, opcode: header.opcode)
        switch header.opcode {
        case MongoDBOpcode.compressed: state = .rest
        case MongoDBOpcode.reply: state = .replyNumbers
        default: state = .flags
        }
    }

    /// - Returns: false to stop.
    private mutating func finish(_ give: (Message) -> Bool) -> Bool {
        defer { (state, message, document, head) = (.header, nil, nil, []) }
        guard var whole = message else { return true }
        switch state {
        case .rest, .section: break
        default: whole.problem = .malformed
        }
        if let facts = document?.facts { whole.facts = facts }
        return give(whole)
    }

    private mutating func step(_ part: inout ByteReader) {
        switch state {
        case .header: return
        case .flags:
            var flags: UInt32 = 0
            guard take(4, &part, { flags = $0.littleEndian32 }) else { return }
            message?.flags = flags
            guard message?.opcode == MongoDBOpcode.message else { return state = .fullName }
            if flags & Self.unknownFlags != 0 { refuse() } else { state = .section }
        case .section:
            if part.count + left == 4, (message?.flags ?? 0) & Self.hasChecksum != 0 { return state = .rest }
            switch part.uint8() {
            case 0 where document == nil: beginDocument(part.count)
            case 1: state = .sequenceLength
            default: refuse()
            }
        case .document:
            switch document?.feed(&part) {
            case .done: state = message?.opcode == MongoDBOpcode.message ? .section : .rest
            case .malformed, nil: refuse()
            case .wantsMore: break
            }
        case .sequenceLength:
            var length = 0
            guard take(4, &part, { length = Int($0.littleEndian32) }) else { return }
            if length > 4, length - 4 <= part.count + left { state = .sequenceName(length - 4) } else { refuse() }
        case .sequenceName(let left):
            guard left > 0, let byte = part.uint8() else { return refuse() }
            state = byte == 0 ? left == 1 ? .section : .sequence(left - 1) : .sequenceName(left - 1)
        case .sequence(let left):
            var length = 0
            guard take(4, &part, { length = Int($0.littleEndian32) }) else { return }
            guard length >= 5, length <= left else { return refuse() }
            message?.documents &+= 1
            state = .skipInSequence(length - 4, left: left - length)
        case .skipInSequence(let count, let left):
            let step = part.bytes(upTo: count).byteCount
            state = step < count ? .skipInSequence(count - step, left: left) : left > 0 ? .sequence(left) : .section
        case .fullName:
            guard let byte = part.uint8() else { return }
            if byte != 0 {
                if head.count < 256 { head.append(byte) }
                return
            }
            message?.fullName = String(decoding: head, as: UTF8.self)
            head = []
            state = message?.opcode == MongoDBOpcode.query ? .queryNumbers : .rest
        case .queryNumbers:
            if take(8, &part, { _ in }) { beginDocument(part.count) }
        case .replyNumbers:
            var returned: UInt32 = 0
            guard take(20, &part, { returned = $0.extracting(16...).littleEndian32 }) else { return }
            message?.returned = returned
            if returned > 0 { beginDocument(part.count) } else { state = .rest }
        case .rest: _ = part.bytes(upTo: part.count)
        }
    }

    private mutating func beginDocument(_ here: Int) {
        document = MongoDBDocument(limit: here + left)
        state = .document
    }

    /// The message's length still says where the next one is.
    private mutating func refuse() {
        message?.problem = .malformed
        state = .rest
    }

    /// So many bytes in one piece; false while they are not there.
    private mutating func take(_ count: Int, _ reader: inout ByteReader, _ body: (RawSpan) -> Void) -> Bool {
        if head.isEmpty, let bytes = reader.bytes(count) {
            body(bytes)
            return true
        }
        reader.bytes(upTo: count - head.count).withUnsafeBytes { head.append(contentsOf: $0) }
        guard head.count == count else { return false }
        let whole = head
        head = []
        body(whole.span.bytes)
        return true
    }
}

extension RawSpan {
    /// The first four bytes as a number in the order of Intel's processors.
    fileprivate var littleEndian32: UInt32 {
        var reader = ByteReader(self)
        return UInt32(truncatingIfNeeded: reader.littleEndian(4) ?? 0)
    }
}
