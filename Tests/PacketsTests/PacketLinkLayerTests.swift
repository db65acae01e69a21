import Packets
import Testing

@Suite struct `Packet: link layers` {
    private let datagram = ipv4(17, udp([1, 2, 3], from: 1000, to: 2000))

    /// Expects the datagram's flow and payload, whatever stands in front of it.
    private func expectDatagram(_ packet: Packet, of frame: Octets, vlans: (UInt16, UInt16) = (0, 0), at place: SourceLocation = #_sourceLocation) {
        #expect(packet.kind == .flow, sourceLocation: place)
        #expect(packet.problem == .none, sourceLocation: place)
        #expect(packet.isIPv4, sourceLocation: place)
        #expect(packet.etherType == EtherType.ipv4, sourceLocation: place)
        #expect(packet.sourcePort == 1000, sourceLocation: place)
        #expect(packet.destinationPort == 2000, sourceLocation: place)
        #expect(packet.key.outerVLAN == vlans.0, sourceLocation: place)
        #expect(packet.key.innerVLAN == vlans.1, sourceLocation: place)
        #expect(payload(packet, of: frame) == [1, 2, 3], sourceLocation: place)
        #expect(Int(packet.networkOffset) == frame.count - 31, sourceLocation: place)
        #expect(Int(packet.transportOffset) == frame.count - 11, sourceLocation: place)
    }

    @Test func `reads Ethernet II`() {
        let frame = ethernet(0x0800, datagram)
        expectDatagram(read(frame), of: frame)
    }

    @Test func `reads 802-3 with SNAP`() {
        let frame = snap(0x0800, datagram)
        expectDatagram(read(frame), of: frame)
    }

    @Test(arguments: [[0x42, 0x42, 3, 0, 0, 0, 0, 0], [0xff, 0xff, 0, 0, 0, 0, 0, 0], [0xaa, 0xaa, 3, 0, 0, 0x0c, 8, 0], []] as [Octets])
    func `takes 802-3 without RFC 1042's SNAP for something other than IP`(llc: Octets) {
        let packet = read(ethernet(38, llc + Octets(repeating: 0, count: 30)))
        #expect(packet.kind == .notIP)
        #expect(packet.problem == .none)
    }

    @Test func `a SNAP header cannot bring back another length`() {
        #expect(read(snap(100, datagram)).kind == .notIP)
    }

    @Test(arguments: [0x8100, 0x88a8, 0x9100, 0x9200]) func `reads one tag`(type: Int) {
        let frame = ethernet(type, tag(0xe000 | 100, 0x0800, datagram))
        expectDatagram(read(frame), of: frame, vlans: (100, 0))
    }

    @Test(arguments: [0x8100, 0x88a8, 0x9100, 0x9200]) func `reads QinQ`(type: Int) {
        let frame = ethernet(type, tag(4094, 0x8100, tag(100, 0x0800, datagram)))
        expectDatagram(read(frame), of: frame, vlans: (4094, 100))
    }

    @Test func `counts the outer two of three tags`() {
        let frame = ethernet(0x88a8, tag(3, 0x8100, tag(4, 0x8100, tag(5, 0x0800, datagram))))
        expectDatagram(read(frame), of: frame, vlans: (3, 4))
    }

    @Test func `a priority tag names no VLAN`() {
        let frame = ethernet(0x8100, tag(0x6000, 0x0800, datagram))
        expectDatagram(read(frame), of: frame)
        #expect(read(frame).key == read(ethernet(0x0800, datagram)).key)
    }

    @Test func `one tuple in two VLANs is two flows, and one without its VLANs`() {
        let keys = [100, 200].map { read(ethernet(0x8100, tag($0, 0x0800, datagram))).key }
        #expect(keys[0] != keys[1])
        #expect(keys[0].withoutVLANs == keys[1].withoutVLANs)
        #expect(keys[0].withoutVLANs == read(ethernet(0x0800, datagram)).key)
    }

