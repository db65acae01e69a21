import Fovea

/// Counts packets and bytes by what they carry; a line for each kind at the end of the run, the commonest first.
struct PacketCounter: PacketSubscription, LoggedSubscription {
    static let summary = "packets and bytes by protocol, a table at the end"

    static func makeReport(_ context: ReportContext) throws -> Table { Table(output: try LogWriter(context)) }

    static let log = LogSchema("packet_counter", [.init("network", .string), .init("protocol", .string), .init("packets", .count), .init("bytes", .count)])

    static func packet(_ packet: Packet, _ frame: RawSpan, _ table: inout Table) { table.count(packet) }

    struct Table: SubscriptionReport {
        private var output: LogWriter
        /// IPv4 by protocol number, then IPv6.
        private var ip = [Count](repeating: Count(), count: 512)
        /// What is not IP, by EtherType.
        private var others: [UInt16: Count] = [:]
        private var malformed = Count()

        init(output: LogWriter) { self.output = output }

        mutating func count(_ packet: Packet) {
            let one = Count(packets: 1, bytes: UInt64(packet.wireLength))
            switch packet.kind {
            case .flow, .firstFragment, .fragment: ip[Int(packet.transport.rawValue) + (packet.isIPv4 ? 0 : 256)].add(one)
            case .notIP: others[packet.etherType, default: Count()].add(one)
            case .malformed: malformed.add(one)
            }
        }

        mutating func merge(_ other: Table) {
            for index in ip.indices { ip[index].add(other.ip[index]) }
            for (type, count) in other.others { others[type, default: Count()].add(count) }
            malformed.add(other.malformed)
            output.merge(other.output)
        }

        mutating func finish() throws {
            for row in rows {
                output.write { line in
                    line.add("network", row.network)
                    line.add("protocol", row.transport)
                    line.add("packets", row.count.packets)
                    line.add("bytes", row.count.bytes)
                }
            }
            try output.finish()
        }

        private var rows: [Row] {
            var rows = [Row(network: "malformed", transport: nil, count: malformed)]
            for (number, count) in ip.enumerated() {
                let transport = TransportProtocol(rawValue: UInt8(truncatingIfNeeded: number))
                rows.append(Row(network: number < 256 ? "ipv4" : "ipv6", transport: transport.description, count: count))
            }
            for (type, count) in others {
                let hex = "0x" + String(0x1_0000 | Int(type), radix: 16).dropFirst()
                rows.append(Row(network: type == EtherType.arp ? "arp" : hex, transport: nil, count: count))
            }
            return rows.filter { $0.count.packets > 0 }
                .sorted { ($1.count.packets, $0.network, $0.transport ?? "") < ($0.count.packets, $1.network, $1.transport ?? "") }
        }
    }

    private struct Row {
        var network: String
        var transport: String?
        var count: Count
    }

    private struct Count {
        var packets: UInt64 = 0
        var bytes: UInt64 = 0

        mutating func add(_ other: Count) {
            packets += other.packets
            bytes += other.bytes
        }
    }
}
