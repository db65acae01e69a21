import Containers
import Filters
import Packets

/// What a pipeline's cycles go into, by stage; and by subscription, what its filter lets through and what its callbacks cost.
///
/// Made for one pipeline, which then takes its packets one by one and looks after each at what filters have said: it is a way to look, and slower.
public final class PipelineProfile {
    public let meter: StageMeter
    /// By the subscriptions' places, once the pipeline has drained.
    public private(set) var flows: [FilterFlow] = []
    /// Packets that some filter of connections could want.
    public private(set) var trackedPackets: UInt64 = 0
    private var subscribers: [MeasuredSubscriber] = []
    /// What can be asked of a connection when it begins, and once its service is known, by the tracking subscriptions' numbers.
    private let atPacket: UnsafeMutablePointer<FilterProgram>
    private let atDiscovery: UnsafeMutablePointer<FilterProgram>
    private var asksSessions: [Bool] = []
    /// The places of those that track connections.
    private var places: [Int] = []
    /// By connection and number.
    private let standings: RawMemory
    private var connections: UInt64 = 0

    /// - Parameters:
    ///   - maxConnections: of the pipeline's options.
    ///   - subscriptions: how many there are.
    ///   - clock: the time-stamp counter.
    public init(maxConnections: Int, subscriptions: Int, clock: @escaping () -> UInt64) {
        meter = StageMeter(clock: clock)
        standings = RawMemory(byteCount: ConnTracker.capacity(maxConnections) * subscriptions)
        atPacket = .allocate(capacity: max(1, subscriptions))
        atDiscovery = .allocate(capacity: max(1, subscriptions))
    }

    deinit {
        atPacket.deinitialize(count: places.count).deallocate()
        atDiscovery.deinitialize(count: places.count).deallocate()
    }

    /// Subscribers that are measured, in the place of some.
    func measured(_ subscribers: [Subscriber]) -> [Subscriber] {
        self.subscribers = subscribers.map { MeasuredSubscriber($0, meter) }
        flows = [FilterFlow](repeating: FilterFlow(), count: subscribers.count)
        for (place, subscriber) in subscribers.enumerated() where subscriber.needs.contains(.connections) {
            (atPacket + places.count).initialize(to: FilterProgram(subscriber.filter.required(at: .packet)))
            (atDiscovery + places.count).initialize(to: FilterProgram(subscriber.filter.required(at: .discovery)))
            places.append(place)
            asksSessions.append(subscriber.filter.stages.contains(.session))
        }
        return self.subscribers
    }

    /// What a filter has said of a connection.
    private enum Standing: RawRepresentable {
        case undecided, wanted
        case refused(FilterStage)

        init?(rawValue: UInt8) {
            switch rawValue {
            case 0: self = .undecided
            case 1: self = .wanted
            default: self = .refused(FilterStage(rawValue: rawValue - 2)!)
            }
        }

        var rawValue: UInt8 {
            switch self {
            case .undecided: 0
            case .wanted: 1
            case .refused(let stage): stage.rawValue + 2
            }
        }
    }

    /// Notes a packet that the tracker has taken; all cycles since then are none of its.
    func note(_ packet: UnsafePointer<Packet>, of train: UnsafePointer<PacketTrain>, cycles: UInt64, _ tracker: inout ConnTracker) {
        trackedPackets += 1
        let isNew = tracker.counters.connections != connections
        connections = tracker.counters.connections
        guard let slot = tracker.table.find(train.pointee.key, hash: train.pointee.hash) else { return }
        let connection = tracker.table.pointer(to: slot), index = Int(slot.index)
        let standings = standings.start.assumingMemoryBound(to: UInt8.self) + index * places.count
        let (subscribed, pending, active) = (
            tracker.members.subscribed(index, connection), tracker.members.pending(index, connection), tracker.members.active(index, connection)
        )
        let isOpen = connection.pointee.phase != .tombstone
        for (number, place) in places.enumerated() {
            var standing = isNew ? .undecided : Standing(rawValue: standings[number])!
            if isOpen, case .undecided = standing {
                if subscribed.contains(number) {
                    standing = .wanted
                } else if !pending.contains(number) {
                    let stage = refusal(number, isNew, tracker.table.key(of: connection), connection)
                    standing = .refused(stage)
                    flows[place].refuse(at: stage)
                }
            }
            if isNew { flows[place].connections += 1 }
            standings[number] = standing.rawValue
            if case .refused(let stage) = standing {
                flows[place].pass(packet, cycles, before: stage)
            } else {
                flows[place].pass(packet, cycles, before: nil)
                if active.contains(number) || pending.contains(number) { flows[place].wanted.add(packet, cycles) }
            }
        }
    }

    /// The stage that refused a connection just now.
    private func refusal(_ number: Int, _ isNew: Bool, _ key: UnsafePointer<FlowKey>, _ connection: UnsafeMutablePointer<Connection>) -> FilterStage {
        let originator = connection.pointee.originator, service = connection.pointee.service
        if isNew {
            if atPacket[number].match(key, source: nil, service: nil) == .no { return .packet }
            return atDiscovery[number].match(key, source: originator, service: nil) == .no ? .connection : .discovery
        }
        if atDiscovery[number].match(key, source: originator, service: service) == .no { return .discovery }
        return asksSessions[number] ? .session : .end
    }

    /// The pipeline has drained.
    func finish() {
        for (place, subscriber) in subscribers.enumerated() {
            flows[place].calls = subscriber.calls
            flows[place].callCycles = subscriber.cycles
            flows[place].matches = subscriber.calls[Callback.beginning.rawValue]
            if subscriber.needs.contains(.packets) {
                flows[place].passed = flows[place].passed.map { _ in subscriber.singlePackets }
                flows[place].wanted = subscriber.singlePackets
            }
        }
    }
}

extension Pipeline {
    /// What filters have said is noted after each packet.
    mutating func processProfiled(_ trainCount: Int, _ profile: PipelineProfile) {
        let meter = profile.meter
        find(trainCount)
        for train in trains..<trains + trainCount {
            for car in train.pointee.cars..<train[1].cars {
                let before = meter.allCycles
                process(car, of: train)
                meter.enter(nil)
                profile.note(car.pointee.packet, of: train, cycles: meter.allCycles &- before, &tracker)
                meter.leave(to: .tracking)
            }
        }
        fragments.completed = 0
    }
}
