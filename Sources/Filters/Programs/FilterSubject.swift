import Packets

/// What a filter can look at: a packet, or a flow by its key. The ends are a packet's sender and receiver, or the key's endpoints `a` and `b`.
public protocol FilterSubject {
    /// A flow key's word 5, IP version and protocol; 0 for what is not IP.
    var context: UInt64 { get }
    /// The ends' IPv4 addresses as a flow key's low words have them; meaningless unless it is IPv4.
    var ipv4Ends: (a: UInt64, b: UInt64) { get }
    /// The ends' IPv6 addresses, high word first; meaningless unless it is IPv6.
    var ipv6Ends: (a: (UInt64, UInt64), b: (UInt64, UInt64)) { get }
    var portsOfEnds: (a: UInt16, b: UInt16) { get }
    var vlanIDs: (outer: UInt16, inner: UInt16) { get }
    /// Whether it has ports and can have a service: a later fragment has neither.
    var isFlow: Bool { get }
    var isARP: Bool { get }
    /// Answers what is asked of a single packet.
    func answer(_ test: PacketTest) -> Match
}

extension Packet: FilterSubject {
    @inlinable @inline(__always) public var ipv4Ends: (a: UInt64, b: UInt64) { (ipv4Source, ipv4Destination) }
    @inlinable @inline(__always) public var ipv6Ends: (a: (UInt64, UInt64), b: (UInt64, UInt64)) { (ipv6Source, ipv6Destination) }
    @inlinable @inline(__always) public var portsOfEnds: (a: UInt16, b: UInt16) { (sourcePort, destinationPort) }
    @inlinable @inline(__always) public var vlanIDs: (outer: UInt16, inner: UInt16) {
        (UInt16(truncatingIfNeeded: vlans >> 16), UInt16(truncatingIfNeeded: vlans))
    }
    @inlinable @inline(__always) public var isFlow: Bool { kind.hasPorts }
    @inlinable @inline(__always) public var isARP: Bool { kind == .notIP && etherType == EtherType.arp }
    /// Unknown without the frame's bytes, and where a packet stands for its connection.
    @inlinable @inline(__always) public func answer(_ test: PacketTest) -> Match { .unknown }
}

extension FlowKey: FilterSubject {
    @inlinable @inline(__always) public var context: UInt64 { words.5 }
    @inlinable @inline(__always) public var ipv4Ends: (a: UInt64, b: UInt64) { (words.1, words.3) }
    @inlinable @inline(__always) public var ipv6Ends: (a: (UInt64, UInt64), b: (UInt64, UInt64)) { ((words.0, words.1), (words.2, words.3)) }
    @inlinable @inline(__always) public var portsOfEnds: (a: UInt16, b: UInt16) { (portA, portB) }
    @inlinable @inline(__always) public var vlanIDs: (outer: UInt16, inner: UInt16) { (outerVLAN, innerVLAN) }
    @inlinable @inline(__always) public var isFlow: Bool { true }
    @inlinable @inline(__always) public var isARP: Bool { false }
    @inlinable @inline(__always) public func answer(_ test: PacketTest) -> Match { .unknown }
}

extension FramedPacket: FilterSubject {
    @inlinable @inline(__always) public var context: UInt64 { packet.pointee.context }
    @inlinable @inline(__always) public var ipv4Ends: (a: UInt64, b: UInt64) { packet.pointee.ipv4Ends }
    @inlinable @inline(__always) public var ipv6Ends: (a: (UInt64, UInt64), b: (UInt64, UInt64)) { packet.pointee.ipv6Ends }
    @inlinable @inline(__always) public var portsOfEnds: (a: UInt16, b: UInt16) { packet.pointee.portsOfEnds }
    @inlinable @inline(__always) public var vlanIDs: (outer: UInt16, inner: UInt16) { packet.pointee.vlanIDs }
    @inlinable @inline(__always) public var isFlow: Bool { packet.pointee.isFlow }
    @inlinable @inline(__always) public var isARP: Bool { packet.pointee.isARP }
    public func answer(_ test: PacketTest) -> Match { test.fits(self) ? .yes : .no }
}
