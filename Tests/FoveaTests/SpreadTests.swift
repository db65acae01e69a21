import Capture
import Foundation
import Packets
import Synchronization
import TestSupport
import TestWire
import Testing

@testable import Fovea
@testable import Tracking

/// A capture file that several cores share.
@Suite struct `Shared capture` {
    @Test(arguments: CaptureFolder.own.files + CaptureFolder.shared.files.filter { $0.byteCount < 150_000 })
    func `gives the same for any number of cores`(capture: CaptureName) throws {
        try compare(capture.path, name: capture.file)
    }

    /// What differs with the number of cores: what each has for itself, and how late it was.
    private func shared(_ counters: Counters) -> [UInt8] {
        var counters = counters
        (counters.connectionsPeak, counters.reassemblyPeak, counters.fragmentsPeak, counters.lateness) = (0, 0, 0, Lateness())
        return withUnsafeBytes(of: counters) { [UInt8]($0) }
    }

    private func compare(_ capture: String, name: String) throws {
        let folder = RunFolder()
        let config = LineOrderTests.everything + "\n[[subscriptions]]\nname = \"sizes\""
        let one = try folder.run(config, on: capture, subscriptions: [Sizes.self])
        for workers in [2, 4] {
            let witness = CoreWitness()
            let several = try folder.run(config, on: capture, subscriptions: [Sizes.self], workers: workers) { $0.reading.witness = witness }
            #expect(several.summary.counters.wrongCore == 0)
            #expect(several.summary.lcores.count == workers)
            #expect(several.summary.failures == one.summary.failures)
            #expect(several.summary.first == one.summary.first && several.summary.last == one.summary.last)
            #expect(shared(several.summary.counters) == shared(one.summary.counters), "\(differences(one.summary.counters, several.summary.counters))")
            #expect(several.summary.counters.isBalanced && several.summary.counters.isPayloadBalanced)
            for (file, bytes) in one.results where several.results[file] != bytes {
                let place = zip(bytes.lines, several.results[file]?.lines ?? []).enumerated().first { $1.0 != $1.1 }
                Issue.record("\(name), \(file), \(workers) cores: \(place.map { "line \($0.offset): \($0.element)" } ?? "another length")")
            }
        }
    }

    private func differences(_ one: Counters, _ other: Counters) -> [String] {
        zip(Mirror(reflecting: one).children, Mirror(reflecting: other).children).compactMap { left, right in
            let (a, b) = (String(reflecting: left.value), String(reflecting: right.value))
            return a == b ? nil : "\(left.label ?? ""): \(a), \(b)"
        }
    }

    /// Its lines come from the merged report, at the end.
    struct Sizes: PacketSubscription {
        struct Report: SubscriptionReport {
            var output: LogWriter
            var counts: [UInt32: Int] = [:]

            mutating func merge(_ other: Report) {
                counts.merge(other.counts, uniquingKeysWith: +)
                output.merge(other.output)
            }

            mutating func finish() throws {
                for (size, count) in counts.sorted(by: { $0.key < $1.key }) {
                    output.write { line in
                        line.add("size", size)
                        line.add("count", count)
                    }
                }
                try output.finish()
            }
        }

        static func makeReport(_ context: ReportContext) throws -> Report { Report(output: try LogWriter(context)) }
        static func packet(_ packet: Packet, _ frame: RawSpan, _ report: inout Report) { report.counts[packet.wireLength, default: 0] += 1 }
    }

    // MARK: Where packets go

    private static let connections = """
        [offline]
        pcap = "x"
        [[subscriptions]]
        name = "connection"
        """

