import Filters
import Packets

/// The moments of a connection's life beside its beginning and its end, and what it brought before anybody wanted it. Nothing of this runs unless some
/// subscription asks for it.
extension ConnTracker {
    // MARK: What is wanted

    /// Works out which of it is wanted now, gives back what no longer is, and says what that needs of the connection.
    @inline(never)
    mutating func updateLevels(_ index: Int, _ connection: UnsafeMutablePointer<Connection>) -> Wants {
        let (active, pending, entry) = (members.active(index, connection), members.pending(index, connection), levels[index])
        var wants: LevelWants = []
        if !entry.pointee.isEstablished, active.overlaps(levels.establishedMembers) { wants.insert(.establishment) }
        if active.overlaps(levels.tickMembers) { wants.insert(.ticks) }
        if pending.overlaps(levels.packetHistoryMembers) { wants.insert(.packetHistory) }
        if connection.pointee.transport == .tcp, pending.overlaps(levels.streamHistoryMembers) { wants.insert(.streamHistory) }
        let histories: LevelWants = [.packetHistory, .streamHistory]
        if wants.isDisjoint(with: histories), !entry.pointee.wants.isDisjoint(with: histories) { levels.histories.release(index) }
        entry.pointee.wants = wants
        if wants.contains(.streamHistory) { return [.levels, .stream] }
        return wants.isEmpty ? [] : .levels
    }

    // MARK: A packet

    /// A packet has been given to those who want packets; its bytes have not been given to anybody.
    @inline(never)
    mutating func meetLevels(
        _ packet: UnsafePointer<Packet>, _ frame: UnsafePointer<Frame>, _ index: Int, _ connection: UnsafeMutablePointer<Connection>, _ sender: Endpoint
    ) {
        let entry = levels[index]
        if entry.pointee.wants.contains(.packetHistory), !levels.histories.keep(index, packet, frame, from: sender) {
            counters.historyPacketsMissed &+= 1
        }
        if entry.pointee.wants.contains(.establishment), connection.hasBeenEstablished { tellEstablished(index, connection) }
        if entry.pointee.wants.contains(.ticks) { lookAtTicks(index, connection) }
    }

    private mutating func tellEstablished(_ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        levels[index].pointee.isEstablished = true
        fillRecord(index, connection)
        let active = members.active(index, connection)
        for number in active.intersection(levels.establishedMembers) where active.contains(number) {
            settle(subscribers.with(number) { $0.established(index, UnsafePointer(record)) }, of: number, index, connection)
        }
        updateWants(index, connection)
    }

    /// Tells those whose tick is due. Which is the next is worked out anew then; for all other packets it is three comparisons.
    private mutating func lookAtTicks(_ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        let due = levels[index].pointee.due
        let clock = connection.tickClock
        guard clock.packets >= due.packets || clock.bytes >= due.bytes || clock.nanoseconds >= due.nanoseconds else { return }
        fillRecord(index, connection)
        let active = members.active(index, connection)
        for number in active.intersection(levels.tickMembers) where active.contains(number) {
            guard subscribers.with(number, { $0.takeTick(index, at: clock) }) else { continue }
            settle(subscribers.with(number) { $0.ticked(index, UnsafePointer(record)) }, of: number, index, connection)
        }
        updateWants(index, connection)
        findNextTick(index, connection)
    }

    private mutating func findNextTick(_ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        let entry = levels[index]
        entry.pointee.due = (LevelTable.Entry.never, LevelTable.Entry.never, LevelTable.Entry.never)
        for number in members.active(index, connection).intersection(levels.tickMembers) {
            let (unit, due) = subscribers.with(number) { $0.nextTick(index) }
            switch unit {
            case .packets: entry.pointee.due.packets = min(entry.pointee.due.packets, due)
            case .bytes: entry.pointee.due.bytes = min(entry.pointee.due.bytes, due)
            case .nanoseconds: entry.pointee.due.nanoseconds = min(entry.pointee.due.nanoseconds, due)
            }
        }
    }

    // MARK: A subscription's start

