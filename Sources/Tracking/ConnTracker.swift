import Containers
import Filters
import Packets
import Protocols

extension FlowKey: SeededHashable {}

/// A packet's flow, worked out once: key, hash and sender. One cache line.
struct PacketFlow: BitwiseCopyable {
    var key: FlowKey
    var hash: UInt64
    var sender: Endpoint
    /// The packet's place in its burst.
    var place: UInt8
}

/// One core's connections: finds each packet's, counts, follows its state, and ends it in time.
///
/// - Time is the packets': the largest timestamp so far. A connection whose timeout has passed is over for the next packet of its tuple even if the
///   wheel has not come round to it, so results do not depend on how packets fall into bursts.
/// - The table never refuses: as soon as it is full it gives up one connection, by `Rank`, so that the next always finds room.
/// - A closed connection still takes late packets for a while, is then reported, and stays as a tombstone, so that what comes even later
///   does not make it anew.
public struct ConnTracker: ~Copyable {
    typealias Table = LinkedHashTable<FlowKey, Connection>

    public internal(set) var counters = Counters()
    let options: TrackerOptions
    var table: Table
    var wheel: TimerWheel
    var reassembly: Reassembly
    let parsers: ObjectList<ParserStage>
    let subscribers: SubscriberList
    /// Who wants what, by stage.
    let packetMembers: SubscriberSet
    let streamMembers: SubscriberSet
    let sessionMembers: SubscriberSet
    /// The engine's time, nanoseconds.
    var now: Int64 = .min
    /// No connection times out sooner.
    private let shortestTimeout: Int64

    /// Connections that one call of `expire` looks at, so that a storm of them is spread over bursts.
    private static let expiriesPerCall = 512

    /// - Parameter subscribers: those that track connections, 64 at most.
    public init(_ options: TrackerOptions, subscribers: [Subscriber], seed: HashSeed = HashSeed()) {
        precondition(subscribers.count <= SubscriberSet.capacity)
        self.options = options
        self.subscribers = SubscriberList(subscribers)
        // One more, for the table gives one up as soon as it is full.
        let capacity = options.maxConnections + 1
        table = Table(capacity: capacity, orders: Rank.allCases.count, seed: seed)
        let span = max(options.tcpInactivityTimeout, options.udpInactivityTimeout)
        wheel = TimerWheel(capacity: capacity, tick: max(1, options.timeoutResolution), span: span, startingAt: 0)
        reassembly = Reassembly(connections: capacity, budget: options.reassemblyMemory, maxPagesPerStream: options.maxOutOfOrder)

        var stages = ParserStages(capacity: capacity)
        var members = (packets: SubscriberSet(), stream: SubscriberSet(), sessions: SubscriberSet())
        for (number, subscriber) in subscribers.enumerated() {
            subscriber.member = SubscriberSet(member: number)
            if subscriber.needs.contains(.connectionPackets) { members.packets.insert(subscriber.member) }
            if subscriber.needs.contains(.stream) { members.stream.insert(subscriber.member) }
            if subscriber.needs.contains(.sessions) { members.sessions.insert(subscriber.member) }
            subscriber.subscribeToSessions(&stages)
            for service in subscriber.filter.services { stages.addStage(for: service) }
        }
        parsers = ObjectList(stages.stages)
        (packetMembers, streamMembers, sessionMembers) = (members.packets, members.stream, members.sessions)
        shortestTimeout = min(
            options.tcpInactivityTimeout, options.udpInactivityTimeout, options.otherInactivityTimeout, options.tcpEstablishTimeout, options.tcpClosingTimeout,
            options.tcpTombstoneTimeout)
    }

    /// Connections and tombstones in the table.
    public var count: Int { table.count }

    // MARK: A packet

    @inline(__always)
    public func hash(of key: FlowKey) -> UInt64 { table.hash(of: key) }

    /// Starts loading what finding a key needs; then, once that has come, what counting its packet needs.
    @inline(__always)
    public func prefetchBucket(_ hash: UInt64) { table.prefetchBucket(hash) }
    @inline(__always)
    public func prefetchConnection(_ hash: UInt64) { table.prefetchEntry(hash, lines: 3) }

