/// Writes an address's text: logs have two for each connection.
struct AddressWriter {
    let text: UnsafeMutableBufferPointer<UInt8>
    private(set) var count = 0

    init(text: UnsafeMutableBufferPointer<UInt8>) { self.text = text }

    private mutating func add(_ sign: UInt8) {
        text[count] = sign
        count += 1
    }

    private mutating func add(_ sign: Unicode.Scalar) { add(UInt8(ascii: sign)) }

    mutating func ipv4(_ address: UInt32) {
        for part in 0..<4 {
            if part > 0 { add(".") }
            let byte = UInt8(truncatingIfNeeded: address >> UInt32(24 - 8 * part))
            if byte >= 100 { add(48 + byte / 100) }
            if byte >= 10 { add(48 + byte / 10 % 10) }
            add(48 + byte % 10)
        }
    }

    mutating func ipv6(_ high: UInt64, _ low: UInt64) {
        // IPv4-mapped addresses read as such (RFC 5952, section 5).
        if high == 0, low >> 32 == 0xffff {
            for sign in "::ffff:".utf8 { add(sign) }
            return ipv4(UInt32(truncatingIfNeeded: low))
        }
        func group(_ place: Int) -> UInt64 { (place < 4 ? high : low) >> UInt64(48 - 16 * (place & 3)) & 0xffff }
        // The longest run of zeros, the first of equals, at least two groups, becomes "::".
        var longest = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, group(end) == 0 { end += 1 }
            if end - start > longest.count { longest = start..<end }
            start = Swift.max(end, start + 1)
        }
        if longest.count < 2 { longest = 8..<8 }
        var place = 0
        while place < 8 {
            if place == longest.lowerBound {
                add(":")
                add(":")
                place = longest.upperBound
                continue
            }
            if place > 0, place != longest.upperBound { add(":") }
            hex(group(place))
            place += 1
        }
    }

    private mutating func hex(_ group: UInt64) {
        for place in 0..<4 {
            let shift = UInt64(12 - 4 * place)
            if group >> shift == 0, shift > 0 { continue }
            let digit = UInt8(group >> shift & 0xf)
            add(digit < 10 ? 48 + digit : 87 + digit)
        }
    }
}
