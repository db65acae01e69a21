import Packets

/// Finds the class of an address of either version: what sets and maps of addresses look things up with.
///
/// A value of plain pointers, so that reading counts no references; its owner calls `deallocate`.
struct AddressClassifier {
    private let ipv4Windows: AddressWindows
    private let ipv6Windows: AddressWindows
    // Behind pointers, so that whoever asks for an address passes these and does not copy the whole.
    private let ipv4: UnsafeMutablePointer<RangeIndex<UInt32>>
    private let ipv6: UnsafeMutablePointer<RangeIndex<UInt128>>

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
        ipv4 = .allocate(capacity: 1)
        ipv4.initialize(to: RangeIndex(ipv4Ranges))
        ipv6 = .allocate(capacity: 1)
        ipv6.initialize(to: RangeIndex(ipv6Ranges))
    }

    func deallocate() {
        ipv4Windows.deallocate()
        ipv6Windows.deallocate()
        ipv4.pointee.deallocate()
        ipv4.deallocate()
        ipv6.pointee.deallocate()
        ipv6.deallocate()
    }

    /// The class of an address as a flow key's low word has it.
    @inline(__always)
    func classNumber(ipv4 address: UInt64) -> UInt32 {
        ipv4Windows.mayContain(address << 32) ? Self.exactClass(ipv4, UInt32(truncatingIfNeeded: address)) : 0
    }

    /// The class of an address as a flow key's two words have it.
    @inline(__always)
    func classNumber(ipv6 address: (UInt64, UInt64)) -> UInt32 {
        ipv6Windows.mayContain(address.0) ? Self.exactClass(ipv6, UInt128(address.0) << 64 | UInt128(address.1)) : 0
    }

    @inline(__always)
    func classNumber(of address: IPAddress) -> UInt32 {
        address.isIPv4 ? classNumber(ipv4: address.low) : classNumber(ipv6: (address.high, address.low))
    }

    @inline(never)
    private static func exactClass(_ index: UnsafePointer<RangeIndex<UInt32>>, _ address: UInt32) -> UInt32 { index.pointee.classNumber(of: address) }
    @inline(never)
    private static func exactClass(_ index: UnsafePointer<RangeIndex<UInt128>>, _ address: UInt128) -> UInt32 { index.pointee.classNumber(of: address) }
}
