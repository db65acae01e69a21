/// Walks over a BSON document as it comes (bsonspec.org), and keeps of it what tells of a command or its outcome.
///
///     | length | type | name 0 | value | type | name 0 | value | … | 0 |        values have a fixed length, or say theirs
///
/// It goes into a cursor and counts the documents of its batch, and the errors of writes; all else it steps over by its length, so that depth costs nothing.
struct MongoDBDocument {
    /// What is found.
    struct Facts {
        var name: String?
        /// The value of the first element, where that is a text.
        var subject: String?
        var database: String?
        var collection: String?
        var namespace: String?
        var cursor: Int64?
        var batch: UInt64?
        var affected: Int64?
        var modified: Int64?
        var writeErrors: UInt32 = 0
        var isOK: Bool?
        var code: Int64?
        var codeName: String?
        var message: String?
        var mechanism: String?
    }

    enum Outcome { case wantsMore, done, malformed }

    /// Names that mean something.
    private enum Key {
        case other, database, collection, cursor, batch, cursorID, namespace, ok, affected, modified, writeErrors, code, codeName, message, mechanism
    }

    private enum State {
        case length
        case type
        case name(UInt8)
        /// A number of up to eight bytes.
        case number(UInt8, Int)
        /// A value that says its length first.
        case counted(UInt8)
        /// A text, its zero included.
        case text(left: Int, length: Int)
        case skip(Int)
        /// Texts that end with a zero, so many.
        case zeroEnded(Int)
    }

    /// A document that it is in.
    private struct Level {
        var end: Int
        /// Whether elements are counted and no more.
        var countsAs: Key
    }

    private static let longestText = 256
    private static let longestName = 64

    private(set) var facts = Facts()
    private var state = State.length
    private var levels: [Level] = []
    private var key = Key.other
    private var place = 0
    private var limit: Int
    private var partial: UInt64 = 0
    private var partialCount = 0
    private var text: [UInt8] = []
    private var isFirst = true

    /// - Parameter limit: bytes that it may have.
    init(limit: Int) { self.limit = limit }

    var heldBytes: Int { text.count }

    mutating func feed(_ reader: inout ByteReader) -> Outcome {
        while !reader.isAtEnd {
            switch state {
            case .length:
                guard let length = number(4, &reader) else { return .wantsMore }
                let end = place - 4 + Int(length)
                guard length >= 5, end <= levels.last?.end ?? limit else { return .malformed }
                levels.append(Level(end: end, countsAs: levels.isEmpty ? .other : key))
                state = .type
            case .type:
                guard let level = levels.last, let type = number(1, &reader) else { return .wantsMore }
                guard place <= level.end else { return .malformed }
                if type == 0 {
                    guard place == level.end else { return .malformed }
                    levels.removeLast()
                    if levels.isEmpty { return .done }
                } else {
                    state = .name(UInt8(truncatingIfNeeded: type))
                }
            case .name(let type):
                guard takeName(&reader) else { return .wantsMore }
                guard beginValue(type) else { return .malformed }
            case .number(let type, let size):
                guard let bits = number(size, &reader) else { return .wantsMore }
                takeNumber(type, bits)
                state = .type
            case .counted(let type):
                guard let length = number(4, &reader) else { return .wantsMore }
                guard beginCounted(type, Int(length)) else { return .malformed }
            case .text(let left, let length):
                if text.isEmpty, let whole = reader.bytes(left) {
                    place += left
                    takeText(whole.extracting(first: min(Self.longestText, left - 1)).text)
                    state = .type
                    continue
                }
                let piece = reader.bytes(upTo: left)
                place += piece.byteCount
                let room = Self.longestText - text.count
                if room > 0 { piece.extracting(first: min(room, piece.byteCount)).withUnsafeBytes { text.append(contentsOf: $0) } }
                guard piece.byteCount == left else {
                    state = .text(left: left - piece.byteCount, length: length)
                    return .wantsMore
                }
                takeText(String(decoding: text.prefix(length - 1), as: UTF8.self))
                text = []
                state = .type
            case .skip(let count):
                let step = reader.bytes(upTo: count).byteCount
                place += step
                state = step == count ? .type : .skip(count - step)
            case .zeroEnded(let count):
                guard takeUpToZero(&reader, { _ in }) else { return .wantsMore }
                state = count > 1 ? .zeroEnded(count - 1) : .type
            }
        }
        return .wantsMore
    }

    /// An integer of little-endian bytes, which may come in pieces.
    private mutating func number(_ byteCount: Int, _ reader: inout ByteReader) -> UInt64? {
        if partialCount == 0, let value = reader.littleEndian(byteCount) {
            place += byteCount
            return value
        }
        while partialCount < byteCount {
            guard let byte = reader.uint8() else { return nil }
            partial |= UInt64(byte) << UInt64(8 * partialCount)
            partialCount += 1
            place += 1
        }
        defer { (partial, partialCount) = (0, 0) }
        return partial
    }

