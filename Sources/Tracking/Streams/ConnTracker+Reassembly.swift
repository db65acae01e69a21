import Packets

/// One direction of a connection: who sends, and where its stream is.
struct Half {
    /// The connection's place in the table.
    var index: Int
    var connection: UnsafeMutablePointer<Connection>
    var sender: Endpoint

    @inline(__always)
    var stream: Int { Reassembly.stream(index, sender) }
    var other: Half { Half(index: index, connection: connection, sender: sender.other) }
    var direction: Direction { connection.direction(of: sender) }
    @inline(__always)
    var isWanted: Bool { !connection.pointee.wants.isDisjoint(with: .reassembly) }
}

/// How a segment comes to its place in the stream, and what becomes of each of its bytes.
extension ConnTracker {
    /// Puts a segment's payload in its place, and gives out what is in order with it.
    mutating func reassemble(_ packet: UnsafePointer<Packet>, _ frame: UnsafePointer<Frame>, _ half: Half) {
        guard packet.pointee.transport == .tcp else { return parseDatagram(packet, frame, half.index, half.connection, half.sender) }
        let length = Int(packet.pointee.payloadLength)
        counters.payloadBytes &+= UInt64(length)
        var sequence = packet.pointee.sequence
        if !packet.pointee.flags.isDisjoint(with: [.syn, .fin, .rst]) {
            guard let first = meetControl(packet, frame, half) else { return }
            sequence = first
        }
        guard length > 0 else { return }
        let payload = UnsafeRawBufferPointer(start: frame.pointee.bytes + Int(packet.pointee.payloadOffset), count: Int(packet.pointee.payloadCaptured))
        // Most segments come next, and nothing waits for them.
        if payload.count == length, reassembly.takeNext(half.stream, sequence, count: length) {
            give(payload, at: sequence, half)
        } else {
            place(payload, notCaptured: length - payload.count, at: sequence, half)
        }
    }

    /// What SYN, FIN and RST mean to the streams.
    ///
    /// - Returns: the sequence number of the first payload byte; nil when the payload is none of the stream.
    @inline(never)
    private mutating func meetControl(_ packet: UnsafePointer<Packet>, _ frame: UnsafePointer<Frame>, _ half: Half) -> SequenceNumber? {
        let flags = packet.pointee.flags
        let length = Int(packet.pointee.payloadLength)
        var sequence = packet.pointee.sequence
        if flags.contains(.rst) {
            // Text that says why, if anything (RFC 9293 section 3.5.3).
            count(.afterEnd, length, half.stream)
            // Beyond what both have sent so far, a connection that is reset brings nothing.
            guard half.connection.state(half.sender) == .reset else { return nil }
            reassembly.endByReset(half.stream, at: sequence)
            let peer = half.connection.side(half.sender.other)
            if peer.pointee.seen.contains(.sequenceKnown) { reassembly.endByReset(half.stream ^ 1, at: peer.pointee.next) }
            return nil
        }
        guard flags.contains(.syn) else {
            if isPlausible(sequence + length, half) { reassembly.endByFin(half.stream, at: sequence + length) }
            return sequence
        }
        // A SYN that the receiver drops brings nothing.
        guard half.connection.side(half.sender).pointee.initial == sequence else {
            count(.outOfWindow, length, half.stream)
            return nil
        }
        sequence = sequence + 1
        // An earlier SYN's data that this one does not repeat.
        if reassembly.isOpening(half.stream), reassembly.streams[half.stream].next != sequence { freeStream(half.index, half.sender, as: .outOfWindow) }
        reassembly.noteSyn(half.stream, WindowScale(packet, frame))
        if flags.contains(.ack), reassembly.isOpening(half.stream ^ 1) { beginOpening(half.other) { packet.pointee.acknowledgment - $0 } }
        if flags.contains(.fin), isPlausible(sequence + length, half) { reassembly.endByFin(half.stream, at: sequence + length) }
        if length > 0, !flags.contains(.ack), !reassembly.streams[half.stream].hasBegun {
            holdOpening(packet, frame, at: sequence, half)
            return nil
        }
        if !reassembly.isOpening(half.stream) { reassembly.begin(half.stream, at: sequence) }
        return sequence
    }

