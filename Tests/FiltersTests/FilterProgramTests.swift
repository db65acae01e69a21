import Filters
import Packets
import TestSupport
import Testing

@Suite struct `Filter program` {
    let web = Packet(FlowKey(("10.0.0.1", 50000), ("192.0.2.1", 443), .tcp))
    let dns = Packet(FlowKey(("2001:db8::1", 53), ("2001:db8::2", 40000), .udp, vlans: (12, 7)))

    @Test(arguments: 0..<400 as Range<UInt64>) func `agrees with the obvious evaluation`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let model = FilterModel.random(depth: Int(seed % 7), using: &random)
        let program = FilterProgram(model.filter)
        for _ in 0..<50 {
            var packet = Packet.random(using: &random)
            for source in [nil, .a, .b] as [Endpoint?] {
                for service in [nil, Service.none, .tls] {
                    let expected = model.match(packet, source: source, service: service)
                    let found = program.match(&packet, source: source, service: service)
                    #expect(found == expected, "\(model.filter)")
                    guard packet.kind == .flow else { continue }
                    var key = packet.key
                    let ofFlow = program.match(&key, source: packet.senderIsB ? source?.other : source, service: service)
                    #expect(ofFlow == expected, "\(model.filter)")
                }
            }
        }
    }

    @Test(arguments: 0..<200 as Range<UInt64>) func `an answer given early stays right`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let filter = FilterModel.random(depth: 5, using: &random).filter
        for _ in 0..<30 {
            let packet = Packet.random(using: &random)
            for source in [.a, .b] as [Endpoint] {
                for service in Service.allCases {
                    let late = filter.match(packet, source: source, service: service)
                    let early = [
                        filter.match(packet), filter.match(packet, source: source), filter.match(packet, service: service),
                    ]
                    #expect(late != .unknown)
                    #expect(early.allSatisfy { $0 == .unknown || $0 == late }, "\(filter)")
                }
            }
        }
    }

    @Test func `either port matches, and only of its transport`() {
        #expect((.tcp && .port(443) as Filter).match(web) == .yes)
        #expect((.tcp && .port(50000) as Filter).match(web) == .yes)
        #expect((.tcp && .port(80) as Filter).match(web) == .no)
        #expect((.udp && .port(443) as Filter).match(web) == .no)
        #expect(Filter.port(53).match(dns) == .yes)
        #expect(Filter.port(0...1023).match(dns) == .yes)
        #expect(Filter.port(0...52).match(dns) == .no)
    }

    @Test func `a source is asked of the end that counts as the source`() {
        #expect(Filter.source("10.0.0.0/8").match(web, source: .a) == .yes)
        #expect(Filter.source("10.0.0.0/8").match(web, source: .b) == .no)
        #expect(Filter.destinationPort(443).match(web, source: .a) == .yes)
        #expect(Filter.destinationPort(443).match(web, source: .b) == .no)
    }

    @Test func `without a source, what holds for one end only is open`() {
        #expect(Filter.source("10.0.0.0/8").match(web) == .unknown)
        #expect(Filter.source("0.0.0.0/0").match(web) == .yes)
        #expect(Filter.source("172.16.0.0/12").match(web) == .no)
    }

    @Test func `a service is open until it is known, and only for TCP`() {
        #expect(Filter.tls.match(web) == .unknown)
        #expect(Filter.tls.match(web, service: .tls) == .yes)
        #expect(Filter.tls.match(web, service: Service.none) == .no)
        #expect(Filter.tls.match(dns) == .no)
        #expect((!Filter.tls).match(web) == .unknown)
        #expect((!Filter.tls).match(dns) == .yes)
        #expect((.tls && .port(80) as Filter).match(web) == .no)
        #expect((.tls || .port(443) as Filter).match(web) == .yes)
        #expect((.tls || !.tls as Filter).match(web) == .unknown)
    }

    @Test func `either VLAN tag matches, and no tag is no VLAN`() {
        #expect(Filter.vlan(12).match(dns) == .yes)
        #expect(Filter.vlan(7).match(dns) == .yes)
        #expect(Filter.vlan(8).match(dns) == .no)
        #expect(Filter.vlan(0).match(web) == .no)
        #expect(Filter.vlan(0...4095).match(web) == .no)
        #expect(Filter.vlan.match(dns) == .yes)
    }

    @Test func `a fragment has addresses and a protocol, but no ports`() {
        let fragment = Packet(FlowKey(("10.0.0.1", 0), ("192.0.2.1", 0), .tcp), .fragment)
        #expect((.tcp && .address("10.0.0.1") as Filter).match(fragment) == .yes)
        #expect(Filter.port(0...65535).match(fragment) == .no)
        #expect(Filter.tls.match(fragment) == .no)
    }

    @Test func `what is not IP matches no more than its EtherType`() {
        var malformed = Packet()
        malformed.kind = .malformed
        #expect(Filter.arp.match(.arp) == .yes)
        #expect(Filter.arp.match(malformed) == .no)
        for packet in [.arp, malformed] {
            #expect(Filter.everything.match(packet) == .yes)
            #expect((!Filter.tcp).match(packet) == .yes)
            let others: [Filter] = [
                .nothing, .ipv4, .ipv6, .tcp, .icmp, .vlan, .tls, .port(0...65535), .address("0.0.0.0/0"), .address("::/0"), .service(.none),
            ]
            for filter in others { #expect(filter.match(packet) == .no, "\(filter)") }
        }
    }

    @Test func `matches what was read from a frame`() {
        // Ethernet, VLAN 12, IPv4 192.0.2.1 -> 10.0.0.1, TCP 443 -> 50000, SYN and ACK.
        let bytes: [UInt8] = [
            2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x81, 0, 0, 12, 8, 0,
            0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 192, 0, 2, 1, 10, 0, 0, 1,
            1, 187, 0xc3, 0x50, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x12, 0xff, 0xff, 0, 0, 0, 0,
        ]
        let packet = bytes.withUnsafeBytes {
            Packet(Frame(bytes: $0.baseAddress!, timestamp: .zero, length: UInt32($0.count), wireLength: UInt32($0.count)))
        }
        let filter: Filter = .vlan(12) && .tcp && .sourcePort(443) && .destination("10.0.0.0/8")
        #expect(packet.senderIsB)
        #expect(filter.match(packet, source: .a) == .yes)
        #expect(filter.match(packet, source: .b) == .no)
        #expect(filter.match(packet.key, source: .b) == .yes)
        #expect(filter.match(packet.key, source: .a) == .no)
    }

    @Test func `knows when there is nothing to ask`() {
        func answers(_ filter: Filter) -> [Bool] {
            let program = FilterProgram(filter)
            return [program.isEverything, program.isNothing]
        }
        #expect(answers(.everything) == [true, false])
        #expect(answers(.nothing) == [false, true])
        #expect(answers(.tcp) == [false, false])
        #expect(answers(.tcp || !.nothing) == [true, false])
        #expect(answers(.tcp && .udp) == [false, true])
        #expect(answers(!(.ipv4 && .address("2001:db8::/32"))) == [true, false])
        #expect(answers(.vlan(0)) == [false, true])
    }

    @Test func `names the services that it asks for`() {
        #expect((.tcp && .port(443) as Filter).services == [])
        #expect((.udp || .tcp && !.tls as Filter).services == [.tls])
        #expect(Filter.tls.needsService)
        #expect(!Filter.tcp.needsService)
    }

    @Test func `follows a chain of ten thousand terms`() {
        let blocks = (0..<10000 as Range<UInt32>).map { Filter.address(IPPrefix(IPAddress(ipv4: 0x0a00_0000 + $0), length: 32)!) }
        let last = Packet(FlowKey(("10.0.39.15", 1), ("192.0.2.1", 2), .udp)), none = Packet(FlowKey(("10.0.39.16", 1), ("192.0.2.1", 2), .udp))
        #expect(Filter.any(blocks).match(last) == .yes)
        #expect(Filter.any(blocks).match(none) == .no)
        #expect(Filter.all(blocks.map { !$0 }).match(none) == .yes)
        #expect(Filter.all(blocks.map { !$0 }).match(last) == .no)
    }
}

@Suite struct `Three-valued logic` {
    @Test func `lets the unknown stay only where it decides`() {
        let all: [Match] = [.no, .unknown, .yes]
        for (i, left) in all.enumerated() {
            #expect(left.not == all[2 - i])
            for (j, right) in all.enumerated() {
                #expect(left.and(right) == all[min(i, j)])
                #expect(left.or(right) == all[max(i, j)])
            }
        }
    }
}