    @Test func `one tuple in QinQ 1-2 and 2-1 is two flows`() {
        #expect(
            read(ethernet(0x88a8, tag(1, 0x8100, tag(2, 0x0800, datagram)))).key
                != read(ethernet(0x88a8, tag(2, 0x8100, tag(1, 0x0800, datagram)))).key
        )
    }

    @Test(arguments: [15, 16, 100]) func `reads fifteen tags and refuses more`(count: Int) {
        var inner = tag(9, 0x0800, datagram)
        for _ in 1..<count { inner = tag(9, 0x8100, inner) }
        let frame = ethernet(0x8100, inner)
        if count == 15 {
            expectDatagram(read(frame), of: frame, vlans: (9, 9))
        } else {
            #expect(read(frame).kind == .malformed)
            #expect(read(frame).problem == .tooManyLinkHeaders)
            #expect(read(frame).key == FlowKey())
        }
    }

    @Test(arguments: [0x8847, 0x8848], [1, 2, 16]) func `reads an MPLS stack`(type: Int, labels: Int) {
        let frame = ethernet(type, mpls(Array(16..<16 + labels), datagram))
        expectDatagram(read(frame), of: frame)
    }

    @Test func `reads IPv6 and MPLS in a VLAN`() {
        let packet = read(ethernet(0x8100, tag(7, 0x8847, mpls([20], ipv6(17, udp([1]))))))
        #expect(packet.kind == .flow)
        #expect(!packet.isIPv4)
        #expect(packet.etherType == EtherType.ipv6)
        #expect(packet.key.outerVLAN == 7)
    }

    @Test func `refuses an MPLS stack that does not end`() {
        #expect(read(ethernet(0x8847, Octets(repeating: 0, count: 400))).problem == .tooManyLinkHeaders)
        #expect(read(ethernet(0x8847, Octets(repeating: 0, count: 40))).problem == .linkHeaderCut)
    }

    @Test func `takes MPLS around anything but IP for something other than IP`() {
        #expect(read(ethernet(0x8847, mpls([16], [0, 0, 0, 0] + datagram))).kind == .notIP)
    }

    @Test func `reads PPPoE sessions`() {
        let frame = ethernet(0x8864, pppoe(0x0021, datagram))
        expectDatagram(read(frame), of: frame)
        let six = read(ethernet(0x8100, tag(8, 0x8864, pppoe(0x0057, ipv6(17, udp([1]))))))
        #expect(six.kind == .flow)
        #expect(six.key.outerVLAN == 8)
        // PPPoE's length says where padding begins, whatever IP says.
        let padded = ethernet(0x8864, bytes(pppoe(0x0021, ipv4(6, tcp(), totalLength: 46)), [0, 0, 0, 0, 0, 0]))
        #expect(read(padded).kind == .flow)
        #expect(read(padded).payloadCaptured == 0)
        #expect(read(ethernet(0x8864, pppoe(0xc021, [1, 1, 0, 4]))).kind == .notIP)
    }

    @Test func `reads Cisco's metadata`() {
        let frame = ethernet(0x8909, bytes([1, 1, 0, 1, 0, 2], be16(0x0800), datagram))
        expectDatagram(read(frame), of: frame)
        let tagged = ethernet(0x8100, tag(6, 0x8909, bytes([1, 1, 0, 1, 0, 2], be16(0x0800), datagram)))
        expectDatagram(read(tagged), of: tagged, vlans: (6, 0))
        #expect(read(ethernet(0x8909, bytes([1, 1, 0, 1, 0, 2], be16(0x0806), datagram))).kind == .notIP)
        #expect(read(ethernet(0x8909, [1, 1, 0, 1, 0, 2, 8])).problem == .linkHeaderCut)
    }

    @Test func `reads Linux cooked captures`() {
        let first = bytes([0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0], be16(0x0800), datagram)
        expectDatagram(read(first, linkType: .linuxSLL), of: first)
        let second = bytes(be16(0x0800), [0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0], datagram)
        expectDatagram(read(second, linkType: .linuxSLL2), of: second)
        let tagged = bytes([0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0], be16(0x8100), tag(5, 0x0800, datagram))
        expectDatagram(read(tagged, linkType: .linuxSLL), of: tagged, vlans: (5, 0))
    }

    @Test(arguments: [LinkType.null, .loop], [true, false]) func `reads loopback captures of either byte order`(type: LinkType, bigEndian: Bool) {
        let frame = (bigEndian ? [0, 0, 0, 2] : [2, 0, 0, 0]) + datagram
        expectDatagram(read(frame, linkType: type), of: frame)
        for family: UInt8 in [10, 24, 28, 30] {
            let packet = read((bigEndian ? [0, 0, 0, family] : [family, 0, 0, 0]) + ipv6(17, udp([1])), linkType: type)
            #expect(packet.kind == .flow)
            #expect(!packet.isIPv4)
        }
        #expect(read([0, 0, 0, 99] + datagram, linkType: type).kind == .notIP)
    }

    @Test(arguments: [LinkType.raw, .rawAsOnLinux, .rawAsOnOpenBSD, .ipv4]) func `reads IP without a link layer`(type: LinkType) {
        let packet = read(datagram, linkType: type)
        #expect(packet.kind == .flow)
        #expect(packet.networkOffset == 0)
        #expect(payload(packet, of: datagram) == [1, 2, 3])
        #expect(read(ipv6(17, udp([1])), linkType: type).kind == .flow)
        #expect(read([0x10] + datagram, linkType: type).kind == .notIP)
        #expect(read([], linkType: type).problem == .linkHeaderCut)
    }

    @Test(arguments: [0x0806, 0x88cc, 0x8863, 0x888e, 0x88f7, 0x0600]) func `takes other EtherTypes for something other than IP`(type: Int) {
        let packet = read(ethernet(type, datagram))
        #expect(packet.kind == .notIP)
        #expect(packet.problem == .none)
        #expect(Int(packet.etherType) == type)
        #expect(packet.key == FlowKey())
        #expect(packet.ipLength == 0)
    }
}
