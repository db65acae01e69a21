import Packets

/// Addresses and prefixes, looked up without going through them.
public struct AddressSet: Hashable, Sendable {
    public let prefixes: [IPPrefix]
    /// The list in the config that it was read from, without the `$`.
    public let listName: String?

    public init(_ prefixes: [IPPrefix], listName: String? = nil) {
        self.prefixes = prefixes
        self.listName = listName
    }

    public func contains(_ address: IPAddress) -> Bool { prefixes.contains { $0.contains(address) } }
}

extension AddressSet {
    /// The set as a program looks things up in it.
    var table: AddressTable { AddressTable(self) }
}

final class AddressTable {
    private let set: AddressSet
    init(_ set: AddressSet) { self.set = set }

    @inline(__always)
    func contains(ipv4 address: UInt64) -> Bool { set.contains(IPAddress(0, address, isIPv4: true)) }
    @inline(__always)
    func contains(ipv6 address: (UInt64, UInt64)) -> Bool { set.contains(IPAddress(address.0, address.1, isIPv4: false)) }
}
