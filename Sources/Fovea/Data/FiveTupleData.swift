import Packets
import Tracking

/// `data = "five_tuple"`: a line for each connection at its first packet, or as soon as the filter can tell: who, with whom, where on the link.
struct FiveTupleData: PacketTrackable {
    static let name = "five_tuple"
    static let summary = "connections, at their first packet: addresses, ports, protocol, VLANs, tunnel, link-layer addresses"

    static func makeReport(_ context: ReportContext) throws -> JSONLinesWriter { try JSONLinesWriter(context) }

    private let connection: ConnectionRecord

    init(_ connection: ConnectionRecord) { self.connection = connection }

    mutating func packet(_ packet: Packet, _ frame: RawSpan, from sender: Direction, _ output: inout JSONLinesWriter) -> Verdict {
        let link = LinkEnds(packet, frame)
        output.write { line in
            line.addFiveTuple(of: connection)
            line.add("orig_l2_addr", sender == .originator ? link?.source : link?.destination)
            line.add("resp_l2_addr", sender == .originator ? link?.destination : link?.source)
        }
        return .unsubscribe
    }

    /// Of which no packet came once the filter could tell.
    consuming func ended(_ connection: ConnectionRecord, _ output: inout JSONLinesWriter) {
        output.write { $0.addFiveTuple(of: connection) }
    }
}

/// The addresses of an Ethernet frame, in Zeek's form.
private struct LinkEnds {
    let source: String
    let destination: String

    /// Nil unless IP follows Ethernet and its VLAN tags at once, which lies where it lies behind no other link layer.
    init?(_ packet: Packet, _ frame: RawSpan) {
        let tags = (packet.vlans >> 16 != 0 ? 1 : 0) + (packet.vlans & 0xffff != 0 ? 1 : 0)
        guard !packet.isTunneled, Int(packet.networkOffset) == 14 + 4 * tags, frame.byteCount >= 14 else { return nil }
        func text(at offset: Int) -> String {
            (0..<6).map { index in
                let digits = String(frame.unsafeLoad(fromByteOffset: offset + index, as: UInt8.self), radix: 16)
                return digits.count == 1 ? "0" + digits : digits
            }.joined(separator: ":")
        }
        (source, destination) = (text(at: 6), text(at: 0))
    }
}

extension JSONObject {
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
