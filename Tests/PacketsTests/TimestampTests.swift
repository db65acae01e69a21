import Packets
import Testing

@Suite struct `Packet time` {
    @Test func `measures and adds nanoseconds`() {
        let start = Timestamp(nanoseconds: 1_700_000_000_000_000_001)
        #expect((start + 5) - start == 5)
        #expect((start + -5) - start == -5)
        #expect(start < start + 1)
        #expect(Timestamp.zero - start == -start.nanoseconds)
    }

    @Test func `wraps at the ends of time`() {
        let first = Timestamp(nanoseconds: .min), last = Timestamp(nanoseconds: .max)
        #expect(last + 1 == first)
        #expect(first + -1 == last)
        #expect(last - first == -1)
        #expect(first - last == 1)
        #expect(first - .zero == .min)
        #expect(Timestamp.zero - first == .min)
    }

    @Test func `prints microseconds exactly`() {
        #expect(Timestamp(nanoseconds: 1_700_000_000_123_456_000).seconds == 1_700_000_000.123456)
        #expect(Timestamp.zero.seconds == 0)
    }
}
