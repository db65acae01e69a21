/// The reader for every frame that is not plain Ethernet, IPv4 and TCP or UDP: one function a layer, each of which checks its
/// header against what lies around it and passes on to the next. Nothing here recurses or loops without a bound.
extension Packet {
    /// Link-layer headers read before a frame is called hostile (Suricata's limit, too).
    static let maxLinkHeaders = 16
    /// IPv6 extension headers read before a packet is called hostile.
    static let maxExtensionHeaders = 32

    @usableFromInline @inline(never) @discardableResult
    mutating func readLayers(_ frame: UnsafePointer<Frame>, opening tunnels: TunnelKinds = .all) -> ReadingNotes {
        self = Packet()
        timestamp = frame.pointee.timestamp
        wireLength = max(frame.pointee.wireLength, frame.pointee.length)
        capturedLength = frame.pointee.length
        readLink(Bytes(frame.pointee, opening: tunnels))
        return finishLayers()
    }

    /// What belongs to no flow has no key, whatever tunnel it lies in.
    mutating func finishLayers() -> ReadingNotes {
        if kind == .malformed || kind == .notIP { context = 0 }
        var notes: ReadingNotes = kind == .flow ? [] : .noFlow
        if hasUnopenedTunnel { notes.insert(.unopenedTunnel) }
        return notes
    }

    mutating func refuse(_ reason: PacketProblem) {
        kind = .malformed
        problem = reason
    }

    // MARK: Link layer

    private mutating func readLink(_ bytes: Bytes) {
        switch bytes.linkType {
        case .ethernet:
            readEthernet(bytes, at: 0)
        case .linuxSLL:
            guard let type = bytes.uint16(at: 14) else { return refuse(.linkHeaderCut) }
            readEtherType(type, bytes, at: 16)
        case .linuxSLL2:
            guard let type = bytes.uint16(at: 0), bytes.has(20) else { return refuse(.linkHeaderCut) }
            readEtherType(type, bytes, at: 20)
        case .null, .loop:
            guard let family = bytes.uint32(at: 0) else { return refuse(.linkHeaderCut) }
            // The family stands in the byte order of whoever wrote the capture; the small number is the right reading.
            switch min(family, family.byteSwapped) {
            case 2: readIPv4(bytes, at: 4, vlans: 0)
            case 10, 24, 28, 30: readIPv6(bytes, at: 4, vlans: 0)
            default: kind = .notIP
            }
        default:
            readIPByVersion(bytes, at: 0, vlans: 0)
        }
    }

    mutating func readEthernet(_ bytes: Bytes, at offset: Int) {
        guard let type = bytes.uint16(at: offset + 12) else { return refuse(.linkHeaderCut) }
        readEtherType(type, bytes, at: offset + 14)
    }

