import Packets

/// A single question of a filter.
///
/// All but the last two are answered by a flow's key.
package enum Condition: Hashable, Sendable {
    /// 4 or 6.
    case ipVersion(UInt8)
    case transport(TransportProtocol)
    case arp
    /// Of TCP, UDP or SCTP.
    case port(Side, ClosedRange<UInt16>)
    case address(Side, IPPrefix)
    /// Within 0...4095; 0 is never found.
    case vlan(ClosedRange<UInt16>)
    case service(Service)
    case ports(Side, IntegerSet)
    case addresses(Side, AddressSet)
    case test(FieldTest)
    /// The answer to a part of a filter that others find out: a `FilterPlan` puts these in the part's place.
    case fact(Int)
}

/// Which end of a flow a condition is about.
package enum Side: UInt8, Sendable {
    case either, source, destination
}

extension IPPrefix {
    /// The address, if it is one only.
    var onlyAddress: IPAddress? { length == (address.isIPv4 ? 32 : 128) ? address : nil }

    /// The fewest prefixes that together have the addresses from one to another of the same IP version, ascending; none when there are no such.
    static func prefixes(from first: IPAddress, through last: IPAddress) -> [IPPrefix] {
        func number(_ address: IPAddress) -> UInt128 { UInt128(address.high) << 64 | UInt128(address.low) }
        let bits = first.isIPv4 ? 32 : 128
        let end = number(last)
        var start = number(first)
        var prefixes: [IPPrefix] = []
        while start <= end {
            // The largest block that begins here and does not reach past the end.
            var size = min(bits, start.trailingZeroBitCount)
            while size > 0, (UInt128.max >> (128 - size)) > end - start { size -= 1 }
            let address = IPAddress(UInt64(truncatingIfNeeded: start >> 64), UInt64(truncatingIfNeeded: start), isIPv4: first.isIPv4)
            if let prefix = IPPrefix(address, length: bits - size) { prefixes.append(prefix) }
            let (next, overflow) = start.addingReportingOverflow(size == 128 ? 0 : 1 << size)
            if overflow || size == 128 { break }
            start = next
        }
        return prefixes
    }
}
