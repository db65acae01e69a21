import Testing
@testable import Packets

@Suite struct `Fragment header` {
    private func read(_ bytes: Octets, wireLength: Int? = nil) -> FragmentHeader? {
        let memory = GuardedMemory(room: max(bytes.count, 1))
        var frame = memory.frame(bytes, wireLength: wireLength, linkType: .ethernet)
        var packet = Packet(frame)
        return FragmentHeader(&packet, &frame)
    }

    @Test func `is IPv4's own, options and all`() throws {
        let piece = Octets(0..<16)
        let frame = ethernet(0x8100, tag(5, 0x0800, ipv4(17, piece, options: [1, 1, 1, 1], fragment: 0x2000 | 185))) + [0xee, 0xee]
        let header = try #require(read(frame))
        #expect((header.identification, header.offset, header.moreFragments, header.transport) == (1, 1480, true, .udp))
        #expect((header.network, header.optionLength, header.payload) == (18, 4, 42..<58))
    }

    @Test func `is the first of IPv6's chain that is not atomic`() throws {
        let piece = Octets(0..<8)
        let last = fragment(next: 6, offset: 64, more: false, piece)
        let frame = ethernet(0x86dd, ipv6(0, option(next: 44, fragment(next: 51, offset: 0, more: false, authentication(next: 44, last)))))
        let header = try #require(read(frame))
        #expect((header.identification, header.offset, header.moreFragments, header.transport) == (99, 64, false, .tcp))
        // Hop-by-hop options, the atomic fragment's header, the authentication header.
        #expect((header.network, header.optionLength) == (14, 8 + 8 + 24))
        #expect(header.payload == frame.count - 8..<frame.count)
    }

    @Test func `says how long the fragment is, captured or not`() throws {
        let frame = ethernet(0x0800, ipv4(17, Octets(repeating: 7, count: 24), fragment: 0x2000))
        for length in 34...frame.count {
            // Without its ports a first fragment is one all the same.
            #expect(read(Octets(frame[..<length]), wireLength: frame.count)?.payload == 34..<58, "\(length)")
        }
    }

    @Test func `is in no whole packet`() {
        #expect(read(ethernet(0x0800, ipv4(6, tcp()))) == nil)
        #expect(read(ethernet(0x86dd, ipv6(44, fragment(next: 6, offset: 0, more: false, tcp())))) == nil)
        #expect(read(ethernet(0x0806, Octets(repeating: 0, count: 46))) == nil)
    }
}
