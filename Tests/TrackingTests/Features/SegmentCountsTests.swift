import Packets
import TestSupport
import Testing
@testable import Tracking

@Suite struct `Segments' order` {
    /// A mark for each byte that has come; slow, and beyond doubt.
    private struct Model {
        var seen: Set<Int> = []
        var beginning: Int?
        var (payload, retransmitted, retransmittedBytes, outOfOrder) = (0, 0, 0, 0)

        mutating func take(_ range: Range<Int>) {
            payload += 1
            let new = range.filter { !seen.contains($0) && $0 >= beginning ?? .min }
            if new.isEmpty { retransmitted += 1 }
            retransmittedBytes += range.count - new.count
            if let highest = seen.max(), new.contains(where: { $0 < highest }) { outOfOrder += 1 }
            seen.formUnion(new)
        }

        var missing: Int { seen.isEmpty ? 0 : seen.max()! + 1 - (beginning ?? seen.min()!) - seen.count }

        func agrees(with counts: SegmentCounts) -> Bool {
            counts.payloadPackets == payload && counts.retransmittedPackets == retransmitted && counts.retransmittedBytes == retransmittedBytes
                && counts.outOfOrderPackets == outOfOrder && counts.missingBytes == missing
        }
    }

    /// A stream in segments that overlap, of which some are lost, some come twice, and some late.
    private static func schedule(_ random: inout SeededGenerator, lateness: Int) -> [Range<Int>] {
        var segments: [(order: Int, range: Range<Int>)] = []
        var place = 1
        for number in 0..<120 {
            let size = Int.random(in: 1...40, using: &random)
            let range = max(1, place - [0, 0, 0, 5, 30].randomElement(using: &random)!)..<place + size
            place += size
            if Int.random(in: 0..<30, using: &random) == 0 { continue }
            segments.append((number + Int.random(in: 0...lateness, using: &random), range))
            if Int.random(in: 0..<8, using: &random) == 0 { segments.append((number + Int.random(in: 0...3 * lateness, using: &random), range)) }
        }
        return segments.sorted { $0.order < $1.order }.map(\.range)
    }

    /// - Parameter first: the client's first number.
    private static func talk(_ segments: [Range<Int>], first: UInt32, hasSYN: Bool) -> Talk {
        var talk = Talk()
        talk.firstNumbers.client = first
        if hasSYN { talk.say(">S") }
        for range in segments { talk.send(.originator, .ack, place: range.lowerBound, ack: 1, Talk.bytes(range)) }
        return talk
    }

    @Test(arguments: 0..<200 as Range<UInt64>) func `agrees with a mark for each byte`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let segments = Self.schedule(&random, lateness: Int(seed % 5))
        let hasSYN = seed % 2 == 0
        var (model, counts, isExact) = (Model(), SegmentCounts(), true)
        if hasSYN { model.beginning = 1 }
        var place = 0
        // The numbers go round within it.
        hear(Self.talk(segments, first: UInt32.max - 1000, hasSYN: hasSYN)) { heard in
            counts.add(heard.packet)
            guard heard.packet.payloadLength > 0 else { return }
            model.take(segments[place])
            place += 1
            isExact = isExact && counts.forgottenHoles == 0
            if isExact, !model.agrees(with: counts) { Issue.record("after \(segments[..<place]): \(counts)") }
        }
        if seed % 5 < 2 { #expect(isExact) }
    }

    /// However many holes there are, each byte is new, was there before, or is of a segment that was not counted.
    @Test(arguments: 0..<50 as Range<UInt64>) func `in any order sums up`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let segments = (0..<300).map { _ in
            let start = Int.random(in: 1...2000, using: &random)
            return start..<start + Int.random(in: 1...60, using: &random)
        }
        var (model, counts) = (Model(), SegmentCounts())
        for range in segments { model.take(range) }
        hear(Self.talk(segments, first: seed.isMultiple(of: 2) ? 7 : .max - 900, hasSYN: false)) { counts.add($0.packet) }
        #expect(counts.payloadPackets == 300)
        #expect(counts.retransmittedBytes >= model.retransmittedBytes && counts.missingBytes >= model.missing)
        // A byte of a forgotten hole was taken for one that was there before, and is still missing.
        #expect(counts.retransmittedBytes - UInt64(model.retransmittedBytes) == counts.missingBytes - UInt64(model.missing))
        #expect(counts.forgottenHoles > 0)
    }

    private static func counts(_ text: String) -> SegmentCounts {
        var counts = SegmentCounts()
        hear(Talk(text)) { if $0.sender == .originator { counts.add($0.packet) } }
        return counts
    }

    @Test func `knows a retransmission, a late segment and a hole`() {
        let counts = Self.counts(">S >A >PA10 >PA10@1 >PA10@21 >PA10@11 >PA10@41 >PA5@38")
        #expect(counts.payloadPackets == 6)
        #expect(counts.retransmittedPackets == 1 && counts.retransmittedBytes == 12)
        #expect(counts.outOfOrderPackets == 2)
        #expect(counts.missingBytes == 7)
    }

    @Test func `begins at the SYN, or at what is seen first`() {
        #expect(Self.counts(">S >PA10@11").missingBytes == 10)
        #expect(Self.counts(">PA10@11").missingBytes == 0)
        #expect(Self.counts(">PA10@11 >PA5@1").missingBytes == 5)
        // A keep-alive repeats what lies before the beginning.
        #expect(Self.counts(">S >A1@0").retransmittedBytes == 1)
        // An attempt that begins anew.
        #expect(Self.counts(">S >S@5000 >PA5@5001").missingBytes == 0)
    }

    @Test func `is not led astray by a number from elsewhere`() {
        let counts = Self.counts(">S >PA10 >PA10@1500000000 >PA10@11 >PA10@21")
        #expect(counts.strayPackets == 1 && counts.missingBytes == 0 && counts.retransmittedBytes == 0 && counts.outOfOrderPackets == 0)
    }
}
