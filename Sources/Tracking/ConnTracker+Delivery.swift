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
        var key = key
        key.words.4 |= UInt64(connection.pointee.vlans)
        return withUnsafePointer(to: key) { subscribers.program(number).pointee.match($0, source: connection.pointee.originator, service: service) }
    }

    mutating func start(_ wanting: SubscriberSet, _ key: FlowKey, _ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        connection.pointee.subscribed.insert(wanting)
        connection.pointee.active.insert(wanting)
        let record = ConnectionRecord(key, connection, extras.known(index))
        for number in wanting { subscribers.with(number) { $0.start(index, record) } }
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
            flush(index, connection, .a)
            flush(index, connection, .b)
            if connection.pointee.parsing.isRunning { finishParser(index, connection) }
        }
        if !connection.pointee.pending.isEmpty { decidePending(slot, connection) }
        if !connection.pointee.subscribed.isEmpty {
            let record = ConnectionRecord(table.key(at: slot), connection, extras.known(index), endReason: reason)
            for number in connection.pointee.subscribed { subscribers.with(number) { $0.end(index, record) } }
        }
        connection.pointee.subscribed = SubscriberSet()
        connection.pointee.active = SubscriberSet()
        if connection.pointee.wants.isMoreThanCounts { updateWants(index, connection) }
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
        if wants.isDisjoint(with: .reassembly) {
            if connection.pointee.wants.contains(.hasStreams) {
                reassembly.free(Reassembly.stream(index, .a))
                reassembly.free(Reassembly.stream(index, .b))
            }
        } else {
            wants.insert(.hasStreams)
        }
        connection.pointee.wants = wants
    }

    mutating func apply(_ verdict: Verdict, to number: Int, _ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        guard verdict != .more else { return }
        connection.pointee.active.remove(SubscriberSet(member: number))
        if verdict == .unsubscribe {
            connection.pointee.subscribed.remove(SubscriberSet(member: number))
            subscribers.with(number) { $0.drop(index) }
        }
        updateWants(index, connection)
    }

    // MARK: Packets and streams

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
        if !connection.pointee.wants.isDisjoint(with: .reassembly) { reassemble(packet, frame, index, connection, sender) }
    }

    /// Puts a segment's payload in its place, and gives out what is in order with it.
    mutating func reassemble(
        _ packet: UnsafePointer<Packet>, _ frame: UnsafePointer<Frame>, _ index: Int, _ connection: UnsafeMutablePointer<Connection>, _ sender: Endpoint
    ) {
        let stream = Reassembly.stream(index, sender)
        var sequence = packet.pointee.sequence
        if packet.pointee.flags.contains(.rst) { return }
        if packet.pointee.flags.contains(.syn) {
            // A SYN that the receiver drops brings nothing.
            guard connection.side(sender).pointee.initial == sequence else { return }
            sequence = sequence + 1
            reassembly.begin(stream, at: sequence)
        }
        var payload = UnsafeRawBufferPointer(start: frame.pointee.bytes + Int(packet.pointee.payloadOffset), count: Int(packet.pointee.payloadCaptured))
        let notCaptured = Int(packet.pointee.payloadLength) - payload.count
        guard payload.count + notCaptured > 0 else { return }
        // No window is that large: the header's length is a lie.
        guard notCaptured <= Reassembly.maxWindow else { return counters.implausibleBytes &+= UInt64(payload.count) }
        let end = sequence + payload.count

        arriving: while payload.count > 0 {
            let done: Int
            switch reassembly.arrive(stream, sequence, count: payload.count) {
            case .inOrder(let range):
                counters.repeatedBytes &+= UInt64(range.lowerBound)
                give(UnsafeRawBufferPointer(rebasing: payload[range]), index, connection, sender)
                popReady(stream, index, connection, sender)
                done = range.upperBound
            case .ahead:
                done = reassembly.hold(stream, sequence, payload, repeated: &counters.repeatedBytes)
                if done < payload.count {
                    // No room: holes are given up, first to last, until this segment's turn has come.
                    counters.holesGivenUp &+= 1
                    giveGap(reassembly.skipHole(stream, upTo: sequence + done), index, connection, sender)
                    popReady(stream, index, connection, sender)
                }
            case .old:
                counters.repeatedBytes &+= UInt64(payload.count)
                break arriving
            case .implausible:
                counters.implausibleBytes &+= UInt64(payload.count)
                return
            }
            guard !connection.pointee.wants.isDisjoint(with: .reassembly) else { return }
            payload = UnsafeRawBufferPointer(rebasing: payload[done...])
            sequence = sequence + done
        }
        counters.reassemblyPeak = UInt64(reassembly.heldPagesPeak * Reassembly.pageSize)
        if notCaptured > 0 { skipUncaptured(end, notCaptured, stream, index, connection, sender) }
    }

    /// Steps over bytes that were on the wire and not captured, as far as they come next.
    mutating func skipUncaptured(
        _ start: SequenceNumber, _ count: Int, _ stream: Int, _ index: Int, _ connection: UnsafeMutablePointer<Connection>, _ sender: Endpoint
    ) {
        var sequence = start
        while !connection.pointee.wants.isDisjoint(with: .reassembly), start + count - sequence > 0,
            case .inOrder(let range) = reassembly.arrive(stream, sequence, count: start + count - sequence)
        {
            giveGap(range.count, index, connection, sender)
            popReady(stream, index, connection, sender)
            sequence = sequence + range.upperBound
        }
    }

    mutating func popReady(_ stream: Int, _ index: Int, _ connection: UnsafeMutablePointer<Connection>, _ sender: Endpoint) {
        while !connection.pointee.wants.isDisjoint(with: .reassembly), let piece = reassembly.popReady(stream) {
            give(piece.bytes, index, connection, sender)
            reassembly.release(piece)
        }
    }

    /// Gives out all that is held of a direction, holes as gaps.
    mutating func flush(_ index: Int, _ connection: UnsafeMutablePointer<Connection>, _ sender: Endpoint) {
        let stream = Reassembly.stream(index, sender)
        while !connection.pointee.wants.isDisjoint(with: .reassembly), reassembly.holds(stream) {
            giveGap(reassembly.skipHole(stream), index, connection, sender)
            popReady(stream, index, connection, sender)
        }
    }

    /// The direction's next bytes, to the parser and to those who want the stream.
    mutating func give(_ bytes: UnsafeRawBufferPointer, _ index: Int, _ connection: UnsafeMutablePointer<Connection>, _ sender: Endpoint) {
        guard bytes.count > 0 else { return }
        counters.streamBytes &+= UInt64(bytes.count)
        let span = RawSpan(_unsafeBytes: bytes)
        let direction = connection.direction(of: sender)
        if connection.pointee.wants.contains(.sessions) { parse(span, index, connection, direction) }
        if connection.pointee.wants.contains(.stream) {
            for number in connection.pointee.active.intersection(streamMembers) {
                let verdict = subscribers.with(number) { $0.stream(index, span, from: direction) }
                apply(verdict, to: number, index, connection)
            }
        }
    }

    mutating func giveGap(_ byteCount: Int, _ index: Int, _ connection: UnsafeMutablePointer<Connection>, _ sender: Endpoint) {
        guard byteCount > 0 else { return }
        counters.gaps &+= 1
        counters.gapBytes &+= UInt64(byteCount)
        let direction = connection.direction(of: sender)
        if connection.pointee.parsing.isRunning {
            let progress = parsers.with(Int(connection.pointee.parser)) { $0.skip(index, byteCount, from: direction) }
            advanceParser(progress, index, connection)
        }
        if connection.pointee.wants.contains(.stream) {
            for number in connection.pointee.active.intersection(streamMembers) {
                let verdict = subscribers.with(number) { $0.gap(index, byteCount, from: direction) }
                apply(verdict, to: number, index, connection)
            }
        }
    }
}
