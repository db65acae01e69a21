import Packets
import Testing

@Suite struct `Sequence number` {
    private let starts: [UInt32] = [0, 1, 1000, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, 0xffff_fff5, 0xffff_fffe, 0xffff_ffff]

    @Test(arguments: [0, 1, 2, 10, 11, 65535, 1 << 30, (1 << 31) - 1, -1, -2, -65535, -(1 << 31)])
    func `distances hold around the whole circle`(distance: Int) {
        for start in starts.map(SequenceNumber.init) {
            #expect((start + distance) - start == distance)
            #expect(start + distance + -distance == start)
        }
    }

    @Test func `wraps past the greatest number`() {
        #expect(SequenceNumber(0xffff_ffff) + 1 == SequenceNumber(0))
        #expect(SequenceNumber(0) + -1 == SequenceNumber(0xffff_ffff))
        #expect(SequenceNumber(5) - SequenceNumber(0xffff_fffb) == 10)
        #expect(SequenceNumber(0xffff_fffb) - SequenceNumber(5) == -10)
    }

    @Test func `half the circle is as far as it goes, behind`() {
        #expect(SequenceNumber(0x8000_0000) - SequenceNumber(0) == -(1 << 31))
        #expect(SequenceNumber(0) - SequenceNumber(0x8000_0000) == -(1 << 31))
    }

    @Test(arguments: [Int.max, .min, 1 << 32, 1 << 40]) func `takes distances of any size modulo the circle`(distance: Int) {
        #expect(SequenceNumber(7) + distance == SequenceNumber(7 &+ UInt32(truncatingIfNeeded: distance)))
    }
}
