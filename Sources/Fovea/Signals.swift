import Glibc
import Synchronization

/// SIGINT and SIGTERM: the first asks for an orderly end, the second ends the process at once. SIGHUP asks for a reload, where there is something to reload.
enum Signals {
    private static let count = Atomic(0)
    private static let isReloadAskedFor = Atomic(false)

    /// The exit status of a process that a second signal ended.
    private static let secondSignalStatus: Int32 = 130

    static func watch(reload: Bool) {
        count.store(0, ordering: .relaxed)
        isReloadAskedFor.store(false, ordering: .relaxed)
        if reload { signal(SIGHUP) { _ in Signals.isReloadAskedFor.store(true, ordering: .relaxed) } }
        for number in [SIGINT, SIGTERM] {
            // Safe in a handler: an atomic that exists by now, and _exit.
            signal(number) { _ in
                if Signals.count.wrappingAdd(1, ordering: .relaxed).newValue > 1 { _exit(Signals.secondSignalStatus) }
            }
        }
    }

    static func unwatch(reload: Bool) {
        for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
        // One that comes as the run ends is too late, and no reason to end without a summary.
        if reload { signal(SIGHUP, SIG_IGN) }
        // The next run in this process may not watch, and is not asked to stop.
        count.store(0, ordering: .relaxed)
        isReloadAskedFor.store(false, ordering: .relaxed)
    }

    static func takeReload() -> Bool { isReloadAskedFor.exchange(false, ordering: .relaxed) }

    static var isStopAsked: Bool { count.load(ordering: .relaxed) > 0 }

    /// A closed pipe is an error of `write`, not the process's end, and so is a file that may not grow any more.
    static func ignoreBrokenPipes() {
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
    }
}
