import Glibc

extension RawSpan {
    /// Where a byte is met first, from a place on that lies in it or at its end.
    @inline(__always)
    func firstPlace(of byte: UInt8, from start: Int = 0) -> Int? {
        withUnsafeBytes { bytes in
            guard start < bytes.count, let base = bytes.baseAddress, let found = memchr(base + start, Int32(byte), bytes.count - start) else { return nil }
            return UnsafeRawPointer(found) - base
        }
    }

    /// The same for a byte that is likely to be near: by words, without a call.
    @inline(__always)
    func nearPlace(of byte: UInt8, from start: Int, to end: Int) -> Int? {
        precondition(start >= 0 && end <= byteCount, "out of bounds")
        let (pattern, ones) = (UInt64(byte) &* 0x0101_0101_0101_0101, 0x0101_0101_0101_0101 as UInt64)
        var place = start
        while end - place >= 8 {
            // Zero where the byte is; the lowest zero has its top bit set by the subtraction, and none below it.
            let others = UInt64(littleEndian: unsafeLoadUnaligned(fromUncheckedByteOffset: place, as: UInt64.self)) ^ pattern
            let found = (others &- ones) & ~others & (ones << 7)
            if found != 0 { return place + found.trailingZeroBitCount >> 3 }
            place += 8
        }
        while place < end {
            if unsafeLoad(fromUncheckedByteOffset: place, as: UInt8.self) == byte { return place }
            place += 1
        }
        return nil
    }

    // In place, so that a text that is written out is compared by words that are in the code.

    /// Whether it begins with a text, byte by byte.
    @inline(__always)
    func begins(with text: StaticString) -> Bool { byteCount >= text.utf8CodeUnitCount && isSame(as: text.utf8Start, text.utf8CodeUnitCount) }

    /// Whether it is a text, byte by byte.
    @inline(__always)
    func equals(_ text: StaticString) -> Bool { byteCount == text.utf8CodeUnitCount && isSame(as: text.utf8Start, text.utf8CodeUnitCount) }

    /// Whether it begins as a text does, as far as both go.
    @inline(__always)
    func agrees(with text: StaticString) -> Bool {
        begins(with: text) || byteCount < text.utf8CodeUnitCount && isSame(as: text.utf8Start, byteCount)
    }

    /// Whether it begins with others' bytes.
    @inline(__always)
    func begins(with others: RawSpan) -> Bool {
        byteCount >= others.byteCount && others.withUnsafeBytes { $0.baseAddress.map { isSame(as: $0, others.byteCount) } ?? true }
    }

    /// Whether its first bytes, which it has, are others.
    @inline(__always)
    private func isSame(as others: UnsafeRawPointer, _ count: Int) -> Bool {
        withUnsafeBytes { bytes in bytes.baseAddress.map { memcmp($0, others, count) == 0 } ?? true }
    }
}
