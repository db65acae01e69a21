import Capture
import Packets

/// A capture replayed from memory for ever (net_pcap's infinite_rx), with a time of its own that passes at a fixed pace.
struct Replay: ~Copyable {
    private let port: Port
    private var queue: RxQueue
    private var burst = Burst()
    private var time = Timestamp(nanoseconds: 1_700_000_000_000_000_000)
    /// Nanoseconds of packet time a packet.
    private let pace: Int64

    /// - Parameters:
    ///   - mbufs: must hold the capture's packets and a burst besides.
    init(_ path: String, mbufs: Mempools.Shape, pace: Int64) throws {
        var options = Port.Options(lcores: [0])
        options.mbufs = mbufs
        let port = try Port(device: "net_pcap\(Self.number),rx_pcap=\(path),infinite_rx=1", options)
        Self.number += 1
        queue = port.queue(0)
        self.port = port
        self.pace = pace
    }

    nonisolated(unsafe) private static var number = 0

    /// Runs until so many packets have passed, at least.
    @inline(__always)
    mutating func run(packets: Int, _ work: inout Work) {
        var count = 0
        while count < packets {
            _ = queue.fill(&burst, at: time)
            time = time + Int64(burst.count) * pace
            count += burst.count
            work.take(burst.frames)
        }
    }

    /// Runs for so long, and gives the TSC cycles a packet.
    @inline(never)
    mutating func cycles(seconds: Double, _ work: inout Work) -> Double {
        let chunk = 64 * Burst.capacity
        var packets = 0
        let start = EAL.cycles
        let end = start + UInt64(seconds * Double(EAL.cyclesPerSecond))
        var now = start
        while now < end {
            run(packets: chunk, &work)
            packets += chunk
            now = EAL.cycles
        }
        return Double(now - start) / Double(packets)
    }
}
