/// Tells MongoDB by a message's header, and by the document that it has to begin with; so its connections are recognised in the middle as well.
enum MongoDBProbe {
    static func judge(_ bytes: RawSpan) -> ProbeAnswer {
        guard bytes.byteCount >= MongoDBReader.headerLength else { return couldBegin(bytes) ? .unsure : .notMine }
        guard let header = MongoDBReader.header(bytes.extracting(first: MongoDBReader.headerLength)) else { return .notMine }
        var reader = ByteReader(bytes.extracting(MongoDBReader.headerLength...))
        let length = header.length - MongoDBReader.headerLength
        switch header.opcode {
        case MongoDBOpcode.message:
            guard let flags = reader.littleEndian(4) else { return .unsure }
            guard UInt32(flags) & MongoDBReader.unknownFlags == 0, flags >> 17 == 0 else { return .notMine }
            guard let kind = reader.uint8() else { return .unsure }
            return kind == 0 ? judgeDocument(&reader, most: length - 5) : .notMine
        case MongoDBOpcode.query:
            guard let flags = reader.littleEndian(4) else { return .unsure }
            guard flags <= 0xff, header.responseTo == 0 else { return .notMine }
            let rest = reader.bytes(upTo: 128)
            guard let end = rest.firstPlace(of: 0) else { return rest.byteCount < 128 && rest.isPrintableASCII ? .unsure : .notMine }
            guard end > 2, rest.extracting(first: end).isPrintableASCII, rest.extracting(first: end).firstPlace(of: 0x2e) != nil else { return .notMine }
            var behind = ByteReader(rest.extracting((end + 1)...))
            guard behind.bytes(8) != nil else { return .unsure }
            return judgeDocument(&behind, most: length - 4 - end - 9)
        case MongoDBOpcode.compressed:
            guard let opcode = reader.littleEndian(4), let size = reader.littleEndian(4), let compressor = reader.uint8() else { return .unsure }
            return opcode == UInt64(MongoDBOpcode.message) && size > 4 && size <= 48_000_000 && compressor <= 3 ? .mine : .notMine
        default: return .notMine
        }
    }

    /// A length that fits, an element's type, and a name that begins with a letter, or with `$`.
    private static func judgeDocument(_ reader: inout ByteReader, most: Int) -> ProbeAnswer {
        guard let length = reader.littleEndian(4), let type = reader.uint8(), let letter = reader.uint8() else { return .unsure }
        guard length > 6, length <= most else { return .notMine }
        switch type {
        case 1...5, 7, 8, 0x10, 0x12: return letter == 0x24 || letter & 0xdf >= 0x41 && letter & 0xdf <= 0x5a ? .mine : .notMine
        default: return .notMine
        }
    }

    private static func couldBegin(_ bytes: RawSpan) -> Bool {
        var reader = ByteReader(bytes)
        guard let length = reader.littleEndian(4) else { return true }
        guard length > 20, length <= 48_000_000 + (16 << 10) else { return false }
        guard reader.bytes(8) != nil, let low = reader.littleEndian(2) else { return true }
        return MongoDBOpcode.isKnown(UInt32(low))
    }
}

extension RawSpan {
    fileprivate var isPrintableASCII: Bool {
        var reader = ByteReader(self)
        while let byte = reader.uint8() { guard byte >= 0x20, byte < 0x7f else { return false } }
        return true
    }
}
