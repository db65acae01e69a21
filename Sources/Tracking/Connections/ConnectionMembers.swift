import Containers
import Filters
import Glibc

/// Which subscriptions want what of a connection: a bit each. Those of a plan of up to 64 lie in the connection itself, of a larger one in memory beside
/// the table, which costs nothing until a connection uses it: three sets, 384 bytes a connection for 1,000 subscriptions.
struct ConnectionMembers: ~Copyable {
    let wordCount: Int
    private let memory: RawMemory

    init(connections: Int, members: Int) {
        wordCount = MemberSet.wordCount(of: members)
        memory = RawMemory(byteCount: wordCount == 1 ? 0 : connections * wordCount * 3 * MemoryLayout<UInt64>.stride)
    }

    /// Bytes reserved.
    var byteCount: Int { memory.byteCount }

    /// Subscriptions that have state for the connection.
    @inline(__always)
    func subscribed(_ index: Int, _ connection: UnsafeMutablePointer<Connection>) -> MemberSet { set(0, index, connection) }
    /// Those of them that have not said "done".
    @inline(__always)
    func active(_ index: Int, _ connection: UnsafeMutablePointer<Connection>) -> MemberSet { set(1, index, connection) }
    /// Subscriptions whose filter cannot tell yet.
    @inline(__always)
    func pending(_ index: Int, _ connection: UnsafeMutablePointer<Connection>) -> MemberSet { set(2, index, connection) }

    @inline(__always)
    private func set(_ number: Int, _ index: Int, _ connection: UnsafeMutablePointer<Connection>) -> MemberSet {
        let words =
            wordCount == 1
            ? (UnsafeMutableRawPointer(connection) + Connection.membersOffset).assumingMemoryBound(to: UInt64.self) + number
            : memory.start.assumingMemoryBound(to: UInt64.self) + (index * 3 + number) * wordCount
        return MemberSet(words, wordCount: wordCount)
    }

    /// Subscriptions begin for the connection.
    @inline(__always)
    func insert(_ starting: MemberSet, _ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        if wordCount == 1 {
            connection.pointee.members.0 |= starting.word
            connection.pointee.members.1 |= starting.word
        } else {
            subscribed(index, connection).formUnion(starting)
            active(index, connection).formUnion(starting)
        }
    }

    /// Nobody wants anything of the connection: it begins, or is over.
    @inline(__always)
    func clear(_ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        if wordCount == 1 {
            connection.pointee.members = (0, 0, 0)
        } else {
            memset(memory.start + index * 3 * wordCount * MemoryLayout<UInt64>.stride, 0, 3 * wordCount * MemoryLayout<UInt64>.stride)
        }
    }
}
