import Packets

extension FieldCatalog {
    /// What headers and payloads of single packets tell, and the protocols that they name. Names are Wireshark's, and Retina's beside them where it has one.
    public static let packets: FieldCatalog = {
        var catalog = FieldCatalog()
        let protocols: [(String, Filter)] = [
            ("eth", .everything), ("ip", .ipv4), ("ipv4", .ipv4), ("ipv6", .ipv6), ("arp", .arp), ("vlan", .vlan),
            ("tcp", .tcp), ("udp", .udp), ("sctp", .sctp), ("icmp", .icmp), ("icmpv4", .icmpv4), ("icmpv6", .icmpv6),
        ]
        for (name, filter) in protocols { catalog.add(protocol: name, filter) }
        for service in Service.allCases where service != .none { catalog.add(protocol: service.name, .service(service)) }
        for field in PacketFields.all { catalog.add(field) }
        return catalog
    }()
}

private enum PacketFields {
    static let all = ends + [service, vlanID] + transports + frame + ethernet + ip + tcp + udp + icmp + tunnels + payloads

    // MARK: Of a flow's key

    private static let sides: [(Side, port: String, retinaPort: String, address: String, retinaAddress: String, whose: String)] = [
        (.either, "port", "port", "addr", "addr", "either end's"),
        (.source, "srcport", "src_port", "src", "src_addr", "the originator's"),
        (.destination, "dstport", "dst_port", "dst", "dst_addr", "the responder's"),
    ]

    private static let ends: [Field] = sides.flatMap { side, port, retinaPort, address, retinaAddress, whose in
        let portAliases = port == retinaPort ? [] : [retinaPort], addressAliases = address == retinaAddress ? [] : [retinaAddress]
        let ports = [("", TransportProtocol?.none, Filter.tcp || .udp || .sctp), ("tcp.", .tcp, .tcp), ("udp.", .udp, .udp), ("sctp.", .sctp, .sctp)].map {
            prefix, transport, scope in
            Field(
                prefix + port, aliases: portAliases.map { prefix + $0 }, .integer(max: 65535), .packet, scope: scope,
                "\(whose) port\(transport.map { " of \("\($0)".uppercased())" } ?? " of TCP, UDP or SCTP")",
                example: "\(prefix)\(port) in {443, 8000..8999}", .key(.port(side, transport)))
        }
        let addresses = [
            Field(
                address, aliases: addressAliases, .address(version: nil), .packet, scope: .ipv4 || .ipv6, "\(whose) address, IPv4 or IPv6",
                example: "\(address) in {10.0.0.0/8, fd00::/8}", .key(.address(side, nil))),
            Field(
                "ip.\(address)", aliases: ["ipv4.\(address)"] + addressAliases.flatMap { ["ip.\($0)", "ipv4.\($0)"] }, .address(version: 4), .packet,
                scope: .ipv4, "\(whose) IPv4 address", example: "ip.\(address) == 192.0.2.0/24", .key(.address(side, 4))),
            Field(
                "ipv6.\(address)", aliases: addressAliases.map { "ipv6.\($0)" }, .address(version: 6), .packet, scope: .ipv6, "\(whose) IPv6 address",
                example: "ipv6.\(address) == 2001:db8::/32", .key(.address(side, 6))),
        ]
        return ports + addresses
    }

    private static let service = Field(
        "service", .integer(max: 255), .discovery, scope: .tcp || .udp,
        valueNames: Dictionary(uniqueKeysWithValues: Service.allCases.map { ($0.name, UInt64($0.rawValue)) }),
        "the application protocol that was recognised", example: "service == tls", .key(.service))

    private static let vlanID = Field(
        "vlan.id", .integer(max: 4095), .packet, scope: .vlan, "a VLAN tag's id, the outer or the inner one", example: "vlan.id in 100..199", .key(.vlan))

    private static let transportNames: [String: UInt64] = [
        "icmp": 1, "igmp": 2, "ipip": 4, "tcp": 6, "udp": 17, "gre": 47, "esp": 50, "ah": 51, "icmpv6": 58, "ospf": 89, "sctp": 132,
    ]

