import Filters
import Packets
import Protocols

/// What happens for a connection's subscriptions: who starts, who gets packets, bytes and sessions, who is done. Nothing of this runs for a connection
/// whose `wants` is empty.
extension ConnTracker {
    // MARK: Starting and ending

    /// Asks each subscription's filter about a new connection.
    @inline(__always)
    mutating func startSubscriptions(_ slot: Table.Slot, _ connection: UnsafeMutablePointer<Connection>) {
        guard subscribers.count > 0 else { return }
        let index = Int(slot.index)
        if filters.asksProgramsAlone, members.wordCount == 1, !levels.isOn, meter == nil { return startSimply(index, connection) }
        levels.begin(index)
        if meter == nil { beginDecisions(index, connection) } else { beginMeasuredDecisions(index, connection) }
        if !starting.isEmpty { start(starting, index, connection) }
        if wantsStages || !members.pending(index, connection).isEmpty { updateWants(index, connection) }
    }

    /// The same where filters look at keys alone, a word is enough for each set, and nothing else is to be done: the common case, in a third of the steps.
    @inline(__always)
    private mutating func startSimply(_ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        filters.begin(index)
        let key = filterKey(connection), source = connection.pointee.originator
        var (starting, pending) = (0 as UInt64, 0 as UInt64)
        for number in 0..<subscribers.count {
            switch filters.programs[number].match(key, source: source, service: nil) {
            case .no: break
            case .unknown: pending |= 1 << UInt64(number)
            case .yes: starting |= 1 << UInt64(number)
            }
        }
        connection.pointee.members = (starting, starting, pending)
        if starting != 0 {
            ConnectionRecord.fill(record, connection, extras.known(index))
            while starting != 0 {
                subscribers.with(starting.trailingZeroBitCount) { $0.start(index, UnsafePointer(record)) }
                starting &= starting &- 1
            }
        }
        if wantsStages || pending != 0 { updateWants(index, connection) }
    }

    @inline(never)
    private mutating func beginMeasuredDecisions(_ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        staged(.decisions) { $0.beginDecisions(index, connection) }
    }

    @inline(__always)
    mutating func start(_ wanting: MemberSet, _ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        members.insert(wanting, index, connection)
        ConnectionRecord.fill(record, connection, extras.known(index))
        for number in wanting { subscribers.with(number) { $0.start(index, UnsafePointer(record)) } }
        if levels.isOn { catchUp(wanting, index, connection) }
    }

    /// Gives out what is left of the streams, and the record.
    @inline(never)
    mutating func endSubscriptions(_ slot: Table.Slot, _ connection: UnsafeMutablePointer<Connection>, _ reason: EndReason) {
        let index = Int(slot.index)
        if !connection.pointee.wants.isDisjoint(with: .reassembly) {
            if connection.pointee.transport == .tcp {
                flush(Half(index: index, connection: connection, sender: .a))
                flush(Half(index: index, connection: connection, sender: .b))
            }
            if connection.pointee.parsing.isRunning { finishParser(index, connection) }
        }
        if !members.pending(index, connection).isEmpty { decidePending(index, connection, isOver: true, reason) }
        if heldSessions > 0 { giveHeldSessions(index, connection, reason) }
        let hasStreams = connection.pointee.wants.contains(.hasStreams)
        if hasStreams {
            settleAccounts(index, connection)
        } else if connection.pointee.transport == .tcp {
            // Nobody ever wanted them.
            let bytes = connection.pointee.sideA.payloadBytes &+ connection.pointee.sideB.payloadBytes
            counters.payloadBytes &+= bytes
            counters.payload[ByteOutcome.unwanted.rawValue] &+= bytes
        }
        let subscribed = members.subscribed(index, connection)
        if !subscribed.isEmpty {
            ConnectionRecord.fill(
                record, connection, extras.known(index), hasStreams ? reassembly.accounts(index) : nil, endReason: reason)
            for number in subscribed { subscribers.with(number) { $0.end(index, UnsafePointer(record)) } }
        }
        members.clear(index, connection)
        if connection.pointee.wants.isMoreThanCounts { updateWants(index, connection) }
        if hasStreams { closeStreams(index) }
    }

