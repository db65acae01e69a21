/// An IPv4 or IPv6 address.
public struct IPAddress: Hashable, Sendable {
    /// The address's 128 bits in network order, most significant word first; an IPv4 address is the low 32 bits.
    public var high: UInt64
    public var low: UInt64
    public var isIPv4: Bool

    @inlinable public init(_ high: UInt64, _ low: UInt64, isIPv4: Bool) {
        self.high = high
        self.low = low
        self.isIPv4 = isIPv4
    }

    public init(ipv4 value: UInt32) { self.init(0, UInt64(value), isIPv4: true) }
}

extension IPAddress: CustomStringConvertible {
    /// Dotted decimal, or RFC 5952's canonical IPv6 text.
    public var description: String {
        if isIPv4 {
            return (0..<4).map { String(low >> (24 - 8 * UInt64($0)) & 0xff) }.joined(separator: ".")
        }
        let words = (0..<8).map { UInt16(truncatingIfNeeded: ($0 < 4 ? high : low) >> (48 - 16 * UInt64($0 % 4))) }
        // IPv4-mapped addresses read as such (RFC 5952, section 5).
        if high == 0, low >> 32 == 0xffff { return "::ffff:\(IPAddress(ipv4: UInt32(truncatingIfNeeded: low)))" }
        // The longest run of zeros, the first of equals, at least two groups, becomes "::".
        var longest = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, words[end] == 0 { end += 1 }
            if end - start > longest.count { longest = start..<end }
            start = Swift.max(end, start + 1)
        }
        func hex(_ range: Range<Int>) -> String { words[range].map { String($0, radix: 16) }.joined(separator: ":") }
        guard longest.count >= 2 else { return hex(0..<8) }
        return hex(0..<longest.lowerBound) + "::" + hex(longest.upperBound..<8)
    }
}

/// An address block: `10.0.0.0/8`, `2001:db8::/32`, or a single address.
public struct IPPrefix: Hashable, Sendable {
    /// The block's first address.
    public var address: IPAddress
    /// 0...32 for IPv4, 0...128 for IPv6.
    public var length: Int

    /// Nil when the length is out of range. Bits past the length are cleared.
    public init?(_ address: IPAddress, length: Int) {
        guard (0...(address.isIPv4 ? 32 : 128)).contains(length) else { return nil }
        self.length = length
        self.address = address
        self.address.high &= mask.high
        self.address.low &= mask.low
    }

    /// The bits that decide, laid out as an `IPAddress` is.
    public var mask: (high: UInt64, low: UInt64) {
        func ones(_ count: Int) -> UInt64 { count <= 0 ? 0 : ~0 << UInt64(64 - Swift.min(count, 64)) }
        return address.isIPv4 ? (0, ones(length) >> 32) : (ones(length), ones(length - 64))
    }

    public func contains(_ other: IPAddress) -> Bool {
        other.isIPv4 == address.isIPv4 && other.high & mask.high == address.high && other.low & mask.low == address.low
    }
}

extension IPPrefix: CustomStringConvertible {
    public var description: String { length == (address.isIPv4 ? 32 : 128) ? "\(address)" : "\(address)/\(length)" }
}
