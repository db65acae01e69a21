import Capture
import Filters
import Fovea
import Packets
import Protocols
import Tracking

/// A scenario's state, which lives on from round to round; and its time, which passes with its packets at a fixed pace.
struct Work: ~Copyable {
    private let task: Task
    private let subscribers: [Subscriber]
    private var pipeline: Pipeline
    private let packets: UnsafeMutablePointer<Packet>
    private(set) var time = Timestamp(nanoseconds: 1_700_000_000_000_000_000)
    /// Nanoseconds of packet time a packet.
    private let pace: Int64
    /// Connections that were there before the packets came.
    private let established: EstablishedConnections?

    /// - Parameters:
    ///   - address: one that 1 % of the packets have; only filters ask for it.
    ///   - isFile: packets come once and in their own time.
    init(_ scenario: Scenario, pace: Int64, address: IPAddress?, isFile: Bool = false) throws {
        task = scenario.task
        self.pace = pace
        packets = .allocate(capacity: Burst.capacity)
        packets.initialize(repeating: Packet(), count: Burst.capacity)
        var options = TrackerOptions()
        // The replay's time passes quickly enough that a connection's next lap finds its tombstone gone.
        switch scenario.traffic {
        case .flows(let count): options.maxConnections = max(options.maxConnections, count + count / 4)
        case .syns(let table): options.maxConnections = table
        case .capture where isFile: break
        case .capture:
            options.tcpClosingTimeout = 1_000_000
            options.tcpTombstoneTimeout = 1_000_000
            options.timeoutResolution = 1_000_000
        }
        var context = ReportContext(subscription: "bench", lcore: 0, outputFolder: nil)
        context.outputFile = "/dev/null"
        func order(_ filter: Filter) -> SubscriberOrder { SubscriberOrder(filter: filter, context: context, maxConnections: options.maxConnections) }
        let subscribers: [Subscriber] =
            switch scenario.task {
            case .free, .headers: []
            case .refuse: [try Records._makeSubscriber(order(.tcp && .port(4)))]
            case .packets: [try PacketCount._makeSubscriber(order(.everything))]
            case .records: [try Records._makeSubscriber(order(.everything))]
            case .written: [try WrittenRecords._makeSubscriber(order(.everything))]
            case .names: [try Names._makeSubscriber(order(.tls))]
            case .statistics: [try Statistics._makeSubscriber(order(.everything))]
            case .features: [try Features._makeSubscriber(order(.everything))]
            case .recordsAndNames: [try Records._makeSubscriber(order(.everything)), try Names._makeSubscriber(order(.tls))]
            case .sessions(let services):
                try Parsers.all.filter { services.contains($0.service) }.map { try Self.subscriber(of: $0, order(.service($0.service))) }
            case .filters(let filters):
                try filters.all(wanting: address ?? IPAddress(ipv4: 0)).map { filter in
                    switch filters {
                    case .name, .manyNames: try Names._makeSubscriber(order(filter))
                    case .address, .manyAddresses, .subscription, .manySubscriptions: try Records._makeSubscriber(order(filter))
                    case .packetSubscription, .manyPacketSubscriptions: try PacketCount._makeSubscriber(order(filter))
                    }
                }
            }
        self.subscribers = subscribers
        // A fixed seed, so that instruction counts repeat.
        pipeline = Pipeline(options, subscribers: subscribers, seed: HashSeed(1))
        if case .syns(let table) = scenario.traffic, task != .free {
            let connections = EstablishedConnections(count: table / 10)
            connections.open(in: &pipeline, at: time)
            established = connections
        } else {
            established = nil
        }
    }

    private static func subscriber<Parser: SessionParser>(of parser: Parser.Type, _ order: SubscriberOrder) throws -> Subscriber {
        try Sessions<Parser>._makeSubscriber(order)
    }

    deinit { packets.deallocate() }

    /// There are no more packets. Gives the number of sessions that there were.
    @discardableResult
    mutating func end() throws -> Int {
        pipeline.drain()
        SessionCount.all = 0
        for subscriber in subscribers { try subscriber.finishReport() }
        return SessionCount.all
    }

    @inline(__always)
    mutating func take(_ frames: UnsafeBufferPointer<Frame>) {
        time = time + Int64(frames.count) &* pace
        switch task {
        case .free: break
        case .headers:
            let tunnels = TunnelKinds.all
            for index in 0..<frames.count { packets[index].read(frames.baseAddress! + index, opening: tunnels) }
        default: pipeline.process(frames)
        }
    }