    /// Follows VLAN tags, MPLS labels, PPPoE, Cisco's metadata and LLC/SNAP to the IP header.
    private mutating func readEtherType(_ firstType: UInt16, _ bytes: Bytes, at firstOffset: Int) {
        var type = firstType
        var offset = firstOffset
        var tags = 0
        var vlans: UInt32 = 0
        for _ in 0..<Self.maxLinkHeaders {
            etherType = type
            switch type {
            case EtherType.ipv4:
                return readIPv4(bytes, at: offset, vlans: vlans)
            case EtherType.ipv6:
                return readIPv6(bytes, at: offset, vlans: vlans)
            case _ where EtherType.isVLAN(type):
                guard let tag = bytes.uint16(at: offset), let next = bytes.uint16(at: offset + 2) else { return refuse(.linkHeaderCut) }
                let id = UInt32(tag & 0x0fff)
                if tags == 0 { vlans = id << 16 } else if tags == 1 { vlans |= id }
                tags += 1
                type = next
                offset += 4
            case _ where EtherType.mpls.contains(type):
                return readMPLS(bytes, at: offset, vlans: vlans)
            case EtherType.pppoeSession:
                // RFC 2516: version and type, code, session, length; then PPP's protocol number.
                guard let length = bytes.uint16(at: offset + 4), let ppp = bytes.uint16(at: offset + 6) else { return refuse(.linkHeaderCut) }
                let end = offset + 6 + max(Int(length), 2)
                if bytes.tunnels.contains(.pppoe) {
                    guard layers < Self.maxLayers - 1, let session = bytes.uint16(at: offset + 2) else { return refuse(.tooManyTunnels) }
                    enter(.pppoe, id: UInt32(session))
                }
                switch ppp {
                case 0x0021: readIPv4(bytes.upTo(end), at: offset + 8, vlans: vlans)
                case 0x0057: readIPv6(bytes.upTo(end), at: offset + 8, vlans: vlans)
                default: kind = .notIP
                }
                // Whatever IP says, padding begins where the session's packet ends.
                payloadLength = min(payloadLength, UInt32(clamping: end - Int(payloadOffset)))
                return
            case EtherType.ciscoMetadata:
                // Version and length, an option's kind, the sender's security group; then the EtherType.
                guard let next = bytes.uint16(at: offset + 6) else { return refuse(.linkHeaderCut) }
                type = next
                offset += 8
            case ..<1536:
                // IEEE 802.3: a length instead of a type; SNAP (RFC 1042) brings the type back.
                guard let llc = bytes.uint64(at: offset), llc >> 16 == 0xaaaa_0300_0000 else { return kind = .notIP }
                type = UInt16(truncatingIfNeeded: llc)
                offset += 8
                if type < 1536 { return kind = .notIP }
            default:
                return kind = .notIP
            }
        }
        refuse(.tooManyLinkHeaders)
    }

    /// RFC 3032. MPLS does not say what it carries: an IP version in the first four bits is the best sign there is.
    mutating func readMPLS(_ bytes: Bytes, at start: Int, vlans: UInt32) {
        var offset = start
        for _ in 0..<Self.maxLinkHeaders {
            guard let entry = bytes.uint32(at: offset) else { return refuse(.linkHeaderCut) }
            offset += 4
            if entry & 0x100 != 0 { return readIPByVersion(bytes, at: offset, vlans: vlans) }
        }
        refuse(.tooManyLinkHeaders)
    }

    mutating func readIPByVersion(_ bytes: Bytes, at offset: Int, vlans: UInt32) {
        guard let first = bytes.uint8(at: offset) else { return refuse(.linkHeaderCut) }
        switch first >> 4 {
        case 4: readIPv4(bytes, at: offset, vlans: vlans)
        case 6: readIPv6(bytes, at: offset, vlans: vlans)
        default: kind = .notIP
        }
    }

    // MARK: IP

    mutating func readIPv4(_ bytes: Bytes, at offset: Int, vlans: UInt32) {
        etherType = EtherType.ipv4
        networkOffset = UInt16(clamping: offset)
        guard let header = IPv4Header(bytes, at: offset, refusal: &problem) else { return kind = .malformed }
        ipLength = UInt32(header.totalLength)
        let flow = FlowAddresses.ipv4(header.source, header.destination)
        let end = offset + header.totalLength
        if bytes.extent == .tunnel, end > bytes.wireCount { return refuse(.ipBadTotalLength) }
        if header.fragmentOffset != 0 { return readFragment(header.transport, flow, vlans: vlans) }
        if header.transport == .authenticationHeader {
            readExtensions(header.transport, bytes, at: offset + header.headerLength, end: end, flow, vlans: vlans, isFragment: header.moreFragments)
        } else {
            readTransport(
                header.transport, bytes, at: offset + header.headerLength, end: end, flow, vlans: vlans, isFragment: header.moreFragments
            )
        }
    }

