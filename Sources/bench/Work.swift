import Capture
import Filters
import Fovea
import Packets
import Protocols
import Tracking

/// A scenario's state, which lives on from round to round; and its time, which passes with its packets at a fixed pace.
struct Work: ~Copyable {
    private let task: Task
    private var pipeline: Pipeline
    private let packets: UnsafeMutablePointer<Packet>
    private(set) var time = Timestamp(nanoseconds: 1_700_000_000_000_000_000)
    /// Nanoseconds of packet time a packet.
    private let pace: Int64
    /// Connections that were there before the packets came.
    private let established: EstablishedConnections?

    /// - Parameter address: one that 1 % of the packets have; only filters ask for it.
    init(_ scenario: Scenario, pace: Int64, address: IPAddress?) throws {
        task = scenario.task
        self.pace = pace
        packets = .allocate(capacity: Burst.capacity)
        packets.initialize(repeating: Packet(), count: Burst.capacity)
        var options = TrackerOptions()
        // The replay's time passes quickly enough that a connection's next lap finds its tombstone gone.
        switch scenario.traffic {
        case .flows(let count): options.maxConnections = max(options.maxConnections, count + count / 4)
        case .syns(let table): options.maxConnections = table
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
            case .recordsAndNames: [try Records._makeSubscriber(order(.everything)), try Names._makeSubscriber(order(.tls))]
            case .filters(let filters):
                try filters.all(wanting: address ?? IPAddress(ipv4: 0)).map { filter in
                    switch filters {
                    case .name, .manyNames: try Names._makeSubscriber(order(filter))
                    case .address, .manyAddresses, .subscription, .manySubscriptions: try Records._makeSubscriber(order(filter))
                    case .packetSubscription, .manyPacketSubscriptions: try PacketCount._makeSubscriber(order(filter))
                    }
                }
            }
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

    deinit { packets.deallocate() }

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
    struct Count: SubscriptionReport {
        var names = 0
        mutating func merge(_ other: Count) { names += other.names }
    }

    static func makeReport(_ context: ReportContext) -> Count { Count() }
    init(_ connection: ConnectionRecord) {}
    mutating func session(_ handshake: TLSHandshake, of connection: ConnectionRecord, _ report: inout Count) -> Verdict {
        if handshake.serverName != nil { report.names += 1 }
        return .done
    }
    consuming func ended(_ connection: ConnectionRecord, _ report: inout Count) {}
}
