import Glibc
import Synchronization

/// SIGINT and SIGTERM: the first asks for an orderly end, the second ends the process at once.
enum Signals {
    private static let count = Atomic(0)

    /// The exit status of a process that a second signal ended.
    private static let secondSignalStatus: Int32 = 130

    static func watch() {
        count.store(0, ordering: .relaxed)
        for number in [SIGINT, SIGTERM] {
            // Safe in a handler: an atomic that exists by now, and _exit.
            signal(number) { _ in
                if Signals.count.wrappingAdd(1, ordering: .relaxed).newValue > 1 { _exit(Signals.secondSignalStatus) }
            }
        }
    }

    static func unwatch() {
        for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
    }

    static var isStopAsked: Bool { count.load(ordering: .relaxed) > 0 }

    /// A closed pipe is an error of `write`, not the process's end.
    static func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }
}
