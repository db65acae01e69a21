/// Reads what a server sends: values, within each other.
///
///     +OK ␍␊   -ERR what ␍␊   :7 ␍␊   $5 ␍␊ value ␍␊   *2 ␍␊ :1 ␍␊ :2 ␍␊   %1 ␍␊ +a ␍␊ :1 ␍␊        what is behind a count is that many values
///
/// How many are still to come stands in a stack of limited depth. Of a value its kind and size are told, and the first strings within it, of which what is
/// pushed consists.
struct RedisReplyReader {
    private static let mostDepth = 128
    private static let longestString = 1 << 40
    /// Of a kind of what is pushed, and of a channel.
    private static let longestHead = RedisCommand.longestKey

    /// A whole value of the outermost level.
    struct Value {
        var reply: RedisReply
        /// The first two strings within it, and the third one's length.
        var heads: (kind: [UInt8], channel: [UInt8]) = ([], [])
        var isChannelCut = false
        var payloadBytes: UInt64 = 0
    }

    private enum State {
        case start
        /// Bytes of a string still to come, its line's end included, and those of it that are wanted.
        case string(left: Int, wanted: Int)
    }

    private var state = State.start
    private var line = RedisLine()
    /// Values still to come at each level.
    private var stack: [Int] = []
    private var value: Value?
    /// The place within the outermost value.
    private var place = 0
    private var kept: [UInt8] = []

    var heldBytes: Int { line.heldBytes + kept.count + 8 * stack.count }
    /// Whether what comes next begins a value.
    var isBetweenValues: Bool { if case .start = state { value == nil && line.byteCount == 0 } else { false } }

    /// - Returns: why it cannot be read on; nil if it can.
    mutating func feed(_ reader: inout ByteReader, _ give: (Value) -> Bool) -> ParserFailure? {
        while !reader.isAtEnd {
            switch state {
            case .start:
                if line.byteCount == 0, let type = reader.peek(), !Self.isType(type) { return .malformed }
                var header: Header?
                let isWhole = line.take(&reader) { header = Header($0) }
                guard isWhole else { return nil }
                guard let header else { return .malformed }
                switch header {
                case .leaf(let reply): if !finishLeaf(reply, give) { return nil }
                case .string(let kind, let length):
                    guard length <= Self.longestString else { return .malformed }
                    let wanted = stack.count == 1 && place < 2 || stack.isEmpty && kind == .error ? Self.longestHead : 0
                    begin(kind, UInt64(length))
                    state = .string(left: length + 2, wanted: min(wanted, length))
                    if stack.count == 1, place == 1 { value?.isChannelCut = length > Self.longestHead }
                case .values(let kind, let count, let values):
                    begin(kind, UInt64(count))
                    if values == 0 {
                        if !finishValue(give) { return nil }
                    } else {
                        guard stack.count < Self.mostDepth else { return .tooLong }
                        stack.append(values)
                    }
                }
            case .string(let left, let wanted):
                if kept.isEmpty, let string = reader.bytes(left) {
                    if !finishString(string.extracting(first: wanted), give) { return nil }
                    continue
                }
                let piece = reader.bytes(upTo: left)
                piece.extracting(first: min(piece.byteCount, wanted - kept.count)).withUnsafeBytes { kept.append(contentsOf: $0) }
                state = .string(left: left - piece.byteCount, wanted: wanted)
                guard piece.byteCount == left else { return nil }
                let string = kept
                kept = []
                if !finishString(string.span.bytes, give) { return nil }
            }
        }
        return nil
    }

    /// What a line of a type begins, or is.
    private enum Header {
        case leaf(RedisReply)
        case string(RedisReply.Kind, Int)
        /// A map has two values for each that it counts, an attribute has the value that it is of behind them.
        case values(RedisReply.Kind, Int, Int)

