import Packets
import Tracking

extension LogLine {
    /// Whose line it is, as all of Zeek's logs begin.
    ///
    /// - Parameter time: of what the line says; the connection's beginning unless given.
    public mutating func addIdentity(of connection: ConnectionRecord, at time: Timestamp? = nil) {
        add("ts", time ?? connection.first)
        add("uid", plain: ConnectionRecord.uidLength) { connection.writeUID($0) }
        add("id.orig_h", connection.originator.address)
        add("id.orig_p", connection.originator.port)
        add("id.resp_h", connection.responder.address)
        add("id.resp_p", connection.responder.port)
    }

    /// All that a record says. Fields are those of Zeek's conn.log, and a few more at the end.
    public mutating func addRecord(_ connection: ConnectionRecord) {
        let (originator, responder, history) = (connection.originator, connection.responder, connection.history)
        addIdentity(of: connection)
        happened(at: connection.last)
        add("proto", connection.transport.description)
        add("service", connection.service == .none ? nil : connection.service.name)
        add("duration", seconds: connection.duration)
        add("orig_bytes", originator.payloadBytes)
        add("resp_bytes", responder.payloadBytes)
        add("conn_state", connection.state.rawValue)
        add("history", history.isEmpty ? nil : history)
        add("orig_pkts", originator.packets)
        add("orig_ip_bytes", originator.ipBytes)
        add("resp_pkts", responder.packets)
        add("resp_ip_bytes", responder.ipBytes)
        if connection.vlans.outer != 0 { add("vlan", connection.vlans.outer) }
        if connection.vlans.inner != 0 { add("inner_vlan", connection.vlans.inner) }
        add("community_id", plain: ConnectionRecord.communityIDLength) { connection.writeCommunityID($0) }
        add("orig_evidence", connection.originatorEvidence.name)
        if let tunnel = connection.tunnel {
            add("tunnel", tunnel.kind.name)
            add("tunnel_id", tunnel.id)
        }
        if let outer = connection.outer {
            add("outer_proto", outer.transport.description)
            add("outer_orig_h", outer.originator.address)
            add("outer_orig_p", outer.originator.port)
            add("outer_resp_h", outer.responder.address)
            add("outer_resp_p", outer.responder.port)
        }
        if let error = connection.icmpError {
            add("icmp_errors", error.count)
            add("icmp_error_type", error.type)
            add("icmp_error_code", error.code)
        }
        add("end_reason", connection.endReason?.name)
        add("orig_frame_bytes", originator.frameBytes)
        add("resp_frame_bytes", responder.frameBytes)
        // Of connections whose streams some subscription reads: bytes that never came, came again, came twice and not the same.
        if let orig = connection.originatorStream, let resp = connection.responderStream {
            add("missed_bytes", orig.gapBytes + resp.gapBytes)
            add("orig_missed_bytes", orig.gapBytes)
            add("resp_missed_bytes", resp.gapBytes)
            add("orig_retransmitted_bytes", orig[.retransmitted])
            add("resp_retransmitted_bytes", resp[.retransmitted])
            add("orig_conflicts", orig.conflicts)
            add("resp_conflicts", resp.conflicts)
        }
    }

    /// A protocol's number of two bytes: "0x0800".
    mutating func add(_ key: StaticString, hexadecimal value: UInt16?) {
        add(key, value.map { "0x" + String(0x1_0000 | Int($0), radix: 16).dropFirst() })
    }
}
