import Filters
import Packets

/// One core's way of a burst, stage by stage over all its packets: read headers, ask filters, find connections, count and deliver. Stage by stage,
/// because then the cache misses of a burst's packets overlap instead of adding up.
public struct Pipeline: ~Copyable {
    /// Packets that are taken through the stages together.
    static let width = 64

    public internal(set) var tracker: ConnTracker
    var fragments: Fragments
    let packetSubscribers: SubscriberList
    let hasTrackers: Bool
    /// Of the edition in force, which the tracker has.
    private(set) var packetFilters: PacketFilters
    /// The packets at hand that a subscription of packets wanted, a bit each.
    var delivered: UInt64 = 0
    private(set) var gate: PlanGate
    /// Whether VLANs and tunnels belong to connections' keys.
    private let keysAreWhole: Bool
    let packets: UnsafeMutablePointer<Packet>
    let trains: UnsafeMutablePointer<PacketTrain>
    let cars: UnsafeMutablePointer<TrainCar>
    let coupling: UnsafeMutablePointer<TrainCoupling>
    private let profile: PipelineProfile?
    private let corePosition: CorePosition
    let position: UnsafeMutablePointer<CorePosition.Memory>
    /// Whether datagrams are put together before packets come here, and the one that the packet at hand completes.
    let fragmentsAreElsewhere: Bool
    var wholeDatagram: UnsafePointer<WholeDatagram>?

    /// - Parameters:
    ///   - subscribers: their filters are such that `FilterPlan` takes them.
    ///   - profile: gathers what costs how much; takes its own time.
    ///   - meter: counts cycles by stage, without a profile; takes some time, too.
    ///   - position: is kept up to date where packets have numbers.
    ///   - spread: of the cores among which a capture is spread.
    public init(
        _ options: TrackerOptions, subscribers: [Subscriber], seed: HashSeed = HashSeed(), profile: PipelineProfile? = nil,
        meter: StageMeter? = nil, position: CorePosition = CorePosition(), spread: SpreadCore? = nil
    ) {
        let subscribers =
            profile?.measured(subscribers) ?? meter.map { meter in subscribers.map { MeasuredSubscriber($0, meter, isForEachPacket: false) } } ?? subscribers
        self.profile = profile
        let trackers = subscribers.filter { $0.needs.contains(.connections) }
        let packetSubscribers = subscribers.filter { $0.needs.contains(.packets) }
        let edition = Self.edition(options, subscribers)
        packetFilters = edition.packetFilters
        gate = edition.plan.gate
        keysAreWhole = options.vlanInKey && options.tunnelInKey
        corePosition = position
        self.position = position.memory
        tracker = ConnTracker(options, subscribers: trackers, edition: edition, seed: seed, meter: profile?.meter ?? meter, position: position, spread: spread)
        let wantsDatagrams = options.fragments && !trackers.isEmpty
        fragments = Fragments(options, isOn: wantsDatagrams && spread == nil, seed: seed)
        fragmentsAreElsewhere = wantsDatagrams && spread != nil
        self.packetSubscribers = SubscriberList(packetSubscribers)
        hasTrackers = !trackers.isEmpty
        packets = .allocate(capacity: Self.width + 1)
        packets.initialize(repeating: Packet(), count: Self.width + 1)
        position.memory.pointee.packets = UnsafePointer(packets)
        trains = UnsafeMutableRawPointer.allocate(byteCount: (Self.width + 1) * MemoryLayout<PacketTrain>.stride, alignment: 64)
            .bindMemory(to: PacketTrain.self, capacity: Self.width + 1)
        cars = .allocate(capacity: Self.width)
        coupling = .allocate(capacity: 1)
        coupling.initialize(to: TrainCoupling(trains, cars, packets + Self.width))
    }

    private static func edition(_ options: TrackerOptions, _ subscribers: [Subscriber]) -> FilterEdition {
        do {
            return try FilterEdition(subscribers.map(\.filter), for: subscribers, options, isFirst: true)
        } catch {
            preconditionFailure("\(error)")
        }
    }

