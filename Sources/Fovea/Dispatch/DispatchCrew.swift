import Capture
import Glibc
import Synchronization
import Tracking

/// The other cores of a run: they call the subscriptions that asked for it, from before the first packet until the last message after the capture's end.
///
/// - With `[online] dispatch_cores` these are lcores that look for messages without a pause, each at its share of the rings.
/// - Without, each such subscription has a thread, which sleeps when there is nothing. DPDK has bound the thread that starts it to `main_core`, and it to the
///   same, which has little else to do. That is enough for callbacks that wait for somebody else; for those that compute, cores of their own are better.
///
/// Whoever captures wakes nobody, for that would be a call of the kernel: a thread that sleeps looks again after a fifth of a millisecond at most.
final class DispatchCrew {
    private var workers: [DispatchWorker]
    private let names: [String]
    /// By the entries' places, each core's.
    private var subscribers: [[DispatchedSubscriber]]
    private let cores: [Int]
    private var ringCount = 0

    init(_ plan: RunPlan) {
        cores = plan.dispatchCores
        names = plan.entries.map(\.name)
        subscribers = plan.entries.map { _ in [] }
        workers = cores.map { DispatchWorker(LcoreThread($0, .dpdk), isAlone: true) }
        if cores.isEmpty { workers = plan.dispatchedEntries.map { _ in DispatchWorker(LcoreThread(plan.config.mainCore, .plain), isAlone: false) } }
    }

    /// Takes those of a capturing core's subscribers that are dispatched.
    func add(_ all: [Subscriber]) {
        var number = 0
        for (place, subscriber) in all.enumerated() {
            guard let subscriber = subscriber as? DispatchedSubscriber else { continue }
            subscribers[place].append(subscriber)
            // Lcores take rings in turn; a thread has all of its subscription.
            workers[(cores.isEmpty ? number : ringCount) % workers.count].receivers.append(subscriber.receiver)
            number += 1
            ringCount += 1
        }
    }

    func launch() throws {
        for (index, worker) in workers.enumerated() {
            do {
                try worker.launch()
            } catch {
                for launched in workers[..<index] { launched.finish() }
                throw error
            }
        }
    }

    /// Returns when all that was sent has been delivered. No core may capture any more.
    func finish() {
        for worker in workers { worker.close() }
        for worker in workers { worker.finish() }
    }

    /// Messages that found no room so far, by subscription, of those that are dispatched.
    var losses: [(name: String, count: UInt64)] {
        zip(names, subscribers).compactMap { name, subscribers in
            subscribers.isEmpty ? nil : (name, subscribers.reduce(0) { $0 + $1.lostMessages })
        }
    }

    /// When all is over.
    var summaries: [DispatchSummary] {
        zip(names, subscribers).compactMap { name, subscribers in
            guard let ring = subscribers.first?.ringSize else { return nil }
            var counts = DispatchCounts()
            for subscriber in subscribers { counts.add(subscriber.counts) }
            return DispatchSummary(subscription: name, ring: ring, counts: counts)
        }
    }
}

/// One core or thread that runs subscriptions.
///
/// Unchecked: receivers are given before launch, and are the thread's from then on.
private final class DispatchWorker: @unchecked Sendable {
    private let thread: LcoreThread
    /// Whether it has a core to itself.
    private let isAlone: Bool
    var receivers: [DispatchReceiver] = []
    private let isClosed = Atomic(false)

    /// Of one ring, before others have their turn.
    private static let messagesAtOnce = 32
    private static let longestPause = 200

    init(_ thread: LcoreThread, isAlone: Bool) {
        self.thread = thread
        self.isAlone = isAlone
    }

    func launch() throws(DPDKError) { try thread.launch { self.run() } }

    /// What is in the rings is the last.
    func close() { isClosed.store(true, ordering: .releasing) }

    func finish() {
        close()
        thread.wait()
    }

    private func run() {
        var lastFlush = ContinuousClock.now
        var pause = 1
        while true {
            // In this order: whatever was sent before it was closed is in the rings then.
            let isLast = isClosed.load(ordering: .acquiring)
            var count = 0
            for receiver in receivers { count += receiver.deliver(atMost: Self.messagesAtOnce) }
            let now = ContinuousClock.now
            if now - lastFlush >= .seconds(1) {
                lastFlush = now
                for receiver in receivers { receiver.flush() }
            }
            if count > 0 {
                pause = 1
            } else if isLast {
                break
            } else if isAlone {
                // Somebody else's, on a machine with fewer CPUs than lcores.
                sched_yield()
            } else {
                usleep(UInt32(pause))
                pause = min(2 * pause, Self.longestPause)
            }
        }
        for receiver in receivers { receiver.finish() }
    }
}
