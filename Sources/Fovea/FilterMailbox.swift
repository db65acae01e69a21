import Synchronization
import Tracking

/// The way of new filters from the main core to an lcore, and of those before back, which only the main core takes apart. Two words and no lock; where
/// there is nothing in it the lcore pays a load a round.
///
///     main core  ──post──▶ posted   ──take──▶  lcore
///         ▲                                      │ adopts, between two bursts
///         └─────collect─── replaced ◀──giveBack──┘
/// Unchecked: whoever has a pointer out of it is the only one to use what it points to.
final class FilterMailbox: @unchecked Sendable {
    private let linesBefore = CacheLine()
    private let posted = Atomic<Unmanaged<FilterEdition>?>(nil)
    private let replaced = Atomic<Unmanaged<Replaced>?>(nil)
    private let linesBehind = CacheLine()

    /// What an lcore gives back.
    final class Replaced {
        let edition: FilterEdition
        /// What its engine can come to hold from now on.
        let memory: EngineMemory
        /// The parsers that its engine has from now on.
        let services: [Service]

        init(_ edition: FilterEdition, _ memory: EngineMemory, _ services: [Service]) {
            (self.edition, self.memory, self.services) = (edition, memory, services)
        }
    }

    deinit {
        posted.load(ordering: .acquiring)?.release()
        replaced.load(ordering: .acquiring)?.release()
    }

    // MARK: The main core's side

    /// Puts an edition in, which nobody else may have; the one before must have been collected or withdrawn.
    func post(_ edition: consuming FilterEdition) {
        let before = posted.exchange(.passRetained(edition), ordering: .releasing)
        precondition(before == nil, "an edition that nobody has taken")
    }

    /// What was in force before the edition that was posted; nil as long as that is not in force.
    func collect() -> Replaced? { replaced.exchange(nil, ordering: .acquiring)?.takeRetainedValue() }

    /// Takes back what an lcore that has ended will not take.
    func withdraw() { posted.exchange(nil, ordering: .acquiring)?.release() }

    // MARK: The lcore's side

    @inline(__always)
    var hasMail: Bool { posted.load(ordering: .relaxed) != nil }

    func take() -> FilterEdition? { posted.exchange(nil, ordering: .acquiring)?.takeRetainedValue() }

    func giveBack(_ answer: consuming Replaced) { replaced.store(.passRetained(answer), ordering: .releasing) }
}
