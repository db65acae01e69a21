import Packets
@testable import Tracking

/// A piece of a datagram, as it is to stand on the wire.
struct Piece {
    var offset: Int
    var more: Bool
    var bytes: Octets

    init(_ offset: Int, _ bytes: Octets, more: Bool) {
        self.offset = offset
        self.more = more
        self.bytes = bytes
    }
}

/// A datagram on its way in pieces: what its fragments' headers have in common.
struct Cutter {
    var isIPv6 = false
    var id: UInt32 = 7
    var number: UInt8 = 17
    var from: UInt32 = 0x0a00_0001
    var to: UInt32 = 0x0a00_0002
    var vlans: [UInt16] = []
    var time = start

    init(isIPv6: Bool = false) { self.isIPv6 = isIPv6 }

    /// The IP packet around a piece.
    func packet(_ piece: Piece) -> Octets {
        let position = UInt16(truncatingIfNeeded: piece.offset)
        if isIPv6 { return ipv6(44, from: from, to: to, [number, 0] + big(position | (piece.more ? 1 : 0)) + big(id) + piece.bytes) }
        var packet = ipv4(number, from: from, to: to, fragment: position / 8 | (piece.more ? 0x2000 : 0), piece.bytes)
        packet.replaceSubrange(4..<6, with: big(UInt16(truncatingIfNeeded: id)))
        return packet
    }

    func frame(_ piece: Piece) -> Sent { Sent(ethernet(isIPv6 ? 0x86dd : 0x0800, vlans: vlans, packet(piece)), at: time) }

    func frames(_ pieces: [Piece]) -> [Sent] { pieces.map(frame) }

    /// A payload cut at these places, in order.
    static func pieces(_ payload: Octets, at borders: [Int]) -> [Piece] {
        let ends = borders + [payload.count]
        return zip([0] + borders, ends).map { Piece($0, Octets(payload[$0..<$1]), more: $1 < payload.count) }
    }

    func frames(_ payload: Octets, at borders: [Int]) -> [Sent] { frames(Self.pieces(payload, at: borders)) }
}

/// Bytes that say where they belong.
func pattern(_ count: Int, _ salt: UInt8 = 0) -> Octets { (0..<count).map { UInt8(truncatingIfNeeded: ($0 &* 0x9e37_79b1) >> 11) ^ salt } }

/// All orders of some things.
func permutations<Thing>(_ things: [Thing]) -> [[Thing]] {
    guard things.count > 1 else { return [things] }
    return things.indices.flatMap { first in
        var rest = things
        let thing = rest.remove(at: first)
        return permutations(rest).map { [thing] + $0 }
    }
}

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