    /// Counts a packet of a flow in its connection, and gives it and what it brings to whoever subscribed.
    @inline(__always)
    mutating func process(_ packet: UnsafePointer<Packet>, _ frame: Frame, _ flow: UnsafePointer<PacketFlow>) -> PacketOutcome {
        now = max(now, packet.pointee.timestamp.nanoseconds)
        if !options.midstream, isMidstream(packet, flow) { return .midstream }
        guard var (slot, isNew) = table.findOrInsert(flow.pointee.key, hash: flow.pointee.hash, order: Table.Order(.attempt)) else { return .midstream }
        var connection = table.pointer(to: slot)
        let sender = flow.pointee.sender

        if !isNew, connection.pointee.phase != .open || now &- connection.pointee.touched >= shortestTimeout {
            switch meetLate(packet, slot, connection, sender) {
            case .goesOn: break
            case .tooLate: return .afterEnd
            case .isOver:
                if !options.midstream, isMidstream(packet, flow) { return .midstream }
                (slot, isNew) = table.findOrInsert(flow.pointee.key, hash: flow.pointee.hash, order: Table.Order(.attempt))!
                connection = table.pointer(to: slot)
            }
        }
        if isNew { begin(packet, slot, connection, sender) }

        let side = connection.side(sender)
        let seen = side.pointee.seen
        var mayChangeRank = side.pointee.packets == 0
        if packet.pointee.transport == .tcp {
            if packet.pointee.flags.contains(.syn), connection.pointee.originatorEvidence != .syn { correctOriginator(packet, connection, sender) }
            let change = connection.followTCP(packet, from: sender)
            if change != .none { act(on: change, slot, connection, sender) }
            mayChangeRank = mayChangeRank || seen != side.pointee.seen || change != .none
        }
        count(packet, side)
        // The order is that of last touches to within a second: moving an entry costs three cache misses.
        let isNewSecond = (connection.pointee.touched ^ now) >> 30 != 0
        if mayChangeRank || isNewSecond { keepInOrder(slot, connection, packet.pointee.transport, isNew: isNew, isNewSecond: isNewSecond) }
        connection.pointee.touched = now

        if isNew { startSubscriptions(flow, slot, connection) }
        if connection.pointee.wants.rawValue & ~Wants.hasStreams.rawValue != 0 { deliver(packet, frame, Int(slot.index), connection, sender) }
        return .tracked
    }

    @inline(__always)
    private func count(_ packet: UnsafePointer<Packet>, _ side: UnsafeMutablePointer<Connection.Side>) {
        let time = packet.pointee.timestamp.nanoseconds
        if side.pointee.packets == 0 {
            side.pointee.first = time
            side.pointee.last = time
        } else {
            side.pointee.first = min(side.pointee.first, time)
            side.pointee.last = max(side.pointee.last, time)
        }
        side.pointee.packets &+= 1
        side.pointee.frameBytes &+= UInt64(packet.pointee.wireLength)
        side.pointee.ipBytes &+= UInt64(packet.pointee.ipLength)
        side.pointee.payloadBytes &+= UInt64(packet.pointee.payloadLength)
    }

    @inline(never)
    private func isMidstream(_ packet: UnsafePointer<Packet>, _ flow: UnsafePointer<PacketFlow>) -> Bool {
        packet.pointee.transport == .tcp && !packet.pointee.flags.contains(.syn) && table.find(flow.pointee.key, hash: flow.pointee.hash) == nil
    }

    // MARK: Beginning

    @inline(never)
    private mutating func begin(_ packet: UnsafePointer<Packet>, _ slot: Table.Slot, _ connection: UnsafeMutablePointer<Connection>, _ sender: Endpoint) {
        connection.pointee.phase = .open
        connection.pointee.touched = now
        connection.pointee.originator = sender
        connection.pointee.originatorEvidence = .firstPacket
        if packet.pointee.transport == .tcp, packet.pointee.flags.contains(.syn) {
            let isAnswer = packet.pointee.flags.contains(.ack)
            connection.pointee.originator = isAnswer ? sender.other : sender
            connection.pointee.originatorEvidence = isAnswer ? .synAck : .syn
        }
        counters.connections &+= 1
        if table.isFull { evict(sparing: slot) }
        counters.connectionsPeak = max(counters.connectionsPeak, UInt64(table.count))
    }

