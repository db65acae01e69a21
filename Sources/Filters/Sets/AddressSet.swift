import Packets

/// Addresses and prefixes, looked up without going through them. However many there are, a copy is a reference, and hashing one is hashing a number.
public struct AddressSet: Sendable {
    private final class Storage: Sendable {
        let prefixes: [IPPrefix]
        let listName: String?
        let hash: Int
        let table: AddressTable

        init(_ prefixes: [IPPrefix], _ listName: String?) {
            self.prefixes = prefixes
            self.listName = listName
            hash = prefixes.hashValue
            table = AddressTable(prefixes)
        }
    }

    private let storage: Storage

    /// As they were given.
    public var prefixes: [IPPrefix] { storage.prefixes }
    /// The list in the config that it was read from, without the `$`.
    public var listName: String? { storage.listName }
    /// The set as a program looks things up in it.
    var table: AddressTable { storage.table }

    public init(_ prefixes: [IPPrefix], listName: String? = nil) { storage = Storage(prefixes, listName) }

    public func contains(_ address: IPAddress) -> Bool { table.contains(address) }
}

extension AddressSet: Hashable {
    /// Sets are equal that were given the same prefixes in the same order, under the same name.
    public static func == (left: Self, right: Self) -> Bool {
        left.storage === right.storage
            || left.storage.hash == right.storage.hash && left.listName == right.listName && left.prefixes == right.prefixes
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(storage.hash) }
}

/// A set of addresses as instructions look things up in it: nothing is allocated, and no reference counted.
final class AddressTable: @unchecked Sendable {
    private let classifier: AddressClassifier

    init(_ prefixes: [IPPrefix]) {
        var builder = MemberClassBuilder()
        let member = builder.number(of: [0])
        classifier = AddressClassifier(prefixes.lazy.map { ($0, member) }, &builder)
    }

    deinit { classifier.deallocate() }

    /// An address as a flow key's low word has it.
    @inline(__always)
    func contains(ipv4 address: UInt64) -> Bool { classifier.classNumber(ipv4: address) != 0 }
    /// An address as a flow key's two words have it.
    @inline(__always)
    func contains(ipv6 address: (UInt64, UInt64)) -> Bool { classifier.classNumber(ipv6: address) != 0 }
    func contains(_ address: IPAddress) -> Bool { classifier.classNumber(of: address) != 0 }
}