    /// Of the connections that were established before, those that are not there any more.
    mutating func lostConnections() -> Int { established?.lost(in: &pipeline, at: time) ?? 0 }
}

/// A record of each connection, and nothing done with it but counting.
struct Records: Trackable {
    struct Count: SubscriptionReport {
        var connections = 0
        var bytes: UInt64 = 0
        mutating func merge(_ other: Count) {
            connections += other.connections
            bytes += other.bytes
        }
    }

    static func makeReport(_ context: ReportContext) -> Count { Count() }
    init(_ connection: ConnectionRecord) {}
    consuming func ended(_ connection: ConnectionRecord, _ report: inout Count) {
        report.connections += 1
        report.bytes &+= connection.originator.frameBytes &+ connection.responder.frameBytes
    }
}

/// A line for each connection.
private struct WrittenRecords: Trackable {
    static func makeReport(_ context: ReportContext) throws -> LogWriter { try LogWriter(context) }
    init(_ connection: ConnectionRecord) {}
    consuming func ended(_ connection: ConnectionRecord, _ output: inout LogWriter) { output.write { $0.addRecord(connection) } }
}

/// Single packets, counted.
private struct PacketCount: PacketSubscription {
    struct Count: SubscriptionReport {
        var packets: UInt64 = 0
        mutating func merge(_ other: Count) { packets += other.packets }
    }

    static func makeReport(_ context: ReportContext) -> Count { Count() }
    static func packet(_ packet: Packet, _ frame: RawSpan, _ report: inout Count) { report.packets &+= 1 }
}

/// The server name of each TLS connection, read and counted.
private struct Names: SessionTrackable {
    typealias Parser = TLSParser

    static func makeReport(_ context: ReportContext) -> SessionCount { SessionCount() }
    init(_ connection: ConnectionRecord) {}
    mutating func session(_ handshake: TLSHandshake, of connection: ConnectionRecord, _ report: inout SessionCount) -> Verdict {
        if handshake.serverName != nil { report.sessions += 1 }
        return .done
    }
    consuming func ended(_ connection: ConnectionRecord, _ report: inout SessionCount) {}
}

/// All sessions of a protocol, counted.
private struct Sessions<Parser: SessionParser>: SessionTrackable {
    static var name: String { "sessions_of_\(Parser.service)" }
    static func makeReport(_ context: ReportContext) -> SessionCount { SessionCount() }
    init(_ connection: ConnectionRecord) {}
    mutating func session(_ session: Parser.Session, of connection: ConnectionRecord, _ report: inout SessionCount) -> Verdict {
        report.sessions += 1
        return .more
    }
    consuming func ended(_ connection: ConnectionRecord, _ report: inout SessionCount) {}
}

private struct SessionCount: SubscriptionReport {
    /// Of all subscriptions, once they are finished.
    nonisolated(unsafe) static var all = 0

    var sessions = 0
    mutating func merge(_ other: SessionCount) { sessions += other.sessions }
    func finish() { Self.all += sessions }
}

/// How each connection's packets came.
private struct Statistics: PacketTrackable {
    static func makeReport(_ context: ReportContext) -> Records.Count { Records.Count() }
    private var statistics = FlowStatistics()
    init(_ connection: ConnectionRecord) {}
    mutating func packet(_ packet: Packet, _ frame: RawSpan, from sender: Direction, _ report: inout Records.Count) -> Verdict {
        statistics.add(packet, from: sender)
        return .more
    }
    consuming func ended(_ connection: ConnectionRecord, _ report: inout Records.Count) { report.connections += Int(statistics.interArrivals.flow.count) }
}

/// What models are fed with.
private struct Features: PacketTrackable {
    static func makeReport(_ context: ReportContext) -> Records.Count { Records.Count() }
    private var features = FlowFeatures()
    init(_ connection: ConnectionRecord) {}
    mutating func packet(_ packet: Packet, _ frame: RawSpan, from sender: Direction, _ report: inout Records.Count) -> Verdict {
        features.add(packet, frame, from: sender)
        return .more
    }
    consuming func ended(_ connection: ConnectionRecord, _ report: inout Records.Count) { report.connections += features.packets.count }
}
