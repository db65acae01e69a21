/// Reads bytes from front to back, in network order. A read that would go past the end gives nil and moves nothing, so a parser is a row
/// of `guard let`s and needs no arithmetic on lengths that a stranger wrote.
///
///     bytes   | already read |  not yet read   |
///                            ^ offset          ^ end
public struct ByteReader: ~Escapable {
    private let bytes: RawSpan
    /// How many bytes have been read.
    public private(set) var offset = 0

    @inline(__always)
    @_lifetime(copy bytes)
    public init(_ bytes: RawSpan) {
        self.bytes = bytes
    }

    /// How many bytes are left.
    public var count: Int { bytes.byteCount - offset }
    public var isAtEnd: Bool { offset == bytes.byteCount }

    @inline(__always)
    public mutating func uint8() -> UInt8? { integer() }

    @inline(__always)
    public mutating func uint16() -> UInt16? { integer() }

    @inline(__always)
    public mutating func uint32() -> UInt32? { integer() }

    @inline(__always)
    public mutating func uint64() -> UInt64? { integer() }

    @inline(__always)
    public mutating func uint24() -> UInt32? {
        guard count >= 3, let high = uint8(), let low = uint16() else { return nil }
        return UInt32(high) << 16 | UInt32(low)
    }

    /// The next 1...8 bytes as an integer; nil also when fewer than eight are left.
    @inline(__always)
    mutating func head(_ byteCount: UInt8) -> UInt64? {
        guard count >= 8 else { return nil }
        let word = UInt64(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
        offset += Int(byteCount)
        return word >> (64 - 8 * UInt64(byteCount))
    }

    /// The next `length` bytes.
    @inline(__always)
    @_lifetime(copy self)
    public mutating func bytes(_ length: Int) -> RawSpan? {
        guard length >= 0, length <= count else { return nil }
        defer { offset += length }
        return bytes.extracting(offset..<offset + length)
    }

    /// The next `length` bytes, or as many as are left.
    @inline(__always)
    @_lifetime(copy self)
    public mutating func bytes(upTo length: Int) -> RawSpan {
        let end = offset + min(max(length, 0), count)
        defer { offset = end }
        return bytes.extracting(offset..<end)
    }

    /// Goes back by so many of the bytes that were read.
    mutating func stepBack(_ byteCount: Int) { offset -= min(byteCount, offset) }

    /// A vector whose length stands before it in one byte.
    @inline(__always)
    @_lifetime(copy self)
    public mutating func vector8() -> RawSpan? {
        var ahead = self
        guard let length = ahead.uint8(), let vector = ahead.bytes(Int(length)) else { return nil }
        self = ahead
        return vector
    }

    /// A vector whose length stands before it in two bytes.
    @inline(__always)
    @_lifetime(copy self)
    public mutating func vector16() -> RawSpan? {
        var ahead = self
        guard let length = ahead.uint16(), let vector = ahead.bytes(Int(length)) else { return nil }
        self = ahead
        return vector
    }

    @inline(__always)
    private mutating func integer<Integer: FixedWidthInteger & BitwiseCopyable>() -> Integer? {
        guard MemoryLayout<Integer>.size <= count else { return nil }
        defer { offset += MemoryLayout<Integer>.size }
        return Integer(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: Integer.self))
    }
}

extension RawSpan {
    /// The bytes, copied into an array of just their size.
    var copied: [UInt8] { withUnsafeBytes { [UInt8]($0) } }

    /// The bytes as text; what is not UTF-8 becomes U+FFFD.
    var text: String { withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }
}

/// An integer in network order, up to eight bytes long, that may arrive in pieces.
struct SplitInteger {
    private var value: UInt64 = 0
    /// One byte: a connection holds six of these.
    private var count: UInt8 = 0

    /// The next `byteCount` bytes; nil until the last of them has come.
    @inline(__always)
    mutating func next(_ byteCount: UInt8, from reader: inout ByteReader) -> UInt64? {
        // In one piece, as most are.
        if count == 0, let bits = reader.head(byteCount) { return bits }
        return nextPiece(byteCount, from: &reader)
    }

    @inline(never)
    private mutating func nextPiece(_ byteCount: UInt8, from reader: inout ByteReader) -> UInt64? {
        while count < byteCount {
            guard let byte = reader.uint8() else { return nil }
            value = value << 8 | UInt64(byte)
            count += 1
        }
        defer { self = SplitInteger() }
        return value
    }
}
