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

extension IPPrefix {
    /// Reads `10.0.0.0/8`, `2001:db8::/32` or a single address; nil for anything else.
    public init?(parsing text: some StringProtocol) {
        let slash = text.utf8.firstIndex(of: UInt8(ascii: "/"))
        guard let address = IPAddress(text[..<(slash ?? text.endIndex)]) else { return nil }
        guard let slash else {
            self.init(address, length: address.isIPv4 ? 32 : 128)
            return
        }
        let digits = text.utf8[text.utf8.index(after: slash)...]
        guard (1...3).contains(digits.count), digits.allSatisfy({ (48...57).contains($0) }) else { return nil }
        self.init(address, length: digits.reduce(0) { $0 * 10 + Int($1 - 48) })
    }
}
