import Fovea

/// One line for each connection, when it is over. Fields are those of Zeek's conn.log, and a few more at the end.
struct ConnectionLog: Trackable {
    typealias Report = JSONLinesWriter

    static let summary = "connections of all protocols: who, how long, how much, how it went"

    static func makeReport(_ context: ReportContext) throws -> JSONLinesWriter { try JSONLinesWriter(context) }

    init(_ connection: ConnectionRecord) {}

    consuming func ended(_ connection: ConnectionRecord, _ output: inout JSONLinesWriter) {
        let (originator, responder) = (connection.originator, connection.responder)
        output.write { line in
            line.addConnection(connection)
            line.add("proto", connection.transport.description)
            line.add("service", connection.service == .none ? nil : connection.service.name)
            line.add("duration", seconds: connection.duration)
            line.add("orig_bytes", originator.payloadBytes)
            line.add("resp_bytes", responder.payloadBytes)
            line.add("conn_state", connection.state.rawValue)
            line.add("history", connection.history.isEmpty ? nil : connection.history)
            line.add("orig_pkts", originator.packets)
            line.add("orig_ip_bytes", originator.ipBytes)
            line.add("resp_pkts", responder.packets)
            line.add("resp_ip_bytes", responder.ipBytes)
            if connection.vlans.outer != 0 { line.add("vlan", connection.vlans.outer) }
            if connection.vlans.inner != 0 { line.add("inner_vlan", connection.vlans.inner) }
            line.add("community_id", connection.communityID())
            line.add("orig_evidence", connection.originatorEvidence.name)
            if let tunnel = connection.tunnel {
                line.add("tunnel", tunnel.kind.name)
                line.add("tunnel_id", tunnel.id)
            }
            if let outer = connection.outer {
                line.add("outer_proto", outer.transport.description)
                line.add("outer_orig_h", outer.originator.address)
                line.add("outer_orig_p", outer.originator.port)
                line.add("outer_resp_h", outer.responder.address)
                line.add("outer_resp_p", outer.responder.port)
            }
            if let error = connection.icmpError {
                line.add("icmp_errors", error.count)
                line.add("icmp_error_type", error.type)
                line.add("icmp_error_code", error.code)
            }
            line.add("end_reason", connection.endReason?.name)
            line.add("orig_frame_bytes", originator.frameBytes)
            line.add("resp_frame_bytes", responder.frameBytes)
            // Of connections whose streams some subscription reads: bytes that never came, came again, came twice and not the same.
            if let orig = connection.originatorStream, let resp = connection.responderStream {
                line.add("missed_bytes", orig.gapBytes + resp.gapBytes)
                line.add("orig_missed_bytes", orig.gapBytes)
                line.add("resp_missed_bytes", resp.gapBytes)
                line.add("orig_retransmitted_bytes", orig[.retransmitted])
                line.add("resp_retransmitted_bytes", resp[.retransmitted])
                line.add("orig_conflicts", orig.conflicts)
                line.add("resp_conflicts", resp.conflicts)
            }
        }
    }
}

extension JSONObject {
    /// Whose line it is, as all of Zeek's logs begin.
    mutating func addConnection(_ connection: ConnectionRecord) {
        add("ts", connection.first)
        add("uid", connection.uid)
        add("id.orig_h", connection.originator.address)
        add("id.orig_p", connection.originator.port)
        add("id.resp_h", connection.responder.address)
        add("id.resp_p", connection.responder.port)
    }
}
