import Packets
import Tracking

/// `data = "five_tuple"`: a line for each connection at its first packet, or as soon as the filter can tell: who, with whom, where on the link.
///
/// It asks for packets, whose frames have the link layer's addresses, and for a tick each packet, which has the record.
struct FiveTupleData: PacketTrackable, TickTrackable {
    static let name = "five_tuple"
    static let summary = "connections, at their first packet: addresses, ports, protocol, VLANs, tunnel, link-layer addresses"
    static let tick = TickInterval.packets(1)

    static func makeReport(_ context: ReportContext) throws -> LogWriter { try LogWriter(context) }

    private var link: LinkEnds?

    init(_ connection: ConnectionRecord) {}

    mutating func packet(_ packet: Packet, _ frame: RawSpan, from sender: Direction, _ output: inout LogWriter) -> Verdict {
        link = LinkEnds(packet, frame, from: sender)
        return .more
    }

    /// The same packet.
    mutating func ticked(_ connection: ConnectionRecord, _ output: inout LogWriter) -> Verdict {
        write(connection, &output)
        return .unsubscribe
    }

    /// Of which no packet came once the filter could tell.
    consuming func ended(_ connection: ConnectionRecord, _ output: inout LogWriter) { write(connection, &output) }

    private func write(_ connection: ConnectionRecord, _ output: inout LogWriter) {
        output.write { line in
            line.addFiveTuple(of: connection)
            line.add("orig_l2_addr", link?.originator.text)
            line.add("resp_l2_addr", link?.responder.text)
        }
    }
}

/// The addresses of an Ethernet frame.
private struct LinkEnds {
    struct Address {
        var bytes: UInt64 = 0

        /// In Zeek's form.
        var text: String {
            stride(from: 40, through: 0, by: -8).map { shift in
                let digits = String(UInt8(truncatingIfNeeded: bytes >> UInt64(shift)), radix: 16)
                return digits.count == 1 ? "0" + digits : digits
            }.joined(separator: ":")
        }
    }

    let originator: Address
    let responder: Address

    /// Nil unless IP follows Ethernet and its VLAN tags at once, which lies where it lies behind no other link layer.
    init?(_ packet: Packet, _ frame: RawSpan, from sender: Direction) {
        let tags = (packet.vlans >> 16 != 0 ? 1 : 0) + (packet.vlans & 0xffff != 0 ? 1 : 0)
        guard !packet.isTunneled, Int(packet.networkOffset) == 14 + 4 * tags, frame.byteCount >= 14 else { return nil }
        func address(at offset: Int) -> Address {
            Address(bytes: (0..<6).reduce(0) { $0 << 8 | UInt64(frame.unsafeLoad(fromByteOffset: offset + $1, as: UInt8.self)) })
        }
        let (destination, source) = (address(at: 0), address(at: 6))
        (originator, responder) = sender == .originator ? (source, destination) : (destination, source)
    }
}

extension LogLine {
    /// What of a connection is the same from its first packet on. Fields are those of Zeek's conn.log, and a few more at the end.
    public mutating func addFiveTuple(of connection: ConnectionRecord) {
        addIdentity(of: connection)
        add("proto", connection.transport.description)
        if connection.vlans.outer != 0 { add("vlan", connection.vlans.outer) }
        if connection.vlans.inner != 0 { add("inner_vlan", connection.vlans.inner) }
        add("community_id", connection.communityID())
        add("orig_evidence", connection.originatorEvidence.name)
        if let tunnel = connection.tunnel {
            add("tunnel", tunnel.kind.name)
            add("tunnel_id", tunnel.id)
        }
    }

    /// Whose line it is, for types that keep no record.
    public mutating func addIdentity(of ends: FiveTuple, uid: String, at time: Timestamp) {
        add("ts", time)
        add("uid", uid)
        add("id.orig_h", ends.originator)
        add("id.orig_p", ends.originatorPort)
        add("id.resp_h", ends.responder)
        add("id.resp_p", ends.responderPort)
    }
}
