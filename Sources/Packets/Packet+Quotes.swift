extension Packet {
    /// The flow of the packet that an ICMP error is about, and whether the key's endpoint `b` sent that packet: the error quotes its first bytes (RFC 792,
    /// RFC 4443). Looked for where the error itself was seen: in its VLANs, in its tunnel.
    ///
    ///     +-----------+-----------------+--------------------------+-------------------------
    ///     | IP header | ICMP error, 8   | quoted IP header, whole  | 8 bytes of its payload, or more
    ///     +-----------+-----------------+--------------------------+-------------------------
    ///
    /// Nil for what is no error, and for a quote that does not reach the ports: one cut short, or a later fragment.
    @inline(never)
    public static func quotedFlow(of packet: UnsafePointer<Packet>, in frame: UnsafePointer<Frame>) -> (key: FlowKey, senderIsB: Bool)? {
        guard packet.pointee.kind == .flow, packet.pointee.isICMPError else { return nil }
        let start = Int(packet.pointee.payloadOffset)
        let bytes = Bytes(frame.pointee, opening: []).quote(upTo: start + Int(packet.pointee.payloadCaptured))
        var quoted = Packet(inside: packet.pointee)
        if packet.pointee.isIPv4 {
            quoted.readIPv4(bytes, at: start, vlans: packet.pointee.vlans)
        } else {
            quoted.readIPv6(bytes, at: start, vlans: packet.pointee.vlans)
        }
        guard quoted.kind == .flow else { return nil }
        return withUnsafePointer(to: quoted) { $0.flow }
    }

    /// Whether it is an ICMP message about another packet; an ICMP flow's source port is the type.
    public var isICMPError: Bool {
        switch (transport, isIPv4, sourcePort) {
        case (.icmp, true, 3...5), (.icmp, true, 11...12), (.icmpv6, false, 1...4): true
        default: false
        }
    }

    /// What a quote shows of a transport's header: at least its ports.
    mutating func readQuotedTransport(_ transport: TransportProtocol, _ bytes: Bytes, at offset: Int, _ flow: FlowAddresses, vlans: UInt32) {
        var ports: UInt32 = 0
        switch transport {
        case .tcp, .udp, .sctp:
            guard let both = bytes.uint32(at: offset) else { return refuse(.udpHeaderCut) }
            ports = both
        case .icmp, .icmpv6:
            guard let type = bytes.uint8(at: offset), let code = bytes.uint8(at: offset + 1) else { return refuse(.icmpHeaderCut) }
            ports = ICMPPorts.ports(type: type, code: code, isIPv6: transport == .icmpv6)
        default:
            break
        }
        setFlow(flow, ports: ports, vlans: vlans, transport)
        kind = .flow
    }
}
