import Testing

@testable import Packets

/// What is copied in words lies where it is looked for.
@Suite struct PacketLayoutTests {
    @Test func `time and lengths lie one behind the other, as in a frame`() {
        #expect(MemoryLayout<Packet>.offset(of: \.timestamp) == Packet.timeOffset)
        #expect(MemoryLayout<Packet>.offset(of: \.capturedLength) == Packet.timeOffset + 8)
        #expect(MemoryLayout<Packet>.offset(of: \.wireLength) == Packet.timeOffset + 12)
        #expect(MemoryLayout<Frame>.offset(of: \.timestamp) == Frame.timeOffset)
        #expect(MemoryLayout<Frame>.offset(of: \.length) == Frame.timeOffset + 8)
        #expect(MemoryLayout<Frame>.offset(of: \.wireLength) == Frame.timeOffset + 12)
    }

    @Test func `what is the same of all plain frames is one word`() {
        #expect(MemoryLayout<Packet>.offset(of: \.kind) == Packet.kindOffset)
        #expect(MemoryLayout<Packet>.offset(of: \.problem) == Packet.kindOffset + 1)
        #expect(MemoryLayout<Packet>.offset(of: \.etherType) == Packet.kindOffset + 2)
        #expect(MemoryLayout<Packet>.offset(of: \.networkOffset) == Packet.kindOffset + 4)
        #expect(MemoryLayout<Packet>.offset(of: \.transportOffset) == Packet.kindOffset + 6)
    }
}