    /// Puts new filters in force, between two bursts. Gives back those before, for whoever has the time to take them apart.
    public mutating func adopt(_ edition: FilterEdition) -> FilterEdition {
        packetFilters = edition.packetFilters
        gate = edition.plan.gate
        return tracker.adopt(edition)
    }

    deinit {
        packets.deallocate()
        trains.deallocate()
        cars.deallocate()
        coupling.deallocate()
    }

    public var counters: Counters { tracker.counters }
    /// What the engine can come to hold.
    public var memory: EngineMemory {
        var memory = tracker.memory
        memory.fragments = fragments.byteCount
        for subscriber in packetSubscribers.objects { memory.rings += subscriber.ringByteCount }
        return memory
    }

    /// Whose parsers it has, those of the filters' included.
    public var parsedServices: [Service] { tracker.parsers.objects.map(\.service) }

    /// Of the subscribers that track connections, in their order, the numbers of those that get a parser's sessions.
    public func receivers(of service: Service) -> [Int] { tracker.parsers.objects.first { $0.service == service }?.sinkNumbers ?? [] }

    /// Takes a burst's frames through all stages, in order, then ends what has timed out.
    public mutating func process(_ frames: UnsafeBufferPointer<Frame>) {
        var start = 0
        while start < frames.count {
            let count = min(Self.width, frames.count - start)
            if tracker.meter == nil { processPart(frames.baseAddress! + start, count) } else { processMeasured(frames.baseAddress! + start, count, profile) }
            start += count
        }
        tracker.staged(.tracking) { $0.expire() }
    }

    private mutating func processPart(_ frames: UnsafePointer<Frame>, _ count: Int) {
        processTrains(chooseTrains(frames, count))
    }

    /// Finds the trains' connections, and counts and delivers their packets.
    @inline(__always)
    mutating func processTrains(_ trainCount: Int) {
        find(trainCount)
        if fragments.completed == 0 {
            for index in 0..<trainCount { tracker.process(trains + index) }
        } else {
            processDatagrams(trainCount)
        }
    }

    /// Has the table load what belongs to the trains' keys.
    @inline(__always)
    mutating func find(_ trainCount: Int) {
        if !keysAreWhole { simplifyKeys(trainCount) }
        for index in 0..<trainCount {
            trains[index].hash = tracker.hash(of: trains[index].key)
            tracker.prefetchBucket(trains[index].hash)
        }
        for index in 0..<trainCount { tracker.prefetchConnection(trains + index) }
    }

    @inline(never)
    private mutating func simplifyKeys(_ count: Int) {
        for index in 0..<count { trains[index].key = tracker.options.pointee.connectionKey(trains[index].key) }
    }

    /// Has the tracker process a part of a burst in which datagrams were completed.
    @inline(never)
    private mutating func processDatagrams(_ trainCount: Int) {
        for train in trains..<trains + trainCount {
            for car in train.pointee.cars..<train[1].cars { process(car, of: train) }
        }
        fragments.completed = 0
    }

    /// Has the tracker process a packet of its own, or the datagram that it completed.
    mutating func process(_ car: UnsafeMutablePointer<TrainCar>, of train: UnsafePointer<PacketTrain>) {
        let place = car.pointee.packet - packets
        guard fragments.completed >> place & 1 != 0 else { return tracker.process(car, of: train) }
        let datagram = UnsafePointer(fragments.datagrams + place)
        car.pointee.frame = datagram.frame
        tracker.process(car, of: train, datagram.pointee.sum)
    }

    /// Lets time pass without packets.
    public mutating func advance(to time: Timestamp) {
        fragments.expire(at: time, atMost: .max, &tracker.counters)
        tracker.staged(.tracking) {
            $0.advance(to: time)
            $0.expire(isPausing: true)
        }
    }

    /// Ends all connections.
    public mutating func drain() {
        fragments.drain(&tracker.counters)
        tracker.staged(.tracking) { $0.drain() }
        profile?.finish()
    }
}
