/// One captured frame of a burst: where its bytes lie, and what the capture knows of it.
///
/// Plain data, borrowed: the burst (or a test's array) owns the bytes and frees them. Its memory layout is that of
/// `shim_frame` in CShims, which fills arrays of it, one C call a burst.
public struct Frame: BitwiseCopyable {
    /// The DPDK mbuf that holds the bytes; nil for frames that lie elsewhere.
    public var buffer: UnsafeMutableRawPointer?
    /// The first captured byte, of the link layer's header.
    public var bytes: UnsafeRawPointer
    public var timestamp: Timestamp
    /// Captured bytes. Fewer than `wireLength` when a snap length cut the frame.
    public var length: UInt32
    /// Bytes on the wire, without the frame check sequence.
    public var wireLength: UInt32
    /// The card's RSS hash, 0 where there is none.
    public var rssHash: UInt32
    public var linkType: LinkType

    public init(
        buffer: UnsafeMutableRawPointer? = nil, bytes: UnsafeRawPointer, timestamp: Timestamp, length: UInt32, wireLength: UInt32,
        rssHash: UInt32 = 0, linkType: LinkType = .ethernet
    ) {
        self.buffer = buffer
        self.bytes = bytes
        self.timestamp = timestamp
        self.length = length
        self.wireLength = wireLength
        self.rssHash = rssHash
        self.linkType = linkType
    }
}

/// What a frame begins with: the link-layer header types that Fovea reads, by their libpcap numbers
/// (<https://www.tcpdump.org/linktypes.html>).
public struct LinkType: RawRepresentable, Equatable, BitwiseCopyable, Sendable {
    public var rawValue: UInt32
    @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// BSD loopback: a four-byte address family in the writer's byte order.
    public static let null = LinkType(rawValue: 0)
    public static let ethernet = LinkType(rawValue: 1)
    /// IPv4 or IPv6 with no link layer; libpcap reports the file's 101 as one of two numbers of the machine's own.
    public static let raw = LinkType(rawValue: 101)
    public static let rawAsOnLinux = LinkType(rawValue: 12)
    public static let rawAsOnOpenBSD = LinkType(rawValue: 14)
    /// OpenBSD loopback: as `null`, in network byte order.
    public static let loop = LinkType(rawValue: 108)
    /// Linux "cooked" captures, versions 1 and 2.
    public static let linuxSLL = LinkType(rawValue: 113)
    public static let linuxSLL2 = LinkType(rawValue: 276)
    public static let ipv4 = LinkType(rawValue: 228)
    public static let ipv6 = LinkType(rawValue: 229)

    /// False for a link type whose frames Fovea cannot read.
    public var isKnown: Bool {
        switch self {
        case .null, .ethernet, .raw, .rawAsOnLinux, .rawAsOnOpenBSD, .loop, .linuxSLL, .linuxSLL2, .ipv4, .ipv6: true
        default: false
        }
    }
}

/// A moment of packet time: nanoseconds since 1970-01-01 UTC. Packets carry it; nothing below the loop asks a clock.
public struct Timestamp: Comparable, Hashable, BitwiseCopyable, Sendable {
    public var nanoseconds: Int64

    @inlinable @inline(__always)
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    public static let zero = Timestamp(nanoseconds: 0)
    public static func < (left: Self, right: Self) -> Bool { left.nanoseconds < right.nanoseconds }
    /// Nanoseconds from `start` to `end`; wraps, so that hostile times cannot trap.
    public static func - (end: Self, start: Self) -> Int64 { end.nanoseconds &- start.nanoseconds }
    public static func + (time: Self, nanoseconds: Int64) -> Self { Self(nanoseconds: time.nanoseconds &+ nanoseconds) }
    /// Seconds since 1970, as Zeek logs print them (microseconds are exact until the year 2242).
    public var seconds: Double { Double(nanoseconds) / 1e9 }
}
