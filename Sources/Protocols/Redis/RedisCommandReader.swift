/// Reads what a client sends: arrays of strings, and lines.
///
///     *3 ␍␊ $3 ␍␊ SET ␍␊ $3 ␍␊ key ␍␊ $5 ␍␊ value ␍␊        GET key ␍␊
///
/// Arguments that are not wanted are counted as they go by.
struct RedisCommandReader {
    private static let mostArguments = 1 << 20
    private static let longestArgument = 1 << 40

    /// What is known of a command.
    struct Draft {
        var name = ""
        var first = RedisNames.FirstArgument.key
        var key: [UInt8]?
        var isKeyCut = false
        var user: String?
        var argumentCount = 0
        var valueBytes: UInt64 = 0
        var isInline = false
    }

    private enum State {
        case start
        case line
        case count
        case length
        /// Bytes of an argument still to come, its line's end included, and those of it that are wanted.
        case argument(left: Int, wanted: Int)
    }

    private var state = State.start
    private var line = RedisLine()
    private var draft = Draft()
    private var argumentsLeft = 0
    /// The beginning of an argument that comes in pieces.
    private var kept: [UInt8] = []
    private var failure: ParserFailure?

    var heldBytes: Int { line.heldBytes + kept.count + (draft.key?.count ?? 0) }

    /// - Returns: why it cannot be read on; nil if it can.
    mutating func feed(_ reader: inout ByteReader, _ give: (Draft) -> Bool) -> ParserFailure? {
        while !reader.isAtEnd {
            switch state {
            case .start:
                draft = Draft()
                state = reader.peek() == UInt8(ascii: "*") ? .count : .line
            case .line:
                var isDone = false
                var text = Draft()
                let isWhole = line.take(&reader) { line in isDone = Self.readLine(line, into: &text) }
                guard isWhole else { return nil }
                state = .start
                if isDone, !give(text) { return nil }
            case .count:
                guard let count = number(&reader, UInt8(ascii: "*")) else { return failure }
                guard count <= Self.mostArguments else { return .tooLong }
                (argumentsLeft, state) = (count, count > 0 ? .length : .start)
                draft.argumentCount = max(0, count)
            case .length:
                guard let length = number(&reader, UInt8(ascii: "$")) else { return failure }
                guard length >= 0, length <= Self.longestArgument else { return .malformed }
                state = .argument(left: length + 2, wanted: min(length, wanted))
                let place = draft.argumentCount - argumentsLeft
                if place == 1, draft.first == .key { draft.isKeyCut = wanted < length }
                if place > 1 || place == 1 && draft.first == .value { draft.valueBytes &+= UInt64(length) }
            case .argument(let left, let wanted):
                if kept.isEmpty, let argument = reader.bytes(left) {
                    guard takeArgument(argument.extracting(first: wanted), give) else { return failure }
                    continue
                }
                let piece = reader.bytes(upTo: left)
                piece.extracting(first: min(piece.byteCount, wanted - kept.count)).withUnsafeBytes { kept.append(contentsOf: $0) }
                state = .argument(left: left - piece.byteCount, wanted: wanted)
                guard piece.byteCount == left else { return nil }
                let argument = kept
                kept = []
                guard takeArgument(argument.span.bytes, give) else { return failure }
            }
        }
        return nil
    }

    /// Bytes that are wanted of the argument at hand.
    private var wanted: Int {
        switch draft.argumentCount - argumentsLeft {
        case 0: 64
        case 1 where draft.first == .key: RedisCommand.longestKey
        case 1 where draft.first == .subcommand: 32
        // A user's name, if a password is behind it.
        case 1 where draft.first == .secret && draft.argumentCount == 3: 64
        default: 0
        }
    }

    /// A line of a type and a number; nil while it is not whole, or with a failure.
    private mutating func number(_ reader: inout ByteReader, _ type: UInt8) -> Int? {
        var value: Int?
        failure = nil
        let isWhole = line.take(&reader) { line in
            var number = ByteReader(line)
            if line.byteCount <= RedisLine.longestNumber, number.uint8() == type { value = number.bytes(upTo: number.count).decimal }
        }
        if isWhole ? value == nil : line.byteCount > RedisLine.longestNumber + 1 { failure = .malformed }
        return value
    }

    /// - Returns: false to stop.
    private mutating func takeArgument(_ argument: RawSpan, _ give: (Draft) -> Bool) -> Bool {
        failure = nil
        let place = draft.argumentCount - argumentsLeft
        if place == 0 {
            guard argument.isCommandName, !argument.isEmpty else {
                failure = .malformed
                return false
            }
            draft.name = argument.uppercasedName
            draft.first = RedisNames.firstArgument(of: draft.name)
        } else if place == 1 {
            Self.takeFirst(argument, &draft)
        }
        argumentsLeft -= 1
        state = .length
        guard argumentsLeft == 0 else { return true }
        state = .start
        var whole = draft
        draft = Draft()
        whole.hideSecrets()
        return give(whole)
    }

    private static func takeFirst(_ argument: RawSpan, _ draft: inout Draft) {
        switch draft.first {
        case .key: draft.key = argument.copied
        case .subcommand:
            if argument.isCommandName { draft.name += " " + argument.uppercasedName }
        case .secret where draft.argumentCount == 3: draft.user = argument.text
        case .secret, .value: break
        }
    }

    /// A command's words, of which the first two are wanted.
    private static func readLine(_ line: RawSpan, into draft: inout Draft) -> Bool {
        var rest = ByteReader(line)
        var words = 0
        draft.isInline = true
        while !rest.isAtEnd {
            var ahead = rest
            let tail = ahead.bytes(upTo: ahead.count)
            let length = tail.firstPlace(of: 0x20) ?? tail.byteCount
            let word = rest.bytes(upTo: length)
            _ = rest.uint8()
            guard length > 0 else { continue }
            words += 1
            switch words {
            case 1:
                draft.name = word.isCommandName ? word.uppercasedName : "?"
                draft.first = RedisNames.firstArgument(of: draft.name)
            case 2:
                draft.argumentCount = 2
                // Whether a password follows is not known yet.
                if draft.first == .value { draft.valueBytes = UInt64(length) }
                draft.isKeyCut = length > RedisCommand.longestKey
                if draft.first != .secret { takeFirst(word.extracting(first: min(length, RedisCommand.longestKey)), &draft) }
            default: draft.valueBytes &+= UInt64(word.byteCount)
            }
        }
        draft.argumentCount = words
        draft.hideSecrets()
        return words > 0
    }

    /// So many bytes will not come.
    ///
    /// - Returns: whether they are all of an argument.
    mutating func skip(_ byteCount: Int, _ give: (Draft) -> Bool) -> Bool {
        guard case .argument(let left, let wanted) = state, byteCount <= left else { return false }
        if byteCount < left {
            // What is wanted ends at the hole.
            state = .argument(left: left - byteCount, wanted: min(wanted, kept.count))
            if wanted > kept.count { draft.isKeyCut = true }
            return true
        }
        let argument = kept
        kept = []
        if wanted > argument.count { draft.isKeyCut = true }
        return takeArgument(argument.span.bytes, give)
    }
}

extension RedisCommandReader.Draft {
    /// Passwords are not even counted.
    fileprivate mutating func hideSecrets() {
        if RedisNames.holdsSecrets(name) { valueBytes = 0 }
    }
}
