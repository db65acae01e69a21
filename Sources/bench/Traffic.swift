import Capture
import Foundation

/// Which packets a scenario replays.
enum Traffic: Hashable {
    /// Those of the command line's capture.
    case capture
    /// UDP of so many flows, a packet each, in random order.
    case flows(Int)
    /// SYNs, each of a new tuple, for a table of so many connections.
    case syns(table: Int)

    /// The mbufs that hold them, and a burst besides. One segment must hold the largest frame (net_pcap's infinite_rx).
    func mbufs(_ capture: CaptureSize) -> Mempools.Shape? {
        switch self {
        case .capture: Mempools.Shape(capacity: capture.packets + 4096, cache: 256, room: max(2048, (capture.longest + 63) / 64 * 64))
        case .flows(let count): Mempools.Shape(capacity: count + 4096, cache: 256, room: 128)
        case .syns: nil
        }
    }

    /// Nanoseconds of packet time a packet. The capture's lap is 0.1 s or more, so that closed connections and their tombstones (2 ms) are gone by the
    /// next; many flows come as at 10 million packets a second, and SYNs at 5.
    func pace(_ capture: CaptureSize) -> Int64 {
        switch self {
        case .capture: max(100, min(100_000, 1_000_000_000 / Int64(max(1, capture.packets))))
        case .flows: 100
        case .syns: 200
        }
    }

    /// That are there at once, as many as there are if they are more than a few.
    var connections: Int {
        switch self {
        case .capture: 0
        case .flows(let count), .syns(let count): count
        }
    }

    /// Bytes of a packet on the wire, on average.
    func meanLength(_ capture: CaptureSize) -> Double {
        switch self {
        case .capture: Double(capture.bytes) / Double(capture.packets)
        case .flows: Double(ManyFlows.frameBytes)
        case .syns: Double(SynFrames.frameBytes)
        }
    }
}

/// What there is in a capture.
struct CaptureSize {
    private(set) var packets = 0
    /// On the wire.
    private(set) var bytes = 0
    private(set) var longest = 0

    /// - Parameter path: nil where no scenario asks.
    init(of path: String?) throws {
        guard let path else { return }
        var file = try CaptureFile(path: path)
        while let frame = try file.next() {
            packets += 1
            bytes += Int(frame.wireLength)
            longest = max(longest, Int(frame.length))
        }
        guard packets > 0 else { throw BenchError(description: "\(path) has no packets") }
    }
}
