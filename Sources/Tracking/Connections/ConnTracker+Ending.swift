import Packets

/// How connections end: by FIN or RST and a closing time, by silence, for want of room, with the run; and what a packet meets that comes after that.
///
///     open ──FIN, RST──▶ closing ──closing time──▶ reported, a tombstone ──tombstone time──▶ gone
///       └──silence, eviction, drain──▶ reported, gone
extension ConnTracker {
    /// Connections that one call of `expire` looks at, so that a storm of them is spread over bursts, and where no packets come over pauses; and those that a
    /// new connection looks at.
    private static let expiriesPerBurst = 256
    private static let expiriesPerPause = 512
    private static let expiriesPerNewcomer = 32

    enum Late {
        case goesOn
        case tooLate
        case isOver
    }

    /// A packet of a connection that is closed, or has not been heard of for long.
    @inline(never)
    mutating func meetLate(
        _ packet: UnsafePointer<Packet>, _ slot: Table.Slot, _ connection: UnsafeMutablePointer<Connection>, _ sender: Endpoint
    ) -> Late {
        if now &- connection.pointee.touched >= connection.timeout(options) {
            if connection.pointee.phase != .tombstone { end(slot, connection, connection.endReason(otherwise: .idle)) }
            // A closed one goes on as a tombstone, unless the time for that has passed, too.
            if connection.pointee.phase != .tombstone || now &- connection.pointee.touched >= options.pointee.tcpTombstoneTimeout {
                remove(slot)
                return .isOver
            }
        }
        guard connection.pointee.phase != .open else { return .goesOn }
        if connection.isOpenedAnew(by: packet, from: sender) {
            if connection.pointee.phase != .tombstone { end(slot, connection, connection.endReason(otherwise: .fin)) }
            counters.reusedTuples &+= 1
            remove(slot)
            return .isOver
        }
        guard connection.pointee.phase == .tombstone else { return .goesOn }
        if (connection.pointee.touched ^ now) >> 30 != 0 { table.move(slot, toBackOf: Table.Order(.closed)) }
        if connection.pointee.touched > now { wheel.arm(slot.index, at: now &+ options.pointee.tcpTombstoneTimeout) }
        connection.pointee.touched = now
        return .tooLate
    }

    @inline(never)
    mutating func act(on change: TCPChange, _ connection: UnsafeMutablePointer<Connection>, _ sender: Endpoint) {
        let slot = table.slot(of: connection)
        switch change {
        case .none: break
        case .beganAnew, .peerBeganAnew:
            // Memory of streams that nobody ever wanted stays untouched.
            guard connection.pointee.wants.contains(.hasStreams) else { break }
            freeStream(Int(slot.index), change == .beganAnew ? sender : sender.other, as: .outOfWindow)
        case .refusedReset: counters.refusedResets &+= 1
        case .closed, .reset:
            guard connection.pointee.phase == .open else { break }
            connection.pointee.phase = change == .reset ? .closedByReset : .closedByFin
            connection.pointee.rank = .closed
            table.move(slot, toBackOf: Table.Order(.closed))
            wheel.arm(slot.index, at: now &+ options.pointee.tcpClosingTimeout)
        }
    }

    /// Ends connections whose timeout has passed; called after each burst. What it leaves for the next call comes then.
    ///
    /// - Parameter isPausing: whether no packets wait meanwhile.
    public mutating func expire(isPausing: Bool = false) {
        defer { noteHeld() }
        clock.rest()
        (counters.timeLeaps, counters.strayTimes) = (clock.leaps, clock.strays)
        giveUpOverdueHoles(at: clock.steady)
        endOverdue(atMost: isPausing ? Self.expiriesPerPause : Self.expiriesPerBurst)
    }

    /// A new connection finds the table nearly full: what has timed out goes first, whether or not a burst has ended since, and then what has not.
    @inline(never)
    mutating func makeRoom(for newcomer: Rank) {
        clock.rest()
        endOverdue(atMost: Self.expiriesPerNewcomer)
        if table.count > emergency.watchAbove { relieve(newcomer) }
        if table.isFull { evict(newcomer) }
    }