    @Test func `each core has its share of the flows, and each flow one core`() throws {
        var random = SeededGenerator(seed: 1)
        let packets = (0..<4000).map { number in
            let (one, other) = (End(UInt32.random(in: 1...200, using: &random), 1000), End(0xc0a8_0000 | UInt32.random(in: 1...200, using: &random), 53))
            return Sent(number % 2 == 0 ? udpFrame(one, other) : udpFrame(other, one), at: start + Int64(number) * 1_000_000)
        }
        let folder = RunFolder()
        let capture = try folder.capture(packets)
        let one = try folder.run(Self.connections, on: capture)
        for workers in [2, 3, 7, 64] {
            let witness = CoreWitness()
            let run = try folder.run(Self.connections, on: capture, workers: workers) { $0.reading.witness = witness }
            #expect(run.results == one.results)
            #expect(run.summary.counters.wrongCore == 0)
            #expect(UInt64(witness.count) == run.summary.counters.connections)
            let share = 4000 / UInt64(workers)
            #expect(run.summary.lcores.allSatisfy { $0.counters.packets > share / 4 && $0.counters.packets < 3 * share })
        }
    }

    @Test func `a witness tells of a flow on two cores`() {
        let witness = CoreWitness()
        var key = FlowKey()
        key.words.1 = 7
        let answers = [witness.isWrong(key, 0), witness.isWrong(key, 0), witness.isWrong(key, 1), witness.isWrong(FlowKey(), 1)]
        #expect(answers == [false, false, true, false])
    }

    /// Errors of a router about flows of others: connections learn of them on whichever core they are.
    @Test func `an ICMP error comes to the flow that it is about`() throws {
        var packets: [Sent] = []
        for number in 1...200 as ClosedRange<UInt32> {
            let (one, other) = (End(number, 1000), End(0xc0a8_0000 | number, 53))
            let time = start + Int64(number) * 1_000_000
            let frame = udpFrame(one, other)
            packets.append(Sent(frame, at: time))
            // Time exceeded, from a router.
            let quoted = Octets(frame[14...])
            packets.append(Sent(ethernet(0x0800, ipv4(1, from: 0x0808_0808, to: number, [11, 0, 0, 0, 0, 0, 0, 0] + quoted)), at: time + 1000))
        }
        let folder = RunFolder()
        let capture = try folder.capture(packets)
        let one = try folder.run(Self.connections, on: capture)
        #expect(one.summary.counters.matchedErrors == 200)
        for workers in [2, 4] {
            let run = try folder.run(Self.connections, on: capture, workers: workers)
            #expect(run.summary.counters.matchedErrors == 200)
            #expect(run.results == one.results)
        }
    }

    /// An inner flow of many, in datagrams of a tunnel that come in pieces, the last one first.
    @Test func `a tunnel's fragments come to the flow inside`() throws {
        var packets: [Sent] = []
        for number in 1...100 as ClosedRange<UInt32> {
            for direction in 0..<2 {
                let (one, other) = (End(number, 1000), End(0xc0a8_0000 | number, 2000))
                let inner = Octets(udpFrame(direction == 0 ? one : other, direction == 0 ? other : one, Octets(repeating: 7, count: 100))[14...])
                let time = start + Int64(number) * 1_000_000 + Int64(direction)
                let id = UInt16(number) * 2 + UInt16(direction)
                for (offset, more) in [(64, false), (0, true)] {
                    let piece = Octets(more ? inner[..<64] : inner[64...])
                    var packet = ipv4(4, from: 0x0101_0101, to: 0x0202_0202, fragment: UInt16(offset / 8) | (more ? 0x2000 : 0), piece)
                    packet.replaceSubrange(4..<6, with: big(id))
                    packets.append(Sent(ethernet(0x0800, packet), at: time))
                }
            }
        }
        let folder = RunFolder()
        let capture = try folder.capture(packets)
        let one = try folder.run(Self.connections, on: capture)
        #expect(one.summary.counters.connections == 100)
        #expect(one.summary.counters.datagrams == 200)
        for workers in [2, 4] {
            let witness = CoreWitness()
            let run = try folder.run(Self.connections, on: capture, workers: workers) { $0.reading.witness = witness }
            #expect(run.summary.counters.wrongCore == 0)
            #expect(shared(run.summary.counters) == shared(one.summary.counters), "\(differences(one.summary.counters, run.summary.counters))")
            #expect(run.results == one.results)
        }
    }

