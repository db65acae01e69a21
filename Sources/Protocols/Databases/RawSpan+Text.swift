import Glibc

extension ByteReader {
    /// What stands before the next zero, which is read as well; nil when there is none.
    @_lifetime(copy self)
    mutating func zeroEnded() -> RawSpan? {
        var ahead = self
        let rest = ahead.bytes(upTo: ahead.count)
        guard let length = rest.placeOfFirst(0), let text = bytes(length), uint8() != nil else { return nil }
        return text
    }

    /// The same, or all that is left where there is no zero; `isWhole` tells which.
    @_lifetime(copy self)
    mutating func zeroEndedOrRest(_ isWhole: inout Bool) -> RawSpan {
        isWhole = true
        if let text = zeroEnded() { return text }
        isWhole = false
        return bytes(upTo: count)
    }
}

extension RawSpan {
    /// Where a byte comes first.
    func placeOfFirst(_ byte: UInt8) -> Int? {
        withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress, let found = memchr(start, Int32(byte), bytes.count) else { return nil }
            return UnsafeRawPointer(found) - start
        }
    }

    func isText(_ text: StaticString) -> Bool {
        byteCount == text.utf8CodeUnitCount && withUnsafeBytes { memcmp($0.baseAddress ?? UnsafeRawPointer(text.utf8Start), text.utf8Start, $0.count) == 0 }
    }
}

/// Lets a byte be matched with a letter of ASCII.
@inline(__always)
func ~= (letter: Unicode.Scalar, byte: UInt8) -> Bool { letter.value == UInt32(byte) }