    /// A SYN, or an answer to one, says more than what the originator was told by.
    @inline(never)
    private func correctOriginator(_ packet: UnsafePointer<Packet>, _ connection: UnsafeMutablePointer<Connection>, _ sender: Endpoint) {
        let isAnswer = packet.pointee.flags.contains(.ack)
        if isAnswer, connection.pointee.originatorEvidence == .synAck { return }
        let originator = isAnswer ? sender.other : sender
        if connection.pointee.originator != originator {
            connection.pointee.originator = originator
            connection.pointee.history.appendFlip()
        }
        connection.pointee.originatorEvidence = isAnswer ? .synAck : .syn
    }

    // MARK: Ending

    private enum Late {
        case goesOn
        case tooLate
        case isOver
    }

    /// A packet of a connection that is closed, or has not been heard of for long.
    @inline(never)
    private mutating func meetLate(
        _ packet: UnsafePointer<Packet>, _ slot: Table.Slot, _ connection: UnsafeMutablePointer<Connection>, _ sender: Endpoint
    ) -> Late {
        if now &- connection.pointee.touched >= timeout(connection, packet.pointee.transport) {
            if connection.pointee.phase != .tombstone { end(slot, connection, endReason(connection, otherwise: .idle)) }
            // A closed one goes on as a tombstone, unless the time for that has passed, too.
            if connection.pointee.phase != .tombstone || now &- connection.pointee.touched >= options.tcpTombstoneTimeout {
                remove(slot)
                return .isOver
            }
        }
        guard connection.pointee.phase != .open else { return .goesOn }
        if startsAnew(packet, connection, sender) {
            if connection.pointee.phase != .tombstone { end(slot, connection, endReason(connection, otherwise: .fin)) }
            counters.reusedTuples &+= 1
            remove(slot)
            return .isOver
        }
        guard connection.pointee.phase == .tombstone else { return .goesOn }
        connection.pointee.touched = now
        return .tooLate
    }

    /// A SYN with another sequence number than the closed connection's opens a new one.
    private func startsAnew(_ packet: UnsafePointer<Packet>, _ connection: UnsafeMutablePointer<Connection>, _ sender: Endpoint) -> Bool {
        let flags = packet.pointee.flags
        guard flags.contains(.syn), flags.isDisjoint(with: [.ack, .rst, .fin]) else { return false }
        let side = connection.side(sender)
        return !side.pointee.seen.contains(.syn) || side.pointee.initial != packet.pointee.sequence
    }

    private mutating func act(on change: TCPChange, _ slot: Table.Slot, _ connection: UnsafeMutablePointer<Connection>, _ sender: Endpoint) {
        switch change {
        case .none: break
        case .beganAnew: reassembly.free(Reassembly.stream(Int(slot.index), sender))
        case .peerBeganAnew: reassembly.free(Reassembly.stream(Int(slot.index), sender.other))
        case .refusedReset: counters.refusedResets &+= 1
        case .closed, .reset:
            guard connection.pointee.phase == .open else { break }
            connection.pointee.phase = .closing
            connection.pointee.wasReset = change == .reset
            wheel.arm(slot.index, at: now &+ options.tcpClosingTimeout)
        }
    }

    /// How long the connection may be silent, nanoseconds.
    private func timeout(_ connection: UnsafeMutablePointer<Connection>, _ transport: TransportProtocol) -> Int64 {
        switch connection.pointee.phase {
        case .closing: return options.tcpClosingTimeout
        case .tombstone: return options.tcpTombstoneTimeout
        case .new, .open: break
        }
        switch transport {
        case .tcp: return connection.pointee.rank == .attempt ? options.tcpEstablishTimeout : options.tcpInactivityTimeout
        case .udp: return options.udpInactivityTimeout
        default: return options.otherInactivityTimeout
        }
    }

    private func endReason(_ connection: UnsafeMutablePointer<Connection>, otherwise: EndReason) -> EndReason {
        connection.pointee.phase == .closing ? (connection.pointee.wasReset ? .rst : .fin) : otherwise
    }

