import Packets
import TestSupport
import Testing
@testable import Tracking

@Suite struct `First packets` {
    @Test(arguments: 0..<20 as Range<UInt64>) func `are those with payload, with their sizes, directions and gaps`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var sequence = PacketSequence<30>()
        var expected: [PacketSequence<30>.Entry] = []
        var last: Int64?
        hear(.random(&random, count: Int(seed) * 5)) { heard in
            sequence.add(heard.packet, from: heard.sender)
            guard heard.packet.payloadLength > 0, expected.count < 30 else { return }
            let time = heard.packet.timestamp.nanoseconds
            expected.append(.init(sender: heard.sender, size: Int(heard.packet.payloadLength), gap: last.map { Int(max(0, time - $0) / 1000) } ?? 0))
            last = time
        }
        #expect(sequence.entries == expected && sequence.isFull == (expected.count == 30))
        sequence.reverseRoles()
        #expect(sequence.entries == expected.map { .init(sender: $0.sender.opposite, size: $0.size, gap: $0.gap) })
    }

    @Test func `have gaps and sizes of any length`() {
        var sequence = PacketSequence<4>()
        var packet = Packet()
        for (time, size) in [(0, 70_000), (Int64.max, 65_535), (0, 1)] as [(Int64, UInt32)] {
            packet.timestamp = Timestamp(nanoseconds: time)
            packet.payloadLength = size
            sequence.add(packet, from: .responder)
        }
        #expect(sequence.entries.map(\.size) == [65_535, 65_535, 1])
        #expect(sequence.entries.map(\.gap) == [0, 1 << 31 - 1, 0])
        #expect(sequence.entries.allSatisfy { $0.sender == .responder })
    }

    @Test func `fit a value's own memory`() {
        #expect(MemoryLayout<PacketSequence<30>>.size <= 200)
        #expect(MemoryLayout<FlowStatistics>.size <= 736)
        #expect(MemoryLayout<FlowFeatures>.size <= 1640)
    }
}

@Suite struct `Size histograms` {
    @Test func `have a bin for each power of two`() {
        var histogram = SizeHistogram()
        var packet = Packet()
        for size in [0, 1, 2, 3, 4, 7, 8, 1023, 1024, 1460, 32_767, 32_768, 65_535, 1 << 20, .max] as [UInt32] {
            packet.payloadLength = size
            histogram.add(packet)
        }
        #expect(histogram.counts == [1, 2, 2, 1, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 1, 4])
    }
}

@Suite struct `Entropy of first bytes` {
    private static func sample(_ payloads: [Octets]) -> PayloadSample<256> {
        var (talk, sample) = (Talk(), PayloadSample<256>())
        talk.payloads = payloads
        for payload in payloads { talk.say(">PA\(max(1, payload.count))") }
        hear(talk) { sample.add($0.packet, RawSpan(_unsafeStart: $0.frame.bytes, byteCount: Int($0.frame.length))) }
        return sample
    }

    @Test func `is that of Shannon`() {
        #expect(Self.sample([]).entropy == nil)
        #expect(Self.sample([Octets(repeating: 65, count: 100)]).entropy == 0)
        #expect(Self.sample([[0, 1], [2, 3]]).entropy == 2)
        #expect(Self.sample([Octets(0...255)]).entropy == 8)
        #expect(abs(Self.sample([Octets("aaab".utf8)]).entropy! - 0.8112781244591328) < 1e-12)
    }

    @Test func `takes no more bytes than it says`() {
        let sample = Self.sample([Octets(repeating: 1, count: 200), Octets(repeating: 1, count: 56), Octets(0...255)])
        #expect(sample.isFull && sample.count == 256 && sample.entropy == 0)
    }

    @Test func `of a cut frame is that of what was captured`() {
        var (talk, sample) = (Talk(">PA100"), PayloadSample<256>())
        talk.packets[0] = talk.packets[0].cut(to: 54 + 10)
        hear(talk) { sample.add($0.packet, RawSpan(_unsafeStart: $0.frame.bytes, byteCount: Int($0.frame.length))) }
        #expect(sample.count == 10)
    }
}

@Suite struct `Throughput by windows` {
    @Test(arguments: 0..<30 as Range<UInt64>) func `agrees with a list of all windows`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let window = [second, second / 10, 10 * second].randomElement(using: &random)!
        var throughput = Throughput(window: window)
        var (up, down): ([Int64], [Int64]) = ([], [])
        var first: Int64?
        hear(.random(&random)) { heard in
            throughput.add(heard.packet, from: heard.sender)
            let time = heard.packet.timestamp.nanoseconds
            if first == nil { first = time }
            // Of a time that has gone back: the one at hand.
            let place = max(up.count - 1, Int(max(0, time - first!) / window))
            while up.count <= place {
                up.append(0)
                down.append(0)
            }
            if heard.sender == .originator { up[place] += Int64(heard.packet.wireLength) } else { down[place] += Int64(heard.packet.wireLength) }
        }
        if seed % 2 == 1 {
            throughput.reverseRoles()
            swap(&up, &down)
        }
        throughput.end()
        #expect(ListStatistics(numbers: up).agrees(with: throughput.up))
        #expect(ListStatistics(numbers: down).agrees(with: throughput.down))
    }

    @Test func `passes a thousand years in one step`() {
        var throughput = Throughput(window: 1)
        var packet = Packet()
        for time in [0, Int64.max, .min, .max] {
            packet.timestamp = Timestamp(nanoseconds: time)
            throughput.add(packet, from: .originator)
        }
        throughput.end()
        #expect(throughput.up.count == UInt64(Int64.max) + 1)
    }
}

