import Foundation
import Packets
import TestSupport
import TestWire
import Testing

@testable import Fovea

/// In what order results of a capture stand, whatever bursts and blocks its packets came in.
@Suite("Order of lines") struct LineOrderTests {
    /// Each data type to a file of its own, and once more all to one file.
    static let everything = """
        memory_budget = "16 GiB"
        [offline]
        pcap = "x"
        [conntrack]
        max_connections = 4000
        """ + DataTypes.all.map { type in
            """

            [[subscriptions]]
            name = "\(type.name)"
            [[subscriptions]]
            name = "\(type.name) of all"
            data = "\(type.name)"
            output = "all.jsonl"
            """
        }.joined()

    @Test(arguments: CaptureFolder.own.files + CaptureFolder.shared.files.filter { $0.byteCount < 50_000 })
    func `is the same for bursts and blocks of any size`(capture: CaptureName) throws {
        let folder = RunFolder()
        let whole = try folder.run(Self.everything, on: capture.path).results
        #expect(whole.count == DataTypes.all.count + 1)
        for (burst, block) in [(1, 256 << 10), (7, 777), (64, 16)] {
            let cut = try folder.run(Self.everything, on: capture.path) { $0.reading = .init(burst: burst, block: block) }.results
            for (name, bytes) in whole where cut[name] != bytes {
                let place = zip(bytes.lines, cut[name]?.lines ?? []).enumerated().first { $1.0 != $1.1 }
                Issue.record("\(name) with bursts of \(burst): \(place.map { "line \($0.offset): \($0.element)" } ?? "another length")")
            }
        }
    }

    private static let ends = """
        [offline]
        pcap = "x"
        [conntrack]
        udp_inactivity_timeout = 1000
        timeout_resolution = 100
        [[subscriptions]]
        name = "packet"
        output = "all.jsonl"
        [[subscriptions]]
        name = "connection"
        output = "all.jsonl"
        """

    /// The order of packets, "p" and the source port, and of connections, "c".
    private func order(_ packets: [Sent], burst: Int, _ config: String = Self.ends) throws -> [String] {
        let folder = RunFolder()
        let run = try folder.run(config, on: try folder.capture(packets)) { $0.reading.burst = burst }
        return try #require(run.results["all.jsonl"]).lines.map { line in
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            return object["src_p"].map { "p\($0)" } ?? "c\(object["id.orig_p"] ?? "?")"
        }
    }

    private func datagram(_ port: UInt16, _ milliseconds: Int64) -> Sent {
        Sent(udpFrame(End(1, port), End(2, 53)), at: start + milliseconds * 1_000_000)
    }

    @Test(arguments: [1, 2, 64]) func `a timeout's line stands before the packet that brought the time`(burst: Int) throws {
        // Within a tick of 100 ms nothing is overdue that was not at its beginning.
        let packets = [datagram(1, 0), datagram(2, 50), datagram(3, 1040), datagram(3, 1150), datagram(3, 1160), datagram(3, 1170), datagram(3, 2000)]
        #expect(try order(packets, burst: burst) == ["p1", "p2", "p3", "c1", "c2", "p3", "p3", "p3", "p3", "c3"])
    }

    @Test(arguments: [1, 3, 64]) func `what ends at one time stands in the order of its beginnings`(burst: Int) throws {
        let packets = [datagram(5, 0), datagram(9, 10), datagram(7, 20), datagram(9, 30), datagram(5, 40), datagram(8, 5000), datagram(6, 5001)]
        #expect(try order(packets, burst: burst) == ["p5", "p9", "p7", "p9", "p5", "c5", "c9", "c7", "p8", "p6", "c8", "c6"])
    }

    @Test(arguments: [1, 64]) func `a time that is not believed ends nothing`(burst: Int) throws {
        let packets = [datagram(1, 0), datagram(2, 86_400_000), datagram(1, 500), datagram(1, 900), datagram(1, 1899), datagram(4, 2950)]
        #expect(try order(packets, burst: burst) == ["p1", "p2", "p1", "p1", "p1", "c1", "p4", "c4", "c2"])
    }

    @Test func `a time that goes back for good is gone along with`() throws {
        var packets = [datagram(1, 90_000_000)]
        packets += (0..<70).map { datagram(2, $0) } + [datagram(3, 5000)]
        let one = try order(packets, burst: 1)
        #expect(one == (try order(packets, burst: 64)))
        #expect(Array(one.suffix(4)) == ["c2", "p3", "c3", "c1"])
    }

    @Test func `much for one writer does not wait for another who has nothing`() throws {
        let folder = RunFolder()
        let packets = (0..<60_000).map { datagram(UInt16(1 + $0 % 60_000), Int64($0 / 100)) }
        let run = try folder.run(Self.ends, on: try folder.capture(packets))
        let lines = try #require(run.results["all.jsonl"]).lines
        #expect(lines.count == 120_000)
        #expect(run.summary.problems.isEmpty)
        #expect(lines.prefix(60_000).allSatisfy { $0.contains("\"src_p\"") })
    }
}
