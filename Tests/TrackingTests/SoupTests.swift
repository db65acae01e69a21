import Filters
import Packets
import TestSupport
import Testing
@testable import Tracking

@Suite struct `Soup` {
    /// Random and damaged packets of few ends at random times. Nothing is expected but that all of them are accounted for, and nothing is left.
    @Test(arguments: 0..<10 as Range<UInt64>) func `of packets is survived, and accounted for`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var options = Run.options
        options.maxConnections = [1, 30, 200].randomElement(using: &random)!
        options.reassemblyPerDirection = 4 * SegmentPages.cost
        options.reassemblyMemory = 60_000
        options.midstream = seed % 4 != 0
        options.vlanInKey = seed % 3 != 0
        options.historyMemory = 20_000
        var history = Delivery()
        history.history = HistoryBudget(packets: 5, bytes: 3000)
        history.packets = .every(2)
        let run = try Run(
            [
                .init(PacketsAndStreams.self), .init(Exclamations.self, .tcp), .init(TLSNames.self, .tls), .init(Records.self, !.tls), .init(Records.self),
                .init(Singles.self, .port(1...2)), .init(Moments.self, try Filter(parsing: "conn.pkts >= 3 or conn.state == \"S0\""), history),
                .init(Moments.self, try Filter(parsing: "tls.sni exists"), history), .init(Establishments.self),
            ], options)
        for log in run.logs {
            var generator = random
            _ = random.next()
            log.keepsEvents = false
            log.verdict = { _ in Int.random(in: 0..<40, using: &generator) == 0 ? (Bool.random(using: &generator) ? .done : .unsubscribe) : .more }
        }

        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 2048, alignment: 8)
        defer { memory.deallocate() }
        // Frames to draw from, whose fields are then changed in place.
        let hello = `Sessions`.clientHello("soup.example")
        var templates: [Octets] = []
        for payload in [[], Octets("!a.!b.".utf8), hello, Octets(repeating: 7, count: 1400)] as [Octets] {
            for vlans in [[], [5]] as [[UInt16]] {
                let segment = tcpHeader(1, 2, sequence: 0, acknowledgment: 0, flags: .ack) + payload
                templates.append(ethernet(0x0800, vlans: vlans, ipv4(6, from: 1, to: 2, segment)))
                templates.append(ethernet(0x86dd, vlans: vlans, ipv6(6, from: 1, to: 2, segment)))
            }
            templates.append(udpFrame(End(1, 1), End(2, 2), payload))
        }
        templates.append(ethernet(0x0800, ipv4(1, from: 1, to: 2, [8, 0, 0, 0, 0, 0, 0, 0])))
        templates.append(ethernet(0x0806, Octets(repeating: 0, count: 28)))

        var time = start
        var frames: [Frame] = []
        for _ in 0..<470 {
            frames.removeAll(keepingCapacity: true)
            for place in 0..<64 {
                let template = templates[Int(random.next() % UInt64(templates.count))]
                let bytes = UnsafeMutableRawBufferPointer(rebasing: memory[place * 2048..<place * 2048 + template.count])
                bytes.copyBytes(from: template)
                let dice = random.next(), numbers = random.next()
                let isIPv6 = template[12] == 0x86
                let transport = isIPv6 ? 54 : 34
                if template.count > transport + 14, template[12] != 0x81 {
                    bytes[transport - 1] = UInt8(dice & 3)
                    bytes[transport - (isIPv6 ? 17 : 5)] = UInt8(dice >> 2 & 3)
                    bytes[transport + 1] = UInt8(dice >> 4 & 3)
                    bytes[transport + 3] = UInt8(dice >> 6 & 3)
                    // Numbers that lie close together, or anywhere.
                    let sequence = dice >> 8 & 31 == 0 ? UInt32(truncatingIfNeeded: numbers) : UInt32(truncatingIfNeeded: numbers) & 0x3fff &- 0x2000
                    bytes.storeBytes(of: sequence.bigEndian, toByteOffset: transport + 4, as: UInt32.self)
                    bytes.storeBytes(of: (UInt32(truncatingIfNeeded: numbers >> 32) & 0x3fff &- 0x2000).bigEndian, toByteOffset: transport + 8, as: UInt32.self)
                    bytes[transport + 13] = dice >> 13 & 3 == 0 ? UInt8(truncatingIfNeeded: dice >> 15) : [0x02, 0x12, 0x10, 0x18, 0x18, 0x18, 0x11, 0x14][Int(dice >> 15 & 7)]
                }
                var length = template.count
                if dice >> 24 & 15 == 0 { bytes[Int(numbers % UInt64(length))] = UInt8(truncatingIfNeeded: numbers >> 40) }
                let wireLength = dice >> 28 & 31 == 0 ? UInt32(truncatingIfNeeded: numbers >> 24) : UInt32(length)
                if dice >> 33 & 15 == 0 { length = Int(numbers % UInt64(length + 1)) }
                switch dice >> 40 & 1023 {
                case 0: time = time &+ Int64(truncatingIfNeeded: numbers >> 24)
                case 1: time = start
                case 2: time = Int64(truncatingIfNeeded: numbers) >> 1
                case 3...20: time = time &+ 7 * second
                default: time = time &+ Int64(truncatingIfNeeded: dice >> 50 & 0xfffff)
                }
                frames.append(Frame(bytes: UnsafeRawPointer(bytes.baseAddress!), timestamp: Timestamp(nanoseconds: time), length: UInt32(length), wireLength: wireLength))
            }
            run.send(frames, burst: 64)
            if run.pipeline.tracker.reassembly.heldPages > 60_000 / SegmentPages.cost { Issue.record("\(run.pipeline.tracker.reassembly.heldPages) pages") }
        }
        run.drain()
        #expect(run.counters.packets == 470 * 64)
        #expect(run.counters.connections > 100)
        #expect(run.ledger.destroyed == run.ledger.made + run.ledger.parsers)
        #expect(run.logs[4].ended.count == run.counters.connections)
    }
}

