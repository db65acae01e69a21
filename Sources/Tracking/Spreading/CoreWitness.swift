import Packets
import Synchronization

/// Sees to it that a flow comes to one core and no other: which core has had which key, of all cores together. A lock for every new connection, so it is
/// for tests and debug builds.
public final class CoreWitness: Sendable {
    private let cores = Mutex<[Key: Int]>([:])

    private struct Key: Hashable {
        let words: [UInt64]
    }

    public init() {}

    /// A connection begins on a core.
    ///
    /// - Returns: whether the key is another core's.
    func isWrong(_ key: FlowKey, _ core: Int) -> Bool {
        let words = [key.words.0, key.words.1, key.words.2, key.words.3, key.words.4, key.words.5]
        return cores.withLock { cores in
            let first = cores[Key(words: words), default: core]
            cores[Key(words: words)] = first
            return first != core
        }
    }

    /// Keys seen.
    public var count: Int { cores.withLock { $0.count } }
}

/// What a core's pipeline knows of being one of several among which a `Spreader` spreads packets.
public struct SpreadCore: Sendable {
    let number: Int
    let witness: CoreWitness?

    /// - Parameter witness: of all of them.
    public init(_ number: Int, _ witness: CoreWitness?) { (self.number, self.witness) = (number, witness) }
}
