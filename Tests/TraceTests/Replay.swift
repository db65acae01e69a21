import Filters
import Packets
import Tracking

/// What Fovea made of a recording.
struct Replay {
    var connections: [ConnectionRecord]
    var handshakes: [SeenHandshake]
    /// Where in the recording packets stand that came after their connection's end. Known only when bursts are of one packet.
    var late: [Int] = []
    var counters: Counters

    init(_ recording: Recording, _ options: TrackerOptions, burst: Int, tlsFilter: Filter = .everything) throws {
        let notebook = Notebook()
        var late: [Int] = []
        counters = try Notebook.$current.withValue(notebook) {
            var pipeline = Pipeline(
                options,
                subscribers: [
                    try ConnectionNotes._makeSubscriber(SubscriberOrder(options, filter: .everything)),
                    try HandshakeNotes._makeSubscriber(SubscriberOrder(options, filter: tlsFilter)),
                ], seed: HashSeed(1))
            recording.forEachBurst(of: burst) { frames, places in
                let before = pipeline.counters[.afterEnd]
                pipeline.process(frames)
                if burst == 1, pipeline.counters[.afterEnd] > before { late.append(places.lowerBound) }
            }
            pipeline.drain()
            return pipeline.counters
        }
        self.late = late
        connections = notebook.connections
        handshakes = notebook.handshakes
    }
}

extension SubscriberOrder {
    init(_ options: TrackerOptions, filter: Filter) {
        self.init(
            filter: filter, context: ReportContext(subscription: "test", lcore: 0, outputFolder: nil), maxConnections: options.maxConnections)
    }
}

extension TrackerOptions {
    /// What a user gets who sets nothing, but for the table's size: none of the captures fills it.
    static var defaults: TrackerOptions {
        var options = TrackerOptions()
        options.maxConnections = 20_000
        return options
    }

    /// No tunnel is opened, and no datagram put together from fragments: the outermost header is the packet's (R2, R4).
    var outermost: TrackerOptions {
        var options = self
        options.tunnels = []
        options.fragments = false
        return options
    }

    /// A flow's tunnel does not matter: there are captures where one direction takes a tunnel, or each another.
    var tunnelsTogether: TrackerOptions {
        var options = self
        options.tunnelInKey = false
        return options
    }

    /// Nothing ever times out: packets after a connection's end belong to it, as they do for an oracle that knows no time.
    static var patient: TrackerOptions {
        var options = defaults
        let decades: Int64 = 1 << 60
        options.tcpInactivityTimeout = decades
        options.udpInactivityTimeout = decades
        options.otherInactivityTimeout = decades
        options.tcpEstablishTimeout = decades
        options.tcpClosingTimeout = decades
        options.tcpTombstoneTimeout = decades
        // The wheel's buckets are as many as its span has ticks.
        options.timeoutResolution = 1 << 44
        return options
    }
}
