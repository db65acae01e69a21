import Filters

/// A field of connections for filters, and how to read it from the record at hand.
struct ConnectionField: Sendable {
    let field: Field
    let read: @Sendable (UnsafePointer<ConnectionRecord>) -> FieldValue?
}

extension ConnectionRecord {
    /// What filters can ask of connections. Names are Zeek's, after `conn.`; those without `orig` or `resp` are of both sides together.
    public static var filterFields: [Field] { fields.map(\.field) }

    static let fields: [ConnectionField] = {
        var fields: [ConnectionField] = []
        func add(
            _ name: String, _ type: FieldType, _ growth: ConnectionFieldGrowth, _ summary: String, example: String,
            _ read: @escaping @Sendable (UnsafePointer<ConnectionRecord>) -> FieldValue?
        ) {
            fields.append(
                ConnectionField(field: .connection("conn.\(name)", type, growth, summary, example: example, number: fields.count), read: read))
        }
        func count(_ name: String, _ summary: String, example: String, _ read: @escaping @Sendable (Party) -> UInt64) {
            let max = UInt64(Int64.max)
            add(name, .integer(max: max), .grows, "\(summary), both sides", example: "conn.\(name) \(example)") {
                .integer(read($0.pointee.originator) &+ read($0.pointee.responder))
            }
            add("orig_\(name)", .integer(max: max), .grows, "\(summary), by the originator", example: "conn.orig_\(name) \(example)") {
                .integer(read($0.pointee.originator))
            }
            add("resp_\(name)", .integer(max: max), .grows, "\(summary), by the responder", example: "conn.resp_\(name) \(example)") {
                .integer(read($0.pointee.responder))
            }
        }
        count("pkts", "packets", example: ">= 10") { $0.packets }
        count("bytes", "bytes of transport payload, repeated ones included", example: "> 1000000") { $0.payloadBytes }
        count("ip_bytes", "bytes from the IP header on", example: "< 200") { $0.ipBytes }
        count("frame_bytes", "bytes on the wire", example: "> 1000000") { $0.frameBytes }
        add("duration", .duration, .grows, "from the first packet to the last", example: "conn.duration > 10s") {
            .integer(UInt64(max(0, $0.pointee.duration)))
        }
        add("state", .string, .settles, "Zeek's conn_state at the end", example: "conn.state in {\"S0\", \"REJ\"}") { .string($0.pointee.state.rawValue) }
        add("history", .string, .settles, "Zeek's history of TCP connections", example: "conn.history contains \"R\"") {
            $0.pointee.history.isEmpty ? nil : .string($0.pointee.history)
        }
        add("uid", .string, .settles, "the connection's name in all outputs", example: "conn.uid starts_with \"C\"") { .string($0.pointee.uid) }
        add("community_id", .string, .constant, "Community ID, version 1", example: "conn.community_id == \"1:LQU9qZlK+B5F3KDmev6m5PMibrg=\"") {
            .string($0.pointee.communityID())
        }
        add("end_reason", .string, .settles, "why it was reported: fin, rst, idle, evicted, emergency, drained", example: "conn.end_reason == \"rst\"") {
            $0.pointee.endReason.map { .string("\($0)") }
        }
        add("icmp_errors", .integer(max: UInt64(UInt32.max)), .grows, "ICMP errors that quoted its packets", example: "conn.icmp_errors > 0") {
            .integer(UInt64($0.pointee.icmpError?.count ?? 0))
        }
        return fields
    }()
}
