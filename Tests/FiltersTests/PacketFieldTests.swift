import Filters
import Packets
import TestWire
import Testing
import Tracking

/// Frames of which every field is known.
@Suite struct `Packet field` {
    private static let client: UInt32 = 0x0a00_0001, server: UInt32 = 0xc000_0201

    static let segment = tcpHeader(40000, 443, sequence: 1000, acknowledgment: 77, flags: [.psh, .ack], window: 512) + Array("GET /".utf8)

    static let frames: [(name: String, bytes: Octets, values: [String: String])] = [
        (
            "TCP", ethernet(0x0800, ipv4(6, from: client, to: server, segment)),
            [
                "frame.len": "59", "frame.cap_len": "59", "eth.type": "ipv4", "eth.dst": "02:00:00:00:00:01", "eth.src": "02:00:00:00:00:02",
                "ip.ttl": "64", "ip.len": "45", "ip.dsfield.dscp": "0", "fragment": "false", "tcp.flags": "0x18", "tcp.flags.push": "true",
                "tcp.flags.ack": "true", "tcp.flags.syn": "false", "tcp.flags.fin": "false", "tcp.flags.reset": "false", "tcp.flags.urg": "false",
                "tcp.flags.ece": "false", "tcp.flags.cwr": "false", "tcp.window_size_value": "512", "tcp.seq": "1000", "tcp.ack": "77", "tcp.len": "5",
                "payload": "\"GET /\"", "tcp.payload": "\"GET /\"", "payload.len": "5",
            ]
        ),
        (
            "UDP over IPv6", ethernet(0x86dd, ipv6(17, from: 1, to: 2, udp(53, 5353, [0xff, 0]))),
            [
                "frame.len": "64", "frame.cap_len": "64", "eth.type": "ipv6", "eth.dst": "02:00:00:00:00:01", "eth.src": "02:00:00:00:00:02",
                "ipv6.hlim": "64", "ipv6.plen": "10", "ipv6.tclass.dscp": "0", "fragment": "false", "udp.length": "10", "udp.len": "2",
                "payload": "\"\\xff\\x00\"", "udp.payload": "\"\\xff\\x00\"", "payload.len": "2",
            ]
        ),
        (
            "ICMP", ethernet(0x0800, vlans: [7], ipv4(1, from: client, to: server, [11, 1, 0, 0, 0, 0, 0, 0])),
            [
                "frame.len": "46", "frame.cap_len": "46", "eth.type": "ipv4", "eth.dst": "02:00:00:00:00:01", "eth.src": "02:00:00:00:00:02",
                "ip.ttl": "64", "ip.len": "28", "ip.dsfield.dscp": "0", "fragment": "false", "icmp.type": "time_exceeded", "icmp.code": "1", "payload.len": "0",
            ]
        ),
        (
            "ICMPv6", ethernet(0x86dd, ipv6(58, from: 1, to: 2, [135, 0, 0, 0, 0, 0, 0, 0, 9])),
            [
                "frame.len": "63", "frame.cap_len": "63", "eth.type": "ipv6", "eth.dst": "02:00:00:00:00:01", "eth.src": "02:00:00:00:00:02",
                "ipv6.hlim": "64", "ipv6.plen": "9", "ipv6.tclass.dscp": "0", "fragment": "false", "icmpv6.type": "neighbor_solicitation", "icmpv6.code": "0",
                "payload": "\"\\x09\"", "payload.len": "1",
            ]
        ),
        (
            "a later fragment", ethernet(0x0800, ipv4(17, from: client, to: server, fragment: 5, [1, 2, 3])),
            [
                "frame.len": "37", "frame.cap_len": "37", "eth.type": "ipv4", "eth.dst": "02:00:00:00:00:01", "eth.src": "02:00:00:00:00:02",
                "ip.ttl": "64", "ip.len": "23", "ip.dsfield.dscp": "0", "fragment": "true",
            ]
        ),
        (
            "VXLAN",
            ethernet(
                0x0800,
                ipv4(17, from: server, to: client, udp(1, 4789, [8, 0, 0, 0, 0, 0x13, 0x89, 0] + ethernet(0x0800, ipv4(17, from: 1, to: 2, udp(3, 4, [5])))))),
            [
                "frame.len": "93", "frame.cap_len": "93", "eth.type": "ipv4", "eth.dst": "02:00:00:00:00:01", "eth.src": "02:00:00:00:00:02",
                "ip.ttl": "64", "ip.len": "29", "ip.dsfield.dscp": "0", "fragment": "false", "udp.length": "9", "udp.len": "1", "tunnel.kind": "vxlan",
                "tunnel.id": "5001", "payload": "\"\\x05\"", "udp.payload": "\"\\x05\"", "payload.len": "1",
            ]
        ),
        (
            "ARP", ethernet(0x0806, Octets(repeating: 0, count: 28)),
            ["frame.len": "42", "frame.cap_len": "42", "eth.type": "arp", "eth.dst": "02:00:00:00:00:01", "eth.src": "02:00:00:00:00:02"]
        ),
    ]

