/// The packets of MySQL's protocol.
///
///     | length, 3 bytes | number | payload        little-endian; a payload of 2²⁴ − 1 bytes goes on in the next packet
enum MySQLPackets {
    static let headerLength = 4
    static let longestPayload = 0xff_ffff
    /// What is wanted of an answer: an error's text, a greeting.
    private static let mostAnswerBytes = 512
    private static let mostLoginBytes = 1024

    /// Bits of what client and server can do.
    enum Capability {
        static let connectWithDatabase: UInt32 = 1 << 3
        static let compress: UInt32 = 1 << 5
        static let protocol41: UInt32 = 1 << 9
        static let tls: UInt32 = 1 << 11
        static let secureConnection: UInt32 = 1 << 15
        static let pluginAuthentication: UInt32 = 1 << 19
        static let attributes: UInt32 = 1 << 20
        static let longAuthentication: UInt32 = 1 << 21
        static let deprecateEOF: UInt32 = 1 << 24
        static let compressZstandard: UInt32 = 1 << 26
        static let queryAttributes: UInt32 = 1 << 27
    }

    /// Bits of a server's status.
    enum Status {
        static let inTransaction: UInt16 = 1
        static let moreResults: UInt16 = 8
        static let cursorExists: UInt16 = 64
    }

    static func measure(_ header: RawSpan, isAnswer: Bool) -> MessageCutter.Extent? {
        var reader = ByteReader(header)
        guard let length = reader.littleEndian(3), let number = reader.uint8() else { return nil }
        // Other packets of the client go on with a command, log in, or have a file's contents.
        let wanted = isAnswer ? mostAnswerBytes : number == 0 ? CommandText.longest + 64 : number < 4 ? mostLoginBytes : 0
        return .init(length: headerLength + Int(length), wanted: headerLength + wanted)
    }
}

extension ByteReader {
    /// The next 1...8 bytes as an integer in the order of Intel's processors.
    mutating func littleEndian(_ byteCount: Int) -> UInt64? {
        guard count >= byteCount else { return nil }
        var value: UInt64 = 0
        for place in 0..<byteCount { value |= UInt64(uint8() ?? 0) << UInt64(8 * place) }
        return value
    }

    /// MySQL's integers of variable length.
    mutating func lengthEncoded() -> UInt64? {
        var ahead = self
        guard let first = ahead.uint8() else { return nil }
        let value: UInt64?
        switch first {
        case 0xfc: value = ahead.littleEndian(2)
        case 0xfd: value = ahead.littleEndian(3)
        case 0xfe: value = ahead.littleEndian(8)
        case 0xfb, 0xff: value = nil
        default: value = UInt64(first)
        }
        guard let value else { return nil }
        self = ahead
        return value
    }

    /// A text behind its length.
    @_lifetime(copy self)
    mutating func lengthEncodedText() -> RawSpan? {
        var ahead = self
        guard let length = ahead.lengthEncoded(), length <= UInt64(ahead.count), let text = ahead.bytes(Int(length)) else { return nil }
        self = ahead
        return text
    }
}
