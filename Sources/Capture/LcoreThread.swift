import Glibc
import Synchronization

/// The thread on which an lcore's work runs: DPDK's, bound to its CPU, where ports are polled; a plain one, for the kernel to place, where a capture is
/// read, which needs nothing else of DPDK and need not wait for it to start.
public final class LcoreThread: Sendable {
    public enum Kind: Sendable { case dpdk, plain }

    /// The lcore's number.
    public let number: Int
    private let kind: Kind
    /// A plain thread's; 0: there is none.
    private let thread = Atomic<pthread_t>(0)
    private let runs = Atomic(false)

    public init(_ number: Int, _ kind: Kind) {
        self.number = number
        self.kind = kind
    }

    /// Runs a body there; `wait` must follow before the next one.
    ///
    /// - Throws: `DPDKError` when EAL has no such lcore or it is busy, or no thread can be had.
    public func launch(_ body: @escaping @Sendable () -> Void) throws(DPDKError) {
        guard kind == .plain else { return try EAL.launch(on: number, body) }
        let work = Unmanaged.passRetained(Work(body: body, thread: self))
        var thread = pthread_t()
        runs.store(true, ordering: .relaxed)
        let answer = pthread_create(
            &thread, nil,
            { pointer in
                let work = Unmanaged<Work>.fromOpaque(pointer!).takeRetainedValue()
                work.body()
                work.thread.runs.store(false, ordering: .releasing)
                return nil
            }, work.toOpaque())
        guard answer == 0 else {
            work.release()
            runs.store(false, ordering: .relaxed)
            throw DPDKError(call: "pthread_create", code: -answer, subject: "lcore \(number)")
        }
        self.thread.store(thread, ordering: .relaxed)
    }

    /// Waits until what was launched has returned.
    public func wait() {
        guard kind == .plain else { return EAL.wait(for: number) }
        let thread = thread.exchange(0, ordering: .relaxed)
        if thread != 0 { pthread_join(thread, nil) }
    }

    public var isRunning: Bool { kind == .plain ? runs.load(ordering: .acquiring) : EAL.isRunning(number) }

    private final class Work: Sendable {
        let body: @Sendable () -> Void
        let thread: LcoreThread

        init(body: @escaping @Sendable () -> Void, thread: LcoreThread) {
            self.body = body
            self.thread = thread
        }
    }
}
