import Capture
import Packets

/// Where a scenario's frames come from.
protocol FrameSource: ~Copyable {
    /// The next burst, valid until the one after it.
    ///
    /// - Parameter time: of all its packets.
    mutating func next(at time: Timestamp) -> UnsafeBufferPointer<Frame>
}

/// A capture replayed from memory for ever (net_pcap's infinite_rx).
struct PortFrames: FrameSource, ~Copyable {
    private let port: Port
    private var queue: RxQueue
    private var burst = Burst()

    /// - Parameter mbufs: must hold the capture's packets and a burst besides.
    init(_ path: String, mbufs: Mempools.Shape) throws {
        var options = Port.Options(lcores: [0])
        options.mbufs = mbufs
        let port = try Port(device: "net_pcap\(Self.number),rx_pcap=\(path),infinite_rx=1", options)
        Self.number += 1
        queue = port.queue(0)
        self.port = port
    }

    nonisolated(unsafe) private static var number = 0

    @inline(__always)
    mutating func next(at time: Timestamp) -> UnsafeBufferPointer<Frame> {
        _ = queue.fill(&burst, at: time)
        return burst.frames
    }
}

/// Gives scenarios their bursts, and looks how long they take.
struct Replay<Source: FrameSource & ~Copyable>: ~Copyable {
    private var source: Source

    init(_ source: consuming Source) { self.source = source }

    /// Runs until so many packets have passed, at least.
    @inline(__always)
    mutating func run(packets: Int, _ work: inout Work) {
        var count = 0
        while count < packets {
            let frames = source.next(at: work.time)
            count += frames.count
            work.take(frames)
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

    /// How long the work for each burst takes, for so long.
    @inline(never)
    mutating func burstTimes(seconds: Double, _ work: inout Work) -> BurstTimes {
        var times = BurstTimes()
        let end = EAL.cycles + UInt64(seconds * Double(EAL.cyclesPerSecond))
        while true {
            let frames = source.next(at: work.time)
            let start = EAL.cycles
            work.take(frames)
            let now = EAL.cycles
            times.add(now - start)
            if now >= end { return times }
        }
    }
}

/// Cycles, or nanoseconds, that bursts took: counted by powers of two and sixteenths of them, so that a share is known to six percent.
struct BurstTimes {
    private var counts = [Int](repeating: 0, count: 64 * 16)
    private(set) var total = 0
    private(set) var most: UInt64 = 0

    mutating func add(_ cycles: UInt64) {
        most = max(most, cycles)
        counts[Self.place(of: cycles)] += 1
        total += 1
    }

    private static func place(of cycles: UInt64) -> Int {
        guard cycles >= 16 else { return Int(cycles) }
        let power = 63 - cycles.leadingZeroBitCount
        return (power - 3) * 16 + Int(cycles >> UInt64(power - 4) & 15)
    }

    /// The least number of cycles that a place stands for.
    private static func cycles(at place: Int) -> Double {
        place < 16 ? Double(place) : Double(sign: .plus, exponent: place / 16 - 1, significand: Double(16 + place % 16))
    }

    /// So many cycles or less a share of all bursts took, 0...1.
    func cycles(share: Double) -> Double {
        var sum = 0
        for (place, count) in counts.enumerated() {
            sum += count
            if count > 0, Double(sum) >= share * Double(total) { return min(Self.cycles(at: place + 1), Double(most)) }
        }
        return 0
    }
}
