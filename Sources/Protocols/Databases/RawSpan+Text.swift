extension ByteReader {
    /// What stands before the next zero, which is read as well; nil when there is none.
    @_lifetime(copy self)
    mutating func zeroEnded() -> RawSpan? {
        var ahead = self
        let rest = ahead.bytes(upTo: ahead.count)
        guard let length = rest.firstPlace(of: 0), let text = bytes(length), uint8() != nil else { return nil }
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

/// Lets a byte be matched with a letter of ASCII.
@inline(__always)
func ~= (letter: Unicode.Scalar, byte: UInt8) -> Bool { letter.value == UInt32(byte) }