    /// Works out what is still wanted, and gives back what no longer is.
    mutating func updateWants(_ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        let (active, pending) = (members.active(index, connection), members.pending(index, connection))
        var wants: Wants = []
        if levels.isOn || !active.isEmpty || !pending.isEmpty { wants = whatIsWanted(active, pending, index, connection) }
        if !wants.contains(.sessions), connection.pointee.parsing.isRunning { stopParser(index, connection) }
        let hadStreams = connection.pointee.wants.contains(.hasStreams)
        if hadStreams, wants.isDisjoint(with: .reassembly) { freeStreams(index) }
        // Their accounts are kept to the end.
        if hadStreams || !wants.isDisjoint(with: .reassembly) && connection.pointee.transport == .tcp { wants.insert(.hasStreams) }
        connection.pointee.wants = wants
    }

    @inline(__always)
    private mutating func whatIsWanted(
        _ active: MemberSet, _ pending: MemberSet, _ index: Int, _ connection: UnsafeMutablePointer<Connection>
    ) -> Wants {
        // Most have one word, and looking at the words of sets that never change is all there is to do.
        let isWord = active.isWord
        func overlap(_ set: MemberSet, _ members: MemberSet) -> Bool { isWord ? set.word & members.word != 0 : set.overlaps(members) }
        var wants: Wants = []
        if overlap(active, packetMembers) { wants.insert(.packets) }
        if connection.pointee.transport == .tcp, overlap(active, streamMembers) { wants.insert(.stream) }
        if connection.pointee.parsing != .over, overlap(active, sessionMembers) || overlap(pending, readers), mayHaveSessions(connection) {
            wants.insert(.sessions)
        }
        if filters.hasFacts, overlap(pending, filters.packetAskers) { wants.insert(.decision) }
        if levels.isOn { wants.formUnion(updateLevels(index, connection)) }
        return wants
    }

    /// Whether there is a parser for what its transport may carry.
    @inline(__always)
    mutating func mayHaveSessions(_ connection: UnsafeMutablePointer<Connection>) -> Bool {
        connection.pointee.transport == .tcp || connection.pointee.transport == .udp && parserTraits.takeDatagrams
    }

    mutating func apply(_ verdict: Verdict, to number: Int, _ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        guard verdict != .more else { return }
        members.active(index, connection).remove(number)
        if verdict == .unsubscribe { drop(number, index, connection) }
        updateWants(index, connection)
    }

    /// Takes a subscription's value away, without `ended`.
    @inline(never)
    mutating func drop(_ number: Int, _ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        members.active(index, connection).remove(number)
        members.subscribed(index, connection).remove(number)
        subscribers.with(number) { $0.drop(index) }
    }

    // MARK: Packets

    @inline(never)
    mutating func deliver(
        _ packet: UnsafePointer<Packet>, _ frame: UnsafePointer<Frame>, _ index: Int, _ connection: UnsafeMutablePointer<Connection>, _ sender: Endpoint
    ) {
        if connection.pointee.wants.contains(.decision) { staged(.decisions) { $0.decide(with: packet, frame, index, connection, sender) } }
        if !connection.pointee.wants.isDisjoint(with: [.packets, .levels]) { givePacket(packet, frame, index, connection, sender) }
        if !connection.pointee.wants.isDisjoint(with: .reassembly) {
            let half = Half(index: index, connection: connection, sender: sender)
            staged(.reassembly) { $0.reassemble(packet, frame, half) }
        }
    }

    @inline(never)
    private mutating func givePacket(
        _ packet: UnsafePointer<Packet>, _ frame: UnsafePointer<Frame>, _ index: Int, _ connection: UnsafeMutablePointer<Connection>, _ sender: Endpoint
    ) {
        if connection.pointee.wants.contains(.packets) {
            let span = RawSpan(_unsafeStart: frame.pointee.bytes, byteCount: Int(frame.pointee.length))
            let direction = connection.direction(of: sender)
            let active = members.active(index, connection)
            let areChosen = active.overlaps(filters.packetChoosers)
            if areChosen { staged(.decisions) { $0.choosePacket(packet, frame, index, connection, sender) } }
            for number in active.intersection(packetMembers) {
                if areChosen, filters.packetChoosers.contains(number), !receiving.contains(number) { continue }
                let verdict = subscribers.with(number) { $0.packet(index, packet, span, from: direction) }
                apply(verdict, to: number, index, connection)
            }
        }
        if connection.pointee.wants.contains(.levels) { meetLevels(packet, frame, index, connection, sender) }
    }
}
