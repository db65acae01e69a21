import Synchronization

/// Gives a run other filters and lists while it goes on.
///
///     let reload = Reload { try Config(contentsOf: "fovea.toml") }
///     options.reload = reload
///     …
///     reload.request()        // from any thread
///
/// The run's main core reads the configuration again and makes all of its filters aside; each polling core then has them between two bursts. Filters and
/// the values of lists may be others. Where anything else is, or something is wrong, the reload is refused: what was in force stays so, all of it.
public final class Reload: Sendable {
    let file: String?
    let read: @Sendable () throws -> Config
    private let isAsked = Atomic(false)
    private let state = Mutex(State())

    /// What has become of requests.
    public struct State: Equatable, Sendable {
        /// Reloads whose filters are in force, on all cores.
        public internal(set) var reloads = 0
        public internal(set) var refusals = 0
        /// Why the last refused one was.
        public internal(set) var refusal: String?
    }

    /// - Parameters:
    ///   - file: the configuration's, to be looked at where the configuration says `reload = "watch"`; nil: only lists' files are.
    ///   - read: gives the configuration as it is now. Called on the thread that runs.
    public init(file: String? = nil, reading read: @escaping @Sendable () throws -> Config) {
        self.file = file
        self.read = read
    }

    /// Asks the run for it; several requests that it has not come to are one.
    public func request() { isAsked.store(true, ordering: .relaxed) }

    public var outcome: State { state.withLock(\.self) }

    // MARK: The run's side

    func takeRequest() -> Bool { isAsked.exchange(false, ordering: .relaxed) }

    func noteReload() { state.withLock { $0.reloads += 1 } }
    func noteRefusal(_ reason: String) {
        state.withLock {
            $0.refusals += 1
            $0.refusal = reason
        }
    }
}
