import Containers
import Filters
import Packets
import Protocols

extension FlowKey: SeededHashable {}

/// Packets of one flow that follow each other in a burst: the flow is looked up once for all of them. One cache line.
struct PacketTrain: BitwiseCopyable {
    var key: FlowKey
    /// And, once the table has looked, where it probably has the key.
    var hash: UInt64
    /// Its packets, up to where the next train's begin.
    var cars: UnsafeMutablePointer<TrainCar>
}

/// A packet of a train, and who sent it.
struct TrainCar: BitwiseCopyable {
    var packet: UnsafeMutablePointer<Packet>
    var frame: UnsafePointer<Frame>
    var sender: Endpoint
}

/// One core's connections: finds each packet's, counts, follows its state, and ends it in time.
///
/// - Time is the packets' (`PacketClock`). A connection whose timeout has passed is over for the next packet of its tuple even if the
///   wheel has not come round to it, so results do not depend on how packets fall into bursts.
/// - The table never refuses: as soon as it is full it gives up one connection, by `Rank`, so that the next always finds room.
/// - A closed connection still takes late packets for a while, is then reported, and stays as a tombstone, so that what comes even later
///   does not make it anew.
public struct ConnTracker: ~Copyable {
    typealias Table = LinkedHashTable<FlowKey, Connection>

    public internal(set) var counters = Counters()
    /// In memory of their own, where asking for one does not copy all.
    let options: UnsafePointer<TrackerOptions>
    private let ownedOptions: UnsafeMutablePointer<TrackerOptions>
    var table: Table
    var wheel: TimerWheel
    var reassembly: Reassembly
    var extras: ConnectionExtrasList
    var levels: LevelTable
    /// The record at hand, for whoever is told of a connection.
    let record = ConnectionRecord.allocate()
    /// The key at hand, for filters.
    let viewKey = UnsafeMutablePointer<FlowKey>.allocate(capacity: 1)
    var parsers: ObjectList<ParserStage> {
        didSet { parserTraits = ParserTraits(parsers.objects) }
    }
    private(set) var parserTraits: ParserTraits
    /// By the connections' indices: the parsers that may be right, a bit each, while it is not clear which one is.
    let candidates: RawMemory
    let subscribers: SubscriberList
    let members: ConnectionMembers
    /// Who wants what, by stage.
    let packetMembers: MemberSet
    let streamMembers: MemberSet
    let sessionMembers: MemberSet
    /// Those for whose sake streams are read before their filter can tell: it asks sessions or for the service, or they want sessions themselves.
    let readers: MemberSet
    /// Sets for the connection at hand.
    let starting: MemberSet
    let receiving: MemberSet
    let triggered: MemberSet
    let undecided: MemberSet
    var filters: ActiveFilters
    /// Sessions that parsers hold for filters which cannot tell yet.
    var heldSessions = 0
    /// Connections from before the edition of filters in force.
    var elders = 0
    /// Whether somebody wants anything but records.
    let wantsStages: Bool
    /// Counts cycles by stage, where somebody wants to know.
    let meter: StageMeter?
    var clock = PacketClock()
    var emergency: Emergency
    /// The tick up to which timeouts have been acted upon, but for some if `hasOverdue`.
    var overdueTick: Int64 = 0
    var hasOverdue = false
    /// Those whose time has come, while it is their turn.
    var due: [DueConnection] = []
    let position: UnsafeMutablePointer<CorePosition.Memory>
    /// Of the cores among which a capture is spread, if it is.
    let spread: SpreadCore?
    /// Whether flows learn of ICMP errors about them from the packets at hand.
    var notesErrors = true
    /// No connection times out sooner.
    let shortestTimeout: UInt64

    /// - Parameters:
    ///   - subscribers: those that track connections.
    ///   - edition: their filters, in the same order.
    ///   - position: outlives the tracker.
    init(
        _ options: TrackerOptions, subscribers: [Subscriber], edition: FilterEdition, seed: HashSeed = HashSeed(), meter: StageMeter? = nil,
        position: CorePosition, spread: SpreadCore? = nil
    ) {
        self.position = position.memory
        self.spread = spread
        precondition(options.maxConnections >= 1 && options.maxConnections < 1 << 30, "1 ..< 2³⁰ connections")
        ownedOptions = .allocate(capacity: 1)
        ownedOptions.initialize(to: options)
        self.options = UnsafePointer(ownedOptions)
        self.subscribers = SubscriberList(subscribers)
        let capacity = Self.capacity(options.maxConnections)
        table = Table(capacity: capacity, orders: Rank.allCases.count, seed: seed)
        emergency = Emergency(capacity: options.maxConnections, threshold: options.emergencyThreshold)
        let span = max(options.tcpInactivityTimeout, options.udpInactivityTimeout)
        wheel = TimerWheel(capacity: capacity, tick: max(1, options.timeoutResolution), span: span, startingAt: 0)
        extras = ConnectionExtrasList(connections: capacity)
        levels = LevelTable(subscribers, connections: capacity, historyMemory: options.historyMemory)
        reassembly = Reassembly(connections: capacity, options, seed: seed)

        var stages = ParserStages(capacity: capacity, budget: options.parserMemory)
        members = ConnectionMembers(connections: capacity, members: subscribers.count)
        filters = ActiveFilters(edition)
        func makeSet() -> MemberSet { .allocate(wordCount: MemberSet.wordCount(of: subscribers.count)) }
        (packetMembers, streamMembers, sessionMembers, readers) = (makeSet(), makeSet(), makeSet(), makeSet())
        (starting, receiving, triggered, undecided) = (makeSet(), makeSet(), makeSet(), makeSet())
        for (number, subscriber) in subscribers.enumerated() {
            subscriber.number = number
            if subscriber.needs.contains(.connectionPackets) { packetMembers.insert(number) }
            if subscriber.needs.contains(.stream) { streamMembers.insert(number) }
            if subscriber.needs.contains(.sessions) { sessionMembers.insert(number) }
            subscriber.subscribeToSessions(&stages)
        }
        readers.assign(edition.plan.streamAskers)
        readers.formUnion(sessionMembers)
        for service in edition.plan.services { stages.addStage(for: service) }
        let parserStages = stages.stages.map { stage in meter.map { MeasuredParserStage(stage, $0, subscribers) } ?? stage }
        for stage in parserStages {
            stage.setReceivers(memberCount: subscribers.count)
            stage.adopt(edition.plan)
        }
        parsers = ObjectList(parserStages)
        parserTraits = ParserTraits(parserStages)
        candidates = RawMemory(byteCount: capacity * MemoryLayout<UInt64>.stride)
        self.meter = meter
        wantsStages = !(packetMembers.isEmpty && streamMembers.isEmpty && sessionMembers.isEmpty) || levels.isOn
        let shortest = min(
            options.tcpInactivityTimeout, options.udpInactivityTimeout, options.otherInactivityTimeout, options.tcpEstablishTimeout, options.tcpClosingTimeout,
            options.tcpTombstoneTimeout)
        // A leap of time is longer than that.
        shortestTimeout = UInt64(min(max(0, shortest), PacketClock.ahead))
    }

