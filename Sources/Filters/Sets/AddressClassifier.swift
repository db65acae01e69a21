import Packets

/// Finds the class of an address of either version: what sets and maps of addresses look things up with.
///
/// A value of plain pointers, so that reading counts no references; its owner calls `deallocate`.
struct AddressClassifier {
    private let ipv4Windows: AddressWindows
    private let ipv6Windows: AddressWindows
    private let ipv4: RangeIndex<UInt32>
    private let ipv6: RangeIndex<UInt128>

    init(_ prefixes: some Sequence<(prefix: IPPrefix, class: UInt32)>, _ builder: inout MemberClassBuilder) {
        var ipv4Blocks: [AddressRanges<UInt32>.Block] = []
        var ipv6Blocks: [AddressRanges<UInt128>.Block] = []
        for (prefix, number) in prefixes {
            if prefix.address.isIPv4 { ipv4Blocks.append(.init(prefix.ipv4Bounds, number)) } else { ipv6Blocks.append(.init(prefix.ipv6Bounds, number)) }
        }
        let ipv4Ranges = AddressRanges(ipv4Blocks, &builder)
        let ipv6Ranges = AddressRanges(ipv6Blocks, &builder)
        ipv4Windows = AddressWindows(ipv4Ranges)
        ipv6Windows = AddressWindows(ipv6Ranges)
        ipv4 = RangeIndex(ipv4Ranges)
        ipv6 = RangeIndex(ipv6Ranges)
    }

    func deallocate() {
        ipv4Windows.deallocate()
        ipv6Windows.deallocate()
        ipv4.deallocate()
        ipv6.deallocate()
    }

    /// The class of an address as a flow key's low word has it.
    @inline(__always)
    func classNumber(ipv4 address: UInt64) -> UInt32 {
        ipv4Windows.mayContain(address << 32) ? exactClass(ipv4: UInt32(truncatingIfNeeded: address)) : 0
    }

    /// The class of an address as a flow key's two words have it.
    @inline(__always)
    func classNumber(ipv6 address: (UInt64, UInt64)) -> UInt32 {
        ipv6Windows.mayContain(address.0) ? exactClass(ipv6: UInt128(address.0) << 64 | UInt128(address.1)) : 0
    }

    @inline(__always)
    func classNumber(of address: IPAddress) -> UInt32 {
        address.isIPv4 ? classNumber(ipv4: address.low) : classNumber(ipv6: (address.high, address.low))
    }

    @inline(never)
    private func exactClass(ipv4 address: UInt32) -> UInt32 { ipv4.classNumber(of: address) }
    @inline(never)
    private func exactClass(ipv6 address: UInt128) -> UInt32 { ipv6.classNumber(of: address) }
}
