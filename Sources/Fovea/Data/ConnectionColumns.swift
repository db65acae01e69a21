import Packets

extension LogSchema {
    /// What `addRecord` writes: Zeek's conn.log, Suricata's flow.
    public static let connection = records("conn")

    static func records(_ path: String) -> LogSchema {
        LogSchema(
            path,
            identity + [
                Column("proto", .enum, event: .transport), Column("service", .string, event: .top("app_proto")), Column("duration", .interval, event: .span),
                Column("orig_bytes", .count), Column("resp_bytes", .count), Column("conn_state", .string, event: .flowState), Column("history", .string),
                Column("orig_pkts", .count, event: "pkts_toserver"), Column("orig_ip_bytes", .count), Column("resp_pkts", .count, event: "pkts_toclient"),
                Column("resp_ip_bytes", .count), Column("vlan", .int, event: .vlan), Column("inner_vlan", .int, event: .vlan),
                Column("community_id", .string, event: .top("community_id")), Column("orig_evidence", .string), Column("tunnel", .string),
                Column("tunnel_id", .count), Column("outer_proto", .enum), Column("outer_orig_h", .addr), Column("outer_orig_p", .port),
                Column("outer_resp_h", .addr), Column("outer_resp_p", .port), Column("icmp_errors", .count), Column("icmp_error_type", .count),
                Column("icmp_error_code", .count), Column("end_reason", .string, event: .flowReason),
                Column("orig_frame_bytes", .count, event: "bytes_toserver"), Column("resp_frame_bytes", .count, event: "bytes_toclient"),
                Column("missed_bytes", .count), Column("orig_missed_bytes", .count), Column("resp_missed_bytes", .count),
                Column("orig_retransmitted_bytes", .count), Column("resp_retransmitted_bytes", .count), Column("orig_conflicts", .count),
                Column("resp_conflicts", .count),
            ], event: "flow")
    }
}

extension EventMember {
    /// From the first packet, which the event's time is so far, to the last, which it is then; the age in seconds, as the clock shows them.
    fileprivate static let span = EventMember { value, event in
        guard case .interval(let duration) = value else { return }
        let start = event.time, end = event.time + duration
        event.add("start", .time(start))
        event.add("end", .time(end))
        event.add("age", .integer(Int128(end.nanoseconds / 1_000_000_000 - start.nanoseconds / 1_000_000_000)))
        event.time = end
    }

    /// Of Zeek's states.
    fileprivate static let flowState = EventMember { value, event in
        guard case .text(let state) = value else { return }
        let name: String
        switch state {
        case "S0": name = "new"
        case "S1", "S2", "S3": name = "established"
        case _ where event.transport != "tcp": name = state == "SF" ? "established" : "new"
        case "OTH": name = "established"
        default: name = "closed"
        }
        event.add("state", .text(name))
    }

    /// What is closed waits for a timeout there, too.
    fileprivate static let flowReason = EventMember.text("reason") { reason in
        switch reason {
        case "evicted", "emergency": "forced"
        case "drained": "shutdown"
        default: "timeout"
        }
    }
}

extension ConnectionData: LoggedSubscription { static let log = LogSchema.connection }
extension EstablishedData: LoggedSubscription { static let log = LogSchema.records("conn_established") }
extension TickData: LoggedSubscription { static let log = LogSchema.records("conn_tick") }