@Suite struct `Bursts and silences` {
    @Test(arguments: 0..<30 as Range<UInt64>) func `agree with a list of packets`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var counts = BurstCounts()
        var packets: [(time: Int64, sender: Direction, size: Int64)] = []
        hear(.random(&random)) { heard in
            counts.add(heard.packet, from: heard.sender)
            packets.append((heard.packet.timestamp.nanoseconds, heard.sender, Int64(heard.packet.payloadLength)))
        }
        if seed % 2 == 1 {
            counts.reverseRoles()
            for index in packets.indices { packets[index].sender = packets[index].sender.opposite }
        }
        counts.end()
        var bursts: [(sender: Direction, size: Int64, last: Int64)] = []
        for packet in packets where packet.size > 0 {
            if let last = bursts.last, last.sender == packet.sender, packet.time - last.last <= second {
                bursts[bursts.count - 1].size += packet.size
                bursts[bursts.count - 1].last = packet.time
            } else {
                bursts.append((packet.sender, packet.size, packet.time))
            }
        }
        for (direction, side) in [(Direction.originator, counts.originator), (.responder, counts.responder)] {
            #expect(ListStatistics(numbers: bursts.filter { $0.sender == direction }.map(\.size)).agrees(with: side.bursts))
            let times = packets.filter { $0.sender == direction }.map(\.time)
            let silences = zip(times, times.dropFirst()).map { $1 - $0 }.filter { $0 > second }
            #expect(ListStatistics(numbers: silences).agrees(with: side.silences))
        }
    }
}

@Suite struct `Chunks` {
    private static func chunks(_ text: String, requestSize: Int = 300) -> [ChunkDetection.Chunk] {
        var (detection, chunks) = (ChunkDetection(requestSize: requestSize), [] as [ChunkDetection.Chunk])
        hear(Talk(text)) { if let chunk = detection.add($0.packet, from: $0.sender) { chunks.append(chunk) } }
        if let chunk = detection.end() { chunks.append(chunk) }
        return chunks
    }

    /// A millisecond passes with each packet.
    @Test func `last from request to request`() {
        let chunks = Self.chunks(">S <SA >A >PA400 <A +0.5 <PA1400 <PA1400 >A <PA600 >PA350 >PA300 <PA100 >PA500")
        #expect(chunks.map(\.bytes) == [3400, 100] && chunks.map(\.packets) == [3, 1])
        #expect(chunks.map(\.latency) == [502_000_000, 1_000_000] && chunks.map(\.duration) == [3_000_000, 0])
        #expect(chunks.map { ($0.requested.nanoseconds - start) / 1_000_000 } == [3, 510])
    }

    @Test func `are not asked for by small packets, or by nobody`() {
        #expect(Self.chunks(">PA400 <PA1000 >PA299 <PA1000").map(\.bytes) == [2000])
        #expect(Self.chunks(">PA400 <PA1000 >PA299 <PA1000", requestSize: 1).map(\.bytes) == [1000, 1000])
        #expect(Self.chunks("<PA1000 <PA1000 >PA299").isEmpty)
        #expect(Self.chunks(">PA400 >PA400").isEmpty)
    }
}

@Suite struct `Stream digests` {
    @Test(arguments: 0..<10 as Range<UInt64>) func `are those of the whole, however it is cut`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let bytes = Talk.bytes(0..<Int.random(in: 1...5000, using: &random))
        var digest = StreamDigest()
        var place = 0
        while place < bytes.count {
            let part = Octets(bytes[place..<min(bytes.count, place + Int.random(in: 0...700, using: &random))])
            digest.add(part.span.bytes)
            // A copy goes its own way.
            var other = digest
            other.add([1, 2, 3].span.bytes)
            place += part.count
        }
        var whole = StreamDigest()
        whole.add(bytes.span.bytes)
        #expect(digest.sha256 == whole.sha256 && digest.byteCount == bytes.count)
    }

    /// FIPS 180-2, appendix B.1.
    @Test func `are SHA-256`() {
        var digest = StreamDigest()
        digest.add(Octets("abc".utf8).span.bytes)
        #expect(digest.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(StreamDigest().sha256 == nil)
    }
}
