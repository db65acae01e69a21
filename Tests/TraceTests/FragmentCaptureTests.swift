import Packets
import TestSupport
import Testing
@testable import Tracking

/// Datagrams in captures, with reassembly on.
@Suite struct `Captured fragments` {
    /// What tshark 4.0.17 puts together (`ip.reassembled.data`, `ipv6.reassembled.data`, in frame order): datagrams, their bytes without IP headers, these
    /// bytes' FNV-1a hash, and how many fragments belong to no datagram.
    struct Expected {
        var name: String
        var count: Int
        var bytes: Int
        var hash: UInt64
        var lone: UInt64
    }

    private static let own = [Expected(name: "udp-fragments", count: 8, bytes: 32448, hash: 0xe9c581ee57025024, lone: 0)]
    private static let shared = [
        Expected(name: "dns-fragments-40-byte", count: 82, bytes: 10850, hash: 0xac02ac5a22653c01, lone: 0),
        Expected(name: "dns-udp-tcp-edns-ecs-v6", count: 4, bytes: 6656, hash: 0x63d0dde85d0ca959, lone: 0),
        Expected(name: "dns-v6-fragmented", count: 1, bytes: 3238, hash: 0x56ec9b964b022a6c, lone: 1),
        Expected(name: "ip4-fragmented-syn", count: 1, bytes: 40, hash: 0x76b4388cb5bf6dd1, lone: 0),
        Expected(name: "ip4-fragments-50", count: 6, bytes: 49920, hash: 0x5d166a026d69982f, lone: 2),
        // In tshark bytes that came later write over earlier ones; here those that came first stay (hash of a script of our own).
        Expected(name: "ip4-fragments-overlap", count: 1, bytes: 89, hash: 0xfae2180fdb36e30c, lone: 0),
        Expected(name: "ip6-fragments-36", count: 4, bytes: 3982, hash: 0xb1dae79bc53c6125, lone: 0),
        Expected(name: "tunnel-gtpu-http-fragments", count: 36, bytes: 53856, hash: 0x9663ef501158f05e, lone: 4),
    ]

    @Test(arguments: own) func `our own come together as tshark has them`(_ expected: Expected) throws {
        try expectDatagrams(.own, expected)
    }

    @Test(.enabled(if: CaptureFolder.shared.isThere, "there is no ../shared/traces beside the package"), arguments: shared)
    func `the shared ones come together as tshark has them`(_ expected: Expected) throws {
        try expectDatagrams(.shared, expected)
    }

    private func expectDatagrams(_ folder: CaptureFolder, _ expected: Expected) throws {
        let capture = try #require(folder.files.first { $0.name == expected.name })
        let seen = try Self.datagrams(Recording(capture))
        #expect((seen.count, seen.bytes, seen.hash) == (expected.count, expected.bytes, expected.hash))
        #expect(seen.counters.datagrams == UInt64(expected.count))
        #expect((seen.counters[.fragment], seen.counters[.tracked]) == (expected.lone, seen.packets))
    }

    private struct Seen {
        var count = 0
        var bytes = 0
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        var counters = Counters()
        /// Packets of all records.
        var packets: UInt64 = 0
    }

    /// One packet a burst, so that datagrams come in the order of the frames that complete them.
    private static func datagrams(_ recording: Recording) throws -> Seen {
        let log = DatagramLog()
        let counters = try DatagramLog.$current.withValue(log) {
            let options = TrackerOptions.patient
            var pipeline = Pipeline(options, subscribers: [try DatagramNotes._makeSubscriber(SubscriberOrder(options, filter: .everything))], seed: HashSeed(1))
            recording.forEachBurst(of: 1) { frames, _ in pipeline.process(frames) }
            pipeline.drain()
            return pipeline.counters
        }
        var seen = Seen(counters: counters, packets: log.packets)
        for payload in log.payloads {
            seen.count += 1
            seen.bytes += payload.count
            for byte in payload { seen.hash = (seen.hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        }
        return seen
    }
}

private final class DatagramLog: SubscriptionReport, @unchecked Sendable {
    @TaskLocal static var current = DatagramLog()
    var payloads: [[UInt8]] = []
    var packets: UInt64 = 0
    func merge(_ other: DatagramLog) {}
}

/// Notes what follows the IP header of each datagram that was put together: a frame that begins with that header.
private struct DatagramNotes: PacketTrackable {
    static func makeReport(_ context: ReportContext) -> DatagramLog { DatagramLog.current }
    init(_ connection: ConnectionRecord) {}

    mutating func packet(_ packet: Packet, _ frame: RawSpan, from sender: Direction, _ log: inout DatagramLog) -> Verdict {
        let bytes = frame.withUnsafeBytes { [UInt8]($0) }
        func length(at offset: Int) -> Int { Int(bytes[offset]) << 8 | Int(bytes[offset + 1]) }
        if bytes[0] == 0x45, length(at: 2) == bytes.count {
            log.payloads.append(Array(bytes[20...]))
        } else if bytes[0] >> 4 == 6, bytes.count > 40, length(at: 4) + 40 == bytes.count {
            log.payloads.append(Array(bytes[40...]))
        }
        return .more
    }

    consuming func ended(_ connection: ConnectionRecord, _ log: inout DatagramLog) {
        log.packets += connection.originator.packets + connection.responder.packets
    }
}
