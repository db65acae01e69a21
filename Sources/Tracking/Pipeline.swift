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
    private let hasTrackers: Bool
    /// Of the edition in force, which the tracker has.
    private(set) var packetFilters: PacketFilters
    /// The packets at hand that a subscription of packets wanted, a bit each.
    var delivered: UInt64 = 0
    private var gate: PlanGate
    /// Whether VLANs and tunnels belong to connections' keys.
    private let keysAreWhole: Bool
    let packets: UnsafeMutablePointer<Packet>
    let trains: UnsafeMutablePointer<PacketTrain>
    private let cars: UnsafeMutablePointer<TrainCar>
    private let profile: PipelineProfile?
    private let corePosition: CorePosition
    let position: UnsafeMutablePointer<CorePosition.Memory>
    /// Whether datagrams are put together before packets come here, and the one that the packet at hand completes.
    private let fragmentsAreElsewhere: Bool
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

    /// Reads headers and asks the filters; gives the number of trains.
    @inline(__always)
    mutating func chooseTrains(_ frames: UnsafePointer<Frame>, _ count: Int) -> Int {
        let notes = readHeaders(frames, count)
        if packetSubscribers.count > 0 {
            deliverPackets(frames, count)
            if !hasTrackers, !notes.contains(.noFlow) { return countDelivered(count) }
        }
        let isPlain = packetSubscribers.count == 0 && !notes.contains(.noFlow) && tracker.elders == 0
        return isPlain ? choosePlainTrains(frames, count) : chooseAllTrains(frames, count)
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

    /// Gives what there is to note about any of them.
    @inline(never)
    mutating func readHeaders(_ frames: UnsafePointer<Frame>, _ count: Int) -> ReadingNotes {
        let packets = packets
        let tunnels = tracker.options.pointee.tunnels
        var bytes: UInt64 = 0
        var cut: UInt64 = 0
        var unopened: UInt64 = 0
        var all: ReadingNotes = []
        var place = 0
        while place < count {
            let notes = packets[place].read(frames + place, opening: tunnels)
            if !notes.isEmpty {
                all.formUnion(notes)
                if notes.contains(.cut) { cut &+= 1 }
                if notes.contains(.unopenedTunnel) { unopened &+= 1 }
            }
            bytes &+= UInt64(packets[place].wireLength)
            place &+= 1
        }
        tracker.counters.packets &+= UInt64(count)
        tracker.counters.bytes &+= bytes
        tracker.counters.cutPackets &+= cut
        tracker.counters.unopenedTunnels &+= unopened
        return all
    }

    // The same twice: most bursts are of flows' packets alone, and nobody wants single ones.
    @inline(never)
    private mutating func choosePlainTrains(_ frames: UnsafePointer<Frame>, _ count: Int) -> Int { chooseTrains(frames, count, isPlain: true) }
    @inline(never)
    mutating func chooseAllTrains(_ frames: UnsafePointer<Frame>, _ count: Int) -> Int { chooseTrains(frames, count, isPlain: false) }

    /// Asks the filters: packets to be tracked are put into `trains`, the others have their outcome with that. Gives the number of trains; the one behind
    /// them says where the last one's cars end.
    @inline(__always)
    private mutating func chooseTrains(_ frames: UnsafePointer<Frame>, _ count: Int, isPlain: Bool) -> Int {
        // Copies, for a method of `self` would be passed the whole of it.
        let (gate, packets, trains, cars) = (gate, packets, trains, cars)
        var train = trains - 1
        var car = cars
        var filtered: UInt64 = 0
        // Nothing continues the empty packet behind the last.
        var last = UnsafePointer(packets + Self.width)
        var sender = Endpoint.a
        // The train's once it has two packets, and that of the last flow refused, where what the gate has said of one packet it says of its flow.
        var (way, there, back) = (PacketWay(), Endpoint.a, Endpoint.b)
        var refused = PacketWay()
        var packet = packets
        var frame = frames
        let end = packets + count
        while packet < end {
            defer {
                packet += 1
                frame += 1
            }
            if !isPlain, !isForGate(packet, frame) { continue }
            let continuation = UnsafePointer(packet).follows(way)
            if continuation != .no {
                car.pointee = TrainCar(packet: packet, frame: frame, sender: continuation == .sameWay ? there : back)
                car += 1
                continue
            }
            if UnsafePointer(packet).follows(refused) != .no {
                filtered &+= 1
                continue
            }
            guard gate.opens(for: packet) || !isPlain && isOfElder(packet) else {
                filtered &+= 1
                if gate.asksFlowsAlone { refused = UnsafePointer(packet).way }
                continue
            }
            let isNext = UnsafePointer(packet).continues(last)
            if isNext != .no {
                if isNext == .back { sender = sender.other }
                if gate.asksFlowsAlone { (way, there, back) = (UnsafePointer(packet).way, sender, sender.other) }
            } else {
                let (key, senderIsB) = UnsafePointer(packet).flow
                sender = senderIsB ? .b : .a
                train += 1
                train.pointee.key = key
                train.pointee.cars = car
                way = PacketWay()
            }
            car.pointee = TrainCar(packet: packet, frame: frame, sender: sender)
            car += 1
            last = UnsafePointer(packet)
        }
        train[1].cars = car
        tracker.counters.outcomes[PacketOutcome.filtered.rawValue] &+= filtered
        return train - trains + 1
    }

    /// Whether a packet is one that connections may want; what else it is has been seen to.
    @inline(never)
    private mutating func isForGate(_ packet: UnsafeMutablePointer<Packet>, _ frame: UnsafePointer<Frame>) -> Bool {
        guard packet.pointee.kind == .flow else { return becomesFlow(packet, frame) }
        guard isDelivered(packet), !opensGate(packet) else { return true }
        tracker.counters.outcomes[PacketOutcome.delivered.rawValue] &+= 1
        return false
    }

    /// Whether somebody may want it, or it belongs to a connection that somebody wanted before the filters were others.
    mutating func opensGate(_ packet: UnsafePointer<Packet>) -> Bool { gate.opens(for: packet) || isOfElder(packet) }

    @inline(never)
    private mutating func isOfElder(_ packet: UnsafePointer<Packet>) -> Bool { tracker.elders > 0 && tracker.isElder(packet.pointee.key) }

    @inline(never)
    private mutating func simplifyKeys(_ count: Int) {
        for index in 0..<count { trains[index].key = tracker.options.pointee.connectionKey(trains[index].key) }
    }

    /// Takes what is no flow's packet as it is: gives it to the subscriptions of packets, and counts it, unless it has become one of a flow that somebody
    /// tracks. A fragment does that when it completes its datagram, which takes its place; all others of the datagram then have that outcome, too.
    @inline(never)
    private mutating func becomesFlow(_ packet: UnsafeMutablePointer<Packet>, _ frame: UnsafePointer<Frame>) -> Bool {
        let isDelivered = isDelivered(packet)
        var count: UInt64 = 1
        let isFragment = packet.pointee.kind == .fragment || packet.pointee.kind == .firstFragment
        if isFragment, fragmentsAreElsewhere || fragments.isOn {
            let place = packet - packets
            count =
                fragmentsAreElsewhere
                ? takeWhole(packet, at: place) : fragments.take(packet, frame, at: place, opening: tracker.options.pointee.tunnels, &tracker.counters)
            // Whoever puts them together counts those that are of no whole datagram.
            guard count > 0 else { return false }
            if packet.pointee.kind == .flow, opensGate(packet) {
                fragments.completed |= 1 << place
                return true
            }
        } else if packet.pointee.kind == .firstFragment {
            packet.pointee.kind = .flow
            if opensGate(packet) { return true }
        }
        let outcome: PacketOutcome =
            switch packet.pointee.kind {
            case .flow: isDelivered ? .delivered : .filtered
            case .fragment, .firstFragment: .fragment
            case .malformed: .malformed
            case .notIP: .notIP
            }
        tracker.counters.outcomes[outcome.rawValue] &+= count
        if outcome == .malformed { tracker.counters.problems[Int(packet.pointee.problem.rawValue)] &+= count }
        return false
    }

    /// The datagram that was put together elsewhere takes the packet's place.
    private mutating func takeWhole(_ packet: UnsafeMutablePointer<Packet>, at place: Int) -> UInt64 {
        guard let whole = wholeDatagram else { return 0 }
        packet.pointee = whole.pointee.packet
        fragments.datagrams[place] = whole.pointee.datagram
        return whole.pointee.datagram.sum.fragments
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