        init?(_ line: RawSpan) {
            var reader = ByteReader(line)
            guard let type = reader.uint8() else { return nil }
            let rest = reader.bytes(upTo: reader.count)
            switch type {
            case "+": self = .leaf(RedisReply(kind: .status, text: rest.extracting(first: min(64, rest.byteCount)).text))
            case "-": self = .leaf(RedisReply(kind: .error, text: rest.errorText))
            case ":":
                guard rest.decimal != nil else { return nil }
                self = .leaf(RedisReply(kind: .integer))
            case "_": self = .leaf(RedisReply(kind: .null))
            case "#": self = .leaf(RedisReply(kind: .boolean))
            case ",", "(": self = .leaf(RedisReply(kind: .number))
            default:
                guard line.byteCount <= RedisLine.longestNumber, let count = rest.decimal, count >= -1, count <= 1 << 40 else { return nil }
                if count < 0 {
                    guard type == UInt8(ascii: "$") || type == UInt8(ascii: "*") else { return nil }
                    self = .leaf(RedisReply(kind: .null))
                    return
                }
                switch type {
                case "$", "=": self = .string(.string, count)
                case "!": self = .string(.error, count)
                case "*": self = .values(.array, count, count)
                case "~": self = .values(.set, count, count)
                case ">": self = .values(.push, count, count)
                case "%": self = .values(.map, count, 2 * count)
                case "|": self = .values(.attribute, count, 2 * count + 1)
                default: return nil
                }
            }
        }
    }

    private static func isType(_ byte: UInt8) -> Bool {
        switch byte {
        case "+", "-", ":", "$", "*", "_", "#", ",", "(", "!", "=", "%", "~", ">", "|": true
        default: false
        }
    }

    // MARK: Values

    private mutating func begin(_ kind: RedisReply.Kind, _ count: UInt64?) {
        if stack.isEmpty {
            (value, place) = (Value(reply: RedisReply(kind: kind, count: count)), 0)
        } else if stack.count == 1, place == 2 {
            value?.payloadBytes = kind == .string ? count ?? 0 : 0
        } else if stack.count == 1, place == 3, kind == .string {
            // A pattern's message has its channel before its payload.
            value?.payloadBytes = count ?? 0
        }
    }

    private mutating func finishLeaf(_ reply: RedisReply, _ give: (Value) -> Bool) -> Bool {
        if stack.isEmpty { (value, place) = (Value(reply: reply), 0) } else if reply.kind == .error { value?.reply.innerErrors &+= 1 }
        return finishValue(give)
    }

    private mutating func finishString(_ string: RawSpan, _ give: (Value) -> Bool) -> Bool {
        state = .start
        if stack.isEmpty, value?.reply.kind == .error { value?.reply.text = string.errorText }
        if stack.count == 1 {
            if place == 0 { value?.heads.kind = string.copied } else if place == 1 { value?.heads.channel = string.copied }
        }
        return finishValue(give)
    }

    /// A value is whole, and so may be those that it is the last of.
    private mutating func finishValue(_ give: (Value) -> Bool) -> Bool {
        while let left = stack.last {
            if stack.count == 1 { place += 1 }
            if left > 1 {
                stack[stack.count - 1] = left - 1
                return true
            }
            stack.removeLast()
        }
        guard let whole = value else { return true }
        value = nil
        return give(whole)
    }

    /// So many bytes will not come.
    ///
    /// - Returns: whether they are all of a string.
    mutating func skip(_ byteCount: Int, _ give: (Value) -> Bool) -> Bool {
        guard case .string(let left, let wanted) = state, byteCount <= left else { return false }
        if byteCount < left {
            state = .string(left: left - byteCount, wanted: min(wanted, kept.count))
            return true
        }
        let string = kept
        kept = []
        _ = finishString(string.span.bytes, give)
        return true
    }
}

extension RawSpan {
    /// Servers repeat what they do not understand, and it may be a password.
    fileprivate var errorText: String {
        let text = short
        guard let end = text.firstRange(of: ", with args beginning with") else { return text }
        return String(text[..<end.lowerBound])
    }
}
