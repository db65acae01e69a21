/// Opening tunnels: the packet inside takes the place of the one around it, whose flow is kept as `outer` if it is the outermost. What cannot be read
/// inside leaves the packet around it as the one that counts, so that nothing is lost.
extension Packet {
    /// IP packets in each other, fragments put together included, before a frame is called hostile (Suricata's limit, too).
    static let maxLayers = 16

    /// Opens the tunnel that the packet just read is, if it is one.
    ///
    /// - Parameters:
    ///   - offset: where the header behind the IP header stands.
    ///   - payload: the transport's.
    mutating func openTunnel(_ bytes: Bytes, at offset: Int, payload: Range<Int>, vlans: UInt32) {
        guard let tunnel = tunnelHeader(bytes, at: offset, payload) else { return }
        guard layers < Self.maxLayers - 1 else {
            self = Packet(inside: self)
            return refuse(.tooManyTunnels)
        }
        let outside = self
        self = Packet(inside: outside)
        if outermost.isEmpty { outermost = OuterFlow(outside) }
        enter(tunnel.kind, id: tunnel.id)
        let content = bytes.tunnel(upTo: tunnel.end)
        switch tunnel.content {
        case .ethernet: readEthernet(content, at: tunnel.start)
        case .ipv4: readIPv4(content, at: tunnel.start, vlans: vlans)
        case .ipv6: readIPv6(content, at: tunnel.start, vlans: vlans)
        case .mpls: readMPLS(content, at: tunnel.start, vlans: vlans)
        case .ip: readIPByVersion(content, at: tunnel.start, vlans: vlans)
        }
        // ARP in VXLAN, a bridge's own frames in GRE: nothing is wrong with those.
        if kind == .notIP {
            self = outside
        } else if kind == .malformed, problem != .tooManyTunnels {
            self = outside
            hasUnopenedTunnel = true
        }
    }

    private func tunnelHeader(_ bytes: Bytes, at offset: Int, _ payload: Range<Int>) -> TunnelHeader? {
        // Where a packet keeps 16 bits for offsets, what lies beyond cannot be told.
        guard payload.lowerBound <= UInt16.max - 1024 else { return nil }
        let kinds = bytes.tunnels
        switch transport {
        case .udp:
            return switch kinds.udpKind(UInt32(bigEndian: ports)) {
            case .vxlan: .vxlan(bytes, payload)
            case .geneve: .geneve(bytes, payload)
            case .gtpu: .gtpu(bytes, payload)
            case .teredo: .teredo(bytes, payload)
            default: nil
            }
        case .gre:
            guard let header = TunnelHeader.gre(bytes, at: offset, end: payload.upperBound), kinds.contains(header.kind) else { return nil }
            return header
        case .ipv4InIP where kinds.contains(.ip):
            return TunnelHeader(kind: .ip, content: .ipv4, start: offset, end: payload.upperBound)
        case .ipv6InIP where kinds.contains(.ip):
            return TunnelHeader(kind: .ip, content: .ipv6, start: offset, end: payload.upperBound)
        default:
            return nil
        }
    }

    /// Puts a tunnel into the flow's key: its kind and, where both directions share it, its id; of the tunnels around it, a digest that is never 0.
    mutating func enter(_ kind: TunnelKind, id: UInt32) {
        let path = context & Self.tunnelMask
        let digest = path == 0 ? 0 : max(1, (path &* 0x9e37_79b9_7f4a_7c15) >> 52)
        context = digest << 36 | UInt64(kind.rawValue) << 32 | UInt64(kind.sharesID ? id : 0)
        innermostID = id
        layers &+= 1
    }

    /// A packet of which nothing has been read yet but that it lies in another, or is what its fragments were made of.
    init(inside packet: Packet) {
        self.init()
        timestamp = packet.timestamp
        capturedLength = packet.capturedLength
        wireLength = packet.wireLength
        context = packet.context & Self.tunnelMask
        outermost = packet.outermost
        innermostID = packet.innermostID
        layers = packet.layers
    }

    /// The part of a key's last word that tells tunnels.
    @usableFromInline static var tunnelMask: UInt64 { 0xffff_ffff_ffff }
}

extension Packet {
    /// Reads an IP packet that was put together from fragments, as if it stood where they did: with their VLANs, in their tunnel. Offsets are those
    /// in `frame`.
    ///
    /// - Parameters:
    ///   - frame: the IP packet's bytes, from the IP header on.
    ///   - fragment: one of its fragments, whose time it gets.
    @inline(never) @discardableResult
    public mutating func readDatagram(
        _ frame: UnsafePointer<Frame>, inside fragment: Packet, opening tunnels: TunnelKinds = .all
    ) -> ReadingNotes {
        self = Packet(inside: fragment)
        capturedLength = frame.pointee.length
        wireLength = max(frame.pointee.wireLength, frame.pointee.length)
        // A tunnel in a tunnel's fragments is one more layer; so are fragments in what fragments carried, which would never end otherwise.
        guard layers < Self.maxLayers - 1 else {
            refuse(.tooManyTunnels)
            return finishLayers()
        }
        layers &+= 1
        readIPByVersion(Bytes(frame.pointee, opening: tunnels), at: 0, vlans: fragment.vlans)
        return finishLayers()
    }
}

extension TransportProtocol {
    static let ipv4InIP = TransportProtocol(rawValue: 4)
    static let ipv6InIP = TransportProtocol(rawValue: 41)
    static let gre = TransportProtocol(rawValue: 47)
}
