import Packets
import Tracking

/// `data = "packet"`: a line for each single packet that the filter lets through; no connection is tracked for it.
struct PacketData: PacketSubscription {
    static let name = "packet"
    static let summary = "single packets: addresses, ports, lengths, flags"

    static func makeReport(_ context: ReportContext) throws -> LogWriter { try LogWriter(context) }

    static func packet(_ packet: Packet, _ frame: RawSpan, _ output: inout LogWriter) {
        output.write { $0.addPacket(packet) }
    }
}

/// `data = "connection_packet"`: the same line for the packets of each connection that matches, with whose they are. `history` has those that came before
/// the filter could tell.
struct ConnectionPacketData: PacketTrackable {
    static let name = "connection_packet"
    static let choosesPackets = true
    static let summary = "packets of connections: as packet, and whose they are"

    static func makeReport(_ context: ReportContext) throws -> LogWriter { try LogWriter(context) }

    private let uid: String

    init(_ connection: ConnectionRecord) { uid = connection.uid }

    mutating func packet(_ packet: Packet, _ frame: RawSpan, from sender: Direction, _ output: inout LogWriter) -> Verdict {
        output.write { line in
            line.add("uid", uid)
            line.add("is_orig", sender == .originator)
            line.addPacket(packet)
        }
        return .more
    }

    consuming func ended(_ connection: ConnectionRecord, _ output: inout LogWriter) {}
}

extension LogLine {
    /// What a packet's headers say. `src` is who sent it, whoever opened its connection; lengths are bytes.
    public mutating func addPacket(_ packet: Packet) {
        add("ts", packet.timestamp)
        add("len", packet.wireLength)
        if packet.vlans >> 16 != 0 { add("vlan", packet.vlans >> 16) }
        if packet.vlans & 0xffff != 0 { add("inner_vlan", packet.vlans & 0xffff) }
        switch packet.kind {
        case .notIP: add("ether_type", hexadecimal: packet.etherType)
        case .malformed: add("problem", "\(packet.problem)")
        case .flow, .firstFragment, .fragment: addFlowPacket(packet)
        }
    }

    private mutating func addFlowPacket(_ packet: Packet) {
        add("proto", packet.transport.description)
        add("src", packet.source)
        add("dst", packet.destination)
        if packet.kind != .flow { add("fragment", true) }
        guard packet.kind.hasPorts else { return }
        add("src_p", packet.sourcePort)
        add("dst_p", packet.destinationPort)
        if packet.transport == .tcp { add("tcp_flags", packet.flags.letters) }
        add("payload_bytes", packet.payloadLength)
    }
}

extension TCPFlags {
    /// A letter a flag, as in tcpdump's manual: SYN-ACK is `SA`; "" for none.
    fileprivate var letters: String {
        let letters: [(TCPFlags, Character)] = [(.fin, "F"), (.syn, "S"), (.rst, "R"), (.psh, "P"), (.ack, "A"), (.urg, "U"), (.ece, "E"), (.cwr, "C")]
        return String(letters.compactMap { contains($0.0) ? $0.1 : nil })
    }
}
