import Packets

/// A packet's way to its connection: the table finds it, its side counts it, TCP's numbers are followed, and whoever wants more of it is given that.
extension ConnTracker {
    /// Counts the packets of a train in their connection, and gives them and what they bring to whoever subscribed.
    @inline(__always)
    mutating func process(_ train: UnsafePointer<PacketTrain>) {
        var car = UnsafePointer(train.pointee.cars)
        let end = UnsafePointer(train[1].cars)
        while car < end {
            passTime(UnsafePointer(car.pointee.packet))
            guard let connection = goingOn(train) ?? enter(UnsafePointer(car.pointee.packet), train, from: car.pointee.sender) else {
                car += 1
                continue
            }
            // Where flows are many most trains have one car, and the loop's beginning would cost each of them.
            if car + 1 == end { return track(car, connection, now) }
            car = follow(car, end, connection)
        }
    }

    /// Takes a train's packets to their open connection, up to the first that asks for another look at the time or at the connection, which it gives.
    @inline(never)
    private mutating func follow(
        _ first: UnsafePointer<TrainCar>, _ end: UnsafePointer<TrainCar>, _ connection: UnsafeMutablePointer<Connection>
    ) -> UnsafePointer<TrainCar> {
        var car = first
        // While a leap of time is in question, each packet has a say in it.
        let patience = clock.isAstray ? 0 : shortestTimeout
        while true {
            // A loop of one round is not worth its beginning.
            switch car + 1 < end ? connection.pace : .any {
            case .quietTCP where car.pointee.packet.pointee.flags.isDisjoint(with: .ofHandshakes):
                car = finish(connection.followQuietTCP(car, end, now, patience), car, connection)
            case .quietUDP:
                car = finish(connection.followQuietUDP(car, end, now, patience), car, connection)
            default:
                track(car, connection, now)
                car += 1
            }
            guard car < end else { return car }
            let time = car.pointee.packet.pointee.timestamp.nanoseconds
            guard connection.pointee.phase == .open, UInt64(bitPattern: time &- now) < patience else { return car }
            clock.proceed(to: time)
        }
    }

    /// Packets were followed that bring nothing but counts and numbers, which most do: what is the same for all of them, or of which only the last one's
    /// remains, is done once. Otherwise it is what `track` does.
    @inline(__always)
    private mutating func finish(_ run: QuietRun, _ first: UnsafePointer<TrainCar>, _ connection: UnsafeMutablePointer<Connection>) -> UnsafePointer<TrainCar> {
        let wentBack = connection.pointee.touched > now
        clock.proceed(to: run.now)
        counters.outcomes[PacketOutcome.tracked.rawValue] &+= UInt64(run.car - first)
        connection.pointee.touched = run.now
        if run.changes >> 30 != 0 { keepInOrder(connection, isNewSecond: true, wentBack: wentBack) }
        return run.car
    }

    /// What a packet of a connection that goes on costs: its side's counters, TCP's numbers, and looking whether somebody wants more.
    ///
    /// - Parameter now: the engine's time.
    @inline(__always)
    mutating func track(_ car: UnsafePointer<TrainCar>, _ connection: UnsafeMutablePointer<Connection>, _ now: Int64) {
        let packet = UnsafePointer(car.pointee.packet)
        let sender = car.pointee.sender
        let side = connection.side(sender)
        let seen = side.pointee.seen
        if _fastPath(packet.pointee.transport == .tcp) {
            let change = connection.followTCP(packet, from: sender)
            if change != .none { act(on: change, connection, sender) }
        } else if packet.pointee.transport != .udp {
            noteError(packet, car.pointee.frame)
        }
        connection.count(packet, side)
        counters.outcomes[PacketOutcome.tracked.rawValue] &+= 1
        let before = connection.pointee.touched
        let isNewSecond = (before ^ now) >> 30 != 0
        connection.pointee.touched = now
        // A first packet's rank is known from it alone, and that of what is closed does not change.
        if isNewSecond
            || connection.pointee.rank != .established && connection.pointee.phase == .open && (seen != side.pointee.seen || side.pointee.packets == 1)
                && !connection.pointee.wants.contains(.beginning)
        {
            keepInOrder(connection, isNewSecond: isNewSecond, wentBack: before > now)
        }
        let wants = connection.pointee.wants
        // Nearly half of all segments are acknowledgments alone.
        if wants.isMoreThanCounts, !(wants.isForBytesAlone && packet.pointee.isWithoutBytes) { serve(car, connection) }
    }

