/// Tells MySQL by the server's greeting, which comes first, or by its refusal; or, of a connection whose beginning was not seen, by a command that is the
/// whole of a chunk and begins like SQL.
enum MySQLProbe {
    static func judge(_ bytes: RawSpan) -> ProbeAnswer {
        var reader = ByteReader(bytes)
        guard let length = reader.littleEndian(3) else { return .unsure }
        guard length > 0, length <= 1 << 20 else { return .notMine }
        guard let number = reader.uint8() else { return .unsure }
        guard number == 0 else { return .notMine }
        guard let first = reader.uint8() else { return .unsure }
        switch first {
        case 10: return judgeGreeting(&reader, length: Int(length))
        case 0xff: return judgeRefusal(&reader, length: Int(length))
        case MySQLCommand.query, MySQLCommand.prepare:
            return bytes.byteCount == Int(length) + MySQLPackets.headerLength && beginsLikeSQL(&reader) ? .mine : .notMine
        default: return .notMine
        }
    }

    /// Whether a connection's first packet may begin with these bytes, or its middle with a command.
    static func couldBegin(_ bytes: RawSpan) -> Bool {
        var reader = ByteReader(bytes)
        guard let length = reader.littleEndian(3) else { return true }
        guard length > 0, let number = reader.uint8() else { return length > 0 }
        guard number == 0, let first = reader.uint8() else { return number == 0 }
        return first == 10 || first == 0xff || first == MySQLCommand.query || first == MySQLCommand.prepare
    }

    /// Protocol 10, version, thread, eight bytes, zero, capabilities.
    private static func judgeGreeting(_ reader: inout ByteReader, length: Int) -> ProbeAnswer {
        guard length >= 32, length <= 512 else { return .notMine }
        let head = reader.bytes(upTo: 128)
        let end = head.firstPlace(of: 0)
        let version = head.extracting(first: end ?? head.byteCount)
        var letters = ByteReader(version)
        if let digit = letters.uint8(), !(0x30...0x39).contains(digit) { return .notMine }
        while let letter = letters.uint8() { guard letter > 0x20, letter < 0x7f else { return .notMine } }
        guard let end else { return head.byteCount < 64 ? .unsure : .notMine }
        guard end >= 3, end <= 64 else { return .notMine }
        var rest = ByteReader(head.extracting((end + 1)...))
        // Version, thread, scramble, a zero, and capabilities of the protocol of 4.1.
        guard rest.bytes(12) != nil, let zero = rest.uint8(), let capabilities = rest.littleEndian(2) else { return .unsure }
        return zero == 0 && UInt32(capabilities) & MySQLPackets.Capability.protocol41 != 0 ? .mine : .notMine
    }

    /// An error in the greeting's place: "Too many connections", "Host … is blocked".
    private static func judgeRefusal(_ reader: inout ByteReader, length: Int) -> ProbeAnswer {
        guard length >= 8, length <= 512 else { return .notMine }
        guard let code = reader.littleEndian(2) else { return .unsure }
        guard 1000...4999 ~= code else { return .notMine }
        let text = reader.bytes(upTo: length - 3)
        var letters = ByteReader(text)
        while let letter = letters.uint8() { guard letter >= 0x20, letter != 0x7f else { return .notMine } }
        return text.byteCount < length - 3 ? .unsure : reader.isAtEnd ? .mine : .notMine
    }

    private static let verbs: Set<[UInt8]> = Set(
        [
            "SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "SET", "SHOW", "BEGIN", "COMMIT", "ROLLBACK", "START", "CREATE", "DROP", "ALTER",
            "TRUNCATE", "CALL",
            "USE", "WITH", "EXPLAIN", "DESCRIBE", "LOCK", "UNLOCK", "ANALYZE", "OPTIMIZE", "LOAD", "GRANT", "REVOKE", "KILL", "FLUSH", "PREPARE", "EXECUTE",
        ].map { Array($0.utf8) })

    private static func beginsLikeSQL(_ reader: inout ByteReader) -> Bool {
        // Attributes of the query: none, one set of them.
        if reader.peek() == 0 { _ = reader.bytes(2) }
        var word: [UInt8] = []
        while let letter = reader.uint8(), word.count < 12 {
            guard letter & 0xdf >= 0x41, letter & 0xdf <= 0x5a else { return verbs.contains(word) && (letter == 0x20 || 9...13 ~= letter || letter == 0x3b) }
            word.append(letter & 0xdf)
        }
        return reader.isAtEnd && verbs.contains(word)
    }
}
