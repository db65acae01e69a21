import Capture
import Filters
import Packets
import Protocols
import Tracking

/// One thing to measure: what is done with each burst, on which capture.
enum Scenario: String, CaseIterable {
    /// Receive and free: the ceiling that the others are held against.
    case free
    /// Read the headers.
    case headers
    /// A filter that refuses every packet.
    case refuse
    /// Track connections and make a record of each; few flows.
    case records
    /// TLS server names: reassembly and the parser on top of that.
    case names
    /// Receive and free, 400,000 flows in random order.
    case freeManyFlows = "free-many"
    /// Track connections, 400,000 flows in random order.
    case manyFlows = "many"
    /// Records of the packets that have an address of a list, of one address and of 100,000.
    case address
    case manyAddresses = "addresses"
    /// TLS connections whose server's name is in a list, of one name and of 100,000, none of which the capture has.
    case name
    case manyNames = "names-list"
    /// A subscription that wants 1 % of the packets, and 1,000 that want these together.
    case subscription
    case manySubscriptions = "subscriptions"
    /// The same for subscriptions of single packets.
    case packetSubscription = "packet-subscription"
    case manyPacketSubscriptions = "packet-subscriptions"

    /// Of the packet path's stages, and of filters' size.
    static let stages: [Scenario] = [.free, .headers, .refuse, .records, .names, .freeManyFlows, .manyFlows]
    static let filters: [Scenario] = [.address, .manyAddresses, .name, .manyNames, .subscription, .manySubscriptions, .packetSubscription, .manyPacketSubscriptions]

    var usesManyFlows: Bool { self == .manyFlows || self == .freeManyFlows }

    /// The scenario that is this one's ceiling.
    var ceiling: Scenario { usesManyFlows ? .freeManyFlows : .free }

    /// The least share of its ceiling's packets a second that it must reach.
    var threshold: Double? {
        switch self {
        case .free, .freeManyFlows, .address, .manyAddresses, .name, .manyNames, .subscription, .manySubscriptions, .packetSubscription,
            .manyPacketSubscriptions: nil
        case .headers: 0.80
        case .refuse: 0.75
        case .records: 0.40
        case .names: 0.22
        case .manyFlows: 0.33
        }
    }

    /// The most instructions a packet above its ceiling, measured and 2 % besides.
    var instructionBound: Int? {
        switch self {
        case .free, .freeManyFlows, .address, .manyAddresses, .name, .manyNames, .subscription, .manySubscriptions, .packetSubscription,
            .manyPacketSubscriptions: nil
        case .headers: 64
        case .refuse: 108
        case .records: 434
        case .names: 784
        case .manyFlows: 408
        }
    }

    /// The scenario that does the same with a filter of one term, and how many times its cost a packet may have: of cycles, and of instructions.
    var smaller: (scenario: Scenario, bound: Double)? {
        switch self {
        case .manyAddresses: (.address, 1.2)
        case .manyNames: (.name, 1.2)
        case .manySubscriptions: (.subscription, 2.0)
        case .manyPacketSubscriptions: (.packetSubscription, 2.0)
        default: nil
        }
    }

    /// Nothing may be allocated and no reference counted for a packet. A TLS session is parsed into memory of its own, once a connection.
    var mustNotAllocate: Bool { ![.names, .name, .manyNames].contains(self) }

    var title: String {
        switch self {
        case .free: "receive and free"
        case .headers: "+ headers"
        case .refuse: "+ filter that refuses everything"
        case .records: "+ connection records, few flows"
        case .names: "+ TLS names"
        case .freeManyFlows: "receive and free, 400,000 flows"
        case .manyFlows: "+ tracking, 400,000 flows"
        case .address: "a list of one address"
        case .manyAddresses: "a list of 100,000 addresses"
        case .name: "a list of one server name"
        case .manyNames: "a list of 100,000 server names"
        case .subscription: "1 subscription"
        case .manySubscriptions: "1,000 subscriptions"
        case .packetSubscription: "1 subscription of packets"
        case .manyPacketSubscriptions: "1,000 subscriptions of packets"
        }
    }
}

/// A scenario's state, which lives on from round to round.
struct Work: ~Copyable {
    private let scenario: Scenario
    private var pipeline: Pipeline
    private let packets: UnsafeMutablePointer<Packet>

    /// - Parameter address: one that 1 % of the packets have.
    init(_ scenario: Scenario, address: IPAddress) throws {
        self.scenario = scenario
        packets = .allocate(capacity: Burst.capacity)
        packets.initialize(repeating: Packet(), count: Burst.capacity)
        var options = TrackerOptions()
        // The replay's time passes quickly enough that a connection's next lap finds its tombstone gone.
        if !scenario.usesManyFlows {
            options.tcpClosingTimeout = 1_000_000
            options.tcpTombstoneTimeout = 1_000_000
            options.timeoutResolution = 1_000_000
        }
        let context = ReportContext(subscription: "bench", lcore: 0, outputFolder: nil)
        func order(_ filter: Filter) -> SubscriberOrder { SubscriberOrder(filter: filter, context: context, maxConnections: options.maxConnections) }
        let subscribers: [Subscriber] =
            switch scenario {
            case .free, .headers, .freeManyFlows: []
            case .refuse: [try Records._makeSubscriber(order(.tcp && .port(4)))]
            case .records, .manyFlows: [try Records._makeSubscriber(order(.everything))]
            case .names: [try Names._makeSubscriber(order(.tls))]
            case .name, .manyNames: try LargeFilters.of(scenario, address).map { try Names._makeSubscriber(order($0)) }
            case .address, .manyAddresses, .subscription, .manySubscriptions:
                try LargeFilters.of(scenario, address).map { try Records._makeSubscriber(order($0)) }
            case .packetSubscription, .manyPacketSubscriptions:
                try LargeFilters.of(scenario, address).map { try PacketCount._makeSubscriber(order($0)) }
            }
        // A fixed seed, so that instruction counts repeat.
        pipeline = Pipeline(options, subscribers: subscribers, seed: HashSeed(1))
    }

    deinit { packets.deallocate() }

    @inline(__always)
    mutating func take(_ frames: UnsafeBufferPointer<Frame>) {
        switch scenario {
        case .free, .freeManyFlows: break
        case .headers:
            let tunnels = TunnelKinds.all
            for index in 0..<frames.count { packets[index].read(frames.baseAddress! + index, opening: tunnels) }
        default: pipeline.process(frames)
        }
    }

    var counters: Counters { pipeline.counters }
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
