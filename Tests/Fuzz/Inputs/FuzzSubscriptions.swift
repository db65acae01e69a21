import Filters
import Packets
import Protocols
import Tracking

/// What the subscriptions of one input have seen.
final class FuzzNotes: SubscriptionReport, @unchecked Sendable {
    @TaskLocal static var current = FuzzNotes()

    var packets: UInt64 = 0
    var connections: UInt64 = 0
    /// Values of subscriptions that began and have not ended.
    var open = 0
    /// A sum over what was handed out: reading it is the point.
    var sum: UInt64 = 0
    /// By direction: what is done with stream bytes and gaps.
    var streams: [StreamCheck] = []
    /// The last one.
    private var handshake: TLSHandshake?
    /// What was wrong with a datagram.
    var complaint: String?

    func merge(_ other: FuzzNotes) {}

    func read(_ bytes: RawSpan) {
        let words = bytes.byteCount / 8 * 8
        for offset in stride(from: 0, to: words, by: 8) { sum &+= bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self) }
        for offset in words..<bytes.byteCount { sum &+= UInt64(bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)) }
    }

    /// Reads all of a handshake: printing it whole would be a third of the fuzzer's time.
    func compare(_ other: TLSHandshake) {
        if handshake != other { handshake = other }
        sum &+= UInt64((other.version?.description.utf8.count ?? 0) + (other.alert?.description.utf8.count ?? 0))
    }
}

struct FuzzPackets: PacketSubscription {
    static func makeReport(_ context: ReportContext) -> FuzzNotes { .current }
    static func packet(_ packet: Packet, _ frame: RawSpan, _ notes: inout FuzzNotes) {
        notes.packets += 1
        notes.read(frame)
        if packet.kind == .flow { notes.read(frame.extracting(Int(packet.payloadOffset)..<Int(packet.payloadOffset) + Int(packet.payloadCaptured))) }
    }
}

struct FuzzRecords: Trackable {
    static func makeReport(_ context: ReportContext) -> FuzzNotes { .current }
    init(_ connection: ConnectionRecord) {}
    consuming func ended(_ connection: ConnectionRecord, _ notes: inout FuzzNotes) {
        notes.connections += 1
        notes.sum &+= UInt64(connection.uid.utf8.count + connection.history.utf8.count + connection.state.rawValue.utf8.count)
    }
}

/// Packets, streams and sessions; gives one or the other up, by its connection's ports.
struct FuzzStages: PacketTrackable, StreamTrackable, SessionTrackable, ~Copyable {
    typealias Parser = TLSParser

    private let notes = FuzzNotes.current
    private var patience: Int

    static func makeReport(_ context: ReportContext) -> FuzzNotes { .current }

    init(_ connection: ConnectionRecord) {
        patience = Int(connection.originator.port % 16)
        notes.open += 1
    }

    deinit { notes.open -= 1 }

    private mutating func verdict() -> Verdict {
        patience -= 1
        return patience == 0 ? .done : patience == 3 ? .unsubscribe : .more
    }

    mutating func packet(_ packet: Packet, _ frame: RawSpan, from sender: Direction, _ notes: inout FuzzNotes) -> Verdict {
        notes.read(frame)
        return .more
    }
    mutating func stream(_ bytes: RawSpan, from sender: Direction, _ notes: inout FuzzNotes) -> Verdict {
        notes.read(bytes)
        return verdict()
    }
    mutating func gap(_ byteCount: Int, from sender: Direction, _ notes: inout FuzzNotes) -> Verdict { verdict() }
    mutating func session(_ handshake: TLSHandshake, of connection: ConnectionRecord, _ notes: inout FuzzNotes) -> Verdict {
        notes.compare(handshake)
        return verdict()
    }
    consuming func ended(_ connection: ConnectionRecord, _ notes: inout FuzzNotes) {}
}

/// The streams of the one connection of a schedule, checked as they come.
struct FuzzStreams: StreamTrackable {
    static func makeReport(_ context: ReportContext) -> FuzzNotes { .current }
    init(_ connection: ConnectionRecord) {}
    mutating func stream(_ bytes: RawSpan, from sender: Direction, _ notes: inout FuzzNotes) -> Verdict {
        notes.streams[sender == .originator ? 0 : 1].take(bytes)
        return .more
    }
    mutating func gap(_ byteCount: Int, from sender: Direction, _ notes: inout FuzzNotes) -> Verdict {
        notes.streams[sender == .originator ? 0 : 1].skip(byteCount)
        return .more
    }
    consuming func ended(_ connection: ConnectionRecord, _ notes: inout FuzzNotes) { notes.connections += 1 }
}

/// The datagrams of a schedule of fragments.
struct FuzzDatagrams: PacketTrackable {
    static func makeReport(_ context: ReportContext) -> FuzzNotes { .current }
    init(_ connection: ConnectionRecord) {}
    mutating func packet(_ packet: Packet, _ frame: RawSpan, from sender: Direction, _ notes: inout FuzzNotes) -> Verdict {
        guard packet.transport == .udp else { return .more }
        let payload = frame.extracting(Int(packet.payloadOffset)..<Int(packet.payloadOffset) + Int(packet.payloadCaptured))
        if !StreamCheck.areBytes(payload, at: 8) { notes.complaint = "another byte in the \(packet.payloadCaptured)" }
        return .more
    }
    consuming func ended(_ connection: ConnectionRecord, _ notes: inout FuzzNotes) {}
}

extension SubscriberOrder {
    init(_ options: TrackerOptions, _ filter: Filter = .everything) {
        self.init(
            filter: filter, context: ReportContext(subscription: "fuzz", lcore: 0, outputFolder: nil), maxConnections: options.maxConnections)
    }
}

extension Pipeline {
    /// What of its accounts does not add up.
    var imbalance: String? {
        if !counters.isBalanced { return "\(counters.packets) packets, other outcomes: \(PacketOutcome.allCases.map { counters[$0] })" }
        if !counters.isPayloadBalanced { return "\(counters.payloadBytes) bytes of payload, other outcomes: \(counters.payload), \(counters.held) held" }
        return nil
    }
}
