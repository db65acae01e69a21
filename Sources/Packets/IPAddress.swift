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
    public var description: String { String(unsafeUninitializedCapacity: Self.longestText, initializingUTF8With: write) }

    /// Bytes of the longest text: eight groups of four digits.
    public static let longestText = 39

    /// Writes the text of `description`, which is ASCII.
    ///
    /// - Parameter text: room for `longestText` bytes.
    /// - Returns: how many there are.
    public func write(_ text: UnsafeMutableBufferPointer<UInt8>) -> Int {
        var writer = AddressWriter(text: text)
        if isIPv4 { writer.ipv4(UInt32(truncatingIfNeeded: low)) } else { writer.ipv6(high, low) }
        return writer.count
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