    /// Keeps a SYN's data until the other side says whether it took it.
    private mutating func holdOpening(_ packet: UnsafePointer<Packet>, _ frame: UnsafePointer<Frame>, at sequence: SequenceNumber, _ half: Half) {
        let data = UnsafeRawBufferPointer(start: frame.pointee.bytes + Int(packet.pointee.payloadOffset), count: Int(packet.pointee.payloadCaptured))
        let placement = reassembly.holdOpening(half.stream, sequence, data, at: now)
        tally(Fate(placement: placement, offset: 0, offered: data.count), sequence, half)
        count(.notCaptured, Int(packet.pointee.payloadLength) - data.count, half.stream)
        // What finds no room is as good as not taken: it is a gap, unless it comes again.
        count(.outOfWindow, data.count - placement.done, half.stream)
    }

    /// It is known how much of a SYN's data was taken.
    mutating func beginOpening(_ half: Half, taken: (_ first: SequenceNumber) -> Int) {
        guard reassembly.isOpening(half.stream) else { return }
        count(.outOfWindow, reassembly.beginOpening(half.stream, taken: taken(reassembly.streams[half.stream].next)), half.stream)
        popReady(half, at: now)
    }

    /// Whether a segment that ends here may be meant for this stream: its receiver's window says how far.
    private mutating func isPlausible(_ end: SequenceNumber, _ half: Half) -> Bool {
        let receiver = half.connection.side(half.sender.other)
        let reach = reassembly.reach(half.stream, window: receiver.pointee.window)
        if !reassembly.streams[half.stream].hasBegun || end - reassembly.streams[half.stream].next <= reach { return true }
        return receiver.pointee.seen.contains(.acknowledgmentKnown) && end - receiver.pointee.acknowledged <= reach
    }

    /// Any other segment: not the next, or not whole, or while others wait.
    @inline(never)
    private mutating func place(_ segment: UnsafeRawBufferPointer, notCaptured: Int, at sequence: SequenceNumber, _ half: Half) {
        let stream = half.stream
        // No window is that large: the header's length is a lie.
        guard notCaptured <= Reassembly.maxWindow else { return count(.outOfWindow, segment.count + notCaptured, stream) }
        if reassembly.holds(stream) {
            giveUpOverdueHoles(half)
            // Whoever goes on behind a SYN's data has been told that it was taken.
            beginOpening(half) { sequence - $0 }
        }
        guard half.isWanted else { return count(.unwanted, segment.count + notCaptured, stream) }
        reassembly.begin(stream, at: sequence)
        let wanted = reassembly.bytesBeforeEnd(stream, sequence, segment.count + notCaptured)
        if wanted < segment.count + notCaptured { count(.afterEnd, segment.count + notCaptured - wanted, stream) }
        let payload = UnsafeRawBufferPointer(rebasing: segment.prefix(wanted))
        var fate = Fate(offset: reassembly.offset(of: sequence, stream), offered: payload.count)
        place(payload, at: sequence, half, &fate)
        tally(fate, sequence, half)
        let cut = wanted - payload.count
        guard cut > 0 else { return }
        count(.notCaptured, cut, stream)
        skipUncaptured(sequence + payload.count, cut, half)
    }

    /// What became of a segment's bytes.
    private struct Fate {
        var placement = Reassembly.Placement()
        /// Where it begins, in bytes from the stream's first.
        var offset: Int
        /// Bytes before what came next, and what is known to differ of them.
        var passed = 0
        var passedConflict = Reassembly.Overlap()
        /// Bytes that had a place in the stream.
        var offered: Int
        var isAhead = false

        /// Whether any of its bytes came before, the same or another.
        var isKnown: Bool { passed | placement.repeated | placement.heldKept.byteCount | placement.heldReplaced.byteCount != 0 }
    }

