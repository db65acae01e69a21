/// A TCP sequence number, RFC 9293 section 3.4: a position on a circle of 2³². Only distances mean something, so there is
/// no `<`; two numbers half the circle apart are as far as they can be.
public struct SequenceNumber: Equatable, BitwiseCopyable, Sendable {
    public var rawValue: UInt32

    @inlinable public init(_ rawValue: UInt32) { self.rawValue = rawValue }

    /// How far `end` lies after `start`; negative when it lies before. -2³¹ ..< 2³¹.
    @inlinable public static func - (end: Self, start: Self) -> Int { Int(Int32(bitPattern: end.rawValue &- start.rawValue)) }
    @inlinable public static func + (start: Self, distance: Int) -> Self { Self(start.rawValue &+ UInt32(truncatingIfNeeded: distance)) }
}

/// A TCP header's flags, RFC 9293 section 3.1, and ECN's two (RFC 3168).
public struct TCPFlags: OptionSet, BitwiseCopyable, Sendable {
    public var rawValue: UInt8
    @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let fin = TCPFlags(rawValue: 0x01)
    public static let syn = TCPFlags(rawValue: 0x02)
    public static let rst = TCPFlags(rawValue: 0x04)
    public static let psh = TCPFlags(rawValue: 0x08)
    public static let ack = TCPFlags(rawValue: 0x10)
    public static let urg = TCPFlags(rawValue: 0x20)
    public static let ece = TCPFlags(rawValue: 0x40)
    public static let cwr = TCPFlags(rawValue: 0x80)
}
