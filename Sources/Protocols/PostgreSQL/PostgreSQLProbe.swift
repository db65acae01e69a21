/// Tells PostgreSQL by what a direction begins with: a startup message, or an answer to one; or by messages that fill a chunk to its end and are beyond
/// doubt, of a connection whose beginning was not seen.
enum PostgreSQLProbe {
    static func judge(_ bytes: RawSpan) -> ProbeAnswer {
        var reader = ByteReader(bytes)
        guard let first = reader.uint8() else { return .unsure }
        return first == 0 ? judgeStartup(bytes) : judgeMessages(bytes)
    }

    private static func judgeStartup(_ bytes: RawSpan) -> ProbeAnswer {
        guard bytes.byteCount >= PostgreSQLMessages.startupHeaderLength else { return couldBegin(bytes) ? .unsure : .notMine }
        guard let extent = PostgreSQLMessages.measureStartup(bytes.extracting(first: PostgreSQLMessages.startupHeaderLength)) else { return .notMine }
        var reader = ByteReader(bytes)
        guard reader.uint32() != nil, let code = reader.uint32() else { return .notMine }
        guard PostgreSQLMessages.StartupCode.isVersion(code) else { return bytes.byteCount <= extent.length ? .mine : .notMine }
        // The first parameter's name: "user", or another of letters and signs.
        let name = reader.bytes(upTo: 64)
        let end = name.firstPlace(of: 0)
        var letters = ByteReader(name.extracting(first: end ?? name.byteCount))
        while let letter = letters.uint8() {
            guard letter == 0x5f || letter == 0x2e || letter & 0xdf >= 0x41 && letter & 0xdf <= 0x5a else { return .notMine }
        }
        guard let end else { return name.byteCount < min(64, extent.length - 8) ? .unsure : .notMine }
        return end > 0 ? .mine : .notMine
    }

    /// Fewer bytes than a startup message's length and code.
    private static func couldBegin(_ bytes: RawSpan) -> Bool {
        var reader = ByteReader(bytes)
        guard reader.uint8() == 0 else { return false }
        guard let second = reader.uint8() else { return true }
        guard second == 0 else { return false }
        guard let length = reader.uint16() else { return true }
        guard length >= 8, length <= 10_000 else { return false }
        guard let major = reader.uint16() else { return true }
        return major == 3 || major == 1234
    }

    /// Only whole chunks of whole messages, and one of them that nothing else looks like.
    private static func judgeMessages(_ bytes: RawSpan) -> ProbeAnswer {
        var reader = ByteReader(bytes)
        guard let first = reader.uint8(), let fromClient = PostgreSQLMessages.isClients(first) else { return .notMine }
        reader = ByteReader(bytes)
        // More are a large chunk's, of which the first say enough.
        var (isSure, rest) = (false, 64)
        while !reader.isAtEnd, rest > 0 {
            rest -= 1
            let start = reader.offset
            guard let header = reader.bytes(PostgreSQLMessages.headerLength),
                let extent = PostgreSQLMessages.measure(header, fromClient: fromClient),
                let body = reader.bytes(extent.length - PostgreSQLMessages.headerLength)
            else { return .notMine }
            if isBeyondDoubt(bytes.extracting(start..<start + 1), body, fromClient: fromClient) { isSure = true }
        }
        return isSure ? .mine : .notMine
    }

    private static func isBeyondDoubt(_ type: RawSpan, _ body: RawSpan, fromClient: Bool) -> Bool {
        var (kind, reader) = (ByteReader(type), ByteReader(body))
        guard let letter = kind.uint8() else { return false }
        switch (fromClient, letter) {
        // A text of printable characters, and its zero at the end.
        case (true, "Q"):
            let isText = body.byteCount > 3 && body.firstPlace(of: 0) == body.byteCount - 1
            return isText && isPrintable(body.extracting(first: min(body.byteCount - 1, 16)))
        case (true, "P"):
            guard reader.zeroEnded() != nil, let text = reader.zeroEnded(), let types = reader.uint16() else { return false }
            return text.byteCount > 2 && isPrintable(text.extracting(first: min(text.byteCount, 16))) && reader.count == 4 * Int(types)
        case (false, "R"):
            guard let code = reader.uint32() else { return false }
            switch code {
            case 0, 2, 3, 6, 7, 9: return body.byteCount == 4
            case 5: return body.byteCount == 8
            case 10: return body.byteCount > 8 && isPrintable(body.extracting(4..<8))
            default: return false
            }
        case (false, "Z"): return reader.uint8().map { [0x49, 0x54, 0x45].contains($0) } ?? false
        default: return false
        }
    }

    private static func isPrintable(_ text: RawSpan) -> Bool {
        var reader = ByteReader(text)
        while let byte = reader.uint8() { guard byte >= 0x20 && byte != 0x7f || 9...13 ~= byte else { return false } }
        return true
    }
}
