import Filters
import Packets
import Protocols

/// What happens for a connection's subscriptions: who starts, who gets packets, bytes and sessions, who is done. Nothing of this runs for a connection
/// whose `wants` is empty.
extension ConnTracker {
    // MARK: Starting and ending

    /// Asks each subscription's filter about a new connection.
    @inline(never)
    mutating func startSubscriptions(_ slot: Table.Slot, _ connection: UnsafeMutablePointer<Connection>) {
        guard subscribers.count > 0 else { return }
        let key = table.key(at: slot)
        var wanting = SubscriberSet()
        for number in 0..<subscribers.count {
            switch match(number, key, connection, service: nil) {
            case .no: break
            case .unknown: connection.pointee.pending.insert(SubscriberSet(member: number))
            case .yes: wanting.insert(SubscriberSet(member: number))
            }
        }
        if !wanting.isEmpty { start(wanting, key, Int(slot.index), connection) }
        if wantsStages || !connection.pointee.pending.isEmpty { updateWants(Int(slot.index), connection) }
    }

    mutating func match(_ number: Int, _ key: FlowKey, _ connection: UnsafeMutablePointer<Connection>, service: Service?) -> Match {
        match(number, key, connection, source: connection.pointee.originator, service: service)
    }

    mutating func match(
        _ number: Int, _ key: FlowKey, _ connection: UnsafeMutablePointer<Connection>, source: Endpoint, service: Service?
    ) -> Match {
        var key = key
        key.words.4 |= UInt64(connection.pointee.vlans)
        return withUnsafePointer(to: key) { subscribers.program(number).pointee.match($0, source: source, service: service) }
    }

    mutating func start(_ wanting: SubscriberSet, _ key: FlowKey, _ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        connection.pointee.subscribed.insert(wanting)
        connection.pointee.active.insert(wanting)
        ConnectionRecord.fill(record, key, connection, extras.known(index))
        for number in wanting { subscribers.with(number) { $0.start(index, UnsafePointer(record)) } }
    }

    /// Asks the filters that could not tell again, now that the application protocol is known.
    mutating func decidePending(_ slot: Table.Slot, _ connection: UnsafeMutablePointer<Connection>) {
        let pending = connection.pointee.pending
        connection.pointee.pending = SubscriberSet()
        let key = table.key(at: slot)
        var wanting = SubscriberSet()
        for number in pending where match(number, key, connection, service: connection.pointee.service) == .yes { wanting.insert(SubscriberSet(member: number)) }
        if !wanting.isEmpty { start(wanting, key, Int(slot.index), connection) }
    }

    /// Gives out what is left of the streams, and the record.
    @inline(never)
    mutating func endSubscriptions(_ slot: Table.Slot, _ connection: UnsafeMutablePointer<Connection>, _ reason: EndReason) {
        let index = Int(slot.index)
        if !connection.pointee.wants.isDisjoint(with: .reassembly) {
            flush(Half(index: index, connection: connection, sender: .a))
            flush(Half(index: index, connection: connection, sender: .b))
            if connection.pointee.parsing.isRunning { finishParser(index, connection) }
        }
        if !connection.pointee.pending.isEmpty { decidePending(slot, connection) }
        let hasStreams = connection.pointee.wants.contains(.hasStreams)
        if hasStreams {
            settleAccounts(index, connection)
        } else if connection.pointee.transport == .tcp {
            // Nobody ever wanted them.
            let bytes = connection.pointee.sideA.payloadBytes &+ connection.pointee.sideB.payloadBytes
            counters.payloadBytes &+= bytes
            counters.payload[ByteOutcome.unwanted.rawValue] &+= bytes
        }
        if !connection.pointee.subscribed.isEmpty {
            ConnectionRecord.fill(
                record, table.key(at: slot), connection, extras.known(index), hasStreams ? reassembly.accounts(index) : nil, endReason: reason)
            for number in connection.pointee.subscribed { subscribers.with(number) { $0.end(index, UnsafePointer(record)) } }
        }
        connection.pointee.subscribed = SubscriberSet()
        connection.pointee.active = SubscriberSet()
        if connection.pointee.wants.isMoreThanCounts { updateWants(index, connection) }
        if hasStreams { closeStreams(index) }
    }

    /// Works out what is still wanted, and gives back what no longer is.
    mutating func updateWants(_ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        let active = connection.pointee.active
        var wants: Wants = []
        if active.overlaps(packetMembers) { wants.insert(.packets) }
        if connection.pointee.transport == .tcp {
            if active.overlaps(streamMembers) { wants.insert(.stream) }
            if connection.pointee.parsing != .over, active.overlaps(sessionMembers) || !connection.pointee.pending.isEmpty {
                wants.insert(.sessions)
            }
        }
        if !wants.contains(.sessions), connection.pointee.parsing.isRunning { stopParser(index, connection) }
        let hadStreams = connection.pointee.wants.contains(.hasStreams)
        if hadStreams, wants.isDisjoint(with: .reassembly) { freeStreams(index) }
        // Their accounts are kept to the end.
        if hadStreams || !wants.isDisjoint(with: .reassembly) { wants.insert(.hasStreams) }
        connection.pointee.wants = wants
    }

    mutating func apply(_ verdict: Verdict, to number: Int, _ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        guard verdict != .more else { return }
        connection.pointee.active.remove(SubscriberSet(member: number))
        if verdict == .unsubscribe { drop(number, index, connection) }
        updateWants(index, connection)
    }

    /// Takes a subscription's value away, without `ended`.
    @inline(never)
    mutating func drop(_ number: Int, _ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        connection.pointee.active.remove(SubscriberSet(member: number))
        connection.pointee.subscribed.remove(SubscriberSet(member: number))
        subscribers.with(number) { $0.drop(index) }
    }

    // MARK: Packets

    @inline(never)
    mutating func deliver(
        _ packet: UnsafePointer<Packet>, _ frame: UnsafePointer<Frame>, _ index: Int, _ connection: UnsafeMutablePointer<Connection>, _ sender: Endpoint
    ) {
        if connection.pointee.wants.contains(.packets) {
            let span = RawSpan(_unsafeStart: frame.pointee.bytes, byteCount: Int(frame.pointee.length))
            let direction = connection.direction(of: sender)
            for number in connection.pointee.active.intersection(packetMembers) {
                let verdict = subscribers.with(number) { $0.packet(index, packet, span, from: direction) }
                apply(verdict, to: number, index, connection)
            }
        }
        if !connection.pointee.wants.isDisjoint(with: .reassembly) {
            reassemble(packet, frame, Half(index: index, connection: connection, sender: sender))
        }
    }
}