    /// The train's connection, where the table has seen it, it is open, and was heard of not long ago.
    @inline(__always)
    private mutating func goingOn(_ train: UnsafePointer<PacketTrain>) -> UnsafeMutablePointer<Connection>? {
        let key = UnsafeRawPointer(train).assumingMemoryBound(to: FlowKey.self)
        guard let connection = table.find(key, hinted: train.pointee.hash), connection.pointee.phase == .open,
            now &- connection.pointee.touched < Int64(shortestTimeout)
        else { return nil }
        return connection
    }

    /// A connection's first packet of a train, or one that is not simply the next of an open connection: finds the connection or makes it.
    /// Nil when the packet is not to be counted in one; its outcome is, then.
    @inline(never)
    mutating func enter(
        _ packet: UnsafePointer<Packet>, _ train: UnsafePointer<PacketTrain>, from sender: Endpoint
    ) -> UnsafeMutablePointer<Connection>? {
        if !options.pointee.midstream, isMidstream(packet, train) {
            counters.outcomes[PacketOutcome.midstream.rawValue] &+= 1
            return nil
        }
        var (slot, isNew) = table.findOrInsert(train.pointee.key, hash: train.pointee.hash, order: Table.Order(Rank(ofFirst: packet)))!
        var connection = table.pointer(to: slot)
        if !isNew, connection.pointee.phase != .open || now &- connection.pointee.touched >= Int64(shortestTimeout) {
            switch meetLate(packet, slot, connection, sender) {
            case .goesOn: break
            case .tooLate:
                counters.outcomes[PacketOutcome.afterEnd.rawValue] &+= 1
                countAfterReport(packet)
                return nil
            case .isOver:
                if !options.pointee.midstream, isMidstream(packet, train) {
                    counters.outcomes[PacketOutcome.midstream.rawValue] &+= 1
                    return nil
                }
                (slot, isNew) = table.findOrInsert(train.pointee.key, hash: train.pointee.hash, order: Table.Order(Rank(ofFirst: packet)))!
                connection = table.pointer(to: slot)
            }
        }
        if isNew { begin(packet, slot, connection, sender) }
        return connection
    }

    /// Everything beyond counting: what the packet brings for the subscriptions there are.
    @inline(never)
    private mutating func serve(_ car: UnsafePointer<TrainCar>, _ connection: UnsafeMutablePointer<Connection>) {
        let wants = connection.pointee.wants
        if !wants.isDisjoint(with: [.beginning, .reoriented]) { return tell(car, connection) }
        let (packet, frame, sender) = (UnsafePointer(car.pointee.packet), car.pointee.frame, car.pointee.sender)
        let index = Int(table.index(of: connection))
        // `deliver` counts the stage's cycles, too.
        if wants.isForBytesAlone, meter == nil { return reassemble(packet, frame, Half(index: index, connection: connection, sender: sender)) }
        deliver(packet, frame, index, connection, sender)
    }

    /// A connection is new, or its originator is another than was said; then what the packet brings.
    @inline(never)
    private mutating func tell(_ car: UnsafePointer<TrainCar>, _ connection: UnsafeMutablePointer<Connection>) {
        let slot = table.slot(of: connection)
        if connection.pointee.wants.contains(.beginning) {
            connection.pointee.wants.remove(.beginning)
            wheel.arm(slot.index, at: now &+ connection.timeout(options))
            startSubscriptions(slot, connection)
        }
        if connection.pointee.wants.contains(.reoriented) {
            connection.pointee.wants.remove(.reoriented)
            keepInOrder(connection, isNewSecond: false)
            reorient(slot, connection)
        }
        if connection.pointee.wants.isMoreThanCounts {
            deliver(UnsafePointer(car.pointee.packet), car.pointee.frame, Int(slot.index), connection, car.pointee.sender)
        }
    }

    @inline(never)
    mutating func isMidstream(_ packet: UnsafePointer<Packet>, _ train: UnsafePointer<PacketTrain>) -> Bool {
        packet.pointee.transport == .tcp && !packet.pointee.flags.contains(.syn) && table.find(train.pointee.key, hash: train.pointee.hash) == nil
    }
}

extension Packet {
    /// Whether it means nothing to streams: no payload, and neither beginning nor end.
    @inline(__always)
    fileprivate var isWithoutBytes: Bool { payloadLength == 0 && flags.isDisjoint(with: .ofHandshakes) }
}
