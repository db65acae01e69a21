/// What a side offers, SSH_MSG_KEXINIT, RFC 4253 7.1. It owns the message as it was sent; lists are read from it when they are asked for.
///
///     | 20 | cookie | ten name-lists: length in four bytes, names with commas between | first packet follows | 0 |
///     |  1 |     16 |                                                                 |                    1 | 4 |
public struct SSHKeyExchangeInit: Equatable, Sendable {
    /// Behind the message's number.
    private let message: [UInt8]
    private static let cookieLength = 16

    init(_ message: [UInt8]) { self.message = message }

    /// Sixteen random octets.
    public var cookie: [UInt8] { Array(message.prefix(Self.cookieLength)) }

    /// Names in the order in which they are preferred, with commas between; nothing where the message does not hold together.
    public func text(_ list: SSHNameList) -> String { String(decoding: message[place(list)], as: UTF8.self) }

    public func names(_ list: SSHNameList) -> [String] { slices(list).map { String(decoding: $0, as: UTF8.self) } }

    /// Whether a packet of the key exchange that this side expects comes next, before the other side's lists are known.
    public var firstPacketFollows: Bool {
        var reader = ByteReader(message.span.bytes)
        _ = reader.bytes(Self.cookieLength)
        for _ in SSHNameList.allCases { guard reader.nameList() != nil else { return false } }
        return reader.uint8().map { $0 != 0 } ?? false
    }

    /// Whether all its lists are there, and the five bytes behind them.
    var holdsTogether: Bool {
        var reader = ByteReader(message.span.bytes)
        guard reader.bytes(Self.cookieLength) != nil else { return false }
        for _ in SSHNameList.allCases { guard reader.nameList() != nil else { return false } }
        return reader.count >= 5
    }

    var byteCount: Int { message.count }

    func slices(_ list: SSHNameList) -> [ArraySlice<UInt8>] { message[place(list)].split(separator: UInt8(ascii: ",")) }

    private func place(_ list: SSHNameList) -> Range<Int> {
        var reader = ByteReader(message.span.bytes)
        guard reader.bytes(Self.cookieLength) != nil else { return 0..<0 }
        for _ in 0..<list.rawValue { guard reader.nameList() != nil else { return 0..<0 } }
        guard let names = reader.nameList() else { return 0..<0 }
        return reader.offset - names.byteCount..<reader.offset
    }
}

/// The lists of a SSH_MSG_KEXINIT, in their order.
public enum SSHNameList: Int, CaseIterable, Sendable {
    case keyExchange, hostKey
    case encryptionToServer, encryptionToClient
    case macToServer, macToClient
    case compressionToServer, compressionToClient
    case languagesToServer, languagesToClient
}

extension ByteReader {
    @_lifetime(copy self)
    fileprivate mutating func nameList() -> RawSpan? {
        var ahead = self
        guard let length = ahead.uint32(), let names = ahead.bytes(Int(length)) else { return nil }
        self = ahead
        return names
    }
}
