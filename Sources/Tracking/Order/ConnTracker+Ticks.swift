import Packets

/// A connection that something is to be done with whose time has come.
struct DueConnection: Comparable, BitwiseCopyable, Sendable {
    var start: Int64
    var hash: UInt64
    var index: UInt32
    /// Otherwise only a hole of it is overdue.
    var isOver: Bool

    static func < (left: Self, right: Self) -> Bool {
        if left.start != right.start { return left.start < right.start }
        if left.hash != right.hash { return left.hash < right.hash }
        if left.index != right.index { return left.index < right.index }
        return !left.isOver && right.isOver
    }
}

/// Time that somebody else keeps, for several cores (`Timekeeper`): connections end at its ticks, all that are overdue, and in an order that is the same
/// for any number of cores.
extension ConnTracker {
    private static let orderSeed = HashSeed(0)
    /// So many connections before its turn a bucket is loaded.
    private static let lookahead = 4

    // MARK: Packets

    /// Counts the packets of a train in their connection, as late as it is said to be at each.
    ///
    /// - Parameters:
    ///   - packets: the part of a burst that the train's are of.
    ///   - times: theirs.
    @inline(__always)
    mutating func process(_ train: UnsafePointer<PacketTrain>, _ packets: UnsafePointer<Packet>, _ times: UnsafePointer<PacketTime>) {
        var car = train.pointee.cars
        let end = train[1].cars
        var known: UnsafeMutablePointer<Connection>?
        while car < end {
            let packet = UnsafePointer(car.pointee.packet)
            position.pointee.packet = packet
            clock.follow(times[packet - packets])
            let now = clock.now
            let goesOn = known.map { $0.pointee.phase == .open && UInt64(bitPattern: now &- $0.pointee.touched) < shortestTimeout } ?? false
            if !goesOn { known = enter(packet, train, from: car.pointee.sender) }
            if let known { track(car, known, now) }
            car += 1
        }
    }

    // MARK: Ticks

    /// It is so late before a packet: ends all that is overdue.
    @inline(never)
    mutating func pass(to time: Int64, before number: UInt64) {
        defer { noteHeld() }
        clock.settle(at: time)
        wheel.rewind(to: time)
        findOverdueHoles()
        findOverdueConnections()
        due.sort()
        for place in due.indices {
            prefetchBucket(ofDue: place + Self.lookahead)
            settle(due[place], at: number)
        }
        due.removeAll(keepingCapacity: true)
        position.reach(EventPosition(before: number))
    }

    /// All of them, wherever they stand: the order of holes is not quite that of time.
    private mutating func findOverdueHoles() {
        let limit = clock.steady &- options.pointee.holeTimeout
        guard reassembly.earliestHole <= limit else { return }
        var earliest = Int64.max
        var hole = reassembly.oldestHole
        while hole != 0 {
            let stream = Int(hole) - 1
            let opened = reassembly.openedAt(stream)
            earliest = min(earliest, opened)
            if opened <= limit { due.append(dueConnection(UInt32(stream / 2), isOver: false)) }
            hole = reassembly.streams[stream].newerHole
        }
        reassembly.earliestHole = earliest
    }

    private mutating func findOverdueConnections() {
        let tick = wheel.start(ofTickAt: clock.steady)
        (overdueTick, hasOverdue) = (tick, false)
        while let index = wheel.popDue(by: tick) {
            let slot = table.slot(at: index)
            let connection = table.pointer(to: slot)
            let deadline = connection.pointee.touched &+ connection.timeout(options)
            if deadline >= tick {
                wheel.arm(index, at: deadline)
            } else if connection.pointee.phase == .tombstone {
                if connection.pointee.touched &+ options.pointee.tcpTombstoneTimeout < tick { remove(slot) }
            } else {
                due.append(dueConnection(index, isOver: true))
            }
        }
    }

    private mutating func settle(_ due: DueConnection, at number: UInt64) {
        let slot = table.slot(at: due.index)
        let connection = table.pointer(to: slot)
        position.reach(EventPosition(number, start: due.start, hash: due.hash))
        guard due.isOver else {
            giveUpOverdueHoles(Half(index: Int(due.index), connection: connection, sender: .a))
            return giveUpOverdueHoles(Half(index: Int(due.index), connection: connection, sender: .b))
        }
        end(slot, connection, connection.endReason(otherwise: .idle))
        bury(slot, connection, at: overdueTick)
    }

    // MARK: The end

    /// Ends all connections, the oldest first.
    ///
    /// - Parameter time: that it is at last.
    mutating func drain(at time: Int64) {
        defer { noteHeld() }
        clock.settle(at: time)
        position.reach(EventPosition(before: EventPosition.endOfPackets))
        leaveEmergency()
        for rank in Rank.allCases {
            var next = table.front(of: Table.Order(rank))
            while let slot = next {
                next = table.next(after: slot)
                due.append(dueConnection(slot.index, isOver: true))
            }
        }
        due.sort()
        for place in due.indices {
            prefetchBucket(ofDue: place + Self.lookahead)
            let slot = table.slot(at: due[place].index)
            let connection = table.pointer(to: slot)
            if connection.pointee.phase != .tombstone {
                position.reach(EventPosition(EventPosition.endOfPackets, start: due[place].start, hash: due[place].hash))
                // The wheel may not have come round to it.
                let isSilent = clock.steady &- connection.pointee.touched >= connection.timeout(options)
                end(slot, connection, connection.endReason(otherwise: isSilent ? .idle : .drained))
            }
            remove(slot)
        }
        due = []
        position.reach(EventPosition(packet: EventPosition.endOfPackets))
    }

    /// Those that follow each other in time lie side by side, but for their buckets. Mutating, so that no call copies the tracker.
    private mutating func prefetchBucket(ofDue place: Int) {
        guard place < due.count, due[place].isOver else { return }
        prefetchBucket(table.hash(of: table.key(at: table.slot(at: due[place].index))))
    }

    private mutating func dueConnection(_ index: UInt32, isOver: Bool) -> DueConnection {
        let slot = table.slot(at: index)
        return DueConnection(start: table.pointer(to: slot).start, hash: table.key(at: slot).hash(seed: Self.orderSeed), index: index, isOver: isOver)
    }
}

extension UnsafeMutablePointer<Connection> {
    /// The time of its first packet.
    fileprivate var start: Int64 {
        let (a, b) = (pointee.sideA, pointee.sideB)
        return a.packets == 0 ? b.first : b.packets == 0 ? a.first : Swift.min(a.first, b.first)
    }
}