    mutating func readIPv6(_ bytes: Bytes, at offset: Int, vlans: UInt32) {
        etherType = EtherType.ipv6
        networkOffset = UInt16(clamping: offset)
        guard let header = IPv6Header(bytes, at: offset, refusal: &problem) else { return kind = .malformed }
        ipLength = UInt32(clamping: header.totalLength)
        readExtensions(
            header.nextHeader, bytes, at: offset + IPv6Header.byteCount, end: offset + header.totalLength,
            .ipv6(header.source, header.destination), vlans: vlans, isFragment: false
        )
    }

    /// Steps over the extension headers of RFC 8200 and the authentication header of RFC 4302, which IPv4 has, too.
    private mutating func readExtensions(
        _ first: TransportProtocol, _ bytes: Bytes, at start: Int, end: Int, _ flow: FlowAddresses, vlans: UInt32, isFragment: Bool
    ) {
        var next = first
        var offset = start
        var isFragment = isFragment
        for _ in 0..<Self.maxExtensionHeaders {
            let length: Int
            switch next {
            case .hopByHopOptions, .routingHeader, .destinationOptions, .mobilityHeader, .hostIdentity, .shim6:
                guard let units = bytes.uint8(at: offset + 1) else { return refuse(.ipv6ExtensionCut) }
                length = (Int(units) + 1) * 8
            case .authenticationHeader:
                guard let words = bytes.uint8(at: offset + 1) else { return refuse(.ipv6ExtensionCut) }
                length = (Int(words) + 2) * 4
            case .fragmentHeader:
                guard offset + 8 <= end, let position = bytes.uint16(at: offset + 2), let following = bytes.uint8(at: offset), bytes.has(offset + 8)
                else { return refuse(.ipv6ExtensionCut) }
                if position & 0xfff8 != 0 { return readFragment(TransportProtocol(rawValue: following), flow, vlans: vlans) }
                // Offset 0 and nothing to follow is an atomic fragment (RFC 6946): a whole packet, unless a header before says otherwise.
                isFragment = isFragment || position & 1 != 0
                length = 8
            default:
                return readTransport(next, bytes, at: offset, end: end, flow, vlans: vlans, isFragment: isFragment)
            }
            guard offset + length <= end, let following = bytes.uint8(at: offset) else { return refuse(.ipv6ExtensionCut) }
            next = TransportProtocol(rawValue: following)
            offset += length
        }
        refuse(.ipv6TooManyExtensions)
    }

    // MARK: Transport

    /// `end`: where the IP packet ends by its own header, which may lie beyond the captured bytes.
    private mutating func readTransport(
        _ transport: TransportProtocol, _ bytes: Bytes, at offset: Int, end: Int, _ flow: FlowAddresses, vlans: UInt32, isFragment: Bool
    ) {
        transportOffset = UInt16(clamping: offset)
        if bytes.extent == .quote { return readQuotedTransport(transport, bytes, at: offset, flow, vlans: vlans) }
        var payload = offset..<max(end, offset)
        var ports: UInt32 = 0
        switch transport {
        case .tcp:
            guard let header = TCPHeader(bytes, at: offset, end: end, refusal: &problem) else {
                return isFragment ? readFragment(transport, flow, vlans: vlans) : (kind = .malformed)
            }
            ports = header.ports
            numbers = (UInt64(header.sequence.rawValue) << 32 | UInt64(header.acknowledgment.rawValue)).bigEndian
            flagsAndWindow = (UInt32(header.flags.rawValue) << 16 | UInt32(header.window)).bigEndian
            payload = offset + header.headerLength..<end
        case .udp:
            guard let header = UDPHeader(bytes, at: offset, end: end, isFragment: isFragment, refusal: &problem) else {
                return isFragment ? readFragment(transport, flow, vlans: vlans) : (kind = .malformed)
            }
            ports = header.ports
            payload = offset + UDPHeader.byteCount..<min(offset + header.length, end)
        case .icmp, .icmpv6:
            guard end - offset >= 4, let type = bytes.uint8(at: offset), let code = bytes.uint8(at: offset + 1), bytes.has(offset + 4) else {
                return refuse(.icmpHeaderCut)
            }
            ports = ICMPPorts.ports(type: type, code: code, isIPv6: transport == .icmpv6)
            payload = min(offset + 8, end)..<end
        case .sctp:
            guard end - offset >= 12, let both = bytes.uint32(at: offset), bytes.has(offset + 12) else {
                return isFragment ? readFragment(transport, flow, vlans: vlans) : refuse(.sctpHeaderCut)
            }
            ports = both
            payload = offset + 12..<end
        default:
            break
        }
        payloadOffset = UInt32(min(payload.lowerBound, bytes.count))
        payloadLength = UInt32(payload.count)
        setFlow(flow, ports: ports, vlans: vlans, transport)
        problem = .none
        kind = isFragment ? .firstFragment : .flow
        // The end of what a first fragment carries is not here yet.
        if !isFragment { openTunnel(bytes, at: offset, payload: payload, vlans: vlans) }
    }

