import Packets

/// Who wants which addresses: prefixes of many members, such as filters, looked up together. What an address gives is a class, which stands for the list of
/// members that have a prefix with it; class 0 for none.
///
/// Built once, then only read: a look-up allocates nothing and counts no references.
final class AddressMap: @unchecked Sendable {
    private let classifier: AddressClassifier
    private let classes: MemberClasses

    init(_ prefixes: some Sequence<(prefix: IPPrefix, member: Int)>) {
        // Those who named the same prefix are one class of it.
        var members: [IPPrefix: [Int32]] = [:]
        for (prefix, member) in prefixes { members[prefix, default: []].append(Int32(member)) }
        var builder = MemberClassBuilder()
        classifier = AddressClassifier(members.map { ($0, builder.number(of: $1)) }, &builder)
        classes = builder.classes
    }

    deinit { classifier.deallocate() }

    /// The class of an address as a flow key's low word has it.
    @inline(__always)
    func classNumber(ipv4 address: UInt64) -> UInt32 { classifier.classNumber(ipv4: address) }
    /// The class of an address as a flow key's two words have it.
    @inline(__always)
    func classNumber(ipv6 address: (UInt64, UInt64)) -> UInt32 { classifier.classNumber(ipv6: address) }
    func classNumber(of address: IPAddress) -> UInt32 { classifier.classNumber(of: address) }

    /// Ascending, each once; none for class 0.
    @inline(__always)
    func members(ofClass number: UInt32) -> UnsafeBufferPointer<Int32> { classes[number] }
    /// Class 0 included.
    var classCount: Int { classes.count }
}