    // MARK: What goes wrong

    @Test(arguments: [30, 40, 41, 1000, 5000, 20_000]) func `a file that is cut or broken is read as far as it goes`(length: Int) throws {
        let capture = try #require(CaptureFolder.own.files.first { $0.file == "http.pcap" })
        let bytes = try Data(contentsOf: URL(filePath: capture.path))
        let folder = RunFolder()
        let cut = folder.path + "/cut.pcap"
        try bytes.prefix(length).write(to: URL(filePath: cut))
        try compare(cut, name: "cut")
        // A record that claims to be longer than any.
        var broken = bytes
        if let place = (length..<bytes.count).first(where: { $0 == length }), place + 4 < bytes.count { broken.replaceSubrange(place..<place + 4, with: [255, 255, 255, 255]) }
        try broken.write(to: URL(filePath: cut))
        try compare(cut, name: "broken")
    }

    @Test(arguments: [1, 7, 64], [24, 300]) func `is the same for bursts and blocks of any size`(burst: Int, block: Int) throws {
        let capture = try #require(CaptureFolder.own.files.first { $0.file == "udp-fragments.pcap" })
        let folder = RunFolder()
        let one = try folder.run(LineOrderTests.everything, on: capture.path)
        let cut = try folder.run(LineOrderTests.everything, on: capture.path, workers: 3) { ($0.reading.burst, $0.reading.block) = (burst, block) }
        #expect(cut.results == one.results)
    }

    /// What has been brought in for a block is not what comes next there: behind what is skipped, and when a block has more packets than are spread at once.
    @Test func `blocks that do not begin where they would are read all the same`() throws {
        var packets = Data()
        func add(_ numbers: UInt32...) { for number in numbers { withUnsafeBytes(of: number.littleEndian) { packets.append(contentsOf: $0) } } }
        add(0x0a0d_0d0a, 28, 0x1a2b_3c4d, 1, .max, .max, 28)
        add(1, 20, 1, 0, 20)
        for number in 0..<12_000 as Range<UInt32> {
            // Simple packets of no bytes come in thousands, so that a block is more than a batch.
            if number % 4 != 0 || (2000..<8000).contains(number) {
                add(3, 16, 0, 16)
            } else {
                let bytes = udpFrame(End(1 + number % 500, 1), End(7, 53))
                let padded = (bytes.count + 3) / 4 * 4
                let length = UInt32(32 + padded)
                add(6, length, 0, number >> 12, number << 20, UInt32(bytes.count), UInt32(bytes.count))
                packets.append(contentsOf: bytes + [UInt8](repeating: 0, count: padded - bytes.count))
                add(length)
            }
            // What nobody knows, longer than several blocks.
            guard number % 3500 == 3499 else { continue }
            add(0x4000_0bad, 400_012)
            packets.append(Data(count: 400_000))
            add(400_012)
        }
        let folder = RunFolder()
        let capture = folder.path + "/odd.pcapng"
        try packets.write(to: URL(filePath: capture))
        try compare(capture, name: "odd")
        #expect(try lengths(of: capture, ahead: true) == lengths(of: capture, ahead: false))
    }

    /// Of all frames, read a block at a time; what is brought in ahead is in vain behind the first block that is skipped.
    private func lengths(of capture: String, ahead isAhead: Bool) throws -> [UInt32] {
        var file = try CaptureFile(path: capture, onlyLibpcap: false, blockSize: 10_000)
        guard let blocks = file.blocksAhead else {
            Issue.record("nobody reads ahead")
            return []
        }
        let memory = UnsafeMutableRawPointer.allocate(byteCount: 2 * FileBlocks.byteCount, alignment: 16)
        defer { memory.deallocate() }
        var burst = Burst()
        var lengths: [UInt32] = []
        for number in 0... {
            let place = memory + number % 2 * FileBlocks.byteCount
            file.carryOn(in: place, isAhead ? blocks.read(into: place, at: number * blocks.blockSize) : nil)
            var state = file.fill(&burst)
            while burst.count > 0 {
                lengths += burst.frames.map(\.wireLength)
                state = file.fill(&burst, readsOn: false)
            }
            guard state == .open else {
                #expect(state == .ended)
                break
            }
        }
        return lengths
    }