    /// What comes up to the next zero, which is read as well; false while there is none.
    private mutating func takeUpToZero(_ reader: inout ByteReader, _ body: (RawSpan) -> Void) -> Bool {
        var ahead = reader
        let rest = ahead.bytes(upTo: ahead.count)
        let end = rest.firstPlace(of: 0)
        let count = end.map { $0 + 1 } ?? rest.byteCount
        _ = reader.bytes(upTo: count)
        place += count
        body(rest.extracting(first: end ?? rest.byteCount))
        return end != nil
    }

    private mutating func takeName(_ reader: inout ByteReader) -> Bool {
        // In one piece, as most are.
        var ahead = reader
        if text.isEmpty, let name = ahead.zeroEnded() {
            place += name.byteCount + 1
            reader = ahead
            use(name.extracting(first: min(Self.longestName, name.byteCount)))
            return true
        }
        var piece: [UInt8] = []
        let isWhole = takeUpToZero(&reader) { piece = $0.extracting(first: min(Self.longestName, $0.byteCount)).copied }
        text += piece.prefix(Self.longestName - text.count)
        guard isWhole else { return false }
        let name = text
        text = []
        use(name.span.bytes)
        return true
    }

    /// An element's name.
    private mutating func use(_ name: RawSpan) {
        key = .other
        switch levels.count {
        case 1:
            if facts.name == nil { facts.name = name.text } else { isFirst = false }
            key = Self.key(name)
        case 2 where levels[1].countsAs == .cursor:
            if name.equals("firstBatch") || name.equals("nextBatch") { key = .batch }
            else if name.equals("id") { key = .cursorID } else if name.equals("ns") { key = .namespace }
        case 2, 3: count(levels[levels.count - 1].countsAs)
        default: break
        }
    }

    private mutating func count(_ what: Key) {
        if what == .batch { facts.batch = (facts.batch ?? 0) &+ 1 } else if what == .writeErrors { facts.writeErrors &+= 1 }
    }

    private static func key(_ name: RawSpan) -> Key {
        if name.equals("$db") { return .database }
        if name.equals("ok") { return .ok }
        if name.equals("cursor") { return .cursor }
        if name.equals("n") { return .affected }
        if name.equals("nModified") { return .modified }
        if name.equals("writeErrors") { return .writeErrors }
        if name.equals("errmsg") { return .message }
        if name.equals("code") { return .code }
        if name.equals("codeName") { return .codeName }
        if name.equals("collection") { return .collection }
        if name.equals("mechanism") { return .mechanism }
        return .other
    }

    private mutating func beginValue(_ type: UInt8) -> Bool {
        switch type {
        case 0x01, 0x09, 0x11, 0x12: state = .number(type, 8)
        case 0x10: state = .number(type, 4)
        case 0x08: state = .number(type, 1)
        case 0x07: state = .skip(12)
        case 0x13: state = .skip(16)
        case 0x06, 0x0a, 0x7f, 0xff: state = .type
        case 0x03 where key == .cursor && levels.count == 1: state = .length
        case 0x04 where key == .writeErrors && levels.count == 1 || key == .batch && levels.count == 2:
            if key == .batch { facts.batch = facts.batch ?? 0 }
            state = .length
        case 0x02, 0x03, 0x04, 0x05, 0x0c, 0x0d, 0x0e, 0x0f: state = .counted(type)
        case 0x0b: state = .zeroEnded(2)
        default: return false
        }
        return true
    }

    private mutating func beginCounted(_ type: UInt8, _ length: Int) -> Bool {
        guard let end = levels.last?.end else { return false }
        let rest: Int
        switch type {
        case 0x02, 0x0d, 0x0e: rest = length >= 1 ? length : -1
        case 0x05: rest = length + 1
        case 0x0c: rest = length + 12
        default: rest = length >= 5 ? length - 4 : -1
        }
        guard rest >= 0, rest <= end - place else { return false }
        state = type == 0x02 && levels.count <= 2 && (key != .other || isFirst) ? .text(left: rest, length: rest) : .skip(rest)
        return true
    }

    // MARK: Values

    private mutating func takeNumber(_ type: UInt8, _ bits: UInt64) {
        guard key != .other else { return }
        let value: Int64
        switch type {
        case 0x01:
            let number = Double(bitPattern: bits)
            value = number.magnitude < 1e15 ? Int64(number) : 0
        case 0x10: value = Int64(Int32(truncatingIfNeeded: bits))
        default: value = Int64(bitPattern: bits)
        }
        switch key {
        case .ok: facts.isOK = value != 0
        case .cursorID: facts.cursor = value
        case .affected: facts.affected = value
        case .modified: facts.modified = value
        case .code: facts.code = value
        default: break
        }
    }

    private mutating func takeText(_ value: String) {
        if isFirst, levels.count == 1, facts.subject == nil { facts.subject = value }
        switch key {
        case .database: facts.database = value
        case .collection: facts.collection = value
        case .namespace: facts.namespace = value
        case .codeName: facts.codeName = value
        case .message: facts.message = value
        case .mechanism: facts.mechanism = value
        default: break
        }
    }
}