    private static let transports = [
        Field(
            "proto", .integer(max: 255), .packet, scope: .ipv4 || .ipv6, valueNames: transportNames, "the protocol that IP carries, by IANA's number",
            example: "proto in {gre, esp}", .key(.transport(nil))),
        Field(
            "ip.proto", aliases: ["ipv4.proto", "ipv4.protocol"], .integer(max: 255), .packet, scope: .ipv4, valueNames: transportNames,
            "the protocol that IPv4 carries", example: "ip.proto == 47", .key(.transport(4))),
        Field(
            "ipv6.nxt", aliases: ["ipv6.next_header"], .integer(max: 255), .packet, scope: .ipv6, valueNames: transportNames,
            "the protocol that IPv6 carries, after all extension headers", example: "ipv6.nxt == sctp", .key(.transport(6))),
    ]

    // MARK: Of single packets

    private static func number(
        _ name: String, aliases: [String] = [], max: UInt64, scope: Filter = .everything, valueNames: [String: UInt64] = [:], _ summary: String,
        example: String, _ field: PacketField
    ) -> Field {
        Field(name, aliases: aliases, .integer(max: max), .packet, scope: scope, valueNames: valueNames, summary, example: example, .packet(field))
    }

    private static func flag(_ name: String, aliases: [String] = [], scope: Filter, _ summary: String, _ field: PacketField) -> Field {
        Field(name, aliases: aliases, .boolean, .packet, scope: scope, summary, example: "\(name) == 1", .packet(field))
    }

    private static let frame = [
        number("frame.len", max: UInt64(UInt32.max), "the frame's length on the wire, without its check sequence", example: "frame.len > 1500", .frameLength),
        number("frame.cap_len", max: UInt64(UInt32.max), "bytes of the frame that were captured", example: "frame.cap_len < 60", .capturedLength),
    ]

    private static let ethernet: [Field] = {
        func mac(_ name: String, _ summary: String, _ source: FieldSource) -> Field {
            Field(name, .mac, .packet, summary, example: "\(name) == 00:00:5e:00:53:01", source)
        }
        let source = mac("eth.src", "the sending card's address", .packet(.ethernetSource))
        let destination = mac("eth.dst", "the receiving card's address", .packet(.ethernetDestination))
        return [
            mac("eth.addr", "either card's address", .either([source, destination])), source, destination,
            number(
                "eth.type", max: 65535, valueNames: ["ipv4": 0x0800, "arp": 0x0806, "ipv6": 0x86dd, "lldp": 0x88cc],
                "the EtherType of what follows the link layer with its tags", example: "eth.type == 0x88cc", .etherType),
        ]
    }()

    private static let ip = [
        number("ip.ttl", aliases: ["ipv4.time_to_live"], max: 255, scope: .ipv4, "IPv4's time to live", example: "ip.ttl < 5", .hopLimit),
        number("ipv6.hlim", aliases: ["ipv6.hop_limit"], max: 255, scope: .ipv6, "IPv6's hop limit", example: "ipv6.hlim == 255", .hopLimit),
        number(
            "ip.len", aliases: ["ipv4.total_length"], max: 65535, scope: .ipv4, "the IPv4 packet's length, header included", example: "ip.len > 1400",
            .ipLength),
        number(
            "ipv6.plen", aliases: ["ipv6.payload_length"], max: UInt64(UInt32.max), scope: .ipv6, "the IPv6 packet's length after its first header",
            example: "ipv6.plen > 1400", .ipv6PayloadLength),
        number("ip.dsfield.dscp", max: 63, scope: .ipv4, valueNames: codePoints, "IPv4's differentiated services", example: "ip.dsfield.dscp == ef", .dscp),
        number("ipv6.tclass.dscp", max: 63, scope: .ipv6, valueNames: codePoints, "IPv6's differentiated services", example: "ipv6.tclass.dscp == ef", .dscp),
        flag("fragment", aliases: ["ip.fragment"], scope: .ipv4 || .ipv6, "whether the packet is a fragment of an IP packet", .isFragment),
    ]

    /// IANA's registry of differentiated services, but for LE, which is an operator.
    private static let codePoints: [String: UInt64] = {
        var names: [String: UInt64] = ["ef": 46, "lower_effort": 1]
        for level in 0..<8 as Range<UInt64> { names["cs\(level)"] = level * 8 }
        for level in 1...4 as ClosedRange<UInt64> {
            for drop in 1...3 as ClosedRange<UInt64> { names["af\(level)\(drop)"] = level * 8 + drop * 2 }
        }
        return names
    }()