    /// Entries of the table: one more than connections, for it gives one up as soon as it is full.
    static func capacity(_ maxConnections: Int) -> Int { maxConnections + 1 }

    deinit {
        ownedOptions.deallocate()
        record.deallocate()
        viewKey.deallocate()
        for set in [packetMembers, streamMembers, sessionMembers, readers, starting, receiving, triggered, undecided] { set.deallocate() }
    }

    /// Connections and tombstones in the table.
    public var count: Int { table.count }

    /// The engine's time, nanoseconds.
    @inline(__always)
    var now: Int64 { clock.now }

    // MARK: A packet

    @inline(__always)
    func hash(of key: FlowKey) -> UInt64 { table.hash(of: key) }

    /// Starts loading what finding a key needs; then, once that has come, what counting its packet needs.
    @inline(__always)
    func prefetchBucket(_ hash: UInt64) { table.prefetchBucket(hash) }
    @inline(__always)
    func prefetchConnection(_ train: UnsafeMutablePointer<PacketTrain>) {
        train.pointee.hash = table.prefetchEntry(train.pointee.hash, lineAt: 64 &* (1 &+ Int(train.pointee.cars.pointee.sender.rawValue)))
    }

    /// It is as late as the packet at hand says.
    @inline(__always)
    mutating func passTime(_ packet: UnsafePointer<Packet>) {
        if !clock.see(packet.pointee.timestamp.nanoseconds) { wheel.rewind(to: now) }
    }

    // MARK: Beginning

    mutating func begin(_ packet: UnsafePointer<Packet>, _ slot: Table.Slot, _ connection: UnsafeMutablePointer<Connection>, _ sender: Endpoint) {
        connection.pointee.phase = .open
        connection.pointee.transport = packet.pointee.transport
        connection.pointee.vlans = packet.pointee.vlans
        connection.pointee.touched = now
        connection.pointee.originator = sender
        connection.pointee.originatorEvidence = .firstPacket
        if packet.pointee.transport == .tcp, packet.pointee.flags.contains(.syn) {
            let isAnswer = packet.pointee.flags.contains(.ack)
            connection.pointee.originator = isAnswer ? sender.other : sender
            connection.pointee.originatorEvidence = isAnswer ? .synAck : .syn
        }
        connection.pointee.rank = Rank(ofFirst: packet)
        connection.pointee.wants = .beginning
        if extras.isUsed || packet.pointee.isTunneled { extras.begin(Int(slot.index), packet, from: sender) }
        counters.connections &+= 1
        if spread != nil { look(at: slot) }
        if table.count > emergency.watchAbove || table.isFull { makeRoom(for: connection.pointee.rank) }
        counters.connectionsPeak = max(counters.connectionsPeak, UInt64(table.count))
    }

    /// Whether a new connection is this core's.
    @inline(never)
    private mutating func look(at slot: Table.Slot) {
        guard let spread, let witness = spread.witness, witness.isWrong(table.key(at: slot), spread.number) else { return }
        counters.wrongCore &+= 1
    }

    // MARK: Order

    /// Puts the connection where a full table finds it in its turn, if that has changed. The order is that of last touches to within a second:
    /// moving an entry costs three cache misses.
    @inline(never)
    mutating func keepInOrder(_ connection: UnsafeMutablePointer<Connection>, isNewSecond: Bool, wentBack: Bool = false) {
        let rank = connection.currentRank, before = connection.pointee.rank
        guard rank != before || isNewSecond else { return }
        let slot = table.slot(of: connection)
        connection.pointee.rank = rank
        table.move(slot, toBackOf: Table.Order(rank))
        // An attempt has less time than what it was before; and whose last packet had a time far ahead must not wait for that.
        if wentBack || rank != before && rank == .attempt { wheel.arm(slot.index, at: now &+ connection.timeout(options)) }
    }
}

extension LinkedHashTable.Order {
    init(_ rank: Rank) { self.init(Int(rank.rawValue)) }
}
