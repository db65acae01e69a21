extension TLSParser {
    /// A direction's first bytes are TLS when they begin with a record, and, if that one holds a handshake, with a hello in it.
    ///
    ///     | 22         | 3.x | length || 1 or 2 | length | 3.x ····   a hello
    ///     | 20, 21, 23 | 3.x | length |                               TLS that began earlier
    ///     | 1, length  | 1   | 0.2 or 3.x | lengths that agree ····   SSL 2's format of the ClientHello
    ///
    /// At most 11 bytes are needed, and 5 more for each of up to three empty records before.
    public static func probe(_ bytes: RawSpan) -> ProbeAnswer {
        if let answer = probeSSLv2(bytes) { return answer }
        var reader = ByteReader(bytes)
        for _ in 0..<4 {
            let rest = reader
            var bits = SplitInteger()
            guard let header = bits.next(TLSRecordHeader.byteCount, from: &reader) else { return mayBegin(rest) ? .unsure : .notMine }
            guard let record = TLSRecordHeader(header), header >> 24 & 0xff == 3 else { return .notMine }
            switch record.type {
            case .changeCipherSpec: return record.length == 1 ? .mine : .notMine
            case .alert, .applicationData: return record.length > 0 ? .mine : .notMine
            case .heartbeat: return .notMine
            case .handshake: break
            }
            if record.length > 0 { return probeHello(reader, in: record) }
        }
        return .notMine
    }

    /// A ClientHello in a record of its own, as after STARTTLS or CONNECT.
    public static func probeLater(_ bytes: RawSpan) -> Bool {
        var reader = ByteReader(bytes)
        guard reader.uint8() == TLSContentType.handshake.rawValue, reader.uint16() != nil, let length = reader.uint16(), length >= 6,
            reader.uint8() == 1, reader.count >= 5
        else { return false }
        return probe(bytes) == .mine
    }

    /// The first bytes of such a ClientHello.
    public static func mayBeCutLater(_ bytes: RawSpan) -> Bool {
        guard (1...10).contains(bytes.byteCount), bytes.byte(0) == TLSContentType.handshake.rawValue else { return false }
        if bytes.byteCount > 5, bytes.byte(5) != 1 { return false }
        if bytes.byteCount >= 5, bytes.uint16(3) < 6 { return false }
        return probe(bytes) == .unsure
    }

    /// Whether a record's header may begin with these bytes, fewer than it has.
    private static func mayBegin(_ reader: consuming ByteReader) -> Bool {
        guard let type = reader.uint8() else { return true }
        guard TLSContentType(rawValue: type) != nil, type != TLSContentType.heartbeat.rawValue else { return false }
        guard let major = reader.uint8() else { return true }
        return major == 3
    }

    /// Whether a hello begins after the header of this record.
    private static func probeHello(_ reader: consuming ByteReader, in record: TLSRecordHeader) -> ProbeAnswer {
        guard let type = reader.uint8() else { return .unsure }
        let isClient = type == 1
        guard isClient || type == 2 else { return .notMine }
        // A record too short for the message's header or version: rare, and allowed.
        guard record.length >= 4 else { return .mine }
        guard let length = reader.uint24() else { return .unsure }
        guard length >= 38, length <= HelloSearch.longestHello, !isClient || record.length <= length + 4 else { return .notMine }
        guard record.length >= 6 else { return .mine }
        guard let version = reader.uint16() else { return .unsure }
        return TLSVersion(rawValue: version).isTLS ? .mine : .notMine
    }

    /// Whether these bytes begin with SSL 2's format of the ClientHello; nil when another format is to be tried.
    private static func probeSSLv2(_ bytes: RawSpan) -> ProbeAnswer? {
        var reader = ByteReader(bytes)
        guard let first = reader.uint8(), first >= 0x80 else { return nil }
        guard reader.uint8() != nil, let type = reader.uint8() else { return .unsure }
        guard type == 1 else { return .notMine }
        var bits = SplitInteger()
        reader = ByteReader(bytes)
        guard let header = bits.next(SSLv2HelloHeader.byteCount, from: &reader) else { return .unsure }
        guard let hello = SSLv2HelloHeader(header) else { return .notMine }
        guard let specs = reader.uint16(), let id = reader.uint16(), let challenge = reader.uint16() else { return .unsure }
        let isWhole = hello.length == 8 + Int(specs) + Int(id) + Int(challenge)
        return isWhole && specs % 3 == 0 && (id == 0 || id == 16) && (16...32).contains(challenge) ? .mine : .notMine
    }
}