    private mutating func place(_ payload: UnsafeRawBufferPointer, at sequence: SequenceNumber, _ half: Half, _ fate: inout Fate) {
        let stream = half.stream
        while fate.placement.done < payload.count {
            let position = sequence + fate.placement.done
            let rest = UnsafeRawBufferPointer(rebasing: payload[fate.placement.done...])
            guard half.isWanted else {
                count(.unwanted, rest.count, stream)
                fate.offered -= rest.count
                break
            }
            switch reassembly.arrive(stream, position, count: rest.count) {
            case .inOrder(let range):
                meetPassed(UnsafeRawBufferPointer(rebasing: rest[..<range.lowerBound]), at: position, half, &fate)
                if range.isEmpty {
                    // Held bytes come next, and the policy may prefer these to them.
                    fate.placement.done += range.lowerBound
                    reassembly.hold(stream, sequence, payload, at: now, &fate.placement)
                    popReady(half, at: now)
                } else {
                    fate.placement.done += range.upperBound
                    give(UnsafeRawBufferPointer(rebasing: rest[range]), at: position + range.lowerBound, half)
                    // Otherwise what else there is of it has a say in what is ready.
                    if fate.placement.done == payload.count { popReady(half, at: now) }
                }
            case .ahead where !isPlausible(sequence + payload.count, half), .implausible:
                count(.outOfWindow, rest.count, stream)
                fate.offered -= rest.count
                fate.placement.done = payload.count
            case .ahead:
                fate.isAhead = true
                reassembly.hold(stream, sequence, payload, at: now, &fate.placement)
                if fate.placement.done < payload.count { makeRoom(for: half, upTo: sequence + fate.placement.done) }
            case .old:
                meetPassed(rest, at: position, half, &fate)
                fate.placement.done = payload.count
            }
        }
    }

    /// Bytes at places that the stream has passed.
    private mutating func meetPassed(_ bytes: UnsafeRawBufferPointer, at position: SequenceNumber, _ half: Half, _ fate: inout Fate) {
        guard bytes.count > 0 else { return }
        let stream = half.stream
        let beforeBeginning = max(0, min(bytes.count, -(fate.offset + fate.placement.done)))
        let late = min(bytes.count, beforeBeginning + reassembly.givenUp(stream, position, bytes.count))
        var differing = 0
        // A keep-alive repeats the last byte, or sends another in its place (RFC 9293 section 3.8.4): that says nothing.
        let isKeepAlive = fate.offered == 1 && position - reassembly.streams[stream].next == -1
        if half.connection.pointee.wants.contains(.stream), !isKeepAlive {
            differing = min(bytes.count - late, reassembly.conflict(stream, position, bytes))
            if differing > 0 { fate.passedConflict.add(position, differing, differing: differing) }
        }
        count(.late, late, stream)
        count(.overlapped, differing, stream)
        count(.retransmitted, bytes.count - late - differing, stream)
        fate.passed += bytes.count
    }

    /// Books what became of a segment, and tells of conflicts.
    @inline(__always)
    private mutating func tally(_ fate: borrowing Fate, _ sequence: SequenceNumber, _ half: Half) {
        if fate.isAhead { reassembly.account(half.stream).pointee.outOfOrderSegments += 1 }
        if fate.isKnown { tallyKnown(fate, sequence, half) }
    }

    @inline(never)
    private mutating func tallyKnown(_ fate: borrowing Fate, _ sequence: SequenceNumber, _ half: Half) {
        let (placement, account) = (fate.placement, reassembly.account(half.stream))
        let overlapped = placement.heldKept.differing + placement.heldReplaced.differing
        count(.retransmitted, placement.repeated, half.stream)
        count(.overlapped, overlapped, half.stream)
        let known = fate.passed + placement.repeated + overlapped
        if known > 0 { if known == fate.offered { account.pointee.retransmittedSegments += 1 } else { account.pointee.overlappingSegments += 1 } }
        tell(fate.passedConflict, .earlier, fate.offset, sequence, half)
        tell(placement.heldKept, .earlier, fate.offset, sequence, half)
        tell(placement.heldReplaced, .later, fate.offset, sequence, half)
    }

    private mutating func tell(_ overlap: Reassembly.Overlap, _ kept: StreamConflict.Copy, _ offset: Int, _ sequence: SequenceNumber, _ half: Half) {
        guard overlap.byteCount > 0 else { return }
        counters.conflicts &+= 1
        reassembly.account(half.stream).pointee.conflicts += 1
        giveConflict(StreamConflict(offset: offset + (overlap.start - sequence), byteCount: overlap.byteCount, kept: kept), half)
    }

    /// Steps over bytes that were on the wire and not captured, as far as they come next.
    private mutating func skipUncaptured(_ start: SequenceNumber, _ count: Int, _ half: Half) {
        var done = 0
        while half.isWanted, done < count, case .inOrder(let range) = reassembly.arrive(half.stream, start + done, count: count - done) {
            giveGap(range.count, half)
            popReady(half, at: now)
            done += range.upperBound
        }
    }
}