    /// Asks the run to stop when it has seen so many packets.
    private struct Stopper: PacketSubscription {
        static let seen = Atomic(0)
        @TaskLocal static var stop: StopRequest?
        struct Report: SubscriptionReport {
            let stop: StopRequest?
            mutating func merge(_ other: Report) {}
        }
        static func makeReport(_ context: ReportContext) -> Report { Report(stop: stop) }
        static func packet(_ packet: Packet, _ frame: RawSpan, _ report: inout Report) {
            if seen.add(1, ordering: .relaxed).newValue == 50_000 { report.stop?.request() }
        }
    }

    /// Asks for other filters at its first packet, and takes its time.
    private struct Asker: PacketSubscription {
        @TaskLocal static var reload: Reload?
        struct Report: SubscriptionReport {
            let reload: Reload?
            var hasAsked = false
            mutating func merge(_ other: Report) {}
        }
        static func makeReport(_ context: ReportContext) -> Report { Report(reload: reload) }
        static func packet(_ packet: Packet, _ frame: RawSpan, _ report: inout Report) {
            if !report.hasAsked { report.reload?.request() }
            report.hasAsked = true
            usleep(500)
        }
    }

    @Test func `cores that share a capture get other filters while they run`() throws {
        let packets = (0..<6000).map { Sent(udpFrame(End(UInt32(1 + $0 % 500), 1), End(7, 53)), at: start + Int64($0) * 1000) }
        let folder = RunFolder()
        let capture = try folder.capture(packets)
        @Sendable func config(_ filter: String) -> String {
            """
            [offline]
            pcap = "\(capture)"
            workers = 2
            [[subscriptions]]
            name = "packet"
            filter = "\(filter)"
            [[subscriptions]]
            name = "asker"
            """
        }
        let output = folder.path + "/results"
        let reload = Reload {
            var config = try Config(parsing: config("tcp"), path: "test.toml")
            config.output = output
            return config
        }
        let run = try Asker.$reload.withValue(reload) {
            try folder.run(config("udp"), on: capture, subscriptions: [Asker.self], workers: 2) { options in
                options.reload = reload
                options.reading.block = 2000
            }
        }
        #expect(reload.outcome.refusal == nil)
        #expect(run.summary.reloads >= 1)
        let lines = try #require(run.results["packet.jsonl"]).lines.count
        #expect(lines > 0 && lines < 6000)
    }

    @Test func `a stop in the middle ends all cores, and what they have is written`() throws {
        let packets = (0..<200_000).map { number in
            let address = UInt32(1 + number % 5000)
            // Each tenth is a fragment, and the others of it never come.
            let frame = number % 10 > 0 ? udpFrame(End(address, 1), End(7, 53)) : ethernet(0x0800, ipv4(17, from: address, to: 7, fragment: 5, Octets(repeating: 1, count: 40)))
            return Sent(frame, at: start + Int64(number) * 1000)
        }
        let folder = RunFolder()
        let capture = try folder.capture(packets)
        let stop = StopRequest()
        let run = try Stopper.$stop.withValue(stop) {
            try folder.run(Self.connections + "\n[[subscriptions]]\nname = \"stopper\"", on: capture, subscriptions: [Stopper.self], workers: 3) { $0.stop = stop }
        }
        #expect(run.summary.wasInterrupted)
        #expect(run.summary.counters.packets >= 50_000 && run.summary.counters.packets < 200_000)
        #expect(run.summary.counters.isBalanced)
        #expect(run.results["connection.jsonl"]?.lines.count == Int(run.summary.counters.connections))
    }
}