    /// Ends those whose deadline lies in a tick before this one: who that is does not depend on when in a tick it is asked.
    private mutating func endOverdue(atMost count: Int) {
        // Nothing new since the last time, when there was nothing more. Time may have gone back, or not begun: then the difference is a large number.
        if !hasOverdue, UInt64(bitPattern: clock.steady &- overdueTick) < UInt64(wheel.tick) { return }
        let tick = wheel.start(ofTickAt: clock.steady)
        (overdueTick, hasOverdue) = (tick, true)
        for _ in 0..<count {
            guard let index = wheel.popDue(by: tick) else { return hasOverdue = false }
            let slot = table.slot(at: index)
            let connection = table.pointer(to: slot)
            let deadline = connection.pointee.touched &+ connection.timeout(options)
            guard deadline < tick else {
                wheel.arm(index, at: deadline)
                continue
            }
            if connection.pointee.phase != .tombstone { end(slot, connection, connection.endReason(otherwise: .idle)) }
            bury(slot, connection, at: tick)
        }
    }

    /// Lets time pass without a packet; for live traffic that pauses.
    public mutating func advance(to time: Timestamp) { clock.advance(to: time.nanoseconds) }

    /// Gives up one connection, by `Rank`.
    @inline(never)
    private mutating func evict(_ newcomer: Rank) {
        guard let slot = table.front(of: Table.Order(rankToGiveUp(newcomer))) else { return }
        // In a flood it is the next one's turn soon; where its bucket lies nothing foretells.
        if let next = table.next(after: slot) { table.prefetchBucket(table.hash(of: table.key(at: next))) }
        giveUp(slot, table.pointer(to: slot), .evicted)
    }

    /// The rank whose longest silent is to be given up, while a newcomer stands at the back of its own: it does not count there.
    mutating func rankToGiveUp(_ newcomer: Rank) -> Rank {
        func count(_ rank: Rank) -> Int { table.count(of: Table.Order(rank)) &- (rank == newcomer ? 1 : 0) }
        let (attempts, closed, unanswered) = (count(.attempt), count(.closed), count(.unanswered))
        if attempts > 0, attempts >= closed, attempts >= unanswered { return .attempt }
        if closed > 0, closed >= unanswered { return .closed }
        return unanswered > 0 ? .unanswered : .established
    }

    /// Ends a connection before its time, or drops its tombstone.
    mutating func giveUp(_ slot: Table.Slot, _ connection: UnsafeMutablePointer<Connection>, _ reason: EndReason) {
        if connection.pointee.phase == .tombstone {
            counters.evictedTombstones &+= 1
        } else {
            end(slot, connection, connection.endReason(otherwise: reason))
        }
        remove(slot)
    }

    /// Ends all connections: the run is over.
    public mutating func drain() {
        defer { noteHeld() }
        clock.rest()
        leaveEmergency()
        for rank in Rank.allCases.reversed() {
            while let slot = table.front(of: Table.Order(rank)) {
                let connection = table.pointer(to: slot)
                if connection.pointee.phase != .tombstone {
                    // The wheel may not have come round to it.
                    let isSilent = clock.steady &- connection.pointee.touched >= connection.timeout(options)
                    end(slot, connection, connection.endReason(otherwise: isSilent ? .idle : .drained))
                }
                remove(slot)
            }
        }
    }

    /// Reports a connection. A closed one may stay, as a tombstone; any other is to be removed.
    mutating func end(_ slot: Table.Slot, _ connection: UnsafeMutablePointer<Connection>, _ reason: EndReason) {
        clock.rest()
        let late = clock.steady &- connection.pointee.touched &- connection.timeout(options)
        if late >= 0 { counters.lateness.add(late) }
        endSubscriptions(slot, connection, reason)
        counters.ends[Int(reason.rawValue)] &+= 1
        if connection.pointee.phase.isClosing { connection.pointee.phase = .tombstone }
    }

    /// What has been reported, and waits for nothing: a tombstone stays for its time, and all else is gone.
    mutating func bury(_ slot: Table.Slot, _ connection: UnsafeMutablePointer<Connection>, at time: Int64) {
        let deadline = connection.pointee.touched &+ options.pointee.tcpTombstoneTimeout
        guard connection.pointee.phase == .tombstone, deadline >= time else { return remove(slot) }
        wheel.arm(slot.index, at: deadline)
    }

    mutating func remove(_ slot: Table.Slot) {
        if elders > 0 { forgetElder(Int(slot.index)) }
        wheel.disarm(slot.index)
        // A packet of the same burst may look there for it.
        table.pointer(to: slot).pointee.phase = .new
        table.remove(slot)
    }
}