    @Test(arguments: frames.indices) func `is what the headers say, and absent elsewhere`(number: Int) throws {
        let (name, bytes, values) = Self.frames[number]
        let memory = FrameMemory([Sent(bytes, at: start)])
        let packet = Packet(memory.frames[0])
        func matches(_ text: String) throws -> Bool {
            let filter = try Filter(parsing: text)
            let answer = NaiveFilter(filter).match(NaiveFilter.Knowledge(memory.frames[0]))
            let program = FilterProgram(filter)
            let ofProgram = withUnsafePointer(to: packet) { packet in
                withUnsafePointer(to: memory.frames[0]) { frame in
                    withUnsafePointer(to: FramedPacket(packet, frame)) { program.match($0, source: .a, service: Service.none) }
                }
            }
            #expect(answer == ofProgram, "\(text)")
            return answer == .yes
        }
        for field in FieldCatalog.standard.fields where field.stage == .packet && !field.isOfBothEnds {
            if let value = values[field.name] {
                #expect(try matches("\(field.name) == \(value)"), "\(name): \(field.name) == \(value)")
                #expect(try matches("\(field.name) exists"), "\(name): \(field.name)")
                #expect(try !matches("\(field.name) != \(value)"), "\(name): \(field.name)")
            } else {
                #expect(try !matches("\(field.name) exists"), "\(name): \(field.name)")
            }
        }
        #expect(Set(values.keys).isSubset(of: FieldCatalog.standard.fields.map(\.name)))
    }

    @Test func `a frame that is cut or has no Ethernet header lacks what it does not show`() throws {
        let whole = Self.frames[0].bytes
        let memory = FrameMemory([Sent(whole, at: start).cut(to: 56)])
        let cut = NaiveFilter.Knowledge(memory.frames[0])
        #expect(try NaiveFilter(Filter(parsing: "frame.cap_len == 56 and frame.len == 59 and tcp.len == 5 and payload == \"GE\"")).match(cut) == .yes)
        let memoryOfIP = FrameMemory([Sent(Octets(whole.dropFirst(14)), at: start)])
        var frame = memoryOfIP.frames[0]
        frame.linkType = .raw
        let withoutLink = NaiveFilter.Knowledge(frame)
        #expect(try NaiveFilter(Filter(parsing: "eth.addr exists")).match(withoutLink) == .no)
        #expect(try NaiveFilter(Filter(parsing: "ip.ttl == 64 and tcp.port == 443")).match(withoutLink) == .yes)
        #expect(try NaiveFilter(Filter(parsing: "eth.addr == 02:00:00:00:00:02 and not eth.addr != 02:00:00:00:00:02")).match(cut) == .yes)
    }
}

extension Field {
    /// Whether it is of the flow's key or of both ends, which have tests of their own.
    fileprivate var isOfBothEnds: Bool {
        switch source {
        case .key, .either: true
        case .packet, .connection, .session: false
        }
    }
}
