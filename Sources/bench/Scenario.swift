import Packets

/// One thing to measure: what is done with each burst, of which traffic.
struct Scenario {
    /// By which the command line calls it.
    let name: String
    let title: String
    let traffic: Traffic
    let task: Task
    /// The least share of its ceiling's packets a second that it must reach.
    var threshold: Double?
    /// The least number of packets a second, its ceiling's time left out.
    var rate: Double?
    /// The scenario that does the same with a filter of one term, and how many times its cost a packet may have: of cycles, and of instructions.
    var smaller: (name: String, bound: Double)?

    /// Receiving and freeing the same traffic, or making it, which is what others are held against.
    var ceiling: Scenario { .free(traffic) }

    /// Whether its instructions are to have a bound. Those of filters are held against a smaller filter's.
    var isBounded: Bool {
        switch task {
        case .free, .filters: false
        default: true
        }
    }

    /// Whether it is sessions that it is about.
    var hasSessions: Bool {
        switch task {
        case .names, .sessions: true
        default: false
        }
    }

    /// Nothing may be allocated and no reference counted for a packet. A TLS session is parsed into memory of its own, once a connection.
    var mustNotAllocate: Bool {
        switch task {
        case .names, .recordsAndNames, .written, .sessions, .filters(.name), .filters(.manyNames): false
        default: true
        }
    }
}

/// What is done with a burst.
enum Task: Equatable {
    case free
    case headers
    /// A filter that refuses every packet.
    case refuse
    /// Every packet is given to a subscription.
    case packets
    /// Connections are tracked, and a record is made of each.
    case records
    /// The same, and each is written as a line to `/dev/null`.
    case written
    /// TLS server names: reassembly and the parser on top of that.
    case names
    case recordsAndNames
    /// All sessions of these protocols that there is a parser for.
    case sessions([Service])
    /// All figures that there are of a connection's packets.
    case statistics
    case features
    case filters(LargeFilters)
}

// MARK: Those that there are

extension Scenario {
    /// The packet path's stages.
    static let stages: [Scenario] = [
        .free(.capture),
        Scenario(name: "headers", title: "+ headers", traffic: .capture, task: .headers, threshold: 0.80),
        Scenario(name: "refuse", title: "+ filter that refuses everything", traffic: .capture, task: .refuse, threshold: 0.75),
        Scenario(name: "packets", title: "+ packets, each given out", traffic: .capture, task: .packets, threshold: 0.70),
        Scenario(name: "records", title: "+ connection records, few flows", traffic: .capture, task: .records, threshold: 0.40),
        Scenario(name: "names", title: "+ TLS names", traffic: .capture, task: .names, threshold: 0.22),
        .free(.flows(400_000)),
        Scenario(name: "many", title: "+ tracking, 400,000 flows", traffic: .flows(400_000), task: .records, threshold: 0.33),
    ]

    /// Of more flows than any cache holds; they need gigabytes.
    static let flows: [Scenario] = [
        .free(.flows(1_000_000)),
        Scenario(name: "million", title: "+ tracking, 1,000,000 flows", traffic: .flows(1_000_000), task: .records),
        .free(.flows(10_000_000)),
        Scenario(name: "ten-million", title: "+ tracking, 10,000,000 flows", traffic: .flows(10_000_000), task: .records),
    ]

    /// Of filters' size. Lists: records of the packets that have an address of one; TLS connections whose server's name is in one, of names none of which
    /// the capture has. Subscriptions: those that together want 1 % of the packets.
    static let filters: [Scenario] = [
        large("address", "a list of one address", .address),
        large("addresses", "a list of 100,000 addresses", .manyAddresses, ("address", 1.2)),
        large("name", "a list of one server name", .name),
        large("names-list", "a list of 100,000 server names", .manyNames, ("name", 1.2)),
        large("subscription", "1 subscription", .subscription),
        large("subscriptions", "1,000 subscriptions", .manySubscriptions, ("subscription", 2.0)),
        large("packet-subscription", "1 subscription of packets", .packetSubscription),
        large("packet-subscriptions", "1,000 subscriptions of packets", .manyPacketSubscriptions, ("packet-subscription", 2.0)),
    ]

    /// Those of one pass over a capture file.
    static let ofFiles: [Scenario] = [.free(.capture)] + stages.filter { ["packets", "records", "names"].contains($0.name) } + [allSessions]

    /// What parsers cost, each alone and all at once, of a capture of mixed traffic; held against plain tracking.
    static let sessions: [Scenario] =
        stages.filter { ["free", "records", "names"].contains($0.name) }
        + [
            sessions("http", "HTTP/1 exchanges", [.http]), sessions("dns", "DNS questions and answers", [.dns]), sessions("quic", "QUIC handshakes", [.quic]),
            sessions("ssh", "SSH handshakes", [.ssh]), allSessions,
        ]

    /// All of the protocols that Retina has sessions of.
    private static let allSessions = sessions("sessions", "TLS, DNS, HTTP/1, QUIC and SSH", [.tls, .dns, .http, .quic, .ssh])

    private static func sessions(_ name: String, _ title: String, _ services: [Service]) -> Scenario {
        Scenario(name: name, title: "+ \(title)", traffic: .capture, task: .sessions(services), smaller: ("records", 4))
    }

    /// Those that are asked for by name only.
    private static let others = [
        Scenario(name: "written", title: "+ connection records written", traffic: .capture, task: .written),
        Scenario(name: "records-and-names", title: "+ connection records and TLS names", traffic: .capture, task: .recordsAndNames),
        Scenario(name: "statistics", title: "+ statistics of connections", traffic: .capture, task: .statistics),
        Scenario(name: "features", title: "+ features of connections", traffic: .capture, task: .features),
        // A tenth of the table is established, and stays.
        Scenario(name: "syn-flood", title: "+ tracking, full table of 1,000,000", traffic: .syns(table: 1_000_000), task: .records, rate: 5e6),
    ]

    static var all: [Scenario] { stages + flows + filters + sessions.filter { $0.smaller != nil } + others }

    static func free(_ traffic: Traffic) -> Scenario {
        switch traffic {
        case .capture: Scenario(name: "free", title: "receive and free", traffic: traffic, task: .free)
        case .flows(let count): Scenario(name: "free-\(count)", title: "receive and free, \(count.grouped) flows", traffic: traffic, task: .free)
        case .syns: Scenario(name: "syns", title: "make SYNs", traffic: traffic, task: .free)
        }
    }

    private static func large(_ name: String, _ title: String, _ filters: LargeFilters, _ smaller: (String, Double)? = nil) -> Scenario {
        Scenario(name: name, title: title, traffic: .capture, task: .filters(filters), smaller: smaller.map { ($0.0, $0.1) })
    }
}

extension Int {
    /// 1,234,567
    fileprivate var grouped: String {
        var digits = String(self)
        var place = digits.count - 3
        while place > 0 {
            digits.insert(",", at: digits.index(digits.startIndex, offsetBy: place))
            place -= 3
        }
        return digits
    }
}