    /// A fragment without its ports: addresses and protocol are all that is known of its flow.
    private mutating func readFragment(_ transport: TransportProtocol, _ flow: FlowAddresses, vlans: UInt32) {
        setFlow(flow, ports: 0, vlans: vlans, transport)
        problem = .none
        kind = .fragment
    }

    mutating func setFlow(_ flow: FlowAddresses, ports: UInt32, vlans: UInt32, _ transport: TransportProtocol) {
        let version: UInt64
        switch flow {
        case .ipv4(let source, let destination):
            version = 4
            addresses.0 = (UInt64(source) << 32 | UInt64(destination)).bigEndian
        case .ipv6(let source, let destination):
            version = 6
            addresses = (source.0.bigEndian, source.1.bigEndian, destination.0.bigEndian, destination.1.bigEndian)
        }
        self.ports = ports.bigEndian
        self.vlans = vlans
        context = version << 56 | UInt64(transport.rawValue) << 48 | context & Self.tunnelMask
    }
}

/// The two ends of a packet, as its IP header names them.
enum FlowAddresses {
    case ipv4(UInt32, UInt32)
    case ipv6((UInt64, UInt64), (UInt64, UInt64))
}

extension TransportProtocol {
    static let hopByHopOptions = TransportProtocol(rawValue: 0)
    static let routingHeader = TransportProtocol(rawValue: 43)
    static let fragmentHeader = TransportProtocol(rawValue: 44)
    static let authenticationHeader = TransportProtocol(rawValue: 51)
    static let destinationOptions = TransportProtocol(rawValue: 60)
    static let mobilityHeader = TransportProtocol(rawValue: 135)
    static let hostIdentity = TransportProtocol(rawValue: 139)
    static let shim6 = TransportProtocol(rawValue: 140)
}

/// ICMP has no ports; types take their place, so that a query and its answer are one flow: the sender's "port" is the
/// type, the receiver's the type that answers it. Types with no answer have their code there (Zeek's and Community ID's rule).
public enum ICMPPorts {
    /// Type pairs of RFC 792, 950, 1256 (IPv4) and RFC 4443, 2710, 4861, 4620, 4890 (IPv6).
    private static let pairs4: [(UInt8, UInt8)] = [(8, 0), (13, 14), (15, 16), (10, 9), (17, 18)]
    private static let pairs6: [(UInt8, UInt8)] = [(128, 129), (133, 134), (135, 136), (130, 131), (144, 145), (139, 140)]

    /// Whether messages of a type are a query or its answer.
    public static func hasCounterpart(type: UInt8, isIPv6: Bool) -> Bool {
        (isIPv6 ? pairs6 : pairs4).contains { $0.0 == type || $0.1 == type }
    }

    static func ports(type: UInt8, code: UInt8, isIPv6: Bool) -> UInt32 {
        for (query, answer) in isIPv6 ? pairs6 : pairs4 {
            if type == query { return UInt32(query) << 16 | UInt32(answer) }
            if type == answer { return UInt32(answer) << 16 | UInt32(query) }
        }
        return UInt32(type) << 16 | UInt32(code)
    }
}
