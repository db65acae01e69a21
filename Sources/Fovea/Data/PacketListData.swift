import Packets
import Tracking

/// `data = "packet_list"`: a line for each connection, when it is over, with what the headers of its first packets said, a list a field. A hundred packets
/// unless `packets` says otherwise, and at most `mostPackets`.
struct PacketListData: PacketTrackable {
    /// Of a connection.
    static let mostPackets = 1000
    /// Bytes that the lists of a core's connections may take together. Who comes then has a shorter list, or none.
    static let memory = 64 << 20

    static let name = "packet_list"
    static let summary = "connections with their first packets' headers, when they are over"
    static let packetSelection = PacketSelection.first(100)
    static let history: HistoryBudget? = HistoryBudget(packets: 100, bytes: 256 << 10)

    static func makeReport(_ context: ReportContext) throws -> Report { Report(output: try LogWriter(context)) }

    struct Report: SubscriptionReport {
        var output: LogWriter
        fileprivate let budget = Budget()

        func merge(_ other: Report) { output.merge(other.output) }
        func flush() { output.flush() }
        func finish() throws { try output.finish() }
    }

    /// What is left of the memory. A connection's value gives back what it took, however it goes.
    fileprivate final class Budget {
        var packets = PacketListData.memory / MemoryLayout<Entry>.stride
    }

    /// What is kept of a packet.
    fileprivate struct Entry {
        var time: Timestamp
        var length: UInt32
        var payload: UInt32
        var sequence: UInt32
        var acknowledgment: UInt32
        var window: UInt16
        var flags: UInt8
        var isFromOriginator: Bool
    }

    /// A connection's packets. Goes when its value goes, however that is.
    private final class List {
        var entries: [Entry] = []
        private let budget: Budget

        init(_ budget: Budget) { self.budget = budget }
        deinit { budget.packets += entries.count }
    }

    /// Nil before the first packet.
    private var list: List?

    init(_ connection: ConnectionRecord) {}

    mutating func packet(_ packet: Packet, _ frame: RawSpan, from sender: Direction, _ report: inout Report) -> Verdict {
        let list = list ?? List(report.budget)
        self.list = list
        guard list.entries.count < Self.mostPackets, report.budget.packets > 0 else { return .done }
        report.budget.packets -= 1
        let isTCP = packet.transport == .tcp
        list.entries.append(
            Entry(
                time: packet.timestamp, length: packet.wireLength, payload: packet.payloadLength, sequence: isTCP ? packet.sequence.rawValue : 0,
                acknowledgment: isTCP ? packet.acknowledgment.rawValue : 0, window: isTCP ? packet.window : 0, flags: packet.flags.rawValue,
                isFromOriginator: sender == .originator))
        return .more
    }

    mutating func reoriented(_ connection: ConnectionRecord, _ report: inout Report) {
        guard let list else { return }
        for index in list.entries.indices { list.entries[index].isFromOriginator.toggle() }
    }

    consuming func ended(_ connection: ConnectionRecord, _ report: inout Report) {
        let entries = list?.entries ?? []
        report.output.write { line in
            line.addIdentity(of: connection)
            line.add("proto", connection.transport.description)
            line.add("pkts", connection.originator.packets + connection.responder.packets)
            line.add("pkt_us", entries.map { ($0.time - connection.first) / 1000 })
            line.add("pkt_direction", entries.map { $0.isFromOriginator ? 0 : 1 })
            line.add("pkt_len", entries.map(\.length))
            line.add("pkt_payload", entries.map(\.payload))
            guard connection.transport == .tcp else { return }
            line.add("pkt_flags", entries.map(\.flags))
            line.add("pkt_seq", entries.map(\.sequence))
            line.add("pkt_ack", entries.map(\.acknowledgment))
            line.add("pkt_win", entries.map(\.window))
        }
    }
}
