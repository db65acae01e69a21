extension IPAddress {
    /// Reads `192.0.2.1` or any RFC 4291 form of an IPv6 address; nil for anything else.
    public init?(_ text: some StringProtocol) {
        let address = text.utf8.withContiguousStorageIfAvailable(Self.read) ?? Array(text.utf8).withUnsafeBufferPointer(Self.read)
        guard let address else { return nil }
        self = address
    }

    private static func read(_ bytes: UnsafeBufferPointer<UInt8>) -> IPAddress? {
        var reader = AddressReader(bytes: bytes)
        if bytes.contains(UInt8(ascii: ":")) {
            guard let value = reader.ipv6() else { return nil }
            return IPAddress(UInt64(truncatingIfNeeded: value >> 64), UInt64(truncatingIfNeeded: value), isIPv4: false)
        }
        guard let value = reader.ipv4(), reader.isAtEnd else { return nil }
        return IPAddress(ipv4: value)
    }
}

/// Reads an address's text from front to back: lists have a hundred thousand of them.
private struct AddressReader {
    let bytes: UnsafeBufferPointer<UInt8>
    var position = 0

    var isAtEnd: Bool { position == bytes.count }
    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func accept(_ sign: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: sign) else { return false }
        position += 1
        return true
    }

    mutating func ipv4() -> UInt32? {
        var value: UInt32 = 0
        for part in 0..<4 {
            guard part == 0 || accept("."), let byte = decimalByte() else { return nil }
            value = value << 8 | byte
        }
        return value
    }

    /// One to three digits. Some read 010 as eight: nobody shall rely on either.
    private mutating func decimalByte() -> UInt32? {
        let start = position
        var value: UInt32 = 0
        while position - start < 3, let byte = next, (48...57).contains(byte) {
            value = value * 10 + UInt32(byte - 48)
            position += 1
        }
        guard position > start, value <= 255, position - start == 1 || bytes[start] != 48 else { return nil }
        return value
    }

    /// Eight groups. `::` stands once, for one group of zeros or more; the last 32 bits may be dotted.
    mutating func ipv6() -> UInt128? {
        var value: UInt128 = 0
        var groups = 0
        var gap: Int?
        if accept(":") {
            guard accept(":") else { return nil }
            gap = 0
        }
        while !(isAtEnd && gap == groups) {
            let start = position
            guard groups < 8, let group = hexGroup() else { return nil }
            if next == UInt8(ascii: ".") {
                position = start
                guard groups <= 6, let dotted = ipv4(), isAtEnd else { return nil }
                value = value << 32 | UInt128(dotted)
                groups += 2
                break
            }
            value = value << 16 | UInt128(group)
            groups += 1
            if isAtEnd { break }
            guard accept(":") else { return nil }
            if accept(":") {
                guard gap == nil else { return nil }
                gap = groups
            }
        }
        guard let gap else { return groups == 8 ? value : nil }
        guard groups <= 7 else { return nil }
        let bitsAfter = 16 * (groups - gap)
        return (value >> bitsAfter) << (128 - 16 * gap) | value & ((1 << bitsAfter) - 1)
    }

    private mutating func hexGroup() -> UInt16? {
        let start = position
        var value: UInt16 = 0
        while position - start < 4, let byte = next {
            switch byte {
            case 48...57: value = value << 4 | UInt16(byte - 48)
            case 65...70: value = value << 4 | UInt16(byte - 55)
            case 97...102: value = value << 4 | UInt16(byte - 87)
            default: return position > start ? value : nil
            }
            position += 1
        }
        return position > start ? value : nil
    }
}

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
