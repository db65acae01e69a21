/// What a proxy puts before a connection's own bytes, to say on whose behalf it connects: HAProxy's PROXY protocol, versions 1 and 2,
/// <https://www.haproxy.org/download/2.8/doc/proxy-protocol.txt>.
///
///     PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n                        at most 107 bytes
///     0d 0a 0d 0a 00 0d 0a 51 55 49 54 0a │ 2·, · │ length │ addresses …
public enum ProxyHeader {
    /// Whether it may be one, by the first byte: most streams begin with another.
    @inlinable @inline(__always)
    public static func mayBegin(_ bytes: RawSpan) -> Bool {
        let first: UInt8 = bytes.byteCount > 0 ? bytes.unsafeLoad(fromByteOffset: 0, as: UInt8.self) : 0
        return first == UInt8(ascii: "P") || first == 0x0d
    }

    /// How long the header is with which these bytes begin; 0 when there is none, or not all of it.
    public static func byteCount(_ bytes: RawSpan) -> Int {
        var search = ProxyHeaderSearch()
        if case .whole(let end) = search.advance(over: bytes) { return end }
        return 0
    }
}

/// Goes over a PROXY header that may come in pieces. Of what came it keeps eight bytes, and that is enough to tell: up to where a header can be known as one
/// its bytes are always the same.
public struct ProxyHeaderSearch {
    public enum Answer: Equatable {
        /// The header ends before this place.
        case whole(Int)
        case more
        /// It is none; so many bytes came before these, which the beginning of a header's are the same as (`opening`). None where it broke off later.
        case none(before: Int)
    }

    private static let line: [UInt8] = Array("PROXY ".utf8)
    private static let signature: [UInt8] = [0x0d, 0x0a, 0x0d, 0x0a, 0, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]
    private static let longestLine: UInt32 = 107
    private static let fixedLength: UInt32 = 16

    /// Bytes that have come.
    private var count: UInt32 = 0
    /// Of version 2, the addresses'.
    private var length: UInt16 = 0
    private var isSecond = false
    private var isBehindReturn = false

    public init() {}

    /// - Parameter word: what `word` gave, or anything.
    public init(word: UInt64) {
        count = UInt32(truncatingIfNeeded: word >> 32)
        length = UInt16(truncatingIfNeeded: word >> 16)
        (isSecond, isBehindReturn) = (word & 1 != 0, word & 2 != 0)
    }

    public var word: UInt64 { UInt64(count) << 32 | UInt64(length) << 16 | (isBehindReturn ? 2 : 0) | (isSecond ? 1 : 0) }

    /// What so many bytes are that a header begins with.
    public func opening(_ count: Int) -> [UInt8] { Array((isSecond ? Self.signature : Self.line).prefix(count)) }

    /// Takes the stream's next bytes.
    public mutating func advance(over bytes: RawSpan) -> Answer {
        let before = Int(count)
        for place in 0..<bytes.byteCount {
            let byte = bytes.unsafeLoad(fromByteOffset: place, as: UInt8.self)
            if count == 0 { isSecond = byte == Self.signature[0] }
            let answer = isSecond ? takeSecond(byte) : takeFirst(byte)
            count &+= 1
            switch answer {
            case .more: continue
            case .whole: return .whole(place + 1)
            case .none: return .none(before: before <= (isSecond ? Self.signature : Self.line).count ? before : 0)
            }
        }
        return .more
    }

    private enum Step { case more, whole, none }

    private mutating func takeFirst(_ byte: UInt8) -> Step {
        guard count >= Self.line.count else { return byte == Self.line[Int(count)] ? .more : .none }
        if byte == 0x0a { return isBehindReturn ? .whole : .none }
        isBehindReturn = byte == 0x0d
        return count + 1 < Self.longestLine ? .more : .none
    }

    private mutating func takeSecond(_ byte: UInt8) -> Step {
        switch count {
        case 0..<12: return byte == Self.signature[Int(count)] ? .more : .none
        case 12: return byte >> 4 == 2 && byte & 15 <= 1 ? .more : .none
        case 13: return .more
        case 14: length = UInt16(byte) << 8
        case 15: length |= UInt16(byte)
        default: break
        }
        return count >= Self.fixedLength - 1 && count &+ 1 >= Self.fixedLength + UInt32(length) ? .whole : .more
    }
}
