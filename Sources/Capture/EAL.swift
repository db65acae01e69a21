import CDPDK
import Packets
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// DPDK's environment abstraction layer. It starts once a process and cannot be started again.
public enum EAL {
    /// What it was started with.
    public struct Setup: Equatable, Sendable {
        public var mainLcore: Int
        public var workers: [Int]
        public var hugepages: Bool
        /// For pools, in bytes; no limit with huge pages.
        public var memory: Int
        public var usesPCI: Bool
    }

    private static let hasBegun = Atomic(false)
    private static let started = Mutex<Setup?>(nil)
    /// Nil until it has started.
    public static var setup: Setup? { started.withLock(\.self) }

    /// Starts it: `mainLcore` is the calling thread, `workers` become polling threads.
    ///
    /// An lcore's id is its CPU's number where the machine has such a CPU; ids beyond share the CPUs there are, which is slow but works.
    ///
    /// - Parameters:
    ///   - memory: what pools will need without huge pages, in bytes; DPDK reserves it as address space at once.
    ///   - usesPCI: false leaves the PCI bus alone.
    ///   - extra: further arguments of rte_eal_init.
    /// - Throws: `DPDKError` of rte_eal_init; EALREADY when it has been started before.
    public static func start(
        mainLcore: Int, workers: [Int], hugepages: Bool, memory: Int, channels: Int = 1, usesPCI: Bool = false, quiet: Bool = true, extra: [String] = []
    ) throws(DPDKError) {
        let workers = Set(workers).subtracting([mainLcore]).sorted()
        for lcore in [mainLcore] + workers where lcore >= shim_lcore_limit() {
            throw DPDKError(call: "rte_eal_init: lcores go up to \(shim_lcore_limit() - 1)", code: -EINVAL, subject: "lcore \(lcore)")
        }
        guard hasBegun.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged else {
            throw DPDKError(call: "rte_eal_init", code: -EALREADY, subject: "")
        }
        let cpus = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        let lcores = ([mainLcore] + workers).map { "\($0)@\($0 % cpus)" }
        var arguments = ["fovea", "--main-lcore", "\(mainLcore)", "--lcores", lcores.joined(separator: ","), "-n", "\(channels)", "--no-telemetry"]
        if quiet { arguments += ["--log-level", "*:error"] }
        // A megabyte for every started one, and room for DPDK's own tables.
        arguments += hugepages ? ["--in-memory"] : ["--no-huge", "--no-shconf", "-m", "\(max(64, (memory >> 20) + 32))"]
        // An allow list with nobody on it: a device is plugged in when a port asks for it, not before.
        arguments += usesPCI ? ["--allow", "ffff:ff:1f.7"] : ["--no-pci"]
        arguments += extra
        // DPDK keeps pointers into its arguments, so they live as long as the process.
        var pointers: [UnsafeMutablePointer<CChar>] = arguments.map { strdup($0)! }
        try dpdk("rte_eal_init", pointers.withUnsafeMutableBufferPointer { shim_eal_start(Int32($0.count), $0.baseAddress!) })
        try dpdk("rte_mbuf_dyn_rx_timestamp_register", shim_timestamp_register())
        let setup = Setup(mainLcore: mainLcore, workers: workers, hugepages: hugepages, memory: memory, usesPCI: usesPCI)
        started.withLock { $0 = setup }
    }

    /// Throws unless it was started with these workers, this much memory for pools and, if that is asked for, the PCI bus.
    public static func require(lcores: [Int], memory: Int, usesPCI: Bool) throws(DPDKError) {
        guard let setup else { throw DPDKError(call: "rte_eal_init has not been called", code: -ENODEV, subject: "") }
        func refuse(_ lack: String) throws(DPDKError) -> Never {
            throw DPDKError(call: "DPDK starts once a process, and was started \(lack)", code: -EALREADY, subject: "")
        }
        if let lcore = lcores.first(where: { !setup.workers.contains($0) }) { try refuse("without lcore \(lcore)") }
        if !setup.hugepages, memory > setup.memory { try refuse("with \(setup.memory >> 20) MiB for mbufs; \(memory >> 20) MiB are needed now") }
        if usesPCI, !setup.usesPCI { try refuse("without PCI devices") }
    }

    /// Runs a body on a worker lcore; `wait(for:)` must follow.
    public static func launch(on lcore: Int, _ body: @escaping @Sendable () -> Void) throws(DPDKError) {
        let box = Unmanaged.passRetained(Body(run: body))
        do {
            let answer = shim_lcore_launch(
                UInt32(lcore),
                { pointer in
                    Unmanaged<Body>.fromOpaque(pointer).takeRetainedValue().run()
                    return 0
                }, box.toOpaque())
            try dpdk("rte_eal_remote_launch", of: "lcore \(lcore)", answer)
        } catch {
            box.release()
            throw error
        }
    }

    /// Waits until what was launched there has returned.
    public static func wait(for lcore: Int) { _ = shim_lcore_wait(UInt32(lcore)) }

    public static func isRunning(_ lcore: Int) -> Bool { shim_lcore_is_running(UInt32(lcore)) }

    /// The time of day: for live traffic whose frames bring no time.
    public static var wallClock: Timestamp { Timestamp(nanoseconds: shim_wall_clock()) }

    /// The time-stamp counter, for measuring.
    @inline(__always)
    public static var cycles: UInt64 { shim_cycles() }
    public static var cyclesPerSecond: UInt64 { shim_cycles_per_second() }

    /// The NUMA socket of an lcore.
    public static func socket(of lcore: Int) -> Int { Int(shim_lcore_socket(UInt32(lcore))) }

    private final class Body {
        let run: @Sendable () -> Void
        init(run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