    private static let tcp = [
        number("tcp.flags", max: 255, scope: .tcp, "TCP's eight flags as a number", example: "tcp.flags == 0x12", .tcpFlags),
        flag("tcp.flags.fin", scope: .tcp, "no more to send", .fin),
        flag("tcp.flags.syn", scope: .tcp, "sequence numbers begin", .syn),
        flag("tcp.flags.reset", aliases: ["tcp.flags.rst"], scope: .tcp, "the connection is refused or torn down", .reset),
        flag("tcp.flags.push", aliases: ["tcp.flags.psh"], scope: .tcp, "to be handed to the application", .push),
        flag("tcp.flags.ack", scope: .tcp, "the acknowledgment number counts", .ack),
        flag("tcp.flags.urg", scope: .tcp, "the urgent pointer counts", .urgent),
        flag("tcp.flags.ece", aliases: ["tcp.flags.ecn"], scope: .tcp, "congestion was met (ECN echo)", .ece),
        flag("tcp.flags.cwr", scope: .tcp, "the congestion window was reduced", .cwr),
        number(
            "tcp.window_size_value", aliases: ["tcp.window"], max: 65535, scope: .tcp, "the window as the header has it, unscaled",
            example: "tcp.window_size_value == 0", .tcpWindow),
        number(
            "tcp.seq", aliases: ["tcp.seq_raw", "tcp.seq_no"], max: UInt64(UInt32.max), scope: .tcp, "the sequence number as the header has it, not relative",
            example: "tcp.seq == 0", .tcpSequence),
        number(
            "tcp.ack", aliases: ["tcp.ack_raw", "tcp.ack_no"], max: UInt64(UInt32.max), scope: .tcp,
            "the acknowledgment number as the header has it, not relative", example: "tcp.ack == 0", .tcpAcknowledgment),
        number("tcp.len", max: UInt64(UInt32.max), scope: .tcp, "the segment's payload in bytes", example: "tcp.len > 0", .payloadLength),
    ]

    private static let udp = [
        number("udp.length", max: 65535, scope: .udp, "the datagram's length, header included", example: "udp.length > 512", .udpLength),
        number("udp.len", max: 65535, scope: .udp, "the datagram's payload in bytes", example: "udp.len == 0", .payloadLength),
    ]

    private static let icmp = [
        number(
            "icmp.type", aliases: ["icmpv4.type"], max: 255, scope: .icmpv4,
            valueNames: ["echo_reply": 0, "unreachable": 3, "redirect": 5, "echo": 8, "time_exceeded": 11],
            "an ICMP message's type", example: "icmp.type == echo", .icmpType),
        number(
            "icmp.code", aliases: ["icmpv4.code"], max: 255, scope: .icmpv4, "an ICMP message's code", example: "icmp.type == 3 and icmp.code == 1",
            .icmpCode),
        number(
            "icmpv6.type", max: 255, scope: .icmpv6,
            valueNames: [
                "unreachable": 1, "too_big": 2, "time_exceeded": 3, "echo": 128, "echo_reply": 129, "neighbor_solicitation": 135,
                "neighbor_advertisement": 136,
            ],
            "an ICMPv6 message's type", example: "icmpv6.type == too_big", .icmpType),
        number("icmpv6.code", max: 255, scope: .icmpv6, "an ICMPv6 message's code", example: "icmpv6.code == 4", .icmpCode),
    ]

    private static let tunnels = [
        number(
            "tunnel.kind", max: 15, valueNames: Dictionary(uniqueKeysWithValues: TunnelKind.allCases.map { ($0.name, UInt64($0.rawValue)) }),
            "the innermost tunnel around the packet", example: "tunnel.kind == vxlan", .tunnelKind),
        number(
            "tunnel.id", max: UInt64(UInt32.max), "the innermost tunnel's id: a VNI, a key, a session, a TEID", example: "tunnel.id == 5001", .tunnelID),
    ]

    private static let payloads = [
        ("payload", Filter.ipv4 || .ipv6, "what the packet carries after its transport header"),
        ("tcp.payload", .tcp, "what the TCP segment carries"), ("udp.payload", .udp, "what the UDP datagram carries"),
    ].map { name, scope, summary in
        Field(name, .bytes, .packet, scope: scope, summary, example: "\(name) starts_with \"GET \"", .packet(.payload))
    } + [
        number(
            "payload.len", max: UInt64(UInt32.max), scope: .ipv4 || .ipv6, "bytes that the packet carries after its transport header",
            example: "payload.len > 0", .payloadLength)
    ]
}
