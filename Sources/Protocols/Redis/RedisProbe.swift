/// Tells Redis by a client's command: an array of strings of which the first is the name of a command that there is. Replies alone could be anyone's.
/// Of commands in a line of their own only two are looked at, and the reply has to tell.
enum RedisProbe {
    /// Whether a connection may begin with a line of this name.
    static func mayBeginInline(_ name: String) -> Bool { name == "PING" || name == "INFO" }

    static func judge(_ bytes: RawSpan) -> ProbeAnswer {
        var reader = ByteReader(bytes)
        guard let first = reader.peek() else { return .unsure }
        guard first == UInt8(ascii: "*") else { return judgeLine(bytes) }
        _ = reader.uint8()
        switch number(&reader, most: 7) {
        case .value(let count): guard count > 0 else { return .notMine }
        case .unsure: return .unsure
        case .none: return .notMine
        }
        guard let kind = reader.uint8() else { return .unsure }
        guard kind == UInt8(ascii: "$") else { return .notMine }
        switch number(&reader, most: 2) {
        case .value(let length):
            guard 2...32 ~= length else { return .notMine }
            let name = reader.bytes(upTo: length)
            guard name.isCommandName else { return .notMine }
            guard name.byteCount == length else { return .unsure }
            return RedisNames.isCommand(name.uppercasedName) ? .mine : .notMine
        case .unsure: return .unsure
        case .none: return .notMine
        }
    }

    private enum Number {
        case value(Int)
        case unsure
        case none
    }

    /// Digits and the line's end.
    private static func number(_ reader: inout ByteReader, most digits: Int) -> Number {
        var (value, count) = (0, 0)
        while let byte = reader.uint8() {
            if byte == 13, count > 0 {
                guard let last = reader.uint8() else { return .unsure }
                return last == 10 ? .value(value) : .none
            }
            guard 0x30...0x39 ~= byte, count < digits, count > 0 || byte != 0x30 else { return .none }
            (value, count) = (10 * value + Int(byte & 15), count + 1)
        }
        return .unsure
    }

    private static func judgeLine(_ bytes: RawSpan) -> ProbeAnswer {
        guard bytes.byteCount <= 6 else { return .notMine }
        let text = bytes.uppercasedName
        return "PING\r\n".hasPrefix(text) || "INFO\r\n".hasPrefix(text) ? .unsure : .notMine
    }
}

extension RawSpan {
    /// Letters, digits and what modules have in names: "JSON.SET".
    var isCommandName: Bool {
        var reader = ByteReader(self)
        while let byte = reader.uint8() {
            switch byte {
            case 0x41...0x5a, 0x61...0x7a, 0x30...0x39, 0x2e, 0x2d, 0x5f: continue
            default: return false
            }
        }
        return true
    }

    /// In capitals; short ones allocate nothing.
    var uppercasedName: String {
        withUnsafeBytes { bytes in
            String(unsafeUninitializedCapacity: bytes.count) { text in
                for (place, byte) in bytes.enumerated() { text[place] = 0x61...0x7a ~= byte ? byte & 0xdf : byte }
                return bytes.count
            }
        }
    }
}