    /// Ends connections whose timeout has passed; called after each burst. What it leaves for the next call comes then.
    public mutating func expire() {
        for _ in 0..<Self.expiriesPerCall {
            guard let index = wheel.popDue(by: now) else { return }
            let slot = table.slot(at: index)
            let connection = table.pointer(to: slot)
            let deadline = connection.pointee.touched &+ timeout(connection, table.key(at: slot).transport)
            guard deadline <= now else {
                wheel.arm(index, at: deadline)
                continue
            }
            if connection.pointee.phase != .tombstone { end(slot, connection, endReason(connection, otherwise: .idle)) }
            let isTombstone = connection.pointee.phase == .tombstone && now < connection.pointee.touched &+ options.tcpTombstoneTimeout
            if !isTombstone { remove(slot) }
        }
    }

    /// Lets time pass without a packet; for live traffic that pauses.
    public mutating func advance(to time: Timestamp) { now = max(now, time.nanoseconds) }

    /// Gives up one connection, the first by `Rank`, and in that the one not touched for longest.
    @inline(never)
    private mutating func evict(sparing newcomer: Table.Slot) {
        for rank in Rank.allCases {
            guard let slot = table.front(of: Table.Order(rank)), slot != newcomer else { continue }
            let connection = table.pointer(to: slot)
            if connection.pointee.phase == .tombstone {
                counters.evictedTombstones &+= 1
            } else {
                end(slot, connection, endReason(connection, otherwise: .evicted))
            }
            return remove(slot)
        }
    }

    /// Ends all connections: the run is over.
    public mutating func drain() {
        for rank in Rank.allCases.reversed() {
            while let slot = table.front(of: Table.Order(rank)) {
                let connection = table.pointer(to: slot)
                if connection.pointee.phase != .tombstone {
                    // The wheel may not have come round to it.
                    let isSilent = now &- connection.pointee.touched >= timeout(connection, table.key(at: slot).transport)
                    end(slot, connection, endReason(connection, otherwise: isSilent ? .idle : .drained))
                }
                remove(slot)
            }
        }
    }

    /// Reports a connection. A closed one stays, as a tombstone; any other is to be removed.
    private mutating func end(_ slot: Table.Slot, _ connection: UnsafeMutablePointer<Connection>, _ reason: EndReason) {
        endSubscriptions(slot, connection, reason)
        counters.ends[Int(reason.rawValue)] &+= 1
        if connection.pointee.phase == .closing {
            connection.pointee.phase = .tombstone
            wheel.arm(slot.index, at: connection.pointee.touched &+ options.tcpTombstoneTimeout)
        }
    }

    private mutating func remove(_ slot: Table.Slot) {
        wheel.disarm(slot.index)
        table.remove(slot)
    }

    // MARK: Order

    /// Puts the connection where a full table finds it in its turn, if that has changed; sets a new one's timer.
    private mutating func keepInOrder(
        _ slot: Table.Slot, _ connection: UnsafeMutablePointer<Connection>, _ transport: TransportProtocol, isNew: Bool, isNewSecond: Bool
    ) {
        let rank = rank(connection, transport), before = connection.pointee.rank
        if rank != before || isNewSecond {
            connection.pointee.rank = rank
            table.move(slot, toBackOf: Table.Order(rank))
        }
        // An attempt has less time than what it was before.
        if isNew || (rank != before && rank == .attempt) { wheel.arm(slot.index, at: now &+ timeout(connection, transport)) }
    }

    private func rank(_ connection: UnsafeMutablePointer<Connection>, _ transport: TransportProtocol) -> Rank {
        if connection.pointee.phase != .open { return .closed }
        let originator = connection.side(connection.pointee.originator)
        let isOneSided = connection.pointee.sideA.packets == 0 || connection.pointee.sideB.packets == 0
        guard transport == .tcp else { return isOneSided ? .unanswered : .established }
        let hasAttempted = originator.pointee.seen.contains(.syn) || connection.pointee.originatorEvidence == .synAck
        if hasAttempted, originator.pointee.seen.isDisjoint(with: [.pureAck, .data, .fin]) { return .attempt }
        return isOneSided ? (hasAttempted ? .attempt : .unanswered) : .established
    }
}

extension LinkedHashTable.Order {
    init(_ rank: Rank) { self.init(Int(rank.rawValue)) }
}
