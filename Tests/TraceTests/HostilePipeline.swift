import Filters
import Packets
import Protocols
import Tracking

/// A pipeline with every kind of subscription at once, which is fed what no decent network carries, and asked again and again whether it can still
/// account for each packet.
final class HostilePipeline: CustomStringConvertible {
    private var pipeline: Pipeline
    private var fed: UInt64 = 0
    private let notebook: HostileNotebook

    init(_ options: TrackerOptions = .cramped) throws {
        let notebook = HostileNotebook()
        self.notebook = notebook
        let subscribers = try HostileNotebook.$current.withValue(notebook) {
            [
                try EveryPacket._makeSubscriber(SubscriberOrder(options, filter: .everything)),
                try EveryConnection._makeSubscriber(SubscriberOrder(options, filter: .everything)),
                try EveryStage._makeSubscriber(SubscriberOrder(options, filter: .everything)),
                try EveryStage._makeSubscriber(SubscriberOrder(options, filter: .tls)),
            ]
        }
        pipeline = Pipeline(options, subscribers: subscribers, seed: HashSeed(1))
    }

    /// Takes a recording's first records, and ends all connections.
    func take(_ recording: Recording, first count: Int) {
        recording.prefix(count).forEachBurst(of: 64) { frames, _ in take(frames) }
        drain()
    }

    func take(_ frames: UnsafeBufferPointer<Frame>) {
        HostileNotebook.$current.withValue(notebook) { pipeline.process(frames) }
        fed += UInt64(frames.count)
    }

    func drain() { HostileNotebook.$current.withValue(notebook) { pipeline.drain() } }

    /// Whether each packet has one outcome, and each connection that began was reported to whoever did not give it up.
    var isBalanced: Bool {
        let counters = pipeline.counters
        let ended = EndReason.allCases.reduce(0) { $0 + counters[$1] }
        return counters.isBalanced && counters.packets == fed && notebook.packets == fed && notebook.open == 0 && ended == counters.connections
            && notebook.connections == counters.connections && pipeline.tracker.count == 0
    }

    var description: String { "\(fed) fed, \(notebook.packets) seen, \(notebook.open) open, \(notebook.connections) ended, \(pipeline.counters)" }
    var sessions: UInt64 { pipeline.counters.sessions }
    var gaps: UInt64 { pipeline.counters.gaps }
    var malformed: UInt64 { pipeline.counters[.malformed] }
}

extension TrackerOptions {
    /// A table that is often full, and little room for held segments.
    static var cramped: TrackerOptions {
        var options = TrackerOptions()
        options.maxConnections = 64
        options.reassemblyMemory = 256 << 10
        options.reassemblyPerDirection = 20 * 2600
        return options
    }
}

/// Counts, and a sum over bytes that were handed out: reading them is the point.
final class HostileNotebook: SubscriptionReport, @unchecked Sendable {
    @TaskLocal static var current = HostileNotebook()

    var packets: UInt64 = 0
    var connections: UInt64 = 0
    /// Values of subscriptions that began and have not ended.
    var open = 0
    var sum: UInt64 = 0

    func merge(_ other: HostileNotebook) {}

    /// Reads the last byte, and some before it.
    func read(_ bytes: RawSpan) {
        for offset in stride(from: bytes.byteCount - 1, through: 0, by: -64) { sum &+= UInt64(bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)) }
    }
}

private struct EveryPacket: PacketSubscription {
    static func makeReport(_ context: ReportContext) -> HostileNotebook { HostileNotebook.current }
    static func packet(_ packet: Packet, _ frame: RawSpan, _ report: inout HostileNotebook) {
        report.packets += 1
        report.read(frame)
        // The payload lies within the frame.
        report.read(frame.extracting(Int(packet.payloadOffset)..<Int(packet.payloadOffset) + Int(packet.kind.hasPorts ? packet.payloadCaptured : 0)))
    }
}

private struct EveryConnection: Trackable {
    static func makeReport(_ context: ReportContext) -> HostileNotebook { HostileNotebook.current }
    init(_ connection: ConnectionRecord) {}
    consuming func ended(_ connection: ConnectionRecord, _ report: inout HostileNotebook) {
        report.connections += 1
        report.sum &+= UInt64(connection.uid.utf8.count + connection.history.utf8.count + connection.state.rawValue.utf8.count)
    }
}

/// Packets, stream, gaps and sessions of each connection; gives one or the other up early, as the ports will have it.
private struct EveryStage: PacketTrackable, StreamTrackable, SessionTrackable, ~Copyable {
    typealias Parser = TLSParser

    private let notebook: HostileNotebook
    private var patience: Int

    static func makeReport(_ context: ReportContext) -> HostileNotebook { HostileNotebook.current }

    init(_ connection: ConnectionRecord) {
        notebook = HostileNotebook.current
        patience = Int(connection.originator.port % 16)
        notebook.open += 1
    }

    deinit { notebook.open -= 1 }

    private mutating func verdict() -> Verdict {
        patience -= 1
        return patience == 0 ? .done : patience == 3 ? .unsubscribe : .more
    }

    mutating func packet(_ packet: Packet, _ frame: RawSpan, from sender: Direction, _ report: inout HostileNotebook) -> Verdict {
        report.read(frame)
        return .more
    }

    mutating func stream(_ bytes: RawSpan, from sender: Direction, _ report: inout HostileNotebook) -> Verdict {
        report.read(bytes)
        return verdict()
    }

    mutating func gap(_ byteCount: Int, from sender: Direction, _ report: inout HostileNotebook) -> Verdict {
        report.sum &+= UInt64(byteCount)
        return verdict()
    }

    mutating func session(_ handshake: TLSHandshake, of connection: ConnectionRecord, _ report: inout HostileNotebook) -> Verdict {
        report.sum &+= UInt64("\(handshake)".utf8.count)
        return verdict()
    }

    consuming func ended(_ connection: ConnectionRecord, _ report: inout HostileNotebook) {}
}
