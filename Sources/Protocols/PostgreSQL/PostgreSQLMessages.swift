/// The messages of protocol 3.0: which there are, and how much of each is wanted.
///
///     | type | length, itself included | body        all but a connection's first
///     |        length, itself included | code | …    a startup message, or a request in its place
enum PostgreSQLMessages {
    /// What a connection's first message says in the place of a version.
    enum StartupCode {
        static let cancel: UInt32 = 80_877_102
        static let encrypt: UInt32 = 80_877_103
        static let encryptGSS: UInt32 = 80_877_104
        /// 3.0 and 3.2, and what newer clients ask for to see whether minor versions are negotiated (3.9999).
        static func isVersion(_ code: UInt32) -> Bool { code >> 16 == 3 }
    }

    static let headerLength = 5
    /// A startup message's length and code.
    static let startupHeaderLength = 8
    /// The server takes no longer one (MAX_STARTUP_PACKET_LENGTH).
    private static let longestStartup = 10_000
    /// palloc's limit, and so that of messages.
    private static let longest = 0x3fff_ffff
    /// What is wanted of errors and of names.
    private static let mostErrorBytes = 2048
    private static let mostNameBytes = 256

    static func measureStartup(_ header: RawSpan) -> MessageCutter.Extent? {
        var reader = ByteReader(header)
        guard let length = reader.uint32(), let code = reader.uint32(), length >= 8, length <= longestStartup else { return nil }
        switch code {
        case StartupCode.encrypt, StartupCode.encryptGSS: return length == 8 ? .init(length: 8, wanted: 8) : nil
        // The key is 4 bytes, or up to 256 since 3.2; it is not wanted.
        case StartupCode.cancel: return length >= 16 && length <= 268 ? .init(length: Int(length), wanted: 12) : nil
        default: return StartupCode.isVersion(code) && length > 8 ? .init(length: Int(length), wanted: Int(length)) : nil
        }
    }

    static func measure(_ header: RawSpan, fromClient: Bool) -> MessageCutter.Extent? {
        var reader = ByteReader(header)
        guard let type = reader.uint8(), let count = reader.uint32(), count >= 4, count <= longest else { return nil }
        let length = 1 + Int(count)
        guard let wanted = fromClient ? clientBytes(type, length) : serverBytes(type, length) else { return nil }
        return .init(length: length, wanted: headerLength + wanted)
    }

    /// Bytes of the body that are wanted; nil for what there is not.
    private static func clientBytes(_ type: UInt8, _ length: Int) -> Int? {
        switch type {
        case "Q": length > headerLength ? CommandText.longest + 1 : nil
        case "P": length >= headerLength + 4 ? CommandText.longest + mostNameBytes + 1 : nil
        case "B": 2 * mostNameBytes
        case "E", "C": mostNameBytes
        case "H", "S", "X", "c": length == headerLength ? 0 : nil
        // Passwords, rows, functions' arguments, what is described, why a copy failed: nothing of them.
        case "p", "d", "F", "D", "f": 0
        default: nil
        }
    }

    private static func serverBytes(_ type: UInt8, _ length: Int) -> Int? {
        switch type {
        case "Z": length == headerLength + 1 ? 1 : nil
        case "1", "2", "3", "n", "s", "I", "c": length == headerLength ? 0 : nil
        case "T": length >= headerLength + 2 ? 2 : nil
        case "D", "t": length >= headerLength + 2 ? 0 : nil
        case "C": length > headerLength ? 64 : nil
        case "E": length > headerLength ? mostErrorBytes : nil
        case "R": length >= headerLength + 4 ? 4 + 128 : nil
        case "S": length >= headerLength + 2 ? 128 : nil
        case "G", "H", "W": length >= headerLength + 3 ? 0 : nil
        // Rows, keys to cancel by, notices, notifications, functions' results, versions.
        case "d", "K", "N", "A", "V", "v": 0
        default: nil
        }
    }

    /// Who sends messages of a type; nil for those of both.
    static func isClients(_ type: UInt8) -> Bool? {
        switch type {
        case "Q", "P", "B", "F", "p", "f", "X": true
        case "R", "K", "Z", "T", "N", "I", "A", "V", "v", "1", "2", "3", "n", "t", "s", "G", "W": false
        default: nil
        }
    }
}