    /// A subscription has begun for a connection: it is given what came before, and told what has happened. Whoever calls looks at what is wanted then.
    @inline(never)
    mutating func catchUp(_ starting: MemberSet, _ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        let active = members.active(index, connection)
        for number in starting.intersection(levels.packetHistoryMembers) { settle(replay(to: number, index, connection), of: number, index, connection) }
        for number in starting.intersection(levels.streamHistoryMembers) where !levels.packetHistoryMembers.contains(number) {
            settle(replay(to: number, index, connection), of: number, index, connection)
        }
        // Those who still wait are told with the packet at hand, and this one with them.
        if connection.hasBeenEstablished, !levels[index].pointee.wants.contains(.establishment) {
            for number in starting.intersection(levels.establishedMembers) where active.contains(number) {
                levels[index].pointee.isEstablished = true
                settle(subscribers.with(number) { $0.established(index, UnsafePointer(record)) }, of: number, index, connection)
            }
        }
        guard starting.overlaps(levels.tickMembers) else { return }
        // The first packet counts towards the first tick.
        let isFirst = connection.pointee.sideA.packets &+ connection.pointee.sideB.packets == 1
        let clock = isFirst ? TickClock(packets: 0, bytes: 0, nanoseconds: 0) : connection.tickClock
        for number in starting.intersection(levels.tickMembers) { subscribers.with(number) { $0.armTick(index, at: clock) } }
        findNextTick(index, connection)
    }

    private mutating func replay(to number: Int, _ index: Int, _ connection: UnsafeMutablePointer<Connection>) -> Verdict {
        let seesPackets = levels.packetHistoryMembers.contains(number), seesStream = levels.streamHistoryMembers.contains(number)
        // Who chooses single packets chooses of these, too.
        let chooses = filters.packetChoosers.contains(number)
        let view = view(index, connection)
        var verdict = Verdict.more
        levels.histories.replay(index) { item, sender in
            let direction = connection.direction(of: sender)
            subscribers.with(number) { subscriber in
                switch item {
                case .packet(let packet, let frame):
                    guard seesPackets, !chooses || isChosen(FramedPacket(packet, frame), number, view, direction) else { return }
                    let bytes = RawSpan(_unsafeStart: frame.pointee.bytes, byteCount: Int(frame.pointee.length))
                    verdict = subscriber.packet(index, packet, bytes, from: direction)
                case .bytes(let bytes): if seesStream { verdict = subscriber.stream(index, RawSpan(_unsafeBytes: bytes), from: direction) }
                case .gap(let count): if seesStream { verdict = subscriber.gap(index, count, from: direction) }
                }
            }
            return verdict == .more
        }
        return verdict
    }

    /// Whether a filter that has matched the connection wants this packet of it. What is known at the end only is no reason to keep it back.
    private func isChosen(_ packet: FramedPacket, _ number: Int, _ view: PlanView, _ direction: Direction) -> Bool {
        filters.with { $0.single(packet, isFromOriginator: direction == .originator) }
        return filters.with { $0.decide(number, view) } != .no
    }

    // MARK: Keeping what a stream brings

    @inline(never)
    mutating func keepStream(_ bytes: UnsafeRawBufferPointer, _ half: Half) {
        guard levels[half.index].pointee.wants.contains(.streamHistory) else { return }
        if !levels.histories.keep(half.index, bytes, from: half.sender) { counters.historyBytesMissed &+= UInt64(bytes.count) }
    }

    @inline(never)
    mutating func keepGap(_ byteCount: Int, _ half: Half) {
        guard levels[half.index].pointee.wants.contains(.streamHistory) else { return }
        levels.histories.keepGap(half.index, byteCount, from: half.sender)
    }

    // MARK: Help

    private func fillRecord(_ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        ConnectionRecord.fill(record, connection, extras.known(index))
    }

    /// As `apply`, but what is wanted is looked at later.
    private mutating func settle(_ verdict: Verdict, of number: Int, _ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        switch verdict {
        case .more: break
        case .done: members.active(index, connection).remove(number)
        case .unsubscribe: drop(number, index, connection)
        }
    }
}

extension UnsafeMutablePointer<Connection> {
    /// How far it has come, for ticks.
    var tickClock: TickClock {
        let (a, b) = (pointee.sideA, pointee.sideB)
        let first = a.packets == 0 ? b.first : b.packets == 0 ? a.first : Swift.min(a.first, b.first)
        let last = a.packets == 0 ? b.last : b.packets == 0 ? a.last : Swift.max(a.last, b.last)
        return TickClock(
            packets: a.packets &+ b.packets, bytes: a.frameBytes &+ b.frameBytes, nanoseconds: UInt64(Swift.max(0, last &- first)))
    }
}
