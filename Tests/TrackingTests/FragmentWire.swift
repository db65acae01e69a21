import Packets
@testable import Tracking

/// The payload of each packet of each connection.
struct Payloads: PacketTrackable {
    let connection: String
    init(_ connection: ConnectionRecord) { self.connection = connection.uid }
    static func makeReport(_ context: ReportContext) -> Log { Log.current }
    mutating func packet(_ packet: Packet, _ frame: RawSpan, from sender: Direction, _ log: inout Log) -> Verdict {
        let payload = frame.extracting(Int(packet.payloadOffset)..<Int(packet.payloadOffset + packet.payloadCaptured))
        return log.note(.bytes(sender, payload.withUnsafeBytes { Octets($0) }), connection)
    }
    consuming func ended(_ connection: ConnectionRecord, _ log: inout Log) { log.ended.append(connection) }
}

extension Log {
    /// The payloads, in order.
    var payloads: [Octets] { events.compactMap { if case .bytes(_, let bytes) = $0.event { bytes } else { nil } } }
}

extension Run {
    /// Sends packets in single bursts, ends the run, and checks that the records have as many packets as were tracked, and that no page is left.
    static func payloads(_ packets: [Sent], _ options: TrackerOptions = Run.options, burst: Int = 32) throws -> Run {
        let run = try Run(Payloads.self, .everything, options)
        run.send(packets, burst: burst)
        run.drain()
        return run
    }
}
